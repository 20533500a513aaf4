"""The options of commands that report findings, and the output of their results."""

from collections.abc import Iterable

import click

from pinner.cli.options import format_option
from pinner.cli.output import Format, is_quiet, print_message, print_report
from pinner.model.errors import COULD_NOT_FIND_OUT
from pinner.model.findings import EnvironmentResult, Finding, fold_findings
from pinner.model.rules import check_ignored
from pinner.report.text.findings import finding_lines


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


findings_format = format_option(Format.TEXT, Format.JSON, Format.JUNIT, Format.SARIF)
strict_option = click.option("--strict", "is_strict", is_flag=True, help="Treat warnings as errors.")


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
