"""`diff`: what changes between two locks."""

from pathlib import Path

import click

from pinner.cli.options import (
    PinnerCommand,
    RemoteOptions,
    SharedOption,
    code_option,
    complete_environment,
    example,
    format_option,
    hiera_option,
    modules_option,
    remote_options,
    show_values_option,
)
from pinner.cli.output import Format, print_message, print_report
from pinner.cli.workspace import open_workspace
from pinner.comparing.diff import compare, only
from pinner.model.errors import COULD_NOT_FIND_OUT, with_hints_once
from pinner.report.changes import link_targets
from pinner.workspace.apis import with_control_code
from pinner.workspace.locks import read_lock_ref
from pinner.workspace.operator_data import read_operator_data


@click.command(
    "diff",
    cls=PinnerCommand,
    epilog=example(
        "pinner diff production staging --hiera control/data",
        "pinner diff production@HEAD~1 production --stat",
        "pinner diff production@HEAD~1 production --format markdown",
        "pinner diff production staging --format html > changes.html",
    ),
)
@click.argument("before", metavar="A", shell_complete=complete_environment)
@click.argument("after", metavar="B", shell_complete=complete_environment)
@click.option("--exit-code", "tells_by_code", is_flag=True, help="End with 1 if the locks differ.")
@click.option(
    "--stat",
    "is_short",
    is_flag=True,
    help="Show one line per module: pins, commits, and API changes by severity.",
)
@click.option(
    "-v",
    "--verbose",
    "is_verbose",
    cls=SharedOption,
    is_flag=True,
    help="Show every commit, change and release note.",
)
@modules_option("Show only this module")
@hiera_option
@code_option
@show_values_option
@remote_options
@format_option(Format.TEXT, Format.JSON, Format.MARKDOWN, Format.HTML)
@click.pass_obj
def diff_command(
    project: str,
    before: str,
    after: str,
    *,
    tells_by_code: bool,
    is_short: bool,
    is_verbose: bool,
    modules: tuple[str, ...],
    hiera: tuple[Path, ...],
    code: tuple[Path, ...],
    shows_values: bool,
    remote: RemoteOptions,
    output: Format,
) -> int:
    """Show what changes from one lock to another.

    A and B are each an environment, ENV@REV (its lock at a git revision of the project), or the path of a lock.
    """
    if is_short and output is not Format.TEXT:
        raise click.UsageError("--stat is a form of the text: other formats have the same numbers.")
    workspace = open_workspace(project, remote)
    old, new = read_lock_ref(before, workspace), read_lock_ref(after, workspace)
    workspace = workspace.on_platforms_of(old.lock.environment, new.lock.environment)
    hiera, code = workspace.data_directories(after, hiera, code)
    data = None
    if hiera or code:
        data = read_operator_data(hiera, code, shows_values=shows_values, platforms=workspace.platforms)
    if data is not None and not code:
        data = with_control_code(data, workspace, new.lock)
    result = compare(old, new, workspace, data)
    chosen = only(result, frozenset(modules))
    links = link_targets(chosen.modules)
    print_report(
        "comparison",
        chosen,
        output,
        links=links,
        is_verbose=is_verbose or bool(modules),
        is_short=is_short,
    )
    for problem in with_hints_once(result.problems):
        print_message(problem)
    if result.problems:
        return COULD_NOT_FIND_OUT
    return int(tells_by_code and not result.is_same)
