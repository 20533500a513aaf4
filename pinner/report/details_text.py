"""What lies behind a module's move as text: what touches the operator's data first, then the worst, all on demand."""

from collections import Counter
from collections.abc import Iterable, Iterator

from pinner.operations.compare import Comparison, ModuleChange
from pinner.report.counts import count
from pinner.report.visible import one_line
from pinner.words.changes import ApiChange, Change, Severity
from pinner.words.effects import DataEffect, Effect
from pinner.words.notes import Note, Trailers

FEW = 10
LONGEST = 200
_SEVERITIES = {
    Severity.BREAKS: "stop compilation",
    Severity.BEHAVIOUR: "silently change behaviour",
    Severity.LATER: "will break later",
    Severity.INFO: "for information",
}
_EFFECTS = {
    Effect.BREAKS: ("breaks", "breaks compilation"),
    Effect.IGNORED: ("ignored", "is ignored from now on"),
    Effect.TYPE: ("to look at", "gets another type"),
    Effect.DEPRECATED: ("deprecated", "is deprecated now"),
}
_RETOLD = frozenset({Change.DEFAULT_CHANGED, Change.TYPE_CHANGED, Change.REPARENTED})


def totals(result: Comparison) -> Iterator[str]:
    """Yield the counts of the whole comparison: API changes by severity, the operator's data by what happens to it."""
    changes = [row for change in result.modules for row in change.api]
    effects = [row for change in result.modules for row in change.hiera]
    if changes:
        yield f"api: {_by_severity(changes)}"
    if effects:
        yield f"your data: {_by_effect(effects)}"


def detail_lines(change: ModuleChange, *, is_verbose: bool) -> Iterator[str]:
    """Yield the lines of one module: effects on data, API changes (the breaking ones, or all), notes."""
    if change.formerly:
        yield f"it was called '{change.formerly}' before"
    if change.hiera:
        yield f"your data: {_by_effect(change.hiera)}"
    yield from (f"  {effect_words(row)}" for row in change.hiera)
    if change.api:
        yield f"api: {_by_severity(change.api)}"
    yield from _api(change, is_verbose=is_verbose)
    for file in change.unreadable:
        yield f"could not be read: {one_line(file.path)}: {one_line(file.reason)}"
    if change.notes:
        yield f"release notes: {_by_section(change.notes)}"
    yield from _notes(change.notes, is_verbose=is_verbose)


def trailer_words(trailers: Trailers | None) -> str:
    """Return what to say after a commit's subject: that it fixes a hole, and which bugs it closes."""
    if trailers is None:
        return ""
    words = ["security"] if trailers.is_security else []
    words += trailers.vulnerabilities
    words += [f"closes {'' if '#' in bug else '#'}{bug}" for bug in trailers.bugs]
    return f" [{', '.join(words)}]" if words else ""


def _api(change: ModuleChange, *, is_verbose: bool) -> Iterator[str]:
    rows = [row for row in worst_first(change.api) if is_verbose or row.severity is Severity.BREAKS]
    shown = rows if is_verbose else rows[:FEW]
    told: set[str] = set()
    for row in shown:
        yield f"  {api_words(row)}"
        note = change.explained.get(row)
        if note and note.text not in told:
            yield f"    {note.section}: {_short(note.text)}"
            told.add(note.text)
    if len(shown) < len(change.api):
        yield f"  … {count(len(change.api) - len(shown), 'more change')} (-v shows all)"


def worst_first(rows: Iterable[ApiChange]) -> list[ApiChange]:
    """Return the changes by severity, those of one severity in their order."""
    order = tuple(Severity)
    return sorted(rows, key=lambda row: order.index(row.severity))


def api_words(row: ApiChange) -> str:
    """Return one change of the API on one line."""
    name = f"{row.definition}::{row.parameter}" if row.parameter else row.definition
    retold = f": {_short(row.old or 'none')} -> {_short(row.new or 'none')}" if row.change in _RETOLD else ""
    renamed = f" to {row.new}" if row.change in {Change.RENAMED, Change.PARAMETER_RENAMED} else ""
    hint = f" ({_short(row.hint)})" if row.hint else ""
    return one_line(f"{row.severity}: {row.kind} {name}{renamed}{retold}{hint}")


def effect_words(row: DataEffect) -> str:
    """Return what happens at one place of the operator's data on one line."""
    hint = f": {_short(row.hint)}" if row.hint else ""
    return one_line(f"{row.place}: {row.key} {_EFFECTS[row.effect][1]}{hint}")


def _notes(notes: Iterable[Note], *, is_verbose: bool) -> Iterator[str]:
    for note in notes:
        if is_verbose or note.section == "security":
            yield f"  {note_words(note)}"


def note_words(note: Note) -> str:
    """Return one entry of a release note on one line."""
    return f"{note.section} ({note.change}): {one_line(note.text)}"


def _by_severity(rows: Iterable[ApiChange]) -> str:
    numbers = Counter(row.severity for row in rows)
    return ", ".join(f"{numbers[one]} {words}" for one, words in _SEVERITIES.items())


def _by_effect(rows: Iterable[DataEffect]) -> str:
    numbers = Counter(row.effect for row in rows)
    return ", ".join(f"{numbers[one]} {words}" for one, (words, _) in _EFFECTS.items())


def _by_section(notes: Iterable[Note]) -> str:
    numbers = Counter(note.section for note in notes)
    return ", ".join(f"{number} {section}" for section, number in numbers.items())


def _short(text: str) -> str:
    line = one_line(text)
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"
