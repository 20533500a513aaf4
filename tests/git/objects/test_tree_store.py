"""The store of trees: what is written is what git has, whatever happens in between."""

import fcntl
import os
import signal
import stat
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pinner.git.mirrors.batch import MissingCommitError
from pinner.git.objects.read import UnsafeTreeError
from pinner.git.objects.tree_files import remove_tree
from pinner.git.objects.tree_store import Placement, StoredTree, TreeStore
from pinner.git.process.repository import Mirror
from pinner.model.errors import InputError, UnknownError
from pinner.model.lock import Refs
from tests.support.disks import make_read_only, small_disk
from tests.support.hostile_trees import FILE, FOLDER, LINK, HostileRepository
from tests.support.processes import wait_until
from tests.support.repositories import Repository, make_repository, run_git
from tests.support.trees import files_in, tree_of

SUBMODULE = "160000"


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """A repository with one commit that has attributes, modes, links and odd names."""
    work = tmp_path / "work"
    for path, text in {
        ".gitattributes": "*.txt text eol=crlf\n*.rb ident\nspec export-ignore\n*.iso filter=lfs\n",
        "a.txt": "a\nb\n",
        "dos.pp": "class x {\r\n}\r\n",
        "lib/x.rb": "# $Id$\n",
        "spec/x": "test\n",
        "files/big.iso": f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 5\n",
        "caf\udce9/ü\n": "odd\n",
        "run": "#!/bin/sh\n",
        "empty": "",
    }.items():
        (work / path).parent.mkdir(parents=True, exist_ok=True)
        (work / path).write_bytes(text.encode(errors="surrogateescape"))
    (work / "run").chmod(0o755)
    for name, target in {
        "inside": "lib/../run",
        "outside": "../run",
        "absolute": "/etc/passwd",
        "by-inside": "up/../x",
        "up": "lib/..",
        "round": "round",
    }.items():
        (work / name).symlink_to(target)
    repository = make_repository(tmp_path / "nova.git")
    place = ["-c", "filter.lfs.clean=cat", "--git-dir", str(repository.path), "--work-tree", str(work)]
    run_git(*place, "-C", str(work), "add", "--all", ".")
    who = ["-c", "user.name=T", "-c", "user.email=t@example.org"]
    tree = run_git(*place, "write-tree")
    repository.branch("main", run_git(*who, *place, "commit-tree", "-m", "All of it", tree))
    return repository


def mirror_of(repository: Repository | HostileRepository) -> Mirror:
    return Mirror("https://git.example.org/nova", repository.path, Refs({}))


def add(store: TreeStore, repository: Repository | HostileRepository, *commits: str) -> list[StoredTree]:
    mirror = mirror_of(repository)
    found = store.add([(mirror, commit) for commit in commits], jobs=4)
    return [found[commit] for commit in commits]


def head(repository: Repository) -> str:
    return repository.git("rev-parse", "main")


def test_a_tree_is_what_git_stores_and_cannot_be_written(repository: Repository, tmp_path: Path) -> None:
    commit = head(repository)
    (stored,) = add(TreeStore(tmp_path / "trees"), repository, commit)
    assert stored.path == tmp_path / "trees" / repository.git("rev-parse", "main^{tree}")
    assert files_in(stored.path) == tree_of(repository.path, commit)
    assert stored.placement is Placement.ADDED
    modes = {stat.S_IMODE(path.lstat().st_mode) for path in stored.path.rglob("*") if not path.is_symlink()}
    assert modes == {0o444, 0o555}
    assert stat.S_IMODE(stored.path.stat().st_mode) == 0o555


def test_the_user_of_the_store_learns_what_is_not_as_it_looks(repository: Repository, tmp_path: Path) -> None:
    (stored,) = add(TreeStore(tmp_path / "trees"), repository, head(repository))
    (again,) = add(TreeStore(tmp_path / "trees"), repository, head(repository))
    assert stored.notes == again.notes
    assert stored.notes.lfs_pointers == ("files/big.iso",)
    assert stored.notes.converting == (".gitattributes",)
    assert set(stored.notes.outward_links) == {
        path.name for path in stored.path.iterdir() if path.is_symlink() and not _is_inside(path, stored.path)
    }
    assert again.placement is Placement.KEPT


def _is_inside(link: Path, root: Path) -> bool:
    return (os.path.realpath(link).startswith(f"{root}/") and link.name != "round") or (
        os.path.realpath(link) == str(root)
    )


