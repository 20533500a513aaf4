"""`bisect`: find the module and commit that broke something."""

import click

from pinner.cli.options import PinnerCommand, RemoteOptions, example, format_option, remote_options
from pinner.cli.output import Format, print_note, print_report
from pinner.cli.workspace import open_workspace
from pinner.inspecting.bisect import Prober, bisect, find_command, plan
from pinner.model.errors import COULD_NOT_FIND_OUT, NO
from pinner.report.text.search import (
    run_line,
)
from pinner.workspace.locks import read_lock_ref


@click.command(
    "bisect",
    cls=PinnerCommand,
    epilog=example(
        "pinner bisect production@HEAD~1 production -- ./compile-catalogues.sh",
        "pinner bisect old new --deploy -- sh -c 'puppet parser validate $PINNER_MODULES/nova'",
    ),
)
@click.argument("good", metavar="GOOD")
@click.argument("bad", metavar="BAD")
@click.argument("command", metavar="-- CMD...", nargs=-1, required=True)
@click.option("--deploy", "is_deployed", is_flag=True, help="Check out the git modules too (PINNER_MODULES).")
@click.option("--trust", "is_trusted", is_flag=True, help="Do not test GOOD and BAD first.")
@click.option("--dry-run", "is_dry", is_flag=True, help="Run nothing; show the maximum number of runs.")
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
    remote: RemoteOptions,
    output: Format,
) -> int:
    """Find the module and the commit that made CMD fail.

    GOOD and BAD are locks as in `diff`: an environment, ENV@REV, or a path. CMD runs, without a shell, in a directory
    with the Puppetfile to test. Its exit status means, as in `git bisect run`: 0 good, 125 untestable, any other below
    128 bad, 128 and above stop. It gets PINNER_PUPPETFILE, PINNER_ENVIRONMENT, PINNER_PROBE (the
    number of the run) and with --deploy PINNER_MODULES; modules from the Forge are only in the Puppetfile.
    """
    workspace = open_workspace(project, remote)
    sides = read_lock_ref(good, workspace), read_lock_ref(bad, workspace)
    if is_dry:
        print_report("search plan", plan(*sides, workspace, is_trusted=is_trusted), output)
        return 0
    prober = Prober(
        find_command(command), workspace, is_deployed, on_run=lambda made: print_note(run_line(made))
    )
    result = bisect(*sides, prober, is_trusted=is_trusted)
    print_report("bisection", result, output)
    if result.wrong_end:
        return NO
    return 0 if result.is_found else COULD_NOT_FIND_OUT
