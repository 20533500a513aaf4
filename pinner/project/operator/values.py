"""Read Hiera's YAML and JSON into values with lines, and rename keys in such a file.

Of a renamed key only the word on its line changes; comments and layout stay. The edited file is read again, and is
accepted only if all keys and values are as intended.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import yaml

from pinner.model.errors import InputError, Location, Problem
from pinner.model.operator_data import Array, Hash, Literal, Opaque, OpaqueReason, Plain, Value, text_of
from pinner.model.text import quoted
from pinner.project.files import decode
from pinner.project.yaml.nodes import LOADER, explain_yaml_error, first_too_deep, nested_too_deep
from pinner.puppet.hiera.scalars import OddScalar, resolve_scalar

_MERGE = "<<"
_Key = tuple[type, object]
_Entries = dict[_Key, tuple[Value, Value]]


def entries_of(items: list[Value]) -> tuple[tuple[tuple[Value, Value], ...], list[tuple[Literal, int]]]:
    """Return the entries, and each repeated key with the line of its previous occurrence."""
    entries: _Entries = {}
    own: dict[_Key, int] = {}
    repeated: list[tuple[Literal, int]] = []
    for key, value in zip(items[::2], items[1::2], strict=True):
        merged = list(_merged(key, value))
        for one in merged:
            entries.update(((_identity(name), (name, held)) for name, held in one.entries))
        if merged:
            continue
        identity = _identity(key)
        if identity in own and isinstance(key, Literal):
            repeated.append((key, own[identity]))
        own[identity] = key.line
        entries[identity] = key, value
    return tuple(entries.values()), repeated


def _merged(key: Value, value: Value) -> Iterator[Hash]:
    """Yield the hashes of a merge key; in a list the first one has priority, so it comes last."""
    if not isinstance(key, Literal) or key.value != _MERGE:
        return
    parts: Iterable[Value] = reversed(value.items) if isinstance(value, Array) else (value,)
    hashes = [part for part in parts if isinstance(part, Hash)]
    if len(hashes) == (len(value.items) if isinstance(value, Array) else 1):
        yield from hashes


def _identity(key: Value) -> _Key:
    """Return what makes two keys equal: 1, 1.0 and true differ in Ruby. An opaque key equals no other."""
    if isinstance(key, Literal):
        return type(key.value), key.value
    return Opaque, id(key)


DEEPEST = 60
"""Levels of nesting that are read."""

DEEPEST_AT_ALL = 500
"""Levels at which reading stops: libyaml's time grows with their square, and some versions stop at 1000."""

MOST_REPEATED = 500_000
"""The maximum number of values that all aliases of one file may expand to."""

_TOO_DEEP = f"values nested more than {DEEPEST} levels deep are not read"
_TOO_MANY = f"the aliases of this file expand to more than {MOST_REPEATED} values: the rest is not read"


@dataclass(slots=True)
class _Open:
    """A collection that is not complete yet; the items of a hash are its keys and values in turn."""

    line: int
    is_hash: bool
    anchor: str | None
    items: list[Value] = field(default_factory=list)
    size: int = 1
    depth: int = 1


@dataclass(frozen=True, slots=True)
class _Anchored:
    """An anchor's value, how many values it contains, and how deeply they are nested."""

    value: Value
    size: int
    depth: int


