"""`import`: create manifests from other pin formats."""

from collections.abc import Iterator

import click

from pinner.adopting.plan import ImportOptions, ImportPlan, find_in_the_way, plan_import, write_plan
from pinner.adopting.sources import KINDS
from pinner.cli.options import PinnerCommand, RemoteOptions, example, format_option, remote_options
from pinner.cli.output import Format, print_data, print_message, print_report, progress
from pinner.cli.workspace import open_workspace
from pinner.model.control import FileState
from pinner.model.errors import with_hints_once
from pinner.report.text.findings import result_lines
from pinner.workspace.workspace import Workspace


@click.command(
    "import",
    cls=PinnerCommand,
    epilog=example(
        "pinner import ~/packstack --as staging",
        "pinner import --dry-run /etc/puppetlabs/code/environments/production/Puppetfile",
    ),
)
@click.argument("sources", metavar="SOURCE...", nargs=-1, required=True)
@click.option(
    "--as",
    "name",
    metavar="ENV",
    help="Name of the environment (default: that of the source); several sources become that one, the last takes precedence.",
)
@click.option(
    "--kind",
    type=click.Choice([kind.name for kind in KINDS]),
    help="Kind of SOURCE (default: detected from its files).",
)
@click.option(
    "--partial", "is_partial", is_flag=True, help="Import the rest if something cannot be imported."
)
@click.option(
    "--accept-findings",
    "is_accepting",
    is_flag=True,
    help="Lock at once in spite of findings, and list them in 'findings: ignore'.",
)
@click.option("--force", "is_forced", is_flag=True, help="Overwrite existing manifests.")
@click.option("--dry-run", "is_dry", is_flag=True, help="Print the manifests; write nothing.")
@remote_options
@format_option(Format.TEXT, Format.JSON)
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
    remote: RemoteOptions,
    output: Format,
) -> int:
    """Create manifests from Puppetfiles and other pin formats.

    Nothing in SOURCE is executed; what cannot be read literally is reported with its line. Remotes are contacted to
    distinguish branches from tags, and to find the commits of locks.
    """
    workspace = open_workspace(project, remote, is_project_needed=False)
    options = ImportOptions(kind, name, is_partial=is_partial, is_accepting=is_accepting, is_forced=is_forced)
    with progress() as on_done:
        plan = plan_import(workspace, sources, options, on_done=on_done)
    for problem in with_hints_once((*plan.problems, *plan.notes)):
        print_message(problem)
    if is_dry and output is Format.JSON:
        raise click.UsageError("--dry-run prints the manifests: it has no JSON")
    if is_dry:
        for problem in with_hints_once(find_in_the_way(workspace, plan, is_forced=is_forced)):
            print_message(problem)
        print_data(_dry_lines(plan, workspace))
        return 0
    states = [FileState(path, is_current=False) for path in write_plan(workspace, plan, is_forced=is_forced)]
    print_report("files", states, output)
    if output is Format.JSON:
        return max((outcome.exit_code for outcome in plan.outcomes), default=0)
    print_data(result_lines(plan.outcomes, verb="locked") if plan.outcomes else (), is_report=True)
    print_data(_next(plan))
    return max((outcome.exit_code for outcome in plan.outcomes), default=0)


def _dry_lines(plan: ImportPlan, workspace: Workspace) -> Iterator[str]:
    for number, (name, text) in enumerate(plan.texts.items()):
        yield from ([""] if number else [])
        yield f"# {workspace.project.shown(workspace.project.manifest(name))}"
        yield from text.splitlines()


def _next(plan: ImportPlan) -> Iterator[str]:
    names = [draft.name for draft in plan.drafts if draft.name not in plan.locks]
    if names:
        given = "" if 1 < len(names) == len(plan.drafts) else "".join(f" {name}" for name in names)
        yield f"next: review what was written, then run 'pinner lock{given}'"
