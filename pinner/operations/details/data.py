"""What the moves of all modules do to the operator's data and code."""

from collections.abc import Iterable

from pinner.operations.material import Material
from pinner.operations.pinned_apis import read_pinned_apis
from pinner.operations.workspace import Workspace
from pinner.puppet.usage.codebase import make_codebase
from pinner.puppet.usage.effects import Move, effects_on
from pinner.words.changes import ApiChange
from pinner.words.effects import DataEffect
from pinner.words.pins import Lock
from pinner.words.problems import Problem


def read_effects(
    material: Material, locks: tuple[Lock, Lock], changes: Iterable[ApiChange], workspace: Workspace
) -> tuple[tuple[DataEffect, ...], tuple[Problem, ...]]:
    """Return what happens to each place, in its order, and what could not be found out.

    Both sides are read whole: a value's type may lie in a module that does not move.
    """
    before, after = (read_pinned_apis(lock, workspace) for lock in locks)
    old, new = (make_codebase(side.apis, material.definitions) for side in (before, after))
    move = Move(old, new, tuple(changes), material.options())
    effects = tuple(effects_on(material.uses(old), move))
    return effects, tuple(dict.fromkeys((*material.problems, *before.problems, *after.problems)))
