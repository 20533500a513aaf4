"""Mirrors after crashes, with company, with damage, and on a full disk."""

import contextlib
import fcntl
import os
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pinner.git.mirrors.metadata import METADATA_FILE
from pinner.git.mirrors.mirrors import Mirrors
from pinner.git.objects.read import read_files
from pinner.git.process.failures import FailureKind, SyncFailure
from pinner.git.process.repository import Mirror
from pinner.model.errors import UnknownError
from pinner.model.manifest import Settings
from tests.support.disks import small_disk
from tests.support.noise import noise
from tests.support.processes import processes_mentioning, wait_until
from tests.support.repositories import Repository, run_git
from tests.support.servers import HttpGitServer, Manners

MakeMirrors = Callable[..., Mirrors]
SYNC = """
import sys
from pathlib import Path
from pinner.git.mirrors import metadata as stored
from pinner.git.process.repository import Mirror; from pinner.git.mirrors.mirrors import Mirrors
from pinner.model.manifest import Settings
cache, url = sys.argv[1:]
answer = Mirrors(Path(cache), Settings(cache=cache, timeout=600, retries=0)).sync([url])[url]
print(answer.refs.branch("main") if isinstance(answer, Mirror) else answer)
"""


@pytest.fixture
def url(nova: Repository, server: HttpGitServer) -> str:
    return f"{server.url}/{nova.path.name}"


def sync(mirrors: Mirrors, url: str) -> Mirror:
    answer = mirrors.sync([url])[url]
    assert isinstance(answer, Mirror), answer
    return answer


def start_pinner(cache: Path, url: str) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", SYNC, str(cache), url], stdout=subprocess.PIPE, text=True)


def test_processes_that_sync_one_mirror_at_once_all_succeed(
    nova: Repository, url: str, tmp_path: Path
) -> None:
    commit = nova.commit({"big": noise(300_000)})
    crowd = [start_pinner(tmp_path / "cache", url) for _ in range(4)]
    said = [process.communicate(timeout=1200)[0].strip() for process in crowd]
    assert said == [commit] * 4
    (mirror,) = (tmp_path / "cache" / "git").glob("*.git")
    run_git("--git-dir", str(mirror), "fsck", "--strict")


@pytest.mark.parametrize("is_first", [True, False], ids=["clone", "fetch"])
def test_kill_9_in_mid_pack_then_a_second_run(
    nova: Repository, url: str, server: HttpGitServer, mirrors: Mirrors, tmp_path: Path, *, is_first: bool
) -> None:
    if not is_first:
        sync(mirrors, url)
    commit = nova.commit({"big": noise(300_000)})
    server.manners["nova.git"] = Manners(stall_after=100_000)
    killed = start_pinner(tmp_path / "cache", url)
    assert server.stalled.wait(120)
    # what has been sent need not have been written yet
    wait_until(lambda: any((tmp_path / "cache").rglob("tmp_pack_*")))
    with killed:
        killed.kill()
    for process in processes_mentioning(url):
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
    wait_until(lambda: processes_mentioning(url) == ())
    assert list((tmp_path / "cache").rglob("tmp_pack_*"))
    del server.manners["nova.git"]
    assert sync(mirrors, url).refs.branch("main") == commit
    assert not list((tmp_path / "cache").rglob("tmp_pack_*"))


@pytest.mark.parametrize("is_first", [True, False], ids=["clone", "fetch"])
def test_kill_9_at_any_moment_then_a_second_run(
    nova: Repository, url: str, mirrors: Mirrors, tmp_path: Path, *, is_first: bool
) -> None:
    """Count the kills by how far the run has come, in files written: that is as fine as moments get."""
    cache = tmp_path / "cache"
    if not is_first:
        sync(mirrors, url)
    for moment in range(0, 24, 4) if is_first else range(6):
        if is_first:
            shutil.rmtree(cache, ignore_errors=True)
        start = count_files(cache)
        commit = nova.commit({"big": noise(50_000 + moment)})
        with start_pinner(cache, url) as killed:
            wait_until(lambda: killed.poll() is not None or count_files(cache) >= start + moment)  # noqa: B023 - called before the loop goes on
            killed.kill()
            for process in processes_mentioning(url):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
        wait_until(lambda: processes_mentioning(url) == ())
        mirror = sync(mirrors, url)
        assert mirror.refs.branch("main") == commit
        assert mirror.notes == ()


