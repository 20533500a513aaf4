"""`identify`: which upstream commits modules without history are."""

from pathlib import Path

import click

from pinner.cli.options import Format, Remote, example, format_option, open_workspace, remote_options
from pinner.cli.output import say, tell
from pinner.cli.progress import progress
from pinner.operations.identify.identify import Identification, identify
from pinner.operations.identify.scope import CACHE, read_against
from pinner.operations.identify.writing import as_found
from pinner.operations.importing.adopt import Options, plan_found
from pinner.operations.importing.writing import write_plan
from pinner.operations.workspace import Workspace
from pinner.report import as_json
from pinner.report.identify import as_text
from pinner.report.identify_json import as_value
from pinner.report.outcomes import outcomes
from pinner.words.exit_codes import COULD_NOT_FIND_OUT
from pinner.words.imports import Found
from pinner.words.problems import Problem, with_hints_once


@click.command(
    "identify",
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
    help=f"Look only into this repository, a URL or path, or with '{CACHE}' into what the cache has (repeatable).",
)
@click.option("--all", "shows_all", is_flag=True, help="List all files that differ, not only the first.")
@click.option("--write", "environment", metavar="ENV", help="Write a manifest and a lock of what was found.")
@click.option("--force", "is_forced", is_flag=True, help="With --write: overwrite what is there already.")
@click.option(
    "--accept-findings",
    "is_accepting",
    is_flag=True,
    help="With --write: lock all the same; what is wrong with the set goes into its 'findings: ignore'.",
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
    remote: Remote,
    output: Format,
) -> int:
    """Find the upstream commits that modules without history are.

    DIR is a directory of modules, or one module. They are looked for by content, not by the version that they claim:
    in the repositories known under their names, then in all that the cache has. Ends with 1 if a module is only like a
    commit, or like none, and with 3 if something that was needed could not be read.
    """
    workspace = open_workspace(project, remote, is_project_needed=False)
    with progress() as on_done:
        found = identify(workspace, directory, against=read_against(against), on_done=on_done)
    say([as_json.dump(as_value(found))] if output is Format.JSON else as_text(found, shows_all=shows_all))
    for problem in with_hints_once(_unasked(found)):
        tell(problem)
    if environment is None:
        return _exit_code(found)
    source = as_found(found, directory, environment)
    options = Options(name=environment, is_partial=True, is_accepting=is_accepting, is_forced=is_forced)
    return max(_exit_code(found), _write(workspace, source, options))


def _write(workspace: Workspace, source: Found, options: Options) -> int:
    """Write manifest and lock; what there is to tell goes to stderr, so that JSON stays JSON."""
    with progress() as on_done:
        plan = plan_found(workspace, source, options, on_done=on_done)
    for problem in with_hints_once((*plan.problems, *plan.notes)):
        tell(problem)
    for path in write_plan(workspace, plan, is_forced=options.is_forced):
        tell(f"wrote {path}")
    for line in outcomes(plan.outcomes, verb="locked") if plan.outcomes else ():
        tell(line)
    if not plan.outcomes:
        tell(f"next: look at what was written, then run 'pinner lock {options.name}'")
    return max((outcome.exit_code for outcome in plan.outcomes), default=0)


def _unasked(found: Identification) -> tuple[Problem, ...]:
    """Return why repositories were not looked into that might have told more."""
    unsure = (one for one in found.modules if not one.is_sure)
    return tuple(dict.fromkeys(problem for one in unsure for problem in one.unasked))


def _exit_code(found: Identification) -> int:
    if any(one.is_in_doubt for one in found.modules):
        return COULD_NOT_FIND_OUT
    return int(not all(one.is_sure for one in found.modules))
