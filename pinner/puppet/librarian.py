"""Puppetfile.lock, as librarian-puppet writes it: what each module was resolved to. Nothing raises, nothing is looked up.

The format is the one of librarian's lib/librarian/lockfile/parser.rb: topics in capitals, below each its options by two
blanks, its modules by four, what they depend on by six.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from pinner.puppet.names import quoted
from pinner.words.places import Place
from pinner.words.problems import Problem

LONGEST: Final = 1_000_000
"""Bytes of the longest file that is read; one with a hundred modules has some 20,000."""
MOST_PROBLEMS: Final = 100
"""Problems after which the rest of a file is not read."""

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
    """One module: `name` is `owner-module` or `owner/module` or bare, `options` those of its source (`remote`, `sha`)."""

    name: str
    version: str
    kind: SourceKind
    options: Mapping[str, str]
    place: Place


@dataclass(frozen=True, slots=True)
class LibrarianLock:
    """All modules in the file's order, and what of the file could not be read."""

    modules: tuple[LockedModule, ...] = ()
    problems: tuple[Problem, ...] = ()


@dataclass(slots=True)
class _State:
    """How far the reading is: `kind` is None outside of a topic that is known."""

    path: str
    kind: SourceKind | None = None
    is_at_end: bool = False
    options: dict[str, str] = field(default_factory=dict)
    modules: list[LockedModule] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def read_librarian_lock(content: bytes, path: str = "Puppetfile.lock") -> LibrarianLock:
    """Return what a Puppetfile.lock says; `path` is only named in the problems."""
    if len(content) > LONGEST:
        return LibrarianLock(
            (), (Problem(f"the file is longer than {LONGEST} bytes: nothing of it is read", Place(path)),)
        )
    state = _State(path)
    for number, line in _lines(content):
        if len(state.problems) == MOST_PROBLEMS:
            state.problems.append(
                Problem("nothing after this is read: there is too much wrong", Place(path, number))
            )
            break
        _read(line, Place(path, number), state)
    else:
        if not state.is_at_end:
            hint = "is the file whole? 'librarian-puppet install' writes it anew"
            state.problems.append(Problem(f"the file ends before its {_END}", Place(path), hint))
    return LibrarianLock(tuple(state.modules), tuple(state.problems))


def _lines(content: bytes) -> Iterator[tuple[int, str]]:
    for number, raw in enumerate(content.split(b"\n"), start=1):
        line = raw.decode(errors="replace").rstrip()
        if line:
            yield number, line


def _read(line: str, place: Place, state: _State) -> None:
    if not line.startswith(" "):
        _begin(line, place, state)
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


def _begin(line: str, place: Place, state: _State) -> None:
    state.options = {}
    state.kind = SourceKind(line) if line in set(SourceKind) else None
    state.is_at_end = line == _END
    if state.kind or state.is_at_end:
        return
    if _TOPIC.fullmatch(line):
        state.problems.append(Problem(f"{quoted(line)} is no kind of source that pinner knows", place))
    else:
        state.problems.append(_unreadable(line, place))


def _unreadable(line: str, place: Place) -> Problem:
    return Problem(f"this line is none of a Puppetfile.lock: {quoted(line)}", place)