class DataBuilder:
    """Builds a value from parser events; `refusal` is the first reason for which Puppet refuses the file.

    `root` is the result. With `is_raw`, a scalar is its source text, however Hiera would read it.
    """

    def __init__(self, path: str, *, is_raw: bool = False) -> None:
        self.path = path
        self._is_raw = is_raw
        self.root: Value | None = None
        self.refusal: Problem | None = None
        self._flaws: dict[str, Problem] = {}
        self._stack: list[_Open] = []
        self._anchors: dict[str, _Anchored | None] = {}
        self._repeated = 0

    @property
    def flaws(self) -> tuple[Problem, ...]:
        """Return the problems found so far, each once."""
        return tuple(self._flaws.values())

    @property
    def level(self) -> int:
        """Return how many hashes and arrays are open."""
        return len(self._stack)

    def plain(self, text: str, line: int, *, anchor: str | None = None) -> None:
        """Add an unquoted scalar."""
        found = text if self._is_raw else resolve_scalar(text)
        holder = self._stack[-1] if self._stack else None
        is_at_key = holder is not None and holder.is_hash and len(holder.items) % 2 == 0
        if is_at_key and text.startswith(":") and found in {text, OddScalar.SYMBOL}:
            self._add(Literal(text[1:].strip("'\""), line), anchor=anchor)
        elif isinstance(found, OddScalar):
            if found is OddScalar.REFUSED:
                message = "Puppet refuses this file: it reads this value as a date or an incomplete number"
                self.refuse(message, line, "put it in quotes")
            self.foreign(line, anchor=anchor)
        else:
            self.literal(found, line, anchor=anchor)

    def literal(self, value: Plain, line: int, *, anchor: str | None = None) -> None:
        """Add a value unchanged; a string that Hiera interpolates becomes opaque."""
        is_worked_on = isinstance(value, str) and not self._is_raw
        added: Value = Literal(value, line)
        if is_worked_on and "ENC[" in str(value):
            added = Opaque(OpaqueReason.ENCRYPTED, line)
        elif is_worked_on and "%{" in str(value):
            added = Opaque(OpaqueReason.INTERPOLATED, line, str(value))
        self._add(added, anchor=anchor)

    def foreign(self, line: int, *, anchor: str | None = None) -> None:
        """Add a value that only Puppet can interpret."""
        self._add(Opaque(OpaqueReason.FOREIGN, line), anchor=anchor)

    def open(self, line: int, *, is_hash: bool, anchor: str | None = None) -> None:
        """Begin a hash or an array; raises InputError if too many are open to read on in reasonable time."""
        if self.level == DEEPEST_AT_ALL:
            raise InputError(nested_too_deep(DEEPEST_AT_ALL, Location(self.path, line)))
        if anchor:
            self._anchors[anchor] = None
        self._stack.append(_Open(line, is_hash, anchor))

    def close(self) -> None:
        """End the hash or array that was begun last."""
        done = self._stack.pop()
        if done.depth > DEEPEST:
            self.report(_TOO_DEEP, done.line)
            self._add(Opaque(OpaqueReason.TOO_BIG, done.line), anchor=done.anchor)
        elif done.is_hash:
            entries, repeated = entries_of(done.items)
            for key, line in repeated:
                what = (
                    f"the key {quoted(str(key.value))} was given before, at line {line}: Hiera uses this one"
                )
                self.report(what, key.line, "delete one of them")
            self._add(Hash(entries, done.line), done.size, done.depth, anchor=done.anchor)
        else:
            self._add(Array(tuple(done.items), done.line), done.size, done.depth, anchor=done.anchor)

    def alias(self, name: str, line: int) -> None:
        """Add the value of an anchor."""
        anchored = self._anchors.get(name)
        if anchored is None:
            where = "inside its own anchor" if name in self._anchors else "without an anchor"
            self.report(f"an alias {where} is not read", line)
            self.foreign(line)
            return
        self._repeated += anchored.size
        if self._repeated > MOST_REPEATED:
            self.report(_TOO_MANY, line)
            self._add(Opaque(OpaqueReason.TOO_BIG, line))
        else:
            self._add(anchored.value, anchored.size, anchored.depth)

    def refuse(self, message: str, line: int | None, hint: str | None = None) -> None:
        """Record why Puppet refuses this file; only the first reason is kept."""
        self.refusal = self.refusal or Problem(message, Location(self.path, line), hint)

    def report(self, message: str, line: int, hint: str | None = None) -> None:
        """Record a problem that the file's author should fix."""
        self._flaws.setdefault(message, Problem(message, Location(self.path, line), hint))

    def _add(self, value: Value, size: int = 1, depth: int = 0, *, anchor: str | None = None) -> None:
        if anchor:
            self._anchors[anchor] = _Anchored(value, size, depth)
        if not self._stack:
            self.root = value
            return
        holder = self._stack[-1]
        holder.items.append(value)
        holder.size += size
        holder.depth = max(holder.depth, depth + 1)


_STRING = r'"[^"\\]*+(?:\\.[^"\\]*+)*"'
_TOKEN = re.compile(rf"(?P<string>{_STRING})|(?P<word>[-+.\w]+)|(?P<mark>[{{}}\[\]\n])")
_COMMENT = re.compile(rf"({_STRING})|/\*.*?\*/|//[^\n]*", re.DOTALL)
_LONGEST_NUMBER = 300
_OPENERS, _CLOSERS = frozenset("{["), frozenset("}]")


