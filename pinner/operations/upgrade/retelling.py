"""A comparison over several releases, told with what the releases in between said.

Both ends alone make of an announced removal one that came out of nothing, and of two renames one after the other a removal.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from pinner.operations.compare import Comparison, ModuleChange
from pinner.operations.upgrade.milestones import GONE, TOLD, Milestone, Name
from pinner.puppet.code.parameter_changes import NEVER_ANNOUNCED
from pinner.words.changes import ApiChange, Change
from pinner.words.effects import DataEffect


def retell(comparison: Comparison, when: Mapping[Name, Milestone]) -> Comparison:
    """Return the comparison with deprecations, their advice and new names that were met on the way."""
    if not when:
        return comparison
    return replace(comparison, modules=tuple(_module(change, when) for change in comparison.modules))


def _module(change: ModuleChange, when: Mapping[Name, Milestone]) -> ModuleChange:
    api = {one: _change(one, when.get((one.definition, one.parameter))) for one in change.api}
    return replace(
        change,
        api=tuple(api[one] for one in change.api),
        explained={api.get(one, one): note for one, note in change.explained.items()},
        hiera=tuple(_effect(effect, milestone_of(effect, when)) for effect in change.hiera),
    )


def _change(one: ApiChange, milestone: Milestone | None) -> ApiChange:
    if milestone is None or one.change not in GONE:
        return one
    hint = one.hint
    if milestone.successor and one.change is not Change.PARAMETER_RENAMED:
        hint = f"use {milestone.successor}"
    elif one.hint == NEVER_ANNOUNCED and milestone.deprecated:
        hint = milestone.advice
    return replace(one, announced=one.announced or milestone.deprecated is not None, hint=hint)


def _effect(effect: DataEffect, milestone: Milestone | None) -> DataEffect:
    if milestone is None or effect.replacement:
        return effect
    if milestone.successor:
        return replace(effect, replacement=milestone.successor, hint=f"write {milestone.successor}")
    if effect.hint == NEVER_ANNOUNCED and milestone.deprecated:
        return replace(effect, hint=milestone.advice)
    return effect


def milestone_of(effect: DataEffect, when: Mapping[Name, Milestone]) -> Milestone | None:
    """Return what is known of the way of what a key names: a parameter, or a definition by itself."""
    return next((when[name] for name in names_of(effect) if name in when), None)


def names_of(effect: DataEffect) -> tuple[Name, Name]:
    """Return what a key may name."""
    owner, _, parameter = effect.key.rpartition("::")
    return (owner, parameter), (effect.key, None)


def names_in(comparison: Comparison) -> Iterator[Name]:
    """Yield all things of a comparison whose way is worth telling."""
    for change in comparison.modules:
        yield from ((one.definition, one.parameter) for one in change.api if one.change in TOLD)
        for effect in change.hiera:
            yield from names_of(effect)
