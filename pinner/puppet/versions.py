"""Versions and version ranges of Puppet modules, as semantic_puppet reads and orders them.

No text is slow to parse or raises: a text longer than LONGEST_VERSION characters is not a version. (Python
refuses to convert more than 4,300 digits to a number, so a limit is needed anyway.)

Intervals and their unions follow semantic_puppet 1.x (version_range.rb: VersionRange#initialize,
AbstractRange#merge) step by step, because the results depend on the steps. A pre-release accepted by a bound is
lost if the bound disappears in a union. So the order in which alternatives are merged, and which of two equal
bounds is kept, decide which pre-releases match.

The syntax of ranges is `>= 1.0.0 < 2.0.0`, `1.x`, `~1.2`, `^1`, `1.2.3 - 2.0.0`, `1.2.3`, `*`, an empty text, and
alternatives with `||`. A range that Puppet refuses, or that is hardly meant as Puppet reads it, is read as it
was probably meant, and `flaws` describes the problem. The length of the text and the number of alternatives
are limited, to keep parsing fast.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache
from typing import Final, NamedTuple

from packaging.version import InvalidVersion
from packaging.version import Version as PythonVersion

from pinner.model.text import quoted

LONGEST_VERSION: Final = 1000
"""Maximum length, in characters, of a text that is read as a version."""

_NUMBER: Final = r"(0|[1-9][0-9]*)"
_PARTS: Final = r"[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*"
_SEMVER: Final = re.compile(rf"{_NUMBER}\.{_NUMBER}\.{_NUMBER}(?:-({_PARTS}))?(?:\+({_PARTS}))?")
_TAG_PREFIX: Final = re.compile(r"release-|v")
_SEMVER_LENGTH: Final = 3
_OPENSTACK_LENGTH: Final = 4

Identifier = int | str


@dataclass(frozen=True, slots=True)
class Version:
    """A version; equality compares the text, `<`, `<=`, `>`, `>=` SemVer's precedence, which ignores `build`.

    `pre_release` is None for a release. An empty one is below all other versions with the same three numbers.
    """

    major: int
    minor: int
    patch: int
    pre_release: tuple[Identifier, ...] | None = None
    build: tuple[str, ...] = ()

    @property
    def is_stable(self) -> bool:
        """Return whether this is a stable release, which a range accepts without naming a pre-release."""
        return not self.pre_release

    @property
    def release(self) -> tuple[int, int, int]:
        """Return the three numbers."""
        return self.major, self.minor, self.patch

    @property
    def _precedence(self) -> tuple[tuple[int, int, int], bool, tuple[tuple[bool, int, str], ...]]:
        identifiers = tuple(
            (False, part, "") if isinstance(part, int) else (True, 0, part) for part in self.pre_release or ()
        )
        return self.release, self.pre_release is None, identifiers

    def __lt__(self, other: "Version") -> bool:
        return self._precedence < other._precedence

    def __le__(self, other: "Version") -> bool:
        return self._precedence <= other._precedence

    def __gt__(self, other: "Version") -> bool:
        return self._precedence > other._precedence

    def __ge__(self, other: "Version") -> bool:
        return self._precedence >= other._precedence

    def __str__(self) -> str:
        pre_release = "" if self.is_stable else "-" + ".".join(map(str, self.pre_release or ()))
        build = "+" + ".".join(self.build) if self.build else ""
        return f"{self.major}.{self.minor}.{self.patch}{pre_release}{build}"


def parse_version(text: str) -> Version | None:
    """Return the version that the whole text is in SemVer, or None.

    The rule is semantic_puppet's Version.parse, except that a line break at the end is refused here.
    """
    match = _SEMVER.fullmatch(text) if len(text) <= LONGEST_VERSION else None
    if match is None:
        return None
    major, minor, patch, pre_release, build = match.groups()
    identifiers = parse_pre_release(pre_release)
    if pre_release and identifiers is None:
        return None
    return Version(int(major), int(minor), int(patch), identifiers, tuple(build.split(".")) if build else ())


def parse_pre_release(text: str | None) -> tuple[Identifier, ...] | None:
    """Split the text after the hyphen; None if it is empty or contains a number with a leading zero."""
    parts = text.split(".") if text else []
    if not parts or any(part.isdigit() and part != str(int(part)) for part in parts):
        return None
    return tuple(int(part) if part.isdigit() else part for part in parts)


def version_of_tag(tag: str) -> Version | None:
    """Return the version of a tag (its short name), or None.

    `v9.7.0` and `release-0.0.1` are SemVer with a prefix. OpenStack's tags follow Python (PEP 440): `8.0.0b1`
    and `13.0.0.0rc1` become 8.0.0-b.1 and 13.0.0-rc.1, so that rc.10 comes after rc.9. Tags such as
    `2023.2-eol` are not versions.
    """
    prefix = _TAG_PREFIX.match(tag)
    text = tag[prefix.end() :] if prefix else tag
    return parse_version(text) or _python_pre_release(text)


def _python_pre_release(text: str) -> Version | None:
    """Return a pre-release in PEP 440's form, None for all other texts."""
    try:
        version = PythonVersion(text) if len(text) <= LONGEST_VERSION else None
    except InvalidVersion:
        return None
    if (
        version is None
        or version.pre is None
        or version.is_devrelease
        or version.is_postrelease
        or version.local
    ):
        return None
    numbers = version.release
    if len(numbers) == _OPENSTACK_LENGTH and numbers[-1] == 0:
        numbers = numbers[:-1]
    if version.epoch or len(numbers) != _SEMVER_LENGTH:
        return None
    return Version(*numbers, pre_release=version.pre)


