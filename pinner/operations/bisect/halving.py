"""The two searches: the shortest bad beginning of a list, and the first bad commit of a history. Runs nothing itself."""

from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum

from pinner.git.history import Commit


class Verdict(StrEnum):
    """What the command says of one set of pins; `skip`: it can't tell."""

    GOOD = "good"
    BAD = "bad"
    SKIP = "skip"


def narrow(good: int, bad: int, judge: Callable[[int], Verdict]) -> tuple[int, int]:
    """Return the closest numbers that are known to be good and bad; between them is nothing but what was skipped."""
    skipped: set[int] = set()
    while between := [number for number in range(good + 1, bad) if number not in skipped]:
        center = good + bad
        middle = min(between, key=lambda number: abs(2 * number - center))
        verdict = judge(middle)
        if verdict is Verdict.GOOD:
            good = middle
        elif verdict is Verdict.BAD:
            bad = middle
        else:
            skipped.add(middle)
    return good, bad


def first_bad(commits: Iterable[Commit], judge: Callable[[str], Verdict]) -> tuple[Commit, ...]:
    """Return the commit that broke it, or all that it may be where the others were skipped, newest first.

    `commits` come children before parents, the first of them bad; the parents that are not among them are good. As
    git does, the commit is tried next whose own history within the list is nearest to half of what is left.
    """
    listed = tuple(commits)
    number_by_id = {commit.id: number for number, commit in enumerate(listed)}
    histories = _histories(listed, number_by_id)
    left, tip, skipped = histories[0], 0, 0
    while open_ := left & ~(1 << tip) & ~skipped:
        size = left.bit_count()
        tried = min(_numbers(open_), key=lambda one: abs(2 * (histories[one] & left).bit_count() - size))
        verdict = judge(listed[tried].id)
        if verdict is Verdict.GOOD:
            left &= ~histories[tried]
        elif verdict is Verdict.BAD:
            left, tip = left & histories[tried], tried
        else:
            skipped |= 1 << tried
    return tuple(listed[number] for number in _numbers(left))


def _histories(listed: tuple[Commit, ...], number_by_id: Mapping[str, int]) -> list[int]:
    """Return for each commit the set, as bits, of itself and those of the list that it comes after."""
    histories = [0] * len(listed)
    for number in reversed(range(len(listed))):
        bits = 1 << number
        for parent in listed[number].parents:
            if parent in number_by_id:
                bits |= histories[number_by_id[parent]]
        histories[number] = bits
    return histories


def _numbers(bits: int) -> Iterable[int]:
    """Return the numbers of the bits that are set, ascending."""
    return [number for number in range(bits.bit_length()) if bits >> number & 1]
