"""A transfer may take longer than `timeout` as long as data arrive, and no server can keep it for ever."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from pinner.git.mirrors.mirrors import Mirrors
from pinner.git.process.children import EndlessError, FixedDeadline, OverdueError, TransferDeadline
from pinner.git.process.failures import FailureKind, SyncFailure
from pinner.git.process.repository import Mirror
from tests.support.noise import noise
from tests.support.repositories import Repository
from tests.support.servers import HttpGitServer, Manners, serve_daemon
from tests.support.slow_line import serve_slowly, serve_without_end

MakeMirrors = Callable[..., Mirrors]
TIMEOUT = 5.0  # far longer than git ever pauses on a busy machine
LASTS = 5.5
SPEED = 20_000


TIP = "1" * 40
PACK = b"000dpackfile\n"


def packets(*lines: str) -> bytes:
    """Return lines in git's packet format, with the packet that ends them (gitprotocol-common(5))."""
    return "".join(f"{len(line) + 5:04x}{line}\n" for line in lines).encode() + b"0000"


def port_of(url: str) -> int:
    return int(url.rpartition(":")[2])


def sync(mirrors: Mirrors, url: str) -> tuple[Mirror | SyncFailure, float]:
    """Return the answer and how many seconds it took."""
    start = time.monotonic()
    answer = mirrors.sync([url])[url]
    return answer, time.monotonic() - start


@pytest.fixture
def large(nova: Repository) -> Repository:
    """A repository of more bytes than pass at SPEED before LASTS is over."""
    nova.commit({"large": noise(200_000)})
    return nova


def test_a_first_clone_and_a_fetch_slower_than_the_timeout(
    large: Repository, make_mirrors: MakeMirrors
) -> None:
    mirrors = make_mirrors(timeout=TIMEOUT)
    with (
        serve_daemon(large.path.parent) as daemon,
        serve_slowly(port_of(daemon), SPEED, seconds=LASTS) as port,
    ):
        url = f"git://127.0.0.1:{port}/nova.git"
        answer, seconds = sync(mirrors, url)
        assert isinstance(answer, Mirror), answer
        assert seconds > TIMEOUT
        tip = large.commit({"larger": noise(199_000)})
        answer, seconds = sync(mirrors, url)
        assert isinstance(answer, Mirror), answer
        assert (answer.refs.commits["refs/heads/main"], seconds > TIMEOUT) == (tip, True)


def test_a_first_clone_over_http_slower_than_the_timeout(
    large: Repository, server: HttpGitServer, make_mirrors: MakeMirrors
) -> None:
    with serve_slowly(port_of(server.url), SPEED, seconds=LASTS) as port:
        answer, seconds = sync(make_mirrors(timeout=TIMEOUT), f"http://127.0.0.1:{port}/{large.path.name}")
    assert isinstance(answer, Mirror), answer
    assert seconds > TIMEOUT


@pytest.mark.skipif(not Path("/proc/self/io").exists(), reason="what git has read is taken from Linux")
def test_a_list_of_refs_slower_than_the_timeout(nova: Repository, make_mirrors: MakeMirrors) -> None:
    tip = nova.commit({"README": "many tags"})
    rows = [f"{tip} refs/tags/{number:0200}" for number in range(1000)]
    (nova.path / "packed-refs").write_text("\n".join(["# pack-refs with: peeled fully-peeled ", *rows, ""]))
    with (
        serve_daemon(nova.path.parent) as daemon,
        serve_slowly(port_of(daemon), SPEED, seconds=LASTS) as port,
    ):
        answer, seconds = sync(make_mirrors(timeout=TIMEOUT), f"git://127.0.0.1:{port}/nova.git")
    assert isinstance(answer, Mirror), answer
    assert (len(answer.refs.tags), seconds > TIMEOUT) == (1001, True)


def assert_stalled(answer: Mirror | SyncFailure, url: str, timeout: str) -> None:
    """Assert that a clone was given up for want of data, not because it took too long as a whole.

    How many of the last bytes came after the last measurement is the scheduler's choice.
    """
    assert isinstance(answer, SyncFailure)
    assert (answer.kind, answer.hint) == (
        FailureKind.TIMEOUT,
        "if the server or the connection is slow, raise `timeout` in pinner.yaml",
    )
    told = rf"{re.escape(url)} did not respond in time: git clone received (no data|only \d+ bytes) for {timeout} s"
    assert re.fullmatch(told, answer.message), answer.message