def test_a_submodule_is_an_empty_directory_and_is_noted(tmp_path: Path) -> None:
    repository = HostileRepository(tmp_path / "nova.git")
    inner = repository.tree([(FILE, b"x", repository.blob(b"x\n")), (SUBMODULE, b"sub", "1" * 40)])
    tree = repository.tree([(FOLDER, b"d", inner), (SUBMODULE, b"top", "2" * 40)])
    store = TreeStore(tmp_path / "trees")
    (stored,) = add(store, repository, repository.commit(tree))
    assert stored.notes.submodules == ("d/sub", "top")
    assert sorted(path.name for path in stored.path.rglob("*")) == ["d", "sub", "top", "x"]
    assert store.find(tree) == stored


def test_modes_of_old_versions_of_git_are_read(tmp_path: Path) -> None:
    repository = HostileRepository(tmp_path / "nova.git")
    tree = repository.tree(
        [("100664", b"a", repository.blob(b"a\n")), ("100775", b"b", repository.blob(b"b\n"))]
    )
    store = TreeStore(tmp_path / "trees")
    (stored,) = add(store, repository, repository.commit(tree))
    assert stored.path.name == tree
    assert [oct((stored.path / name).stat().st_mode & 0o777) for name in "ab"] == ["0o444", "0o555"]
    assert store.find(tree) == stored


def test_nothing_is_written_through_a_link_of_a_malformed_tree(tmp_path: Path) -> None:
    repository = HostileRepository(tmp_path / "nova.git")
    outside = tmp_path / "outside"
    outside.mkdir()
    inner = repository.tree([(FILE, b"planted", repository.blob(b"x\n"))])
    link = repository.blob(str(outside).encode())
    commit = repository.commit(repository.tree([(LINK, b"a", link), (FOLDER, b"a", inner)]))
    store = TreeStore(tmp_path / "trees")
    with pytest.raises(UnknownError, match="cannot be written: File exists"):
        add(store, repository, commit)
    assert list(outside.iterdir()) == []
    assert store.list() == ()
    assert list(store.root.iterdir()) == []


def test_what_git_refuses_is_refused_and_nothing_else_is_added(
    repository: Repository, tmp_path: Path
) -> None:
    hostile = HostileRepository(tmp_path / "hostile.git")
    commit = hostile.commit(hostile.tree([(FILE, b".git", hostile.blob(b"x\n"))]))
    store = TreeStore(tmp_path / "trees")
    with pytest.raises(UnsafeTreeError, match="which git refuses to check out"):
        store.add([(mirror_of(repository), head(repository)), (mirror_of(hostile), commit)], jobs=4)
    assert list(store.root.iterdir()) == []


def test_a_commit_that_the_mirror_lacks(repository: Repository, tmp_path: Path) -> None:
    with pytest.raises(MissingCommitError):
        add(TreeStore(tmp_path / "trees"), repository, "0" * 40)


def test_equal_trees_are_stored_once(repository: Repository, tmp_path: Path) -> None:
    first = head(repository)
    second = repository.commit({"new": "x\n"})
    third = repository.commit({"new": None})
    store = TreeStore(tmp_path / "trees")
    stored = add(store, repository, first, second, third)
    assert stored[0].path == stored[2].path
    assert store.list() == tuple(sorted({one.tree_id for one in stored}))


def _append(tree: Path) -> None:
    (tree / "a.txt").chmod(0o644)
    (tree / "a.txt").write_bytes(b"edited\n")


def _add_file(tree: Path) -> None:
    (tree / "lib").chmod(0o755)
    (tree / "lib/new.rb").write_bytes(b"")


def _make_executable(tree: Path) -> None:
    (tree / "a.txt").chmod(0o755)


def _turn_link(tree: Path) -> None:
    tree.chmod(0o755)
    (tree / "inside").unlink()
    (tree / "inside").symlink_to("/etc")


def _plant_pipe(tree: Path) -> None:
    tree.chmod(0o755)
    os.mkfifo(tree / "pipe")


def _replace_by_link(tree: Path) -> None:
    tree.rename(tree.with_name("elsewhere"))
    tree.symlink_to("elsewhere")


def _replace_by_file(tree: Path) -> None:
    tree.rename(tree.with_name("elsewhere"))
    tree.write_bytes(b"")


@pytest.mark.parametrize(
    "alter",
    [_append, _add_file, _make_executable, _turn_link, _plant_pipe, _replace_by_link, _replace_by_file],
)
def test_an_altered_tree_is_found_and_repaired(
    repository: Repository, tmp_path: Path, alter: Callable[[Path], None]
) -> None:
    store, commit = TreeStore(tmp_path / "trees"), head(repository)
    (stored,) = add(store, repository, commit)
    alter(stored.path)
    assert store.find(stored.tree_id) is None
    (repaired,) = add(store, repository, commit)
    assert repaired.placement is Placement.REPAIRED
    assert files_in(repaired.path) == tree_of(repository.path, commit)
    assert not [path for path in store.root.iterdir() if path.name.startswith(".")]