def read_json(content: bytes, path: str) -> DataBuilder:
    """Return the builder of a JSON file; `path` is its name as the user would type it.

    Never raises on bad input.
    """
    builder = DataBuilder(path)
    try:
        text = decode(content, path)
        if "/" in text:  # comments, which Ruby's reader skips, become blanks; line breaks are kept
            text = _COMMENT.sub(lambda match: match[1] or re.sub(r"[^\n]", " ", match[0]), text)
        json.loads(text, parse_constant=_refuse_constant, parse_int=str)
        _build(text, builder)
    except InputError as error:
        builder.refusal = error.problems[0]
    except RecursionError:
        builder.refuse("its JSON is nested too deeply to be read", None)
    except json.JSONDecodeError as error:
        builder.refuse(f"this is not valid JSON: {error.msg}", error.lineno)
    return builder


def _refuse_constant(name: str) -> float:
    raise json.JSONDecodeError(f"{name} is not a number", name, 0)


def _build(text: str, builder: DataBuilder) -> None:
    line = 1
    for match in _TOKEN.finditer(text):
        kind, found = match.lastgroup, match[0]
        if kind == "word" and len(found) > _LONGEST_NUMBER:
            builder.foreign(line)
        elif kind != "mark":
            value = json.loads(found)
            if isinstance(value, str):  # files and terminals do not accept lone surrogates
                value = value.encode("utf-8", "replace").decode()
            builder.literal(value, line)
        elif found in _OPENERS:
            builder.open(line, is_hash=found == "{")
        elif found in _CLOSERS:
            builder.close()
        line += found == "\n"


_STRING_TAGS = frozenset({"!", "!str", "tag:yaml.org,2002:str"})
_RUBY_TAG = "!ruby/"
_BINARY_TAGS = frozenset({"!binary", "tag:yaml.org,2002:binary", "!float", "tag:yaml.org,2002:float"})


def read_yaml(content: bytes, path: str, *, is_raw: bool = False) -> DataBuilder:
    """Return the builder of a YAML file; `path` is its name as the user would type it.

    Never raises on bad input. With `is_raw`, every scalar is its source text.
    """
    builder = DataBuilder(path, is_raw=is_raw)
    text = ""
    event: yaml.Event | None = None
    try:
        text = decode(content, path)
        events: Iterator[yaml.Event] = yaml.parse(text, Loader=LOADER)
        for event in events:
            _take(event, builder)
            if isinstance(event, yaml.DocumentEndEvent):
                _report_more_documents(events, builder)
                return builder
    except yaml.YAMLError as error:
        place = first_too_deep(error, text, path, event=event, depth=builder.level, deepest=DEEPEST_AT_ALL)
        problem = nested_too_deep(DEEPEST_AT_ALL, Location(path, place.line)) if place else None
        builder.refusal = problem or explain_yaml_error(error, text, path)
    except InputError as error:
        builder.refusal = error.problems[0]
    return builder


def _report_more_documents(events: Iterator[yaml.Event], builder: DataBuilder) -> None:
    """Record what follows the first document, which Puppet ignores silently."""
    try:
        event = next(events)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        builder.report("Puppet stops reading here: the rest is outside of any document", line)
    else:
        if isinstance(event, yaml.DocumentStartEvent):
            builder.report("a second document begins here: Hiera reads only the first one", _line(event))


def _take(event: yaml.Event, builder: DataBuilder) -> None:
    if isinstance(event, yaml.ScalarEvent):
        line = _line(event)
        if event.tag:
            _refuse_ruby(event, builder)
        if event.tag in _BINARY_TAGS or (event.tag or "").startswith(_RUBY_TAG):
            builder.foreign(line, anchor=event.anchor)
        elif event.style or event.tag in _STRING_TAGS:
            builder.literal(event.value, line, anchor=event.anchor)
        else:
            builder.plain(event.value, line, anchor=event.anchor)
    elif isinstance(event, yaml.CollectionStartEvent):
        _refuse_ruby(event, builder)
        is_hash = isinstance(event, yaml.MappingStartEvent)
        builder.open(_line(event), is_hash=is_hash, anchor=event.anchor)
    elif isinstance(event, yaml.CollectionEndEvent):
        builder.close()
    elif isinstance(event, yaml.AliasEvent):
        builder.alias(event.anchor or "", _line(event))


