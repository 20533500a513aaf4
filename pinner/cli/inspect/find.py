"""`find`: which environments contain a commit, a change or the fix of a bug."""

import click

from pinner.cli.options import PinnerCommand, RemoteOptions, example, format_option, remote_options
from pinner.cli.output import Format, print_message, print_report, progress
from pinner.cli.workspace import open_workspace
from pinner.inspecting.find import find_missing, search
from pinner.model.errors import COULD_NOT_FIND_OUT, InputError, Problem
from pinner.report.words import finding_line
from pinner.workspace.workspace import Workspace

WORDS_OF_A_PIN = 2


@click.command(
    "find",
    cls=PinnerCommand,
    epilog=example(
        "pinner find 1234567                      a bug, or the beginning of a commit",
        "pinner find I0123456789abcdef            a Change-Id: backports have it too",
        "pinner find --missing production nova    fixes that a newer branch has",
    ),
)
@click.argument("words", metavar="COMMIT|CHANGE-ID|BUG [ENV]...", nargs=-1, required=True)
@click.option(
    "--missing",
    "is_missing",
    is_flag=True,
    help="Show fixes of a newer branch that the pin lacks: --missing ENV MODULE.",
)
@click.option(
    "--branch",
    metavar="BRANCH",
    help="With --missing: the newer branch (default: newest stable, or the main branch).",
)
@click.option("--all", "shows_all", is_flag=True, help="With --missing: show all changes, not only fixes.")
@remote_options
@format_option(Format.TEXT, Format.JSON)
@click.pass_obj
def find_command(
    project: str,
    words: tuple[str, ...],
    *,
    is_missing: bool,
    branch: str | None,
    shows_all: bool,
    remote: RemoteOptions,
    output: Format,
) -> int:
    """Show which environments contain a commit, change or fix.

    A Gerrit change, or the fix of a bug, is also found as a backport; a reverted one counts as missing. A number means
    a bug, and with seven or more digits also a commit; write `bug:` or `commit:` before it to choose. Ends with 1 if no
    environment has it.
    """
    workspace = open_workspace(project, remote)
    if is_missing:
        return _missing(workspace, words, branch, shows_all=shows_all, output=output)
    if branch or shows_all:
        raise InputError(Problem("--branch and --all require --missing"))
    with progress() as on_done:
        found = search(workspace, words[0], words[1:], on_done=on_done)
    print_report("search", found, output)
    for line in (line for flaw in found.unknown for line in finding_line(flaw)):
        print_message(line)
    if found.unknown:
        return COULD_NOT_FIND_OUT
    return int(not any(sight.is_in for sight in found.sights))


def _missing(
    workspace: Workspace, words: tuple[str, ...], branch: str | None, *, shows_all: bool, output: Format
) -> int:
    if len(words) != WORDS_OF_A_PIN:
        raise InputError(Problem("--missing requires an environment and one of its modules: ENV MODULE"))
    with progress() as on_done:
        found = find_missing(workspace, *words, branch=branch, on_done=on_done)
    print_report("missing fixes", found, output, shows_all=shows_all)
    return 0
