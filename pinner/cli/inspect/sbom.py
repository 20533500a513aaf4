"""`sbom`: the content of a lock, for tools that watch vulnerabilities and licences."""

import click

from pinner.cli.options import PinnerCommand, RemoteOptions, complete_environment, example, remote_options
from pinner.cli.output import print_data, print_message
from pinner.cli.workspace import open_workspace
from pinner.inspecting.contents import read_bill
from pinner.model.errors import COULD_NOT_FIND_OUT
from pinner.report.ci.cyclonedx import cyclonedx
from pinner.workspace.locks import Licences, read_licences

LAST_SECOND = 253_402_300_799
"""Of the year 9999."""


@click.command(
    "sbom",
    cls=PinnerCommand,
    epilog=example(
        "pinner sbom production > production.cdx.json", "pinner sbom production@v1.4 | jq .components[].purl"
    ),
)
@click.argument("environment", metavar="ENV", shell_complete=complete_environment)
@click.option(
    "--format",
    "_output",
    type=click.Choice(["cyclonedx"]),
    default="cyclonedx",
    show_default=True,
    help="Output format: CycloneDX 1.6, JSON.",
)
@click.option(
    "--date",
    metavar="SECONDS",
    envvar="SOURCE_DATE_EPOCH",
    type=click.IntRange(0, LAST_SECOND),
    help="Date of the document, in seconds since 1970 (default: no date) [SOURCE_DATE_EPOCH].",
)
@click.option(
    "--licenses", "has_licences", is_flag=True, help="Include each module's licence from its metadata.json."
)
@remote_options
@click.pass_obj
def sbom_command(
    project: str,
    environment: str,
    *,
    _output: str,
    date: int | None,
    has_licences: bool,
    remote: RemoteOptions,
) -> int:
    """Print a software bill of materials of ENV's lock.

    One component per module, with its package URL, commit and dependencies, and one for the Puppet or OpenVox that the
    manifest names. ENV may be ENV@REV, the lock at a git
    revision of the project, or the path of a lock. Contacts no remote, except with --licenses for what the cache lacks.
    The same lock and manifest give the same bytes.
    """
    workspace = open_workspace(project, remote)
    bill = read_bill(workspace, environment)
    licences = read_licences(workspace, bill.lock) if has_licences else Licences({})
    print_data([cyclonedx(bill, licences=licences.by_module, moment=date)])
    for problem in licences.problems:
        print_message(problem)
    return COULD_NOT_FIND_OUT if licences.problems else 0
