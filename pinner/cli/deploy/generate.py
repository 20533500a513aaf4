"""`generate` and `r10k-environments`: files for r10k."""

import json
from pathlib import Path

import click

from pinner.cli.options import (
    PinnerCommand,
    control_repo_option,
    environments_argument,
    example,
    format_option,
)
from pinner.cli.output import Format, print_data, print_message, print_note, print_report
from pinner.cli.workspace import layout_options, open_workspace
from pinner.deploying.generate import (
    DIRECTORIES,
    Destination,
    check_files,
    generate,
    orphans,
    puppetfile,
    write_files,
)
from pinner.deploying.r10k_config import PROGRAM, detect_server, program, r10k_environments, render_r10k_yaml
from pinner.model.control import Layout
from pinner.model.errors import InputError, Problem
from pinner.workspace.workspace import Workspace


@click.command(
    "generate",
    cls=PinnerCommand,
    epilog=example(
        "pinner generate -o /etc/puppetlabs/code/puppetfiles",
        "pinner generate production --stdout > Puppetfile",
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
    help="Write to DIR (default: puppetfiles in the project, or control with the layout one-branch).",
)
@click.option("--stdout", "is_shown", is_flag=True, help="Print the Puppetfile of ENV; write nothing.")
@layout_options
@click.option(
    "--r10k-yaml",
    "is_r10k_yaml",
    is_flag=True,
    help="Print an r10k.yaml for the layout on this machine; write nothing.",
)
@click.option(
    "--environmentpath",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="With --r10k-yaml: where r10k deploys environments (default: Puppet's).",
)
@click.option(
    "--check", "only_checks", is_flag=True, help="Write nothing; end with 1 if a file is out of date."
)
@click.option("--force", "is_forced", is_flag=True, help="Overwrite files that pinner did not write.")
@format_option(Format.TEXT, Format.JSON)
@click.pass_obj
def generate_command(
    project: str,
    environments: tuple[str, ...],
    *,
    directory: Path | None,
    is_shown: bool,
    layout: str | None,
    control_repo: str | None,
    is_r10k_yaml: bool,
    environmentpath: Path | None,
    only_checks: bool,
    is_forced: bool,
    output: Format,
) -> int:
    """Write a Puppetfile and environment.conf for each environment.

    Uses only the locks; contacts no remote. The layout determines where the files are and how r10k finds them.
    """
    workspace = open_workspace(project, layout=layout, control_repo=control_repo)
    if is_r10k_yaml and (environments or only_checks or is_shown):
        raise InputError(Problem("--r10k-yaml cannot be combined with environments, --check or --stdout"))
    if is_shown:
        if only_checks or len(environments) != 1:
            raise InputError(
                Problem(
                    "--stdout requires exactly one environment, and cannot be combined with --check",
                    hint="write 'pinner generate ENV --stdout'",
                )
            )
        print_data(puppetfile(workspace, environments[0]).splitlines())
        return 0
    usual = workspace.project.root / DIRECTORIES[workspace.settings.layout]
    directory = directory or Path(workspace.project.shown(usual))
    if is_r10k_yaml:
        return _print_r10k_yaml(workspace, directory, environmentpath)
    files = (
        *generate(workspace, environments, workspace.settings.layout),
        *((program(workspace, directory),) if workspace.settings.layout is Layout.EXEC else ()),
    )
    place = Destination.at(workspace.project, directory)
    if only_checks:
        states = check_files(files, place)
        print_report("files", states, output, only_checks=True)
        return int(not all(state.is_current for state in states))
    states = write_files(files, place, is_forced=is_forced)
    print_report("files", states, output)
    if not environments:
        for path in orphans(workspace, place, workspace.settings.layout):
            print_message(
                f"{path} belongs to an environment that the project no longer has: remove it unless you need it"
            )
    return 0


def _print_r10k_yaml(workspace: Workspace, directory: Path, environmentpath: Path | None) -> int:
    made = render_r10k_yaml(
        workspace.settings,
        detect_server(),
        environmentpath=environmentpath.absolute() if environmentpath else None,
        command=directory.absolute() / PROGRAM,
    )
    print_data(made.text.splitlines())
    for note in made.notes:
        print_note(note)
    return 0


@click.command(
    "r10k-environments", cls=PinnerCommand, hidden=True, epilog=example("pinner r10k-environments")
)
@control_repo_option
@click.pass_obj
def r10k_environments_command(project: str, *, control_repo: str | None) -> None:
    """Print the environments for r10k's exec source.

    JSON: each environment with the repository and ref to clone. r10k passes no arguments, so it runs a program that
    `pinner generate --layout exec` writes.
    """
    environments = r10k_environments(open_workspace(project, control_repo=control_repo))
    print_data(json.dumps(environments, indent=2).splitlines())
