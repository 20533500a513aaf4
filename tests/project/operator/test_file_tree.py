"""Directories the operator names: their files, and what was not followed."""

import tempfile
from pathlib import Path

import pytest

from pinner.model.errors import InputError
from pinner.project.operator.tree import list_files
from tests.support.users import ordinary_user


def make(root: Path, *paths: str) -> None:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text("")


def test_files_are_listed_by_path_without_hidden_directories(tmp_path: Path) -> None:
    make(tmp_path, "b.yaml", "a/z.yaml", "a/b/c.yaml", ".git/config.yaml")
    tree = list_files(tmp_path)
    assert tree.paths == ("a/b/c.yaml", "a/z.yaml", "b.yaml")
    assert tree.shown("b.yaml") == f"{tmp_path}/b.yaml"
    assert (tree.notes, tree.problems) == ((), ())


def test_links_are_followed_inside_and_told_outside(tmp_path: Path) -> None:
    root = tmp_path / "data"
    make(tmp_path, "data/real.yaml", "data/dir/x.yaml", "secret.yaml")
    (root / "inside.yaml").symlink_to("real.yaml")
    (root / "outside.yaml").symlink_to("../secret.yaml")
    (root / "linked").symlink_to("dir")
    tree = list_files(root)
    assert tree.paths == ("dir/x.yaml", "inside.yaml", "real.yaml")
    assert [str(note) for note in tree.notes] == [
        f"{root}/linked: a link to a directory is not followed",
        f"{root}/outside.yaml: this is a link that leads out of {root}, and it is not followed",
    ]


def test_no_directory(tmp_path: Path) -> None:
    make(tmp_path, "file")
    for name in ("file", "nothing"):
        with pytest.raises(InputError, match=f"{tmp_path}/{name}: the directory does not exist"):
            list_files(tmp_path / name)


def test_a_directory_that_cannot_be_read_is_told() -> None:
    with tempfile.TemporaryDirectory() as made:  # not tmp_path, which other users may not enter
        directory = Path(made)
        directory.chmod(0o755)
        make(directory, "closed/x.yaml")
        (directory / "closed").chmod(0)
        with ordinary_user():
            tree = list_files(directory)
        (directory / "closed").chmod(0o700)
    assert [str(problem) for problem in tree.problems] == [
        f"{directory}/closed: the directory cannot be read: Permission denied"
    ]


def test_more_files_than_can_be_meant(tmp_path: Path) -> None:
    make(tmp_path, "a", "b", "c")
    with pytest.raises(InputError, match="this directory has more than 2 files"):
        list_files(tmp_path, most=2)
