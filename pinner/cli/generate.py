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
from pinner.operations.layouts.exec_source import PROGRAM, program
from pinner.operations.workspace import Workspace
from pinner.words.control import ControlFile, Layout
from pinner.words.problems import InputError, Problem


@click.command(
    "generate",
    epilog=example(
        "pinner generate -o /etc/puppetlabs/code/puppetfiles",
        "pinner generate --stdout production > Puppetfile",
        "pinner generate --r10k-yaml > /etc/puppetlabs/r10k/r10k.yaml",
    ),
)
@environments_argument
@click.option(
    "-o",
    "--output",
    "directory",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where the files are written (default: puppetfiles, or control for one branch, in the project).",
)
@click.option(
    "--stdout",
    "shown",
    metavar="ENV",
    shell_complete=complete_environment,
    help="Print the Puppetfile of ENV; write nothing.",
)
@layout_options
@click.option(
    "--r10k-yaml",
    "is_r10k_yaml",
    is_flag=True,
    help="Print the r10k.yaml for the layout on this machine; write nothing.",
)
@click.option(
    "--environmentpath",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Where r10k deploys environments, for --r10k-yaml (default: Puppet's).",
)
@click.option(
    "--check", "only_checks", is_flag=True, help="Write nothing; end with 1 if a file is not current."
)
@click.option("--force", "is_forced", is_flag=True, help="Overwrite files that pinner did not write.")
@click.pass_obj
def generate_command(
    project: str,
    environments: tuple[str, ...],
    *,
    directory: Path | None,
    shown: str | None,
    layout: str | None,
    control_repo: str | None,
    is_r10k_yaml: bool,
    environmentpath: Path | None,
    only_checks: bool,
    is_forced: bool,
) -> int:
    """Write a Puppetfile and environment.conf for each environment.

    They come from the locks alone: no remote is asked. The layout says where they lie, and so how r10k finds them.
    """
    workspace = open_workspace(project, layout=layout, control_repo=control_repo)
    if (shown is not None or is_r10k_yaml) and (environments or only_checks or (shown and is_r10k_yaml)):
        raise InputError(
            Problem(
                f"{'--stdout ENV' if shown else '--r10k-yaml'} goes with no environment, and not with --check"
            )
        )
    if shown is not None:
        say(puppetfile(workspace, shown).splitlines())
        return 0
    directory = directory or _directory(workspace)
    if is_r10k_yaml:
        return _print_r10k_yaml(workspace, directory, environmentpath)
    files = (*generate(workspace, environments, workspace.settings.layout), *_program(workspace, directory))
    if only_checks:
        stale = [state.path for state in check_files(files, directory) if not state.is_current]
        say(f"{path} is not current: run 'pinner generate'" for path in stale)
        return int(bool(stale))
    states = write_files(files, directory, is_forced=is_forced)
    say(f"{'unchanged' if state.is_current else 'wrote'} {state.path}" for state in states)
    if not environments:
        for path in orphans(workspace, directory, workspace.settings.layout):
            tell(
                f"{path} is of an environment that the project no longer has: remove it if you no longer need it"
            )
    return 0


def _directory(workspace: Workspace) -> Path:
    return Path(workspace.project.shown(workspace.project.root / DIRECTORIES[workspace.settings.layout]))


def _program(workspace: Workspace, directory: Path) -> tuple[ControlFile, ...]:
    return (program(workspace, directory),) if workspace.settings.layout is Layout.EXEC else ()


def _print_r10k_yaml(workspace: Workspace, directory: Path, environmentpath: Path | None) -> int:
    from pinner.operations.layouts.r10k_yaml import render_r10k_yaml  # noqa: PLC0415 - only who asks for it need load it
    from pinner.operations.layouts.server import look_around  # noqa: PLC0415 - the same

    made = render_r10k_yaml(
        workspace.settings,
        look_around(),
        environmentpath=environmentpath.absolute() if environmentpath else None,
        command=directory.absolute() / PROGRAM,
    )
    say(made.text.splitlines())
    for note in made.notes:
        tell(note)
    return 0
