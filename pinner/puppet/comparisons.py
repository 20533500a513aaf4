"""One comparison of a version range (`>=1.2`, `~1`, `1.x`, `1.0.0 - 2`), read as semantic_puppet 1.x reads it."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from pinner.puppet.intervals import (
    EVERYTHING,
    NOTHING,
    Bound,
    Interval,
    Operator,
    above,
    at_least,
    below,
    exactly,
    intersect,
    up_to,
)
from pinner.puppet.versions import LONGEST, Version, parse_build, parse_pre_release

_PLACE: Final = r"(?:x|X|\*|0|[1-9][0-9]*)"
_PARTS: Final = r"[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*"
_PARTIAL: Final = rf"{_PLACE}(?:\.{_PLACE}(?:\.{_PLACE}(?:-{_PARTS})?(?:\+{_PARTS})?)?)?"
_GROUPS: Final = re.compile(rf"({_PLACE})(?:\.({_PLACE})(?:\.({_PLACE})(?:-({_PARTS}))?(?:\+({_PARTS}))?)?)?")
_COMPARISON: Final = re.compile(rf"(<=|>=|~>|~=|[<>=~^])?({_PARTIAL})")
_SPAN: Final = re.compile(rf"({_PARTIAL})\s+-\s+({_PARTIAL})", re.ASCII)


class RangeSyntaxError(ValueError):
    """Puppet does not read this; never leaves this room."""


@dataclass(frozen=True, slots=True)
class Partial:
    """A version with places left open: those are None. What follows the third place is kept as written."""

    major: int | None
    minor: int | None
    patch: int | None
    pre_release: str | None
    build: str | None

    @property
    def is_whole(self) -> bool:
        """Tell whether no place is open."""
        return None not in (self.major, self.minor, self.patch)

    def version(self) -> Version:
        """Return the version with every open place zero."""
        release = Version(self.major or 0, self.minor or 0, self.patch or 0)
        identifiers = parse_pre_release(self.pre_release)
        if self.pre_release and identifiers is None:
            raise RangeSyntaxError
        return replace(release, pre_release=identifiers, build=parse_build(self.build))


def read_span(text: str) -> Interval | None:
    """Return what `1.0.0 - 2.0.0` means: both ends included, open places zero. None where it holds no version.

    Raises RangeSyntaxError where the text is no such span.
    """
    match = _SPAN.fullmatch(text)
    if match is None:
        raise RangeSyntaxError
    return intersect(at_least(_read_partial(match[1]).version()), up_to(_read_partial(match[2]).version()))


def read_comparison(text: str) -> Interval:
    """Return what an operator and a version mean, or a version alone; RangeSyntaxError where the text is neither."""
    match = _COMPARISON.fullmatch(text)
    if match is None:
        raise RangeSyntaxError
    return _MEANINGS[match[1] or "="](_read_partial(match[2]))


def bounds_below(text: str) -> bool:
    """Tell whether the comparison sets a lower bound and nothing else."""
    return text.startswith(">")


def bounds_above(text: str) -> bool:
    """Tell whether the comparison sets an upper bound and nothing else."""
    return text.startswith("<")


def _read_partial(text: str) -> Partial:
    match = _GROUPS.fullmatch(text) if len(text) <= LONGEST else None
    if match is None:
        raise RangeSyntaxError
    return Partial(_place(match[1]), _place(match[2]), _place(match[3]), match[4], match[5])


def _place(text: str | None) -> int | None:
    return int(text) if text and text.isdigit() else None


def _from_below(begin: Version, end: Version) -> Interval:
    return Interval(Bound(Operator.FROM, begin), Bound(Operator.BELOW, end))


def _equal(partial: Partial) -> Interval:
    return exactly(partial.version()) if partial.is_whole else _within_open_places(partial)


def _near(partial: Partial) -> Interval:
    if not partial.is_whole:
        return _within_open_places(partial)
    version = partial.version()
    return _from_below(version, Version(version.major, version.minor + 1, 0))


def _within_open_places(partial: Partial) -> Interval:
    if partial.major is None:
        return EVERYTHING
    if partial.minor is None:
        return _from_below(Version(partial.major, 0, 0), Version(partial.major + 1, 0, 0))
    minor = partial.minor
    return _from_below(Version(partial.major, minor, 0), Version(partial.major, minor + 1, 0))


def _compatible(partial: Partial) -> Interval:
    if partial.major is None:
        raise RangeSyntaxError  # a fault of semantic_puppet's, which means everything and fails
    if partial.major == 0 or partial.minor is None:
        return _near(partial)
    begin = partial.version() if partial.is_whole else Version(partial.major, partial.minor, 0)
    begin = begin if begin.pre_release else replace(begin, build=())
    return _from_below(begin, Version(partial.major + 1, 0, 0))


def _above(partial: Partial) -> Interval:
    if partial.major is None:
        return NOTHING
    if partial.minor is None:
        return at_least(Version(partial.major + 1, 0, 0))
    if partial.patch is None:
        return at_least(Version(partial.major, partial.minor + 1, 0))
    return above(partial.version())


def _up_to(partial: Partial) -> Interval:
    if partial.major is None:
        raise RangeSyntaxError  # a fault of semantic_puppet's, which means everything and fails
    if partial.minor is None:
        return below(Version(partial.major + 1, 0, 0))
    if partial.patch is None:
        return below(Version(partial.major, partial.minor + 1, 0))
    return up_to(partial.version())


_MEANINGS: Final[Mapping[str, Callable[[Partial], Interval]]] = {
    "=": _equal,
    "~": _near,
    "~>": _near,
    "~=": _near,
    "^": _compatible,
    ">": _above,
    ">=": lambda partial: at_least(partial.version()),
    "<": lambda partial: below(partial.version()),
    "<=": _up_to,
}
