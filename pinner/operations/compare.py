"""`pinner diff`: which modules come, go and move between two locks, by which commits, and what lies behind that."""

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from enum import StrEnum

from pinner.git.history import Commit, count_between, list_commits
from pinner.git.messages import read_messages
from pinner.git.mirrors import Mirror, SyncFailure
from pinner.openstack.trailers import read_trailers
from pinner.operations.cached import Holding, hold_commits
from pinner.operations.details.explaining import explain_by_notes
from pinner.operations.details.reading import Details, read_details
from pinner.operations.details.shift import Shift
from pinner.operations.material import NOTHING, Material
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


def compare(before: Side, after: Side, workspace: Workspace, material: Material = NOTHING) -> Comparison:
    """Return what changes from one lock to the other, and what that does to `material`.

    A remote is only asked for commits the cache lacks.
    """
    names = sorted(before.lock.pins.keys() | after.lock.pins.keys())
    pairs = [(name, before.lock.pins.get(name), after.lock.pins.get(name)) for name in names]
    former = _former_names(before.lock, after.lock)
    moves = {name: moved for name, old, new in pairs if (moved := _moved(old, new))}
    moves |= {
        new: moved
        for new, old in former.items()
        if (moved := _moved(before.lock.pins[old], after.lock.pins[new]))
    }
    holdings = _holdings(moves.values(), workspace)
    failures = [one.mirror for one in holdings.values() if isinstance(one.mirror, SyncFailure)]
    with ThreadPoolExecutor(max_workers=workspace.settings.jobs) as pool:
        modules = tuple(pool.map(lambda pair: _compare(*pair, holdings=holdings), pairs))
    shifts = tuple(_shifts(moves, holdings))
    details = read_details(shifts, (before.lock, after.lock), former, workspace, material)
    return Comparison(
        before,
        after,
        tuple(_detailed(change, details.of.get(change.name), former.get(change.name)) for change in modules),
        (*(Problem(failure.message, hint=failure.hint) for failure in failures), *details.problems),
    )


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


def _holdings(moves: Iterable[tuple[GitPin, GitPin]], workspace: Workspace) -> Mapping[str, Holding]:
    commits: dict[str, set[str]] = {}
    for pin in (pin for pins in moves for pin in pins):
        commits.setdefault(pin.git, set()).add(pin.commit)
    return hold_commits(commits, workspace)


def _compare(
    name: str, before: Pin | None, after: Pin | None, *, holdings: Mapping[str, Holding]
) -> ModuleChange:
    if before is None or after is None:
        return ModuleChange(name, Change.ADDED if before is None else Change.REMOVED, before, after)
    reworded = tuple(rewordings(before, after))
    moved = _moved(before, after)
    if moved is None:
        change = Change.SAME if _code(before) == _code(after) else Change.MOVED
        return ModuleChange(name, change, before, after, rewordings=reworded)
    for url in (moved[1].git, moved[0].git):
        mirror = holdings[url].with_commits(moved[0].commit, moved[1].commit)
        if mirror:
            return _located(name, *moved, mirror=mirror, reworded=reworded)
    return ModuleChange(name, Change.MOVED, before, after, rewordings=reworded)


def _located(
    name: str, before: GitPin, after: GitPin, *, mirror: Mirror, reworded: tuple[Rewording, ...]
) -> ModuleChange:
    counts = count_between(mirror, before.commit, after.commit)
    behind, ahead = counts or (None, None)
    commits = tuple(
        commit for commit in list_commits(mirror, before.commit, after.commit) if not commit.is_merge
    )
    messages = read_messages(mirror, before.commit, after.commit)
    return ModuleChange(
        name=name,
        change=Change.MOVED,
        before=before,
        after=after,
        ahead=ahead,
        behind=behind,
        direction=_direction(before, after, ahead or 0, behind or 0),
        commits=commits,
        trailers={commit.id: read_trailers(messages.get(commit.id, "")) for commit in commits},
        rewordings=reworded,
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


def _shifts(moves: Mapping[str, tuple[GitPin, GitPin]], holdings: Mapping[str, Holding]) -> Iterator[Shift]:
    """Yield the moves of Puppet modules of which both commits are at hand."""
    for name, (before, after) in moves.items():
        old = holdings[before.git].with_commits(before.commit)
        new = holdings[after.git].with_commits(after.commit)
        if before.is_module and after.is_module and old and new:
            yield Shift(name, old, before.commit, new, after.commit)


def _detailed(change: ModuleChange, details: Details | None, formerly: str | None) -> ModuleChange:
    found = details or Details()
    return replace(
        change,
        formerly=formerly,
        api=found.api,
        unreadable=found.unreadable,
        notes=found.notes,
        explained=explain_by_notes(found.api, found.notes),
        hiera=found.hiera,
    )