def count_files(directory: Path) -> int:
    return sum(len(files) for _, _, files in os.walk(directory))


def test_a_mirror_that_another_pinner_syncs_is_busy_and_free_again_when_that_one_is_killed(
    nova: Repository, url: str, server: HttpGitServer, make_mirrors: MakeMirrors, tmp_path: Path
) -> None:
    nova.commit({"big": noise(300_000)})
    server.manners["nova.git"] = Manners(stall_after=100_000)
    with start_pinner(tmp_path / "cache", url) as other:
        assert server.stalled.wait(120)
        answer = make_mirrors(timeout=0.2).sync([url])[url]
        other.kill()
    assert isinstance(answer, SyncFailure)
    assert answer.kind is FailureKind.BUSY
    assert answer.message.startswith(
        f"the mirror of {url} is in use: another process holds {tmp_path}/cache/git/"
    )
    wait_until(lambda: processes_mentioning(url) == ())
    del server.manners["nova.git"]
    server.released.set()
    assert sync(make_mirrors(), url).refs.tags == ("1.0.0",)


def test_leftovers_of_a_killed_git_are_cleared(nova: Repository, mirrors: Mirrors) -> None:
    mirror = sync(mirrors, nova.url)
    for name in ("packed-refs.lock", "config.lock", "refs/heads/main.lock", "objects/pack/tmp_pack_x1"):
        (mirror.path / name).write_text("left")
    beside = mirror.path.with_name(f"{mirror.path.name}.new")
    beside.mkdir()
    commit = nova.commit({"README": "new\n"})
    again = sync(mirrors, nova.url)
    assert again.refs.branch("main") == commit
    assert again.notes == ()
    assert not beside.exists()


def cut_pack(mirror: Path) -> None:
    (pack,) = (mirror / "objects" / "pack").glob("*.pack")
    pack.chmod(0o600)
    with pack.open("r+b") as file:
        file.truncate(20)


def lose_pack(mirror: Path) -> None:
    (pack,) = (mirror / "objects" / "pack").glob("*.pack")
    pack.unlink()


def lose_index(mirror: Path) -> None:
    (index,) = (mirror / "objects" / "pack").glob("*.idx")
    index.unlink()


def spoil_refs(mirror: Path) -> None:
    (mirror / "packed-refs").write_text("garbage\n")


def spoil_config(mirror: Path) -> None:
    (mirror / "config").write_text("[core\n")


def spoil_note(mirror: Path) -> None:
    (mirror / METADATA_FILE).write_text("{")


def lose_head(mirror: Path) -> None:
    (mirror / "HEAD").unlink()


def put_a_directory_for_refs(mirror: Path) -> None:
    (mirror / "packed-refs").unlink()
    (mirror / "packed-refs").mkdir()


def empty_a_loose_ref(mirror: Path) -> None:
    (mirror / "refs" / "heads").mkdir(exist_ok=True)
    (mirror / "refs" / "heads" / "main").write_text("")


def cut_refs(mirror: Path) -> None:
    path = mirror / "packed-refs"
    path.write_bytes(path.read_bytes()[:-3])


def flip_in_index(mirror: Path) -> None:
    (index,) = (mirror / "objects" / "pack").glob("*.idx")
    index.chmod(0o600)
    content = bytearray(index.read_bytes())
    content[1040] ^= 1
    index.write_bytes(content)


