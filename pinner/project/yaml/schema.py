"""Check what a project's files contain: rules for single scalars, kinds of values, and whole YAML files.

A rule returns None, or what is wrong. Further rules are in pinner/puppet/names.py.
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from pinner.model.errors import Location, PinnerError, Problem
from pinner.model.text import check_git_url, nearest, quoted
from pinner.project.files import Project, read_file
from pinner.project.yaml.nodes import MappingNode, Node, Refused, ScalarNode, SequenceNode, read_nodes
from pinner.puppet.names import (
    check_branch,
    check_day,
    check_environment_name,
    check_module_name,
    check_release,
    form_check,
    judge,
)
from pinner.puppet.versions import check_range

_TEMPLATE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
_DIRECTIONS = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def check_prose(text: str) -> str | None:
    """Refuse characters that control a terminal or change text direction; allow line breaks and tabs."""
    for letter in text:
        if (unicodedata.category(letter) in {"Cc", "Cs"} and letter not in "\n\t") or _DIRECTIONS.match(
            letter
        ):
            return f"the character U+{ord(letter):04X} is not allowed in a text"
    return None


def check_line(text: str) -> str | None:
    """Refuse text that is not one line of prose."""
    if not text.strip():
        return "the text is empty"
    if len(text.splitlines()) > 1:
        return "the text must be one line"
    return check_prose(text)


check_dependency = form_check(
    r"(?:[A-Za-z0-9]{1,100}[/-])?[a-z][a-z0-9_]{0,199}",
    "is not a module name: write it as 'stdlib' or 'puppetlabs/stdlib'",
)
check_platform = form_check(
    r"[A-Za-z0-9][A-Za-z0-9._ -]{0,99}",
    "is not a valid platform: use only letters, digits, spaces and . _ -",
)
check_puppet_version = form_check(
    r"(?:0|[1-9][0-9]{0,5})(?:\.(?:0|[1-9][0-9]{0,5})){2}",
    "is not a version of Puppet or OpenVox: write all three numbers, such as 8.10.0",
)


def check_base(text: str) -> str | None:
    """Refuse text that is neither an environment's name nor a base's (`_` before such a name)."""
    name = text.removeprefix("environments/").removesuffix(".yaml")
    if name != text and check_environment_name(name.removeprefix("_")) is None:
        return f"{quoted(text)} is a file's name: write the name only, {quoted(name)}"
    if check_environment_name(text.removeprefix("_")) is None:
        return None
    return f"{quoted(text)} is not a valid name of an environment or base: use lower-case letters, digits and underscores"


def check_data_directory(text: str) -> str | None:
    """Refuse text that is not a path relative to the project, which is the same on every machine."""
    if flaw := check_line(text):
        return flaw
    if text.startswith(("/", "~")):
        return f"{quoted(text)} is not relative to the project: use --hiera or --code for other directories"
    return None


def check_template(text: str) -> str | None:
    """Refuse text that is not a template's name; a path is never one."""
    if not _TEMPLATE.fullmatch(text):
        return f"{quoted(text)} is not a template name: write the name of a file in Puppetfile.templates, without '.j2'"
    if text.endswith(".j2"):
        return f"{quoted(text)} is not a template name: omit '.j2'"
    return None


def check_url_prefix(text: str) -> str | None:
    """Refuse text that is not the start of any git URL."""
    whole = f"{text}x" if text.endswith(("/", ":")) else text
    flaw = check_git_url(whole)
    return flaw and flaw.replace(quoted(whole), quoted(text), 1)


def check_rewrite_target(text: str) -> str | None:
    """Refuse text that is not the start of a URL, of an absolute path, or of a path with `./` or `../`."""
    if text.startswith(("./", "../")):
        return check_line(text)
    return check_url_prefix(text)


_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_ADDRESS = re.compile(r"https?://[A-Za-z0-9.-]+(?::[0-9]{1,5})?/[A-Za-z0-9._~/?#&=+:;,@%-]*")


