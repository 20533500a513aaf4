"""`identify`: the upstream commits of modules without git history."""

from pathlib import Path

import click

from pinner.adopting.identify import CACHE, identify, read_against
from pinner.adopting.match import to_source
from pinner.adopting.plan import ImportOptions, plan_found, write_plan
from pinner.cli.options import PinnerCommand, RemoteOptions, example, format_option, remote_options
from pinner.cli.output import Format, print_message, print_note, print_report, progress
from pinner.cli.workspace import open_workspace
from pinner.model.errors import COULD_NOT_FIND_OUT, with_hints_once
from pinner.model.identification import Identification
from pinner.model.manifest import FoundSources
from pinner.report.text.findings import result_lines
from pinner.workspace.workspace import Workspace


@click.command(
    "identify",
    cls=PinnerCommand,
    epilog=example(
        "pinner identify /etc/puppet/modules",
        "pinner identify /etc/puppet/modules --write production",
        "pinner identify modules/nova --against https://git.example.net/puppet-nova",
    ),
)
@click.argument("directory", metavar="DIR", type=click.Path(path_type=Path))
@click.option(
    "--against",
    metavar=f"GIT|{CACHE}",
    multiple=True,
    help=f"Compare only with this repository, a URL or a path, or with '{CACHE}' (repeatable).",
)
@click.option("--all", "shows_all", is_flag=True, help="List all files that differ, not only the first ones.")
@click.option(
    "--write", "environment", metavar="ENV", help="Write a manifest and a lock of the commits found."
)
@click.option("--force", "is_forced", is_flag=True, help="With --write: overwrite existing files.")
@click.option(
    "--accept-findings",
    "is_accepting",
    is_flag=True,
    help="With --write: lock in spite of findings, and list them in 'findings: ignore'.",
)
@remote_options
@format_option(Format.TEXT, Format.JSON)
@click.pass_obj
def identify_command(
    project: str,
    directory: Path,
    *,
    against: tuple[str, ...],
    shows_all: bool,
    environment: str | None,
    is_forced: bool,
    is_accepting: bool,
    remote: RemoteOptions,
    output: Format,
) -> int:
    """Find the upstream commits of modules without git history.

    DIR is a directory of modules, or one module. Modules are compared by content, not by their version: with the
    repositories known under their names, then with all in the cache. Ends with 1 if a module matches no commit exactly,
    with 3 if something that was needed could not be read.
    """
    workspace = open_workspace(project, remote, is_project_needed=False)
    with progress() as on_done:
        found = identify(workspace, directory, against=read_against(against), on_done=on_done)
    print_report("identification", found, output, shows_all=shows_all)
    # Why repositories that might contain the modules were not compared.
    unasked = dict.fromkeys(problem for one in found.modules if not one.is_sure for problem in one.unasked)
    for problem in with_hints_once(unasked):
        print_message(problem)
    if environment is None:
        return _exit_code(found)
    source = to_source(found, directory, environment)
    options = ImportOptions(name=environment, is_partial=True, is_accepting=is_accepting, is_forced=is_forced)
    return max(_exit_code(found), _write(workspace, source, options))


def _write(workspace: Workspace, source: FoundSources, options: ImportOptions) -> int:
    """Write the manifest and the lock; messages go to stderr, so that stdout remains JSON."""
    with progress() as on_done:
        plan = plan_found(workspace, source, options, on_done=on_done)
    for problem in with_hints_once((*plan.problems, *plan.notes)):
        print_message(problem)
    for path in write_plan(workspace, plan, is_forced=options.is_forced):
        print_note(f"wrote {path}")
    for line in result_lines(plan.outcomes, verb="locked") if plan.outcomes else ():
        print_message(line)
    if not plan.outcomes:
        print_note(f"next: review what was written, then run 'pinner lock {options.name}'")
    return max((outcome.exit_code for outcome in plan.outcomes), default=0)


def _exit_code(found: Identification) -> int:
    if any(one.is_in_doubt for one in found.modules):
        return COULD_NOT_FIND_OUT
    return int(not all(one.is_sure for one in found.modules))
