"""`pinner diff`, first storey: which modules come, go and move between two locks, and by which commits."""

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import StrEnum

from pinner.git.history import Commit, count_between, list_commits
from pinner.git.mirrors import Mirror, SyncFailure
from pinner.git.objects import has_commits
from pinner.operations.sides import Side
from pinner.operations.workspace import Workspace
from pinner.puppet.versions import parse_version
from pinner.words.pins import ForgePin, GitPin, Pin
from pinner.words.problems import Problem


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
class Rewording:
    """Something beside the code that changed: `key` is want, ref, status, git, install_path or source."""

    key: str
    before: str | None
    after: str | None

    def __str__(self) -> str:
        return f"{self.key}: {self.before or 'none'} -> {self.after or 'none'}"


@dataclass(frozen=True, slots=True)
class ModuleChange:
    """One module on both sides; a side without it is None.

    `ahead` counts the commits that only the new side has, `behind` those that only the old side has; None where no
    repository at hand knows both commits. `commits` are the ones ahead, newest first, merges left out. `rewordings`
    say what else changed: the selector, the ref, the status, the repository, the place.
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


def compare(before: Side, after: Side, workspace: Workspace) -> Comparison:
    """Return what changes from one lock to the other; a remote is only asked for commits the cache lacks."""
    names = sorted(before.lock.pins.keys() | after.lock.pins.keys())
    pairs = [(name, before.lock.pins.get(name), after.lock.pins.get(name)) for name in names]
    mirrors = _mirrors([moved for _, old, new in pairs if (moved := _moved(old, new))], workspace)
    problems = [Problem(f.message, hint=f.hint) for f in mirrors.values() if isinstance(f, SyncFailure)]
    with ThreadPoolExecutor(max_workers=workspace.settings.jobs) as pool:
        modules = tuple(pool.map(lambda pair: _compare(*pair, mirrors=mirrors), pairs))
    return Comparison(before, after, modules, tuple(problems))


def _moved(before: Pin | None, after: Pin | None) -> tuple[GitPin, GitPin] | None:
    if isinstance(before, GitPin) and isinstance(after, GitPin) and before.commit != after.commit:
        return before, after
    return None


def _mirrors(
    moves: Iterable[tuple[GitPin, GitPin]], workspace: Workspace
) -> Mapping[str, Mirror | SyncFailure]:
    commits: dict[str, set[str]] = {}
    for pins in moves:
        for pin in pins:
            commits.setdefault(pin.git, set()).add(pin.commit)
    cached = {url: workspace.mirrors.open(url) for url in commits}
    ready = {url: mirror for url, mirror in cached.items() if mirror and _has_all(mirror, commits[url])}
    missing = sorted(commits.keys() - ready.keys())
    if workspace.is_offline:
        return {**ready, **{url: workspace.mirrors.open_or_fail(url) for url in missing}}
    return {**ready, **workspace.mirrors.sync(missing)}


def _has_all(mirror: Mirror, commits: set[str]) -> bool:
    return commits <= set(has_commits(mirror, commits))


def _compare(
    name: str, before: Pin | None, after: Pin | None, *, mirrors: Mapping[str, Mirror | SyncFailure]
) -> ModuleChange:
    if before is None or after is None:
        return ModuleChange(name, Change.ADDED if before is None else Change.REMOVED, before, after)
    rewordings = tuple(_rewordings(before, after))
    moved = _moved(before, after)
    if moved is None:
        change = Change.SAME if _code(before) == _code(after) else Change.MOVED
        return ModuleChange(name, change, before, after, rewordings=rewordings)
    for url in (moved[1].git, moved[0].git):
        mirror = mirrors.get(url)
        if isinstance(mirror, Mirror) and _has_all(mirror, {moved[0].commit, moved[1].commit}):
            return _located(name, *moved, mirror=mirror, rewordings=rewordings)
    return ModuleChange(name, Change.MOVED, before, after, rewordings=rewordings)


def _located(
    name: str, before: GitPin, after: GitPin, *, mirror: Mirror, rewordings: tuple[Rewording, ...]
) -> ModuleChange:
    counts = count_between(mirror, before.commit, after.commit)
    behind, ahead = counts or (None, None)
    commits = tuple(
        commit for commit in list_commits(mirror, before.commit, after.commit) if not commit.is_merge
    )
    direction = _direction(before, after, ahead or 0, behind or 0)
    return ModuleChange(name, Change.MOVED, before, after, ahead, behind, direction, commits, rewordings)


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


def _rewordings(before: Pin, after: Pin) -> Iterable[Rewording]:
    return (Rewording(key, old, new) for key, old, new in _facets(before, after) if old != new)


def _facets(before: Pin, after: Pin) -> Iterable[tuple[str, str | None, str | None]]:
    yield "install_path", before.install_path, after.install_path
    if isinstance(before, GitPin) and isinstance(after, GitPin):
        yield "git", before.git, after.git
        yield "want", _words(before), _words(after)
        yield "ref", before.ref, after.ref
        yield "status", before.status, after.status
    else:
        yield "source", _source(before), _source(after)


def _words(pin: GitPin) -> str:
    return ", ".join(f"{key} {value}" for key, value in pin.want.as_mapping().items())


def _source(pin: Pin) -> str:
    return f"forge {pin.forge} {pin.version}" if isinstance(pin, ForgePin) else f"git {pin.git}"
