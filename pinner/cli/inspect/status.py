"""`status` and `dashboard`: how far each environment is behind, and one page of all environments."""

import sys
from pathlib import Path

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
from pinner.cli.output import (
    Format,
    has_color,
    is_terminal,
    is_verbose,
    print_lines,
    print_note,
    print_report,
    progress,
    render,
    terminal_width,
    write_file,
)
from pinner.cli.workspace import open_workspace
from pinner.inspecting.status import make_dashboard, read_served, read_statuses
from pinner.model.errors import COULD_NOT_FIND_OUT
from pinner.project.files import read_file, resolve
from pinner.report.html.dashboard import read_state


@click.command(
    "status", cls=PinnerCommand, epilog=example("pinner status", "pinner status --format html -o status.html")
)
@environments_argument
@modules_option("Show only this module")
@click.option(
    "--exit-code",
    "ends_by_state",
    is_flag=True,
    help="End with 1 if a module is behind or at its end of life.",
)
@remote_options
@format_option(Format.TEXT, Format.JSON, Format.HTML)
@click.pass_obj
def status_command(
    project: str,
    environments: tuple[str, ...],
    *,
    modules: tuple[str, ...],
    ends_by_state: bool,
    remote: RemoteOptions,
    output: Format,
) -> int:
    """Show what each environment pins, and how far behind it is."""
    workspace = open_workspace(project, remote)
    with progress() as on_done:
        statuses = read_statuses(workspace, environments, modules=frozenset(modules), on_done=on_done)
    if output is Format.TEXT and is_terminal():
        width, is_coloured = terminal_width(), has_color(sys.stdout)
        print_lines(render("status table", statuses, output, width=width, has_color=is_coloured))
    else:
        is_page = output is Format.HTML
        value = make_dashboard(statuses, workspace.today) if is_page else statuses
        print_report("dashboard" if is_page else "statuses", value, output)
    unknown = [found for status in statuses for found in status.unknown]
    if output is Format.TEXT:
        print_unknown(unknown, is_verbose=is_verbose())
    if unknown:
        return COULD_NOT_FIND_OUT
    return int(
        ends_by_state and not all(module.is_current for status in statuses for module in status.modules)
    )


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
