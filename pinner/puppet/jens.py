"""Jens' environments (https://github.com/cernops/jens) as what they consist of: its library, cut by each definition.

The rules are those of its jens/environments.py. What Jens takes no notice of is told as a note, what keeps pinner from
taking a repository as a problem.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from pinner.puppet.names import check_module_name, quoted
from pinner.words.imports import Found, FoundEnvironment, FoundModule, RefKind
from pinner.words.manifests import Text
from pinner.words.places import Place
from pinner.words.problems import Problem

SOURCE: Final = "Jens"
_COMMIT: Final = re.compile(r"commit/([0-9a-f]+)", re.IGNORECASE)
_WHOLE: Final = 40
_MAIN_BRANCH: Final = "master"
"""What Jens takes of common repositories where a definition says nothing (`_resolve_branch`)."""


class Partition(StrEnum):
    """The parts of the library."""

    MODULES = "modules"
    HOSTGROUPS = "hostgroups"
    COMMON = "common"


Library = Mapping[Partition, Mapping[str, Text]]
"""The URL of each repository, by its name."""


@dataclass(frozen=True, slots=True)
class Definition:
    """One environment's file. Without `default` it is static: only what is in `overrides` is in it, and `common`."""

    name: str
    place: Place
    default: Text | None = None
    owners: tuple[str, ...] = ()
    overrides: Mapping[Partition, Mapping[str, Text]] = field(default_factory=dict)


def read_environment(definition: Definition, library: Library) -> Found:
    """Return the one environment that the definition makes of the library."""
    items = list(_elements(definition, library))
    modules = {item.name: item for item in reversed(items) if isinstance(item, FoundModule)}
    problems = [item for item in items if isinstance(item, Problem)]
    problems += [
        Problem(
            f"'{item.name}' is the name of two repositories here",
            item.place,
            "with --partial the first counts",
        )
        for item in items
        if isinstance(item, FoundModule) and modules[item.name] is not item
    ]
    environment = FoundEnvironment(
        definition.name, SOURCE, tuple(reversed(modules.values())), owners=definition.owners
    )
    return Found((environment,), tuple(problems), tuple(_notes(definition, library)))


def _elements(definition: Definition, library: Library) -> Iterator[FoundModule | Problem]:
    for partition, repositories in library.items():
        overrides = definition.overrides.get(partition, {})
        for name, git in repositories.items():
            ref = overrides.get(name) or definition.default
            if ref is None and partition is Partition.COMMON:
                ref = Text(_MAIN_BRANCH, definition.place)
            if ref is not None:
                yield _element(partition, name, git, ref)


def _element(partition: Partition, name: str, git: Text, ref: Text) -> FoundModule | Problem:
    directory = f"hg_{name}" if partition is Partition.HOSTGROUPS else name
    if flaw := check_module_name(directory):
        return Problem(f"{partition} {quoted(name)}: {flaw}", git.place, "leave it out with --partial")
    commit = _COMMIT.fullmatch(ref.value)
    value = commit[1].lower() if commit else ref.value
    return FoundModule(
        directory,
        ref.place,
        git=git.value,
        kind=RefKind.COMMIT if commit else RefKind.BRANCH,
        ref=value,
        commit=value if commit and len(value) == _WHOLE else None,
        install_path=_install_path(partition),
        is_module=partition is not Partition.COMMON,
    )


def _install_path(partition: Partition) -> str | None:
    """Return the directory that holds the repository's: hostgroups lie beside the modules, site and hieradata at the top."""
    return {Partition.HOSTGROUPS: "hostgroups", Partition.COMMON: "."}.get(partition)


def _notes(definition: Definition, library: Library) -> Iterator[Problem]:
    for partition, overrides in definition.overrides.items():
        for name, ref in overrides.items():
            if name not in library.get(partition, {}):
                message = (
                    f"the library has no {quoted(name)} among its {partition}: Jens takes no notice of it"
                )
                yield Problem(message, ref.place)
    given = definition.overrides.get(Partition.COMMON, {})
    moving = [name for name in library.get(Partition.COMMON, {}) if name not in given]
    if definition.default is None and moving:
        message = (
            f"the environment is static, and yet {' and '.join(moving)} follow {_MAIN_BRANCH}: so Jens has it"
        )
        yield Problem(message, definition.place, "name a commit of them under 'overrides: common'")
