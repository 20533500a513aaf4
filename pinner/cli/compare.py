"""`diff`: what changes between two locks."""

from pathlib import Path

import click

from pinner.cli.complete import complete_environment
from pinner.cli.explain import code_option, hiera_option
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
from pinner.operations.compare import compare, only
from pinner.operations.material import read_material
from pinner.operations.sides import read_side
from pinner.report import as_json, markdown, text

COULD_NOT_FIND_OUT = 3


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
    material = read_material(hiera, code)
    result = compare(read_side(before, workspace), read_side(after, workspace), workspace, material)
    chosen = only(result, frozenset(modules))
    if output is Format.JSON:
        say([as_json.dump(as_json.comparison(chosen))])
    elif output is Format.MARKDOWN:
        say(markdown.comparison(chosen))
    elif output is Format.HTML:
        from pinner.report import html  # noqa: PLC0415 - who reads text need not load templates

        say([html.comparison(chosen)])
    else:
        say(text.comparison(result, is_verbose=is_verbose, modules=frozenset(modules)))
    for problem in result.problems:
        tell(problem)
    if result.problems:
        return COULD_NOT_FIND_OUT
    return int(tells_by_code and not result.is_same)
