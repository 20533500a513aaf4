"""`show` and `api`: what a module defines, at the pin of an environment or at a commit."""

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
from pinner.comparing.audit import read_api
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


@click.command(
    "api",
    cls=PinnerCommand,
    epilog=example(
        "pinner api nova stable/2025.1",
        "pinner api https://git.example.net/puppet-nova acme/2025.1",
        "pinner api ./puppet-nova 0123abcd",
    ),
)
@click.argument("git")
@click.argument("commit")
@remote_options
@format_option(Format.TEXT, Format.JSON)
@click.pass_obj
def api_command(project: str, git: str, commit: str, *, remote: RemoteOptions, output: Format) -> None:
    """Show what a module defines at a commit, with all parameters.

    Classes, defined types, functions and types. GIT is a path, a URL, or the name of a module in the catalogue; COMMIT
    is an id or its beginning, a branch or a tag.
    """
    workspace = open_workspace(project, remote, is_project_needed=False)
    result = read_api(workspace, git, commit)
    print_report("api", result, output)
