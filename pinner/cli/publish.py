"""`publish`: the generated files onto the branches of the control repository."""

from collections.abc import Iterable

import click

from pinner.cli.options import (
    Format,
    Remote,
    environments_argument,
    example,
    format_option,
    layout_options,
    one_remote_options,
    open_workspace,
)
from pinner.cli.output import say, tell
from pinner.operations.publish.publish import Publication, publish
from pinner.report import publication as report


@click.command(
    "publish",
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
    help="Overwrite files that others wrote, changed or removed; history stays.",
)
@click.option(
    "--author", metavar="'NAME <EMAIL>'", help="Author of the commits (default: as git is configured)."
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
    remote: Remote,
    output: Format,
) -> int:
    """Commit the generated files to the control repository.

    One commit a branch, on top of what is there; all branches move, or none. What others wrote there stays.
    """
    workspace = open_workspace(project, remote, layout=layout, control_repo=control_repo)
    result = publish(workspace, environments, author=author, is_forced=is_forced, is_dry_run=is_dry_run)
    say(_lines(result, output))
    for note in result.notes:
        tell(note)
    return 0


def _lines(result: Publication, output: Format) -> Iterable[str]:
    if output is Format.JSON:
        from pinner.report import as_json  # noqa: PLC0415 - it knows every result, and start-up would feel it

        return [as_json.dump(report.as_json(result))]
    return report.as_text(result)
