"""`lock`: pin modules, or check that locks are up to date."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import click

from pinner.cli.findings import findings_format, print_results, strict_option
from pinner.cli.options import (
    PinnerCommand,
    RemoteOptions,
    accept_option,
    against_option,
    dry_run_option,
    environments_argument,
    example,
    exit_code_option,
    older_option,
    remote_options,
)
from pinner.cli.output import WRITERS, Format, is_verbose, print_report, progress
from pinner.cli.workspace import open_workspace
from pinner.locking.freshness import check_locks
from pinner.locking.lock import lock_environments
from pinner.locking.pins import UpdateScope
from pinner.model.findings import EnvironmentResult
from pinner.workspace.workspace import Workspace

if TYPE_CHECKING:
    from pinner.workspace.operator_data import OperatorData


@click.command(
    "lock",
    cls=PinnerCommand,
    epilog=example(
        "pinner lock                 all environments, one connection per repository",
        "pinner lock --dry-run       what it would change, with commits and release notes",
        "pinner lock --check         in CI: 1 if a lock is stale or missing, offline",
    ),
)
@environments_argument
@click.option(
    "--check",
    "only_checks",
    is_flag=True,
    help="Write nothing; end with 1 if a lock is stale or missing. Offline.",
)
@dry_run_option
@exit_code_option
@against_option
@accept_option
@older_option
@strict_option
@remote_options
@findings_format
@click.pass_obj
def lock_command(
    project: str,
    environments: tuple[str, ...],
    *,
    only_checks: bool,
    is_dry_run: bool,
    ends_by_change: bool,
    against: str | None,
    accepted: tuple[str, ...],
    older: tuple[str, ...],
    is_strict: bool,
    remote: RemoteOptions,
    output: Format,
) -> int:
    """Pin what is new or changed in manifests; keep all other pins.

    The whole set is checked; an environment with an error keeps its lock. To move pins, use `update`.
    """
    if (is_dry_run and only_checks) or (ends_by_change and not is_dry_run):
        raise click.UsageError("--exit-code requires --dry-run, which cannot be combined with --check")
    workspace = open_workspace(project, remote)
    if only_checks:
        return print_results(
            check_locks(workspace, environments, against=against, older=frozenset(older)),
            verb="checked",
            output=output,
        )
    with progress() as on_done:
        outcomes = lock_environments(
            workspace,
            environments,
            scope=UpdateScope(accepted=frozenset(accepted), older=frozenset(older)),
            is_strict=is_strict,
            is_dry_run=is_dry_run,
            on_done=on_done,
        )
    if is_dry_run:
        return print_proposals(
            outcomes, workspace, verb="would lock", output=output, ends_by_change=ends_by_change
        )
    return print_results(outcomes, verb="locked", output=output)


def print_proposals(
    outcomes: Iterable[EnvironmentResult],
    workspace: Workspace,
    *,
    verb: str,
    output: Format,
    read_data: Callable[[str], "OperatorData | None"] = lambda _environment: None,
    ends_by_change: bool = False,
) -> int:
    """Print what would change in each environment, and return the highest exit code."""
    from pinner.comparing.diff import compare_results  # noqa: PLC0415 - reads code, which locking does not

    outcomes = tuple(outcomes)
    code = max((outcome.exit_code for outcome in outcomes), default=0)
    if output not in WRITERS["proposals"]:
        print_report("findings", outcomes, output)
    else:
        proposals = compare_results(outcomes, workspace, read_data)
        print_report("proposals", proposals, output, verb=verb, is_verbose=is_verbose())
    return code or int(ends_by_change and any(outcome.would_write for outcome in outcomes))
