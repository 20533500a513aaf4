"""One module of a comparison as the page shows it: its changes by class, the data they touch, notes and commits."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pinner.report.as_json import Json
from pinner.report.html_words import state_of
from pinner.words.changes import Severity

_OF_EFFECT = {
    "breaks": Severity.BREAKS,
    "type": Severity.BEHAVIOUR,
    "ignored": Severity.BEHAVIOUR,
    "deprecated": Severity.LATER,
}

_URGENT = frozenset({"security", "critical"})

Name = tuple[str, str | None]
"""A definition, and one of its parameters or None for the whole."""


@dataclass(frozen=True, slots=True)
class ApiRow:
    """One change of a class or parameter.

    `when` says in which releases it was announced and came, `note` is the release note that explains it.
    """

    severity: str
    what: str
    definition: str
    parameter: str | None
    old: str | None
    new: str | None
    hint: str | None
    when: str | None
    note: str | None
    is_mine: bool

    @property
    def key(self) -> str:
        """Return the hiera key that the change is about, or the definition."""
        return f"{self.definition}::{self.parameter}" if self.parameter else self.definition


@dataclass(frozen=True, slots=True)
class Group:
    """All changes of one definition."""

    definition: str
    rows: tuple[ApiRow, ...]


@dataclass(frozen=True, slots=True)
class HieraRow:
    """One place of the operator's data, and what the change does to it."""

    severity: str
    effect: str
    key: str
    place: str
    hint: str | None

    @property
    def definition(self) -> str:
        """Return the class or type that the key names."""
        return self.key.rpartition("::")[0]


@dataclass(frozen=True, slots=True)
class NoteView:
    """One release note; `text` has its line breaks."""

    section: str
    text: str
    is_urgent: bool


@dataclass(frozen=True, slots=True)
class CommitRow:
    """One commit; `remark` tells of the bugs it closes, and whether it mends a hole."""

    id: str
    subject: str
    remark: str


@dataclass(frozen=True, slots=True)
class ModuleView:
    """What the page says of one module; `counts` are its changes by severity, the worst first, none of zero."""

    name: str
    headline: str
    facts: tuple[str, ...]
    groups: tuple[Group, ...]
    hiera: tuple[HieraRow, ...]
    notes: tuple[NoteView, ...]
    commits: tuple[CommitRow, ...]
    anchor: str

    @property
    def counts(self) -> tuple[tuple[str, int], ...]:
        """Return the number of changes of each severity."""
        numbers = Counter(row.severity for group in self.groups for row in group.rows)
        return tuple((severity, numbers[severity]) for severity in Severity if numbers[severity])


def module_of(module: Json, when: Mapping[Name, str]) -> ModuleView:
    """Return the view of one entry of `modules` in the JSON document; `when` tells of milestones."""
    hiera = tuple(_hiera_row(row) for row in module["hiera"])
    return ModuleView(
        name=module["name"],
        headline=_headline(module),
        facts=tuple(_facts(module)),
        groups=_groups(module["api"], {row.key for row in hiera}, when),
        hiera=hiera,
        notes=tuple(_note(note) for note in module["notes"]),
        commits=tuple(_commit(row) for row in module["commits"]),
        anchor=f"m-{module['name']}",
    )


def _headline(module: Json) -> str:
    if module["from"] is None:
        return f"added at {state_of(module['to'])}"
    if module["to"] is None:
        return f"removed, was {state_of(module['from'])}"
    if module["change"] == "same":
        return f"same code, {state_of(module['to'])}"
    direction = f" {module['direction']}" if module["direction"] else ""
    return f"moved{direction}: {state_of(module['from'])} → {state_of(module['to'])}"


def _facts(module: Json) -> Iterable[str]:
    if module["formerly"]:
        yield f"called {module['formerly']} before"
    if module["change"] == "moved" and module["ahead"] is None:
        yield "how many commits lie between could not be found out"
    elif module["change"] == "moved":
        yield f"{module['ahead']} commits ahead, {module['behind']} left behind"
    yield from (f"{row['key']}: {row['from'] or 'none'} → {row['to'] or 'none'}" for row in module["also"])
    yield from (f"{row['path']} could not be read: {row['reason']}" for row in module["unreadable"])


def _groups(rows: Iterable[Json], mine: set[str], when: Mapping[Name, str]) -> tuple[Group, ...]:
    """Return the changes by definition: classes first, then types, whose names begin with a capital."""
    found: dict[str, list[ApiRow]] = {}
    for row in rows:
        found.setdefault(row["definition"], []).append(_api_row(row, mine, when))
    return tuple(Group(definition, tuple(some)) for definition, some in sorted(found.items(), key=_order))


def _order(item: tuple[str, list[ApiRow]]) -> tuple[bool, str]:
    return item[0][:1].isupper(), item[0]


def _api_row(row: Json, mine: set[str], when: Mapping[Name, str]) -> ApiRow:
    key = f"{row['definition']}::{row['parameter']}"
    return ApiRow(
        severity=row["severity"],
        what=row["kind"].replace("-", " "),
        definition=row["definition"],
        parameter=row["parameter"],
        old=row["old"],
        new=row["new"],
        hint=row["hint"],
        when=when.get((row["definition"], row["parameter"])),
        note=row["note"],
        is_mine=key in mine,
    )


def _note(note: Json) -> NoteView:
    section = note["section"] if note["change"] == "new" else f"{note['section']} ({note['change']})"
    return NoteView(section, note["text"].strip(), note["section"] in _URGENT)


def _commit(row: Json) -> CommitRow:
    remarks = [f"closes {', '.join(f'#{bug}' for bug in row['bugs'])}"] if row["bugs"] else []
    remarks += ["security"] if row["security"] else []
    return CommitRow(row["commit"], row["subject"], ", ".join(remarks))


def _hiera_row(row: Json) -> HieraRow:
    place = f"{row['path']}:{row['line']}" if row["line"] else row["path"]
    return HieraRow(
        _OF_EFFECT.get(row["effect"], Severity.INFO), row["effect"], row["key"], place, row["hint"]
    )
