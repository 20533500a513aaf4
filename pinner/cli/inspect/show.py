"""`show`: what a module of an environment defines at its pin."""

import click

from pinner.cli.options import (
    PinnerCommand,
    RemoteOptions,
    complete_module,
    environment_argument,
    example,
    format_option,
    remote_options,
)
from pinner.cli.output import Format, print_report
from pinner.cli.workspace import open_workspace
from pinner.inspecting.contents import show_module


@click.command(
    "show",
    cls=PinnerCommand,
    epilog=example(
        "pinner show production nova                   all classes and types of the pinned nova",
        "pinner show production nova nova::compute     one class with its parameters",
    ),
)
@environment_argument
@click.argument("module", shell_complete=complete_module)
@click.argument("definition", metavar="[CLASS]", required=False)
@remote_options
@format_option(Format.TEXT, Format.JSON)
@click.pass_obj
def show_command(
    project: str,
    environment: str,
    module: str,
    definition: str | None,
    *,
    remote: RemoteOptions,
    output: Format,
) -> None:
    """Show what a module of ENV defines at its pin.

    With CLASS, only the class, defined type, function or type of that name, with all parameters, their types and
    defaults. `api` shows the same for any repository and commit.
    """
    workspace = open_workspace(project, remote)
    print_report("contents", show_module(workspace, environment, module, definition), output)
