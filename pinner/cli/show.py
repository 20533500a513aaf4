"""`status`, `id`, `why`: the commands that only look."""

import sys
from pathlib import Path

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
from pinner.operations.origins import find_origins
from pinner.operations.status import EnvironmentStatus, read_lock_ids, read_statuses
from pinner.operations.why import explain
from pinner.report import as_json, origins, table, text
from pinner.report.findings import findings
from pinner.words.exit_codes import COULD_NOT_FIND_OUT
from pinner.words.problems import InputError, Problem


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
        for line in findings(dict.fromkeys(found for status in statuses for found in status.unknown)):
            tell(line)
    return COULD_NOT_FIND_OUT if any(status.unknown for status in statuses) else 0


def print_statuses(statuses: tuple[EnvironmentStatus, ...]) -> None:
    """Print a table on a terminal, plain columns elsewhere."""
    if sys.stdout.isatty():
        table.print_tables(statuses)
    else:
        say(table.columns(statuses))


@click.command(
    "id",
    epilog=example("pinner id production staging", "pinner id --from-report reports/node1/202611230506.yaml"),
)
@environments_argument
@click.option(
    "--from-report",
    "report",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Show which lock the code of a Puppet report or catalog was; end with 1 if it is none.",
)
@format_option(Format.TEXT, Format.JSON)
@click.pass_obj
def id_command(project: str, environments: tuple[str, ...], *, report: Path | None, output: Format) -> int:
    """Show lock ids: two environments with one id run the same code.

    An agent's report and catalog carry the lock id of the environment as their configuration version.
    """
    if report is not None:
        return _show_origins(project, environments, report, output)
    rows = read_lock_ids(open_workspace(project), environments)
    say([as_json.dump(as_json.lock_ids(rows))] if output is Format.JSON else text.lock_ids(rows))
    return 0


def _show_origins(project: str, environments: tuple[str, ...], report: Path, output: Format) -> int:
    if environments:
        raise InputError(Problem("--from-report FILE goes with no environment: the report names its own"))
    result = find_origins(open_workspace(project), report)
    say([as_json.dump(origins.as_json(result))] if output is Format.JSON else origins.as_text(result))
    return 0 if result.found else 1


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
