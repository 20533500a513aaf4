"""`outdated`: what upstream has that the locks do not."""

import click

from pinner.cli.options import (
    Format,
    Remote,
    environments_argument,
    example,
    format_option,
    open_workspace,
    remote_options,
)
from pinner.cli.output import say, tell
from pinner.cli.progress import progress
from pinner.operations.outdated import read_news
from pinner.report import as_json, outdated
from pinner.report.findings import findings
from pinner.words.exit_codes import COULD_NOT_FIND_OUT


@click.command("outdated", epilog=example("pinner outdated", "pinner outdated production --exit-code"))
@environments_argument
@click.option("--exit-code", "tells_by_code", is_flag=True, help="End with 1 if there is news.")
@remote_options
@format_option(Format.TEXT, Format.JSON)
@click.pass_obj
def outdated_command(
    project: str, environments: tuple[str, ...], *, tells_by_code: bool, remote: Remote, output: Format
) -> int:
    """Show what is newer upstream, and what is near its end.

    Commits behind the wanted ref, newer tags and releases, moved pins of upstream's gate, ends of life, overrides
    whose `until` is near. Writes nothing.
    """
    workspace = open_workspace(project, remote)
    with progress() as on_done:
        news = read_news(workspace, environments, on_done=on_done)
    say([as_json.dump(outdated.as_value(news))] if output is Format.JSON else outdated.as_text(news))
    for line in findings(dict.fromkeys(found for result in news for found in result.unknown)):
        tell(line)
    if any(result.unknown for result in news):
        return COULD_NOT_FIND_OUT
    return int(tells_by_code and any(result.modules for result in news))
