"""`pinner diff`: which modules come, go and move between two locks, by which commits, and what lies behind that."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from pinner.git.history import Commit
from pinner.operations.details.explaining import explain_by_notes
from pinner.operations.details.passage import History, Move, Passage
from pinner.operations.details.passages import read_passages
from pinner.operations.rewordings import Rewording, rewordings
from pinner.operations.sides import Side
from pinner.operations.workspace import Workspace
from pinner.project.quoting import near, quote
from pinner.puppet.versions import parse_version
from pinner.words.api import Unreadable
from pinner.words.changes import ApiChange
from pinner.words.effects import DataEffect
from pinner.words.notes import Note, Trailers, UnreadNote
from pinner.words.pins import ForgePin, GitPin, Lock, Pin
from pinner.words.problems import InputError, Problem

if TYPE_CHECKING:
    from pinner.operations.material import Material


class Change(StrEnum):
    """What happened to a module between two locks; `same` is the same code, whatever was asked for."""

    ADDED = "added"
    REMOVED = "removed"
    MOVED = "moved"
    SAME = "same"


class Direction(StrEnum):
    """Where a module moved: forward in its history, back, or to another line of it."""

    UP = "up"
    DOWN = "down"
    SIDEWAYS = "sideways"


@dataclass(frozen=True, slots=True)
class ModuleChange:
    """One module on both sides; a side without it is None.

    `ahead` counts the commits that only the new side has, `behind` those that only the old side has; None where no
    repository at hand knows both commits. `commits` are the ones ahead, newest first, merges left out. `rewordings`
    say what else changed: the selector, the ref, the status, the repository, the place. `trailers` tell what the
    commits say beside their subjects, by id.

    `formerly` is the name that a module from the same repository had before: quantum, for neutron. `api` are the
    changes of its API, `unreadable` its changed files that cannot be read; `notes` its release notes, security first, and
    `explained` which of them speaks of which change; `hiera` what all that does to the operator's data and code.
    """

    name: str
    change: Change
    before: Pin | None
    after: Pin | None
    ahead: int | None = None
    behind: int | None = None
    direction: Direction | None = None
    commits: tuple[Commit, ...] = ()
    rewordings: tuple[Rewording, ...] = ()
    trailers: Mapping[str, Trailers] = field(default_factory=dict)
    formerly: str | None = None
    api: tuple[ApiChange, ...] = ()
    unreadable: tuple[Unreadable | UnreadNote, ...] = ()
    notes: tuple[Note, ...] = ()
    explained: Mapping[ApiChange, Note] = field(default_factory=dict)
    hiera: tuple[DataEffect, ...] = ()

    @property
    def commits_by_weight(self) -> tuple[Commit, ...]:
        """Return the commits, those that fix a hole before the others."""
        return tuple(sorted(self.commits, key=self._is_ordinary))

    def _is_ordinary(self, commit: Commit) -> bool:
        trailers = self.trailers.get(commit.id)
        return trailers is None or not trailers.is_security


@dataclass(frozen=True, slots=True)
class Comparison:
    """All modules of two locks, by name; `problems` say what could not be found out."""

    before: Side
    after: Side
    modules: tuple[ModuleChange, ...]
    problems: tuple[Problem, ...] = field(default=())

    @property
    def is_same(self) -> bool:
        """Tell whether both sides run the same code at the same places."""
        return self.before.lock.lock_id == self.after.lock.lock_id


def only(result: Comparison, modules: frozenset[str]) -> Comparison:
    """Return the comparison of those modules alone (none: of all); raises InputError for one that neither side has."""
    names = [change.name for change in result.modules]
    unknown = sorted(modules.difference(names))
    if unknown:
        raise InputError(
            Problem(f"neither side has a module {quote(name)}", hint=near(name, names)) for name in unknown
        )
    chosen = tuple(change for change in result.modules if change.name in modules or not modules)
    return replace(result, modules=chosen)


def compare(
    before: Side, after: Side, workspace: Workspace, material: "Material | None" = None
) -> Comparison:
    """Return what changes from one lock to the other, and what that does to `material`.

    A remote is only asked for commits the cache lacks.
    """
    names = sorted(before.lock.pins.keys() | after.lock.pins.keys())
    pairs = [(name, before.lock.pins.get(name), after.lock.pins.get(name)) for name in names]
    former = _former_names(before.lock, after.lock)
    passages = read_passages(_moves(pairs, before.lock, after.lock, former), workspace)
    changes = (change for passage in passages.of.values() for change in passage.api)
    effects, problems = _effects(material, (before.lock, after.lock), changes, workspace)
    found = _by_module(effects, former)
    return Comparison(
        before,
        after,
        tuple(
            _compare(
                name,
                old,
                new,
                passage=passages.of.get(name, Passage()),
                formerly=former.get(name),
                effects=found.get(name, ()),
            )
            for name, old, new in pairs
        ),
        (*(Problem(failure.message, hint=failure.hint) for failure in passages.failures), *problems),
    )


def _effects(
    material: "Material | None", locks: tuple[Lock, Lock], changes: Iterable[ApiChange], workspace: Workspace
) -> tuple[tuple[DataEffect, ...], tuple[Problem, ...]]:
    """Return nothing where there is no data: the modules' whole APIs need not be read for that."""
    if material is None or material.is_empty:
        return (), ()
    from pinner.operations.details.data import read_effects  # noqa: PLC0415 - most comparisons have no data

    return read_effects(material, locks, changes, workspace)


