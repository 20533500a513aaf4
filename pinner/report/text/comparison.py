"""Text of comparisons, upgrade plans, proposed updates and reasons."""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from pinner.model.comparison import STAGE_HEADINGS, Comparison, ModuleChange, Proposal, Stage, Step, Upgrade
from pinner.model.lock import ForgePin
from pinner.model.module_api import Severity
from pinner.model.results import KeyMeaning, Reason
from pinner.model.text import SHORT, one_line
from pinner.report.changes import (
    LONGEST,
    NO_MILESTONES,
    NOT_LOCKABLE,
    Milestones,
    api_words,
    change_totals,
    commit_words,
    common_removals,
    edit_words,
    effect_words,
    fact_lines,
    headline,
    listed_modules,
    module_totals,
    note_words,
    step_place,
    step_text,
    unreadable_words,
    verdict_words,
    worst_first,
)
from pinner.report.json.document import comparison_json, results_json
from pinner.report.text.findings import result_lines
from pinner.report.words import brief_pin, clip, columns, count, further_places, severity_count

FEW = 10
"""Maximum commits and breaking changes listed per module; `-v` lists all of them."""


def comparison_text(result: Comparison, *, is_verbose: bool = False, is_short: bool = False) -> Iterator[str]:
    """Yield the lines of `diff`: counts, effects on the operator's data, each module that changes, the verdict.

    If short, the modules are a table, one line each.
    """
    if is_short:
        yield _title(result)
        yield module_totals(result.modules)
        yield from _table(result)
    else:
        yield from _comparison(result, NO_MILESTONES, is_verbose=is_verbose)
    yield ""
    yield verdict_words(result.readiness, result.after.label, is_same=result.is_same)


def _comparison(result: Comparison, when: Milestones, *, is_verbose: bool) -> Iterator[str]:
    yield _title(result)
    yield module_totals(result.modules)
    yield from change_totals(result.modules)
    yield from common_removals(result.modules)
    if result.effects:
        yield ""
        yield f"In your data ({len(result.effects)})"
    for row in result.effects:
        yield f"  {effect_words(row)}"
        if row.also and is_verbose:
            yield f"    also: {further_places(row.places)}"
    for change in listed_modules(result.modules):
        yield ""
        yield f"{change.name}: {headline(change)}"
        yield from (f"  {line}" for line in fact_lines(change))
        yield from (f"  {line}" for line in _details(change, when, is_verbose=is_verbose))


def _table(result: Comparison) -> Iterator[str]:
    """Yield a line for each module that changes: both pins, commits, API changes by severity, keys and classes affected."""
    rows = []
    for change in listed_modules(result.modules):
        numbers = Counter(row.severity for row in change.api)
        api = ", ".join(severity_count(one, numbers[one]) for one in Severity if numbers[one])
        commits = str(len(change.commits)) if change.commits else "-"
        pins = (brief_pin(change.before), brief_pin(change.after))
        effects = (str(len(change.hiera) or "-"),) if result.is_data_checked else ()
        rows.append((change.name, *pins, commits, *effects, api or "-"))
    effects = ("your data",) if result.is_data_checked else ()
    if rows:
        yield ""
        yield from columns([("module", "from", "to", "commits", *effects, "api"), *rows], "  ")


def _title(result: Comparison) -> str:
    before, after = result.before, result.after
    return f"{before.label} ({before.lock.lock_id}) -> {after.label} ({after.lock.lock_id})"


def _details(change: ModuleChange, when: Milestones, *, is_verbose: bool) -> Iterator[str]:
    """Yield the API changes (the breaking ones, or all), the notes and the commits."""
    yield from change_totals([change])
    yield from (f"  {line}" for line in _api(change, when, is_verbose=is_verbose))
    yield from map(unreadable_words, change.unreadable)
    if change.notes:
        sections = Counter(note.section for note in change.notes)
        yield f"release notes: {', '.join(f'{section} {number}' for section, number in sections.items())}"
    yield from (f"  {note_words(note)}" for note in change.notes if is_verbose or note.section == "security")
    commits = change.commits_by_weight if is_verbose else change.commits_by_weight[:FEW]
    for commit in commits:
        yield f"  {commit.id[:SHORT]} {commit_words(change, commit)}"
    if len(commits) < len(change.commits):
        yield f"  … {count(len(change.commits) - len(commits), 'more commit')} (-v shows all)"


def _api(change: ModuleChange, when: Milestones, *, is_verbose: bool) -> Iterator[str]:
    """Yield the API changes, each note only once, after the first change that it explains."""
    rows = worst_first(change.api)
    if not is_verbose:
        rows = [row for row in rows if row.severity is Severity.BREAKS][:FEW]
    printed: set[str] = set()
    for row in rows:
        yield api_words(row, when)
        note = change.explained.get(row)
        if note and note.text not in printed:
            yield f"  {note.section}: {clip(note.text, LONGEST)}"
            printed.add(note.text)
    if len(rows) < len(change.api):
        yield f"… {count(len(change.api) - len(rows), 'more change')} (-v shows all)"


