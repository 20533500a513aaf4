"""Parse version ranges, describe them in words, and repair invalid ones.

The syntax is `>= 1.0.0 < 2.0.0`, `1.x`, `~1.2`, `^1`, `1.2.3 - 2.0.0`, `1.2.3`, `*`, an empty text, and
alternatives with `||`. A range that Puppet refuses, or that is hardly meant as Puppet reads it, is read as it
was probably meant, and `flaws` describes the problem. The length of the text and the number of alternatives
are limited, to keep parsing fast.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final, NamedTuple

from pinner.puppet.versions import (
    EVERYTHING,
    LONGEST_VERSION,
    NOTHING,
    Bound,
    Interval,
    Operator,
    Version,
    bounded,
    exactly,
    intersect,
    intersect_all,
    join_alternatives,
    parse_pre_release,
)

_PLACE: Final = r"(?:x|X|\*|0|[1-9][0-9]*)"
_PARTS: Final = r"[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*"
_PARTIAL: Final = rf"{_PLACE}(?:\.{_PLACE}(?:\.{_PLACE}(?:-{_PARTS})?(?:\+{_PARTS})?)?)?"
_GROUPS: Final = re.compile(rf"({_PLACE})(?:\.({_PLACE})(?:\.({_PLACE})(?:-({_PARTS}))?(?:\+({_PARTS}))?)?)?")
_COMPARISON: Final = re.compile(rf"(<=|>=|~>|~=|[<>=~^])?({_PARTIAL})")
_SPAN: Final = re.compile(rf"({_PARTIAL})\s+-\s+({_PARTIAL})", re.ASCII)


class RangeSyntaxError(ValueError):
    """The text does not follow Puppet's syntax; not raised outside this module."""


@dataclass(frozen=True, slots=True)
class Partial:
    """A version whose open parts are None; text after the third part is kept as written."""

    major: int | None
    minor: int | None
    patch: int | None
    pre_release: str | None
    build: str | None

    @property
    def is_whole(self) -> bool:
        """Return whether no part is open."""
        return None not in (self.major, self.minor, self.patch)

    def version(self) -> Version:
        """Return the version with each open part set to zero."""
        release = Version(self.major or 0, self.minor or 0, self.patch or 0)
        identifiers = parse_pre_release(self.pre_release)
        if self.pre_release and identifiers is None:
            raise RangeSyntaxError
        return replace(
            release, pre_release=identifiers, build=tuple(self.build.split(".")) if self.build else ()
        )


def read_span(text: str) -> Interval | None:
    """Return the interval of `1.0.0 - 2.0.0`, ends included and open parts zero; None if it is empty.

    Raises RangeSyntaxError if the text is not such a range.
    """
    match = _SPAN.fullmatch(text)
    if match is None:
        raise RangeSyntaxError
    begin, end = (_read_partial(match[group]).version() for group in (1, 2))
    return intersect(bounded(Operator.FROM, begin), bounded(Operator.UP_TO, end))


def read_comparison(text: str) -> Interval:
    """Return the interval of a version or of an operator and a version; raises RangeSyntaxError."""
    match = _COMPARISON.fullmatch(text)
    if match is None:
        raise RangeSyntaxError
    return _MEANINGS[match[1] or "="](_read_partial(match[2]))


def _read_partial(text: str) -> Partial:
    match = _GROUPS.fullmatch(text) if len(text) <= LONGEST_VERSION else None
    if match is None:
        raise RangeSyntaxError
    major, minor, patch = (int(text) if text and text.isdigit() else None for text in match.group(1, 2, 3))
    return Partial(major, minor, patch, match[4], match[5])


def _from_below(begin: Version, end: Version) -> Interval:
    return Interval(Bound(Operator.FROM, begin), Bound(Operator.BELOW, end))


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
        raise RangeSyntaxError  # semantic_puppet means "everything" here, but fails because of a bug
    if partial.major == 0 or partial.minor is None:
        return _near(partial)
    begin = partial.version() if partial.is_whole else Version(partial.major, partial.minor, 0)
    begin = begin if begin.pre_release else replace(begin, build=())
    return _from_below(begin, Version(partial.major + 1, 0, 0))


