"""`find`: which environments contain a commit, a change or the fix of a bug."""

import click

from pinner.cli.options import Format, Remote, example, format_option, open_workspace, remote_options
from pinner.cli.output import say, tell
from pinner.cli.progress import progress
from pinner.operations.find.missing import find_missing
from pinner.operations.find.search import search
from pinner.operations.workspace import Workspace
from pinner.report import as_json, find
from pinner.report.findings import finding
from pinner.words.exit_codes import COULD_NOT_FIND_OUT
from pinner.words.problems import InputError, Problem

WORDS_OF_A_PIN = 2


@click.command(
    "find",
    epilog=example(
        "pinner find 1234567                      a bug, or the beginning of a commit",
        "pinner find I0123456789abcdef            a Change-Id: backports have it too",
        "pinner find --missing production nova    fixes that a newer branch has",
    ),
)
@click.argument("words", metavar="COMMIT|CHANGE-ID|BUG [ENV]...", nargs=-1, required=True)
@click.option(
    "--missing", "is_missing", is_flag=True, help="Show what a newer branch has: --missing ENV MODULE."
)
@click.option(
    "--branch",
    metavar="BRANCH",
    help="With --missing: that branch (default: newest stable, or the main one).",
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
    remote: Remote,
    output: Format,
) -> int:
    """Show which environments contain a commit, change or fix.

    A Gerrit change (or the fix of a bug) is found under every commit id that its backports have; a revert counts as not having it. A number is
    taken for a bug, and from seven digits on for a commit as well: `bug:` or `commit:` before it says which. Ends with
    1 if no environment has it.
    """
    workspace = open_workspace(project, remote)
    if is_missing:
        return _missing(workspace, words, branch, shows_all=shows_all, output=output)
    if branch or shows_all:
        raise InputError(Problem("--branch and --all go with --missing"))
    with progress() as on_done:
        found = search(workspace, words[0], words[1:], on_done=on_done)
    say([as_json.dump(find.as_value(found))] if output is Format.JSON else find.as_text(found))
    for line in (line for flaw in found.unknown for line in finding(flaw)):
        tell(line)
    if found.unknown:
        return COULD_NOT_FIND_OUT
    return int(not any(sight.is_in for sight in found.sights))


def _missing(
    workspace: Workspace, words: tuple[str, ...], branch: str | None, *, shows_all: bool, output: Format
) -> int:
    if len(words) != WORDS_OF_A_PIN:
        raise InputError(Problem("--missing goes with an environment and one of its modules: ENV MODULE"))
    with progress() as on_done:
        found = find_missing(workspace, *words, branch=branch, on_done=on_done)
    if output is Format.JSON:
        say([as_json.dump(find.missing_as_value(found))])
    else:
        say(find.missing_as_text(found, shows_all=shows_all))
    return 0
