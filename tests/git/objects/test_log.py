"""What lies between two commits, whatever stands in their messages."""

import pytest

from pinner.git.mirrors.batch import MissingCommitError
from pinner.git.objects.history import count_between, list_commits, read_log
from pinner.git.process.repository import Mirror
from tests.git.conftest import MakeMirrors
from tests.support.repositories import Repository

MISSING = "0" * 39 + "1"


@pytest.fixture
def first(nova: Repository) -> str:
    return nova.find("refs/heads/main") or ""


def mirror_of(repository: Repository, make_mirrors: MakeMirrors) -> Mirror:
    found = make_mirrors().sync([repository.url])[repository.url]
    assert isinstance(found, Mirror)
    return found


def test_whole_messages(nova: Repository, first: str, make_mirrors: MakeMirrors) -> None:
    odd = "Subject\n\ncommit 0123456789\n\nChange-Id: I1\n"
    second = nova.commit({"a": "1"}, message=odd)
    third = nova.commit({"a": "2"}, message="Only a subject")
    log = read_log(mirror_of(nova, make_mirrors), first, third)
    assert [(one.commit.id, one.message) for one in log.entries] == [
        (third, "Only a subject"),
        (second, odd.rstrip("\n")),
    ]


def test_it_says_what_the_single_questions_say(
    nova: Repository, first: str, make_mirrors: MakeMirrors
) -> None:
    ahead = [nova.commit({"a": str(number)}) for number in range(3)][-1]
    mirror = mirror_of(nova, make_mirrors)
    for old, new in ((first, ahead), (ahead, first), (ahead, ahead)):
        log = read_log(mirror, old, new)
        assert (log.behind, len(log.entries)) == count_between(mirror, old, new)
        assert tuple(one.commit for one in log.entries) == list_commits(mirror, old, new)


def test_a_commit_that_is_not_there(nova: Repository, first: str, make_mirrors: MakeMirrors) -> None:
    with pytest.raises(MissingCommitError):
        read_log(mirror_of(nova, make_mirrors), first, MISSING)
