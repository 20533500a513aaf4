"""Environments' names as Puppet allows them: small letters, digits and underscores, a letter first."""

from collections.abc import Sequence
from dataclasses import replace

from pinner.project.layout import suggest_name
from pinner.puppet.names import check_environment_name, quoted
from pinner.words.imports import Found, FoundEnvironment
from pinner.words.problems import InputError, Problem


def with_names(found: Found, name: str | None) -> Found:
    """Return what was found with names that Puppet allows, the one environment under `name` if that is given.

    Raises InputError for a name that is none, that is given to several environments, or that two come to have.
    """
    environments = found.environments if name is None else (_only(found, name),)
    renamed = tuple(replace(each, name=suggest_name(each.name)) for each in environments)
    _refuse_twins(environments, renamed)
    notes = [
        Problem(f"the environment {quoted(old.name)} becomes '{new.name}', which Puppet allows")
        for old, new in zip(environments, renamed, strict=True)
        if old.name != new.name
    ]
    return Found(renamed, found.problems, (*found.notes, *notes))


def _only(found: Found, name: str) -> FoundEnvironment:
    if flaw := check_environment_name(name):
        raise InputError(Problem(flaw))
    if len(found.environments) != 1:
        message = f"'--as {name}' names one environment, and there are {len(found.environments)}"
        raise InputError(Problem(message, hint="import them one by one, or leave '--as' away"))
    return replace(found.environments[0], name=name)


def _refuse_twins(before: Sequence[FoundEnvironment], after: Sequence[FoundEnvironment]) -> None:
    first: dict[str, str] = {}
    problems = []
    for old, new in zip(before, after, strict=True):
        if new.name in first:
            message = f"the environments {quoted(first[new.name])} and {quoted(old.name)} would both be '{new.name}'"
            problems.append(Problem(message, hint="import them one by one and name them with '--as'"))
        first.setdefault(new.name, old.name)
    if problems:
        raise InputError(problems)
