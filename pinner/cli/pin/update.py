"""`update`: move pins."""

from pathlib import Path

import click

from pinner.cli.findings import findings_format, print_results, strict_option
from pinner.cli.options import (
    PinnerCommand,
    RemoteOptions,
    accept_option,
    code_option,
    dry_run_option,
    environments_argument,
    example,
    exit_code_option,
    hiera_option,
    modules_option,
    older_option,
    remote_options,
)
from pinner.cli.output import Format, print_note, progress, write_file
from pinner.cli.pin.lock import print_proposals
from pinner.cli.workspace import open_workspace
from pinner.comparing.diff import compare_results
from pinner.locking.lock import lock_environments
from pinner.locking.pins import UpdateScope
from pinner.report.ci.markdown import update_message
from pinner.workspace.operator_data import OperatorData, read_operator_data


@click.command(
    "update",
    cls=PinnerCommand,
    epilog=example(
        "pinner update production -m nova -m neutron",
        "pinner update --dry-run                  the commits and release notes that would come",
        "pinner update --message message.md && git commit -F message.md environments",
    ),
)
@environments_argument
@modules_option("Move only this module")
@dry_run_option
@exit_code_option
@click.option(
    "--message",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Write a commit message to FILE: a subject, and a description in Markdown below 60 KB.",
)
@hiera_option
@code_option
@accept_option
@older_option
@strict_option
@remote_options
@findings_format
@click.pass_obj
def update_command(
    project: str,
    environments: tuple[str, ...],
    *,
    modules: tuple[str, ...],
    is_dry_run: bool,
    ends_by_change: bool,
    message: Path | None,
    hiera: tuple[Path, ...],
    code: tuple[Path, ...],
    accepted: tuple[str, ...],
    older: tuple[str, ...],
    is_strict: bool,
    remote: RemoteOptions,
    output: Format,
) -> int:
    """Move pins to the newest commits that the manifest allows.

    Moves all modules, or with -m only those named. To change the release, edit the manifest; see `upgrade`.

    --dry-run and --message show the commits, release notes and, with --hiera and --code, the effects on your own data.
    """
    if ends_by_change and not is_dry_run:
        raise click.UsageError("--exit-code requires --dry-run")
    if (hiera or code) and not (is_dry_run or message):
        raise click.UsageError("--hiera and --code require --dry-run or --message")
    workspace = open_workspace(project, remote)

    def read_data(environment: str) -> OperatorData | None:
        directories = workspace.data_directories(environment, hiera, code)
        if not any(directories):
            return None
        return read_operator_data(*directories, platforms=workspace.on_platforms_of(environment).platforms)

    with progress() as on_done:
        outcomes = lock_environments(
            workspace,
            environments,
            scope=UpdateScope(frozenset(modules), frozenset(accepted), frozenset(older)),
            is_strict=is_strict,
            is_dry_run=is_dry_run,
            on_done=on_done,
        )
    if message is not None:
        changed = [outcome for outcome in outcomes if outcome.is_written or outcome.would_write]
        text = update_message(compare_results(changed, workspace, read_data))
        if text is None:
            print_note(f"{message}: not written, because no pin changes")
        else:
            write_file(message, text)
    if is_dry_run:
        return print_proposals(
            outcomes,
            workspace,
            verb="would update",
            output=output,
            read_data=read_data,
            ends_by_change=ends_by_change,
        )
    return print_results(outcomes, verb="updated", output=output)
