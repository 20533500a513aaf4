"""`r10k-environments`: what r10k's exec source reads."""

import json

import click

from pinner.cli.options import control_repo_option, example, open_workspace
from pinner.cli.output import say
from pinner.operations.layouts.exec_source import r10k_environments


@click.command("r10k-environments", epilog=example("pinner r10k-environments"))
@control_repo_option
@click.pass_obj
def r10k_environments_command(project: str, *, control_repo: str | None) -> None:
    """Print the environments as r10k's exec source reads them.

    JSON: each environment with the repository and ref to clone. `pinner generate --layout exec` writes the program
    that r10k runs, for it gives no arguments.
    """
    environments = r10k_environments(open_workspace(project, control_repo=control_repo))
    say(json.dumps(environments, indent=2).splitlines())
