"""`init`: the first files of a project, from options or from answers on a terminal."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click

from pinner.cli.options import example
from pinner.cli.output import say
from pinner.operations.init import Ci, Wish, choose_modules, choose_release, start
from pinner.project.layout import project_at
from pinner.puppet.names import check_environment_name
from pinner.words.problems import InputError, Problem

Answer = TypeVar("Answer")
NO_CI = "none"
DEFAULT_ENVIRONMENT = "production"


@click.command(
    "init",
    epilog=example(
        "pinner init                                       asks, on a terminal",
        "pinner init --release 2025.1 staging              one more manifest",
        "pinner init --release 2025.1 -m nova -m keystone --ci gitlab --template",
    ),
)
@click.argument("environment", metavar="[ENV]", required=False)
@click.option(
    "--release", metavar="R", help="OpenStack series, by id or code name (default: the newest known whole)."
)
@click.option(
    "-m",
    "--module",
    "modules",
    metavar="MODULE",
    multiple=True,
    help="A module to list (repeatable; default: the usual ones; 'all': every one that the release has).",
)
@click.option(
    "--ci",
    type=click.Choice([*(ci.value for ci in Ci), NO_CI]),
    help="Write a CI file that runs lock --check, verify and generate --check.",
)
@click.option(
    "--template", "has_template", is_flag=True, help="Write the Puppetfile's template, to be changed."
)
@click.pass_obj
def init_command(
    project: str,
    environment: str | None,
    *,
    release: str | None,
    modules: tuple[str, ...],
    ci: str | None,
    has_template: bool,
) -> None:
    """Start a project here, or add a manifest to it.

    Without options, and on a terminal, it asks for each of them; Enter takes what stands in brackets. The environment
    is 'production' if none is named. In a project that is there, --ci and --template alone add just their files.
    """
    directory = Path(project)
    if sys.stdin.isatty() and not (release or modules or ci or has_template):
        wish = _ask(directory, environment)
    else:
        is_adding = (
            (ci or has_template) and not (release or modules) and project_at(directory).settings.exists()
        )
        name = environment or (None if is_adding else DEFAULT_ENVIRONMENT)
        chosen = Ci(ci) if ci and ci != NO_CI else None
        wish = Wish(name, release, modules, chosen, has_template=has_template)
    started = start(directory, wish)
    say(f"wrote {path}" for path in started.paths)
    if started.manifest:
        say([f"next: look at what {started.manifest} says, then run 'pinner lock {wish.environment}'"])


def _ask(directory: Path, environment: str | None) -> Wish:
    """Return what the person at the terminal wishes; what can't be is told, and asked again."""
    name = environment or _prompt("Puppet environment", DEFAULT_ENVIRONMENT, _read_environment)
    release = _prompt("OpenStack release", choose_release(None).id, choose_release)
    usual = " ".join(choose_modules((), release))
    modules = _prompt(
        "Modules that follow it, or 'all'",
        usual,
        lambda text: choose_modules(tuple(text.replace(",", " ").split()), release),
    )
    if project_at(directory).settings.exists():
        return Wish(name, release.id, modules)
    ci = click.prompt(
        "CI file", default=NO_CI, type=click.Choice([*(ci.value for ci in Ci), NO_CI]), err=True
    )
    has_template = click.confirm("Write the Puppetfile's template, to change it?", err=True)
    return Wish(name, release.id, modules, None if ci == NO_CI else Ci(ci), has_template=has_template)


def _prompt(question: str, default: str, read: Callable[[str], Answer]) -> Answer:
    def read_or_tell(text: str) -> Answer:
        try:
            return read(text)
        except InputError as error:
            raise click.UsageError(str(error)) from error

    answer: Answer = click.prompt(question, default=default, value_proc=read_or_tell, err=True)
    return answer


def _read_environment(text: str) -> str:
    if flaw := check_environment_name(text):
        raise InputError(Problem(flaw))
    return text