def link_check(*names: str) -> Callable[[str], str | None]:
    """Return the check that refuses text that is not the address of a web page with these placeholders.

    The last of `names` is required. Placeholders stand after the host, which is so the same for all values.
    """

    def check_link(text: str) -> str | None:
        unknown = [name for name in _PLACEHOLDER.findall(text) if name not in names]
        if not _ADDRESS.fullmatch(_PLACEHOLDER.sub("x", text)) or "{" in text.split("/")[2]:
            return f"{quoted(text)} is not the address of a web page: write one with https:// or http://, its host and a path"
        if unknown or names[-1] not in _PLACEHOLDER.findall(text):
            known = ", ".join(f"'{{{name}}}'" for name in names)
            return f"{quoted(text)} must contain '{{{names[-1]}}}'; placeholders are {known}"
        return None

    return check_link


Check = Callable[[str], str | None]
"""Returns what is wrong with a scalar's raw text, quoting it, or None."""

Json = str | int | float | bool | list["Json"] | dict[str, "Json"]


@dataclass(frozen=True, slots=True)
class Scalar:
    """A scalar, checked by its raw text.

    `pattern` is for editors and never stricter than `check`; `may_look_like_number` is True if other YAML
    readers may read a valid value as a number (`2025.1`).
    """

    what: str
    check: Check
    pattern: str | None = None
    may_look_like_number: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a few words."""

    what: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Boolean:
    """`true` or `false`, unquoted; only those in `values`."""

    values: tuple[bool, ...] = (False, True)

    @property
    def what(self) -> str:
        """Return the name of the kind in messages."""
        return " or ".join("true" if value else "false" for value in self.values)


@dataclass(frozen=True, slots=True)
class NumberKind:
    """A number from `minimum` to `maximum`, both included."""

    what: str
    minimum: float
    maximum: float
    is_whole: bool = True


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list without repeated items."""

    what: str
    item: Scalar


@dataclass(frozen=True, slots=True)
class MapOf:
    """A map with any valid keys; `hint_for_null` is the hint for a key, `{key}`, without a value."""

    what: str
    key: Scalar
    value: "Kind"
    hint_for_null: str | None = None


@dataclass(frozen=True, slots=True)
class Field:
    """One key of a record."""

    name: str
    kind: "Kind"
    description: str
    examples: tuple[Json, ...] = ()


@dataclass(frozen=True, slots=True)
class Record:
    """A map with known keys, all optional; of each pair in `exclusive`, at most one key may be given."""

    what: str
    fields: tuple[Field, ...]
    exclusive: tuple[tuple[str, str], ...] = ()
    field_by_name: dict[str, Field] = field(init=False, compare=False, repr=False)
    exclusive_names: frozenset[str] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "field_by_name", {entry.name: entry for entry in self.fields})
        object.__setattr__(
            self, "exclusive_names", frozenset(name for pair in self.exclusive for name in pair)
        )


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of two kinds, distinguished by the node's shape."""

    first: Choice | Boolean
    second: "ListOf | Record"

    @property
    def what(self) -> str:
        """Return the name of the kind in messages."""
        return f"{self.first.what} or {self.second.what}"


Kind = Scalar | Choice | Boolean | NumberKind | ListOf | MapOf | Record | OneOf
_BARE_KEY = re.compile(r"[A-Za-z0-9_.-]{1,60}")
_TRUTH = {"true", "false"}
_TRUTH_BY_HABIT = {
    "yes": "true",
    "on": "true",
    "true": "true",
    "no": "false",
    "off": "false",
    "false": "false",
}


def check(kind: Kind, node: Node, *, at: str = "") -> tuple[Problem, ...]:
    """Return what is wrong with the node as a value of that kind; `at` is the dotted path of keys to it."""
    checker = _Checker()
    checker.check(kind, node, at)
    return tuple(sorted(checker.problems, key=position_of))


def check_exclusive(record: Record, node: MappingNode, *, at: str) -> tuple[Problem, ...]:
    """Return a problem for the first pair of keys in the map of which the record allows only one."""
    given = record.exclusive_names.intersection(node.entries)
    for pair in record.exclusive if len(given) > 1 else ():
        if given.issuperset(pair):
            first, second = sorted((node.entries[key].key for key in pair), key=lambda key: key.place)
            message = f"'{second.text}' cannot be combined with '{first.text}'"
            place = first.place
            is_beside = place.path == second.place.path
            where = f"line {place.line}, column {place.column}" if is_beside else str(place)
            hint = f"'{first.text}' is at {where}; delete one of them"
            return (Problem(f"{at}: {message}" if at else message, second.place, hint),)
    return ()


