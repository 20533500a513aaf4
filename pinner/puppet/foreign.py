"""Read the formats of other tools: Jens' environments, and the Puppetfile.lock of librarian-puppet.

Jens (https://github.com/cernops/jens): a definition selects from its library. The rules are those of Jens'
jens/environments.py. What Jens ignores is reported as a note; a repository that pinner cannot use is reported as
a problem.

librarian-puppet: nothing raises and nothing is looked up. The format is that of librarian's
lib/librarian/lockfile/parser.rb: topics in capitals, below each its options indented by two spaces, its modules
by four, their dependencies by six.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from pinner.model.errors import Location, Problem
from pinner.model.manifest import FoundEnvironment, FoundModule, FoundSources, RefKind, Text
from pinner.model.text import quoted
from pinner.puppet.names import check_module_name

SOURCE: Final = "Jens"
_COMMIT: Final = re.compile(r"commit/([0-9a-f]+)", re.IGNORECASE)
_WHOLE: Final = 40
_MAIN_BRANCH: Final = "master"
"""Jens' branch of common repositories if a definition names none (`_resolve_branch`)."""


class Partition(StrEnum):
    """The parts of the library."""

    MODULES = "modules"
    HOSTGROUPS = "hostgroups"
    COMMON = "common"


Library = Mapping[Partition, Mapping[str, Text]]
"""The URL of each repository, by its name."""


@dataclass(frozen=True, slots=True)
class JensDefinition:
    """The file of one environment.

    Without `default` it is static: it contains only what `overrides` lists, and `common`.
    """

    name: str
    place: Location
    default: Text | None = None
    owners: tuple[str, ...] = ()
    overrides: Mapping[Partition, Mapping[str, Text]] = field(default_factory=dict)


def read_environment(definition: JensDefinition, library: Library) -> FoundSources:
    """Return the environment that the definition selects from the library."""
    items = list(_elements(definition, library))
    modules = {item.name: item for item in reversed(items) if isinstance(item, FoundModule)}
    problems = [item for item in items if isinstance(item, Problem)]
    problems += [
        Problem(
            f"two repositories have the name '{item.name}'",
            item.place,
            "use --partial to take the first one",
        )
        for item in items
        if isinstance(item, FoundModule) and modules[item.name] is not item
    ]
    environment = FoundEnvironment(
        definition.name, SOURCE, tuple(reversed(modules.values())), owners=definition.owners
    )
    return FoundSources((environment,), tuple(problems), tuple(_notes(definition, library)))


def _elements(definition: JensDefinition, library: Library) -> Iterator[FoundModule | Problem]:
    for partition, repositories in library.items():
        overrides = definition.overrides.get(partition, {})
        for name, git in repositories.items():
            ref = overrides.get(name) or definition.default
            if ref is None and partition is Partition.COMMON:
                ref = Text(_MAIN_BRANCH, definition.place)
            if ref is None:
                continue
            directory = f"hg_{name}" if partition is Partition.HOSTGROUPS else name
            if flaw := check_module_name(directory):
                yield Problem(f"{partition} {quoted(name)}: {flaw}", git.place, "omit it with --partial")
            else:
                yield _module(directory, partition, git, ref)


def _module(directory: str, partition: Partition, git: Text, ref: Text) -> FoundModule:
    commit = _COMMIT.fullmatch(ref.value)
    value = commit[1].lower() if commit else ref.value
    return FoundModule(
        directory,
        ref.place,
        git=git.value,
        kind=RefKind.COMMIT if commit else RefKind.BRANCH,
        ref=value,
        commit=value if commit and len(value) == _WHOLE else None,
        install_path={Partition.HOSTGROUPS: "hostgroups", Partition.COMMON: "."}.get(partition),
        is_module=partition is not Partition.COMMON,
    )


def _notes(definition: JensDefinition, library: Library) -> Iterator[Problem]:
    for partition, overrides in definition.overrides.items():
        for name, ref in overrides.items():
            if name not in library.get(partition, {}):
                message = (
                    f"the library has no {quoted(name)} among its {partition}: Jens ignores this override"
                )
                yield Problem(message, ref.place)
    overridden = definition.overrides.get(Partition.COMMON, {})
    following = [name for name in library.get(Partition.COMMON, {}) if name not in overridden]
    if definition.default is None and following:
        message = (
            f"the environment is static, but in Jens {' and '.join(following)} still follow {_MAIN_BRANCH}"
        )
        yield Problem(message, definition.place, "set their commits under 'overrides: common'")


