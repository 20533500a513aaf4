"""`lock`, `update`, `verify`: the commands that hold locks and manifests together."""

from collections.abc import Iterable
from pathlib import Path

import click

from pinner.cli.options import (
    Format,
    Remote,
    environments_argument,
    example,
    format_option,
    ignore_option,
    modules_option,
    open_workspace,
    remote_options,
)
from pinner.cli.output import say
from pinner.cli.progress import progress
from pinner.operations.lock import Outcome, lock_environments, update_environments
from pinner.operations.verify import check_locks, verify_environments
from pinner.report.outcomes import outcomes as outcome_lines

accept_option = click.option(
    "--accept-moved",
    "accepted",
    metavar="MODULE",
    multiple=True,
    help="Take over that a tag of this module names another commit than it did (repeatable).",
)
findings_format = format_option(Format.TEXT, Format.JSON, Format.JUNIT, Format.SARIF)
strict_option = click.option("--strict", "is_strict", is_flag=True, help="Warnings are errors.")


@click.command(
    "lock",
    epilog=example(
        "pinner lock                 all environments, one connection per repository",
        "pinner lock --check         in CI: 1 if a lock is stale or missing, offline",
    ),
)
@environments_argument
@click.option(
    "--check", "only_checks", is_flag=True, help="Offline: tell whether any lock is stale or missing."
)
@accept_option
@strict_option
@remote_options
@findings_format
@click.pass_obj
def lock_command(
    project: str,
    environments: tuple[str, ...],
    *,
    only_checks: bool,
    accepted: tuple[str, ...],
    is_strict: bool,
    remote: Remote,
    output: Format,
) -> int:
    """Pin what is new or changed in manifests; keep all other pins.

    The whole set is verified, and an environment with an error finding keeps the lock it had.
    """
    workspace = open_workspace(project, remote)
    if only_checks:
        return _report(check_locks(workspace, environments), verb="checked", output=output)
    with progress() as on_done:
        outcomes = lock_environments(
            workspace, environments, accepted=frozenset(accepted), is_strict=is_strict, on_done=on_done
        )
    return _report(outcomes, verb="locked", output=output)


@click.command("update", epilog=example("pinner update production -m nova -m neutron"))
@environments_argument
@modules_option("Move only this module")
@accept_option
@strict_option
@remote_options
@findings_format
@click.pass_obj
def update_command(
    project: str,
    environments: tuple[str, ...],
    *,
    modules: tuple[str, ...],
    accepted: tuple[str, ...],
    is_strict: bool,
    remote: Remote,
    output: Format,
) -> int:
    """Move modules to what their wants now say (default: all).

    With -m, exactly the named modules move and no other remote is asked.
    """
    workspace = open_workspace(project, remote)
    with progress() as on_done:
        outcomes = update_environments(
            workspace,
            environments,
            modules=frozenset(modules),
            accepted=frozenset(accepted),
            is_strict=is_strict,
            on_done=on_done,
        )
    return _report(outcomes, verb="updated", output=output)


@click.command(
    "verify",
    epilog=example(
        "pinner verify --ignore end-of-life --ignore dependency-missing:horizon",
        "pinner verify --deployed /etc/puppetlabs/code/environments production",
    ),
)
@environments_argument
@click.option(
    "--deployed",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Compare the files in DIR/ENV with the locks instead; asks no remote.",
)
@click.option(
    "--isolation",
    "names_isolation",
    is_flag=True,
    help="Name all Ruby code that is not the same in all environments.",
)
@ignore_option
@accept_option
@strict_option
@remote_options
@findings_format
@click.pass_obj
def verify_command(
    project: str,
    environments: tuple[str, ...],
    *,
    deployed: Path | None,
    names_isolation: bool,
    ignore: frozenset[tuple[str, str | None]],
    accepted: tuple[str, ...],
    is_strict: bool,
    remote: Remote,
    output: Format,
) -> int:
    """Check locks against remotes, and modules against each other.

    Writes nothing.
    """
    workspace = open_workspace(project, remote)
    if deployed is not None:
        if accepted:
            raise click.UsageError("--accept-moved is about tags of remotes, which --deployed does not ask.")
        if names_isolation:
            raise click.UsageError(
                "--isolation is about locks, and --deployed about files: run the two apart."
            )
        from pinner.operations.deployed.verify import verify_deployed  # noqa: PLC0415 - only servers need it

        found = verify_deployed(workspace, deployed, environments, ignore=ignore, is_strict=is_strict)
        return _report(found, verb="compared", output=output)
    with progress() as on_done:
        outcomes = verify_environments(
            workspace,
            environments,
            ignore=ignore,
            accepted=frozenset(accepted),
            is_strict=is_strict,
            names_isolation=names_isolation,
            on_done=on_done,
        )
    return _report(outcomes, verb="verified", output=output)


def _report(outcomes: Iterable[Outcome], *, verb: str, output: Format) -> int:
    outcomes = tuple(outcomes)
    say(_lines(outcomes, verb=verb, output=output))
    return max((outcome.exit_code for outcome in outcomes), default=0)


def _lines(outcomes: tuple[Outcome, ...], *, verb: str, output: Format) -> Iterable[str]:
    if output is Format.JSON:
        from pinner.report import as_json  # noqa: PLC0415 - it knows every result, and start-up would feel it

        return [as_json.dump(as_json.outcomes(outcomes))]
    if output is Format.JUNIT:
        from pinner.report.junit import junit  # noqa: PLC0415 - who reads text need not load XML

        return [junit(outcomes)]
    if output is Format.SARIF:
        from pinner.report.sarif import sarif  # noqa: PLC0415 - the same

        return [sarif(outcomes)]
    return outcome_lines(outcomes, verb=verb)
