"""`dashboard`: one page of all environments."""

from pathlib import Path

import click

from pinner.cli.options import (
    PinnerCommand,
    RemoteOptions,
    environments_argument,
    example,
    print_unknown,
    remote_options,
)
from pinner.cli.output import Format, is_verbose, print_note, progress, render, write_file
from pinner.cli.workspace import open_workspace
from pinner.inspecting.status import make_dashboard, read_served, read_statuses
from pinner.project.files import read_file, resolve
from pinner.report.html.dashboard import read_state

LARGEST_PAGE = 64 * 1024 * 1024
"""Maximum bytes of the page that is replaced, which is read for what changed since."""


@click.command(
    "dashboard",
    cls=PinnerCommand,
    epilog=example(
        "pinner dashboard -o public/index.html",
        "pinner dashboard -o index.html --deployed /etc/puppetlabs/code/versioned",
    ),
)
@environments_argument
@click.option(
    "-o",
    "--output",
    "path",
    metavar="FILE",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the page to FILE; if it is an earlier page, the new one lists what changed since.",
)
@click.option(
    "--deployed",
    "servers",
    metavar="PATH",
    multiple=True,
    type=click.Path(path_type=Path, exists=True),
    help="Count the locks that this server does not serve: its deployment directory, or a file of 'deploy --list "
    "--format json' (repeatable).",
)
@remote_options
@click.pass_obj
def dashboard_command(
    project: str,
    environments: tuple[str, ...],
    *,
    path: Path,
    servers: tuple[Path, ...],
    remote: RemoteOptions,
) -> int:
    """Write one HTML page with the state of all environments.

    It has releases with their ends of life, what is behind, overrides that end soon, locks that are not deployed, all
    modules, and their dependencies. It is also written if some modules could not be checked, which it lists.
    """
    workspace = open_workspace(project, remote)
    served = read_served(servers) if servers else None
    target = resolve(path)
    before = read_file(target, shown=str(path), limit=LARGEST_PAGE) if target.exists() else b""
    with progress() as on_done:
        statuses = read_statuses(workspace, environments, on_done=on_done)
    previous = read_state(before.decode(errors="replace"))
    result = make_dashboard(statuses, workspace.today, previous, served)
    page = "\n".join(render("dashboard", result, Format.HTML))
    write_file(path, f"{page}\n")
    print_note(f"wrote {path}")
    unknown = (found for status in statuses for found in status.unknown)
    return print_unknown(unknown, is_verbose=is_verbose())
