"""Files without history are told to be a commit by the id of their tree."""

from pathlib import Path

import pytest

from pinner.git.objects.directory_tree import read_plain_tree
from pinner.git.objects.read import commits_by_tree, commits_with_tree, trees_without
from pinner.git.process.repository import Mirror
from pinner.model.lock import Refs
from tests.support.repositories import Repository, make_repository


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return make_repository(tmp_path / "nova.git")


def mirror_of(repository: Repository) -> Mirror:
    return Mirror(repository.url, repository.path, Refs({}))


def test_commits_of_one_tree_newest_first(repository: Repository) -> None:
    first = repository.commit({"a": "1", "spec/x": "1"}, day="2024-01-01")
    repository.commit({"a": "2"}, day="2024-02-01")
    back = repository.commit({"a": "1"}, day="2024-03-01")
    tree = repository.git("rev-parse", f"{first}^{{tree}}")
    assert commits_with_tree(mirror_of(repository), tree) == (back, first)
    assert len(commits_by_tree(mirror_of(repository))) == 2
    assert commits_with_tree(mirror_of(repository), "0" * 40) == ()


def test_commits_by_what_is_left_of_them(repository: Repository, tmp_path: Path) -> None:
    tests = {"spec/x": "1", "spec/y/z": "2"}
    commits = [
        repository.commit({"a": str(number), **tests}, day=f"2024-0{number}-01") for number in (1, 2, 3)
    ]
    without = repository.commit({"spec/x": None, "spec/y/z": None}, day="2024-04-01")
    (tmp_path / "module").mkdir()
    (tmp_path / "module" / "a").write_text("2")
    found = read_plain_tree(tmp_path / "module").tree_id
    assert found is not None
    assert commits_with_tree(mirror_of(repository), found) == ()
    assert commits_with_tree(mirror_of(repository), found, without="spec") == (commits[1],)
    (tmp_path / "module" / "a").write_text("3")
    found = read_plain_tree(tmp_path / "module").tree_id
    assert found is not None
    assert commits_with_tree(mirror_of(repository), found, without="spec") == (without, commits[2])


def test_a_tree_that_is_not_there_has_no_smaller_one(repository: Repository) -> None:
    repository.commit({"a": "1"})
    assert trees_without(mirror_of(repository), ["0" * 40], "spec") == {}
