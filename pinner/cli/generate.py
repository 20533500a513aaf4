"""`generate`: what r10k reads."""

from pathlib import Path

import click

from pinner.cli.complete import complete_environment
from pinner.cli.options import environments_argument, example, layout_options, open_workspace
from pinner.cli.output import say, tell
from pinner.operations.generate import (
    DIRECTORIES,
    check_files,
    generate,
    orphans,
    puppetfile,
    write_files,
)
from pinner.words.problems import InputError, Problem


@click.command(
    "generate",
    epilog=example(
        "pinner generate -o /etc/puppetlabs/code/puppetfiles",
        "pinner generate --stdout production > Puppetfile",
    ),
)
@environments_argument
@click.option(
    "-o",
    "--output",
    "directory",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where DIR/ENV/Puppetfile and environment.conf are written (default: puppetfiles, in the project).",
)
@click.option(
    "--stdout",
    "shown",
    metavar="ENV",
    shell_complete=complete_environment,
    help="Print the Puppetfile of ENV; write nothing.",
)
@click.option(
    "--check", "only_checks", is_flag=True, help="Write nothing; end with 1 if a file is not current."
)
@layout_options
@click.option("--force", "is_forced", is_flag=True, help="Overwrite files that pinner did not write.")
@click.pass_obj
def generate_command(
    project: str,
    environments: tuple[str, ...],
    *,
    directory: Path | None,
    shown: str | None,
    only_checks: bool,
    is_forced: bool,
    layout: str | None,
    control_repo: str | None,
) -> int:
    """Write a Puppetfile and environment.conf for each environment.

    They come from the locks alone: no remote is asked.
    """
    workspace = open_workspace(project, layout=layout, control_repo=control_repo)
    chosen = workspace.settings.layout
    if shown is not None:
        if environments or only_checks:
            raise InputError(Problem("--stdout ENV goes with no other environment and not with --check"))
        say(puppetfile(workspace, shown).splitlines())
        return 0
    files = generate(workspace, environments, chosen)
    directory = directory or Path(workspace.project.shown(workspace.project.root / DIRECTORIES[chosen]))
    if only_checks:
        stale = [state.path for state in check_files(files, directory) if not state.is_current]
        say(f"{path} is not current: run 'pinner generate'" for path in stale)
        return int(bool(stale))
    states = write_files(files, directory, is_forced=is_forced)
    say(f"{'unchanged' if state.is_current else 'wrote'} {state.path}" for state in states)
    if not environments:
        for path in orphans(workspace, directory, chosen):
            tell(
                f"{path} is of an environment that the project no longer has: remove it if you no longer need it"
            )
    return 0
