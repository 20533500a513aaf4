"""`upgrade`: what a move to another release would change, and the plan for it."""

import sys
from collections.abc import Iterator
from pathlib import Path

import click

from pinner.cli.options import (
    PinnerCommand,
    RemoteOptions,
    SharedOption,
    code_option,
    environment_argument,
    example,
    format_option,
    hiera_option,
    modules_option,
    remote_options,
    show_values_option,
)
from pinner.cli.output import Format, print_message, print_note, print_report, progress
from pinner.cli.workspace import open_workspace
from pinner.comparing.diff import only
from pinner.comparing.steps import FileEdit, data_changes, edit_data
from pinner.comparing.target import Target, find_target, manifest_change
from pinner.comparing.upgrade import upgrade
from pinner.model.comparison import Upgrade
from pinner.model.errors import COULD_NOT_FIND_OUT, InputError, Problem, with_hints_once
from pinner.project.files import FileChange, Project, resolve, write_together
from pinner.project.operator.tree import LARGEST_DATA_FILE
from pinner.report.changes import link_targets
from pinner.report.words import count, file_diff, renames
from pinner.workspace.operator_data import read_operator_data


@click.command(
    "upgrade",
    cls=PinnerCommand,
    epilog=example(
        "pinner upgrade production --to 2025.1 --hiera control/data",
        "pinner upgrade production --to 2025.1 --hiera control/data --format html > plan.html",
    ),
)
@environment_argument
@click.option(
    "--to",
    "release",
    metavar="RELEASE",
    help="OpenStack series, by id or code name (default: the next one that OpenStack supports an upgrade to).",
)
@hiera_option
@code_option
@show_values_option
@click.option(
    "--exit-code",
    "tells_by_code",
    is_flag=True,
    help="End with 1 unless the environment is ready, and with 3 if no data or code was checked.",
)
@click.option("--through", "goes_through", is_flag=True, help="Plan each release on the way.")
@click.option(
    "--write", "writes_manifest", is_flag=True, help="Change the manifest as planned, if that is one step."
)
@click.option("-y", "--yes", "is_confirmed", is_flag=True, help="Write without asking for confirmation.")
@click.option(
    "--write-hiera",
    "writes_hiera",
    is_flag=True,
    help="Rename hiera keys as planned, after showing the diff.",
)
@click.option(
    "-v", "--verbose", "is_verbose", cls=SharedOption, is_flag=True, help="Show what changes in each module."
)
@modules_option("Show only this module")
@remote_options
@format_option(Format.TEXT, Format.JSON, Format.MARKDOWN, Format.HTML)
@click.pass_obj
def upgrade_command(
    project: str,
    environment: str,
    *,
    release: str | None,
    hiera: tuple[Path, ...],
    code: tuple[Path, ...],
    shows_values: bool,
    tells_by_code: bool,
    goes_through: bool,
    writes_manifest: bool,
    writes_hiera: bool,
    is_confirmed: bool,
    is_verbose: bool,
    modules: tuple[str, ...],
    remote: RemoteOptions,
    output: Format,
) -> int:
    """Show what moving ENV to another release would change.

    Locks the environment for that release in memory. Ends with 1 if 'pinner lock' would refuse that lock. To move pins
    within a release, use `update`.

    OpenStack supports upgrades to the next release, and from one SLURP release (the first of each year, from 2023.1
    on) to the next. A move to a later one is planned as several of these steps; --write and --write-hiera are for one
    step, or with --through for all of them at once.
    """
    workspace = open_workspace(project, remote).on_platforms_of(environment)
    is_chosen_here = bool(hiera)
    hiera, code = workspace.data_directories(environment, hiera, code)
    if writes_hiera and not hiera:
        raise InputError(Problem("--write-hiera requires hiera data", hint="give --hiera DIR"))
    if writes_hiera and not is_chosen_here:
        _require_inside(workspace.project, hiera)
    to = find_target(release) if release else None
    material = read_operator_data(hiera, code, shows_values=shows_values, platforms=workspace.platforms)
    with progress() as on_done:
        result, target = upgrade(
            workspace,
            environment,
            to,
            operator_data=material,
            reads_control=not code,
            goes_through=goes_through,
            writes=writes_manifest or writes_hiera,
            on_done=on_done,
        )
    only(result.whole.comparison, frozenset(modules))  # refuses a mistyped one
    chosen = result.only(frozenset(modules))
    links = link_targets(change for leg in chosen.shown for change in leg.comparison.modules)
    print_report("plan", chosen, output, links=links, is_verbose=is_verbose or bool(modules))
    for note in _notes(result, is_chosen=release is None, goes_through=goes_through):
        print_note(note)
    for problem in with_hints_once(result.problems):
        print_message(problem)
    if writes_manifest or writes_hiera:
        _write(
            workspace.project,
            target if writes_manifest else None,
            hiera if writes_hiera else (),
            edit_data(result.whole.plan) if writes_hiera else (),
            is_confirmed=is_confirmed,
        )
    readiness = chosen.whole.readiness
    if not tells_by_code or (readiness and readiness.is_ready):
        return result.exit_code
    return result.exit_code or (1 if readiness else COULD_NOT_FIND_OUT)


