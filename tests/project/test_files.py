import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from pinner.model.errors import InputError, UnknownError
from pinner.project.files import Root, read_file, resolve
from tests.support.disks import small_disk
from tests.support.odd_files import KINDS, put
from tests.support.users import only_root, ordinary_user

Way = Callable[[], object]
HINT = "\n  hint: the file is unchanged; fix the cause and run the command again"
OLD = b"old content\n"
NEW = b"new content " * 10_000

WRITE = """
import sys
from pathlib import Path
from pinner.project.files import Root
from pinner.model.errors import UnknownError
{before}
try:
    path = Path(sys.argv[1])
    print(Root(path.parent).write(path, b"new content " * 10_000, shown="environments/x.lock"))
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


def write(path: Path, data: bytes, *, shown: str, mode: int | None = None) -> bool:
    return Root(path.parent).write(path, data, shown=shown, mode=mode)


def names_in(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def test_a_new_file_is_written_with_the_mode_that_the_umask_gives(tmp_path: Path) -> None:
    path = tmp_path / "x.lock"
    before = os.umask(0o027)
    try:
        assert write(path, NEW, shown="x.lock") is True
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
    assert write(path, NEW, shown="x.lock") is True
    assert (path.read_bytes(), stat.S_IMODE(path.stat().st_mode)) == (NEW, mode)


@only_root
def test_an_old_file_keeps_its_owner(tmp_path: Path) -> None:
    path = tmp_path / "x.lock"
    path.write_bytes(OLD)
    os.chown(path, 65534, 65534)
    write(path, NEW, shown="x.lock")
    assert (path.stat().st_uid, path.stat().st_gid) == (65534, 65534)


def test_the_same_content_is_not_written_again(tmp_path: Path) -> None:
    path = tmp_path / "x.lock"
    path.write_bytes(OLD)
    before = path.stat()
    assert write(path, OLD, shown="x.lock") is False
    assert path.stat() == before


def test_other_content_of_the_same_length_is_written(tmp_path: Path) -> None:
    path = tmp_path / "x.lock"
    path.write_bytes(OLD)
    assert write(path, OLD.upper(), shown="x.lock") is True
    assert path.read_bytes() == OLD.upper()


def test_a_link_stays_and_what_it_leads_to_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "shared").mkdir()
    target = tmp_path / "shared" / "common.lock"
    target.write_bytes(OLD)
    link = tmp_path / "x.lock"
    link.symlink_to("shared/common.lock")

    assert write(link, NEW, shown="x.lock") is True

    assert link.readlink() == Path("shared/common.lock")
    assert target.read_bytes() == NEW
    assert names_in(tmp_path) == ["shared", "x.lock"]


def test_what_a_killed_process_left_behind_is_taken_up(tmp_path: Path) -> None:
    path = tmp_path / "x.lock"
    (tmp_path / ".x.lock.draft").write_bytes(b"half a lo" * 100_000)
    assert write(path, NEW, shown="x.lock") is True
    assert path.read_bytes() == NEW
    assert names_in(tmp_path) == ["x.lock"]


@pytest.mark.parametrize("kind", ["link", "dangling", "pipe", "directory", "socket"])
def test_what_lies_in_place_of_the_draft_is_refused_and_left_alone(tmp_path: Path, kind: str) -> None:
    victim, draft = tmp_path / "victim", tmp_path / ".x.lock.draft"
    victim.write_bytes(OLD)
    put(draft, kind, victim)
    with pytest.raises(InputError) as caught:
        write(tmp_path / "x.lock", NEW, shown="environments/x.lock")
    assert str(caught.value) == (
        "environments/.x.lock.draft: pinner writes here, and this is not a regular file\n  hint: delete it"
    )
    assert victim.read_bytes() == OLD
    assert names_in(tmp_path) == [".x.lock.draft", "victim"]


def test_another_name_of_the_draft_keeps_its_content_and_mode(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(OLD)
    victim.chmod(0o600)
    (tmp_path / ".x.lock.draft").hardlink_to(victim)
    assert write(tmp_path / "x.lock", NEW, shown="x.lock", mode=0o755) is True
    assert (victim.read_bytes(), stat.S_IMODE(victim.stat().st_mode)) == (OLD, 0o600)
    assert names_in(tmp_path) == ["victim", "x.lock"]


@pytest.mark.parametrize("content", [OLD, NEW])
def test_another_name_of_the_file_keeps_its_content_and_mode(tmp_path: Path, content: bytes) -> None:
    victim, path = tmp_path / "victim", tmp_path / "x"
    victim.write_bytes(content)
    victim.chmod(0o600)
    path.hardlink_to(victim)
    assert write(path, NEW, shown="x", mode=0o755) is True
    assert (victim.read_bytes(), stat.S_IMODE(victim.stat().st_mode)) == (content, 0o600)
    assert (path.read_bytes(), stat.S_IMODE(path.stat().st_mode)) == (NEW, 0o755)


def test_bits_that_give_rights_are_not_kept(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(OLD)
    path.chmod(0o6755)
    write(path, NEW, shown="x")
    assert stat.S_IMODE(path.stat().st_mode) == 0o755


def test_missing_directories_are_made(tmp_path: Path) -> None:
    assert Root(tmp_path / "new").write(tmp_path / "new/a/b/x", NEW, shown="a/b/x") is True
    assert (tmp_path / "new/a/b/x").read_bytes() == NEW


def test_a_directory_in_the_place_of_the_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.lock").mkdir()
    with pytest.raises(InputError, match=r"x\.lock: this is not a regular file"):
        write(tmp_path / "x.lock", NEW, shown="x.lock")
    assert names_in(tmp_path) == ["x.lock"]


def test_a_file_in_the_place_of_a_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(OLD)
    for root in (tmp_path, tmp_path / "a"):
        with pytest.raises(InputError, match="a/b/x: a part of this path is not a directory"):
            Root(root).write(tmp_path / "a/b/x", NEW, shown="a/b/x")
    assert (tmp_path / "a").read_bytes() == OLD


def test_a_directory_that_may_not_be_written_is_told() -> None:
    directory = Path(tempfile.mkdtemp())  # not tmp_path, which other users may not enter
    path = directory / "x.lock"
    path.write_bytes(OLD)
    directory.chmod(0o555)
    try:
        with ordinary_user(), pytest.raises(UnknownError) as caught:
            write(path, NEW, shown="environments/x.lock")
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


def test_a_full_disk_leaves_the_old_file(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", size="64k") as disk:
        path = disk / "x.lock"
        path.write_bytes(OLD)
        said = write_in_process(path)
        assert said == f"environments/x.lock: the file cannot be written: No space left on device{HINT}\n"
        assert path.read_bytes() == OLD
        assert names_in(disk) == ["x.lock"]


LOOP = """
import sys
from pathlib import Path
from pinner.project.files import Root
while True:
    for content in (b"a", b"b"):
        path = Path(sys.argv[1])
        Root(path.parent).write(path, content * 20_000_000, shown="x")
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
        assert process.returncode == -signal.SIGKILL
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
            write(path, content, shown="x.lock")

    threads = [threading.Thread(target=write_often, args=(content,)) for content in contents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert path.read_bytes() in contents
    assert names_in(tmp_path) == ["x.lock"]


# --- links, devices and other odd files


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a project with a file, a directory and a repository of its own, and a secret beside the project."""
    (tmp_path / "secret").write_bytes(b"SECRET")
    (tmp_path / "outside").mkdir()
    project = tmp_path.resolve() / "project"
    for directory in ("dir", ".git/hooks", "bare.git/objects", "bare.git/refs", "bare.git/hooks"):
        (project / directory).mkdir(parents=True)
    (project / "dir/file").write_bytes(OLD)
    for path in (".git/config", "bare.git/HEAD", "bare.git/config"):
        (project / path).write_bytes(b"SECRET")
    return project


def attempts(root: Path, path: str) -> dict[str, str]:
    """Return what each way of using the path raises, or gives."""
    files, whole = Root(root), root / path
    ways: dict[str, Way] = {
        "read": lambda: files.read(whole, shown=path, limit=100),
        "start": lambda: files.read_part(whole, 3, shown=path),
        "end": lambda: files.read_part(whole, 3, shown=path, is_last=True),
        "holds": lambda: files.holds(whole, NEW, shown=path),
        "write": lambda: files.write(whole, NEW, shown=path),
    }
    results = {}
    for name, way in ways.items():
        try:
            results[name] = repr(way())
        except (InputError, UnknownError) as error:
            results[name] = f"{type(error).__name__}: {error.problems[0].place}: {error.problems[0].message}"
    return results


OUT = "this is a link that leads out of the project"
INTO_GIT = "this is a link that leads into a git directory"
CIRCLE = "this is a link that leads in a circle"


@pytest.mark.parametrize(
    ("link", "target", "path", "flaw"),
    [
        ("x", "../secret", "x", OUT),
        ("x", "../not-there-yet", "x", OUT),
        ("x", "/etc/passwd", "x", OUT),
        ("x", "/dev/zero", "x", OUT),
        ("x", "../outside", "x/new", OUT),
        ("x", "../outside", "x/new/deep", OUT),
        ("x", "..", "x/secret", OUT),
        ("x", "dir/../..", "x/secret", OUT),
        ("dir/x", "../../secret", "dir/x", OUT),
        ("x", ".git/config", "x", INTO_GIT),
        ("x", ".git/new", "x", INTO_GIT),
        ("x", ".git", "x/config", INTO_GIT),
        ("x", ".git/hooks", "x/post-checkout", INTO_GIT),
        ("x", "bare.git/hooks", "x/post-checkout", INTO_GIT),
        ("x", "bare.git/config", "x", INTO_GIT),
        ("x", "x", "x", CIRCLE),
        ("x", "dir/../x", "x/y", CIRCLE),
    ],
)
def test_links_out_into_git_and_in_circles_are_refused(
    root: Path, link: str, target: str, path: str, flaw: str
) -> None:
    (root / link).symlink_to(target)
    before = contents(root.parent)
    assert set(attempts(root, path).values()) == {f"InputError: {link}: {flaw}"}
    assert contents(root.parent) == before


def contents(directory: Path) -> dict[str, bytes]:
    return {
        str(path): path.read_bytes()
        for path in sorted(directory.rglob("*"))
        if path.is_file() and not path.is_symlink()
    }


def test_a_repository_under_another_name_is_one(root: Path) -> None:
    for name in ("HEAD", "objects", "refs"):
        (root / ".git" / name).mkdir()
    (root / ".git").rename(root / "hidden")
    (root / ".git").symlink_to("hidden")
    (root / "x").symlink_to(".git/config")
    assert set(attempts(root, "x").values()) == {f"InputError: x: {INTO_GIT}"}


def test_git_itself_is_refused_whatever_its_letters(root: Path) -> None:
    for path in (".git/config", ".GIT/config"):
        assert set(attempts(root, path).values()) == {
            f"InputError: {path.partition('/')[0]}: this is inside a git directory"
        }


def test_a_long_way_in_a_circle_and_a_long_chain_end(root: Path) -> None:
    (root / "a").symlink_to("b")
    (root / "b").symlink_to("a")
    for number in range(3000):
        (root / f"l{number}").symlink_to(f"l{number + 1}")
    (root / "l3000").symlink_to("../secret")
    for path in ("a", "b/c", "l0", "l0/x"):
        assert set(attempts(root, path).values()) == {f"InputError: {path.partition('/')[0]}: {CIRCLE}"}
    assert resolve(root / "l0") == root / "l0"


@pytest.mark.parametrize(
    ("target", "real"),
    [
        ("dir/file", "dir/file"),
        ("dir/new", "dir/new"),
        ("dir/../dir/file", "dir/file"),
        ("{root}/dir/file", "dir/file"),
    ],
)
def test_links_that_stay_inside_are_followed(root: Path, target: str, real: str) -> None:
    (root / "x").symlink_to(target.format(root=root))
    (root / "y").symlink_to("x")
    assert Root(root).write(root / "y", NEW, shown="y") is True
    assert Root(root).read(root / "y", shown="y", limit=len(NEW)) == NEW
    assert (root / real).read_bytes() == NEW
    assert (root / "x").is_symlink()


def test_a_directory_may_be_a_link_inside(root: Path) -> None:
    (root / "x").symlink_to("dir")
    assert Root(root).read(root / "x/file", shown="x/file", limit=100) == OLD
    assert Root(root).write(root / "x/new/file", NEW, shown="x/new/file") is True
    assert (root / "dir/new/file").read_bytes() == NEW
    Root(root).remove(root / "x/file", shown="x/file")
    assert not (root / "dir/file").exists()


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_not_a_regular_file_is_refused_at_once(root: Path, kind: str) -> None:
    put(root / "x", kind, root.parent / "secret")
    assert all(result.startswith("InputError: x: this is ") for result in attempts(root, "x").values())
    assert all(not result.startswith("b'") for result in attempts(root, "x").values())


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in {"link", "dangling"}])
def test_a_file_that_the_user_named_may_be_anywhere_but_must_be_a_file(root: Path, kind: str) -> None:
    put(root / "x", kind, root.parent / "secret")
    with pytest.raises(InputError, match="x: this is "):
        read_file(root / "x", shown="x", limit=100)
    (root / "y").symlink_to("../secret")
    assert read_file(root / "y", shown="y", limit=100) == b"SECRET"


def test_a_huge_file_is_not_read(root: Path) -> None:
    with (root / "x").open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(InputError, match="x: the file is longer than 100 bytes"):
        Root(root).read(root / "x", shown="x", limit=100)
    with pytest.raises(InputError, match="x: the file is longer than 100 bytes"):
        read_file(root / "x", shown="x", limit=100)
    assert Root(root).read_part(root / "x", 3, shown="x") == bytes(3)
    with (root / "x").open("ab") as file:
        file.write(b"end")
    assert Root(root).read_part(root / "x", 4, shown="x", is_last=True) == b"\0end"
    assert Root(root).holds(root / "x", NEW, shown="x") is False
    assert Root(root).write(root / "x", NEW, shown="x") is True


def test_no_file_is_read_through_a_link_that_is_laid_meanwhile(root: Path) -> None:
    """One thread turns a link into one out of the project, and back, as fast as it can."""
    (root.parent / "outside/file").write_bytes(b"SECRET")
    (root / "link").symlink_to("dir")
    stop = threading.Event()

    def swap() -> None:
        while not stop.is_set():
            for target in ("../outside", "dir"):
                (root / "next").symlink_to(target)
                (root / "next").replace(root / "link")

    thread = threading.Thread(target=swap)
    thread.start()
    try:
        results = [result for _ in range(300) for result in attempts(root, "link/file").values()]
    finally:
        stop.set()
        thread.join()
    assert not [result for result in results if "SECRET" in result]
    assert (root.parent / "outside/file").read_bytes() == b"SECRET"
    assert names_in(root.parent / "outside") == ["file"]


def test_a_directory_that_may_only_be_passed_is_passed() -> None:
    directory = Path(tempfile.mkdtemp())  # not tmp_path, which other users may not enter
    try:
        (directory / "a").mkdir()
        (directory / "a/file").write_bytes(OLD)
        (directory / "a").chmod(0o711)
        directory.chmod(0o711)
        with ordinary_user():
            assert Root(directory).read(directory / "a/file", shown="a/file", limit=100) == OLD
    finally:
        shutil.rmtree(directory)
