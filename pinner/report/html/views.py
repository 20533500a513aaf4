"""What the templates of the review page compute from values of model/: tasks, groups and counts of changes, links."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from pinner.model.comparison import (
    ChangeKind,
    DataEffect,
    Effect,
    Leg,
    ModuleChange,
    NoteChange,
    ReleaseNote,
    Stage,
    Step,
)
from pinner.model.errors import Location
from pinner.model.lock import GitPin, Pin
from pinner.model.module_api import ApiChange, Severity
from pinner.report.changes import effect_hint, effect_summary, pages_of
from pinner.report.links import web_pages
from pinner.report.words import count

EFFECT_SEVERITIES: Mapping[Effect, Severity] = {
    Effect.BREAKS: Severity.BREAKS,
    Effect.IGNORED: Severity.BEHAVIOUR,
    Effect.TYPE: Severity.BEHAVIOUR,
    Effect.DEPRECATED: Severity.LATER,
}
"""The severity by which the page's filter shows an effect on the operator data."""

_URGENT = frozenset({"security", "critical"})
_TO_READ = frozenset({"security", "critical", "upgrade", "issues"})
# Steps that the page shows by themselves: defaults as a table, notes as quotations.
_SHOWN_APART = frozenset({"defaults-changed", "notes", "no-data"})


@dataclass(frozen=True, slots=True)
class Task:
    """One entry of a checklist; `id` is the same in every page that has the same entry, `name` the key concerned."""

    id: str
    name: str | None
    text: str
    module: str | None
    severity: Severity
    word: str
    places: tuple[Location, ...]
    old: str | None
    new: str | None
    hint: str | None
    is_missing: bool = False


def step_tasks(steps: Iterable[Step]) -> list[Task]:
    """Return the entries of steps of a plan, without those that the page shows apart."""
    tasks = []
    for step in steps:
        effect = step.kind.partition("-")[2]
        is_effect = step.kind.startswith(("data-", "code-")) and effect in set(Effect)
        severity = EFFECT_SEVERITIES[Effect(effect)] if is_effect else Severity.INFO
        task = Task(
            _id(step.stage, step.kind, step.module, step.key or step.text),
            None,
            step.text,
            step.module,
            Severity.BREAKS if step.stage is Stage.BEFORE else severity,
            _WORDS.get(step.stage, "review"),
            step.places,
            step.edit.old if step.edit else None,
            step.edit.new if step.edit else None,
            step.hint,
            step.is_missing,
        )
        tasks += [task] if step.kind not in _SHOWN_APART else []
    return tasks


_WORDS = {
    Stage.BEFORE: "required",
    Stage.MANIFEST: "manifest",
    Stage.AFTER: "later",
    Stage.MODULES: "modules",
    Stage.THIRD_PARTY: "third-party",
}


def effect_tasks(effects: Iterable[DataEffect]) -> list[Task]:
    """Return the entries of effects on the operator's data and code."""
    return [
        Task(
            _id(effect.effect, effect.module, effect.key),
            effect.key,
            effect_summary(effect),
            effect.module,
            EFFECT_SEVERITIES[effect.effect],
            {Effect.BREAKS: "required", Effect.IGNORED: "no effect", Effect.TYPE: "review"}.get(
                effect.effect, "later"
            ),
            effect.places,
            effect.key if effect.replacement else None,
            effect.replacement,
            effect_hint(effect) or None,
            effect.is_missing,
        )
        for effect in effects
    ]


def _id(*parts: str | None) -> str:
    return hashlib.sha256("\0".join(part or "" for part in parts).encode(errors="replace")).hexdigest()[:8]


@dataclass(frozen=True, slots=True)
class Agenda:
    """What a reader of the page does: `must` before the change, `decide` about, `later` at any time."""

    title: str
    must: list[Task]
    decide: list[Task]
    later: list[Task]


def agenda_of_effects(effects: Iterable[DataEffect]) -> Agenda:
    """Return the agenda of a comparison."""
    rows = tuple(effects)
    return Agenda(
        "",
        effect_tasks(row for row in rows if row.effect in {Effect.BREAKS, Effect.IGNORED}),
        effect_tasks(row for row in rows if row.effect is Effect.TYPE),
        effect_tasks(row for row in rows if row.effect is Effect.DEPRECATED),
    )


def agenda_of_leg(leg: Leg) -> Agenda:
    """Return the agenda of an upgrade, or of one release of it."""
    must = (*leg.steps(Stage.BEFORE), *leg.steps(Stage.MANIFEST))
    decide = (*leg.steps(Stage.LOOK), *leg.steps(Stage.MODULES), *leg.steps(Stage.THIRD_PARTY))
    return Agenda(
        f"{leg.start} → {leg.target}",
        step_tasks(must),
        step_tasks(decide),
        step_tasks(leg.steps(Stage.AFTER)),
    )


def files_in(places: Iterable[Location]) -> str:
    """Return in how many files places are, as words."""
    rows = tuple(places)
    files = len({place.path for place in rows})
    return f"in {count(files, 'file')}" if files > 1 else f"in {count(len(rows), 'place')}"


