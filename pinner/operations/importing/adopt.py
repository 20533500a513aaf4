"""`pinner import`: what other tools pin with becomes manifests here, read back before anything is written."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from pinner.operations.answers import Answers, Progress, ask
from pinner.operations.importing.drafting import Draft, Wish, draft_manifest
from pinner.operations.importing.loosening import loosen
from pinner.operations.importing.naming import with_names
from pinner.operations.importing.placing import PlacedEnvironment, homes_to_ask, place_modules
from pinner.operations.importing.puppetfiles import joined
from pinner.operations.importing.sharing import write_manifests
from pinner.operations.importing.sources import read_source
from pinner.operations.wanted import WantedForge, WantedSet, want_modules
from pinner.operations.workspace import Workspace
from pinner.project.atomic import write_atomically
from pinner.project.bases import Shelf, extended
from pinner.project.layout import ENVIRONMENTS, Project, list_environments
from pinner.project.manifest import read_manifests
from pinner.project.manifest_writer import render_manifest
from pinner.words.imports import Found
from pinner.words.places import Place
from pinner.words.problems import InputError, Problem

BASE = "_base"


@dataclass(frozen=True, slots=True)
class Plan:
    """What an import would write: file name (without .yaml) to text, bases first. `notes` are for the user to look at."""

    drafts: tuple[Draft, ...]
    texts: Mapping[str, str]
    problems: tuple[Problem, ...]
    notes: tuple[Problem, ...]
    answers: Answers


def plan_import(
    workspace: Workspace,
    sources: Sequence[str],
    *,
    kind: str | None = None,
    name: str | None = None,
    is_partial: bool = False,
    is_forced: bool = False,
    on_done: Progress | None = None,
) -> Plan:
    """Return what the sources become; nothing is written.

    Raises InputError with everything that cannot be imported, unless `is_partial`: then the rest is taken, and
    Plan.problems name what is missing.
    """
    found = with_names(joined(read_source(source, kind) for source in sources), name)
    answers = ask(workspace, homes_to_ask(found.environments), on_done=on_done)
    placed = tuple(
        loosen(place_modules(environment, answers), answers, workspace.settings)
        for environment in found.environments
    )
    problems = (*found.problems, *(problem for each in placed for problem in each.problems))
    if problems and not is_partial:
        raise InputError((*problems, Problem("nothing was imported", hint="'--partial' imports the rest")))
    drafts = _drafts(found, placed, workspace)
    texts = _texts(workspace, drafts, is_forced=is_forced)
    _prove(workspace, drafts, texts)
    notes = (
        *found.notes,
        *(note for each in placed for note in each.notes),
        *(note for draft in drafts for note in draft.notes),
    )
    return Plan(drafts, texts, problems, notes, answers)


def write_plan(workspace: Workspace, plan: Plan, *, is_forced: bool = False) -> tuple[str, ...]:
    """Write the manifests and return their paths. Raises InputError, and writes nothing, where one is there already."""
    project = workspace.project
    paths = {project.manifest(name): text for name, text in plan.texts.items()}
    there = [project.shown(path) for path in paths if path.exists() or path.is_symlink()]
    if there and not is_forced:
        hint = "'--force' overwrites it, '--as' gives another name"
        raise InputError(Problem("this file is there already", Place(shown), hint) for shown in there)
    project.environments.mkdir(parents=True, exist_ok=True)
    for path, text in paths.items():
        write_atomically(path, text.encode(), shown=project.shown(path))
    return tuple(project.shown(path) for path in paths)


def _drafts(found: Found, placed: Sequence[PlacedEnvironment], workspace: Workspace) -> tuple[Draft, ...]:
    drafts = tuple(
        draft_manifest(each, workspace.settings, left_out=_left_out(found, each))
        for each in placed
        if each.modules
    )
    if not drafts:
        raise InputError(Problem("there is no module to import", hint="is this the right file?"))
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


def _texts(workspace: Workspace, drafts: Sequence[Draft], *, is_forced: bool) -> Mapping[str, str]:
    base = _free_base(workspace.project, {draft.name for draft in drafts}, is_forced=is_forced)
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


def _prove(workspace: Workspace, drafts: Iterable[Draft], texts: Mapping[str, str]) -> None:
    """Read the texts back as `lock` will; raises InputError with what is wrong in them."""
    with TemporaryDirectory(prefix="pinner-import-") as directory:
        project = Project(Path(directory).resolve())
        project.environments.mkdir()
        for name, text in texts.items():
            project.manifest(name).write_text(text, encoding="utf-8")
        read = read_manifests(project)
        sets = [want_modules(manifest, workspace.settings) for manifest in read.manifests]
    problems = [*read.problems, *(problem for wanted in sets for problem in wanted.problems)]
    if problems:
        raise InputError(problems)
    wanted_by_name = {wanted.manifest.environment: wanted for wanted in sets}
    for draft in drafts:
        said = _wishes(wanted_by_name[draft.name])
        if said != draft.wishes:
            message = f"{ENVIRONMENTS}/{draft.name}.yaml would not say what {draft.source} says"
            raise AssertionError(message)


def _wishes(wanted: WantedSet) -> Mapping[str, Wish]:
    return {
        name: Wish(f"forge:{module.forge}", module.version, module.install_path, is_module=True)
        if isinstance(module, WantedForge)
        else Wish(module.git, module.want, module.install_path, module.is_module)
        for name, module in wanted.modules.items()
    }
