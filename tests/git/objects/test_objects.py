import hashlib

import pytest

from pinner.git.mirrors.mirrors import Mirrors
from pinner.git.objects.read import (
    Ambiguous,
    TooLarge,
    commit_of,
    expand_commit,
    has_commits,
    read_blobs,
    read_files,
)
from pinner.git.process.repository import Mirror
from pinner.model.errors import InputError, UnknownError
from tests.support.noise import noise
from tests.support.repositories import Repository, Zoo

MISSING = "0123456789abcdef0123456789abcdef01234567"


def mirror_of(repository: Repository, mirrors: Mirrors) -> Mirror:
    answer = mirrors.sync([repository.url])[repository.url]
    assert isinstance(answer, Mirror), answer
    return answer


def test_files_of_several_commits_in_one_call(zoo: Zoo, zoo_mirror: Mirror) -> None:
    requests = [
        (zoo.first, "README"),
        (zoo.second, "README"),
        (zoo.first, "metadata.json"),
        (zoo.first, "manifests"),
    ]
    assert read_files(zoo_mirror, requests, max_bytes=100) == {
        (zoo.first, "README"): b"one\n",
        (zoo.second, "README"): b"two\n",
        (zoo.first, "metadata.json"): None,
        (zoo.first, "manifests"): None,
    }


def test_a_commit_the_mirror_lacks_is_no_missing_file(zoo_mirror: Mirror) -> None:
    with pytest.raises(UnknownError) as caught:
        read_files(zoo_mirror, [(MISSING, "README")], max_bytes=100)
    assert str(caught.value) == f"{zoo_mirror.url} has no commit {MISSING}\n  hint: was it fetched?"


def test_large_files_are_told_by_size(nova: Repository, mirrors: Mirrors) -> None:
    commit = nova.commit({"big": b"x" * 1001, "fits": b"x" * 1000})
    mirror = mirror_of(nova, mirrors)
    assert read_files(mirror, [(commit, "big"), (commit, "fits")], max_bytes=1000) == {
        (commit, "big"): TooLarge(1001),
        (commit, "fits"): b"x" * 1000,
    }


def test_files_too_large_to_hold_at_once_do_not_hide_the_small_ones(
    nova: Repository, mirrors: Mirrors
) -> None:
    huge = 17 * 1024 * 1024
    half = noise(9 * 1024 * 1024)
    commit = nova.commit({"huge": b"x" * huge, "a": half, "b": half[1:], "small": b"small\n"})
    mirror = mirror_of(nova, mirrors)
    found = read_files(
        mirror, [(commit, name) for name in ("huge", "a", "b", "small", "none")], max_bytes=len(half)
    )
    assert found == {
        (commit, "huge"): TooLarge(huge),
        (commit, "a"): half,
        (commit, "b"): half[1:],
        (commit, "small"): b"small\n",
        (commit, "none"): None,
    }


def test_odd_paths(nova: Repository, mirrors: Mirrors) -> None:
    paths = ["with blank missing", "-option", "ünï", ":colon", "a:b"]
    commit = nova.commit({path: path for path in paths})
    found = read_files(mirror_of(nova, mirrors), [(commit, path) for path in paths], max_bytes=100)
    assert found == {(commit, path): path.encode() for path in paths}


def test_a_path_with_a_line_break_is_refused(zoo: Zoo, zoo_mirror: Mirror) -> None:
    with pytest.raises(InputError, match=r"a path with a line break cannot be requested: 'a\\nb'"):
        read_files(zoo_mirror, [(zoo.first, "a\nb")], max_bytes=100)


def test_nothing_asked_is_nothing_answered(zoo_mirror: Mirror) -> None:
    assert read_files(zoo_mirror, [], max_bytes=1) == {}
    assert has_commits(zoo_mirror, []) == frozenset()


def test_blobs_by_id(zoo: Zoo, zoo_mirror: Mirror) -> None:
    found = read_blobs(zoo_mirror, [zoo.blob, MISSING, zoo.first], max_bytes=100)
    assert found == {zoo.blob: b"a key\n", MISSING: None, zoo.first: None}


def test_only_commits_count_as_commits(zoo: Zoo, zoo_mirror: Mirror) -> None:
    asked = [zoo.first, zoo.blob, zoo.hidden, MISSING, "main", "--all", zoo.second[:10]]
    assert has_commits(zoo_mirror, asked) == {zoo.first}


def test_short_ids(zoo: Zoo, zoo_mirror: Mirror) -> None:
    assert expand_commit(zoo_mirror, zoo.first[:10]) == zoo.first
    assert expand_commit(zoo_mirror, zoo.first) == zoo.first
    assert expand_commit(zoo_mirror, zoo.blob[:10]) is None
    assert expand_commit(zoo_mirror, MISSING) is None


@pytest.mark.parametrize("text", ["deadbeef", "main", "abc", "--all", "HEAD", ""])
def test_a_branch_is_no_short_id(text: str, zoo_mirror: Mirror) -> None:
    assert expand_commit(zoo_mirror, text) is None


def commit_id(message: str) -> str:
    """Work out the id of an empty commit as `Repository.commit` makes it."""
    person = "Pinner Tests <pinner@example.org> 1704067200 +0000"
    body = f"tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\nauthor {person}\ncommitter {person}\n\n{message}".encode()
    return hashlib.sha1(b"commit %d\0%s" % (len(body), body)).hexdigest()  # noqa: S324 - git's own digest


def test_a_short_id_of_several_commits(nova: Repository, mirrors: Mirrors) -> None:
    by_prefix: dict[str, list[str]] = {}
    for message in map(str, range(3000)):
        by_prefix.setdefault(commit_id(message)[:4], []).append(message)
    prefix, messages = next((prefix, messages) for prefix, messages in by_prefix.items() if len(messages) > 1)
    commits = [nova.commit({}, message=message, branch=f"b{message}", parents=()) for message in messages]
    assert expand_commit(mirror_of(nova, mirrors), prefix) == Ambiguous(tuple(sorted(commits)))


def test_the_commit_of_an_object(zoo: Zoo, zoo_mirror: Mirror) -> None:
    nested = zoo.repository.git("rev-parse", "refs/tags/nested")
    assert commit_of(zoo_mirror, zoo.first) == zoo.first
    assert commit_of(zoo_mirror, nested) == zoo.second
    assert commit_of(zoo_mirror, zoo.blob) is None
    assert commit_of(zoo_mirror, MISSING) is None
    assert commit_of(zoo_mirror, "main") is None
