"""`diff`: what changes between two locks."""

from collections.abc import Iterable
from pathlib import Path

import click

from pinner.cli.complete import complete_environment
from pinner.cli.data_options import code_option, hiera_option
from pinner.cli.options import (
    Format,
    Remote,
    example,
    format_option,
    modules_option,
    open_workspace,
    remote_options,
)
from pinner.cli.output import say, tell
from pinner.operations.compare import Comparison, compare, only
from pinner.operations.sides import read_side
from pinner.operations.workspace import Workspace
from pinner.report import text
from pinner.words.exit_codes import COULD_NOT_FIND_OUT
from pinner.words.problems import with_hints_once


@click.command(
    "diff",
    epilog=example(
        "pinner diff production staging --hiera control/data",
        "pinner diff production@HEAD~1 production --format markdown",
        "pinner diff production staging --format html > changes.html",
    ),
)
@click.argument("before", metavar="A", shell_complete=complete_environment)
@click.argument("after", metavar="B", shell_complete=complete_environment)
@click.option("--exit-code", "tells_by_code", is_flag=True, help="End with 1 if the two differ.")
@click.option("-v", "--verbose", "is_verbose", is_flag=True, help="Show every commit, change and note.")
@modules_option("Show only this module")
@hiera_option
@code_option
@remote_options
@format_option(Format.TEXT, Format.JSON, Format.MARKDOWN, Format.HTML)
@click.pass_obj
def diff_command(
    project: str,
    before: str,
    after: str,
    *,
    tells_by_code: bool,
    is_verbose: bool,
    modules: tuple[str, ...],
    hiera: tuple[Path, ...],
    code: tuple[Path, ...],
    remote: Remote,
    output: Format,
) -> int:
    """Show what changes from A to B.

    Each is an environment, ENV@REV (its lock at a revision of this project's git), or a lock's path.
    """
    workspace = open_workspace(project, remote)
    result = _compare(before, after, workspace, hiera, code)
    chosen = only(result, frozenset(modules))
    if output is Format.TEXT:
        say(text.comparison(result, is_verbose=is_verbose, modules=frozenset(modules)))
    else:
        say(_render(chosen, output))
    for problem in with_hints_once(result.problems):
        tell(problem)
    if result.problems:
        return COULD_NOT_FIND_OUT
    return int(tells_by_code and not result.is_same)


def _compare(
    before: str, after: str, workspace: Workspace, hiera: tuple[Path, ...], code: tuple[Path, ...]
) -> Comparison:
    if not (hiera or code):
        return compare(read_side(before, workspace), read_side(after, workspace), workspace)
    from pinner.operations.material import read_material  # noqa: PLC0415 - only needed where there is data

    material = read_material(hiera, code)
    return compare(read_side(before, workspace), read_side(after, workspace), workspace, material)


def _render(result: Comparison, output: Format) -> Iterable[str]:
    """Return the report in a form that is not for a terminal; who reads text need not wait for these to be loaded."""
    if output is Format.JSON:
        from pinner.report import as_json  # noqa: PLC0415 - see above

        return [as_json.dump(as_json.comparison(result))]
    if output is Format.MARKDOWN:
        from pinner.report import markdown  # noqa: PLC0415 - see above

        return markdown.comparison(result)
    from pinner.report import html  # noqa: PLC0415 - see above

    return [html.comparison(result)]
