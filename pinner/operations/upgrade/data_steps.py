"""The steps of a plan that are about the operator's data and code: what to change before, and what after."""

from collections.abc import Iterator, Mapping

from pinner.operations.compare import Comparison
from pinner.operations.upgrade.milestones import GONE, Milestone, Name
from pinner.operations.upgrade.retelling import milestone_of, names_of
from pinner.operations.upgrade.steps import Edit, Stage, Step
from pinner.words.effects import DataEffect, Effect


def data_steps(comparison: Comparison, when: Mapping[Name, Milestone]) -> Iterator[Step]:
    """Yield a step for each place of the data that the move touches; `when` tells how long that was announced."""
    unannounced = {
        (one.definition, one.parameter)
        for change in comparison.modules
        for one in change.api
        if one.change in GONE and not one.announced
    }
    for change in comparison.modules:
        for effect in change.hiera:
            (owner, parameter), _ = names_of(effect)
            is_announced = not {(owner, parameter), (owner, None)} & unannounced
            yield _step(effect, when, is_announced=is_announced)


def _step(effect: DataEffect, when: Mapping[Name, Milestone], *, is_announced: bool) -> Step:
    stage = _stage(effect, is_announced=is_announced)
    return Step(
        stage=stage,
        kind=f"{'code' if effect.is_code else 'data'}-{effect.effect}",
        text=f"{_subject(effect)} {_happens(effect)}",
        module=effect.module,
        place=effect.place,
        key=effect.key,
        edit=_edit(effect, stage),
        hint=_hint(effect, when),
    )


def _hint(effect: DataEffect, when: Mapping[Name, Milestone]) -> str | None:
    """Return what is known beside the edit, and how long that was to be seen coming."""
    milestone = milestone_of(effect, when)
    said = None if effect.hint == f"write {effect.replacement}" else effect.hint
    if milestone is None:
        return said
    return f"{said} ({milestone})" if said else str(milestone)


def _stage(effect: DataEffect, *, is_announced: bool) -> Stage:
    """Return before for what breaks or goes on under another name; what nobody announced needs eyes."""
    if effect.effect is Effect.TYPE:
        return Stage.LOOK
    if effect.effect is Effect.DEPRECATED:
        return Stage.AFTER
    if effect.effect is Effect.BREAKS or effect.replacement:
        return Stage.BEFORE
    return Stage.AFTER if is_announced else Stage.LOOK


def _subject(effect: DataEffect) -> str:
    return f"the code that sets '{effect.key}'" if effect.is_code else f"'{effect.key}'"


def _happens(effect: DataEffect) -> str:
    if effect.replacement and effect.effect is not Effect.DEPRECATED:
        return "goes on under another name"
    return {
        Effect.BREAKS: "stops compilation as it is",
        Effect.IGNORED: "has no effect any more",
        Effect.TYPE: "may no longer fit",
        Effect.DEPRECATED: "works, and warns",
    }[effect.effect]


def _edit(effect: DataEffect, stage: Stage) -> Edit | None:
    if effect.replacement:
        return Edit(effect.key, effect.replacement)
    is_left = effect.effect is Effect.IGNORED and stage is Stage.AFTER and not effect.is_code
    return Edit(effect.key, None) if is_left else None
