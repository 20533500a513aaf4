"""`outdated`: updates available upstream."""

import click

from pinner.cli.findings import print_unknown
from pinner.cli.options import (
    PinnerCommand,
    RemoteOptions,
    environments_argument,
    example,
    format_option,
    modules_option,
    remote_options,
)
from pinner.cli.output import Format, print_report, progress
from pinner.cli.workspace import open_workspace
from pinner.inspecting.outdated import find_updates


@click.command(
    "outdated", cls=PinnerCommand, epilog=example("pinner outdated", "pinner outdated production --exit-code")
)
@environments_argument
@modules_option("Show only this module")
@click.option("--exit-code", "tells_by_code", is_flag=True, help="End with 1 if updates are available.")
@remote_options
@format_option(Format.TEXT, Format.JSON, Format.MARKDOWN)
@click.pass_obj
def outdated_command(
    project: str,
    environments: tuple[str, ...],
    *,
    modules: tuple[str, ...],
    tells_by_code: bool,
    remote: RemoteOptions,
    output: Format,
) -> int:
    """Show updates available upstream, and upcoming ends of life.

    Lists commits behind the ref, newer tags and releases, changed pins of upstream's gate, ends of life, and overrides
    whose `until` is near. Writes nothing.
    """
    workspace = open_workspace(project, remote)
    with progress() as on_done:
        news = find_updates(workspace, environments, modules=frozenset(modules), on_done=on_done)
    code = print_unknown(found for result in news.environments for found in result.unknown)
    print_report("updates", news, output)
    return code or int(tells_by_code and any(result.modules for result in news.environments))
