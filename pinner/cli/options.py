"""The class of every command with its shared options, the options of several commands, and the output of findings."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from pinner.cli.output import (
    Color,
    Format,
    OutputOptions,
    output_options,
)
from pinner.model.errors import PinnerError
from pinner.project.files import Project, find_project, list_environments, resolve
from pinner.project.manifest.lock import read_lock

_WIDEST_FLAGS: Final = 22
"""Columns for an option's flags; the help of a wider one starts on the next line."""


class SharedOption(click.Option):
    """An option that many commands take; --help lists these in a section of their own."""


def _shared_options() -> tuple[SharedOption, ...]:
    return (
        SharedOption(
            ["-o", "--output", "output_path"],
            metavar="FILE",
            type=click.Path(path_type=Path),
            help="Write the result to FILE, which is replaced only on success (exit code 0 or 1).",
        ),
        SharedOption(["-q", "--quiet", "is_quiet"], is_flag=True, help="Print only results and problems."),
        SharedOption(
            ["-v", "--verbose", "is_verbose"], is_flag=True, help="Print each repository that is contacted."
        ),
        SharedOption(
            ["--color"],
            type=click.Choice([choice.value for choice in Color]),
            default=Color.AUTO.value,
            help="Colour the text (auto: on a terminal, unless NO_COLOR is set).",
        ),
    )


class PinnerCommand(click.Command):
    """A command that also takes the shared options, unless it defines an option of that name itself."""

    def __init__(
        self, name: str | None, *, params: list[click.Parameter] | None = None, **others: Any
    ) -> None:
        own = params or []
        taken = {flag for param in own for flag in param.opts}
        self.shared = [option for option in _shared_options() if not taken.intersection(option.opts)]
        super().__init__(name, params=[*own, *self.shared], **others)

    def invoke(self, ctx: click.Context) -> int:
        """Run the command with its output as the shared options demand, and return its exit code."""
        given = {option.name: ctx.params.pop(option.name or "") for option in self.shared}
        if given.get("is_quiet") and given.get("is_verbose"):
            raise click.UsageError("-q and -v exclude each other.", ctx)
        options = OutputOptions(
            is_quiet=given.get("is_quiet", False),
            is_verbose=given.get("is_verbose", False),
            color=Color(given.get("color", Color.AUTO)),
            may_page=ctx.find_root().params.get("may_page", True),
        )
        with output_options(options, given.get("output_path")) as finish:
            exit_code = int(super().invoke(ctx) or 0)
            finish(exit_code)
        return exit_code

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Return the remaining arguments; `--json` gets the hint that other tools' users need."""
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            if error.option_name == "--json" and any("--format" in param.opts for param in self.params):
                raise click.NoSuchOption("--json", possibilities=["--format json"], ctx=ctx) from None
            raise

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the command's own options, then those that many commands take."""
        rows: dict[bool, list[tuple[str, str]]] = {False: [], True: []}
        for param in self.get_params(ctx):
            if not isinstance(param, click.Option):
                continue
            is_shared = isinstance(param, SharedOption) or "--help" in param.opts
            if record := param.get_help_record(ctx):
                rows[is_shared].append(record)
        for title, records in (("Options", rows[False]), ("Common options", rows[True])):
            if records:
                with formatter.section(title):
                    formatter.write_dl(records, col_max=_WIDEST_FLAGS)


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


accept_option = click.option(
    "--accept-moved",
    "accepted",
    metavar="MODULE",
    multiple=True,
    help="Accept that a tag of this module now points to another commit (repeatable).",
)
sandbox_option = click.option(
    "--sandbox",
    type=click.Choice(["auto", "bwrap", "unshare", "none"]),
    default="auto",
    show_default=True,
    help="How to keep the code of modules, which Puppet runs, away from this machine.",
)
against_option = click.option(
    "--against",
    metavar="REV",
    help="Report pins that moved back since this revision of the project, such as the target of a merge request.",
)
older_option = click.option(
    "--allow-older",
    "older",
    metavar="MODULE",
    multiple=True,
    help="Accept an older commit of this module than the locked one (repeatable).",
)


dry_run_option = click.option(
    "--dry-run",
    "is_dry_run",
    is_flag=True,
    help="Write nothing; show what would change, with commits and release notes.",
)
exit_code_option = click.option(
    "--exit-code", "ends_by_change", is_flag=True, help="With --dry-run: end with 1 if a lock would change."
)
