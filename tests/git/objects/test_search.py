"""Messages that are searched, and which commits come after which."""

import itertools

import pytest

from pinner.git.objects.history import holders, is_ancestor, list_messages, search_messages, show_messages
from pinner.git.process.repository import Mirror
from tests.git.conftest import MakeMirrors
from tests.support.repositories import Repository


@pytest.fixture
def mirror(nova: Repository, make_mirrors: MakeMirrors) -> Mirror:
    """A history that forks and merges, a branch at each of its commits."""
    commits = [nova.commit({"a": "0"}, message="Root", branch="b0")]
    for number in range(1, 12):
        parents = {commits[number // 2], commits[(number * 5) % number]} | (
            {commits[number - 1]} if number % 3 == 0 else set()
        )
        files = {"a": str(number)}
        made = nova.commit(files, message=f"C{number}", branch=f"b{number}", parents=tuple(sorted(parents)))
        commits.append(made)
    found = make_mirrors().sync([nova.url])[nova.url]
    assert isinstance(found, Mirror)
    return found


def test_who_has_whom_is_what_git_says_pair_by_pair(mirror: Mirror) -> None:
    commits = sorted(set(mirror.refs.commits.values()))
    held = holders(mirror, commits, commits)
    assert len(commits) > 12
    for one, other in itertools.product(commits, repeat=2):
        assert (other in held[one]) == is_ancestor(mirror, one, other)


def test_a_commit_that_is_not_there_is_had_by_nobody(mirror: Mirror) -> None:
    commits = set(mirror.refs.commits.values())
    assert holders(mirror, ["0" * 40], commits) == {"0" * 40: frozenset()}


def test_patterns_are_joined_by_or_and_capital_letters_do_not_matter(
    nova: Repository, make_mirrors: MakeMirrors
) -> None:
    texts = ("Fix it\n\nCloses-Bug: #1\n", "Other\n\nChange-Id: I1\n", "Neither\n")
    ids = [nova.commit({"a": text}, message=text) for text in texts]
    mirror = make_mirrors().sync([nova.url])[nova.url]
    assert isinstance(mirror, Mirror)
    found = search_messages(mirror, ["^closes-bug: #1", "^change-id: i1"])
    assert [(message.id, message.subject) for message in found] == [(ids[1], "Other"), (ids[0], "Fix it")]
    assert [message.text for message in list_messages(mirror, ids[0], ids[2])] == [
        texts[2].strip(),
        texts[1].strip(),
    ]
    assert {message.id for message in show_messages(mirror, [ids[0]])} == {ids[0]}
    assert show_messages(mirror, []) == ()