def read_number(kind: NumberKind, text: str) -> float | None:
    """Return the number written in decimal digits, or None if it is not of that kind."""
    form = r"[0-9]{1,9}" if kind.is_whole else r"[0-9]{1,9}(?:\.[0-9]{1,9})?"
    if not re.fullmatch(form, text, re.ASCII):
        return None
    number = float(text)
    return number if kind.minimum <= number <= kind.maximum else None


@dataclass(slots=True)
class _Checker:
    """Walks a node and its kind together; recursion is safe because the depth of nodes is limited."""

    problems: list[Problem] = field(default_factory=list)

    def check(self, kind: Kind, node: Node, at: str) -> None:
        match kind, node:
            case _, Refused():
                pass
            case _, ScalarNode() if node.is_null:
                self._report(node, at, "has no value", f"write {kind.what}, or delete the key")
            case Scalar(), ScalarNode():
                if node.is_plain and node.text.lower() in _TRUTH:
                    self._report_wrong(kind.what, node, at, "quote it if it is meant as text")
                elif flaw := judge(kind.check, node.text):
                    self._report(node, at, flaw)
            case ListOf(), SequenceNode():
                self._check_list(kind, node, at)
            case MapOf(), MappingNode():
                self._check_map(kind, node, at)
            case Record(), MappingNode():
                self._check_record(kind, node, at)
            case _:
                self._check_rare(kind, node, at)

    def _check_rare(self, kind: Kind, node: Node, at: str) -> None:
        match kind, node:
            case OneOf(), ScalarNode():
                self._check_choice(kind.first, node, at, kind.what)
            case OneOf(), _:
                self.check(kind.second, node, at)
            case (Choice() | Boolean(), ScalarNode()):
                self._check_choice(kind, node, at, kind.what)
            case NumberKind(), ScalarNode():
                if not node.is_plain or read_number(kind, node.text) is None:
                    self._report_wrong(kind.what, node, at)
            case _:
                self._report_wrong(kind.what, node, at)

    def _check_choice(self, kind: Choice | Boolean, node: ScalarNode, at: str, what: str) -> None:
        if isinstance(kind, Choice):
            if node.text not in kind.values:
                self._report_wrong(what, node, at, nearest(node.text, kind.values))
            return
        words = ["true" if value else "false" for value in kind.values]
        if not node.is_plain or node.text not in words:
            meant = _TRUTH_BY_HABIT.get(node.text.lower())
            self._report_wrong(what, node, at, f"write {meant}, without quotes" if meant in words else None)

    def _check_list(self, kind: ListOf, node: SequenceNode, at: str) -> None:
        seen: set[str] = set()
        for item in node.items:
            self.check(kind.item, item, at)
            if isinstance(item, ScalarNode):
                if item.text in seen:
                    self._report(
                        item, at, f"{quoted(item.text)} is repeated in the list", "delete one of them"
                    )
                seen.add(item.text)

    def _check_map(self, kind: MapOf, node: MappingNode, at: str) -> None:
        for text, entry in node.entries.items():
            if flaw := judge(kind.key.check, text):
                self._report(entry.key, at, flaw)
            step = _step(at, text)
            if kind.hint_for_null and isinstance(entry.value, ScalarNode) and entry.value.is_null:
                self._report(
                    entry.value, step, "has no value", kind.hint_for_null.format(key=_step("", text))
                )
            else:
                self.check(kind.value, entry.value, step)

    def _check_record(self, kind: Record, node: MappingNode, at: str) -> None:
        for text, entry in node.entries.items():
            if known := kind.field_by_name.get(text):
                self.check(known.kind, entry.value, _step(at, text))
            else:
                hint = nearest(text, kind.field_by_name) or f"known keys: {', '.join(kind.field_by_name)}"
                self._report(entry.key, at, f"unknown key {quoted(text)}", hint)
        self.problems += check_exclusive(kind, node, at=at)

    def _report_wrong(self, what: str, node: Node, at: str, hint: str | None = None) -> None:
        shown = "a list" if isinstance(node, SequenceNode) else "a map"
        if isinstance(node, ScalarNode):
            shown = quoted(node.text)
        self._report(node, at, f"must be {what}, not {shown}", hint)

    def _report(self, node: Node, at: str, message: str, hint: str | None = None) -> None:
        self.problems.append(Problem(f"{at}: {message}" if at else message, node.place, hint))


