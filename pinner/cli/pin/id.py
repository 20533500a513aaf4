"""`id`: lock ids, and the lock that a Puppet run used."""

from pathlib import Path

import click

from pinner.cli.options import PinnerCommand, environments_argument, example, format_option
from pinner.cli.output import Format, print_report
from pinner.model.errors import InputError, Problem
from pinner.project.files import find_project
from pinner.project.manifest.lock import read_lock_ids


@click.command(
    "id",
    cls=PinnerCommand,
    epilog=example("pinner id production staging", "pinner id --from-report reports/node1/202611230506.yaml"),
)
@environments_argument
@click.option(
    "--from-report",
    "report",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Show the lock that a Puppet report or catalog was made from; end with 1 if there is none.",
)
@format_option(Format.TEXT, Format.JSON)
@click.pass_obj
def id_command(project: str, environments: tuple[str, ...], *, report: Path | None, output: Format) -> int:
    """Show lock ids; environments with the same id run the same code.

    Puppet reports and catalogs contain the environment's lock id as their configuration version.
    """
    if report is not None:
        if environments:
            raise InputError(Problem("--from-report takes no environment: the report contains it"))
        from pinner.inspecting.status import find_origins  # noqa: PLC0415 - reads git history, lock ids do not

        result = find_origins(find_project(Path(project)), report)
        print_report("origins", result, output)
        return 0 if result.found else 1
    rows = read_lock_ids(find_project(Path(project)), environments)
    print_report("lock ids", rows, output)
    return 0
