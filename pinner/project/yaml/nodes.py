"""Read YAML into nodes with positions and raw scalars, look up values in them, and explain errors with a way to fix them.

`safe_load` would turn `1.10` into 1.1, `0123456` into 42798 and `on` into True, and silently keep the last of
two equal keys. Aliases are refused, so the result cannot grow larger than the text.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import yaml

from pinner.model.errors import InputError, Location, Problem
from pinner.model.manifest import Text
from pinner.model.text import quoted
from pinner.project.files import decode, line_of_conflict

_TAB = ("a tab where YAML requires spaces", "indent and separate with spaces, never with tabs")
_COLON = (
    "': ' inside a value",
    "quote a value that contains ': ', or start a new line for a new key",
)
_NO_COLON = (
    "this line is not 'key: value'",
    "write a colon and a space after the key; quote text of several lines",
)
_INDENT = (
    "the indentation does not fit the lines above",
    "align the keys of a map, and the dashes of a list",
)
_NOTHING = (
    "a value is missing here, or a bracket was never closed",
    "close each '[' with ']' and each '{' with '}'",
)
_EXPLAINED = {
    "did not find expected node content": _NOTHING,
    "expected the node content": _NOTHING,
    "mapping values are not allowed": _COLON,
    "could not find expected ':'": _NO_COLON,
    "did not find expected key": _INDENT,
    "did not find expected '-' indicator": _INDENT,
    "expected <block end>": _INDENT,
}
_UNCLOSED = {
    "while scanning a quoted scalar": "the quote that opens here is never closed",
    "while parsing a flow sequence": "the '[' that opens here is not closed, or a ',' is missing in it",
    "while parsing a flow mapping": "the '{' that opens here is not closed, or a ',' is missing in it",
}


def explain_yaml_error(error: yaml.YAMLError, text: str, path: str) -> Problem:
    """Return the parser's error as a problem of the file `path` with that text."""
    if line := line_of_conflict(text):
        message = "the file has merge conflict markers"
        return Problem(
            message, Location(path, line, 1), "keep the right parts of both sides, and delete the markers"
        )
    if not isinstance(error, yaml.MarkedYAMLError):
        return Problem(f"this is not valid YAML: {error}", Location(path))
    if error.context in _UNCLOSED and error.context_mark:
        return Problem(_UNCLOSED[error.context], _place(error.context_mark, path))
    mark = error.problem_mark or error.context_mark
    lines = text.splitlines()
    letter = lines[mark.line][mark.column : mark.column + 1] if mark and mark.line < len(lines) else ""
    explanation, hint = _words_for(error.problem or "", letter)
    return Problem(explanation, _place(mark, path), hint)


def first_too_deep(
    error: yaml.YAMLError, text: str, path: str, *, event: yaml.Event | None, depth: int, deepest: int
) -> Location | None:
    """Return where values are nested too deeply, if that caused the error; its message is not examined.

    A parser looks up to 1024 characters ahead of the events it yields, and libyaml may refuse deep nesting
    there. So the brackets between the last `event`, with `depth` collections open, and the error are counted
    here.
    """
    mark = error.problem_mark if isinstance(error, yaml.MarkedYAMLError) else None
    if mark is None or event is None or event.end_mark is None:
        return None
    for token in _FLOW.finditer(text, event.end_mark.index, mark.index + 1):
        depth += (token[0] in _OPENING) - (token[0] in _CLOSING)
        if depth > deepest:
            line = text.count("\n", 0, token.start()) + 1
            return Location(path, line, token.start() - text.rfind("\n", 0, token.start()))
    return None


def nested_too_deep(deepest: int, place: Location) -> Problem:
    """Return the problem of values nested more than `deepest` levels."""
    return Problem(f"values are nested more than {deepest} levels deep", place)


_FLOW = re.compile(r"""[\[\]{},:]|"[^"\\]*+(?:\\.[^"\\]*+)*"|'[^']*+'|\#[^\n]*|[^\s\[\]{},:]+""", re.DOTALL)
_OPENING, _CLOSING = frozenset("[{"), frozenset("]}")


def _words_for(problem: str, letter: str) -> tuple[str, str | None]:
    if letter == "\t":
        return _TAB
    if "cannot start any token" in problem:
        return f"a value cannot start with {quoted(letter)}", "put the value into quotes"
    found = (words for known, words in _EXPLAINED.items() if known in problem)
    return next(found, (f"this is not valid YAML: {problem}", None))


