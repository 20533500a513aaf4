"""`import`: from what people have to manifests."""

import click

from pinner.cli.options import Remote, example, open_workspace, remote_options
from pinner.cli.output import say, tell
from pinner.cli.progress import progress
from pinner.operations.importing.adopt import plan_import, write_plan
from pinner.operations.importing.sources import KINDS
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
    is_forced: bool,
    is_dry: bool,
    remote: Remote,
) -> int:
    """Make manifests of Puppetfiles and what else pins modules.

    Nothing of a SOURCE is run: what cannot be read literally is named with its line. Remotes are asked which refs are
    branches and which are tags, and for the commits of locks.
    """
    workspace = open_workspace(project, remote, is_project_needed=False)
    with progress() as on_done:
        plan = plan_import(
            workspace,
            sources,
            kind=kind,
            name=name,
            is_partial=is_partial,
            is_forced=is_forced,
            on_done=on_done,
        )
    for problem in with_hints_once((*plan.problems, *plan.notes)):
        tell(problem)
    if is_dry:
        for file, text in plan.texts.items():
            say([f"# {workspace.project.shown(workspace.project.manifest(file))}", *text.splitlines()])
        return 0
    say(f"wrote {path}" for path in write_plan(workspace, plan, is_forced=is_forced))
    return 0
