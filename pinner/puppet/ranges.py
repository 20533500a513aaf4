"""Version ranges in Puppet's syntax, read as Puppet's semantic_puppet reads them, and misspelt ones all the same.

`>= 1.0.0 < 2.0.0`, `1.x`, `~1.2`, `^1`, `1.2.3 - 2.0.0`, `1.2.3`, `*`, nothing at all, and alternatives with `||`. What
Puppet refuses, or hardly means as it takes it, is read by what it was meant to say, and `flaws` says so. Nothing makes
this slow: there is a longest text and a highest number of alternatives.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from pinner.puppet.alternatives import join_alternatives
from pinner.puppet.comparisons import RangeSyntaxError, bounds_above, bounds_below, read_comparison, read_span
from pinner.puppet.intervals import EVERYTHING, NOTHING, Interval, intersect_all
from pinner.puppet.range_mending import mend
from pinner.puppet.range_words import describe_intervals
from pinner.puppet.versions import Version

LONGEST: Final = 4_000
"""Characters of the longest text that is read as a range."""
MOST_ALTERNATIVES: Final = 50

_RUBY_BLANKS: Final = " \t\n\v\f\r"
_BLANKS: Final = re.compile(r"\s+", re.ASCII)
_OR: Final = re.compile(r"\s*\|\|\s*", re.ASCII)
_AFTER_OPERATOR: Final = re.compile(r"([><=~^])(?:\s+|\s*v)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Range:
    """A range as written and as understood: the versions in any one of `intervals`.

    `flaws` says in words what Puppet refuses in it, or what can hardly be meant. Where `is_unreadable` is True, nothing
    is known: then nothing matches, and who asks should look at that first.
    """

    text: str
    intervals: tuple[Interval, ...] = ()
    flaws: tuple[str, ...] = ()
    is_unreadable: bool = False

    def matches(self, version: Version) -> bool:
        """Tell whether the version is in the range: pre-releases only where Puppet lets them in."""
        return any(interval.matches(version) for interval in self.intervals)

    def describe(self) -> str:
        """Say the range in words, as understood."""
        return "unreadable" if self.is_unreadable else describe_intervals(self.intervals)


def parse_range(text: str) -> Range:
    """Read a range; whatever the text is, a Range comes back."""
    if len(text) > LONGEST:
        return Range(text, flaws=(f"it is longer than {LONGEST} characters",), is_unreadable=True)
    if text.count("||") >= MOST_ALTERNATIVES:
        return Range(text, flaws=(f"it has more than {MOST_ALTERNATIVES} alternatives",), is_unreadable=True)
    try:
        return _read(text, text, ())
    except RangeSyntaxError:
        return _read_mended(text)


def _read_mended(text: str) -> Range:
    mended, flaws = mend(text)
    try:
        return _read(text, mended, flaws)
    except RangeSyntaxError:
        return Range(text, flaws=("it is not in Puppet's range syntax",), is_unreadable=True)


def _read(text: str, mended: str, mended_flaws: tuple[str, ...]) -> Range:
    """Read `mended`, which is `text` as Puppet can take it."""
    parts = _split_alternatives(_AFTER_OPERATOR.sub(r"\1", mended))
    found = tuple(_read_alternative(part) for part in parts) if parts else (EVERYTHING,)
    alternatives = tuple(dict.fromkeys(interval for interval in found if interval is not None))
    joined = join_alternatives(alternatives)
    flaws = (
        *mended_flaws,
        *_flaws_of_blanks(text, parts),
        *(flaw for part in parts for flaw in _flaws_of_bounds(part)),
        *_flaws_of_meaning(found, joined),
    )
    return Range(text, alternatives if joined is None else joined, tuple(dict.fromkeys(flaws)))


def _split_alternatives(text: str) -> list[str]:
    """Split at `||`; alternatives that are missing at the end do not count, as Ruby's split has it."""
    parts = _OR.split(text)
    while parts and not parts[-1]:
        parts.pop()
    return parts


def _split_comparisons(alternative: str) -> list[str]:
    """Split at blanks; one at the end does not count, one at the beginning makes an empty comparison."""
    trimmed = alternative.rstrip(_RUBY_BLANKS)
    return _BLANKS.split(trimmed) if trimmed else []


def _read_alternative(alternative: str) -> Interval | None:
    try:
        return read_span(alternative)
    except RangeSyntaxError:
        return intersect_all([read_comparison(part) for part in _split_comparisons(alternative)])


def _flaws_of_blanks(text: str, parts: list[str]) -> Iterator[str]:
    if text != text.rstrip():
        yield "a blank stands at its end"
    ends_short = "||" in text and len(parts) <= text.count("||")
    if ends_short or not all(part.strip() for part in parts):
        yield "an alternative is empty"


def _flaws_of_bounds(alternative: str) -> Iterator[str]:
    comparisons = _split_comparisons(alternative)
    if sum(bounds_below(part) for part in comparisons) > 1:
        yield "it has two lower bounds: the higher one counts"
    if sum(bounds_above(part) for part in comparisons) > 1:
        yield "it has two upper bounds: the lower one counts"


def _flaws_of_meaning(found: Sequence[Interval | None], joined: tuple[Interval, ...] | None) -> Iterator[str]:
    if any(interval in {None, NOTHING} for interval in found):
        yield "no version can match it" if len(found) == 1 else "no version can match one of its alternatives"
    if len(set(found)) < len(found):
        yield "an alternative stands twice"
    if joined is None:
        yield "Puppet fails on alternatives that overlap and end alike"