def _place(mark: yaml.Mark | None, path: str) -> Location:
    return Location(path, mark.line + 1, mark.column + 1) if mark else Location(path)


DEEPEST = 20
"""Levels of nesting that a file may have; a manifest needs five."""

LOADER: type[yaml.SafeLoader] | type[yaml.CSafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class ScalarNode(NamedTuple):
    """A scalar's text as written, with quotes and folding removed; `is_plain` is True if it was not quoted.

    It is a named tuple because a thousand manifests have hundreds of thousands of scalars, and a dataclass
    takes twice as long to create.
    """

    text: str
    is_plain: bool
    path: str
    line: int
    column: int

    @property
    def place(self) -> Location:
        """Return the scalar's location; created on demand, as most are never needed."""
        return Location(self.path, self.line, self.column)

    @property
    def is_null(self) -> bool:
        """Return whether the value is empty or one of YAML's words for null."""
        return self.is_plain and self.text in {"", "~", "null", "Null", "NULL"}


@dataclass(frozen=True, slots=True)
class SequenceNode:
    """A list, in flow or block style."""

    items: tuple["Node", ...]
    place: Location


class MappingEntry(NamedTuple):
    """One key with its value; the key's place is that of the entry."""

    key: ScalarNode
    value: "Node"


@dataclass(frozen=True, slots=True)
class MappingNode:
    """A map by key text, in the order of the file; keys are unique."""

    entries: dict[str, MappingEntry]
    place: Location


@dataclass(frozen=True, slots=True)
class Refused:
    """A placeholder for a value that has been reported as a problem (an alias)."""

    place: Location


Node = ScalarNode | SequenceNode | MappingNode | Refused


@dataclass(frozen=True, slots=True)
class NodesRead:
    """The root of a file's only document, None if the file is empty or not YAML, and its problems."""

    root: Node | None
    problems: tuple[Problem, ...] = ()

    def place_of(self, keys: Sequence[str], path: str) -> Location:
        """Return where the last of the keys that exist is, from the root inwards; the file `path` without a root."""
        node, place = self.root, self.root.place if self.root else Location(path)
        for key in keys:
            if not isinstance(node, MappingNode) or key not in node.entries:
                break
            place, node = node.entries[key].key.place, node.entries[key].value
        return place


def read_nodes(data: bytes, path: str, *, loader: type = LOADER) -> NodesRead:
    """Return the nodes of a YAML file; `path` is its name as the user would type it.

    Never raises on bad input.
    """
    builder = _Builder(path)
    event: yaml.Event | None = None
    try:
        text = decode(data, path)
        for event in yaml.parse(text, Loader=loader):
            builder.add(event)
    except yaml.YAMLError as error:
        depth = len(builder.stack)
        place = first_too_deep(error, text, path, event=event, depth=depth, deepest=DEEPEST)
        problem = nested_too_deep(DEEPEST, place) if place else explain_yaml_error(error, text, path)
        return NodesRead(None, (*builder.problems, problem))
    except InputError as error:
        return NodesRead(None, (*builder.problems, *error.problems))
    return NodesRead(next(iter(builder.roots), None), tuple(builder.problems))


@dataclass(slots=True)
class _Open:
    """A collection that is not complete yet; the items of a map are its keys and values in turn."""

    place: Location
    is_map: bool
    items: list[Node] = field(default_factory=list)


class _Builder:
    """Builds nodes from events with its own stack, so that nesting cannot reach Python's recursion limit.

    `roots` has the only document's node, if any; `stack` has the collections that are open.
    """

    def __init__(self, path: str) -> None:
        self.problems: list[Problem] = []
        self.roots: list[Node] = []
        self.stack: list[_Open] = []
        self._path = path
        self._items = self.roots

    def add(self, event: yaml.Event) -> None:
        if isinstance(event, yaml.ScalarEvent):
            if event.anchor is not None or event.tag is not None:
                self._refuse_properties(event)
            line, column = _position(event)
            self._items.append(ScalarNode(event.value, not event.style, self._path, line, column))
        elif isinstance(event, yaml.CollectionStartEvent):
            self._refuse_properties(event)
            if len(self.stack) == DEEPEST:
                raise InputError(nested_too_deep(DEEPEST, self._place(event)))
            self.stack.append(_Open(self._place(event), isinstance(event, yaml.MappingStartEvent)))
            self._items = self.stack[-1].items
        elif isinstance(event, yaml.CollectionEndEvent):
            done = self.stack.pop()
            self._items = self.stack[-1].items if self.stack else self.roots
            if done.is_map:
                self._items.append(MappingNode(self._entries(done.items), done.place))
            else:
                self._items.append(SequenceNode(tuple(done.items), done.place))
        elif isinstance(event, yaml.AliasEvent):
            place = self._place(event)
            message = f"aliases ({quoted(f'*{event.anchor}')}) are not allowed"
            self.problems.append(Problem(message, place, _REPEAT))
            self._items.append(Refused(place))
        elif isinstance(event, yaml.DocumentStartEvent) and self.roots:
            hint = "keep one document per file; delete the '---' and the other documents"
            raise InputError(Problem("a second document begins here", self._place(event), hint))

    def _place(self, event: yaml.Event) -> Location:
        return Location(self._path, *_position(event))

    def _entries(self, items: list[Node]) -> dict[str, MappingEntry]:
        entries: dict[str, MappingEntry] = {}
        for key, value in zip(items[::2], items[1::2], strict=True):
            if not isinstance(key, ScalarNode):
                if not isinstance(key, Refused):
                    what = "list" if isinstance(key, SequenceNode) else "map"
                    hint = "quote a key or value that starts with '[' or '{'"
                    self.problems.append(Problem(f"a {what} cannot be a key", key.place, hint))
            elif key.text in entries:
                first = entries[key.text].key.place
                message = f"the key {quoted(key.text)} was given before, at line {first.line}, column {first.column}"
                self.problems.append(Problem(message, key.place, "delete one of them"))
            elif key.is_plain and key.text == "<<":
                hint = "repeat the values, or put them into a base and name it with 'extends:'"
                self.problems.append(Problem("merge keys ('<<') are not allowed", key.place, hint))
            else:
                entries[key.text] = MappingEntry(key, value)
        return entries

    def _refuse_properties(self, event: yaml.ScalarEvent | yaml.CollectionStartEvent) -> None:
        place = self._place(event)
        if event.anchor is not None:
            self.problems.append(
                Problem(f"anchors ({quoted(f'&{event.anchor}')}) are not allowed", place, _REPEAT)
            )
        if event.tag is not None:
            self.problems.append(
                Problem(f"tags ({quoted(event.tag)}) are not allowed", place, "delete the tag")
            )


def _position(event: yaml.Event) -> tuple[int, int]:
    """Return the 1-based line and column of an event, as editors count them."""
    mark = event.start_mark
    return (mark.line + 1, mark.column + 1) if mark else (1, 1)


_REPEAT = "repeat the value where it is needed, or put it into a base and name it with 'extends:'"


def map_at(node: MappingNode | None, key: str) -> MappingNode | None:
    """Return the inner map of that key."""
    entry = node.entries.get(key) if node else None
    return entry.value if entry and isinstance(entry.value, MappingNode) else None


def entries_at(node: MappingNode | None, key: str) -> dict[str, MappingEntry]:
    """Return the entries of the inner map of that key."""
    found = map_at(node, key)
    return found.entries if found else {}


def text_at(node: MappingNode | None, key: str) -> Text | None:
    """Return the scalar of that key."""
    entry = node.entries.get(key) if node else None
    value = entry.value if entry else None
    return Text(value.text, value.place) if isinstance(value, ScalarNode) else None


def texts_at(node: MappingNode | None, key: str) -> tuple[Text, ...]:
    """Return the scalars of the list of that key."""
    entry = node.entries.get(key) if node else None
    items = entry.value.items if entry and isinstance(entry.value, SequenceNode) else ()
    return tuple(Text(item.text, item.place) for item in items if isinstance(item, ScalarNode))


def texts_by_key(node: MappingNode | None) -> dict[str, Text]:
    """Return the keys of a map that have scalars, with these scalars."""
    entries = node.entries.items() if node else ()
    values = ((key, entry.value) for key, entry in entries)
    return {key: Text(value.text, value.place) for key, value in values if isinstance(value, ScalarNode)}


def values_by_key(node: MappingNode | None) -> dict[str, str]:
    """Return the keys of a map that have scalars, with their text."""
    entries = node.entries.items() if node else ()
    return {key: entry.value.text for key, entry in entries if isinstance(entry.value, ScalarNode)}