def plan_text(result: Upgrade, *, is_verbose: bool = False) -> Iterator[str]:
    """Yield the lines of `upgrade`: the plan (of each leg), the modules' changes if verbose, the verdict."""
    for leg in result.shown:
        if is_verbose:
            yield from _comparison(leg.comparison, leg.when, is_verbose=True)
        else:
            yield _title(leg.comparison)
            yield module_totals(leg.comparison.modules)
        if not leg.is_sound:
            yield NOT_LOCKABLE
        for stage in Stage:
            yield from _section(stage, leg.steps(stage), is_verbose=is_verbose)
    yield ""
    if not is_verbose:
        yield "what changes in each module: -v, -m MODULE, or --format html"
    yield verdict_words(result.whole.readiness, str(result.whole.target))


def _section(stage: Stage, steps: Collection[Step], *, is_verbose: bool) -> Iterator[str]:
    if steps:
        yield ""
        yield f"{STAGE_HEADINGS[stage]} ({count(len(steps), 'step')})"
    for step in steps:
        where = f"{step_place(step)}: " if step_place(step) else ""
        yield f"  {where}{step_text(step)}"
        if step.also and is_verbose:
            yield f"    also: {further_places(step.places)}"
        if step.edit:
            yield f"    {one_line(edit_words(step.edit))}"
        if step.hint:
            yield f"    hint: {one_line(step.hint)}"


def reason_text(result: Reason) -> Iterator[str]:
    """Yield the lines of `why`, from the manifest's line down to the commit."""
    yield f"{result.module} in {result.environment}"
    if result.key:
        yield f"  {_key_words(result.key, result.module)}"
    if result.place and result.rule:
        base = ", a base of this environment" if result.is_inherited else ""
        yield f"  required by '{result.rule}' at {result.place}{base}"
    if result.reason or result.until:
        until = f", until {result.until}" if result.until else ""
        yield f"  reason: {result.reason or 'none given'}{until}"
    yield from (f"  {line}" for line in _pin_lines(result))
    for row in result.dependents:
        yield f"  {row.module} depends on it: {row.range or 'any version'}"
    if not result.dependents:
        yield "  no module of this environment depends on it"


def _key_words(key: KeyMeaning, module: str) -> str:
    """Return what a name means in the pinned code of its module, on one line."""
    if key.unknown:
        return f"{key.name} belongs to {module}; whether the pinned code has it could not be determined: {key.unknown}"
    owner, parameter = key.definition, key.parameter
    if owner is None:
        return f"{key.name} would belong to {module}, but the pinned code has nothing of that name"
    if parameter is None:
        return f"{key.name} is a {owner.kind} of {module} ({owner.path}:{owner.line})"
    value = f"default {clip(parameter.default, LONGEST)}" if parameter.default is not None else "required"
    facts = [clip(parameter.type, LONGEST)] if parameter.type else []
    facts += [value, f"{owner.path}:{parameter.line}"]
    return f"{key.name} is a parameter of {owner.kind} {owner.name} ({', '.join(facts)})"


def _pin_lines(result: Reason) -> Iterator[str]:
    pin = result.pin
    if pin is None:
        yield f"not pinned yet: run 'pinner lock {result.environment}'"
        return
    if isinstance(pin, ForgePin):
        yield f"taken from the Forge as {pin.forge} {pin.version}"
        return
    selector = ", ".join(f"{key} {value}" for key, value in pin.want.as_mapping().items())
    identity = f"{pin.name or 'a module without a name'} {pin.version or 'without a version'}"
    yield f"selector: {selector} of {pin.git}"
    yield f"resolved to {pin.ref or 'a commit without a ref'}{f' ({result.phase})' if result.phase else ''}"
    yield f"pinned at {pin.commit}, {identity if pin.is_module else 'not a Puppet module'}"
    if pin.required_by:
        yield f"added because {', '.join(pin.required_by)} required it"


IMPORTANT = frozenset({"security", "critical", "upgrade"})
"""Sections of release notes that are always printed."""


def proposals_text(proposals: Sequence[Proposal], *, verb: str, is_verbose: bool = False) -> Iterator[str]:
    """Yield the lines of the results, each module that moves with its commits, notes and effects on the data."""
    details = {
        (one.result.environment, change.name): _proposal_details(change, is_verbose=is_verbose)
        for one in proposals
        for change in (one.comparison.modules if one.comparison else ())
    }
    yield from result_lines((one.result for one in proposals), verb=verb, details=details)
    for one in proposals:
        if one.comparison and one.comparison.readiness is not None:
            yield verdict_words(one.comparison.readiness, one.result.environment)


def _proposal_details(change: ModuleChange, *, is_verbose: bool) -> Iterator[str]:
    yield from (f"your data: {effect_words(effect)}" for effect in change.hiera)
    notes = [note for note in change.notes if is_verbose or note.section in IMPORTANT]
    yield from (note_words(note) for note in notes)
    if len(notes) < len(change.notes):
        yield f"… {count(len(change.notes) - len(notes), 'more release note')} (-v shows all)"
    commits = change.commits_by_weight if is_verbose else change.commits_by_weight[:FEW]
    yield from (f"{commit.id[:SHORT]} {commit_words(change, commit)}" for commit in commits)
    if len(commits) < len(change.commits):
        yield f"… {count(len(change.commits) - len(commits), 'more commit')} (-v shows all)"


def proposals_json(proposals: Sequence[Proposal]) -> dict[str, Any]:
    """Return the document of `lock` and `update`, each environment with `diff`: the document of that command or null."""
    document = results_json(one.result for one in proposals)
    for row, one in zip(document["environments"], proposals, strict=True):
        row["diff"] = comparison_json(one.comparison) if one.comparison else None
    return dict(document)
