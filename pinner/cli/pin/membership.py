"""`add` and `remove`: edit which modules a manifest names."""

from collections.abc import Callable
from typing import Any

import click

from pinner.adopting.membership import add_modules, choose_environments, remove_modules
from pinner.cli.findings import findings_format
from pinner.cli.options import (
    PinnerCommand,
    RemoteOptions,
    complete_environment,
    complete_module,
    example,
    remote_options,
)
from pinner.cli.output import Format, print_note, progress
from pinner.cli.pin.lock import print_proposals
from pinner.cli.workspace import open_workspace
from pinner.locking.lock import lock_environments
from pinner.workspace.workspace import Workspace

SELECTORS = ("release", "branch", "tag", "commit", "version")

environment_option = click.option(
    "--env",
    "environments",
    metavar="ENV",
    multiple=True,
    shell_complete=complete_environment,
    help="Edit this environment's manifest (repeatable; default: the only one).",
)


def selector_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add an option for each selector of a manifest, and --git."""
    for name in reversed(SELECTORS):
        value = "RANGE" if name == "version" else name.upper()
        command = click.option(f"--{name}", metavar=value, help=f"Pin this {name} of the module.")(command)
    return click.option(
        "--git", metavar="URL", help="The module's repository, if it is not in the catalogue."
    )(command)


@click.command(
    "add",
    cls=PinnerCommand,
    epilog=example(
        "pinner add nova placement --env staging      modules that follow the release",
        "pinner add stdlib --version '>= 9.0.0 < 10.0.0'",
        "pinner add horizon --git https://git.example.net/puppet-horizon --branch acme/2025.1",
    ),
)
@click.argument("modules", metavar="MODULE...", nargs=-1, required=True)
@environment_option
@selector_options
@remote_options
@findings_format
@click.pass_obj
def add_command(
    project: str,
    /,
    modules: tuple[str, ...],
    *,
    environments: tuple[str, ...],
    git: str | None,
    remote: RemoteOptions,
    output: Format,
    **selectors: str | None,
) -> int:
    """Add modules to a manifest, and show what 'lock' would do.

    Without a selector, a module follows the environment's release. Comments and layout of the manifest are kept; it is
    not changed if it would be invalid. Ends as 'lock' would.
    """
    fields = {name: value for name, value in {"git": git, **selectors}.items() if value}
    if git and len(modules) > 1:
        raise click.UsageError("--git is for one module")
    if len(fields.keys() - {"git"}) > 1:
        raise click.UsageError(f"give one of {', '.join(f'--{name}' for name in SELECTORS)}")
    workspace = open_workspace(project, remote)
    chosen = choose_environments(workspace, environments)
    for path in add_modules(workspace, chosen, modules, fields):
        print_note(f"edited {path}")
    return _show_lock(workspace, chosen, output)


@click.command(
    "remove",
    cls=PinnerCommand,
    epilog=example("pinner remove swift", "pinner remove swift ceph --env production --env staging"),
)
@click.argument("modules", metavar="MODULE...", nargs=-1, required=True, shell_complete=complete_module)
@environment_option
@remote_options
@findings_format
@click.pass_obj
def remove_command(
    project: str,
    modules: tuple[str, ...],
    *,
    environments: tuple[str, ...],
    remote: RemoteOptions,
    output: Format,
) -> int:
    """Remove modules from a manifest, and show what 'lock' would do.

    A module that a base or 'openstack: all' names is left out with 'NAME: false'. Comments and layout of the manifest are
    kept; it is not changed if it would be invalid. Ends as 'lock' would.
    """
    workspace = open_workspace(project, remote)
    chosen = choose_environments(workspace, environments)
    for path in remove_modules(workspace, chosen, modules):
        print_note(f"edited {path}")
    return _show_lock(workspace, chosen, output)


def _show_lock(workspace: Workspace, environments: tuple[str, ...], output: Format) -> int:
    with progress() as on_done:
        outcomes = lock_environments(workspace, environments, is_dry_run=True, on_done=on_done)
    return print_proposals(outcomes, workspace, verb="would lock", output=output)
