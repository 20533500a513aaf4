"""Release notes as reno keeps them: which are new between two trees, and what their sections say.

The trees are compared, not the histories: release branches fork, and a note that came with a backport is on both.
A note is known by the 16 hex digits at the end of its name, as reno knows it, so that one in a wrong directory does
not count twice.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from pinner.words.data import Array, Hash, Literal, Value, text_of
from pinner.words.notes import Note, NoteChange

DIRECTORY = "releasenotes/notes"
SECTIONS = (
    "security",
    "critical",
    "prelude",
    "upgrade",
    "deprecations",
    "issues",
    "fixes",
    "features",
    "other",
)
"""In the order in which they matter to who runs the code."""

_FILE = re.compile(r"(?:.*/)?(?P<name>[^/]+?(?:-(?P<id>[0-9a-f]{16}))?)\.ya?ml", re.DOTALL)
_LIKENESS = 0.7
_OTHER_WORDS = {"updates": "upgrade", "update": "upgrade", "bugs": "fixes", "changes": "other"}
_NAME = re.compile(r"(?P<mark>`{1,2}|['\"])?\$?(?:::)?(?P<name>[a-z_]\w*(?:::\w+)*)", re.ASCII)


@dataclass(frozen=True, slots=True)
class ChangedNote:
    """One note that differs between two trees; `path` and `blob` are where its text is: removed ones in the old tree."""

    path: str
    blob: str
    change: NoteChange


def compare_notes(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[ChangedNote, ...]:
    """Return the notes that differ, by path, from two trees given as path to blob id."""
    old, new = _by_key(before), _by_key(after)
    found = [
        ChangedNote(path, blob, NoteChange.CHANGED if key in old else NoteChange.NEW)
        for key, (path, blob) in new.items()
        if old.get(key, ("", ""))[1] != blob
    ]
    found += [
        ChangedNote(path, blob, NoteChange.REMOVED) for key, (path, blob) in old.items() if key not in new
    ]
    return tuple(sorted(found, key=lambda note: note.path))


def read_note(root: Value | None, path: str, change: NoteChange = NoteChange.NEW) -> tuple[Note, ...] | str:
    """Return the entries of one note, by section, or what is wrong with it.

    `root` has every scalar as the text that stands there.
    """
    if not isinstance(root, Hash):
        return "it has no sections"
    entries = [
        Note(section, text, path, change, names_in(text))
        for key, value in root.entries
        if (section := section_of(text_of(key) or ""))
        for text in _texts(value)
    ]
    return tuple(sorted(entries, key=rank))


def rank(note: Note) -> tuple[int, str]:
    """Return what notes are sorted by: security first."""
    return SECTIONS.index(note.section), note.path


def section_of(key: str) -> str:
    """Return the section that a key means; reno passes over misspelt ones, but people wrote them to be read."""
    word = key.strip().lower()
    if word in SECTIONS:
        return word
    close = get_close_matches(word, SECTIONS, n=1, cutoff=_LIKENESS)
    return _OTHER_WORDS.get(word) or (close[0] if close else "other")


def names_in(text: str) -> frozenset[str]:
    """Return the names of code in a text: what is quoted, or has an underscore or `::` in it."""
    found = (match for match in _NAME.finditer(text))
    return frozenset(
        match["name"] for match in found if match["mark"] or "_" in match["name"] or "::" in match["name"]
    )


def explains(note: Note, definition: str, parameter: str | None = None) -> bool:
    """Return whether a note speaks of a definition, or of one of its parameters.

    A parameter counts where the note names its class, or no class at all.
    """
    if parameter is None:
        return definition in note.names
    if f"{definition}::{parameter}" in note.names:
        return True
    owners = {name for name in note.names if "::" in name}
    module = definition.partition("::")[0]
    return parameter in note.names and (definition in note.names or not owners or owners == {module})


def _by_key(tree: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """Return key to (path, blob); of several files of one note, the one nearest to where notes belong."""
    found: dict[str, tuple[str, str]] = {}
    for path in sorted(tree, key=lambda path: (path.count("/"), path)):
        match = _FILE.fullmatch(path)
        if match:
            found.setdefault(match["id"] or match["name"], (path, tree[path]))
    return found


def _texts(value: Value) -> Iterator[str]:
    """Yield the texts of a section; what YAML took for a map, because of a colon, is put together again."""
    if isinstance(value, Array):
        for item in value.items:
            yield from _texts(item)
    elif isinstance(value, Hash):
        for key, held in value.entries:
            yield ": ".join(filter(None, (text_of(key), "\n".join(_texts(held)))))
    elif isinstance(value, Literal) and str(value.value or "").strip():
        yield str(value.value).strip()
