"""`sbom`: what a lock holds, in the words of those who watch for vulnerabilities and licences."""

import click

from pinner.cli.complete import complete_environment
from pinner.cli.options import example, open_workspace
from pinner.cli.output import say
from pinner.operations.sbom import read_bill
from pinner.report.cyclonedx import cyclonedx

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
@click.pass_obj
def sbom_command(project: str, environment: str, *, _output: str, date: int | None) -> None:
    """Print a software bill of materials of ENV's lock.

    One component per module, with its package URL and commit, and who depends on whom. ENV may be ENV@REV, the lock at
    a revision of this project's git, or a lock's path. Asks no remote; the same lock gives the same bytes.
    """
    say([cyclonedx(read_bill(open_workspace(project), environment), moment=date)])
