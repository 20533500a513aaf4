"""Derive the steps of an upgrade plan that concern operator data or need review, and edit data files.

A step has the milestones of its key: in which releases it was deprecated, renamed or removed. A comparison of only
the first and the last release shows an announced removal as unannounced, and two successive renames as a removal.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

from pinner.comparing.changes import GONE, Move, read_commit_ranges
from pinner.model.comparison import (
    NO_DATA,
    NOTES,
    PACKAGES,
    Comparison,
    DataEffect,
    Edit,
    Effect,
    Milestone,
    Name,
    Stage,
    Step,
    total_steps,
)
from pinner.model.errors import Location, Problem
from pinner.model.lock import GitPin, Lock, Series
from pinner.model.module_api import ApiChange, ApiChangeKind, DefinitionKind, Severity
from pinner.project.files import FileChange, Project, read_file
from pinner.project.operator.tree import LARGEST_DATA_FILE
from pinner.project.operator.values import KeyEdit, rename_keys
from pinner.puppet.code.compare import NEVER_ANNOUNCED
from pinner.puppet.code.renames import Successor
from pinner.puppet.hiera.hierarchy import keys_looked_up
from pinner.workspace.operator_data import OperatorData, PackageRelease, find_package_releases
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


def data_steps(comparison: Comparison, when: Mapping[Name, Milestone], target: Series) -> tuple[Step, ...]:
    """Return a step for each change of the data, the worst first; `when` are the keys' milestones."""
    unannounced = {
        (one.definition, one.parameter)
        for change in comparison.modules
        for one in change.api
        if one.change in GONE and not one.announced
    }
    steps = []
    for effect in comparison.effects:
        (owner, parameter), _ = names_of(effect)
        is_announced = not {(owner, parameter), (owner, None)} & unannounced
        steps.append(_data_step(effect, milestone_of(effect, when), target, is_announced=is_announced))
    return tuple(steps)


def _data_step(
    effect: DataEffect, milestone: Milestone | None, target: Series, *, is_announced: bool
) -> Step:
    if effect.is_missing:
        text = f"is required from {target} and not set: add it"
    elif effect.replacement and effect.effect is not Effect.DEPRECATED:
        text = f"was renamed to '{effect.replacement}'"
    else:
        text = _EFFECTS[effect.effect]
    stage = _stage(effect, is_announced=is_announced)
    edit = Edit(effect.key, effect.replacement) if effect.replacement else None
    if edit is None and effect.effect is Effect.IGNORED and stage is Stage.AFTER and not effect.is_code:
        edit = Edit(effect.key, None)
    # The hint has what the edit does not: advice, and the releases that deprecated and removed the key.
    hint = None if effect.is_missing or effect.hint == f"write {effect.replacement}" else effect.hint
    if milestone is not None:
        hint = f"{hint} ({milestone})" if hint else str(milestone)
    return Step(
        stage=stage,
        kind=f"{'code' if effect.is_code else 'data'}-{effect.effect}",
        text=f"'{effect.key}'{' (set by site code)' if effect.is_code else ''} {text}",
        module=effect.module,
        place=effect.place,
        key=effect.key,
        edit=edit,
        hint=hint,
        also=effect.also,
        is_missing=effect.is_missing,
    )


def package_steps(
    operator_data: OperatorData, start: Series, target: Series, *, first: Series
) -> Iterator[Step]:
    """Yield a step for each package repository that the data and site code configure for a release before `target`.

    `first` is where the whole upgrade starts: the legs before this one have moved its packages to `start`.
    """
    places: dict[tuple[str, str], list[PackageRelease]] = {}
    for found in find_package_releases(operator_data):
        places.setdefault((found.key, found.text), []).append(found)
    for (key, text), rows in places.items():
        series = start if rows[0].series == first else rows[0].series
        if not series < target:
            continue
        hint = f"deploy it together with the modules of {target}, then upgrade the packages of each service"
        if series != start:
            hint = f"these packages are of another release than the modules, {start}; {hint}"
        yield Step(
            stage=Stage.BEFORE,
            kind=PACKAGES,
            text=f"'{key}' installs packages of {series}",
            place=rows[0].place,
            key=key,
            edit=Edit(
                text if series == rows[0].series else rows[0].text_for(series), rows[0].text_for(target)
            ),
            hint=hint,
            also=tuple(row.place for row in rows[1:]),
        )


