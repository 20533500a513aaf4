import os
import shutil
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pinner.project.atomic import write_atomically
from pinner.words.problems import UnknownError
from tests.support.users import ordinary_user

HINT = "\n  hint: nothing was changed; mend that and run the command again"
OLD = b"old content\n"
NEW = b"new content " * 10_000

WRITE = """
import sys
from pathlib import Path
from pinner.project.atomic import write_atomically
from pinner.words.problems import UnknownError
{before}
try:
    print(write_atomically(Path(sys.argv[1]), b"new content " * 10_000, shown="environments/x.lock"))
except UnknownError as error:
    print(error)
"""


def write_in_process(path: Path, *, before: str = "") -> str:
    program = WRITE.format(before=before)
    done = subprocess.run(
        [sys.executable, "-c", program, str(path)],
        check=True,
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    return done.stdout


def names_in(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def test_a_new_file_is_written_with_the_mode_that_the_umask_gives(tmp_path: Path) -> None:
    path = tmp_path / "x.lock"
    before = os.umask(0o027)
    try:
        assert write_atomically(path, NEW, shown="x.lock") is True
    finally:
        os.umask(before)
    assert path.read_bytes() == NEW
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert names_in(tmp_path) == ["x.lock"]


@pytest.mark.parametrize("mode", [0o600, 0o664, 0o755])
def test_an_old_file_keeps_its_mode(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "x.lock"
    path.write_bytes(OLD)
    path.chmod(mode)
    assert write_atomically(path, NEW, shown="x.lock") is True
    assert (path.read_bytes(), stat.S_IMODE(path.stat().st_mode)) == (NEW, mode)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give a file away")
def test_an_old_file_keeps_its_owner(tmp_path: Path) -> None:
    path = tmp_path / "x.lock"
    path.write_bytes(OLD)
    os.chown(path, 65534, 65534)
    write_atomically(path, NEW, shown="x.lock")
    assert (path.stat().st_uid, path.stat().st_gid) == (65534, 65534)


def test_the_same_content_is_not_written_again(tmp_path: Path) -> None:
    path = tmp_path / "x.lock"
    path.write_bytes(OLD)
    before = path.stat()
    assert write_atomically(path, OLD, shown="x.lock") is False
    assert path.stat() == before


def test_other_content_of_the_same_length_is_written(tmp_path: Path) -> None:
    path = tmp_path / "x.lock"
    path.write_bytes(OLD)
    assert write_atomically(path, OLD.upper(), shown="x.lock") is True
    assert path.read_bytes() == OLD.upper()


def test_a_link_stays_and_what_it_leads_to_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "shared").mkdir()
    target = tmp_path / "shared" / "common.lock"
    target.write_bytes(OLD)
    link = tmp_path / "x.lock"
    link.symlink_to("shared/common.lock")

    assert write_atomically(link, NEW, shown="x.lock") is True

    assert link.readlink() == Path("shared/common.lock")
    assert target.read_bytes() == NEW
    assert names_in(tmp_path) == ["shared", "x.lock"]


def test_what_a_killed_process_left_behind_is_taken_up(tmp_path: Path) -> None:
    path = tmp_path / "x.lock"
    (tmp_path / ".x.lock.draft").write_bytes(b"half a lo" * 100_000)
    assert write_atomically(path, NEW, shown="x.lock") is True
    assert path.read_bytes() == NEW
    assert names_in(tmp_path) == ["x.lock"]


def test_a_link_in_place_of_the_draft_is_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(OLD)
    (tmp_path / ".x.lock.draft").symlink_to(victim)
    with pytest.raises(UnknownError, match="the file cannot be written"):
        write_atomically(tmp_path / "x.lock", NEW, shown="x.lock")
    assert victim.read_bytes() == OLD


def test_a_missing_directory_is_told(tmp_path: Path) -> None:
    with pytest.raises(UnknownError) as caught:
        write_atomically(tmp_path / "gone" / "x.lock", NEW, shown="environments/x.lock")
    assert (
        str(caught.value)
        == f"environments/x.lock: the file cannot be written: No such file or directory{HINT}"
    )


def test_a_directory_in_the_place_of_the_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "x.lock").mkdir()
    with pytest.raises(UnknownError, match=r"x\.lock: the file cannot be written: Is a directory"):
        write_atomically(tmp_path / "x.lock", NEW, shown="x.lock")
    assert names_in(tmp_path) == ["x.lock"]


def test_a_directory_that_may_not_be_written_is_told() -> None:
    directory = Path(tempfile.mkdtemp())  # not tmp_path, which other users may not enter
    path = directory / "x.lock"
    path.write_bytes(OLD)
    directory.chmod(0o555)
    try:
        with ordinary_user(), pytest.raises(UnknownError) as caught:
            write_atomically(path, NEW, shown="environments/x.lock")
        assert (
            str(caught.value) == f"environments/x.lock: the file cannot be written: Permission denied{HINT}"
        )
        assert path.read_bytes() == OLD
        assert names_in(directory) == ["x.lock"]
    finally:
        directory.chmod(0o755)
        shutil.rmtree(directory)


def test_a_limit_on_file_sizes_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "x.lock"
    path.write_bytes(OLD)
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))"
    said = write_in_process(path, before=limit)
    assert said == f"environments/x.lock: the file cannot be written: File too large{HINT}\n"
    assert path.read_bytes() == OLD
    assert names_in(tmp_path) == ["x.lock"]


@contextmanager
def small_disk(directory: Path) -> Iterator[None]:
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(directory)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("this user may not mount a small disk")
    try:
        yield
    finally:
        subprocess.run(["umount", str(directory)], check=True)


def test_a_full_disk_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "x.lock"
    with small_disk(tmp_path):
        path.write_bytes(OLD)
        said = write_in_process(path)
        assert said == f"environments/x.lock: the file cannot be written: No space left on device{HINT}\n"
        assert path.read_bytes() == OLD
        assert names_in(tmp_path) == ["x.lock"]


LOOP = """
import sys
from pathlib import Path
from pinner.project.atomic import write_atomically
while True:
    for content in (b"a", b"b"):
        write_atomically(Path(sys.argv[1]), content * 20_000_000, shown="x")
"""


def is_begun(draft: Path) -> bool:
    try:
        return draft.stat().st_size > 0
    except FileNotFoundError:
        return False


def test_kill_9_in_the_middle_leaves_a_whole_file_and_the_next_run_succeeds(tmp_path: Path) -> None:
    path, draft = tmp_path / "x.lock", tmp_path / ".x.lock.draft"
    # A killed process would leave half a file of coverage data behind.
    unmeasured = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    whole = {b"a" * 20_000_000, b"b" * 20_000_000, OLD}
    for _ in range(4):
        path.write_bytes(OLD)
        with subprocess.Popen([sys.executable, "-c", LOOP, str(path)], env=unmeasured) as process:
            while process.poll() is None and not is_begun(draft):
                os.sched_yield()
            process.kill()
        assert path.read_bytes() in whole
        assert write_in_process(path) == "True\n"
        assert path.read_bytes() == NEW
        assert names_in(tmp_path) == ["x.lock"]


def test_many_writers_at_once_leave_one_whole_content_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "x.lock"
    contents = [bytes([letter]) * 50_000 for letter in range(65, 73)]
    start = threading.Barrier(len(contents))

    def write_often(content: bytes) -> None:
        start.wait()
        for _ in range(20):
            write_atomically(path, content, shown="x.lock")

    threads = [threading.Thread(target=write_often, args=(content,)) for content in contents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert path.read_bytes() in contents
    assert names_in(tmp_path) == ["x.lock"]