def lose_all_but_the_directory(mirror: Path) -> None:
    for path in sorted(mirror.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()


@pytest.mark.parametrize(
    "damage",
    [
        cut_pack,
        lose_pack,
        lose_index,
        flip_in_index,
        spoil_refs,
        cut_refs,
        put_a_directory_for_refs,
        empty_a_loose_ref,
        lose_head,
        spoil_config,
        spoil_note,
        lose_all_but_the_directory,
    ],
    ids=lambda damage: damage.__name__,
)
def test_a_damaged_mirror_is_made_anew_and_told(
    nova: Repository, mirrors: Mirrors, damage: Callable[[Path], None]
) -> None:
    before = sync(mirrors, nova.url)
    damage(before.path)
    after = sync(mirrors, nova.url)
    assert after == before
    assert after.refs == before.refs
    (note,) = after.notes
    assert note.startswith(f"the mirror of {nova.url} was damaged (")
    assert note.endswith(") and was cloned again")
    assert sync(mirrors, nova.url).notes == ()
    run_git("--git-dir", str(after.path), "fsck", "--strict")


def test_a_damaged_mirror_stays_where_it_is_while_the_remote_is_away(
    url: str, server: HttpGitServer, mirrors: Mirrors
) -> None:
    mirror = sync(mirrors, url)
    lose_index(mirror.path)
    server.manners["nova.git"] = Manners(failures=100)
    answer = mirrors.sync([url])[url]
    assert isinstance(answer, SyncFailure)
    assert answer.kind is FailureKind.SERVER
    assert (mirror.path / "packed-refs").exists()


def test_damage_that_only_a_reader_meets_is_mended_by_the_next_sync(
    nova: Repository, mirrors: Mirrors
) -> None:
    mirror = sync(mirrors, nova.url)
    (pack,) = (mirror.path / "objects" / "pack").glob("*.pack")
    pack.chmod(0o600)
    content = bytearray(pack.read_bytes())
    content[20:40] = bytes(20)
    pack.write_bytes(content)
    commit = mirror.refs.branch("main") or ""
    with pytest.raises(UnknownError) as caught:
        read_files(mirror, [(commit, "metadata.json")], max_bytes=1000)
    assert str(caught.value).startswith(f"the mirror {mirror.path} cannot be read: ")
    assert str(caught.value).endswith(
        "\n  hint: run again without --offline: the mirror will be cloned again"
    )
    again = sync(mirrors, nova.url)
    assert len(again.notes) == 1
    assert read_files(again, [(commit, "metadata.json")], max_bytes=1000)[commit, "metadata.json"]


def test_a_mirror_in_use_is_waited_for_and_then_given_up(nova: Repository, make_mirrors: MakeMirrors) -> None:
    mirror = sync(make_mirrors(), nova.url)
    lock = mirror.path.with_name(f"{mirror.path.name}.lock")
    with lock.open("r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        answer = make_mirrors(timeout=0.1).sync([nova.url])[nova.url]
    assert answer == SyncFailure(
        nova.url,
        FailureKind.BUSY,
        f"the mirror of {nova.url} is in use: another process holds {lock}",
        "wait for the other pinner or git process, or end it",
    )


def test_a_variable_of_another_repository_does_not_leak_in(
    nova: Repository, mirrors: Mirrors, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other"
    run_git("init", "--quiet", str(other))
    before = sorted(other.rglob("*"))
    for name in ("GIT_DIR", "GIT_COMMON_DIR"):
        monkeypatch.setenv(name, str(other / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other))
    monkeypatch.setenv("GIT_OBJECT_DIRECTORY", str(other / ".git" / "objects"))
    monkeypatch.setenv("GIT_NAMESPACE", "elsewhere")
    mirror = sync(mirrors, nova.url)
    commit = mirror.refs.branch("main") or ""
    assert read_files(mirror, [(commit, "metadata.json")], max_bytes=1000)[commit, "metadata.json"]
    assert sorted(other.rglob("*")) == before


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "disk", size="1m") as disk:
        yield disk


def test_a_full_disk_is_said_and_loses_nothing(nova: Repository, disk: Path) -> None:
    mirrors = Mirrors(disk / "cache", Settings(cache="", retries=3))
    before = sync(mirrors, nova.url)
    big = nova.commit({"big": noise(3_000_000)})
    answer = mirrors.sync([nova.url])[nova.url]
    assert isinstance(answer, SyncFailure)
    assert answer.kind is FailureKind.DISK_FULL
    assert answer.message.startswith(f"no space left on the disk for the mirror of {nova.url}: ")
    assert answer.hint == "make room, or move the cache: PINNER_CACHE"
    kept = mirrors.open(nova.url)
    assert kept is not None
    assert kept.refs == before.refs
    subprocess.run(["mount", "-o", "remount,size=16m", str(disk)], check=True)
    assert sync(mirrors, nova.url).refs.branch("main") == big


def test_a_full_disk_at_the_first_sync(nova: Repository, disk: Path) -> None:
    nova.commit({"big": noise(3_000_000)})
    answer = Mirrors(disk / "cache", Settings(cache="")).sync([nova.url])[nova.url]
    assert isinstance(answer, SyncFailure)
    assert answer.kind is FailureKind.DISK_FULL


def test_a_mirror_that_cannot_be_written_is_told(nova: Repository, mirrors: Mirrors) -> None:
    mirror = sync(mirrors, nova.url)
    lock = mirror.path.with_name(f"{mirror.path.name}.lock")
    lock.unlink()
    lock.mkdir()
    assert mirrors.sync([nova.url])[nova.url] == SyncFailure(
        nova.url,
        FailureKind.CACHE,
        f"cannot write the mirror of {nova.url}: Is a directory: {lock}",
        "check the cache's owner and permissions, or set PINNER_CACHE",
    )


def test_a_damaged_mirror_does_not_serve_offline(nova: Repository, mirrors: Mirrors) -> None:
    lose_index(sync(mirrors, nova.url).path)
    assert mirrors.open(nova.url) is None
    assert mirrors.open_or_fail(nova.url) == SyncFailure(
        nova.url,
        FailureKind.NOT_CACHED,
        f"{nova.url} is not in the cache: a pack is missing or truncated",
        "run once without --offline",
    )


@pytest.mark.parametrize("is_first", [True, False], ids=["clone", "fetch"])
def test_a_remote_that_is_damaged_itself_is_told(
    nova: Repository, url: str, mirrors: Mirrors, *, is_first: bool
) -> None:
    if not is_first:
        sync(mirrors, url)
    lost = nova.find(f"{nova.commit({'file': 'lost'})}:file") or ""
    (nova.path / "objects" / lost[:2] / lost[2:]).unlink()
    answer = mirrors.sync([url])[url]
    assert isinstance(answer, SyncFailure)
    assert answer.kind is FailureKind.CORRUPT
    assert answer.message.startswith(f"the repository at {url} is damaged: ")
    assert lost in answer.message
    assert answer.hint == (
        "ask its administrators to run 'git fsck --full' there; no ref of it can be locked until then, unless `rewrite` "
        "names an intact copy; what is locked can be deployed as before"
    )


def test_a_cache_that_cannot_be_made(nova: Repository, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UnknownError) as caught:
        Mirrors(tmp_path / "file", Settings(cache="")).sync([nova.url])
    assert str(caught.value) == (
        f"cannot make the cache {tmp_path / 'file'}: Not a directory\n"
        "  hint: set PINNER_CACHE to a directory you may write"
    )


@pytest.mark.parametrize("suffix", ["idx", "pack"])
def test_a_bit_that_flips_on_the_disk_is_never_read_as_another_file_or_none(
    nova: Repository, mirrors: Mirrors, suffix: str
) -> None:
    commit = nova.commit({"metadata.json": '{"version": "2"}\n', "README": "two\n"})
    mirror = sync(mirrors, nova.url)
    (path,) = (mirror.path / "objects" / "pack").glob(f"*.{suffix}")
    path.chmod(0o600)
    whole, note, times = path.read_bytes(), (mirror.path / METADATA_FILE).read_bytes(), path.stat()
    true = read_files(mirror, [(commit, "metadata.json")], max_bytes=1000)
    chance = random.Random(7)  # noqa: S311 - places, no secrets
    for start in range(1032 if suffix == "idx" else 0, len(whole), 9):
        damaged = bytearray(whole)
        damaged[min(start + chance.randrange(9), len(whole) - 1)] ^= 1 << chance.randrange(8)
        path.write_bytes(damaged)
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
        (mirror.path / METADATA_FILE).write_bytes(note)
        try:
            assert read_files(mirror, [(commit, "metadata.json")], max_bytes=1000) == true, start
        except UnknownError:
            assert not (mirror.path / METADATA_FILE).exists()  # the next sync makes the mirror anew
