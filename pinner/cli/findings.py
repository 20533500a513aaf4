"""What the commands that report findings share: options and output."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import click

from pinner.cli.options import format_option
from pinner.cli.output import WRITERS, Format, is_quiet, is_verbose, print_message, print_report
from pinner.model.errors import COULD_NOT_FIND_OUT
from pinner.model.findings import EnvironmentResult, Finding, fold_findings
from pinner.model.rules import check_ignored
from pinner.report.text.findings import finding_lines
from pinner.workspace.workspace import Workspace

if TYPE_CHECKING:
    from pinner.workspace.operator_data import OperatorData


def _read_ignored(
    _context: click.Context, _parameter: click.Parameter, texts: tuple[str, ...]
) -> frozenset[tuple[str, str | None]]:
    for text in texts:
        if flaw := check_ignored(text):
            raise click.BadParameter(flaw)
    return frozenset((code, module or None) for code, _, module in (text.partition(":") for text in texts))


ignore_option = click.option(
    "--ignore",
    metavar="CODE[:MODULE]",
    multiple=True,
    callback=_read_ignored,
    help="Ignore this finding (repeatable).",
)


accept_option = click.option(
    "--accept-moved",
    "accepted",
    metavar="MODULE",
    multiple=True,
    help="Accept that a tag of this module now points to another commit (repeatable).",
)
findings_format = format_option(Format.TEXT, Format.JSON, Format.JUNIT, Format.SARIF)
strict_option = click.option("--strict", "is_strict", is_flag=True, help="Treat warnings as errors.")

against_option = click.option(
    "--against",
    metavar="REV",
    help="Report pins that moved back since this revision of the project, such as the target of a merge request.",
)
older_option = click.option(
    "--allow-older",
    "older",
    metavar="MODULE",
    multiple=True,
    help="Accept an older commit of this module than the locked one (repeatable).",
)


def print_results(outcomes: Iterable[EnvironmentResult], *, verb: str, output: Format) -> int:
    """Print the results of several environments, and return the highest of their exit codes.

    With -q, the text has only the environments with findings.
    """
    outcomes = tuple(outcomes)
    printed = outcomes
    if is_quiet() and output is Format.TEXT:
        printed = tuple(outcome for outcome in outcomes if outcome.findings)
    if printed or not is_quiet():
        print_report("findings", printed, output, verb=verb)
    return max((outcome.exit_code for outcome in outcomes), default=0)


def print_unknown(found: Iterable[Finding], *, is_verbose: bool = True) -> int:
    """Print what could not be determined, equal findings once; return the exit code for it, 0 if there is nothing."""
    found = tuple(found)
    for line in finding_lines(fold_findings(found), is_verbose=is_verbose):
        print_message(line)
    return COULD_NOT_FIND_OUT if found else 0


dry_run_option = click.option(
    "--dry-run",
    "is_dry_run",
    is_flag=True,
    help="Write nothing; show what would change, with commits and release notes.",
)
exit_code_option = click.option(
    "--exit-code", "ends_by_change", is_flag=True, help="With --dry-run: end with 1 if a lock would change."
)


def print_proposals(
    outcomes: Iterable[EnvironmentResult],
    workspace: Workspace,
    *,
    verb: str,
    output: Format,
    read_data: Callable[[str], "OperatorData | None"] = lambda _environment: None,
    ends_by_change: bool = False,
) -> int:
    """Print what would change in each environment, and return the highest exit code."""
    from pinner.comparing.diff import compare_results  # noqa: PLC0415 - reads code, which locking does not

    outcomes = tuple(outcomes)
    code = max((outcome.exit_code for outcome in outcomes), default=0)
    if output not in WRITERS["proposals"]:
        print_report("findings", outcomes, output)
    else:
        proposals = compare_results(outcomes, workspace, read_data)
        print_report("proposals", proposals, output, verb=verb, is_verbose=is_verbose())
    return code or int(ends_by_change and any(outcome.would_write for outcome in outcomes))
