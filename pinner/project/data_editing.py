"""Keys of a hiera file under another name: one word of a line changes, comments and layout stay.

The file is read again afterwards, and the edit is only good if all keys and values are then the meant ones.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from pinner.project.data_json import read_json
from pinner.project.data_yaml import read_yaml
from pinner.project.text import decode
from pinner.words.data import Array, Hash, Literal, Value, text_of

_BREAK: Final = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
_BOM: Final = b"\xef\xbb\xbf"
_JSON: Final = ".json"


@dataclass(frozen=True, slots=True)
class KeyEdit:
    """The key `old` on the 1-based `line` is called `new`."""

    line: int
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Edited:
    """A file after those edits that could be made; `refused` are the others, which a person must make."""

    data: bytes
    made: tuple[KeyEdit, ...]
    refused: tuple[KeyEdit, ...]


def rename_keys(data: bytes, edits: Sequence[KeyEdit], path: str) -> Edited:
    """Return the file with its keys renamed; raises InputError for bytes that are no text."""
    wanted = tuple(sorted(set(edits), key=lambda edit: (edit.line, edit.old)))
    root = _read(data, path)
    if root is None:
        return Edited(data, (), wanted)
    if (whole := _renamed(data, wanted, root, path)) is not None:
        return Edited(whole, wanted, ())
    made: list[KeyEdit] = []
    for edit in wanted:
        if _renamed(data, (*made, edit), root, path) is not None:
            made.append(edit)
    kept = tuple(made)
    refused = tuple(edit for edit in wanted if edit not in made)
    return Edited(_renamed(data, kept, root, path) or data, kept, refused)


def _renamed(data: bytes, edits: Sequence[KeyEdit], root: Value, path: str) -> bytes | None:
    """Return the file after all the edits, None where one has no place or the file would then say something else."""
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
    """Return where on its line the key stands as a whole word, with a colon after it."""
    starts = [0, *(found.end() for found in _BREAK.finditer(text)), len(text)]
    key = re.compile(rf"(?<![\w:]){re.escape(edit.old)}(?=['\"]?\s*:(?!:))")
    return key.search(text, starts[edit.line - 1], starts[edit.line]) if edit.line < len(starts) else None


def _with_keys(value: Value, new_by_place: Mapping[tuple[int, str], str]) -> Value:
    """Return a value with the keys of its hashes renamed where they stand on those lines."""
    if isinstance(value, Hash):
        entries = ((_key(key, new_by_place), _with_keys(held, new_by_place)) for key, held in value.entries)
        return replace(value, entries=tuple(entries))
    if isinstance(value, Array):
        return replace(value, items=tuple(_with_keys(item, new_by_place) for item in value.items))
    return value


def _key(key: Value, new_by_place: Mapping[tuple[int, str], str]) -> Value:
    if isinstance(key, Literal) and isinstance(key.value, str):
        return replace(key, value=new_by_place.get((key.line, key.value), key.value))
    return key


def _places(value: Value) -> Iterator[tuple[int, str]]:
    """Yield line and text of every key."""
    if isinstance(value, Hash):
        yield from ((key.line, text) for key, _ in value.entries if (text := text_of(key)) is not None)
        for _, held in value.entries:
            yield from _places(held)
    if isinstance(value, Array):
        for item in value.items:
            yield from _places(item)
