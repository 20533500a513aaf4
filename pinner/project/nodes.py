"""YAML text -> positioned nodes that keep every scalar's raw text. Never resolves a type, an alias or a tag.

`safe_load` would turn `1.10` into 1.1, `0123456` into 42798 and `on` into True, and keep the last of two equal keys
without a word. Aliases are refused where they stand, so nothing can grow beyond the text itself.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import yaml

from pinner.project.quoting import quote
from pinner.project.text import decode
from pinner.project.yaml_errors import explain
from pinner.words.places import Place
from pinner.words.problems import InputError, Problem

DEEPEST = 20
"""Levels of nesting that a file may have; a manifest needs five."""

LOADER: type[yaml.SafeLoader] | type[yaml.CSafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Scalar(NamedTuple):
    """A scalar's text as it was written, less quotes and folding; `is_plain` where it stood without quotes.

    A named tuple, for there are some hundred thousand in a thousand manifests: it is made in half a dataclass's time.
    """

    text: str
    is_plain: bool
    path: str
    line: int
    column: int

    @property
    def place(self) -> Place:
        """Return where it stands; made only when asked for, as most scalars never are."""
        return Place(self.path, self.line, self.column)

    @property
    def is_null(self) -> bool:
        """Say whether nothing was written, or one of YAML's words for nothing."""
        return self.is_plain and self.text in {"", "~", "null", "Null", "NULL"}


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list, in flow or block style."""

    items: tuple["Node", ...]
    place: Place


class Entry(NamedTuple):
    """One key with its value; `place` of the entry is the key's."""

    key: Scalar
    value: "Node"


@dataclass(frozen=True, slots=True)
class Mapping:
    """A map by key text, in the order of the file; no key stands twice."""

    entries: dict[str, Entry]
    place: Place


@dataclass(frozen=True, slots=True)
class Refused:
    """The stead of a value that a problem was told about already (an alias)."""

    place: Place


Node = Scalar | Sequence | Mapping | Refused


@dataclass(frozen=True, slots=True)
class NodesRead:
    """The root of a file's only document, None where it is empty or no YAML, and what is wrong with it."""

    root: Node | None
    problems: tuple[Problem, ...] = ()


def read_nodes(data: bytes, path: str, *, loader: type = LOADER) -> NodesRead:
    """Return the nodes of a YAML file; `path` is how the user would type its name. Never raises on bad input."""
    builder = _Builder(path)
    try:
        text = decode(data, path)
        for event in _events(text, loader):
            builder.add(event)
    except yaml.YAMLError as error:
        return NodesRead(None, (*builder.problems, explain(error, text, path)))
    except InputError as error:
        return NodesRead(None, (*builder.problems, *error.problems))
    return NodesRead(builder.root, tuple(builder.problems))


def _events(text: str, loader: type) -> Iterator[yaml.Event]:
    events: Iterator[yaml.Event] = yaml.parse(text, Loader=loader)
    return events


@dataclass(slots=True)
class _Open:
    """A collection whose end has not come yet; the items of a map are its keys and values in turn."""

    place: Place
    is_map: bool
    items: list[Node] = field(default_factory=list)


class _Builder:
    """Builds nodes from events with a stack of its own, so that nesting never meets Python's recursion limit."""

    def __init__(self, path: str) -> None:
        self.problems: list[Problem] = []
        self._path = path
        self._roots: list[Node] = []
        self._items = self._roots
        self._stack: list[_Open] = []

    @property
    def root(self) -> Node | None:
        """Return the only document's node."""
        return self._roots[0] if self._roots else None

    def add(self, event: yaml.Event) -> None:
        if isinstance(event, yaml.ScalarEvent):
            if event.anchor is not None or event.tag is not None:
                self._refuse_properties(event)
            line, column = _position(event)
            self._items.append(Scalar(event.value, not event.style, self._path, line, column))
        elif isinstance(event, yaml.CollectionStartEvent):
            self._open(event)
        elif isinstance(event, yaml.CollectionEndEvent):
            self._close()
        elif isinstance(event, yaml.AliasEvent):
            self._refuse_alias(event)
        elif isinstance(event, yaml.DocumentStartEvent) and self._roots:
            hint = "keep one document a file; delete the '---' and what belongs elsewhere"
            raise InputError(Problem("a second document begins here", self._place(event), hint))

    def _place(self, event: yaml.Event) -> Place:
        return Place(self._path, *_position(event))

    def _open(self, event: yaml.CollectionStartEvent) -> None:
        self._refuse_properties(event)
        if len(self._stack) == DEEPEST:
            raise InputError(
                Problem(f"values are nested more than {DEEPEST} levels deep", self._place(event))
            )
        self._stack.append(_Open(self._place(event), isinstance(event, yaml.MappingStartEvent)))
        self._items = self._stack[-1].items

    def _close(self) -> None:
        done = self._stack.pop()
        self._items = self._stack[-1].items if self._stack else self._roots
        if done.is_map:
            self._items.append(Mapping(self._entries(done.items), done.place))
        else:
            self._items.append(Sequence(tuple(done.items), done.place))

    def _entries(self, items: list[Node]) -> dict[str, Entry]:
        entries: dict[str, Entry] = {}
        for key, value in zip(items[::2], items[1::2], strict=True):
            if not isinstance(key, Scalar):
                self._tell_bad_key(key)
            elif key.text in entries:
                self._tell_repeated(key, entries[key.text].key)
            elif key.is_plain and key.text == "<<":
                hint = "write the values out, or put them into a base and name it with 'extends:'"
                self.problems.append(Problem("merge keys ('<<') are not allowed", key.place, hint))
            else:
                entries[key.text] = Entry(key, value)
        return entries

    def _tell_bad_key(self, key: Node) -> None:
        if not isinstance(key, Refused):
            what = "list" if isinstance(key, Sequence) else "map"
            hint = "quote a key or value that starts with '[' or '{'"
            self.problems.append(Problem(f"a {what} cannot be a key", key.place, hint))

    def _tell_repeated(self, key: Scalar, first: Scalar) -> None:
        where = f"line {first.place.line}, column {first.place.column}"
        self.problems.append(
            Problem(
                f"the key {quote(key.text)} was given before, at {where}", key.place, "delete one of them"
            )
        )

    def _refuse_properties(self, event: yaml.ScalarEvent | yaml.CollectionStartEvent) -> None:
        place = self._place(event)
        if event.anchor is not None:
            self.problems.append(
                Problem(f"anchors ({quote(f'&{event.anchor}')}) are not allowed", place, _REPEAT)
            )
        if event.tag is not None:
            self.problems.append(
                Problem(f"tags ({quote(event.tag)}) are not allowed", place, "delete the tag")
            )

    def _refuse_alias(self, event: yaml.AliasEvent) -> None:
        place = self._place(event)
        self.problems.append(
            Problem(f"aliases ({quote(f'*{event.anchor}')}) are not allowed", place, _REPEAT)
        )
        self._items.append(Refused(place))


def _position(event: yaml.Event) -> tuple[int, int]:
    """Return the 1-based line and column of an event, as editors count them."""
    mark = event.start_mark
    return (mark.line + 1, mark.column + 1) if mark else (1, 1)


_REPEAT = "write the value out where it is needed, or put it into a base and name it with 'extends:'"
