"""The index of a mirror's trees says of every commit what `git ls-tree` says."""

import random
from collections.abc import Mapping
from pathlib import Path

import pytest

from pinner.git.objects.read import list_tree
from pinner.git.objects.tree_index import TreeIndex, build_index, code_of, factor_of, key_of
from pinner.git.process.repository import Mirror
from pinner.model.errors import UnknownError
from pinner.model.lock import Refs
from tests.support.repositories import Repository, make_repository

FOLDER = b"manifests/"


def index_of(repository: Repository) -> TreeIndex:
    return build_index(mirror_of(repository), lambda path: path.startswith(FOLDER))


def mirror_of(repository: Repository) -> Mirror:
    return Mirror(repository.url, repository.path, Refs({}))


def keys_of(repository: Repository, commit: str) -> Mapping[bytes, int]:
    paths = {
        entry.path.encode("utf-8", "surrogateescape"): entry
        for entry in list_tree(mirror_of(repository), commit)
    }
    return {
        path: key_of(factor_of(path), entry.id.encode())
        for path, entry in paths.items()
        if entry.kind == "blob"
    }


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return make_repository(tmp_path / "module.git")


def test_every_commit_has_the_files_that_git_says(repository: Repository) -> None:
    """Branches, merges, reverts, odd names: against ls-tree, commit by commit."""
    chance = random.Random(20)  # noqa: S311 - no secret
    commits = [repository.commit({"manifests/init.pp": "class a {}\n", "README": "a\n"})]
    names = [*(f"manifests/{name}.pp" for name in "abc"), "lib/x.rb", "manifests/sub/b.pp"]
    for number in range(60):
        files = {chance.choice(names): chance.choice(["one\n", "two\n", "three\n", None]) for _ in range(2)}
        parents = (commits[-1], *([chance.choice(commits)] if chance.random() < 0.3 else []))
        parents = (chance.choice(commits),) if chance.random() < 0.2 else parents
        commits.append(
            repository.commit(
                files, branch=f"b{number}", parents=tuple(dict.fromkeys(parents)), message=str(number)
            )
        )
    index = index_of(repository)
    assert {index.commit(number) for number in range(len(index))} == set(commits)
    wanted = keys_of(repository, commits[30])
    shared = index.shared(wanted.values())
    for number in range(len(index)):
        commit = index.commit(number)
        has = keys_of(repository, commit)
        counted = [key for path, key in has.items() if path.startswith(FOLDER)]
        assert shared[number] == len(set(has.items()) & set(wanted.items()))
        assert (index.counts[number], index.codes[number]) == (len(counted), code_of(counted))
        assert index.tree(number) == repository.git("rev-parse", f"{commit}^{{tree}}")
        assert index.number(commit) == number


def test_names_that_are_no_text_links_and_submodules(repository: Repository) -> None:
    stream = (
        b"commit refs/heads/main\ncommitter T <t@example.org> 1 +0000\ndata 1\nx\n"
        b'M 100644 inline "manifests/\\377\\n\\"x"\ndata 1\na\n'
        b"M 120000 inline link\ndata 1\nb\n"
        b"M 160000 0123456789012345678901234567890123456789 module\n"
    )
    repository.git("fast-import", "--quiet", given=stream)
    index = index_of(repository)
    has = keys_of(repository, "refs/heads/main")
    assert set(has) == {b'manifests/\xff\n"x', b"link"}
    assert index.shared(has.values()) == [2]
    assert list(index.counts) == [1]
    assert len(index.keys) == 2


def test_commits_of_one_tree_are_found_oldest_first(repository: Repository) -> None:
    first = repository.commit({"a": "1\n"})
    repository.commit({"a": "2\n"})
    again = repository.commit({"a": "1\n"})
    index = index_of(repository)
    tree = repository.git("rev-parse", f"{first}^{{tree}}")
    assert [index.commit(number) for number in index.with_tree(tree)] == [first, again]
    assert index.with_tree("0" * 40) == ()
    assert index.number("0" * 40) is None


def test_only_what_history_has_is_known(repository: Repository) -> None:
    repository.commit({"a": "1\n"})
    repository.commit({"a": None, "b": "1\n"})
    blob = repository.git("rev-parse", "refs/heads/main:b").encode()
    keys = {path: key_of(factor_of(path), blob) for path in (b"a", b"b", b"c")}
    index = index_of(repository)
    assert index.known(keys.values()) == {keys[b"a"], keys[b"b"]}
    assert index.shared([keys[b"a"]]) == [1, 0]


def test_an_empty_repository_has_an_empty_index(repository: Repository) -> None:
    index = index_of(repository)
    assert len(index) == 0
    assert index.shared([1]) == []


def test_a_repository_that_cannot_be_read_is_not_an_empty_one(tmp_path: Path) -> None:
    with pytest.raises(UnknownError, match="cannot be read"):
        build_index(Mirror("https://example.org/x", tmp_path, Refs({})), lambda _path: True)


def test_of_a_history_that_is_too_large_the_commits_are_left(repository: Repository) -> None:
    commit = repository.commit({f"manifests/{number}.pp": "a\n" for number in range(100)})
    index = build_index(mirror_of(repository), lambda _path: True, most_bytes=2000)
    assert not index.has_files
    assert len(index.keys) == 0
    assert [index.commit(number) for number in index.with_tree(index.tree(0))] == [commit]
    assert index_of(repository).has_files
