"""`publish`: commit the generated files to the control repository."""

import click

from pinner.cli.options import (
    PinnerCommand,
    RemoteOptions,
    environments_argument,
    example,
    format_option,
    one_remote_options,
)
from pinner.cli.output import Format, print_note, print_report
from pinner.cli.workspace import layout_options, open_workspace
from pinner.deploying.publish import publish


@click.command(
    "publish",
    cls=PinnerCommand,
    epilog=example(
        "pinner publish --dry-run --layout branches --control-repo ssh://git@git.example.net/puppet/control",
        "pinner publish production       with layout and control_repo in pinner.yaml",
    ),
)
@environments_argument
@layout_options
@click.option(
    "--dry-run", "is_dry_run", is_flag=True, help="Show files, messages and differences; publish nothing."
)
@click.option(
    "--force",
    "is_forced",
    is_flag=True,
    help="Overwrite files that others wrote, changed or removed; keeps history.",
)
@click.option(
    "--author", metavar="'NAME <EMAIL>'", help="Author of the commits (default: git's configuration)."
)
@one_remote_options
@format_option(Format.TEXT, Format.JSON)
@click.pass_obj
def publish_command(
    project: str,
    environments: tuple[str, ...],
    *,
    layout: str | None,
    control_repo: str | None,
    is_dry_run: bool,
    is_forced: bool,
    author: str | None,
    remote: RemoteOptions,
    output: Format,
) -> int:
    """Commit the generated files to the control repository.

    One commit per branch, on top of its history; all branches move, or none. Files that others wrote are kept.
    """
    workspace = open_workspace(project, remote, layout=layout, control_repo=control_repo)
    result = publish(workspace, environments, author=author, is_forced=is_forced, is_dry_run=is_dry_run)
    print_report("publication", result, output)
    for note in result.notes:
        print_note(note)
    return 0