def test_a_server_that_falls_silent_is_given_up_and_its_part_removed(
    large: Repository, server: HttpGitServer, make_mirrors: MakeMirrors, tmp_path: Path
) -> None:
    url = f"{server.url}/{large.path.name}"
    server.manners[large.path.name] = Manners(stall_after=100_000)
    answer, _ = sync(make_mirrors(timeout=TIMEOUT), url)
    assert server.stalled.is_set()
    assert_stalled(answer, url, "5")
    assert not list((tmp_path / "cache").rglob("*.new"))


@pytest.mark.parametrize(
    ("opening", "chunk"),
    [
        (b"fff0", b"x"),
        (packets("version 2", "ls-refs", "fetch") + packets(f"{TIP} refs/heads/main") + PACK, b"0005\x02"),
        (b"", b"004f" + b"0" * 40 + b" refs/heads/" + b"x" * 22 + b"\n"),
    ],
    ids=["a line", "side band", "refs"],
)
def test_a_server_that_sends_a_few_bytes_for_ever_is_given_up(
    opening: bytes, chunk: bytes, make_mirrors: MakeMirrors
) -> None:
    with serve_without_end(opening, chunk, 0.5) as port:
        url = f"git://127.0.0.1:{port}/nova.git"
        answer, _ = sync(make_mirrors(timeout=1.0), url)
    assert_stalled(answer, url, "1")


@pytest.mark.skipif(not Path("/proc/self/io").exists(), reason="what git has read is taken from Linux")
def test_a_list_of_refs_without_end(make_mirrors: MakeMirrors) -> None:
    rows = "".join(f"00ca{'0' * 39}1 refs/tags/{number:0146}\n" for number in range(5000))
    with serve_without_end(b"", rows.encode(), 0) as port:
        url = f"git://127.0.0.1:{port}/nova.git"
        answer, _ = sync(make_mirrors(timeout=60.0), url)
    assert isinstance(answer, SyncFailure)
    assert answer.kind is FailureKind.ENDLESS
    assert answer.message == (
        f"{url} does not stop sending: git clone received a list of refs of more than 67108864 bytes"
    )


@dataclass
class Clock:
    """A clock that only moves when it is told to."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_fixed_time() -> None:
    clock = Clock()
    deadline = FixedDeadline(5, clock)
    clock.now += 4
    assert deadline.remaining() == 1
    clock.now += 1
    with pytest.raises(OverdueError, match=r"^did not end within 5 s$"):
        deadline.remaining()


def test_a_transfer_above_the_lowest_speed_may_take_longer_than_the_timeout() -> None:
    clock = Clock()
    deadline = TransferDeadline(5, lambda: int(clock.now * 1000), clock=clock)
    for _ in range(500):
        clock.now += deadline.remaining()
    assert clock.now >= 1000 + 5 * 50


def test_a_transfer_below_the_lowest_speed() -> None:
    clock = Clock()
    sizes = iter((50, 60))
    deadline = TransferDeadline(5, lambda: next(sizes), clock=clock)
    deadline.remaining()
    clock.now += 5
    with pytest.raises(OverdueError, match=r"^received only 10 bytes for 5 s$"):
        deadline.remaining()


def test_a_transfer_that_falls_silent() -> None:
    clock = Clock()
    deadline = TransferDeadline(5, lambda: 50, clock=clock)
    for _ in range(10):
        clock.now += deadline.remaining()
    assert clock.now == 1005
    with pytest.raises(OverdueError, match=r"^received no data for 5 s$"):
        deadline.remaining()


def test_a_transfer_that_takes_too_long_though_data_arrive() -> None:
    clock = Clock()
    deadline = TransferDeadline(5, lambda: int(clock.now * 1_000_000), clock=clock)
    for _ in range(600):
        clock.now += deadline.remaining()
    assert clock.now == 1300
    with pytest.raises(EndlessError, match=r"^did not end within 300 s, 60 times `timeout`$"):
        deadline.remaining()


def test_a_transfer_that_brings_too_much() -> None:
    clock = Clock()
    sizes = iter((500, 1500, 1501))
    deadline = TransferDeadline(5, lambda: next(sizes), largest=1000, clock=clock)
    for _ in range(2):
        clock.now += deadline.remaining()
    with pytest.raises(EndlessError, match=r"^received more than 1000 bytes$"):
        deadline.remaining()