def _step(at: str, key: str) -> str:
    shown = key if _BARE_KEY.fullmatch(key) else quoted(key)
    return f"{at}.{shown}" if at else shown


def position_of(problem: Problem) -> tuple[int, int]:
    """Return a sort key that orders the problems of one file by position."""
    place = problem.place
    return (place.line or 0, place.column or 0) if place else (0, 0)


_NAME = "^[a-z][a-z0-9_]*$"
MODULE_NAME = Scalar("a module's name", check_module_name, _NAME)
PROSE = Scalar("a text", check_prose, may_look_like_number=True)
LINE = Scalar("a line of text", check_line, may_look_like_number=True)
DAY = Scalar("a date", check_day, "^[0-9]{4}-[0-9]{2}-[0-9]{2}$")
RELEASE = Scalar("a release", check_release, "^([a-z]+|[0-9]{4}\\.[0-9])$", may_look_like_number=True)
URL = Scalar("a git URL", check_git_url, "^([A-Za-z]+://|[^/@:]+@[^/@:]+:|/)")
BRANCH = Scalar("a branch", check_branch, may_look_like_number=True)
DEPENDENCY = Scalar("a module's name", check_dependency, "^([A-Za-z0-9]+[/-])?[a-z][a-z0-9_]*$")
RANGE = Scalar("a version range", check_range, may_look_like_number=True)

_DATA_DIRECTORIES = ListOf(
    "a list of directories",
    Scalar("a directory", check_data_directory, "^[^/~]", may_look_like_number=True),
)
HIERA = Field(
    "hiera",
    _DATA_DIRECTORIES,
    "The operator's Hiera data, for the commands that take --hiera, which overrides this: directories relative to pinner.yaml.",
    (["data"],),
)
CODE = Field(
    "code",
    _DATA_DIRECTORIES,
    "The site's own manifests and profiles, for the commands that take --code, which overrides this: directories relative to "
    "pinner.yaml.",
    (["site-modules"],),
)


LARGEST_PROJECT_FILE = 1024 * 1024
"""Bytes of the largest file that a user writes."""


@dataclass(frozen=True, slots=True)
class DescribedFile:
    """A file's content; `root` is None if it is empty or not a map, and unreliable if there are problems."""

    root: MappingNode | None
    problems: tuple[Problem, ...] = ()


def read_described(
    project: Project, path: Path, record: Record, *, edited: bytes | None = None
) -> DescribedFile:
    """Return the file's root and its problems, in the order of the text. Never raises on invalid content.

    `edited` is the content to read instead of that on disk.
    """
    shown = project.shown(path)
    try:
        data = project.files.read(path, shown=shown, limit=LARGEST_PROJECT_FILE) if edited is None else edited
    except PinnerError as error:
        return DescribedFile(None, error.problems)
    read = read_nodes(data, shown)
    flaws = check(record, read.root) if read.root else ()
    problems = tuple(sorted((*read.problems, *flaws), key=position_of))
    return DescribedFile(read.root if isinstance(read.root, MappingNode) else None, problems)


LARGEST_FOREIGN_FILE = 4 * 1024 * 1024
"""Bytes of the largest file; one with two hundred environments has about 500,000."""


@dataclass(frozen=True, slots=True)
class ForeignFile:
    """A file's root, None if it is empty, not a map or not YAML; `problems` describe its unreliable parts."""

    root: MappingNode | None
    problems: tuple[Problem, ...] = ()


def read_foreign(path: Path) -> ForeignFile:
    """Return the content of a YAML file. Never raises."""
    try:
        data = read_file(path, shown=str(path), limit=LARGEST_FOREIGN_FILE)
    except PinnerError as error:
        return ForeignFile(None, error.problems)
    read = read_nodes(data, str(path))
    hint = "repeat the value where it is needed"  # `extends:` is for manifests only
    problems = tuple(
        replace(problem, hint=hint) if problem.hint and "extends:" in problem.hint else problem
        for problem in read.problems
    )
    if isinstance(read.root, MappingNode):
        return ForeignFile(read.root, problems)
    return ForeignFile(None, problems or (Problem("the file is not a map", Location(str(path))),))
