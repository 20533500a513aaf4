"""`audit` and `api`: what the modules' code says, and what the operator's data make of it."""

from collections.abc import Iterable
from pathlib import Path

import click

from pinner.cli.data_options import code_option, hiera_option
from pinner.cli.options import (
    Format,
    Remote,
    environment_argument,
    example,
    format_option,
    ignore_option,
    open_workspace,
    remote_options,
)
from pinner.cli.output import say, tell
from pinner.operations.api import read_api
from pinner.operations.audit import Audit, audit
from pinner.operations.material import read_material
from pinner.report import api as api_report
from pinner.report import as_json
from pinner.report import audit as audit_report
from pinner.words.findings import Level
from pinner.words.problems import InputError, Problem, with_hints_once


@click.command("audit", epilog=example("pinner audit production --hiera control/data --code control/site"))
@environment_argument
@hiera_option
@code_option
@ignore_option
@remote_options
@format_option(Format.TEXT, Format.JSON, Format.JUNIT, Format.SARIF)
@click.pass_obj
def audit_command(
    project: str,
    environment: str,
    *,
    hiera: tuple[Path, ...],
    code: tuple[Path, ...],
    ignore: frozenset[tuple[str, str | None]],
    remote: Remote,
    output: Format,
) -> int:
    """Hold hiera data and site code against the modules that ENV pins.

    Finds keys that bind to nothing, what is deprecated, and values that a parameter's type rejects. Ends with 1 if
    there is an error or a warning.
    """
    if not hiera and not code:
        raise InputError(Problem("audit needs something to look at", hint="give --hiera DIR or --code DIR"))
    workspace = open_workspace(project, remote)
    result = audit(workspace, environment, read_material(hiera, code), ignore=ignore)
    say(_lines(result, output))
    for problem in with_hints_once(result.problems):
        tell(problem)
    return result.exit_code


def _lines(result: Audit, output: Format) -> Iterable[str]:
    if output is Format.JSON:
        return [as_json.dump(audit_report.as_json(result))]
    if output is Format.JUNIT:
        from pinner.report.junit import junit  # noqa: PLC0415 - who reads text need not load XML

        return [junit([audit_report.as_outcome(result)], failing=(Level.ERROR, Level.WARNING))]
    if output is Format.SARIF:
        from pinner.report.sarif import sarif  # noqa: PLC0415 - the same

        return [sarif([audit_report.as_outcome(result)])]
    return audit_report.as_text(result)


@click.command(
    "api",
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
def api_command(project: str, git: str, commit: str, *, remote: Remote, output: Format) -> None:
    """Show what a module defines at a commit, with all parameters.

    Classes, defined types, functions and types. GIT is a path, a URL, or the name of a module that pinner knows; COMMIT
    an id or its start, a branch or a tag.
    """
    workspace = open_workspace(project, remote, is_project_needed=False)
    result = read_api(workspace, git, commit)
    say([as_json.dump(api_report.as_json(result))] if output is Format.JSON else api_report.as_text(result))
