"""When, on the way over several releases, something was deprecated, and when it went."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from pinner.openstack.series import Series
from pinner.operations.details.passage import Move
from pinner.operations.details.passages import read_passages
from pinner.operations.workspace import Workspace
from pinner.words.changes import ApiChange, Change
from pinner.words.pins import GitPin, Lock

_DEPRECATED = frozenset({Change.DEPRECATED, Change.PARAMETER_DEPRECATED})
GONE = frozenset({Change.REMOVED, Change.PARAMETER_REMOVED, Change.PARAMETER_RENAMED})
TOLD = _DEPRECATED | GONE | {Change.RENAMED}

Name = tuple[str, str | None]
"""A definition, and one of its parameters or None for the whole."""


@dataclass(frozen=True, slots=True)
class Hop:
    """All changes of code that came with one release."""

    release: Series
    changes: Mapping[Name, tuple[ApiChange, ...]]


@dataclass(frozen=True, slots=True)
class Milestone:
    """The releases that deprecated a thing and removed it, None where neither happened on the way.

    `advice` is what the deprecation said; `successor` is the key, or the definition, under which it goes on.
    """

    deprecated: Series | None = None
    removed: Series | None = None
    advice: str | None = None
    successor: str | None = None

    def __str__(self) -> str:
        parts = (("deprecated", self.deprecated), ("gone", self.removed))
        return ", ".join(f"{word} in {release}" for word, release in parts if release)


def hop_of(release: Series, changes: Iterable[ApiChange]) -> Hop:
    """Return the changes that came with a release, by what they are about."""
    found: dict[Name, list[ApiChange]] = {}
    for change in changes:
        found.setdefault((change.definition, change.parameter), []).append(change)
    return Hop(release, {name: tuple(some) for name, some in found.items()})


def read_hops(stations: Sequence[tuple[Series, Lock]], workspace: Workspace) -> tuple[Hop, ...]:
    """Return what changed from each lock to the next, for the modules that both have in the same repository."""
    moved = {release: _moved(before, after) for (_, before), (release, after) in pairwise(stations)}
    moves = {_hop_key(release, name): move for release, some in moved.items() for name, move in some.items()}
    passages = read_passages(moves, workspace).of
    return tuple(
        hop_of(release, (change for name in some for change in passages[_hop_key(release, name)].api))
        for release, some in moved.items()
    )


def _hop_key(release: Series, module: str) -> str:
    """Return what one module's move to a release goes by: all hops are read together, each repository looked at once."""
    return f"{release} {module}"


def _moved(before: Lock, after: Lock) -> Mapping[str, Move]:
    old_by_git = {pin.git: pin for pin in before.pins.values() if isinstance(pin, GitPin)}
    new = (pin for pin in after.pins.values() if isinstance(pin, GitPin) and pin.is_module)
    pairs = ((old_by_git.get(pin.git), pin) for pin in new)
    return {pin.module: (old, pin) for old, pin in pairs if old is not None and old.commit != pin.commit}


def milestones(names: Iterable[Name], hops: Sequence[Hop]) -> Mapping[Name, Milestone]:
    """Return when things were deprecated or went, for those to which that happened; empty where there is but one hop."""
    if len(hops) < 2:  # noqa: PLR2004 - one release has no way to tell of
        return {}
    found = {name: _trace(name, hops) for name in dict.fromkeys(names)}
    return {name: milestone for name, milestone in found.items() if milestone.deprecated or milestone.removed}


def _trace(start: Name, hops: Iterable[Hop]) -> Milestone:
    """Follow one thing from release to release, under the names that it takes."""
    name: Name | None = start
    found = Milestone()
    for hop in hops:
        if name is None:
            break
        here = (*hop.changes.get((name[0], None), ()), *hop.changes.get(name, ()))
        found = _marked(found, here, hop.release)
        after = _after(name, here)
        if found.removed is None and (after is None or _is_renamed(name, after)):
            found = replace(found, removed=hop.release)
        name = after
    return replace(found, successor=_key(name)) if name is not None and name != start else found


def _marked(found: Milestone, here: Iterable[ApiChange], release: Series) -> Milestone:
    """Return the milestone with the first deprecation that it meets."""
    mark = next((change for change in here if change.change in _DEPRECATED), None)
    if mark is None or found.deprecated or found.removed:
        return found
    return replace(found, deprecated=release, advice=mark.hint)


def _after(name: Name, here: Iterable[ApiChange]) -> Name | None:
    """Return what a thing is called after a release, None where it is gone."""
    definition, parameter = name
    for change in here:
        if change.change is Change.RENAMED and change.new:
            definition = change.new
        elif change.change is Change.PARAMETER_RENAMED and change.new:
            holder, _, parameter = change.new.rpartition("::")
            definition = holder or definition
        elif change.change in GONE:
            return None
    return definition, parameter


def _is_renamed(old: Name, new: Name) -> bool:
    """Tell whether the thing itself has another name, and not only the class that holds it."""
    return old != new and (old[1] is None or old[1] != new[1])


def _key(name: Name) -> str:
    return f"{name[0]}::{name[1]}" if name[1] else name[0]
