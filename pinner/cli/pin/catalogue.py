"""`catalogue`: the facts about OpenStack's releases that a project uses."""

import click

from pinner.cli.options import PinnerCommand, RemoteOptions, example, format_option, remote_options
from pinner.cli.output import Format, print_report, progress
from pinner.cli.workspace import open_workspace
from pinner.inspecting.catalogue import summarize, update_facts
from pinner.model.errors import COULD_NOT_FIND_OUT

SHOW, UPDATE = "show", "update"


@click.command(
    "catalogue",
    cls=PinnerCommand,
    epilog=example("pinner catalogue show", "pinner catalogue update", "pinner catalogue update --dry-run"),
)
@click.argument("action", type=click.Choice([SHOW, UPDATE]), metavar="show|update")
@click.option(
    "--dry-run", "is_dry_run", is_flag=True, help="With 'update': show what changes, and write nothing."
)
@remote_options
@format_option(Format.TEXT, Format.JSON)
@click.pass_obj
def catalogue_command(
    project: str, action: str, *, is_dry_run: bool, remote: RemoteOptions, output: Format
) -> int:
    """Show or update the facts about OpenStack's releases.

    'show' lists the releases with their phase today, their dates, and how many modules they have.

    'update' reads openstack/releases and the Puppetfiles of upstream's gate, shows what changed, and writes
    pinner.catalogue.json. Commit that file: all commands then use its facts instead of those packaged with pinner.
    """
    if action == SHOW and is_dry_run:
        raise click.UsageError("--dry-run is an option of 'update'")
    workspace = open_workspace(project, remote, is_project_needed=action == UPDATE)
    if action == SHOW:
        print_report("catalogue", summarize(workspace), output)
        return 0
    with progress() as on_done:
        result = update_facts(workspace, is_dry_run=is_dry_run, on_done=on_done)
    print_report("catalogue update", result, output)
    return COULD_NOT_FIND_OUT if result.problems else 0
