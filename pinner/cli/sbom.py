"""`sbom`: what a lock holds, in the words of those who watch for vulnerabilities and licences."""

import click

from pinner.cli.complete import complete_environment
from pinner.cli.options import Remote, example, open_workspace, remote_options
from pinner.cli.output import say, tell
from pinner.operations.licences import Licences, read_licences
from pinner.operations.sbom import read_bill
from pinner.report.cyclonedx import cyclonedx
from pinner.words.exit_codes import COULD_NOT_FIND_OUT

LAST_SECOND = 253_402_300_799
"""Of the year 9999."""


@click.command(
    "sbom",
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
    help="How it is written: CycloneDX 1.6, JSON.",
)
@click.option(
    "--date",
    metavar="SECONDS",
    envvar="SOURCE_DATE_EPOCH",
    type=click.IntRange(0, LAST_SECOND),
    help="Say that it was made then, in seconds since 1970 [SOURCE_DATE_EPOCH]; without it no date is written.",
)
@click.option(
    "--licenses", "has_licences", is_flag=True, help="Say each module's licence, as its metadata.json has it."
)
@remote_options
@click.pass_obj
def sbom_command(
    project: str, environment: str, *, _output: str, date: int | None, has_licences: bool, remote: Remote
) -> int:
    """Print a software bill of materials of ENV's lock.

    One component per module, with its package URL and commit, and who depends on whom. ENV may be ENV@REV, the lock at
    a revision of this project's git, or a lock's path. Asks no remote, except with --licenses for what the cache lacks.
    The same lock gives the same bytes.
    """
    workspace = open_workspace(project, remote)
    bill = read_bill(workspace, environment)
    licences = read_licences(workspace, bill.lock) if has_licences else Licences({})
    say([cyclonedx(bill, licences=licences.by_module, moment=date)])
    for problem in licences.problems:
        tell(problem)
    return COULD_NOT_FIND_OUT if licences.problems else 0
