"""What an import writes into the project: manifests and locks, nothing over what is there unless it is forced."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from pinner.operations.importing.adopt import Plan
from pinner.operations.workspace import Workspace
from pinner.project.atomic import write_atomically
from pinner.project.layout import Project, flaw_of_way
from pinner.words.places import Place
from pinner.words.problems import InputError, Problem, UnknownError


def write_plan(workspace: Workspace, plan: Plan, *, is_forced: bool = False) -> tuple[str, ...]:
    """Write manifests and locks and return their paths; raises InputError, and writes nothing, where one is there.

    With `is_forced` what is there is overwritten. Where one file cannot be written, UnknownError is raised, and those
    before it are again what they were: a manifest without its lock would be another one.
    """
    project = workspace.project
    texts = _texts(project, plan)
    if problems := find_in_the_way(workspace, plan, is_forced=is_forced):
        raise InputError(problems)
    project.environments.mkdir(parents=True, exist_ok=True)
    with _undoing() as before:
        for path, text in texts.items():
            before[path] = path.read_bytes() if path.is_file() else None
            write_atomically(path, text.encode(), shown=project.shown(path))
    return tuple(project.shown(path) for path in texts)


@contextmanager
def _undoing() -> Iterator[dict[Path, bytes | None]]:
    """Give files back, where the block fails, the content that it has noted of them; None is a file that was not there."""
    before: dict[Path, bytes | None] = {}
    try:
        yield before
    except BaseException:
        for path, content in before.items():
            with suppress(OSError, UnknownError):
                _give_back(path, content)
        raise


def _give_back(path: Path, content: bytes | None) -> None:
    if content is not None:
        write_atomically(path, content, shown=str(path))
    elif path.is_file():
        path.unlink()


def find_in_the_way(workspace: Workspace, plan: Plan, *, is_forced: bool = False) -> tuple[Problem, ...]:
    """Return what keeps the plan from being written: files that are there already, and links out of the project."""
    project = workspace.project
    problems = []
    for path in _texts(project, plan):
        place = Place(project.shown(path))
        if flaw := flaw_of_way(project, path):
            problems.append(Problem(flaw, place, "delete the link"))
        elif not is_forced and path.exists():
            problems.append(
                Problem("this file is there already", place, "'--force' overwrites, '--as' gives a name")
            )
    return tuple(problems)


def _texts(project: Project, plan: Plan) -> Mapping[Path, str]:
    manifests = {project.manifest(name): text for name, text in plan.texts.items()}
    return manifests | {project.lock(name): text for name, text in plan.locks.items()}
