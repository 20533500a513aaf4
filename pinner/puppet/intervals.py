"""What lies between two versions: the pieces that a version range is made of, as semantic_puppet joins them.

This follows semantic_puppet 1.x (version_range.rb) step by step, because its results depend on the steps: which of two
equal bounds is kept decides which pre-releases are let in, and so does the order in which alternatives are merged.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from pinner.puppet.versions import LONGEST, Version

LOWEST: Final = Version(0, 0, 0, pre_release=())
"""Below every version that can be read."""
HIGHEST: Final = Version(10 ** (LONGEST + 1), 0, 0)
"""Above every version that can be read, as no text of more than LONGEST characters is."""


class Operator(StrEnum):
    """How a version is compared with a bound."""

    EQUAL = "="
    ABOVE = ">"
    FROM = ">="
    BELOW = "<"
    UP_TO = "<="


@dataclass(frozen=True, slots=True)
class Bound:
    """One comparison."""

    operator: Operator
    version: Version

    def includes(self, version: Version) -> bool:
        """Tell whether the version passes, pre-release or not."""
        match self.operator:
            case Operator.EQUAL:
                return version == self.version
            case Operator.ABOVE:
                return version > self.version
            case Operator.FROM:
                return version >= self.version
            case Operator.BELOW:
                return version < self.version
            case Operator.UP_TO:
                return version <= self.version

    def names_pre_releases_of(self, version: Version) -> bool:
        """Tell whether the bound itself is a pre-release of the same three numbers."""
        return not self.version.is_stable and self.version.release == version.release


@dataclass(frozen=True, slots=True)
class Interval:
    """All versions that pass both bounds; a bound that is None is passed by all.

    An exact version has twice the same bound, with `=`. `takes_pre_releases` is True for `*` alone: otherwise a
    pre-release is only let in where a bound names one of the same three numbers.
    """

    lower: Bound | None = None
    upper: Bound | None = None
    takes_pre_releases: bool = False

    @property
    def begin(self) -> Version:
        """Return the version it begins with, or after."""
        return self.lower.version if self.lower else LOWEST

    @property
    def end(self) -> Version:
        """Return the version it ends with, or before."""
        return self.upper.version if self.upper else HIGHEST

    @property
    def excludes_begin(self) -> bool:
        """Tell whether it begins after `begin`."""
        return self.lower is not None and self.lower.operator is Operator.ABOVE

    @property
    def excludes_end(self) -> bool:
        """Tell whether it ends before `end`."""
        return self.upper is not None and self.upper.operator is Operator.BELOW

    def covers(self, version: Version) -> bool:
        """Tell whether the version lies between the bounds, pre-release or not."""
        return all(bound.includes(version) for bound in (self.lower, self.upper) if bound)

    def matches(self, version: Version) -> bool:
        """Tell whether the version lies between the bounds and, if it is a pre-release, whether these are let in."""
        return self.covers(version) and (version.is_stable or self._lets_in_pre_releases_of(version))

    def _lets_in_pre_releases_of(self, version: Version) -> bool:
        bounds = (bound for bound in (self.lower, self.upper) if bound)
        return self.takes_pre_releases or any(bound.names_pre_releases_of(version) for bound in bounds)


EVERYTHING: Final = Interval(takes_pre_releases=True)
NOTHING: Final = Interval(upper=Bound(Operator.BELOW, LOWEST))


def exactly(version: Version) -> Interval:
    """Return the interval that holds one version."""
    bound = Bound(Operator.EQUAL, version)
    return Interval(bound, bound)


def at_least(version: Version) -> Interval:
    """Return the interval from a version on."""
    return Interval(lower=Bound(Operator.FROM, version))


def above(version: Version) -> Interval:
    """Return the interval after a version."""
    return Interval(lower=Bound(Operator.ABOVE, version))


def below(version: Version) -> Interval:
    """Return the interval up to a version, itself left out."""
    return Interval(upper=Bound(Operator.BELOW, version))


def up_to(version: Version) -> Interval:
    """Return the interval up to a version, itself included."""
    return Interval(upper=Bound(Operator.UP_TO, version))


def intersect(first: Interval, second: Interval) -> Interval | None:
    """Return what lies in both, None where that is nothing (AbstractRange#intersection)."""
    if first.takes_pre_releases:
        return second
    if first.begin > second.end or second.begin > first.end:
        return None
    if not first.begin < second.end:
        return None if first.excludes_begin or second.excludes_end else exactly(first.begin)
    if not second.begin < first.end:
        return None if second.excludes_begin or first.excludes_end else exactly(second.begin)
    return _between(_that_begins_later(first, second), _that_ends_earlier(first, second))


def _that_begins_later(first: Interval, second: Interval) -> Interval:
    if first.begin < second.begin:
        return second
    return first if first.begin > second.begin or first.excludes_begin else second


def _that_ends_earlier(first: Interval, second: Interval) -> Interval:
    if first.end > second.end:
        return second
    return first if first.end < second.end or first.excludes_end else second


def _between(first: Interval, last: Interval) -> Interval:
    if last.upper is None:
        return first
    return last if first.lower is None else Interval(first.lower, last.upper)


def intersect_all(intervals: Sequence[Interval]) -> Interval | None:
    """Return what lies in all of them, taken from the left; None where that is nothing, or where none is given."""
    result = intervals[0] if intervals else None
    for interval in intervals[1:]:
        if result is None:
            return None
        result = intersect(result, interval)
    return result
