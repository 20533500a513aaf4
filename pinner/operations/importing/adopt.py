"""`pinner import`: what other tools pin with becomes manifests and locks, tried out before anything is written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from pinner.operations.answers import Answers, Progress, ask
from pinner.operations.importing.contents import tell_modules
from pinner.operations.importing.drafting import Draft, draft_manifest
from pinner.operations.importing.homes import tell_gone, tell_moves, tell_unasked
from pinner.operations.importing.joining import joined
from pinner.operations.importing.locking import is_pinned
from pinner.operations.importing.loosening import loosen, tighten
from pinner.operations.importing.naming import with_names
from pinner.operations.importing.placing import PlacedEnvironment, homes_to_ask, place_modules
from pinner.operations.importing.sharing import write_manifests
from pinner.operations.importing.sources import read_source
from pinner.operations.importing.trial import Trial, try_out
from pinner.operations.lock import Outcome
from pinner.operations.workspace import Workspace
from pinner.project.bases import Shelf, extended
from pinner.project.layout import Project, list_environments
from pinner.project.manifest_writer import render_manifest
from pinner.words.findings import Level
from pinner.words.imports import Found
from pinner.words.problems import InputError, Problem, UnknownError

BASE = "_base"


@dataclass(frozen=True, slots=True)
class Options:
    """How to import. `kind` and `name` are None where the source decides.

    `is_partial` takes the rest where something cannot be imported; `is_accepting` locks at once and writes what is
    wrong with a set into its manifest; `is_forced` overwrites.
    """

    kind: str | None = None
    name: str | None = None
    is_partial: bool = False
    is_accepting: bool = False
    is_forced: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """What an import would write: `texts` of manifests, the base first, and `locks`, both by name.

    `problems` name what is missing (with `is_partial` alone), `notes` what deserves a look; `outcomes` are the locks'.
    """

    drafts: tuple[Draft, ...]
    texts: Mapping[str, str]
    locks: Mapping[str, str]
    outcomes: tuple[Outcome, ...]
    problems: tuple[Problem, ...]
    notes: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class _Import:
    """What the stages of one import share."""

    workspace: Workspace
    options: Options
    found: Found
    answers: Answers


def plan_import(
    workspace: Workspace, sources: Sequence[str], options: Options, *, on_done: Progress | None = None
) -> Plan:
    """Return what the sources become; nothing is written.

    Raises InputError with everything that cannot be imported, unless the options take the rest.
    """
    found = joined(read_source(source, options.kind, workspace) for source in sources)
    return plan_found(workspace, found, options, on_done=on_done)


def plan_found(
    workspace: Workspace, source: Found, options: Options, *, on_done: Progress | None = None
) -> Plan:
    """Return what environments become that were found in whatever way; otherwise as `plan_import`.

    Raises UnknownError where answers of repositories are all that is missing.
    """
    found = with_names(source, options.name)
    answers = ask(workspace, homes_to_ask(found.environments), on_done=on_done)
    placed = tell_modules([place_modules(each, answers) for each in found.environments], answers)
    problems = (*found.problems, *(problem for each in placed for problem in each.problems))
    if problems and not options.is_partial:
        unasked = {problem for each in placed for problem in each.unasked}
        error = UnknownError if unasked.issuperset(problems) else InputError
        raise error((*problems, Problem("nothing was imported", hint="'--partial' imports the rest")))
    return _plan(_Import(workspace, options, found, answers), placed, problems)


def _plan(this: _Import, placed: Sequence[PlacedEnvironment], problems: tuple[Problem, ...]) -> Plan:
    drafts, trial = _best(this, placed)
    notes = (
        *tell_unasked(this.answers),
        *tell_moves(this.found.environments),
        *tell_gone((module for each in placed for module in each.modules), this.answers),
        *this.found.notes,
        *(note for each in placed for note in each.notes),
        *(note for draft in drafts for note in draft.notes),
    )
    return Plan(drafts, _texts(this, drafts), trial.locks, trial.outcomes, problems, notes)


def _best(this: _Import, placed: Sequence[PlacedEnvironment]) -> tuple[tuple[Draft, ...], Trial]:
    """Return drafts that name releases and branches where a lock beside them holds the commits, and commits elsewhere."""
    loose = [loosen(each, this.answers, this.workspace.settings) for each in placed]
    drafts = _drafts(this, loose)
    trial = _try(this, drafts)
    if this.options.is_accepting and (accepted := _accepted(drafts, trial)) != drafts:
        drafts = accepted
        trial = _try(this, drafts)
    held = [
        wide if wide.found.name in trial.locks else tighten(narrow)
        for wide, narrow in zip(loose, placed, strict=True)
    ]
    ignored = {draft.name: draft.ignored for draft in drafts if draft.name in trial.locks}
    final = tuple(replace(draft, ignored=ignored.get(draft.name, ())) for draft in _drafts(this, held))
    if final != drafts:
        try_out(this.workspace, _texts(this, final), final, this.answers, to_lock=())
    return final, trial


def _drafts(this: _Import, placed: Sequence[PlacedEnvironment]) -> tuple[Draft, ...]:
    drafts = tuple(
        draft_manifest(each, this.workspace.settings, left_out=_left_out(this.found, each))
        for each in placed
        if each.modules
    )
    if not drafts:
        problems = (*this.found.problems, *(problem for each in placed for problem in each.problems))
        hint = None if problems else "is this the right source?"
        raise InputError((*problems, Problem("there is no module to import", hint=hint)))
    return drafts


def _left_out(found: Found, placed: PlacedEnvironment) -> tuple[Problem, ...]:
    """Return the problems of the files that an environment was read from."""
    paths = {module.place.path for module in placed.found.modules}
    read = (
        problem
        for problem in found.problems
        if len(found.environments) == 1 or (problem.place and problem.place.path in paths)
    )
    return (*read, *placed.problems)


def _try(this: _Import, drafts: tuple[Draft, ...]) -> Trial:
    to_lock = [draft for draft in drafts if this.options.is_accepting or is_pinned(draft)]
    if this.workspace.is_offline:
        to_lock = [draft for draft in to_lock if _is_cached(draft, this.answers)]
    return try_out(this.workspace, _texts(this, drafts), drafts, this.answers, to_lock=to_lock)


def _is_cached(draft: Draft, answers: Answers) -> bool:
    return all(answers.mirror(module.git) for module in draft.modules if module.git)


def _accepted(drafts: tuple[Draft, ...], trial: Trial) -> tuple[Draft, ...]:
    """Return the drafts, with the error findings of their sets as ignored where nothing else keeps a set from being locked."""
    codes = {
        outcome.environment: sorted(
            f"{finding.code}:{finding.module}" if finding.module else finding.code
            for finding in set(outcome.findings)
            if finding.level is Level.ERROR
        )
        for outcome in trial.outcomes
        if not outcome.failures
    }
    return tuple(replace(draft, ignored=tuple(dict.fromkeys(codes.get(draft.name, ())))) for draft in drafts)


def _texts(this: _Import, drafts: Sequence[Draft]) -> Mapping[str, str]:
    names = {draft.name for draft in drafts}
    base = _free_base(this.workspace.project, names, is_forced=this.options.is_forced)
    return {manifest.name: render_manifest(manifest) for manifest in write_manifests(drafts, base)}


def _free_base(project: Project, names: set[str], *, is_forced: bool) -> str:
    """Return the name of the base: one that no file has, or with force one that only these environments extend."""
    listing = list_environments(project)
    shelf = Shelf(project)
    others = [name for name in (*listing.environments, *listing.bases) if name not in names]
    extends = {found.text for name in others if (found := extended(shelf.file(name)))}
    number = 1
    while True:
        base = BASE if number == 1 else f"{BASE}_{number}"
        is_there = project.manifest(base).exists()
        if not is_there or (is_forced and base not in extends):
            return base
        number += 1
