"""One value put into a YAML file's text, at a path of keys: comments, quotes and layout stay as their author set them.

Maps that are missing on the way are written as well. What came out is read again, and is only good if it holds the value
and all that was there before.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import islice

from pinner.project.editing import BOM, BREAK, SPELLINGS, end_of_block, offset_of
from pinner.project.nodes import Entry, Mapping, Node, Scalar, read_nodes
from pinner.project.text import decode
from pinner.words.places import Place
from pinner.words.problems import InputError, Problem

_DEEPER = "  "
# Where a flow map may end: it is tried whether it is the one that is meant.
_LAST = re.compile(r"(?<=[\w\"'}\]])(?=\s*\})")
_MOST_TRIES = 8
_TOGETHER = 2

_Plain = str | tuple["_Plain", ...] | dict[str, "_Plain"]


def put_value(data: bytes, keys: Sequence[str], value: str, path: str) -> bytes:
    """Return the file with `value`, a text without quotes in it, at the path of keys; raises InputError if it must be by hand."""
    text = decode(data, path)
    root = read_nodes(data, path).root
    wanted = _put(_plain(root), keys, value)
    for edited in _candidates(text, root, keys, f'"{value}"'):
        result = (BOM if data.startswith(BOM) else b"") + edited.encode()
        found = read_nodes(result, path)
        if not found.problems and _plain(found.root) == wanted:
            return result
    line = _flow(keys, f'"{value}"')
    message = f"there is no simple place for '{': '.join(keys)}' in this file"
    raise InputError(Problem(message, Place(path), f"write it by hand: {line}"))


def _candidates(text: str, root: Node | None, keys: Sequence[str], value: str) -> Iterator[str]:
    """Yield the text with the value in the places where it might stand, the finest first."""
    node, depth = root, 0
    while depth < len(keys) and isinstance(node, Mapping) and keys[depth] in node.entries:
        node, depth = node.entries[keys[depth]].value, depth + 1
    if depth == len(keys) and isinstance(node, Scalar):
        yield from _replaced(text, node, value)
    elif isinstance(node, Mapping):
        yield from _inserted(text, node, keys[depth:], value)


def _replaced(text: str, old: Scalar, value: str) -> Iterator[str]:
    start = offset_of(text, old.place)
    for spelling in SPELLINGS:
        if text.startswith(written := spelling.format(old.text), start):
            yield f"{text[:start]}{value}{text[start + len(written) :]}"


def _inserted(text: str, node: Mapping, keys: Sequence[str], value: str) -> Iterator[str]:
    start = offset_of(text, node.place)
    if text.startswith("{", start):
        yield from _into_flow(text, node, start + 1, _flow(keys, value))
    elif node.entries:
        *_, last = node.entries.values()
        yield from _below(text, last, keys, value)


def _into_flow(text: str, node: Mapping, start: int, entry: str) -> Iterator[str]:
    """Yield the text with an entry more after the last of a flow map, then before its first."""
    if not node.entries:
        yield f"{text[:start]}{entry}{text[start:]}"
        return
    for brace in islice(_LAST.finditer(text, start), _MOST_TRIES):
        at = brace.start()
        yield f"{text[:at]}, {entry}{text[at:]}"
    yield f"{text[:start]}{entry}, {text[start:]}"


def _below(text: str, last: Entry, keys: Sequence[str], value: str) -> Iterator[str]:
    """Yield the text with an entry more below the last of a block map, or above it where it ends nobody knows how."""
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
    if isinstance(node, Scalar):
        return node.text
    if isinstance(node, Mapping):
        return {key: _plain(entry.value) for key, entry in node.entries.items()}
    return tuple(_plain(item) for item in getattr(node, "items", ()))


def _put(tree: _Plain, keys: Sequence[str], value: str) -> _Plain:
    """Return the tree with the value at the path of keys, in maps where there were none."""
    if not keys:
        return value
    first, *rest = keys
    held = tree if isinstance(tree, dict) else {}
    return {**held, first: _put(held.get(first, {}), rest, value)}
