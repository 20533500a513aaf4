"""A directory's files have the ids that git itself gives them, and nothing in a directory makes reading it hang."""

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pinner.git.objects.directory_tree import (
    PlainFile,
    PlainTree,
    Special,
    blob_id,
    read_plain_tree,
    tree_ids,
)
from pinner.model.identification import Unread
from tests.support.properties import examples
from tests.support.repositories import run_git
from tests.support.trees import tree_of
from tests.support.users import ordinary_user


def git_tree(directory: Path, scratch: Path) -> str:
    """Return the id of the tree that git makes of a directory, in a repository that lies elsewhere."""
    run_git("init", "--quiet", "--bare", "--template=", str(scratch))
    place = [f"--git-dir={scratch}", f"--work-tree={directory}"]
    run_git(*place, "-C", str(directory), "add", "--force", "--all", ".")
    return run_git(*place, "write-tree")


def write(directory: Path, files: dict[str, bytes]) -> None:
    for path, content in files.items():
        (directory / path).parent.mkdir(parents=True, exist_ok=True)
        (directory / path).write_bytes(content)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    (tmp_path / "module").mkdir()
    return tmp_path / "module"


def test_a_tree_as_git_stores_it(directory: Path, tmp_path: Path) -> None:
    names = [
        "a",
        "a.b",
        "a-b",
        "a0",
        "ab/c",
        "a/../b/x",
        "ä/ö",
        ".hidden/.x",
        ".gitignore",
        "deep/er/and/deeper/f",
    ]
    write(directory, {name + ("" if "/" in name else "/file"): name.encode() for name in names})
    write(directory, {"empty": b"", "large": b"x" * 3_000_000, "crlf": b"a\r\nb\r\n", ".gitignore/x": b"*"})
    (directory / "run").write_bytes(b"#!/bin/sh\n")
    (directory / "run").chmod(0o755)
    (directory / "link").symlink_to("a/../elsewhere//")
    (directory / "loop").symlink_to("loop")
    (directory / "to-a-directory").symlink_to("deep")
    (directory / "nothing in it").mkdir()
    tree = read_plain_tree(directory)
    scratch = tmp_path / "scratch.git"
    assert tree.tree_id == git_tree(directory, scratch)
    assert {file.path: (file.mode, file.id) for file in tree.files} == tree_of(scratch, str(tree.tree_id))
    deep = run_git("--git-dir", str(scratch), "rev-parse", f"{tree.tree_id}:deep/er")
    assert tree.tree_id_of("deep/er") == deep
    assert tree.tree_id_of("nothing in it") is None
    assert (tree.unread, tree.specials) == ((), ())


names = st.text(alphabet="ab.-0_é/", min_size=1, max_size=8)