def _refuse_ruby(event: yaml.ScalarEvent | yaml.CollectionStartEvent, builder: DataBuilder) -> None:
    tag = event.tag or ""
    if tag.startswith(_RUBY_TAG) and not tag.startswith((f"{_RUBY_TAG}sym", f"{_RUBY_TAG}string")):
        builder.refuse(
            f"Puppet refuses a file with the tag {quoted(tag)}", _line(event), "write the value as plain YAML"
        )


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1


_BREAK: Final = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
_BOM: Final = b"\xef\xbb\xbf"
_JSON: Final = ".json"


@dataclass(frozen=True, slots=True)
class KeyEdit:
    """Renames the key `old` on the 1-based `line` to `new`."""

    line: int
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Edited:
    """A file after the edits that were possible; `refused` are the others, which must be made by hand."""

    data: bytes
    made: tuple[KeyEdit, ...]
    refused: tuple[KeyEdit, ...]


def rename_keys(data: bytes, edits: Sequence[KeyEdit], path: str) -> Edited:
    """Return the file with its keys renamed; raises InputError if the bytes are not text."""
    ordered = tuple(sorted(set(edits), key=lambda edit: (edit.line, edit.old)))
    root = _read(data, path)
    if root is None:
        return Edited(data, (), ordered)
    if (whole := _renamed(data, ordered, root, path)) is not None:
        return Edited(whole, ordered, ())
    made: list[KeyEdit] = []
    for edit in ordered:
        if _renamed(data, (*made, edit), root, path) is not None:
            made.append(edit)
    kept = tuple(made)
    refused = tuple(edit for edit in ordered if edit not in made)
    return Edited(_renamed(data, kept, root, path) or data, kept, refused)


def _renamed(data: bytes, edits: Sequence[KeyEdit], root: Value, path: str) -> bytes | None:
    """Return the file after all the edits, None if one has no place or would change more than intended."""
    text, places = decode(data, path), set(_places(root))
    for edit in edits:
        found = _find(text, edit)
        if found is None or (edit.line, edit.old) not in places:
            return None
        text = f"{text[: found.start()]}{edit.new}{text[found.end() :]}"
    after = (_BOM if data.startswith(_BOM) else b"") + text.encode()
    new_by_place = {(edit.line, edit.old): edit.new for edit in edits}
    return after if _read(after, path) == _with_keys(root, new_by_place) else None


def _read(data: bytes, path: str) -> Value | None:
    builder = read_json(data, path) if path.endswith(_JSON) else read_yaml(data, path)
    return None if builder.refusal else builder.root


def _find(text: str, edit: KeyEdit) -> re.Match[str] | None:
    """Return the match of the key on its line, as a whole word with a colon after it."""
    starts = [0, *(found.end() for found in _BREAK.finditer(text)), len(text)]
    key = re.compile(rf"(?<![\w:]){re.escape(edit.old)}(?=['\"]?\s*:(?!:))")
    return key.search(text, starts[edit.line - 1], starts[edit.line]) if edit.line < len(starts) else None


def _with_keys(value: Value, new_by_place: Mapping[tuple[int, str], str]) -> Value:
    """Return a value with the keys of its hashes renamed if they are on those lines."""
    if isinstance(value, Hash):
        entries = []
        for key, held in value.entries:
            renamed = key
            if isinstance(key, Literal) and isinstance(key.value, str):
                renamed = replace(key, value=new_by_place.get((key.line, key.value), key.value))
            entries.append((renamed, _with_keys(held, new_by_place)))
        return replace(value, entries=tuple(entries))
    if isinstance(value, Array):
        return replace(value, items=tuple(_with_keys(item, new_by_place) for item in value.items))
    return value


def _places(value: Value) -> Iterator[tuple[int, str]]:
    """Yield line and text of every key."""
    if isinstance(value, Hash):
        yield from ((key.line, text) for key, _ in value.entries if (text := text_of(key)) is not None)
        for _, held in value.entries:
            yield from _places(held)
    if isinstance(value, Array):
        for item in value.items:
            yield from _places(item)
