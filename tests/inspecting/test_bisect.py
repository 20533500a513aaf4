"""The two searches against all that they can meet."""

from datetime import UTC, datetime
from math import ceil, log2

from hypothesis import given
from hypothesis import strategies as some

from pinner.inspecting.bisect import first_bad, narrow_range
from pinner.model.lock import Commit
from pinner.model.results import Verdict

DAY = datetime(2024, 1, 1, tzinfo=UTC)


@given(count=some.integers(1, 200), data=some.data())
def test_the_shortest_bad_beginning_is_found_in_logarithmically_many_runs(
    count: int, data: some.DataObject
) -> None:
    first = data.draw(some.integers(1, count))
    asked: list[int] = []

    def judge(number: int) -> Verdict:
        asked.append(number)
        return Verdict.BAD if number >= first else Verdict.GOOD

    assert narrow_range(0, count, judge) == (first - 1, first)
    assert len(asked) == len(set(asked)) <= ceil(log2(count))


@given(count=some.integers(1, 40), data=some.data())
def test_what_was_skipped_is_all_that_is_left_between(count: int, data: some.DataObject) -> None:
    first = data.draw(some.integers(1, count))
    skipped = data.draw(some.sets(some.integers(1, count - 1) if count > 1 else some.nothing()))

    def judge(number: int) -> Verdict:
        if number in skipped:
            return Verdict.SKIP
        return Verdict.BAD if number >= first else Verdict.GOOD

    good, bad = narrow_range(0, count, judge)
    assert good < first <= bad
    assert set(range(good + 1, bad)) <= skipped


@some.composite
def histories(draw: some.DrawFn) -> tuple[Commit, ...]:
    """Children before parents, everything reached from the first; a commit may be a merge."""
    count = draw(some.integers(1, 30))
    parents: dict[int, set[int]] = {number: set() for number in range(count)}
    for number in range(1, count):
        parents[draw(some.integers(0, number - 1))].add(number)
        parents[draw(some.integers(0, number - 1))].add(number)
    return tuple(
        Commit(str(number), tuple(map(str, sorted(parents[number]))) or ("good",), DAY, "")
        for number in range(count)
    )


@given(listed=histories(), data=some.data())
def test_the_commit_from_which_on_all_is_bad_is_found_among_merges(
    listed: tuple[Commit, ...], data: some.DataObject
) -> None:
    culprit = data.draw(some.sampled_from(listed))
    skipped = data.draw(some.sets(some.sampled_from([commit.id for commit in listed])))
    bad = {culprit.id}
    for commit in reversed(listed):
        if bad.intersection(commit.parents):
            bad.add(commit.id)
    asked: list[str] = []

    def judge(commit: str) -> Verdict:
        asked.append(commit)
        if commit in skipped:
            return Verdict.SKIP
        return Verdict.BAD if commit in bad else Verdict.GOOD

    found = first_bad(listed, judge)
    assert culprit in found
    assert {commit.id for commit in found} <= skipped | bad
    assert len(found) == 1 or skipped
    assert len(asked) == len(set(asked))


def test_a_long_history_takes_few_runs() -> None:
    listed = tuple(Commit(str(number), (str(number + 1),), DAY, f"{number}") for number in range(1000))
    asked: list[str] = []

    def judge(commit: str) -> Verdict:
        asked.append(commit)
        return Verdict.BAD if int(commit) <= 700 else Verdict.GOOD

    assert [commit.id for commit in first_bad(listed, judge)] == ["700"]
    assert len(asked) <= 10
