"""`verify`: check locks and deployed files."""

from pathlib import Path

import click

from pinner.cli.findings import findings_format, ignore_option, print_results, strict_option
from pinner.cli.options import (
    PinnerCommand,
    RemoteOptions,
    accept_option,
    against_option,
    code_option,
    environments_argument,
    example,
    hiera_option,
    modules_option,
    remote_options,
)
from pinner.cli.output import Format, progress
from pinner.cli.workspace import open_workspace
from pinner.locking.verify import of_modules, verify_environments
from pinner.model.rules import IGNORED
from pinner.workspace.operator_data import read_operator_data


@click.command(
    "verify",
    cls=PinnerCommand,
    epilog=example(
        f"pinner verify --ignore {' --ignore '.join(IGNORED)}",
        "pinner verify --deployed /etc/puppetlabs/code/environments production",
    ),
)
@environments_argument
@click.option(
    "--deployed",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Compare the files in DIR/ENV with the locks instead; contacts no remote.",
)
@click.option(
    "--isolation",
    "names_isolation",
    is_flag=True,
    help="List all Ruby code that differs between environments.",
)
@modules_option("Report only this module")
@hiera_option
@code_option
@ignore_option
@against_option
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
    modules: tuple[str, ...],
    hiera: tuple[Path, ...],
    code: tuple[Path, ...],
    ignore: frozenset[tuple[str, str | None]],
    against: str | None,
    accepted: tuple[str, ...],
    is_strict: bool,
    remote: RemoteOptions,
    output: Format,
) -> int:
    """Check locks against remotes, and modules against each other.

    With hiera data or site code, also the packages that they install against the release. Writes nothing.
    """
    workspace = open_workspace(project, remote)
    if deployed is not None:
        if accepted:
            raise click.UsageError(
                "--accept-moved concerns tags of remotes, which --deployed does not contact."
            )
        if hiera or code:
            raise click.UsageError("--hiera and --code are for locks, which --deployed does not check.")
        if names_isolation:
            raise click.UsageError(
                "--isolation checks locks and --deployed checks files: run them separately."
            )
        from pinner.deploying.deployed import verify_deployed  # noqa: PLC0415 - only servers need it
        from pinner.deploying.versions.history import with_versions  # noqa: PLC0415 - the same

        found = verify_deployed(workspace, deployed, environments, ignore=ignore, is_strict=is_strict)
        found = with_versions(found, deployed, ignore)
        return print_results(of_modules(found, frozenset(modules)), verb="compared", output=output)
    hiera, code = workspace.data_directories(None, hiera, code)
    with progress() as on_done:
        outcomes = verify_environments(
            workspace,
            environments,
            ignore=ignore,
            against=against,
            accepted=frozenset(accepted),
            is_strict=is_strict,
            names_isolation=names_isolation,
            operator_data=read_operator_data(hiera, code),
            on_done=on_done,
        )
    return print_results(of_modules(outcomes, frozenset(modules)), verb="verified", output=output)
