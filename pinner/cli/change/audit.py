"""`audit`: check hiera data and site code against the modules."""

from pathlib import Path

import click

from pinner.cli.findings import ignore_option
from pinner.cli.options import (
    PinnerCommand,
    RemoteOptions,
    code_option,
    environment_argument,
    example,
    format_option,
    hiera_option,
    modules_option,
    remote_options,
    show_values_option,
)
from pinner.cli.output import Format, is_verbose, print_message, print_report
from pinner.cli.workspace import open_workspace
from pinner.comparing.audit import audit
from pinner.model.errors import InputError, Problem, with_hints_once
from pinner.workspace.operator_data import read_operator_data


@click.command(
    "audit",
    cls=PinnerCommand,
    epilog=example("pinner audit production --hiera control/data --code control/site"),
)
@environment_argument
@modules_option("Report only this module")
@hiera_option
@code_option
@show_values_option
@ignore_option
@remote_options
@format_option(Format.TEXT, Format.JSON, Format.JUNIT, Format.SARIF)
@click.pass_obj
def audit_command(
    project: str,
    environment: str,
    *,
    modules: tuple[str, ...],
    hiera: tuple[Path, ...],
    code: tuple[Path, ...],
    shows_values: bool,
    ignore: frozenset[tuple[str, str | None]],
    remote: RemoteOptions,
    output: Format,
) -> int:
    """Check hiera data and site code against the pinned modules.

    Finds keys that match no parameter, deprecations, and values that a parameter's type rejects. Ends with 1 if there is
    an error or a warning.
    """
    workspace = open_workspace(project, remote).on_platforms_of(environment)
    hiera, code = workspace.data_directories(environment, hiera, code)
    if not hiera and not code:
        hint = "give --hiera DIR or --code DIR, or name them in pinner.yaml or in the manifest"
        raise InputError(Problem("audit requires hiera data or site code", hint=hint))
    material = read_operator_data(hiera, code, shows_values=shows_values, platforms=workspace.platforms)
    result = audit(
        workspace, environment, material, ignore=ignore, modules=frozenset(modules), reads_control=not code
    )
    print_report("audit", result, output, is_verbose=is_verbose())
    for problem in with_hints_once(result.problems):
        print_message(problem)
    return result.exit_code