LARGEST_LOCK: Final = 1_000_000
"""Maximum size in bytes of a file that is read; one with a hundred modules has about 20,000."""
MOST_PROBLEMS: Final = 100
"""Number of problems after which the rest of a file is not read."""

_END: Final = "DEPENDENCIES"
_TOPIC: Final = re.compile(r"[A-Z]+")
_OPTION: Final = re.compile(r"  ([\w/-]+):(?: (.+))?", re.ASCII)
_SPEC: Final = re.compile(r"    ([\w/-]+) \((.*)\)", re.ASCII)
_NEED: Final = re.compile(r"(?:  |      )[\w/-]+(?: \(.*\))?", re.ASCII)


class SourceKind(StrEnum):
    """The topics of the file, each a kind of source."""

    FORGE = "FORGE"
    GIT = "GIT"
    PATH = "PATH"
    GITHUB_TARBALL = "GITHUBTARBALL"


@dataclass(frozen=True, slots=True)
class LockedModule:
    """A module; `name` is `owner-module`, `owner/module` or bare.

    `options` are those of its source (`remote`, `sha`).
    """

    name: str
    version: str
    kind: SourceKind
    options: Mapping[str, str]
    place: Location


@dataclass(frozen=True, slots=True)
class LibrarianLock:
    """All modules in file order, and the problems with lines that could not be read."""

    modules: tuple[LockedModule, ...] = ()
    problems: tuple[Problem, ...] = ()


@dataclass(slots=True)
class _State:
    """The state of the reader; `kind` is None outside of a known topic."""

    path: str
    kind: SourceKind | None = None
    is_at_end: bool = False
    options: dict[str, str] = field(default_factory=dict)
    modules: list[LockedModule] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def read_librarian_lock(content: bytes, path: str = "Puppetfile.lock") -> LibrarianLock:
    """Return the contents of a Puppetfile.lock; `path` is used only in problems."""
    if len(content) > LARGEST_LOCK:
        return LibrarianLock(
            (),
            (Problem(f"the file is longer than {LARGEST_LOCK} bytes and is not read", Location(path)),),
        )
    state = _State(path)
    rows = enumerate((raw.decode(errors="replace").rstrip() for raw in content.split(b"\n")), start=1)
    for number, line in ((number, line) for number, line in rows if line):
        if len(state.problems) == MOST_PROBLEMS:
            state.problems.append(
                Problem("the rest of the file is not read: it has too many errors", Location(path, number))
            )
            break
        _read(line, Location(path, number), state)
    else:
        if not state.is_at_end:
            hint = "the file may be incomplete; 'librarian-puppet install' writes it again"
            state.problems.append(Problem(f"the file ends before its {_END}", Location(path), hint))
    return LibrarianLock(tuple(state.modules), tuple(state.problems))


def _read(line: str, place: Location, state: _State) -> None:
    if not line.startswith(" "):
        state.options = {}
        state.kind = SourceKind(line) if line in set(SourceKind) else None
        state.is_at_end = line == _END
        if state.kind or state.is_at_end:
            return
        if _TOPIC.fullmatch(line):
            state.problems.append(
                Problem(f"{quoted(line)} is not a kind of source that pinner supports", place)
            )
        else:
            state.problems.append(_unreadable(line, place))
    elif spec := _SPEC.fullmatch(line):
        if state.kind:
            state.modules.append(LockedModule(spec[1], spec[2], state.kind, state.options, place))
    elif state.is_at_end and _NEED.fullmatch(line):
        pass
    elif option := _OPTION.fullmatch(line):
        if option[2] is not None:
            state.options[option[1]] = option[2].strip()
    elif not _NEED.fullmatch(line):
        state.problems.append(_unreadable(line, place))


def _unreadable(line: str, place: Location) -> Problem:
    return Problem(f"this line is not valid in a Puppetfile.lock: {quoted(line)}", place)
