"""What an import writes into the project: manifests and locks, nothing over what is there unless it is forced."""

from collections.abc import Sequence
from pathlib import Path

from pinner.operations.importing.adopt import Plan
from pinner.operations.workspace import Workspace
from pinner.project.atomic import write_atomically
from pinner.project.layout import Project, flaw_of_way
from pinner.words.places import Place
from pinner.words.problems import InputError, Problem


def write_plan(workspace: Workspace, plan: Plan, *, is_forced: bool = False) -> tuple[str, ...]:
    """Write manifests and locks and return their paths; raises InputError, and writes nothing, where one is there.

    With `is_forced` what is there is overwritten.
    """
    project = workspace.project
    texts = {project.manifest(name): text for name, text in plan.texts.items()}
    texts |= {project.lock(name): text for name, text in plan.locks.items()}
    if problems := _in_the_way(project, list(texts), is_forced=is_forced):
        raise InputError(problems)
    project.environments.mkdir(parents=True, exist_ok=True)
    for path, text in texts.items():
        write_atomically(path, text.encode(), shown=project.shown(path))
    return tuple(project.shown(path) for path in texts)


def _in_the_way(project: Project, paths: Sequence[Path], *, is_forced: bool) -> list[Problem]:
    problems = []
    for path in paths:
        place = Place(project.shown(path))
        if flaw := flaw_of_way(project, path):
            problems.append(Problem(flaw, place, "delete the link"))
        elif not is_forced and path.exists():
            problems.append(
                Problem("this file is there already", place, "'--force' overwrites, '--as' gives a name")
            )
    return problems