def _above(partial: Partial) -> Interval:
    if partial.major is None:
        return NOTHING
    if partial.minor is None:
        return bounded(Operator.FROM, Version(partial.major + 1, 0, 0))
    if partial.patch is None:
        return bounded(Operator.FROM, Version(partial.major, partial.minor + 1, 0))
    return bounded(Operator.ABOVE, partial.version())


def _up_to(partial: Partial) -> Interval:
    if partial.major is None:
        raise RangeSyntaxError  # semantic_puppet means "everything" here, but fails because of a bug
    if partial.minor is None:
        return bounded(Operator.BELOW, Version(partial.major + 1, 0, 0))
    if partial.patch is None:
        return bounded(Operator.BELOW, Version(partial.major, partial.minor + 1, 0))
    return bounded(Operator.UP_TO, partial.version())


_MEANINGS: Final[Mapping[str, Callable[[Partial], Interval]]] = {
    "=": lambda partial: exactly(partial.version()) if partial.is_whole else _within_open_places(partial),
    "~": _near,
    "~>": _near,
    "~=": _near,
    "^": _compatible,
    ">": _above,
    ">=": lambda partial: bounded(Operator.FROM, partial.version()),
    "<": lambda partial: bounded(Operator.BELOW, partial.version()),
    "<=": _up_to,
}


class RangeRepair(NamedTuple):
    """Replace every match of `pattern` by `replacement`; `flaw` describes what was wrong."""

    pattern: re.Pattern[str]
    replacement: str
    flaw: str


_REPAIRS: Final = (
    RangeRepair(re.compile(r"\A\s+"), "", "it starts with a blank"),
    RangeRepair(re.compile(r","), " ", "a comma separates comparisons"),
    RangeRepair(re.compile(r">~"), "~>", "'>~' is not an operator: read as '~>'"),
    RangeRepair(re.compile(r"=>"), ">=", "'=>' is not an operator: read as '>='"),
    RangeRepair(re.compile(r"=<"), "<=", "'=<' is not an operator: read as '<='"),
    RangeRepair(re.compile(r"={2,}"), "=", "'==' is not an operator: read as '='"),
    RangeRepair(re.compile(r"(?<![0-9A-Za-z.+-])v(?=[0-9])"), "", "a version has the prefix 'v'"),
    RangeRepair(re.compile(r"(?<![0-9A-Za-z])0+(?=[0-9])"), "", "a number has a leading zero"),
    RangeRepair(re.compile(r"(?<=[0-9A-Za-z*])(?=[<>=~^])"), " ", "a blank is missing between comparisons"),
    RangeRepair(
        re.compile(r"(?:<=|\^)\s*[xX*][^\s|]*"), "*", "Puppet fails on '<=' and '^' before a wildcard"
    ),
)


def repair_range(text: str) -> tuple[str, tuple[str, ...]]:
    """Return the text as it was probably meant, with one flaw for each kind of change.

    If no repair applies, the text is unchanged and there are no flaws.
    """
    flaws = []
    for repair in _REPAIRS:
        text, count = repair.pattern.subn(repair.replacement, text)
        flaws += [repair.flaw] if count else []
    return text, tuple(flaws)


_SHOWN: Final = 60
_WORDS: Final = {
    Operator.EQUAL: "exactly",
    Operator.ABOVE: "above",
    Operator.FROM: "at least",
    Operator.BELOW: "below",
    Operator.UP_TO: "at most",
}


def describe_intervals(intervals: tuple[Interval, ...]) -> str:
    """Return a description of the intervals: `at least 1.0.0 and below 2.0.0 or exactly 3.0.0`."""
    parts = []
    for interval in intervals:
        bounds = dict.fromkeys(bound for bound in (interval.lower, interval.upper) if bound)
        texts = ((_WORDS[bound.operator], str(bound.version)) for bound in bounds)
        shown = (
            f"{word} {text if len(text) <= _SHOWN else text[: _SHOWN - 1] + '…'}" for word, text in texts
        )
        parts += [" and ".join(shown) or "any version"] if interval != NOTHING else []
    return " or ".join(parts) or "no version"


LONGEST: Final = 4_000
"""Maximum length, in characters, of a text that is read as a range."""
MOST_ALTERNATIVES: Final = 50

