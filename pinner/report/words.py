"""Wording shared by several formats: counts, diffs, findings, severities, pins and safe text."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import unified_diff

from pinner.model.errors import Location
from pinner.model.findings import Finding, Level
from pinner.model.lock import ForgePin, Pin, Series, SeriesStatus, short_name
from pinner.model.module_api import Severity
from pinner.model.text import SHORT, one_line

_FEW_FILES = 10
"""So many files of a folded row are named."""


def count(number: int, noun: str, plural: str | None = None) -> str:
    """Return the number with its noun in the right form."""
    return f"{number} {noun if number == 1 else plural or noun + 's'}"


def columns(rows: Sequence[Sequence[str]], indent: str = "") -> Iterator[str]:
    """Yield the lines of a table, each cell as wide as the widest of its column."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield f"{indent}{cells}".rstrip()


def file_diff(path: str, before: bytes, after: bytes) -> Iterator[str]:
    """Yield the lines of the diff of one file; none if it does not change."""
    old, new = (data.decode(errors="replace").splitlines() for data in (before, after))
    yield from unified_diff(old, new, f"a/{path}", f"b/{path}", lineterm="")


def renames(path: str, edits: Iterable[tuple[int, str, str]]) -> Iterator[str]:
    """Yield the lines of a diff that shows only the renamed keys, without values and surrounding lines.

    An edit is the 1-based line, the old key and the new one.
    """
    changed = tuple(edits)
    if changed:
        yield f"--- a/{path}"
        yield f"+++ b/{path}"
    for line, old, new in changed:
        yield f"@@ -{line} +{line} @@"
        yield f"-{old}:"
        yield f"+{new}:"


def folded_places(places: Sequence[Location]) -> str:
    """Return in how many files or places something is, "" if in one place only.

    A few files are named, except the first, which stands at the start of the line.
    """
    if len(places) <= 1:
        return ""
    files = list(dict.fromkeys(place.path for place in places))
    if len(files) == 1:
        return f" (in {len(places)} places)"
    also = f", also {', '.join(files[1:])}" if len(files) <= _FEW_FILES else ""
    return f" (in {count(len(files), 'file')}{also})"


def further_places(places: Sequence[Location]) -> str:
    """Return all places but the first, on one line."""
    return one_line(", ".join(map(str, places[1:])))


def finding_line(found: Finding, *, is_verbose: bool = True) -> Iterator[str]:
    """Yield the lines of one finding: place, level, message and code; all places if verbose; then the hint."""
    where = f"{found.place}: " if found.place else ""
    yield f"{where}{found.level}: {found.message} [{found.code}]{folded_places(found.places)}"
    if found.also and is_verbose:
        yield f"  also: {further_places(found.places)}"
    if found.hint:
        yield f"  hint: {found.hint}"


def level_counts(findings: Iterable[Finding], levels: Mapping[Level, str]) -> str:
    """Return how many findings there are of each of these levels, each with its noun."""
    totals = Counter(finding.level for finding in findings)
    return ", ".join(count(totals[level], noun) for level, noun in levels.items())


_SEVERITIES = {
    Severity.BREAKS: ("breaking", "breaking"),
    Severity.BEHAVIOUR: ("behaviour", "behaviour"),
    Severity.LATER: ("deprecation", "deprecations"),
    Severity.INFO: ("other change", "other changes"),
}


def severity_count(severity: Severity, number: int) -> str:
    """Return a number of API changes of one severity, in words."""
    return count(number, *_SEVERITIES[severity])


def describe_pin(pin: Pin) -> str:
    """Return a pin in a few words: version, ref, short commit."""
    if isinstance(pin, ForgePin):
        return f"{pin.version} ({pin.forge} from the Forge)"
    where = short_name(pin.ref) if pin.ref else "no ref"
    return f"{pin.version or 'no version'} ({where}, {pin.commit[:SHORT]})"


def brief_pin(pin: Pin | None) -> str:
    """Return a pin in the fewest words, for a cell of a table: version and ref."""
    if pin is None:
        return "absent"
    if isinstance(pin, ForgePin):
        return f"{pin.version} (Forge)"
    where = short_name(pin.ref) if pin.ref else pin.commit[:SHORT]
    return f"{pin.version} · {where}" if pin.version else where


def release_words(series: Series | None) -> str:
    """Return a release with its phase, and its end of life if that is known."""
    if series is None:
        return "no release"
    words = " since" if series.status is SeriesStatus.END_OF_LIFE else ", end of life"
    end = f"{words} {series.eol}" if series.eol else ""
    return f"{series} ({series.status}{end})"


def clip(text: str, longest: int) -> str:
    """Return the visible text on one line, cut to `longest` characters."""
    line = one_line(text)
    return line if len(line) <= longest else f"{line[: longest - 1]}…"


def first_few(names: Iterable[str], limit: int) -> str:
    """Return at most `limit` names, and how many more there are."""
    names = tuple(names)
    more = len(names) - limit
    return f"{', '.join(names[:limit])} and {more} more" if more > 0 else ", ".join(names)
