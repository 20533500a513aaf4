"""`api`: what a module defines at a commit."""

import click

from pinner.cli.options import PinnerCommand, RemoteOptions, example, format_option, remote_options
from pinner.cli.output import Format, print_report
from pinner.cli.workspace import open_workspace
from pinner.comparing.audit import read_api


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