def _require_inside(project: Project, directories: tuple[Path, ...]) -> None:
    """Raise InputError for a directory that a file of the project names and that is not in the project."""
    outside = [path for path in directories if not resolve(path).is_relative_to(project.root)]
    if outside:
        hint = "name it with --hiera to have it changed"
        raise InputError(Problem(f"{path} is not in the project", hint=hint) for path in outside)


def _notes(result: Upgrade, *, is_chosen: bool, goes_through: bool) -> Iterator[str]:
    """Yield how the target was chosen without --to, and the way to it if that takes several supported steps."""
    start, target = result.whole.start, result.whole.target
    if is_chosen:
        yield f"no --to: planned the step to {target}, the next release that OpenStack supports an upgrade to"
    elif result.legs and not goes_through:
        way = " -> ".join(str(one) for one in (start, *(leg.target for leg in result.legs)))
        yield f"OpenStack supports no upgrade from {start} to {target} in one step; planned: {way}"


def _write(
    project: Project,
    target: Target | None,
    directories: tuple[Path, ...],
    edits: tuple[FileEdit, ...],
    *,
    is_confirmed: bool,
) -> None:
    """Show all changes, ask for confirmation on a terminal, and write all files or none."""
    manifest = manifest_change(project, target) if target else None
    changed = [edit for edit in edits if edit.made]
    changes = [*([manifest[0]] if manifest else []), *data_changes(project, directories, changed)]
    _show_changes(manifest, edits)
    keys = f"{count(sum(len(edit.made) for edit in changed), 'key')} in {count(len(changed), 'file')}"
    words = [f"write {manifest[0].shown}"] if manifest else []
    words += [f"rename {keys}"] if changed else []
    if directories and not changed:
        print_note("the plan renames no hiera key")
    if not changes:
        return
    if not is_confirmed and sys.stdin.isatty() and not click.confirm(f"{' and '.join(words)}?", err=True):
        print_message("nothing was written")
        return
    write_together(changes, limit=LARGEST_DATA_FILE)
    if manifest and target:
        print_note(f"wrote {manifest[0].shown}: next run 'pinner lock {target.required.environment}'")
    if changed:
        print_note(f"renamed {keys}")


def _show_changes(manifest: tuple[FileChange, bytes] | None, edits: tuple[FileEdit, ...]) -> None:
    if manifest:
        change, before = manifest
        for line in file_diff(change.shown, before, change.data):
            print_message(line)
    for edit in edits:
        for line in renames(edit.path, ((one.line, one.old, one.new) for one in edit.made)):
            print_message(line)
    for problem in (problem for edit in edits for problem in edit.by_hand):
        print_message(problem)