def most_affected(modules: Iterable[ModuleChange]) -> list[ModuleChange]:
    """Return the modules, those first whose changes affect the operator most."""

    def weight(change: ModuleChange) -> tuple[int, ...]:
        effects = Counter(effect.effect for effect in change.hiera)
        rows = Counter(row.severity for row in change.api)
        mine = [-effects[effect] for effect in Effect]
        return (*mine, -len(change.applying), *(-rows[severity] for severity in Severity))

    return sorted(modules, key=lambda change: (*weight(change), change.name))


def heat(severity: Severity | str, number: int) -> str:
    """Return the classes of a cell: its severity, and how strong its colour is."""
    if not number:
        return "number"
    strength = sum(number >= limit for limit in (1, 5, 20))
    return f"number heat {severity} s{strength}"


def applying(change: ModuleChange) -> list[ApiChange]:
    """Return the changed defaults that the operator uses, in the order of the module's changes."""
    return [row for row in change.api if row in change.applying]


def notes_to_read(change: ModuleChange, *, is_urgent: bool) -> list[ReleaseNote]:
    """Return the notes on security, or those on upgrades and known issues."""
    return [
        note
        for note in change.notes
        if note.section in _TO_READ
        and note.change is not NoteChange.REMOVED
        and (note.section in _URGENT) is is_urgent
    ]


def comparison_address(change: ModuleChange) -> str | None:
    """Return the address of a module's commits between both sides."""
    old, new, pages = change.before, change.after, pages_of(change)
    if pages is None or not isinstance(old, GitPin) or not isinstance(new, GitPin) or old.git != new.git:
        return None
    return pages.comparison(old.commit, new.commit)


def commit_address(change: ModuleChange, commit: str) -> str | None:
    """Return the address of a commit of a module."""
    pages = pages_of(change)
    return pages.commit(commit) if pages else None


def pin_address(pin: Pin | None) -> str | None:
    """Return the address of a pin's commit."""
    pages = web_pages(pin.git) if isinstance(pin, GitPin) else None
    return pages.commit(pin.commit) if pages and isinstance(pin, GitPin) else None


def note_address(change: ModuleChange, note: ReleaseNote) -> str | None:
    """Return the address of the file of a release note at the side that has it."""
    pin = change.before if note.change is NoteChange.REMOVED else change.after
    pages = pages_of(change)
    return pages.file(pin.commit, note.path) if pages and isinstance(pin, GitPin) else None


def row_address(change: ModuleChange, row: ApiChange) -> str | None:
    """Return the address of the line that a change of the API is about, at the side that has it."""
    pages = pages_of(change)
    pin = change.before if row.new is None and row.old is not None else change.after
    address = pages.file(pin.commit, row.path) if pages and row.path and isinstance(pin, GitPin) else None
    return f"{address}#L{row.line}" if address and row.line else address


def newest_date(change: ModuleChange) -> date | None:
    """Return the date of the newest commit between both sides."""
    return max((commit.committed_at.date() for commit in change.commits), default=None)


def summary(modules: Iterable[ModuleChange]) -> str:
    """Return how many modules and commits the comparison has, as words."""
    modules = tuple(modules)
    commits = sum(len(change.commits) for change in modules)
    return f"{count(len(modules), 'module')}, {count(commits, 'commit')} (without merges)"


def by_severity(modules: Iterable[ModuleChange]) -> list[tuple[Severity, int]]:
    """Return the number of API changes of each severity, the most severe first, with zeros."""
    numbers = Counter(row.severity for change in modules for row in change.api)
    return [(severity, numbers[severity]) for severity in Severity]


def by_definition(rows: Iterable[ApiChange]) -> list[tuple[str, list[ApiChange]]]:
    """Return the changes by definition: classes first, then types, whose names start with a capital."""
    found: dict[str, list[ApiChange]] = {}
    for row in rows:
        found.setdefault(row.definition, []).append(row)
    return sorted(found.items(), key=lambda item: (item[0][:1].isupper(), item[0]))


def affects_data(row: ApiChange, change: ModuleChange) -> bool:
    """Return whether an API change affects a key of the operator data."""
    return row.name in {effect.key for effect in change.hiera}


def definitions_in(modules: Iterable[ModuleChange]) -> list[str]:
    """Return every definition that changes, sorted."""
    return sorted({row.definition for change in modules for row in change.api})


def keys_in(modules: Iterable[ModuleChange]) -> list[str]:
    """Return every affected key of the operator data, sorted."""
    return sorted({row.key for change in modules for row in change.hiera})


def note_label(note: ReleaseNote) -> tuple[str, bool]:
    """Return the section of a note, with what happened to it unless it is new, and whether it is urgent."""
    section = note.section if note.change is NoteChange.NEW else f"{note.section} ({note.change})"
    return section, note.section in _URGENT


def distance(change: ModuleChange) -> str:
    """Return the short text for how far a module moved: `+12 -1`."""
    if change.change in {ChangeKind.ADDED, ChangeKind.REMOVED}:
        return change.change.value
    if change.change is ChangeKind.SAME:
        return "0"
    if change.ahead is None or change.behind is None:
        return "?"
    behind = f" -{change.behind}" if change.behind else ""
    return f"+{change.ahead}{behind}"
