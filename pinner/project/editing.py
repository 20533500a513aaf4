"""Small edits of a YAML file's text, each at a place: comments, quotes and layout stay as their author set them.

What was edited is read again, and is only good if the values are then the meant ones and no others.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pinner.project import nodes
from pinner.project.nodes import Node, Scalar, read_nodes
from pinner.project.text import decode
from pinner.words.places import Place
from pinner.words.problems import InputError, Problem

# What the YAML readers count as the end of a line.
BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
BOM = b"\xef\xbb\xbf"
SPELLINGS = ("{}", "'{}'", '"{}"')

_Values = str | tuple["_Values", ...]


@dataclass(frozen=True, slots=True)
class TextEdit:
    """The scalar `old` at `place` becomes `new`; without `new`, its list item, or its key with the value, goes."""

    place: Place
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
    if not refused and _values(read_nodes(result, path).root, {}) != _values(root, _by_place(edits)):
        refused = list(edits)
    if refused:
        raise InputError(_by_hand(edit) for edit in sorted(refused, key=_position))
    return result


def insert_line(data: bytes, line: int, text: str, path: str) -> bytes:
    """Return the file with a line more, `text`, after the 1-based `line`; ends of lines are as that line has them."""
    old = decode(data, path)
    start = _start_of_line(old, line + 1)
    found = BREAK.search(old, _start_of_line(old, line))
    end = found[0] if found else "\n"
    inserted = f"{text}{end}" if found else f"{end}{text}{end}"
    return (BOM if data.startswith(BOM) else b"") + f"{old[:start]}{inserted}{old[start:]}".encode()


def _position(edit: TextEdit) -> tuple[int, int]:
    return edit.place.line or 0, edit.place.column or 0


def _by_place(edits: Iterable[TextEdit]) -> Mapping[Place, str | None]:
    return {edit.place: edit.new for edit in edits}


def _by_hand(edit: TextEdit) -> Problem:
    what = f"becomes {edit.new!r}" if edit.new else "goes"
    return Problem(
        f"{edit.old!r} {what}, but not without changing more around it", edit.place, "edit it by hand"
    )


def _edited(text: str, edit: TextEdit) -> str | None:
    """Return the text after one edit, None where it is not as plain as it must be."""
    start = offset_of(text, edit.place)
    spelling = next((one for one in SPELLINGS if text.startswith(one.format(edit.old), start)), None)
    if spelling is None:
        return None
    end = start + len(spelling.format(edit.old))
    if edit.new is not None:
        return f"{text[:start]}{spelling.format(edit.new)}{text[end:]}"
    return _without(text, start, end)


def offset_of(text: str, place: Place) -> int:
    """Return where a place is in the text."""
    return _start_of_line(text, place.line or 1) + (place.column or 1) - 1


def _start_of_line(text: str, line: int) -> int:
    """Return where a 1-based line begins, the end of the text for one after the last."""
    position = 0
    for _ in range(line - 1):
        position = _end_of_line(text, position)
    return position


def _end_of_line(text: str, position: int) -> int:
    found = BREAK.search(text, position)
    return found.end() if found else len(text)


def _without(text: str, start: int, end: int) -> str | None:
    """Return the text without the item or entry whose first scalar stands there."""
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
    """Return where the line of a block's entry ends, and what is indented more than its key."""
    position = _end_of_line(text, end)
    while position < len(text):
        line = text[position : _end_of_line(text, position)]
        if not line.strip() or len(line) - len(line.lstrip(" ")) <= column:
            return position
        position += len(line)
    return position


def _values(node: Node | None, changed: Mapping[Place, str | None]) -> _Values:
    """Return the values of a tree in their order, as they are after the changes."""
    if isinstance(node, Scalar):
        return changed.get(node.place, node.text) or node.text
    if isinstance(node, nodes.Sequence):
        return ("[", *(_values(item, changed) for item in node.items if not _goes(item, changed)))
    if isinstance(node, nodes.Mapping):
        entries = (entry for entry in node.entries.values() if not _goes(entry.key, changed))
        return ("{", *((_values(entry.key, changed), _values(entry.value, changed)) for entry in entries))
    return ""


def _goes(node: Node, changed: Mapping[Place, str | None]) -> bool:
    return isinstance(node, Scalar) and node.place in changed and changed[node.place] is None