LOWEST: Final = Version(0, 0, 0, pre_release=())
"""Below every version that can be read."""
HIGHEST: Final = Version(10 ** (LONGEST_VERSION + 1), 0, 0)
"""Above every version that can be read: no version is longer than LONGEST_VERSION characters."""


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
        """Return whether the version satisfies the comparison, whether or not it is a pre-release."""
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


@dataclass(frozen=True, slots=True)
class Interval:
    """All versions that satisfy both bounds; None means no bound.

    An exact version has the same bound twice, with `=`. `takes_pre_releases` is True only for `*`: other
    intervals accept a pre-release only if a bound is a pre-release of the same three numbers.
    """

    lower: Bound | None = None
    upper: Bound | None = None
    takes_pre_releases: bool = False

    @property
    def begin(self) -> Version:
        """Return the version at which, or after which, the interval begins."""
        return self.lower.version if self.lower else LOWEST

    @property
    def end(self) -> Version:
        """Return the version at which, or before which, the interval ends."""
        return self.upper.version if self.upper else HIGHEST

    @property
    def excludes_begin(self) -> bool:
        """Return whether the interval begins after `begin`."""
        return self.lower is not None and self.lower.operator is Operator.ABOVE

    @property
    def excludes_end(self) -> bool:
        """Return whether the interval ends before `end`."""
        return self.upper is not None and self.upper.operator is Operator.BELOW

    def covers(self, version: Version) -> bool:
        """Return whether the version is between the bounds, whether or not it is a pre-release."""
        return all(bound.includes(version) for bound in (self.lower, self.upper) if bound)

    def matches(self, version: Version) -> bool:
        """Return whether the version is between the bounds and, if it is a pre-release, accepted."""
        if not self.covers(version):
            return False
        bounds = [bound for bound in (self.lower, self.upper) if bound]
        return (
            version.is_stable
            or self.takes_pre_releases
            or any(
                not bound.version.is_stable and bound.version.release == version.release for bound in bounds
            )
        )


EVERYTHING: Final = Interval(takes_pre_releases=True)
NOTHING: Final = Interval(upper=Bound(Operator.BELOW, LOWEST))


def exactly(version: Version) -> Interval:
    """Return the interval that contains only this version."""
    bound = Bound(Operator.EQUAL, version)
    return Interval(bound, bound)


def bounded(operator: Operator, version: Version) -> Interval:
    """Return the interval of all versions that satisfy one comparison other than `=`."""
    bound = Bound(operator, version)
    if operator in {Operator.ABOVE, Operator.FROM}:
        return Interval(lower=bound)
    return Interval(upper=bound)


def intersect(first: Interval, second: Interval) -> Interval | None:
    """Return the intersection, None if it is empty (AbstractRange#intersection)."""
    if first.takes_pre_releases:
        return second
    if first.begin > second.end or second.begin > first.end:
        return None
    if not first.begin < second.end:
        return None if first.excludes_begin or second.excludes_end else exactly(first.begin)
    if not second.begin < first.end:
        return None if second.excludes_begin or first.excludes_end else exactly(second.begin)
    begins_later = ends_earlier = second
    if first.begin > second.begin or (not first.begin < second.begin and first.excludes_begin):
        begins_later = first
    if first.end < second.end or (not first.end > second.end and first.excludes_end):
        ends_earlier = first
    if ends_earlier.upper is None:
        return begins_later
    return ends_earlier if begins_later.lower is None else Interval(begins_later.lower, ends_earlier.upper)


def intersect_all(intervals: Sequence[Interval]) -> Interval | None:
    """Return the intersection, computed from left to right; None if it is empty or none are given."""
    result = intervals[0] if intervals else None
    for interval in intervals[1:]:
        if result is None:
            return None
        result = intersect(result, interval)
    return result