_EFFECTS = {
    Effect.BREAKS: "stops compilation",
    Effect.IGNORED: "no longer has any effect",
    Effect.TYPE: "may not match the new data type",
    Effect.DEPRECATED: "is deprecated: it works, but logs a warning",
}


def _stage(effect: DataEffect, *, is_announced: bool) -> Stage:
    """Return BEFORE for what breaks or is renamed, and LOOK for what a person must decide on."""
    if effect.effect is Effect.TYPE or effect.is_by_hand:
        return Stage.LOOK
    if effect.effect is Effect.DEPRECATED:
        return Stage.AFTER
    if effect.effect is Effect.BREAKS or effect.replacement:
        return Stage.BEFORE
    return Stage.AFTER if is_announced else Stage.LOOK


@dataclass(frozen=True, slots=True)
class FileEdit:
    """One data file before and after; `made` are the renamed keys, `by_hand` the edits left to the user."""

    path: str
    before: bytes
    after: bytes
    made: tuple[KeyEdit, ...]
    by_hand: tuple[Problem, ...]


def edit_data(plan: Iterable[Step]) -> tuple[FileEdit, ...]:
    """Return the data files with the renames of a plan applied, sorted by path; writes nothing."""
    edits_by_path: dict[str, list[KeyEdit]] = {}
    for step in plan:
        edit = step.edit
        is_data = step.stage is Stage.BEFORE and step.kind.startswith("data-")
        for place in step.places if is_data and edit else ():
            if place.line and edit and edit.old and edit.new:
                edits_by_path.setdefault(place.path, []).append(KeyEdit(place.line, edit.old, edit.new))
    found = []
    for path, edits in sorted(edits_by_path.items()):
        before = read_file(Path(path), shown=path, limit=LARGEST_DATA_FILE)
        edited = rename_keys(before, edits, path)
        by_hand = tuple(
            Problem(
                f"'{refused.old}' cannot be renamed to '{refused.new}' without other changes",
                Location(path, refused.line),
                "edit it by hand; the new key may already be set",
            )
            for refused in edited.refused
        )
        found.append(FileEdit(path, before, edited.data, edited.made, by_hand))
    return tuple(found)


def data_changes(
    project: Project, directories: Iterable[Path], edits: Iterable[FileEdit]
) -> Iterator[FileChange]:
    """Yield the changes of the files, which are all below one of `directories`."""
    known = tuple(directories)
    for edit in edits:
        directory = next(each for each in known if Path(edit.path).is_relative_to(each))
        root, below = project.locate(directory)
        yield FileChange(root, below / Path(edit.path).relative_to(directory), edit.path, edit.after)


def reference_steps(operator_data: OperatorData, steps: Iterable[Step]) -> Iterator[Step]:
    """Yield a step for each place in data or site code that looks up a key which the plan renames."""
    new_by_old = {
        step.edit.old: step.edit.new
        for step in steps
        if step.stage is Stage.BEFORE and step.edit and step.edit.old and step.edit.new
    }
    calls = (
        (Location(file.path, line), key)
        for file in (operator_data.files if new_by_old else ())
        for datum in file.data
        for key, line in keys_looked_up(datum.value)
    )
    for place, key in calls:
        if key in new_by_old:
            text = f"this value looks up '{key}', which is renamed to '{new_by_old[key]}'"
            yield Step(Stage.LOOK, "data-lookup", text, key.partition("::")[0], place, key)
    for key in sorted(new_by_old.keys() & operator_data.code_lookups):
        text = f"site code looks up '{key}', which is renamed to '{new_by_old[key]}'"
        yield Step(Stage.LOOK, "code-lookup", text, key.partition("::")[0], key=key)


_SHOWN = 6
_LONGEST_DEFAULT = 60
_WHOLE_GONE = frozenset({ApiChangeKind.REMOVED, ApiChangeKind.RENAMED})
_INCLUDED = frozenset(
    {
        DefinitionKind.CLASS,
        DefinitionKind.DEFINE,
        DefinitionKind.FUNCTION,
        DefinitionKind.TYPE,
        DefinitionKind.TYPE_ALIAS,
    }
)


