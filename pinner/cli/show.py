"""`status`, `id`, `why`: the commands that only look."""

import sys

import click

from pinner.cli.complete import complete_module
from pinner.cli.options import (
    Format,
    Remote,
    environment_argument,
    environments_argument,
    example,
    format_option,
    open_workspace,
    remote_options,
)
from pinner.cli.output import say, tell
from pinner.cli.progress import progress
from pinner.operations.status import EnvironmentStatus, read_lock_ids, read_statuses
from pinner.operations.why import explain
from pinner.report import as_json, table, text
from pinner.report.findings import finding

COULD_NOT_FIND_OUT = 3


@click.command("status", epilog=example("pinner status", "pinner status --format html > status.html"))
@environments_argument
@remote_options
@format_option(Format.TEXT, Format.JSON, Format.HTML)
@click.pass_obj
def status_command(project: str, environments: tuple[str, ...], *, remote: Remote, output: Format) -> int:
    """Show what each environment runs, and how many commits behind."""
    workspace = open_workspace(project, remote)
    with progress() as on_done:
        statuses = read_statuses(workspace, environments, on_done=on_done)
    if output is Format.JSON:
        say([as_json.dump(as_json.statuses(statuses))])
    elif output is Format.HTML:
        from pinner.report import html  # noqa: PLC0415 - who reads text need not load templates

        say([html.statuses(statuses)])
    else:
        print_statuses(statuses)
        for line in (line for status in statuses for found in status.unknown for line in finding(found)):
            tell(line)
    return COULD_NOT_FIND_OUT if any(status.unknown for status in statuses) else 0


def print_statuses(statuses: tuple[EnvironmentStatus, ...]) -> None:
    """Print a table on a terminal, plain columns elsewhere."""
    if sys.stdout.isatty():
        table.print_tables(statuses)
    else:
        say(table.columns(statuses))


@click.command("id", epilog=example("pinner id production staging"))
@environments_argument
@format_option(Format.TEXT, Format.JSON)
@click.pass_obj
def id_command(project: str, environments: tuple[str, ...], *, output: Format) -> None:
    """Show lock ids: two environments with one id run the same code."""
    rows = read_lock_ids(open_workspace(project), environments)
    say([as_json.dump(as_json.lock_ids(rows))] if output is Format.JSON else text.lock_ids(rows))


@click.command("why", epilog=example("pinner why production nova"))
@environment_argument
@click.argument("module", shell_complete=complete_module)
@format_option(Format.TEXT, Format.JSON)
@click.pass_obj
def why_command(project: str, environment: str, module: str, *, output: Format) -> None:
    """Show where a pin comes from, and who depends on it.

    The manifest's line, the rule, the ref and the commit. Asks no remote.
    """
    reason = explain(open_workspace(project), environment, module)
    say([as_json.dump(as_json.reason(reason))] if output is Format.JSON else text.reason(reason))
