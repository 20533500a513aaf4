"""`upgrade`: what a move to another release would change, and the plan for it."""

import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import click

from pinner.cli.data_options import code_option, hiera_option
from pinner.cli.options import (
    Format,
    Remote,
    environment_argument,
    example,
    format_option,
    modules_option,
    open_workspace,
    remote_options,
)
from pinner.cli.output import say, tell
from pinner.cli.progress import progress
from pinner.operations.compare import only
from pinner.operations.material import read_material
from pinner.operations.upgrade.data_writing import FileEdit, edit_data, write_data
from pinner.operations.upgrade.target import find_target
from pinner.operations.upgrade.upgrade import Leg, Upgrade, upgrade
from pinner.operations.upgrade.writing import write_manifest
from pinner.report import as_json, plan
from pinner.report.counts import count
from pinner.report.differences import unified
from pinner.words.problems import InputError, Problem, with_hints_once


@click.command(
    "upgrade",
    epilog=example(
        "pinner upgrade production --to 2025.1 --hiera control/data",
        "pinner upgrade production --to 2025.1 --hiera control/data --format html > plan.html",
    ),
)
@environment_argument
@click.option(
    "--to", "release", metavar="RELEASE", required=True, help="OpenStack series, by id or code name."
)
@hiera_option
@code_option
@click.option(
    "--through", "goes_through", is_flag=True, help="Go release by release, with a plan for each of them."
)
@click.option("--write", "writes_manifest", is_flag=True, help="Write the plan's changes into the manifest.")
@click.option(
    "--write-hiera",
    "writes_hiera",
    is_flag=True,
    help="Rename the hiera keys that the plan says must be; the diff is shown first.",
)
@click.option("-v", "--verbose", "is_verbose", is_flag=True, help="Show what changes in each module.")
@modules_option("Show only this module")
@remote_options
@format_option(Format.TEXT, Format.JSON, Format.MARKDOWN, Format.HTML)
@click.pass_obj
def upgrade_command(
    project: str,
    environment: str,
    *,
    release: str,
    hiera: tuple[Path, ...],
    code: tuple[Path, ...],
    goes_through: bool,
    writes_manifest: bool,
    writes_hiera: bool,
    is_verbose: bool,
    modules: tuple[str, ...],
    remote: Remote,
    output: Format,
) -> int:
    """Plan a move of ENV to another release: what it would change.

    The environment is locked as if it were there, in memory. Ends with 1 if 'pinner lock' would refuse that lock.
    """
    if writes_hiera and not hiera:
        raise InputError(Problem("--write-hiera needs data to write", hint="give --hiera DIR"))
    workspace = open_workspace(project, remote)
    to, material = find_target(release), read_material(hiera, code)
    with progress() as on_done:
        result = upgrade(
            workspace, environment, to, material=material, goes_through=goes_through, on_done=on_done
        )
    only(result.whole.comparison, frozenset(modules))  # refuses a mistyped one
    say(_lines(result, output, is_verbose=is_verbose, modules=frozenset(modules)))
    for problem in with_hints_once(result.problems):
        tell(problem)
    if writes_manifest:
        path = write_manifest(workspace.project, result.whole.target)
        tell(f"wrote {path}: next run 'pinner lock {environment}'")
    if writes_hiera:
        _write_hiera(edit_data(result.whole.plan))
    return result.exit_code


def _write_hiera(edits: tuple[FileEdit, ...]) -> None:
    """Show what changes, ask where somebody is there to answer, and write it."""
    for edit in edits:
        for line in unified(edit.path, edit.before, edit.after):
            tell(line)
    for problem in (problem for edit in edits for problem in edit.by_hand):
        tell(problem)
    changed = [edit for edit in edits if edit.number]
    what = f"{count(sum(edit.number for edit in changed), 'key')} in {count(len(changed), 'file')}"
    if not changed:
        tell("no hiera key can be renamed by the plan")
    elif not sys.stdin.isatty() or click.confirm(f"rename {what}?", err=True):
        write_data(changed)
        tell(f"renamed {what}")


def _lines(result: Upgrade, output: Format, *, is_verbose: bool, modules: frozenset[str]) -> Iterable[str]:
    if output is Format.TEXT:
        return plan.as_text(result, is_verbose=is_verbose, modules=modules)
    chosen = _of_modules(result, modules) if modules else result
    if output is Format.JSON:
        return [as_json.dump(plan.as_json(chosen))]
    if output is Format.MARKDOWN:
        return plan.as_markdown(chosen)
    from pinner.report import html  # noqa: PLC0415 - who reads text need not load templates

    return [html.upgrade(chosen)]


def _of_modules(result: Upgrade, modules: frozenset[str]) -> Upgrade:
    """Return the same move and plan with the changes of those modules alone."""
    legs = tuple(_leg_of_modules(leg, modules) for leg in result.legs)
    return replace(result, whole=_leg_of_modules(result.whole, modules), legs=legs)


def _leg_of_modules(leg: Leg, modules: frozenset[str]) -> Leg:
    chosen = tuple(change for change in leg.comparison.modules if change.name in modules)
    return replace(leg, comparison=replace(leg.comparison, modules=chosen))
