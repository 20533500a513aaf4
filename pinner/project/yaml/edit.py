"""Edit YAML files as text (insert a line, put a value, replace or remove a scalar), and format new manifests.

The result is read again, and is accepted only if all values are the intended ones. `put_value` also creates
missing maps.

New manifests are formatted as a person would write them. Their values are not checked here; `read_manifests` checks the
result.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

import yaml

from pinner.model.errors import InputError, Location, Problem
from pinner.project.files import decode
from pinner.project.yaml.nodes import MappingEntry, MappingNode, Node, ScalarNode, SequenceNode, read_nodes

# Line breaks as the YAML readers count them.
BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
BOM = b"\xef\xbb\xbf"
SPELLINGS = ("{}", "'{}'", '"{}"')

_Values = str | tuple["_Values", ...]


@dataclass(frozen=True, slots=True)
class TextEdit:
    """The scalar `old` at `place` becomes `new`; if `new` is None, its list item or its entry is removed."""

    place: Location
    old: str
    new: str | None


def edit_yaml(data: bytes, edits: Sequence[TextEdit], path: str) -> bytes:
    """Return the file after the edits; raises InputError for each that must be made by hand."""
    text = decode(data, path)
    root = read_nodes(data, path).root
    refused: list[TextEdit] = []
    for edit in sorted(edits, key=_position, reverse=True):
        edited = _edited(text, edit)
        if edited is None:
            refused.append(edit)
        text = edited or text
    result = (BOM if data.startswith(BOM) else b"") + text.encode()
    if not refused and _values(read_nodes(result, path).root, {}) != _values(
        root, {edit.place: edit.new for edit in edits}
    ):
        refused = list(edits)
    if refused:
        raise InputError(_by_hand(edit) for edit in sorted(refused, key=_position))
    return result


def insert_line(data: bytes, line: int, text: str, path: str) -> bytes:
    """Return the file with the line `text` added after the 1-based `line`, with the same line ending."""
    old = decode(data, path)
    start = _start_of_line(old, line + 1)
    found = BREAK.search(old, _start_of_line(old, line))
    end = found[0] if found else "\n"
    inserted = f"{text}{end}" if found else f"{end}{text}{end}"
    return (BOM if data.startswith(BOM) else b"") + f"{old[:start]}{inserted}{old[start:]}".encode()


def _position(edit: TextEdit) -> tuple[int, int]:
    return edit.place.line or 0, edit.place.column or 0


def _by_hand(edit: TextEdit) -> Problem:
    what = f"cannot replace {edit.old!r} with {edit.new!r}" if edit.new else f"cannot remove {edit.old!r}"
    return Problem(f"{what} without changing more around it", edit.place, "edit it by hand")


def _edited(text: str, edit: TextEdit) -> str | None:
    """Return the text after one edit, None if it is not written in a form that can be edited."""
    start = offset_of(text, edit.place)
    spelling = next((one for one in SPELLINGS if text.startswith(one.format(edit.old), start)), None)
    if spelling is None:
        return None
    end = start + len(spelling.format(edit.old))
    if edit.new is not None:
        return f"{text[:start]}{spelling.format(edit.new)}{text[end:]}"
    return _without(text, start, end)


def offset_of(text: str, place: Location) -> int:
    """Return the offset of a place in the text."""
    return _start_of_line(text, place.line or 1) + (place.column or 1) - 1


def _start_of_line(text: str, line: int) -> int:
    """Return the start of a 1-based line, the end of the text for the line after the last."""
    position = 0
    for _ in range(line - 1):
        position = _end_of_line(text, position)
    return position


def _end_of_line(text: str, position: int) -> int:
    found = BREAK.search(text, position)
    return found.end() if found else len(text)


def _without(text: str, start: int, end: int) -> str | None:
    """Return the text without the item or entry whose first scalar is at that position."""
    line_start = max(text.rfind("\n", 0, start), text.rfind("\r", 0, start)) + 1
    before = text[line_start:start]
    if not before.strip(" -"):
        return text[:line_start] + text[end_of_block(text, start - line_start, end) :]
    if after := re.match(r"\s*,\s*", text[end:]):
        return text[:start] + text[end + after.end() :]
    if comma := re.search(r"\s*,\s*\Z", text[:start]):
        return text[: comma.start()] + text[end:]
    return None


def end_of_block(text: str, column: int, end: int) -> int:
    """Return the end of a block entry: of its line, and of the following lines indented more than its key."""
    position = _end_of_line(text, end)
    while position < len(text):
        line = text[position : _end_of_line(text, position)]
        if not line.strip() or len(line) - len(line.lstrip(" ")) <= column:
            return position
        position += len(line)
    return position


def _values(node: Node | None, changed: Mapping[Location, str | None]) -> _Values:
    """Return the values of a tree in order, with the changes applied."""
    if isinstance(node, ScalarNode):
        return changed.get(node.place, node.text) or node.text
    if isinstance(node, SequenceNode):
        return ("[", *(_values(item, changed) for item in node.items if not _goes(item, changed)))
    if isinstance(node, MappingNode):
        entries = (entry for entry in node.entries.values() if not _goes(entry.key, changed))
        return ("{", *((_values(entry.key, changed), _values(entry.value, changed)) for entry in entries))
    return ""


def _goes(node: Node, changed: Mapping[Location, str | None]) -> bool:
    return isinstance(node, ScalarNode) and node.place in changed and changed[node.place] is None


_DEEPER = "  "
# Possible ends of a flow map; the result of each is checked.
_LAST = re.compile(r"(?<=[\w\"'}\]])(?=\s*\})")
_MOST_TRIES = 8
_MOST_ENDS = 64
_TOGETHER = 2

_Plain = str | tuple["_Plain", ...] | dict[str, "_Plain"]


def put_value(
    data: bytes, keys: Sequence[str], value: "_Plain", path: str, *, spelling: str | None = None
) -> bytes:
    """Return the file with `value`, a text without quotes in it, at the path of keys.

    `spelling` is how the value is written if not in quotes, such as `false` or `{}`. Raises InputError if the
    edit must be made by hand.
    """
    written = spelling or f'"{value}"'
    text = decode(data, path)
    root = read_nodes(data, path).root
    intended = _put(_plain(root), keys, value)
    result = _first_as_intended(data, _candidates(text, root, keys, written), intended, path)
    if result is not None:
        return result
    line = _flow(keys, written)
    message = f"cannot add '{': '.join(keys)}' to this file without rewriting it"
    raise InputError(Problem(message, Location(path), f"add it by hand: {line}"))


def append_item(data: bytes, key: str, item: str, path: str) -> bytes:
    """Return the file with `item`, a text that needs no quotes, at the end of the list `key` of its root.

    A missing list is created. Raises InputError if the edit must be made by hand.
    """
    text = decode(data, path)
    root = read_nodes(data, path).root
    entry = root.entries.get(key) if isinstance(root, MappingNode) else None
    if entry is None or not isinstance(entry.value, SequenceNode):
        return put_value(data, (key,), (item,), path, spelling=f"[{item}]")
    intended = _put(_plain(root), (key,), (*(_plain(each) for each in entry.value.items), item))
    result = _first_as_intended(data, _appended(text, entry.value, item), intended, path)
    if result is None:
        message = f"cannot add '{item}' to '{key}' of this file without rewriting it"
        raise InputError(Problem(message, entry.value.place, "add it by hand"))
    return result


def remove_entry(data: bytes, keys: Sequence[str], path: str) -> bytes:
    """Return the file without the entry at the path of keys; a map that would become empty goes with it.

    Raises InputError if there is none, or if the edit must be made by hand.
    """
    text = decode(data, path)
    root = node = read_nodes(data, path).root
    above: list[MappingNode] = []
    for key in keys:
        if not isinstance(node, MappingNode) or key not in node.entries:
            raise InputError(Problem(f"there is no '{': '.join(keys)}' in this file", Location(path)))
        above.append(node)
        node = node.entries[key].value
    while len(above) > 1 and len(above[-1].entries) == 1:
        above.pop()
    gone = above[-1].entries[keys[len(above) - 1]].key
    result = _first_as_intended(data, _removed(text, gone), _drop(_plain(root), keys[: len(above)]), path)
    if result is None:
        message = f"cannot remove '{gone.text}' without changing more around it"
        raise InputError(Problem(message, gone.place, "edit it by hand"))
    return result


def _removed(text: str, key: ScalarNode) -> Iterator[str]:
    """Yield the text without the entry, whose end is at one of the next commas or braces if the map is in flow style."""
    start = offset_of(text, key.place)
    if (block := _without(text, start, start + len(key.text))) is not None:
        yield block
    comma = re.search(r",\s*\Z", text[:start])
    for found in islice(re.finditer(r",\s*|(?=\s*\})", text[start:]), _MOST_ENDS):
        if found[0]:
            yield text[:start] + text[start + found.end() :]
        elif comma:
            yield text[: comma.start()] + text[start + found.start() :]


def _drop(tree: "_Plain", keys: Sequence[str]) -> "_Plain":
    if not isinstance(tree, dict):
        return tree
    first, *rest = keys
    if rest:
        return {**tree, first: _drop(tree[first], rest)}
    return {key: value for key, value in tree.items() if key != first}


def _appended(text: str, node: SequenceNode, item: str) -> Iterator[str]:
    """Yield the text with the item in each possible place at the end of the list."""
    start = offset_of(text, node.place)
    if text.startswith("[", start):
        for bracket in islice(re.finditer(r"(?<=[^\s,])(?=,?\s*\])", text[start:]), _MOST_TRIES):
            at = start + bracket.start()
            yield f"{text[:at]}{', ' if node.items else ''}{item}{text[at:]}"
        return
    last = node.items[-1].place
    line = _start_of_line(text, last.line or 1)
    end = end_of_block(text, (last.column or 1) - 1, offset_of(text, last))
    found = BREAK.search(text)
    newline = found[0] if found else "\n"
    gap = "" if BREAK.match(text[end - 1 : end]) else newline
    yield f"{text[:end]}{gap}{text[line : offset_of(text, last)]}{item}{newline}{text[end:]}"


def _first_as_intended(data: bytes, candidates: Iterator[str], intended: "_Plain", path: str) -> bytes | None:
    for edited in candidates:
        result = (BOM if data.startswith(BOM) else b"") + edited.encode()
        found = read_nodes(result, path)
        if not found.problems and _plain(found.root) == intended:
            return result
    return None


def _candidates(text: str, root: Node | None, keys: Sequence[str], value: str) -> Iterator[str]:
    """Yield the text with the value in each possible place, the best first."""
    node, depth = root, 0
    while depth < len(keys) and isinstance(node, MappingNode) and keys[depth] in node.entries:
        node, depth = node.entries[keys[depth]].value, depth + 1
    if depth == len(keys) and isinstance(node, ScalarNode):
        start = offset_of(text, node.place)
        for spelling in SPELLINGS:
            if text.startswith(written := spelling.format(node.text), start):
                yield f"{text[:start]}{value}{text[start + len(written) :]}"
    elif isinstance(node, MappingNode):
        start = offset_of(text, node.place)
        if text.startswith("{", start):
            yield from _into_flow(text, node, start + 1, _flow(keys[depth:], value))
        elif node.entries:
            *_, last = node.entries.values()
            yield from _below(text, last, keys[depth:], value)


def _into_flow(text: str, node: MappingNode, start: int, entry: str) -> Iterator[str]:
    """Yield the text with the entry added after the last entry of a flow map, then before its first."""
    if not node.entries:
        yield f"{text[:start]}{entry}{text[start:]}"
        return
    for brace in islice(_LAST.finditer(text, start), _MOST_TRIES):
        at = brace.start()
        yield f"{text[:at]}, {entry}{text[at:]}"
    yield f"{text[:start]}{entry}, {text[start:]}"


def _below(text: str, last: MappingEntry, keys: Sequence[str], value: str) -> Iterator[str]:
    """Yield the text with the entry added below the last entry of a block map.

    Then yield it with the entry above the last one, whose end may have been misjudged.
    """
    start = offset_of(text, last.key.place)
    column = last.key.column - 1
    found = BREAK.search(text)
    newline = found[0] if found else "\n"
    lines = newline.join(_block(keys, value, " " * column))
    end = end_of_block(text, column, start)
    gap = "" if BREAK.match(text[end - 1 : end]) else newline
    yield f"{text[:end]}{gap}{lines}{newline}{text[end:]}"
    yield f"{text[: start - column]}{lines}{newline}{text[start - column :]}"


def _block(keys: Sequence[str], value: str, indent: str) -> Iterator[str]:
    """Yield the lines of an entry; the innermost two keys share one, as people write them."""
    if len(keys) <= _TOGETHER:
        yield f"{indent}{_flow(keys, value)}"
        return
    yield f"{indent}{keys[0]}:"
    yield from _block(keys[1:], value, indent + _DEEPER)


def _flow(keys: Sequence[str], value: str) -> str:
    first, *rest = keys
    return f"{first}: {{{_flow(rest, value)}}}" if rest else f"{first}: {value}"


def _plain(node: Node | None) -> _Plain:
    if isinstance(node, ScalarNode):
        return node.text
    if isinstance(node, MappingNode):
        return {key: _plain(entry.value) for key, entry in node.entries.items()}
    return tuple(_plain(item) for item in getattr(node, "items", ()))


def _put(tree: _Plain, keys: Sequence[str], value: _Plain) -> _Plain:
    """Return the tree with the value at the path of keys; missing maps are created."""
    if not keys:
        return value
    first, *rest = keys
    held = tree if isinstance(tree, dict) else {}
    return {**held, first: _put(held.get(first, {}), rest, value)}


_PLAIN: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+/-]*")
_PLAIN_PROSE: Final = re.compile(r"[A-Za-z](?:[A-Za-z0-9 ,.()/_@-]*[A-Za-z0-9.)])?")
# Numbers of YAML 1.2, which has more forms than YAML 1.1, which PyYAML implements.
_NUMBER: Final = re.compile(
    r"[-+]?(?:0x[0-9a-fA-F_]+|0o?[0-7_]+|[0-9][0-9_]*\.?[0-9_]*(?:[eE][-+]?[0-9]+)?|\.[0-9_]+(?:[eE][-+]?[0-9]+)?)"
)
_KNOWN: Final = "    # findings of this set today: delete a line once it is fixed"
_TEXT: Final = "tag:yaml.org,2002:str"
_RESOLVER: Final[Any] = yaml.SafeLoader("")  # untyped because the stubs lack `resolve`


@dataclass(frozen=True, slots=True)
class NewModule:
    """One entry of `modules:`: its keys and values in order; no keys means `false`, that it is left out.

    `comment` is added at the end of the line.
    """

    name: str
    fields: tuple[tuple[str, str], ...]
    comment: str | None = None


@dataclass(frozen=True, slots=True)
class ModuleGroup:
    """Entries grouped under a comment."""

    modules: tuple[NewModule, ...]
    comment: str | None = None


@dataclass(frozen=True, slots=True)
class NewManifest:
    """A manifest or base to write; `name` is its file's.

    `remarks` are comments at the top, `left_out` comments at the end; `ignored` are accepted findings.
    """

    name: str
    remarks: tuple[str, ...] = ()
    description: str | None = None
    owners: tuple[str, ...] = ()
    extends: str | None = None
    release: str | None = None
    openstack: tuple[str, ...] = ()
    groups: tuple[ModuleGroup, ...] = ()
    moduledir: str | None = None
    modulepath: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()


def render_manifest(manifest: NewManifest) -> str:
    """Return the text; prose is quoted if YAML would not read it as a string."""
    paragraphs = ["\n".join(lines) for lines in _paragraphs(manifest) if lines]
    return "\n\n".join(paragraphs) + "\n"


def _paragraphs(manifest: NewManifest) -> Iterator[list[str]]:
    yield [*_comments(manifest.remarks), *_settings(manifest)]
    if manifest.openstack:
        yield ["openstack:", *(f"  - {name}" for name in manifest.openstack)]
    groups = [group for group in manifest.groups if group.modules]
    for number, group in enumerate(groups):
        yield [*([] if number else ["modules:"]), *_group(group)]
    if manifest.ignored:
        yield ["findings:", f"  ignore:{_KNOWN}", *(f"    - {code}" for code in manifest.ignored)]
    yield _comments(manifest.left_out)


def _settings(manifest: NewManifest) -> Iterator[str]:
    if manifest.description:
        yield f"description: {_prose(manifest.description)}"
    if manifest.owners:
        yield f"owners: [{', '.join(_prose(owner, is_in_flow=True) for owner in manifest.owners)}]"
    if manifest.extends:
        yield f"extends: {manifest.extends}"
    if manifest.release:
        yield f"release: {manifest.release}"
    if manifest.moduledir:
        yield f"moduledir: {_scalar(manifest.moduledir)}"
    if manifest.modulepath:
        yield f"modulepath: [{', '.join(map(_scalar, manifest.modulepath))}]"


def _group(group: ModuleGroup) -> Iterator[str]:
    yield from (f"  {line}" for line in _comments((group.comment,) if group.comment else ()))
    for module in group.modules:
        fields = ", ".join(f"{key}: {_value(key, text)}" for key, text in module.fields)
        comment = f"    # {module.comment}" if module.comment else ""
        yield f"  {module.name}: {f'{{{fields}}}' if fields else 'false'}{comment}"


def _comments(lines: tuple[str, ...]) -> list[str]:
    """Return comments of one line each; characters not allowed in comments become question marks."""
    return [f"# {''.join(letter if letter.isprintable() else '?' for letter in line)}" for line in lines]


def _value(key: str, text: str) -> str:
    if key in {"module", "release"}:
        return text
    if key == "reason":
        return _quoted(text)
    return _scalar(text)


def _scalar(text: str) -> str:
    """Return the text unquoted if every YAML reader reads it as a string, else quoted."""
    is_plain = _PLAIN.fullmatch(text) and _is_text(text) and not _NUMBER.fullmatch(text)
    return text if is_plain else _quoted(text)


def _prose(text: str, *, is_in_flow: bool = False) -> str:
    is_plain = _PLAIN_PROSE.fullmatch(text) and _is_text(text) and not (is_in_flow and "," in text)
    return text if is_plain else _quoted(text)


def _quoted(text: str) -> str:
    """Return the text in double quotes, with invisible characters escaped."""
    return '"' + "".join(map(_escaped, text)) + '"'


def _escaped(letter: str) -> str:
    if letter in '"\\':
        return f"\\{letter}"
    if letter == "\n":
        return "\\n"
    return letter if letter.isprintable() else f"\\U{ord(letter):08X}"


def _is_text(text: str) -> bool:
    """Return whether YAML reads the plain text as a string: not as a number, date, boolean or null."""
    return bool(_RESOLVER.resolve(yaml.ScalarNode, text, (True, False)) == _TEXT)