def write_in_place(path: Path) -> None:
    """Exchange a byte and set the times back, as far as a program can."""
    before = path.lstat()
    path.chmod(0o644)
    with path.open("r+b") as file:
        file.write(b"z")
    path.chmod(stat.S_IMODE(before.st_mode))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def write_by_another_name(path: Path) -> None:
    other = path.parents[2] / "other-name"
    other.hardlink_to(path)
    write_in_place(other)
    other.unlink()


def exchange_file(path: Path) -> None:
    before = path.lstat()
    path.parent.chmod(0o755)
    copy = path.with_name("copy")
    copy.write_bytes(b"z" + path.read_bytes()[1:])
    copy.chmod(stat.S_IMODE(before.st_mode))
    os.utime(copy, ns=(before.st_atime_ns, before.st_mtime_ns))
    copy.rename(path)


def add_remembered(store: TreeStore, repository: Repository, *commits: str) -> list[StoredTree]:
    """Add trees until all are remembered: the first time, the clock may be in the tick in which files were written."""
    found = add(store, repository, *commits)
    states = [store.root / f"{one.tree_id}.state" for one in found]
    wait_until(lambda: bool(add(store, repository, *commits)) and all(state.exists() for state in states))
    return found


def forbid_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pinner.git.objects.tree_store.read_plain_tree", lambda path: pytest.fail(str(path)))


@pytest.mark.parametrize("alter", [write_in_place, write_by_another_name, exchange_file])
def test_a_file_of_the_same_size_and_modification_time_is_noticed(
    repository: Repository, tmp_path: Path, alter: Callable[[Path], None]
) -> None:
    store, commit = TreeStore(tmp_path / "trees"), head(repository)
    (stored,) = add_remembered(store, repository, commit)
    assert store.find(stored.tree_id) == stored
    alter(stored.path / "a.txt")
    assert store.find(stored.tree_id) is None
    (repaired,) = add(store, repository, commit)
    assert repaired.placement is Placement.REPAIRED
    assert files_in(repaired.path) == tree_of(repository.path, commit)


