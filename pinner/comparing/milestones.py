"""Trace in which releases something was deprecated, renamed or removed, and annotate a comparison with it.

A comparison of only the first and the last release shows an announced removal as unannounced, and two
successive renames as a removal.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from pinner.comparing.changes import GONE
from pinner.comparing.commit_range import Move, read_commit_ranges
from pinner.model.comparison import Comparison, DataEffect, Milestone, Name
from pinner.model.lock import GitPin, Lock, Series
from pinner.model.module_api import ApiChange, ApiChangeKind
from pinner.puppet.code.compare import NEVER_ANNOUNCED
from pinner.puppet.code.renames import Successor
from pinner.workspace.workspace import Workspace

_DEPRECATED = frozenset({ApiChangeKind.DEPRECATED, ApiChangeKind.PARAMETER_DEPRECATED})
_REPORTED = _DEPRECATED | GONE | {ApiChangeKind.RENAMED}


@dataclass(frozen=True, slots=True)
class Hop:
    """All code changes that came with one release."""

    release: Series
    changes: Mapping[Name, tuple[ApiChange, ...]]


def hop_of(release: Series, changes: Iterable[ApiChange]) -> Hop:
    """Return the changes that came with a release, by the name of what changed."""
    found: dict[Name, list[ApiChange]] = {}
    for change in changes:
        found.setdefault((change.definition, change.parameter), []).append(change)
    return Hop(release, {name: tuple(some) for name, some in found.items()})


def read_hops(stations: Sequence[tuple[Series, Lock]], workspace: Workspace) -> tuple[Hop, ...]:
    """Return what changed from each lock to the next, for modules that both pin from the same repository."""
    moves: dict[str, Move] = {}
    keys_by_release: dict[Series, list[str]] = {release: [] for release, _ in stations[1:]}
    for (_, before), (release, after) in pairwise(stations):
        old_by_git = {pin.git: pin for pin in before.pins.values() if isinstance(pin, GitPin)}
        for name, pin in after.pins.items():
            old = old_by_git.get(pin.git) if isinstance(pin, GitPin) and pin.is_module else None
            if isinstance(pin, GitPin) and old is not None and old.commit != pin.commit:
                key = f"{release} {name}"  # one call reads the hops of all releases
                moves[key] = old, pin
                keys_by_release[release].append(key)
    ranges = read_commit_ranges(moves, workspace).of
    return tuple(
        hop_of(release, (change for key in keys for change in ranges[key].api))
        for release, keys in keys_by_release.items()
    )


def milestones(names: Iterable[Name], hops: Sequence[Hop]) -> Mapping[Name, Milestone]:
    """Return the milestones of the names that were deprecated or removed; none if there is only one hop."""
    if len(hops) < 2:  # noqa: PLR2004 - one hop is the whole comparison
        return {}
    found = {name: _trace(name, hops) for name in dict.fromkeys(names)}
    return {name: milestone for name, milestone in found.items() if milestone.deprecated or milestone.removed}


def _trace(start: Name, hops: Iterable[Hop]) -> Milestone:
    """Follow one definition or parameter from release to release, through its renames."""
    name: Name | None = start
    found = Milestone()
    for hop in hops:
        if name is None:
            break
        here = (*hop.changes.get((name[0], None), ()), *hop.changes.get(name, ()))
        mark = next((change for change in here if change.change in _DEPRECATED), None)
        if mark and not (found.deprecated or found.removed):
            found = replace(found, deprecated=hop.release, advice=mark.hint)
        after = _after(name, here)
        # A parameter of a renamed class keeps its name.
        is_renamed = after is not None and after != name and (name[1] is None or name[1] != after[1])
        if found.removed is None and (after is None or is_renamed):
            found = replace(found, removed=hop.release)
        name = after
    if name is None or name == start:
        return found
    return replace(found, successor="::".join(part for part in name if part))


def renames_through(hops: Sequence[Hop]) -> Mapping[str, Successor]:
    """Return the parameters that were renamed within the hops, by their first keys, with their last ones."""
    found: dict[str, Successor] = {}
    for hop in hops:
        for (definition, parameter), changes in hop.changes.items():
            first = next((one for one in changes if one.change is ApiChangeKind.PARAMETER_RENAMED), None)
            key = f"{definition}::{parameter}"
            if first and key not in found and (last := _trace((definition, parameter), hops).successor):
                found[key] = Successor(last, first.needs)
    return found


def _after(name: Name, here: Iterable[ApiChange]) -> Name | None:
    """Return the name after a release, or None if it was removed."""
    definition, parameter = name
    for change in here:
        if change.change is ApiChangeKind.RENAMED and change.new:
            definition = change.new
        elif change.change is ApiChangeKind.PARAMETER_RENAMED and change.new:
            holder, _, parameter = change.new.rpartition("::")
            definition = holder or definition
        elif change.change in GONE:
            return None
    return definition, parameter


def annotate(comparison: Comparison, when: Mapping[Name, Milestone]) -> Comparison:
    """Return the comparison with the deprecations, advice and new names of the releases in between."""
    if not when:
        return comparison
    modules = []
    for change in comparison.modules:
        api = {one: _change(one, when.get((one.definition, one.parameter))) for one in change.api}
        annotated = replace(
            change,
            api=tuple(api[one] for one in change.api),
            explained={api.get(one, one): note for one, note in change.explained.items()},
            hiera=tuple(_effect(effect, milestone_of(effect, when)) for effect in change.hiera),
        )
        modules.append(annotated)
    return replace(comparison, modules=tuple(modules))


def _change(one: ApiChange, milestone: Milestone | None) -> ApiChange:
    if milestone is None or one.change not in GONE:
        return one
    hint = one.hint
    if milestone.successor and one.change is not ApiChangeKind.PARAMETER_RENAMED:
        hint = f"use {milestone.successor}"
    elif (one.hint or "").startswith(NEVER_ANNOUNCED) and milestone.deprecated:
        hint = milestone.advice
    return replace(one, announced=one.announced or milestone.deprecated is not None, hint=hint)


def _effect(effect: DataEffect, milestone: Milestone | None) -> DataEffect:
    if milestone is None or effect.replacement:
        return effect
    if (effect.hint or "").startswith(NEVER_ANNOUNCED) and milestone.deprecated:
        return replace(effect, hint=milestone.advice)
    return effect


def milestone_of(effect: DataEffect, when: Mapping[Name, Milestone]) -> Milestone | None:
    """Return the milestone of the parameter, or else of the definition, that the effect's key names."""
    return next((when[name] for name in names_of(effect) if name in when), None)


def names_of(effect: DataEffect) -> tuple[Name, Name]:
    """Return the two things that a key may name: a parameter, or a definition."""
    owner, _, parameter = effect.key.rpartition("::")
    return (owner, parameter), (effect.key, None)


def names_in(comparison: Comparison) -> Iterator[Name]:
    """Yield the names in a comparison whose milestones are worth reporting."""
    for change in comparison.modules:
        yield from ((one.definition, one.parameter) for one in change.api if one.change in _REPORTED)
        for effect in change.hiera:
            yield from names_of(effect)