_RUBY_BLANKS: Final = " \t\n\v\f\r"
_BLANKS: Final = re.compile(r"\s+", re.ASCII)
_OR: Final = re.compile(r"\s*\|\|\s*", re.ASCII)
_AFTER_OPERATOR: Final = re.compile(r"([><=~^])(?:\s+|\s*v)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Range:
    """A range as written, and its versions: those in any of `intervals`.

    `flaws` describes what Puppet refuses in it or what can hardly be meant. If `is_unreadable`, the range is
    unknown and matches nothing; callers should check that first.
    """

    text: str
    intervals: tuple[Interval, ...] = ()
    flaws: tuple[str, ...] = ()
    is_unreadable: bool = False

    def matches(self, version: Version) -> bool:
        """Return whether the range contains the version; pre-releases only where Puppet accepts them."""
        return any(interval.matches(version) for interval in self.intervals)

    def describe(self) -> str:
        """Return a description of the range in words."""
        return "unreadable" if self.is_unreadable else describe_intervals(self.intervals)


@lru_cache(maxsize=4_096)  # the modules of a release name few different ranges, thousands of times
def parse_range(text: str) -> Range:
    """Return the range for a text; never raises."""
    if len(text) > LONGEST:
        return Range(text, flaws=(f"it is longer than {LONGEST} characters",), is_unreadable=True)
    if text.count("||") >= MOST_ALTERNATIVES:
        return Range(text, flaws=(f"it has more than {MOST_ALTERNATIVES} alternatives",), is_unreadable=True)
    try:
        return _read(text, text, ())
    except RangeSyntaxError:
        repaired, flaws = repair_range(text)
        try:
            return _read(text, repaired, flaws)
        except RangeSyntaxError:
            return Range(text, flaws=("it is not in Puppet's range syntax",), is_unreadable=True)


def _read(text: str, repaired: str, repaired_flaws: tuple[str, ...]) -> Range:
    """Read `repaired`, which is `text` repaired for Puppet's syntax."""
    parts = _OR.split(_AFTER_OPERATOR.sub(r"\1", repaired))
    while parts and not parts[-1]:
        parts.pop()
    found = tuple(_read_alternative(part) for part in parts) if parts else (EVERYTHING,)
    alternatives = tuple(dict.fromkeys(interval for interval in found if interval is not None))
    joined = join_alternatives(alternatives)
    flaws = (
        *repaired_flaws,
        *_flaws_of_blanks(text, parts),
        *_flaws_of_bounds(parts),
        *_flaws_of_meaning(found, joined),
    )
    return Range(text, alternatives if joined is None else joined, tuple(dict.fromkeys(flaws)))


def _split_comparisons(alternative: str) -> list[str]:
    """Split at blanks; trailing blanks are ignored, leading ones produce an empty comparison."""
    trimmed = alternative.rstrip(_RUBY_BLANKS)
    return _BLANKS.split(trimmed) if trimmed else []


def _read_alternative(alternative: str) -> Interval | None:
    try:
        return read_span(alternative)
    except RangeSyntaxError:
        return intersect_all([read_comparison(part) for part in _split_comparisons(alternative)])


def _flaws_of_blanks(text: str, parts: list[str]) -> Iterator[str]:
    if text != text.rstrip():
        yield "it ends with a blank"
    ends_short = "||" in text and len(parts) <= text.count("||")
    if ends_short or not all(part.strip() for part in parts):
        yield "an alternative is empty"


def _flaws_of_bounds(alternatives: list[str]) -> Iterator[str]:
    for comparisons in map(_split_comparisons, alternatives):
        if sum(part.startswith(">") for part in comparisons) > 1:
            yield "it has two lower bounds: the higher one applies"
        if sum(part.startswith("<") for part in comparisons) > 1:
            yield "it has two upper bounds: the lower one applies"


def _flaws_of_meaning(found: Sequence[Interval | None], joined: tuple[Interval, ...] | None) -> Iterator[str]:
    if any(interval in {None, NOTHING} for interval in found):
        yield "no version can match it" if len(found) == 1 else "no version can match one of its alternatives"
    if len(set(found)) < len(found):
        yield "an alternative is repeated"
    if joined is None:
        yield "Puppet fails on overlapping alternatives with the same end"
