"""What a version range lets in, in words."""

from typing import Final

from pinner.puppet.intervals import NOTHING, Bound, Interval, Operator

_SHOWN: Final = 60
_WORDS: Final = {
    Operator.EQUAL: "exactly",
    Operator.ABOVE: "above",
    Operator.FROM: "at least",
    Operator.BELOW: "below",
    Operator.UP_TO: "at most",
}


def describe_intervals(intervals: tuple[Interval, ...]) -> str:
    """Say which versions lie in one of the intervals: `at least 1.0.0 and below 2.0.0 or exactly 3.0.0`."""
    return " or ".join(_describe(interval) for interval in intervals if interval != NOTHING) or "no version"


def _describe(interval: Interval) -> str:
    bounds = dict.fromkeys(bound for bound in (interval.lower, interval.upper) if bound)
    return " and ".join(_describe_bound(bound) for bound in bounds) or "any version"


def _describe_bound(bound: Bound) -> str:
    version = str(bound.version)
    shown = version if len(version) <= _SHOWN else version[: _SHOWN - 1] + "…"
    return f"{_WORDS[bound.operator]} {shown}"
