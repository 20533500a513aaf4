"""`import`: from what people have to manifests."""

from collections.abc import Iterator

import click

from pinner.cli.options import Remote, example, open_workspace, remote_options
from pinner.cli.output import say, tell
from pinner.cli.progress import progress
from pinner.operations.importing.adopt import Options, Plan, plan_import
from pinner.operations.importing.sources import KINDS
from pinner.operations.importing.writing import find_in_the_way, write_plan
from pinner.operations.workspace import Workspace
from pinner.report.outcomes import outcomes as outcome_lines
from pinner.words.problems import with_hints_once


@click.command(
    "import",
    epilog=example(
        "pinner import ~/packstack --as staging",
        "pinner import --dry-run /etc/puppetlabs/code/environments/production/Puppetfile",
    ),
)
@click.argument("sources", metavar="SOURCE...", nargs=-1, required=True)
@click.option(
    "--as", "name", metavar="ENV", help="What the environment is called (default: as the source is)."
)
@click.option(
    "--kind",
    type=click.Choice([kind.name for kind in KINDS]),
    help="What SOURCE is (default: what its files say).",
)
@click.option(
    "--partial", "is_partial", is_flag=True, help="Import the rest where something cannot be imported."
)
@click.option(
    "--accept-findings",
    "is_accepting",
    is_flag=True,
    help="Lock at once; what is wrong with a set today goes into its 'findings: ignore'.",
)
@click.option("--force", "is_forced", is_flag=True, help="Overwrite manifests that are there already.")
@click.option("--dry-run", "is_dry", is_flag=True, help="Print the manifests; write nothing.")
@remote_options
@click.pass_obj
def import_command(
    project: str,
    sources: tuple[str, ...],
    *,
    name: str | None,
    kind: str | None,
    is_partial: bool,
    is_accepting: bool,
    is_forced: bool,
    is_dry: bool,
    remote: Remote,
) -> int:
    """Make manifests of Puppetfiles and what else pins modules.

    Nothing of a SOURCE is run: what cannot be read literally is named with its line. Remotes are asked which refs are
    branches and which are tags, and for the commits of locks.
    """
    workspace = open_workspace(project, remote, is_project_needed=False)
    options = Options(kind, name, is_partial=is_partial, is_accepting=is_accepting, is_forced=is_forced)
    with progress() as on_done:
        plan = plan_import(workspace, sources, options, on_done=on_done)
    for problem in with_hints_once((*plan.problems, *plan.notes)):
        tell(problem)
    if is_dry:
        for problem in with_hints_once(find_in_the_way(workspace, plan, is_forced=is_forced)):
            tell(problem)
        say(_dry_lines(plan, workspace))
        return 0
    say(f"wrote {path}" for path in write_plan(workspace, plan, is_forced=is_forced))
    say(outcome_lines(plan.outcomes, verb="locked") if plan.outcomes else ())
    say(_next(plan))
    return max((outcome.exit_code for outcome in plan.outcomes), default=0)


def _dry_lines(plan: Plan, workspace: Workspace) -> Iterator[str]:
    for number, (name, text) in enumerate(plan.texts.items()):
        yield from ([""] if number else [])
        yield f"# {workspace.project.shown(workspace.project.manifest(name))}"
        yield from text.splitlines()


def _next(plan: Plan) -> Iterator[str]:
    names = [draft.name for draft in plan.drafts if draft.name not in plan.locks]
    if names:
        given = "" if 1 < len(names) == len(plan.drafts) else "".join(f" {name}" for name in names)
        yield f"next: look at what was written, then run 'pinner lock{given}'"
