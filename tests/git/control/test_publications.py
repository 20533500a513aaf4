"""What a branch says of its past: publications are known by their trailers, changes by their commits."""

import pytest

from pinner.git.control.repository import find_publication, first_commits, last_change
from pinner.git.process.repository import Mirror
from pinner.model.control import LastChange
from pinner.model.lock import Refs
from tests.support.repositories import Repository, make_repository

TRAILERS = (
    "pinner: production\n\nPinner-Lock: production pin-0123456789ab\nPinner-Lock: staging pin-0123456789ab"
)


@pytest.fixture(scope="module")
def control(tmp_path_factory: pytest.TempPathFactory) -> tuple[Repository, dict[str, str]]:
    repository = make_repository(tmp_path_factory.mktemp("publications") / "control.git")
    commits = {
        "first": repository.commit({"README": "x"}, message="First"),
        "published": repository.commit({"Puppetfile": "1"}, message=TRAILERS, day="2026-11-01"),
        "quoted": repository.commit({"notes": "1"}, message="About it\n\n> Pinner-Lock: production pin-0"),
        "other": repository.commit({"other": "1"}, message="x\n\nPinner-Lock: other pin-0123456789ab"),
        "edited": repository.commit({"Puppetfile": "2"}, message="Fix\nit", day="2026-11-02"),
    }
    return repository, commits


def mirror_of(repository: Repository) -> Mirror:
    return Mirror("here", repository.path, Refs({}))


@pytest.mark.parametrize(
    ("environments", "found"),
    [
        (("production",), "published"),
        (("staging",), "published"),
        (("other",), "other"),
        ((), "other"),
        (("prod",), None),
        (("pro.*",), None),
    ],
)
def test_the_newest_publication_of_an_environment(
    control: tuple[Repository, dict[str, str]], environments: tuple[str, ...], found: str | None
) -> None:
    repository, commits = control
    answer = find_publication(mirror_of(repository), commits["edited"], environments)
    assert answer == (commits[found] if found else None)


def test_the_last_change_of_a_path(control: tuple[Repository, dict[str, str]]) -> None:
    repository, commits = control
    mirror, tip = mirror_of(repository), commits["edited"]
    edited = LastChange(tip, "Pinner Tests", "2026-11-02", "Fix it", is_publication=False)
    assert last_change(mirror, tip, "Puppetfile") == edited
    assert last_change(mirror, tip, "Puppetfile", since=commits["published"]) == edited
    assert str(edited) == f"by Pinner Tests on 2026-11-02 in commit {tip[:12]} 'Fix it'"
    before = last_change(mirror, commits["other"], "Puppetfile")
    assert before is not None
    assert (before.commit, before.is_publication) == (commits["published"], True)
    assert last_change(mirror, tip, "README", since=commits["published"]) is None
    assert last_change(mirror, tip, "Puppet*") is None


def test_a_quoted_trailer_is_none(control: tuple[Repository, dict[str, str]]) -> None:
    repository, commits = control
    notes = last_change(mirror_of(repository), commits["edited"], "notes")
    assert notes is not None
    assert not notes.is_publication


def test_where_a_branch_begins(control: tuple[Repository, dict[str, str]]) -> None:
    repository, commits = control
    assert first_commits(mirror_of(repository), commits["edited"]) == {commits["first"]}
