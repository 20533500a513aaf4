"""`bisect`: which module and which commit broke it."""

import click

from pinner.cli.options import Format, Remote, example, format_option, open_workspace, remote_options
from pinner.cli.output import say, tell
from pinner.operations.bisect.planning import plan
from pinner.operations.bisect.probing import Prober, find_command
from pinner.operations.bisect.search import bisect
from pinner.operations.sides import Side, read_side
from pinner.operations.workspace import Workspace
from pinner.report import as_json, bisection
from pinner.words.exit_codes import COULD_NOT_FIND_OUT, NO


@click.command(
    "bisect",
    epilog=example(
        "pinner bisect production@HEAD~1 production -- ./compile-catalogues.sh",
        "pinner bisect old new --deploy -- sh -c 'puppet parser validate $PINNER_MODULES/nova'",
    ),
)
@click.argument("good", metavar="GOOD")
@click.argument("bad", metavar="BAD")
@click.argument("command", metavar="-- CMD...", nargs=-1, required=True)
@click.option("--deploy", "is_deployed", is_flag=True, help="Write the git modules too (PINNER_MODULES).")
@click.option(
    "--trust", "is_trusted", is_flag=True, help="Do not look first whether GOOD is good and BAD bad."
)
@click.option("--dry-run", "is_dry", is_flag=True, help="Run nothing; show how many runs it takes at most.")
@remote_options
@format_option(Format.TEXT, Format.JSON)
@click.pass_obj
def bisect_command(
    project: str,
    good: str,
    bad: str,
    command: tuple[str, ...],
    *,
    is_deployed: bool,
    is_trusted: bool,
    is_dry: bool,
    remote: Remote,
    output: Format,
) -> int:
    """Find which module, and which commit of it, broke what CMD tells.

    GOOD and BAD are sides as in diff: an environment, ENV@REV, or a lock's path. CMD runs, without a shell, in a
    directory that has the Puppetfile to try, and tells as under git bisect run: 0 good, 125 can't tell, any other
    status below 128 bad, 128 and above gives up. It gets PINNER_PUPPETFILE, PINNER_ENVIRONMENT, PINNER_PROBE (the
    number of the run) and with --deploy PINNER_MODULES; modules from the Forge are only in the Puppetfile.
    """
    workspace = open_workspace(project, remote)
    sides = read_side(good, workspace), read_side(bad, workspace)
    if is_dry:
        return _print_plan(sides, workspace, is_trusted=is_trusted, output=output)
    prober = Prober(
        find_command(command), workspace, is_deployed, on_run=lambda made: tell(bisection.run(made))
    )
    result = bisect(*sides, prober, is_trusted=is_trusted)
    say([as_json.dump(bisection.as_value(result))] if output is Format.JSON else bisection.lines(result))
    if result.wrong_end:
        return NO
    return 0 if result.is_found else COULD_NOT_FIND_OUT


def _print_plan(sides: tuple[Side, Side], workspace: Workspace, *, is_trusted: bool, output: Format) -> int:
    planned = plan(*sides, workspace, is_trusted=is_trusted)
    is_json = output is Format.JSON
    say([as_json.dump(bisection.plan_value(planned))] if is_json else bisection.plan_lines(planned))
    return 0