def review_steps(comparison: Comparison, operator_data: OperatorData) -> Iterator[Step]:
    """Yield the steps that need manual review: removals and silent changes that no data step covers, then totals."""
    changes = [(change.name, one) for change in comparison.modules for one in change.api]
    totals = tuple(total_steps(comparison))
    yield from (step for step in totals if step.kind == NO_DATA)
    known = _Known.of(operator_data)
    touched = {effect.key for change in comparison.modules for effect in change.hiera}
    for kind, words, matches in _REVIEWS:
        names_by_module: dict[str, dict[str, None]] = {}
        for module, one in changes:
            if matches(one, known) and one.name not in touched:
                names_by_module.setdefault(module, {})[_shown(one, known)] = None
        for module, names in names_by_module.items():
            listed = ", ".join(tuple(names)[:_SHOWN])
            more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
            yield Step(Stage.LOOK, kind, f"{module}: {words}: {listed}{more}", module)
    yield from (step for step in totals if step.kind == NOTES)


@dataclass(frozen=True, slots=True)
class _Known:
    """The keys that data and site code set, and the classes they name; `is_blind` if neither was given."""

    keys: frozenset[str]
    owners: frozenset[str]
    is_blind: bool

    @classmethod
    def of(cls, operator_data: OperatorData) -> "_Known":
        every = {str(one) for one in operator_data.platforms}
        covered: dict[str, set[str]] = {}
        for file in operator_data.files:
            on = every if file.scope.platforms is None else set(file.scope.platforms)
            for datum in file.data:
                if "::" in datum.key:
                    covered[datum.key] = covered.get(datum.key, set()) | on
        # A key in data for some platforms leaves the default to the others.
        keys = {key for key, platforms in covered.items() if platforms >= every}
        uses = [use for site in operator_data.sites for use in site.uses]
        owners = {key.rpartition("::")[0] for key in covered} | {use.owner for use in uses}
        return cls(frozenset(keys | {use.subject for use in uses}), frozenset(owners), operator_data.is_empty)


def _is_gone(one: ApiChange, _known: _Known) -> bool:
    """Return whether a definition was removed or renamed, other than with its module (quantum to neutron)."""
    if one.parameter is not None or one.of not in _INCLUDED or one.change not in _WHOLE_GONE:
        return False
    return one.new is None or one.new.partition("::")[0] == one.definition.partition("::")[0]


def applying_changes(
    changes: Iterable[ApiChange], operator_data: OperatorData, effects: Iterable[DataEffect]
) -> frozenset[ApiChange]:
    """Return the changes of defaults that the operator's systems use, without those that an effect covers."""
    known = _Known.of(operator_data)
    touched = {effect.key for effect in effects}
    return frozenset(one for one in changes if _is_silent(one, known) and one.name not in touched)


def _is_silent(one: ApiChange, known: _Known) -> bool:
    """Return whether the change is of a default that the operator's systems use.

    They do if the data name its class and do not set the parameter; without data, every default counts.
    """
    if one.change is not ApiChangeKind.DEFAULT_CHANGED or one.severity is not Severity.BEHAVIOUR:
        return False
    return known.is_blind or (one.definition in known.owners and one.name not in known.keys)


_REVIEWS: tuple[tuple[str, str, Callable[[ApiChange, _Known], bool]], ...] = (
    ("definitions-gone", "removed or renamed; code that uses it does not compile", _is_gone),
    (
        "values-needed",
        "now required, if its class is used",
        lambda one, known: one.change is ApiChangeKind.PARAMETER_REQUIRED and one.name not in known.keys,
    ),
    ("defaults-changed", "default changed; affects you unless you set it", _is_silent),
    (
        "unreadable",
        "could not be read in one of the two versions",
        lambda one, _known: one.change is ApiChangeKind.UNREADABLE,
    ),
)


def _shown(change: ApiChange, known: _Known) -> str:
    """Return a name for a list; a default that changes for classes in use is shown with both values."""
    if change.change is not ApiChangeKind.DEFAULT_CHANGED or known.is_blind:
        return change.name
    texts = (" ".join((text or "none").split()) for text in (change.old, change.new))
    old, new = (
        text if len(text) <= _LONGEST_DEFAULT else f"{text[: _LONGEST_DEFAULT - 1]}…" for text in texts
    )
    return f"{change.name} ({old} -> {new})"
