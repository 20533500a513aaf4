"""How a plain directory differs from commits: as `git diff --numstat` says of the two checked out."""

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from pinner.git.objects.directory_tree import DirectoryComparison, read_contents, read_plain_tree
from pinner.git.process.repository import Mirror
from pinner.model.errors import UnknownError
from pinner.model.identification import FileDifference
from pinner.model.lock import Refs
from tests.support.repositories import Repository, make_repository

LARGEST = 1000


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return make_repository(tmp_path / "module.git")


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    made = tmp_path / "module"
    made.mkdir()
    return made


def write(directory: Path, files: Mapping[str, bytes]) -> None:
    for path, content in files.items():
        (directory / path).parent.mkdir(parents=True, exist_ok=True)
        (directory / path).write_bytes(content)


def compare(
    repository: Repository, directory: Path, *commits: str, scratch: str = "scratch"
) -> list[tuple[FileDifference, ...]]:
    trees = [repository.git("rev-parse", f"{commit}^{{tree}}") for commit in commits]
    files = read_plain_tree(directory).files
    contents = read_contents(directory, files, largest=LARGEST)
    mirror = Mirror(repository.url, repository.path, Refs({}))
    found = DirectoryComparison(mirror, files, contents, scratch=directory.parent / scratch).differences(
        trees
    )
    return [found[tree] for tree in trees]


def test_each_way_a_file_can_differ(repository: Repository, directory: Path) -> None:
    commit = repository.commit(
        {
            "same": "a\n",
            "lines": "1\n2\n3\n",
            "gone": "a\nb\n",
            "ends": "a\nb\n",
            "run": "a\n",
            "kind": "to",
            "bin": b"\0a",
        }
    )
    write(
        directory,
        {
            "same": b"a\n",
            "lines": b"1\n2b\n3\n4\n",
            "new": b"x\n",
            "ends": b"a\r\nb\r\n",
            "run": b"a\n",
            "bin": b"\0b",
        },
    )
    (directory / "run").chmod(0o755)
    (directory / "kind").symlink_to("to")
    assert compare(repository, directory, commit) == [
        (
            FileDifference("bin", is_here=True, is_there=True, added=None, removed=None),
            FileDifference("ends", is_here=True, is_there=True, added=0, removed=0),
            FileDifference("gone", is_here=False, is_there=True, added=0, removed=2),
            FileDifference(
                "kind",
                is_here=True,
                is_there=True,
                added=0,
                removed=0,
                has_same_bytes=True,
                is_other_kind=True,
            ),
            FileDifference("lines", is_here=True, is_there=True, added=2, removed=1),
            FileDifference("new", is_here=True, is_there=False, added=1, removed=0),
            FileDifference("run", is_here=True, is_there=True, added=0, removed=0, has_same_bytes=True),
        )
    ]


def test_several_commits_at_once_one_of_them_the_same(repository: Repository, directory: Path) -> None:
    first = repository.commit({"a": "1\n"})
    second = repository.commit({"a": "2\n"})
    third = repository.commit({"b": "3\n"})
    write(directory, {"a": b"2\n"})
    changed, same, more = compare(repository, directory, first, second, third)
    assert [(one.path, one.added, one.removed) for one in changed] == [("a", 1, 1)]
    assert same == ()
    assert [(one.path, one.is_here, one.lines) for one in more] == [("b", False, 1)]


def test_names_that_no_person_would_choose(repository: Repository, directory: Path) -> None:
    commit = repository.commit({"a": "1\n"})
    names = [
        "a\nb",
        'q"uote',
        "back\\slash",
        "\x01",
        "ö",
        "-n",
        ":(top)x",
        "a b",
        "*",
        os.fsdecode(b"\xff\xfe"),
    ]
    write(directory, {"a": b"1\n", **dict.fromkeys(names, b"x\n")})
    (found,) = compare(repository, directory, commit)
    assert {one.path for one in found if one.is_here and not one.is_there} == set(names)


def test_attributes_and_drivers_of_the_tree_and_the_user_are_not_asked(
    repository: Repository, directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config").write_text(
        '[diff]\n\texternal = touch ran\n\tnoprefix = true\n[diff "x"]\n\ttextconv = touch ran\n'
    )
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "config"))
    commit = repository.commit({"a": "1\n", ".gitattributes": "* diff=x\na -diff\n"})
    write(directory, {"a": b"2\n", ".gitattributes": b"* diff=x\na -diff\n"})
    monkeypatch.chdir(tmp_path)
    assert [
        [(one.path, one.lines) for one in compared] for compared in compare(repository, directory, commit)
    ] == [[("a", 2)]]
    assert not (tmp_path / "ran").exists()


def test_the_mirror_is_left_alone(repository: Repository, directory: Path) -> None:
    commit = repository.commit({"a": "1\n"})
    before = sorted(repository.path.rglob("*"))
    write(directory, {"a": b"2\n"})
    compare(repository, directory, commit)
    assert sorted(repository.path.rglob("*")) == before


def test_a_tree_that_is_not_there_could_not_be_compared(repository: Repository, directory: Path) -> None:
    repository.commit({"a": "1\n"})
    mirror = Mirror(repository.url, repository.path, Refs({}))
    files = read_plain_tree(directory).files
    with pytest.raises(UnknownError, match="has no tree 0000"):
        DirectoryComparison(mirror, files, {}, scratch=directory.parent / "scratch").differences(
            ["0" * 39 + "1"]
        )


def test_contents_are_those_that_were_given_ids(directory: Path) -> None:
    write(directory, {"a": b"1\n", "b": b"2\n", "large": b"x" * (LARGEST + 1), "gone": b"", "new/link": b""})
    (directory / "link").symlink_to("b")
    files = read_plain_tree(directory).files
    (directory / "gone").unlink()
    (directory / "b").write_bytes(b"3\n")
    assert read_contents(directory, files, largest=LARGEST) == {"a": b"1\n", "link": b"b", "new/link": b""}


def test_only_the_named_files_and_directories_are_looked_at(repository: Repository, directory: Path) -> None:
    commit = repository.commit({"a": "1\n", "b/c": "1\n", "bc": "1\n", "d": "1\n"})
    tree = repository.git("rev-parse", f"{commit}^{{tree}}")
    write(directory, {"e": b"1\n"})
    files = read_plain_tree(directory).files
    mirror = Mirror(repository.url, repository.path, Refs({}))
    comparison = DirectoryComparison(mirror, files, {"e": b"1\n"}, scratch=directory.parent / "scratch")
    assert [one.path for one in comparison.differences([tree], only=["a", "b"])[tree]] == ["a", "b/c"]
    assert len(comparison.differences([tree])[tree]) == 5
