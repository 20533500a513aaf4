"""Few connections to one ssh server, fewer after it dropped some; other hosts keep all of `jobs`."""

import contextlib
import getpass
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pinner.git.mirrors.mirrors import Mirrors
from pinner.git.process.failures import FailureKind, SyncFailure
from pinner.git.process.repository import Connections, Mirror, host_of
from tests.support.repositories import Repository, make_repository
from tests.support.servers import HttpGitServer, Manners
from tests.support.ssh import occupied, serve_ssh

MakeMirrors = Callable[..., Mirrors]


def most_at_once(connections: Connections, places: list[str], expected: dict[str, int]) -> dict[str, int]:
    """Return host to the most connections that were open at the same time.

    Each connection stays open until as many are open as `expected` says, so that the scheduler has no say in
    it; a limit that is too low shows when nothing more opens.
    """
    used: dict[str, int] = {}
    most: dict[str, int] = {}
    changed = threading.Condition()

    def connect(place: str) -> None:
        host = host_of(place)
        with connections.to(place), changed:
            used[host] = used.get(host, 0) + 1
            most[host] = max(most.get(host, 0), used[host])
            changed.notify_all()
            changed.wait_for(lambda: sum(most.values()) >= sum(expected.values()), timeout=120)
            used[host] -= 1

    with ThreadPoolExecutor(len(places)) as pool:
        list(pool.map(connect, places))
    return most


def open_and_close(connections: Connections, place: str) -> None:
    with connections.to(place):
        pass


def test_an_ssh_server_has_a_limit_of_its_own() -> None:
    ssh = [f"git@a.example.org:m{number}" for number in range(12)]
    ssh += [f"ssh://git@b.example.org:29418/m{number}" for number in range(12)]
    https = [f"https://c.example.org/m{number}" for number in range(20)]
    expected = {"a.example.org": 8, "b.example.org:29418": 8, "c.example.org": 20}
    assert most_at_once(Connections(40), [*ssh, *https], expected) == expected


def test_jobs_is_the_limit_of_all_hosts_together() -> None:
    places = [f"{scheme}://{host}/m" for host in "abc" for scheme in ("ssh", "https") for _ in range(4)]
    connections = Connections(3)
    with contextlib.ExitStack() as open_ones:
        for place in places[:3]:
            open_ones.enter_context(connections.to(place))
        fourth = threading.Thread(target=lambda: open_and_close(connections, places[3]))
        fourth.start()
        fourth.join(timeout=0.1)
        assert fourth.is_alive()
    fourth.join(timeout=120)
    assert not fourth.is_alive()


def test_many_that_were_refused_together_count_once() -> None:
    connections = Connections(16)
    for _ in range(8):
        connections.reduce("https://a/m", 16)
    expected = {"a": 4, "b": 10}
    assert most_at_once(connections, ["https://a/m"] * 16 + ["https://b/m"] * 10, expected) == expected


@pytest.mark.parametrize(
    ("place", "host"),
    [
        ("/srv/git/m", ""),
        ("file:///srv/git/m", ""),
        ("git@Host:m", "host"),
        ("host:m/n", "host"),
        ("ssh://git@host:22/m", "host:22"),
        ("https://[::1]:8443/m", "[::1]:8443"),
    ],
)
def test_hosts(place: str, host: str) -> None:
    assert host_of(place) == host


@pytest.fixture
def many(upstreams: Path) -> list[Repository]:
    made = [make_repository(upstreams / f"m{number}.git") for number in range(20)]
    for repository in made:
        repository.commit({"README": repository.path.name})
    return made


def test_an_sshd_that_drops_what_is_too_much_at_once(
    many: list[Repository], make_mirrors: MakeMirrors, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serve_ssh(tmp_path / "ssh", MaxStartups="2:100:2") as ssh:
        monkeypatch.setenv("GIT_SSH_COMMAND", ssh.command)
        urls = [f"ssh://{getpass.getuser()}@127.0.0.1:{ssh.port}{one.path}" for one in many]
        answers = make_mirrors(retries=8).sync(urls)
    assert [answer for answer in answers.values() if not isinstance(answer, Mirror)] == []


def test_a_connection_that_was_dropped_is_reported_as_that(
    nova: Repository, make_mirrors: MakeMirrors, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serve_ssh(tmp_path / "ssh", MaxStartups="2:100:2") as ssh:
        monkeypatch.setenv("GIT_SSH_COMMAND", ssh.command)
        url = f"ssh://{getpass.getuser()}@127.0.0.1:{ssh.port}{nova.path}"
        with occupied(ssh.port, 2):
            answer = make_mirrors(retries=1).sync([url])[url]
        assert isinstance(answer, SyncFailure)
        assert answer.kind is FailureKind.DROPPED
        assert answer.message.startswith(f"{url} closed the connection before login: ")
        assert answer.message.endswith(" (tried 2 times)")
        assert answer.hint is not None
        assert "MaxStartups" in answer.hint


def test_a_login_that_is_refused_is_not_tried_again(
    nova: Repository, make_mirrors: MakeMirrors, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serve_ssh(tmp_path / "ssh", PubkeyAuthentication="no") as ssh:
        monkeypatch.setenv("GIT_SSH_COMMAND", ssh.command)
        url = f"ssh://{getpass.getuser()}@127.0.0.1:{ssh.port}{nova.path}"
        answer = make_mirrors(retries=3).sync([url])[url]
    assert isinstance(answer, SyncFailure)
    assert (answer.kind, "tried" in answer.message) == (FailureKind.AUTHENTICATION, False)
    assert "Permission denied" in answer.message


def test_a_service_that_counts_requests(
    many: list[Repository], server: HttpGitServer, make_mirrors: MakeMirrors
) -> None:
    for one in many:
        server.manners[one.path.name] = Manners(failures=1, failure_status=429)
    urls = [f"{server.url}/{one.path.name}" for one in many]
    answers = make_mirrors(retries=2).sync(urls)
    assert [answer for answer in answers.values() if not isinstance(answer, Mirror)] == []
