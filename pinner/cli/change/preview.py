"""`preview`: what changes on each node from one lock to another."""

from dataclasses import replace
from pathlib import Path

import click

from pinner.cli.change.compile import (
    chosen_nodes,
    compile_options,
    enc_option,
    nodes_option,
    only_option,
    sample_option,
)
from pinner.cli.command import PinnerCommand
from pinner.cli.options import RemoteOptions, complete_environment, example, format_option, remote_options
from pinner.cli.output import print_message, progress
from pinner.cli.reports import Format, print_report
from pinner.cli.workspace import open_workspace
from pinner.comparing.compile import CompileOptions
from pinner.comparing.preview import locked_for, preview
from pinner.comparing.target import find_target
from pinner.model.errors import COULD_NOT_FIND_OUT, NO, InputError, Problem, with_hints_once
from pinner.workspace.locks import read_lock_ref


@click.command(
    "preview",
    cls=PinnerCommand,
    epilog=example(
        "pinner preview production staging --nodes facts --control control",
        "pinner preview production@HEAD~1 production --nodes facts --control control --format markdown",
        "pinner preview production --to 2025.1 --nodes facts --control control --sample 2",
    ),
)
@click.argument("before", metavar="A", shell_complete=complete_environment)
@click.argument("after", metavar="[B]", required=False, shell_complete=complete_environment)
@click.option("--to", "release", metavar="RELEASE", help="Compare with A on another release, instead of B.")
@nodes_option
@click.option(
    "--control-b",
    metavar="DIR",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Control repository of B (default: that of --control).",
)
@only_option
@sample_option
@enc_option
@click.option(
    "--ignore",
    metavar="PATTERN",
    multiple=True,
    help="Leave out changes, such as 'File[/etc/motd]::content' (repeatable).",
)
@click.option("--all", "shows_all", is_flag=True, help="Show also changes on which no agent acts.")
@click.option(
    "--exit-code", "tells_by_code", is_flag=True, help="End with 1 if an agent would act differently."
)
@compile_options
@remote_options
@format_option(Format.TEXT, Format.JSON, Format.MARKDOWN, Format.JUNIT, Format.SARIF)
@click.pass_obj
def preview_command(
    project: str,
    before: str,
    after: str | None,
    *,
    release: str | None,
    nodes_directory: Path | None,
    control_b: Path | None,
    only: tuple[str, ...],
    sample: int | None,
    enc: str | None,
    ignore: tuple[str, ...],
    shows_all: bool,
    tells_by_code: bool,
    options: CompileOptions,
    remote: RemoteOptions,
    output: Format,
) -> int:
    """Show what changes on each node from one lock to another.

    Compiles the catalog of every node with both locks and compares them. A and B are each an environment, ENV@REV, or
    the path of a lock; with --to, B is A moved to another release. Equal changes are shown once, with their nodes.
    Secrets are masked; keep reports private all the same. Puppet or OpenVox must be installed. Ends with 1 if a node
    cannot be compiled with B.
    """
    if nodes_directory is None:
        hint = "'facter --json > facts/NODE.json' on a node writes its facts"
        raise InputError(Problem("--nodes DIR is missing", hint=hint))
    if (after is None) == (release is None):
        raise InputError(Problem("give B, or --to RELEASE", hint="see 'pinner preview --help'"))
    workspace = open_workspace(project, remote)
    nodes, left_out = chosen_nodes(nodes_directory, only, sample, workspace=workspace, enc=enc)
    if after is not None:
        old, new = read_lock_ref(before, workspace), read_lock_ref(after, workspace)
    else:
        with progress() as on_done:
            old, new = locked_for(workspace, before, find_target(release or ""), on_done=on_done)
    both = options, replace(options, control=control_b or options.control)
    result = preview(old, new, workspace, nodes, both, ignore=ignore, left_out=left_out)
    if output is Format.TEXT:
        print_report("preview", result, output, shows_all=shows_all)
    else:
        print_report("preview", result, output)
    for problem in with_hints_once(result.problems):
        print_message(problem)
    if result.counts.failed or (tells_by_code and not result.is_same):
        return NO
    return COULD_NOT_FIND_OUT if result.problems else 0
