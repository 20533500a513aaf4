from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from pinner.git.mirrors.metadata import METADATA_FILE
from pinner.git.mirrors.mirrors import Mirrors
from pinner.git.objects.history import commit_as_of, count_between, is_ancestor, list_commits, refs_containing
from pinner.git.process.repository import Mirror
from pinner.model.errors import UnknownError
from pinner.model.manifest import Settings
from tests.support.repositories import Repository, Zoo, make_repository

MISSING = "0123456789abcdef0123456789abcdef01234567"


@dataclass(frozen=True, slots=True)
class Line:
    """A branch as Gerrit makes it: reviews land by merges."""

    mirror: Mirror
    root: str
    review: str
    merge: str
    tip: str


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Line:
    repository = make_repository(tmp_path_factory.mktemp("line") / "line.git")
    root = repository.commit({"a": "1"}, message="Root", day="2026-01-01T10:00:00")
    review = repository.commit(
        {"b": "1"},
        message="Añade b\n\nChange-Id: I1\n",
        day="2026-01-02T10:00:00",
        branch="review",
        parents=(root,),
    )
    merge = repository.commit({}, message='Merge "b"', day="2026-01-05T23:59:59", parents=(root, review))
    tip = repository.commit({"c": "1"}, message="Tip", day="2026-01-06T00:00:00")
    return Line(mirror_of(repository, tmp_path_factory), root, review, merge, tip)


def mirror_of(repository: Repository, tmp_path_factory: pytest.TempPathFactory) -> Mirror:
    answer = Mirrors(tmp_path_factory.mktemp("cache"), Settings(cache="")).sync([repository.url])[
        repository.url
    ]
    assert isinstance(answer, Mirror), answer
    return answer


def test_counts_are_what_only_one_side_has(zoo: Zoo, zoo_mirror: Mirror) -> None:
    assert count_between(zoo_mirror, zoo.second, zoo.first) == (1, 0)
    assert count_between(zoo_mirror, zoo.first, zoo.second) == (0, 1)
    assert count_between(zoo_mirror, zoo.second, zoo.side) == (1, 1)
    assert count_between(zoo_mirror, zoo.first, zoo.first) == (0, 0)


def test_counts_with_a_commit_the_mirror_lacks_are_unknown(zoo: Zoo, zoo_mirror: Mirror) -> None:
    assert count_between(zoo_mirror, zoo.first, MISSING) is None
    assert count_between(zoo_mirror, MISSING, zoo.first) is None


def test_commits_between_are_newest_first_with_their_merges(line: Line) -> None:
    commits = list_commits(line.mirror, line.root, line.tip)
    assert [(commit.id, commit.subject, commit.is_merge) for commit in commits] == [
        (line.tip, "Tip", False),
        (line.merge, 'Merge "b"', True),
        (line.review, "Añade b", False),
    ]
    assert commits[1].parents == (line.root, line.review)
    assert commits[2].committed_at == datetime(2026, 1, 2, 10, tzinfo=UTC)


def test_no_commits_between(line: Line) -> None:
    assert list_commits(line.mirror, line.tip, line.root) == ()


def test_a_commit_that_is_not_there_is_an_error_and_no_damage(line: Line) -> None:
    with pytest.raises(UnknownError) as caught:
        list_commits(line.mirror, line.root, MISSING)
    assert str(caught.value) == f"{line.mirror.url} has no commit {MISSING}\n  hint: was it fetched?"
    assert (line.mirror.path / METADATA_FILE).exists()


def test_ancestors(line: Line) -> None:
    assert is_ancestor(line.mirror, line.root, line.tip)
    assert is_ancestor(line.mirror, line.tip, line.tip)
    assert not is_ancestor(line.mirror, line.tip, line.root)
    with pytest.raises(UnknownError):
        is_ancestor(line.mirror, MISSING, line.root)


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        ("2025-12-31", None),
        ("2026-01-01", "root"),
        ("2026-01-02", "root"),
        ("2026-01-04", "root"),
        ("2026-01-05", "merge"),
        ("2026-01-06", "tip"),
        ("2030-01-01", "tip"),
    ],
)
def test_a_branch_as_of_a_day_follows_what_had_landed_by_its_end(
    line: Line, day: str, expected: str | None
) -> None:
    assert commit_as_of(line.mirror, line.tip, day) == (getattr(line, expected) if expected else None)


def test_refs_that_contain_a_commit(zoo: Zoo, zoo_mirror: Mirror) -> None:
    assert refs_containing(zoo_mirror, zoo.second) == (
        "refs/heads/main",
        "refs/tags/annotated",
        "refs/tags/nested",
    )
    assert refs_containing(zoo_mirror, zoo.side) == ("refs/heads/both", "refs/heads/x")
