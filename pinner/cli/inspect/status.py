"""`status`: how far each environment is behind."""

import sys

import click

from pinner.cli.options import (
    PinnerCommand,
    RemoteOptions,
    environments_argument,
    example,
    format_option,
    modules_option,
    print_unknown,
    remote_options,
)
from pinner.cli.output import (
    Format,
    has_color,
    is_terminal,
    is_verbose,
    print_lines,
    print_report,
    progress,
    terminal_width,
)
from pinner.cli.workspace import open_workspace
from pinner.inspecting.status import make_dashboard, read_statuses
from pinner.model.errors import COULD_NOT_FIND_OUT


@click.command(
    "status", cls=PinnerCommand, epilog=example("pinner status", "pinner status --format html -o status.html")
)
@environments_argument
@modules_option("Show only this module")
@click.option(
    "--exit-code",
    "ends_by_state",
    is_flag=True,
    help="End with 1 if a module is behind or at its end of life.",
)
@remote_options
@format_option(Format.TEXT, Format.JSON, Format.HTML)
@click.pass_obj
def status_command(
    project: str,
    environments: tuple[str, ...],
    *,
    modules: tuple[str, ...],
    ends_by_state: bool,
    remote: RemoteOptions,
    output: Format,
) -> int:
    """Show what each environment pins, and how far behind it is."""
    workspace = open_workspace(project, remote)
    with progress() as on_done:
        statuses = read_statuses(workspace, environments, modules=frozenset(modules), on_done=on_done)
    if output is Format.TEXT and is_terminal():
        from pinner.report.text.terminal import table_lines  # noqa: PLC0415 - loads rich, for a terminal only

        print_lines(table_lines(statuses, width=terminal_width(), has_color=has_color(sys.stdout)))
    else:
        is_page = output is Format.HTML
        value = make_dashboard(statuses, workspace.today) if is_page else statuses
        print_report("dashboard" if is_page else "statuses", value, output)
    unknown = [found for status in statuses for found in status.unknown]
    if output is Format.TEXT:
        print_unknown(unknown, is_verbose=is_verbose())
    if unknown:
        return COULD_NOT_FIND_OUT
    return int(
        ends_by_state and not all(module.is_current for status in statuses for module in status.modules)
    )
