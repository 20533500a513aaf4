"""Alternatives of a version range (`||`), joined where they touch, as semantic_puppet joins them.

Joining is not only tidying up: a bound that disappears in it takes the pre-releases with it that it let in. So this
follows semantic_puppet 1.x (VersionRange#initialize, AbstractRange#merge) step by step.
"""

from dataclasses import replace

from pinner.puppet.intervals import (
    HIGHEST,
    LOWEST,
    Bound,
    Interval,
    Operator,
)
from pinner.puppet.versions import Version


def join_alternatives(alternatives: tuple[Interval, ...]) -> tuple[Interval, ...] | None:
    """Return the same with all joined that overlap or touch; None where Puppet itself fails.

    It does so where two of them overlap and end with the same version (a misspelt name in its source). The time grows
    with the square of their number at least: the caller bounds it.
    """
    has_joined = True
    while has_joined and len(alternatives) > 1:
        joined = _join_once(alternatives)
        if joined is None:
            return None
        has_joined = len(joined) < len(alternatives)
        alternatives = joined
    return alternatives


def _join_once(alternatives: tuple[Interval, ...]) -> tuple[Interval, ...] | None:
    """Take the last, join to it what can be, and so on with what is left."""
    joined: list[Interval] = []
    rest = alternatives
    while rest:
        current, others, rest = rest[-1], rest[:-1], ()
        for other in others:
            if _makes_puppet_fail(current, other):
                return None
            merged = _merge(current, other)
            current, rest = (current, (*rest, other)) if merged is None else (merged, rest)
        joined.insert(0, current)
    return tuple(joined)


def _makes_puppet_fail(first: Interval, second: Interval) -> bool:
    if first.takes_pre_releases or not _overlap(first, second):
        return False
    return not first.end < second.end and not second.end < first.end


def _overlap(first: Interval, second: Interval) -> bool:
    return first.covers(second.begin) or second.covers(first.begin)


def _merge(first: Interval, second: Interval) -> Interval | None:
    """Return the one interval that both make, None where they neither overlap nor touch."""
    if first.takes_pre_releases:
        return first
    if _overlap(first, second):
        last = first if first.end > second.end else second
        return _span(_begin_of_both(first, second), _upper(last))
    if _touch(first, second):
        return _span(_lower(first), _upper(second))
    return _span(_lower(second), _upper(first)) if _touch(second, first) else None


def _begin_of_both(first: Interval, second: Interval) -> Bound:
    if first.begin < second.begin:
        return _lower(first)
    if first.begin > second.begin:
        return _lower(second)
    excludes_begin = first.excludes_begin and second.excludes_begin
    return Bound(Operator.ABOVE if excludes_begin else Operator.FROM, first.begin)


def _touch(first: Interval, second: Interval) -> bool:
    """Tell whether the second goes on where the first ends: at the same version, or with the next patch."""
    if second.excludes_begin:
        return False
    return second.begin == (first.end if first.excludes_end else _next_patch(first.end))


def _next_patch(version: Version) -> Version:
    return replace(version, patch=version.patch + 1, pre_release=None, build=())


def _lower(interval: Interval) -> Bound:
    return Bound(Operator.ABOVE if interval.excludes_begin else Operator.FROM, interval.begin)


def _upper(interval: Interval) -> Bound:
    return Bound(Operator.BELOW if interval.excludes_end else Operator.UP_TO, interval.end)


def _span(lower: Bound, upper: Bound) -> Interval:
    """Return what lies between, dropping a bound that bounds nothing. The versions differ: equal ends fail before."""
    return Interval(None if lower.version == LOWEST else lower, None if upper.version == HIGHEST else upper)