def join_alternatives(alternatives: tuple[Interval, ...]) -> tuple[Interval, ...] | None:
    """Merge all alternatives that overlap or touch; return None if Puppet itself fails.

    Puppet fails if two of them overlap and end with the same version (a misspelt name in its source). The
    time grows at least with the square of their number, so the caller must limit it.
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
    """Merge into the last alternative those that can be, and repeat with the remaining ones."""
    joined: list[Interval] = []
    rest = alternatives
    while rest:
        current, others, rest = rest[-1], rest[:-1], ()
        for other in others:
            if (
                not current.takes_pre_releases
                and _overlap(current, other)
                and not current.end < other.end
                and not other.end < current.end
            ):
                return None
            merged = _merge(current, other)
            current, rest = (current, (*rest, other)) if merged is None else (merged, rest)
        joined.insert(0, current)
    return tuple(joined)


def _overlap(first: Interval, second: Interval) -> bool:
    return first.covers(second.begin) or second.covers(first.begin)


def _merge(first: Interval, second: Interval) -> Interval | None:
    """Return the union as one interval, None if the two neither overlap nor touch."""
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
    """Return whether the second continues where the first ends: at the same version or the next patch."""
    if second.excludes_begin:
        return False
    return second.begin == (
        first.end
        if first.excludes_end
        else replace(first.end, patch=first.end.patch + 1, pre_release=None, build=())
    )


def _lower(interval: Interval) -> Bound:
    return Bound(Operator.ABOVE if interval.excludes_begin else Operator.FROM, interval.begin)


def _upper(interval: Interval) -> Bound:
    return Bound(Operator.BELOW if interval.excludes_end else Operator.UP_TO, interval.end)


def _span(lower: Bound, upper: Bound) -> Interval:
    """Return the interval between two bounds, without LOWEST and HIGHEST.

    The versions differ: alternatives with equal ends fail before.
    """
    return Interval(None if lower.version == LOWEST else lower, None if upper.version == HIGHEST else upper)


_PLACE: Final = r"(?:x|X|\*|0|[1-9][0-9]*)"
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


LONGEST: Final = 4_000
"""Maximum length, in characters, of a text that is read as a range."""
MOST_ALTERNATIVES: Final = 50

_RUBY_BLANKS: Final = " \t\n\v\f\r"
_BLANKS: Final = re.compile(r"\s+", re.ASCII)
_OR: Final = re.compile(r"\s*\|\|\s*", re.ASCII)
_RANGE: Final = re.compile(r"[0-9A-Za-z.<>=~^ *|+-]{1,200}")
"""Matches what a range that a user writes may consist of."""
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


def check_range(text: str) -> str | None:
    """Refuse text that is not a version range in Puppet's syntax, or is hardly what the user meant."""
    if not _RANGE.fullmatch(text):
        return f"{quoted(text)} is not a valid version range: write one such as '>= 1.2.0 < 2.0.0'"
    flaws = parse_range(text).flaws
    return f"{quoted(text)} is not a valid version range: {'; '.join(flaws)}" if flaws else None


def _read(text: str, repaired: str, repaired_flaws: tuple[str, ...]) -> Range:
    """Read `repaired`, which is `text` repaired for Puppet's syntax."""
    parts = _OR.split(_AFTER_OPERATOR.sub(r"\1", repaired))
    while parts and not parts[-1]:
        parts.pop()
    found = tuple(_read_alternative(part) for part in parts) if parts else (EVERYTHING,)
    alternatives = tuple(dict.fromkeys(interval for interval in found if interval is not None))
    joined = join_alternatives(alternatives)
    flaws = dict.fromkeys((*repaired_flaws, *_flaws(text, parts, found, joined)))
    return Range(text, alternatives if joined is None else joined, tuple(flaws))


def _split_comparisons(alternative: str) -> list[str]:
    """Split at blanks; trailing blanks are ignored, leading ones produce an empty comparison."""
    trimmed = alternative.rstrip(_RUBY_BLANKS)
    return _BLANKS.split(trimmed) if trimmed else []


def _read_alternative(alternative: str) -> Interval | None:
    try:
        return read_span(alternative)
    except RangeSyntaxError:
        return intersect_all([read_comparison(part) for part in _split_comparisons(alternative)])


def _flaws(
    text: str,
    parts: list[str],
    found: Sequence[Interval | None],
    joined: tuple[Interval, ...] | None,
) -> Iterator[str]:
    """Yield what Puppet refuses or can hardly be meant: blanks and bounds as written, then what they mean."""
    if text != text.rstrip():
        yield "it ends with a blank"
    ends_short = "||" in text and len(parts) <= text.count("||")
    if ends_short or not all(part.strip() for part in parts):
        yield "an alternative is empty"
    for comparisons in map(_split_comparisons, parts):
        if sum(part.startswith(">") for part in comparisons) > 1:
            yield "it has two lower bounds: the higher one applies"
        if sum(part.startswith("<") for part in comparisons) > 1:
            yield "it has two upper bounds: the lower one applies"
    if any(interval in {None, NOTHING} for interval in found):
        yield "no version can match it" if len(found) == 1 else "no version can match one of its alternatives"
    if len(set(found)) < len(found):
        yield "an alternative is repeated"
    if joined is None:
        yield "Puppet fails on overlapping alternatives with the same end"
