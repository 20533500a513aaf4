"""The steps of a plan that need eyes: what changes silently, or for whoever uses it in ways that no data show."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from pinner.operations.compare import Comparison
from pinner.operations.material import Material
from pinner.operations.upgrade.steps import Stage, Step
from pinner.words.api import Kind
from pinner.words.changes import ApiChange, Change, Severity
from pinner.words.notes import NoteChange

_SHOWN = 6
_TO_READ = frozenset({"security", "critical", "upgrade", "issues"})
_WHOLE_GONE = frozenset({Change.REMOVED, Change.RENAMED})
_INCLUDED = frozenset({Kind.CLASS, Kind.DEFINE, Kind.FUNCTION, Kind.TYPE, Kind.TYPE_ALIAS})


def review_steps(comparison: Comparison, material: Material) -> Iterator[Step]:
    """Yield what no tool can decide: what is gone, or changes silently, beyond what the data themselves say."""
    if material.is_empty:
        yield from _without_data(comparison)
    known = _Known.of(material)
    touched = {effect.key for change in comparison.modules for effect in change.hiera}
    for kind, words, choose in _REVIEWS:
        for change in comparison.modules:
            chosen = (one for one in change.api if choose(one, known))
            names = dict.fromkeys(name for one in chosen if (name := _name(one)) not in touched)
            if names:
                yield Step(Stage.LOOK, kind, f"{change.name}: {words}: {_listed(tuple(names))}", change.name)
    yield from _notes(comparison)


@dataclass(frozen=True, slots=True)
class _Known:
    """What the data and the site code set, and the classes they name; `is_blind` where there are none."""

    keys: frozenset[str]
    owners: frozenset[str]
    is_blind: bool

    @classmethod
    def of(cls, material: Material) -> "_Known":
        keys = {datum.key for file in material.files for datum in file.data if "::" in datum.key}
        uses = [use for site in material.sites for use in site.uses]
        owners = {key.rpartition("::")[0] for key in keys} | {use.owner for use in uses}
        return cls(frozenset(keys | {use.subject for use in uses}), frozenset(owners), material.is_empty)


def _is_gone(one: ApiChange, _known: _Known) -> bool:
    return (
        one.parameter is None and one.of in _INCLUDED and one.change in _WHOLE_GONE and not _goes_along(one)
    )


def _goes_along(one: ApiChange) -> bool:
    """Tell whether something is renamed only because its module is: quantum::x to neutron::x."""
    return one.new is not None and one.new.partition("::")[0] != one.definition.partition("::")[0]


def _needs_value(one: ApiChange, known: _Known) -> bool:
    return one.change is Change.PARAMETER_REQUIRED and _name(one) not in known.keys


def _is_silent(one: ApiChange, known: _Known) -> bool:
    """Tell whether a default changes that counts: of a class that the data name, where they do not set it."""
    is_default = one.change is Change.DEFAULT_CHANGED and one.severity is Severity.BEHAVIOUR
    return is_default and (
        known.is_blind or (one.definition in known.owners and _name(one) not in known.keys)
    )


def _is_unread(one: ApiChange, _known: _Known) -> bool:
    return one.change is Change.UNREADABLE


_REVIEWS: tuple[tuple[str, str, Callable[[ApiChange, _Known], bool]], ...] = (
    ("definitions-gone", "gone or renamed, so that whoever includes it stops", _is_gone),
    ("values-needed", "needs a value now, wherever its class is used", _needs_value),
    ("defaults-changed", "has another default, which counts where you set none", _is_silent),
    ("unreadable", "could not be read on one side", _is_unread),
)


def _without_data(comparison: Comparison) -> Iterator[Step]:
    severities = Counter(one.severity for change in comparison.modules for one in change.api)
    if number := severities[Severity.BREAKS]:
        text = f"no data were given: which of {number} breaking changes touch yours is not known"
        hint = "give --hiera DIR, and --code DIR for site manifests and profiles"
        yield Step(Stage.LOOK, "no-data", text, hint=hint)


def _notes(comparison: Comparison) -> Iterator[Step]:
    numbers = {
        change.name: sum(
            note.section in _TO_READ and note.change is not NoteChange.REMOVED for note in change.notes
        )
        for change in comparison.modules
    }
    told = ", ".join(f"{name} {number}" for name, number in numbers.items() if number)
    if told:
        text = f"release notes on upgrades, security and known issues: {told}"
        yield Step(Stage.LOOK, "notes", text, hint="-m MODULE or --format html shows them")


def _name(change: ApiChange) -> str:
    return f"{change.definition}::{change.parameter}" if change.parameter else change.definition


def _listed(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"{', '.join(names[:_SHOWN])}{more}"
