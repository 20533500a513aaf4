"""`init`: the first files of a project, from options or answers on a terminal."""

import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import click

from pinner.adopting.init import Ci, InitChoice, choose_modules, choose_release, start
from pinner.cli.options import PinnerCommand, example, format_option
from pinner.cli.output import Format, print_data, print_report
from pinner.model.control import FileState
from pinner.model.errors import InputError, Problem
from pinner.project.files import project_at
from pinner.puppet.names import check_environment_name
from pinner.workspace.workspace import use_facts_of

Answer = TypeVar("Answer")
NO_CI = "none"
DEFAULT_ENVIRONMENT = "production"


@click.command(
    "init",
    cls=PinnerCommand,
    epilog=example(
        "pinner init                                       asks, on a terminal",
        "pinner init --release 2025.1 staging              one more manifest",
        "pinner init --release 2025.1 -m nova -m keystone --ci gitlab --template",
    ),
)
@click.argument("environment", metavar="[ENV]", required=False)
@click.option(
    "--release",
    metavar="RELEASE",
    help="OpenStack series, by id or code name (default: the newest complete one).",
)
@click.option(
    "-m",
    "--module",
    "modules",
    metavar="MODULE",
    multiple=True,
    help="Add this module (repeatable; default: the usual ones; 'all': every module of the release).",
)
@click.option("--puppet", metavar="VERSION", help="The version of Puppet that the environment runs.")
@click.option("--openvox", metavar="VERSION", help="The version of OpenVox that the environment runs.")
@click.option(
    "--ci",
    type=click.Choice([*(ci.value for ci in Ci), NO_CI]),
    help="Write a CI file that runs lock --check, verify and generate --check.",
)
@click.option(
    "--template", "has_template", is_flag=True, help="Write the Puppetfile's template, for editing."
)
@format_option(Format.TEXT, Format.JSON)
@click.pass_obj
def init_command(
    project: str,
    environment: str | None,
    *,
    release: str | None,
    modules: tuple[str, ...],
    puppet: str | None,
    openvox: str | None,
    ci: str | None,
    has_template: bool,
    output: Format,
) -> None:
    """Start a project here, or add a manifest to it.

    On a terminal and without options, prompts for each of them. The default environment is 'production'. In an existing
    project, --ci and --template alone add only their files.
    """
    directory = Path(project)
    use_facts_of(project_at(directory), datetime.now(UTC).date())
    runtime = puppet or openvox
    if sys.stdin.isatty() and not (release or modules or runtime or ci or has_template):
        wish = _ask(directory, environment)
    else:
        is_adding = (
            (ci or has_template)
            and not (release or modules or runtime)
            and project_at(directory).settings.exists()
        )
        name = environment or (None if is_adding else DEFAULT_ENVIRONMENT)
        chosen = Ci(ci) if ci and ci != NO_CI else None
        wish = InitChoice(
            name, release, modules, chosen, has_template=has_template, puppet=puppet, openvox=openvox
        )
    started = start(directory, wish)
    print_report("files", [FileState(path, is_current=False) for path in started.paths], output)
    if started.manifest and output is Format.TEXT:
        print_data([f"next: review {started.manifest}, then run 'pinner lock {wish.environment}'"])


def _ask(directory: Path, environment: str | None) -> InitChoice:
    """Return the answers of the user at the terminal; invalid ones are reported and asked again."""
    name = environment or _prompt("Puppet environment", DEFAULT_ENVIRONMENT, _read_environment)
    release = _prompt("OpenStack release", choose_release(None).id, choose_release)
    usual = " ".join(choose_modules((), release))
    modules = _prompt(
        "Modules that follow it, or 'all'",
        usual,
        lambda text: choose_modules(tuple(text.replace(",", " ").split()), release),
    )
    if project_at(directory).settings.exists():
        return InitChoice(name, release.id, modules)
    ci = click.prompt(
        "CI file", default=NO_CI, type=click.Choice([*(ci.value for ci in Ci), NO_CI]), err=True
    )
    has_template = click.confirm("Write the Puppetfile's template, to change it?", err=True)
    return InitChoice(name, release.id, modules, None if ci == NO_CI else Ci(ci), has_template=has_template)


def _prompt(question: str, default: str, read: Callable[[str], Answer]) -> Answer:
    def read_or_refuse(text: str) -> Answer:
        try:
            return read(text)
        except InputError as error:
            raise click.UsageError(str(error)) from error

    answer: Answer = click.prompt(question, default=default, value_proc=read_or_refuse, err=True)
    return answer


def _read_environment(text: str) -> str:
    if flaw := check_environment_name(text):
        raise InputError(Problem(flaw))
    return text
