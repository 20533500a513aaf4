"""Everything that lies behind a comparison's moves, read for all modules together."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from pinner.operations.details.api_changes import read_api_changes
from pinner.operations.details.data import read_effects
from pinner.operations.details.notes import read_note_changes
from pinner.operations.details.shift import Shift
from pinner.operations.material import Material
from pinner.operations.workspace import Workspace
from pinner.words.api import Unreadable
from pinner.words.changes import ApiChange
from pinner.words.effects import DataEffect
from pinner.words.notes import Note, UnreadNote
from pinner.words.pins import Lock
from pinner.words.problems import Problem


@dataclass(frozen=True, slots=True)
class Details:
    """What lies behind the move of one module; `unreadable` names changed files that are not accounted for."""

    api: tuple[ApiChange, ...] = ()
    unreadable: tuple[Unreadable | UnreadNote, ...] = ()
    notes: tuple[Note, ...] = ()
    hiera: tuple[DataEffect, ...] = ()


@dataclass(frozen=True, slots=True)
class AllDetails:
    """Module name to details, and what could not be found out."""

    of: Mapping[str, Details]
    problems: tuple[Problem, ...] = ()


def read_details(
    shifts: Iterable[Shift],
    locks: tuple[Lock, Lock],
    former: Mapping[str, str],
    workspace: Workspace,
    material: Material,
) -> AllDetails:
    """Return the details of each move, and of each module that the operator's data name.

    `former` maps a module's new name to its old one.
    """
    wanted = tuple(shifts)
    memory, jobs = workspace.memory, workspace.settings.jobs
    apis = read_api_changes(wanted, memory=memory, jobs=jobs)
    notes = read_note_changes(wanted, memory=memory, jobs=jobs)
    found = {
        shift.name: Details(
            apis[shift.name].changes,
            (*apis[shift.name].unreadable, *notes[shift.name].unread),
            notes[shift.name].notes,
        )
        for shift in wanted
    }
    if material.is_empty:
        return AllDetails(found)
    changes = (change for details in found.values() for change in details.api)
    effects, problems = read_effects(material, locks, changes, workspace)
    return AllDetails(_with_effects(found, effects, former), problems)


def _with_effects(
    found: Mapping[str, Details], effects: Iterable[DataEffect], former: Mapping[str, str]
) -> Mapping[str, Details]:
    """Put each effect to its module, under the name that the module has after the move."""
    renamed = {old: new for new, old in former.items()}
    by_module: dict[str, list[DataEffect]] = {}
    for effect in effects:
        by_module.setdefault(renamed.get(effect.module, effect.module), []).append(effect)
    names = (*found, *(name for name in by_module if name not in found))
    return {name: replace(found.get(name, Details()), hiera=tuple(by_module.get(name, ()))) for name in names}
