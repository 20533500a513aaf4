"""Options that several commands share, and the workspace they make."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

import click

from pinner.cli.complete import complete_environment, complete_module
from pinner.git.memory import Memory
from pinner.git.mirrors import Mirrors
from pinner.operations.workspace import Workspace
from pinner.project.layout import Project, find_project
from pinner.project.rules import check_ignored
from pinner.project.settings import read_settings
from pinner.words.control import Layout
from pinner.words.problems import InputError

Command = TypeVar("Command", bound=Callable[..., Any])


def example(*lines: str) -> str:
    """Return a command's epilog that shows these lines as they are."""
    return "\b\nExample:\n" + "\n".join(f"  {line}" for line in lines)


class Format(StrEnum):
    """How a result is printed."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"
    HTML = "html"
    JUNIT = "junit"
    SARIF = "sarif"


@dataclass(frozen=True, slots=True)
class Remote:
    """The options of every command that may talk to git servers; None where the user said nothing."""

    cache: str | None
    jobs: int | None
    timeout: float | None
    retries: int | None
    is_offline: bool


_cache_option = click.option("--cache", metavar="DIR", help="Where mirrors are kept [PINNER_CACHE].")
_timeout_option = click.option(
    "--timeout",
    metavar="SECONDS",
    type=click.FloatRange(0, min_open=True),
    help="Time for one git call [PINNER_TIMEOUT].",
)
_retries_option = click.option(
    "--retries",
    metavar="N",
    type=click.IntRange(0, 20),
    help="Tries after a failure that may pass [PINNER_RETRIES].",
)


def one_remote_options(command: Command) -> Command:
    """Add --cache, --timeout and --retries, for one server that must answer; the command gets them as `remote`."""

    @_cache_option
    @_timeout_option
    @_retries_option
    @wraps(command)
    def with_remote(
        *arguments: Any, cache: str | None, timeout: float | None, retries: int | None, **others: Any
    ) -> Any:
        remote = Remote(cache, None, timeout, retries, is_offline=False)
        return command(*arguments, remote=remote, **others)

    return with_remote  # type: ignore[return-value]  # wraps() keeps the command's shape


def remote_options(command: Command) -> Command:
    """Add --cache, --jobs, --timeout, --retries and --offline; the command gets them as `remote`."""

    @_cache_option
    @click.option(
        "--jobs", metavar="N", type=click.IntRange(1, 256), help="Parallel git connections [PINNER_JOBS]."
    )
    @_timeout_option
    @_retries_option
    @click.option("--offline", "is_offline", is_flag=True, help="Ask no remote: what the cache has must do.")
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
        return command(*arguments, remote=Remote(cache, jobs, timeout, retries, is_offline), **others)

    return with_remote  # type: ignore[return-value]  # wraps() keeps the command's shape


def format_option(*formats: Format) -> Callable[[Command], Command]:
    """Add --format with the given choices; the first is the default."""
    return click.option(
        "--format",
        "output",
        type=click.Choice([choice.value for choice in formats]),
        callback=lambda _context, _parameter, value: Format(value),
        default=formats[0].value,
        show_default=True,
        help="How the result is printed.",
    )


environments_argument = click.argument(
    "environments", metavar="[ENV]...", nargs=-1, shell_complete=complete_environment
)
environment_argument = click.argument("environment", metavar="ENV", shell_complete=complete_environment)


def _read_ignored(
    _context: click.Context, _parameter: click.Parameter, texts: tuple[str, ...]
) -> frozenset[tuple[str, str | None]]:
    for text in texts:
        if flaw := check_ignored(text):
            raise click.BadParameter(flaw)
    return frozenset((code, module or None) for code, _, module in (text.partition(":") for text in texts))


ignore_option = click.option(
    "--ignore",
    metavar="CODE[:MODULE]",
    multiple=True,
    callback=_read_ignored,
    help="Be silent about this finding (repeatable).",
)


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
    """Return what git is asked for: a directory is meant where there is one."""
    return str(Path(text).resolve()) if text and Path(text).is_dir() else text


control_repo_option = click.option(
    "--control-repo",
    metavar="URL",
    callback=_as_url,
    help="The control repository, a URL or a directory [PINNER_CONTROL_REPO].",
)


def layout_options(command: Command) -> Command:
    """Add --layout and --control-repo; the command gets None for what was not given."""
    layout = click.option(
        "--layout",
        type=click.Choice([layout.value for layout in Layout]),
        help="How environments lie for r10k [PINNER_LAYOUT].",
    )
    return layout(control_repo_option(command))


def open_workspace(
    directory: str,
    remote: Remote | None = None,
    *,
    is_project_needed: bool = True,
    layout: str | None = None,
    control_repo: str | None = None,
) -> Workspace:
    """Return the workspace of the project at or above `directory`, with the settings that its options leave.

    Where no project is needed and none is there, `directory` stands for one.
    """
    remote = remote or Remote(None, None, None, None, is_offline=True)
    try:
        project = find_project(Path(directory))
    except InputError:
        if is_project_needed:
            raise
        project = Project(Path(directory).resolve())
    settings = read_settings(
        project,
        cache=remote.cache,
        jobs=remote.jobs,
        timeout=remote.timeout,
        retries=remote.retries,
        layout=layout,
        control_repo=control_repo,
    )
    cache = Path(settings.cache)
    return Workspace(
        project=project,
        settings=settings,
        mirrors=Mirrors(cache, settings, is_offline=remote.is_offline),
        memory=Memory(cache),
        today=datetime.now(UTC).date(),
        is_offline=remote.is_offline,
    )
