"""What a shell completes beside commands and options: the names of environments and of modules. Asks no remote."""

from collections.abc import Iterator
from pathlib import Path

import click

from pinner.project.layout import Project, find_project, list_environments
from pinner.project.lock import read_lock
from pinner.words.problems import PinnerError


def complete_environment(context: click.Context, _parameter: click.Parameter, begun: str) -> list[str]:
    """Return the environments of the project that begin so; none where there is no project."""
    return sorted(name for name in _environments(_project(context)) if name.startswith(begun))


def complete_module(context: click.Context, _parameter: click.Parameter, begun: str) -> list[str]:
    """Return the modules that are locked, in the environments named before or in all, and begin so."""
    return sorted({name for name in _modules(context) if name.startswith(begun)})


def _modules(context: click.Context) -> Iterator[str]:
    project = _project(context)
    known = _environments(project)
    named = [context.params.get("environment"), *(context.params.get("environments") or ())]
    for environment in [name for name in named if name in known] or known:
        try:
            lock = read_lock(project, environment) if project else None
        except PinnerError:  # whoever presses TAB learns of it from the command
            continue
        yield from lock.pins if lock else ()


def _environments(project: Project | None) -> tuple[str, ...]:
    return list_environments(project).environments if project else ()


def _project(context: click.Context) -> Project | None:
    try:
        return find_project(Path(context.find_root().params.get("project") or "."))
    except PinnerError:
        return None