def test_no_file_is_read_again_while_all_are_as_they_were(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, commit = TreeStore(tmp_path / "trees"), head(repository)
    (stored,) = add_remembered(store, repository, commit)
    forbid_reading(monkeypatch)
    assert store.find(stored.tree_id) == stored
    assert add(store, repository, commit) == [stored]


def test_files_that_are_as_new_as_the_clock_are_read_again(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who writes to one of them in the same tick of the clock leaves its ctime as it was."""
    store, commit = TreeStore(tmp_path / "trees"), head(repository)
    newest = 0

    def same_tick(_store: TreeStore) -> int:
        return newest

    monkeypatch.setattr(TreeStore, "_clock", same_tick)
    (stored,) = add(store, repository, commit)
    newest = max(path.lstat().st_ctime_ns for path in stored.path.rglob("*") if not path.is_dir())
    add(store, repository, commit)
    newest += 1
    with monkeypatch.context() as patched:
        forbid_reading(patched)
        with pytest.raises(pytest.fail.Exception):
            store.find(stored.tree_id)
    add(store, repository, commit)
    forbid_reading(monkeypatch)
    assert store.find(stored.tree_id) == stored


@pytest.mark.parametrize(
    "content",
    [b"", b"x" * 1000, b"pinner-tree-state 1 " + b"0" * 64 + b"\n" + b"0" * 64],
    ids=["empty", "other", "checksum"],
)
def test_a_damaged_memory_is_no_answer(repository: Repository, tmp_path: Path, content: bytes) -> None:
    store, commit = TreeStore(tmp_path / "trees"), head(repository)
    (stored,) = add_remembered(store, repository, commit)
    (store.root / f"{stored.tree_id}.state").write_bytes(content)
    assert store.find(stored.tree_id) == stored
    write_in_place(stored.path / "a.txt")
    assert store.find(stored.tree_id) is None


def test_the_memory_of_one_tree_says_nothing_of_another(repository: Repository, tmp_path: Path) -> None:
    store, first = TreeStore(tmp_path / "trees"), head(repository)
    second = repository.commit({"a.txt": "other\n"})
    one, two = add_remembered(store, repository, first, second)
    for path in (two.path, store.root / f"{two.tree_id}.state"):
        remove_tree(path)
    one.path.rename(two.path)
    (store.root / f"{one.tree_id}.state").rename(store.root / f"{two.tree_id}.state")
    assert store.find(two.tree_id) is None


def test_a_tree_is_removed_with_its_notes(repository: Repository, tmp_path: Path) -> None:
    store = TreeStore(tmp_path / "trees")
    (stored,) = add(store, repository, head(repository))
    store.remove([stored.tree_id, "0" * 40])
    assert list(store.root.iterdir()) == []


ADD = textwrap.dedent(
    """
    import sys
    from pathlib import Path
    from pinner.git.objects.tree_store import TreeStore
    from pinner.git.process.repository import Mirror
    from pinner.model.lock import Refs
    mirror = Mirror("https://git.example.org/nova", Path(sys.argv[1]), Refs({}))
    found = TreeStore(Path(sys.argv[2])).add([(mirror, commit) for commit in sys.argv[3:]], jobs=2)
    print(*sorted({stored.tree_id for stored in found.values()}))
    """
)


def start_add(repository: Repository, root: Path, *commits: str) -> "subprocess.Popen[bytes]":
    words = [sys.executable, "-c", ADD, str(repository.path), str(root), *commits]
    return subprocess.Popen(words, stdout=subprocess.PIPE)


def is_unlocked(path: Path) -> bool:
    with path.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


def make_releases(repository: Repository, number: int) -> list[str]:
    files: dict[str, str | bytes | None] = {f"manifests/m{index}.pp": f"{index}\n" for index in range(150)}
    return [repository.commit({**files, "release": f"{index}\n"}) for index in range(number)]


def test_processes_may_add_the_same_trees_at_the_same_time(repository: Repository, tmp_path: Path) -> None:
    commits = make_releases(repository, 6)
    running = [start_add(repository, tmp_path / "trees", *commits) for _ in range(4)]
    printed = {process.communicate()[0] for process in running}
    assert [process.returncode for process in running] == [0, 0, 0, 0]
    assert len(printed) == 1
    store = TreeStore(tmp_path / "trees")
    assert sorted(printed.pop().decode().split()) == list(store.list())
    assert all(store.find(tree) for tree in store.list())
    assert not [path for path in store.root.iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize("entries", [1, 2, 3, 5, 7, 8])
def test_a_killed_process_leaves_whole_trees_and_the_next_one_removes_the_rest(
    repository: Repository, tmp_path: Path, entries: int
) -> None:
    """The process is killed as soon as the store has that many entries, its temporary ones included."""
    commits = make_releases(repository, 6)
    root = tmp_path / "trees"
    process = start_add(repository, root, *commits)
    while process.poll() is None and (not root.exists() or len(os.listdir(root)) < entries):  # noqa: PTH208 - names, not paths
        time.sleep(0.001)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    # A git that it has just started shares its lock until it is git.
    wait_until(lambda: all(is_unlocked(lock) for lock in root.glob(".new-*.lock")))
    store = TreeStore(root)
    assert all(store.find(tree) for tree in store.list())
    stored = add(store, repository, *commits)
    for commit, one in zip(commits, stored, strict=True):
        assert files_in(one.path) == tree_of(repository.path, commit)
    assert store.list() == tuple(sorted(one.tree_id for one in stored))
    assert not [path for path in root.iterdir() if path.name.startswith(".")]


def test_a_full_disk_leaves_nothing_behind(repository: Repository, tmp_path: Path) -> None:
    commit = repository.commit({"files/large": b"x" * 700_000})
    with small_disk(tmp_path / "disk", size="512k") as disk:
        store = TreeStore(disk / "trees")
        with pytest.raises(UnknownError) as raised:
            add(store, repository, commit)
        assert str(raised.value) == (
            f"{store.root}: commit {commit} of https://git.example.org/nova cannot be written: No space left on device\n"
            "  hint: make room on that disk, then run the command again"
        )
        assert list(store.root.iterdir()) == []


def test_a_read_only_disk(repository: Repository, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", size="1m") as disk:
        make_read_only(disk)
        with pytest.raises(UnknownError, match="this directory cannot be used: Read-only file system"):
            add(TreeStore(disk / "trees"), repository, head(repository))


def test_a_store_where_others_may_write_is_refused(repository: Repository, tmp_path: Path) -> None:
    (tmp_path / "trees").mkdir()
    (tmp_path / "trees").chmod(0o777)
    (tmp_path / "link").symlink_to("trees")
    for name, reason in (("trees", "can be written by every user"), ("link", "is a symbolic link")):
        with pytest.raises(InputError, match=f"this directory {reason}"):
            add(TreeStore(tmp_path / name), repository, head(repository))
    assert list((tmp_path / "trees").iterdir()) == []