@settings(max_examples=examples(30))
@given(paths=st.sets(names))
def test_directories_sort_as_git_sorts_them(
    paths: set[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    top = tmp_path_factory.mktemp("sorted")
    (top / "module").mkdir()
    for path in sorted(paths):
        parts = [part for part in path.split("/") if part.strip(".")]
        place = top.joinpath("module", *(f"{part}d" for part in parts[:-1]))
        if parts:
            place.mkdir(parents=True, exist_ok=True)
            (place / parts[-1]).is_dir() or (place / parts[-1]).write_text(path)
    assert read_plain_tree(top / "module").tree_id == git_tree(top / "module", top / "scratch.git")


def test_a_name_that_is_no_utf8(directory: Path, tmp_path: Path) -> None:
    Path(os.fsdecode(os.fsencode(directory) + b"/caf\xe9\n")).write_bytes(b"x")
    tree = read_plain_tree(directory)
    assert [os.fsencode(file.path) for file in tree.files] == [b"caf\xe9\n"]
    assert tree.tree_id == git_tree(directory, tmp_path / "scratch.git")


def test_git_directories_and_files_are_no_content(directory: Path) -> None:
    write(directory, {".git/config": b"x", "sub/.git": b"gitdir: elsewhere", "sub/file": b"y"})
    assert [file.path for file in read_plain_tree(directory).files] == ["sub/file"]


def test_what_is_skipped_is_not_looked_at(directory: Path) -> None:
    write(directory, {"spec/x": b"1", "lib/spec/y": b"2", "lib/z": b"3"})
    tree = read_plain_tree(directory, skip={"spec", "lib/z"}.__contains__)
    assert [file.path for file in tree.files] == ["lib/spec/y"]


def test_nothing_but_files_is_opened(directory: Path) -> None:
    os.mkfifo(directory / "pipe")
    write(directory, {"file": b""})
    tree = read_plain_tree(directory)
    assert tree.specials == (Special("pipe", "a named pipe"),)
    assert tree.tree_id == tree_ids([PlainFile("file", "100644", blob_id(b""), 0)])[""]


def test_a_file_of_terabytes_is_not_read(directory: Path) -> None:
    write(directory, {"lib/sparse": b"", "file": b""})
    os.truncate(directory / "lib" / "sparse", 1 << 40)
    tree = read_plain_tree(directory)
    assert tree.unread == (Unread("lib/sparse", "it is larger than 256 MiB"),)
    assert (tree.tree_id, tree.tree_id_of("lib"), tree.tree_id_of("li")) == (None, None, None)


def test_an_unread_file_leaves_its_neighbours_known(directory: Path) -> None:
    write(directory, {"lib/large": b"12", "library/file": b""})
    tree = read_plain_tree(directory, largest=1)
    assert tree.tree_id is None
    assert tree.tree_id_of("library") == tree_ids([PlainFile("file", "100644", blob_id(b""), 0)])[""]


def test_a_directory_with_too_much_in_it(directory: Path) -> None:
    write(directory, {f"lib/{number}": b"" for number in range(12)})
    tree = read_plain_tree(directory, most=10)
    assert tree.unread == (Unread("", "it has more than 10 files and directories"),)
    assert (len(tree.files), tree.tree_id, tree.tree_id_of("lib")) == (9, None, None)


def test_a_path_too_long_to_be_read(directory: Path) -> None:
    name = "d" * 250
    before = Path.cwd()
    try:
        os.chdir(directory)
        for _ in range(18):
            Path(name).mkdir()
            os.chdir(name)
        Path("file").write_text("x")
    finally:
        os.chdir(before)
    [unread] = read_plain_tree(directory).unread
    assert unread.reason == "File name too long"


def test_what_may_not_be_read() -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as made:
        directory = Path(made)
        directory.chmod(0o755)
        write(directory, {"lib/secret": b"x", "lib/open": b"y", "closed/file": b"z"})
        (directory / "lib/secret").chmod(0)
        (directory / "closed").chmod(0)
        with ordinary_user():
            tree = read_plain_tree(directory)
        (directory / "closed").chmod(0o755)
    assert tree.unread == (Unread("closed", "Permission denied"), Unread("lib/secret", "Permission denied"))
    assert [file.path for file in tree.files] == ["lib/open"]


def test_a_file_that_grows_while_it_is_read() -> None:
    """Those of /proc do: they say that they are empty."""
    tree = read_plain_tree(Path("/proc/self/net"), skip=lambda path: path != "dev")
    assert tree.unread == (Unread("dev", "it changed while it was read"),)


@pytest.mark.parametrize(
    ("make", "reason"), [(Path.touch, "Not a directory"), (None, "No such file or directory")]
)
def test_no_directory_at_all(tmp_path: Path, make: object, reason: str) -> None:
    place = tmp_path / "place"
    if callable(make):
        make(place)
    assert read_plain_tree(place) == PlainTree((), (Unread("", reason),), (), {"": tree_ids([])[""]})


def test_the_empty_tree(directory: Path) -> None:
    assert read_plain_tree(directory).tree_id == "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
