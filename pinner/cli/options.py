"""Shared options, the workspace they make, completion."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

import click

from pinner.cli.command import SharedOption
from pinner.cli.output import Format
from pinner.model.control import Layout
from pinner.model.errors import PinnerError
from pinner.project.files import Project, find_project, list_environments, resolve
from pinner.project.manifest.lock import read_lock


def complete_environment(context: click.Context, _parameter: click.Parameter, begun: str) -> list[str]:
    """Return the environments that begin with the text; none without a project."""
    return sorted(name for name in _environments(_project(context)) if name.startswith(begun))


def complete_module(context: click.Context, _parameter: click.Parameter, begun: str) -> list[str]:
    """Return the locked modules that begin with the text, of the environments named before or of all."""
    return sorted({name for name in _modules(context) if name.startswith(begun)})


def _modules(context: click.Context) -> Iterator[str]:
    project = _project(context)
    known = _environments(project)
    named = [context.params.get("environment"), *(context.params.get("environments") or ())]
    for environment in [name for name in named if name in known] or known:
        try:
            lock = read_lock(project, environment) if project else None
        except PinnerError:  # the command reports it
            continue
        yield from lock.pins if lock else ()


def _environments(project: Project | None) -> tuple[str, ...]:
    return list_environments(project).environments if project else ()


def _project(context: click.Context) -> Project | None:
    try:
        return find_project(Path(context.find_root().params.get("project") or "."))
    except PinnerError:
        return None


_directory = click.Path(exists=True, file_okay=False, path_type=Path)
hiera_option = click.option(
    "--hiera",
    metavar="DIR",
    multiple=True,
    type=_directory,
    help="Hiera data: a directory with a hiera.yaml, or with YAML and JSON files (repeatable; default: `hiera` of the manifest or pinner.yaml).",
)
show_values_option = click.option(
    "--show-values",
    "shows_values",
    is_flag=True,
    help="Show values in findings, except those of keys named like secrets.",
)
code_option = click.option(
    "--code",
    metavar="DIR",
    multiple=True,
    type=_directory,
    help="Site manifests and profiles: all .pp files below DIR (repeatable; default: `code` there).",
)
Command = TypeVar("Command", bound=Callable[..., Any])


def example(*lines: str) -> str:
    """Return a command's epilog with these lines as examples."""
    return "\b\nExample:\n" + "\n".join(f"  {line}" for line in lines)


@dataclass(frozen=True, slots=True)
class RemoteOptions:
    """The options of commands that contact git servers; None if not given."""

    cache: str | None
    jobs: int | None
    timeout: float | None
    retries: int | None
    is_offline: bool


_cache_option = click.option(
    "--cache", cls=SharedOption, metavar="DIR", help="Directory of the mirrors [PINNER_CACHE]."
)
_timeout_option = click.option(
    "--timeout",
    cls=SharedOption,
    metavar="SECONDS",
    type=click.FloatRange(0, min_open=True),
    help="Time limit of one git call; a clone or fetch may take longer while data arrive [PINNER_TIMEOUT].",
)
_retries_option = click.option(
    "--retries",
    cls=SharedOption,
    metavar="N",
    type=click.IntRange(0, 20),
    help="Retries after a temporary failure [PINNER_RETRIES].",
)


def one_remote_options(command: Command) -> Command:
    """Add --cache, --timeout and --retries, for a single server; the command gets them as `remote`."""

    @_cache_option
    @_timeout_option
    @_retries_option
    @wraps(command)
    def with_remote(
        *arguments: Any, cache: str | None, timeout: float | None, retries: int | None, **others: Any
    ) -> Any:
        remote = RemoteOptions(cache, None, timeout, retries, is_offline=False)
        return command(*arguments, remote=remote, **others)

    return with_remote  # type: ignore[return-value]  # wraps() keeps the command's shape


def remote_options(command: Command) -> Command:
    """Add --cache, --jobs, --timeout, --retries and --offline; the command gets them as `remote`."""

    @_cache_option
    @click.option(
        "--jobs",
        cls=SharedOption,
        metavar="N",
        type=click.IntRange(1, 256),
        help="Parallel git connections [PINNER_JOBS].",
    )
    @_timeout_option
    @_retries_option
    @click.option(
        "--offline",
        "is_offline",
        cls=SharedOption,
        is_flag=True,
        help="Contact no remote; use the cache only.",
    )
    @wraps(command)
    def with_remote(
        *arguments: Any,
        cache: str | None,
        jobs: int | None,
        timeout: float | None,
        retries: int | None,
        is_offline: bool,
        **others: Any,
    ) -> Any:
        return command(*arguments, remote=RemoteOptions(cache, jobs, timeout, retries, is_offline), **others)

    return with_remote  # type: ignore[return-value]  # wraps() keeps the command's shape


def format_option(*formats: Format) -> Callable[[Command], Command]:
    """Add --format with the given choices; the first is the default."""
    return click.option(
        "--format",
        "output",
        cls=SharedOption,
        type=click.Choice([choice.value for choice in formats]),
        callback=lambda _context, _parameter, value: Format(value),
        default=formats[0].value,
        show_default=True,
        help="Output format.",
    )


environments_argument = click.argument(
    "environments", metavar="[ENV]...", nargs=-1, shell_complete=complete_environment
)
environment_argument = click.argument("environment", metavar="ENV", shell_complete=complete_environment)


def modules_option(what: str) -> Callable[[Command], Command]:
    """Add -m/--module, which may be repeated; the command gets the names as `modules`."""
    return click.option(
        "-m",
        "--module",
        "modules",
        metavar="MODULE",
        multiple=True,
        shell_complete=complete_module,
        help=f"{what} (repeatable).",
    )


def _as_url(_context: click.Context, _parameter: click.Parameter, text: str | None) -> str | None:
    """Return the absolute path if the text is a directory, else the text."""
    return str(resolve(Path(text))) if text and Path(text).is_dir() else text


control_repo_option = click.option(
    "--control-repo",
    metavar="URL",
    callback=_as_url,
    help="Control repository: a URL or a directory [PINNER_CONTROL_REPO].",
)


def layout_options(command: Command) -> Command:
    """Add --layout and --control-repo; None if not given."""
    layout = click.option(
        "--layout",
        type=click.Choice([layout.value for layout in Layout]),
        help="Layout of the environments for r10k [PINNER_LAYOUT].",
    )
    return layout(control_repo_option(command))