def _by_module(
    effects: Iterable[DataEffect], former: Mapping[str, str]
) -> Mapping[str, tuple[DataEffect, ...]]:
    """Return module to effects, under the name that it has after the move; `former` maps new names to old ones."""
    renamed = {old: new for new, old in former.items()}
    found: dict[str, list[DataEffect]] = {}
    for effect in effects:
        found.setdefault(renamed.get(effect.module, effect.module), []).append(effect)
    return {name: tuple(some) for name, some in found.items()}


def _moves(
    pairs: Iterable[tuple[str, Pin | None, Pin | None]], before: Lock, after: Lock, former: Mapping[str, str]
) -> Mapping[str, Move]:
    moves = {name: moved for name, old, new in pairs if (moved := _moved(old, new))}
    renamed = {
        new: moved for new, old in former.items() if (moved := _moved(before.pins[old], after.pins[new]))
    }
    return moves | renamed


def _moved(before: Pin | None, after: Pin | None) -> tuple[GitPin, GitPin] | None:
    if isinstance(before, GitPin) and isinstance(after, GitPin) and before.commit != after.commit:
        return before, after
    return None


def _former_names(before: Lock, after: Lock) -> Mapping[str, str]:
    """Return new name to old name of each module that goes while one from the same repository comes."""
    gone = {
        pin.git: name
        for name, pin in before.pins.items()
        if isinstance(pin, GitPin) and name not in after.pins
    }
    come = {
        pin.git: name
        for name, pin in after.pins.items()
        if isinstance(pin, GitPin) and name not in before.pins
    }
    return {name: gone[git] for git, name in come.items() if git in gone}


def _compare(
    name: str,
    before: Pin | None,
    after: Pin | None,
    *,
    passage: Passage,
    formerly: str | None,
    effects: tuple[DataEffect, ...],
) -> ModuleChange:
    change = ModuleChange(
        name=name,
        change=_change(before, after),
        before=before,
        after=after,
        rewordings=tuple(rewordings(before, after)) if before and after else (),
        formerly=formerly,
        api=passage.api,
        unreadable=passage.unreadable,
        notes=passage.notes,
        explained=explain_by_notes(passage.api, passage.notes),
        hiera=effects,
    )
    moved = _moved(before, after)
    return _located(change, *moved, passage.history) if moved and passage.history else change


def _change(before: Pin | None, after: Pin | None) -> Change:
    if before is None or after is None:
        return Change.ADDED if before is None else Change.REMOVED
    return Change.SAME if _code(before) == _code(after) else Change.MOVED


def _located(change: ModuleChange, before: GitPin, after: GitPin, history: History) -> ModuleChange:
    return replace(
        change,
        ahead=history.ahead,
        behind=history.behind,
        direction=_direction(before, after, history.ahead, history.behind),
        commits=history.commits,
        trailers=history.trailers,
    )


def _direction(before: GitPin, after: GitPin, ahead: int, behind: int) -> Direction:
    """One line of history decides by itself; release branches fork, there the version tells."""
    if not (ahead and behind):
        return Direction.UP if ahead else Direction.DOWN
    old, new = parse_version(before.version or ""), parse_version(after.version or "")
    if old is None or new is None or old == new:
        return Direction.SIDEWAYS
    return Direction.UP if new > old else Direction.DOWN


def _code(pin: Pin) -> tuple[str, str, str]:
    if isinstance(pin, ForgePin):
        return pin.install_path, pin.forge, pin.version
    return pin.install_path, pin.git, pin.commit
