"""Compare Reno's release notes and read the trailers of OpenStack's commit messages.

Trees are compared, not histories: release branches fork, and a backported note is on both branches. As in
reno, a note is identified by the 16 hex digits at the end of its file name, so a note in a wrong directory is
not counted twice.

https://docs.openstack.org/contributors/common/git.html, "Including external references".
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from pinner.model.comparison import NoteChange, ReleaseNote, Trailers
from pinner.model.operator_data import Array, Hash, Literal, Value, text_of

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
"""Ordered by importance to operators."""

_FILE = re.compile(r"(?:.*/)?(?P<name>[^/]+?(?:-(?P<id>[0-9a-f]{16}))?)\.ya?ml", re.DOTALL)
_LIKENESS = 0.7
_OTHER_WORDS = {"updates": "upgrade", "update": "upgrade", "bugs": "fixes", "changes": "other"}
_NAME = re.compile(r"(?P<mark>`{1,2}|['\"])?\$?(?:::)?(?P<name>[a-z_]\w*(?:::\w+)*)", re.ASCII)


@dataclass(frozen=True, slots=True)
class ChangedNote:
    """A note that differs between two trees.

    If it was removed, `path` and `blob` are those of the old tree.
    """

    path: str
    blob: str
    change: NoteChange


def compare_notes(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[ChangedNote, ...]:
    """Return the notes that differ, sorted by path, from two trees given as mappings of path to blob id."""
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


def read_note(root: Value | None, path: str) -> tuple[ReleaseNote, ...] | str:
    """Return the entries of one note, sorted by section, or a description of what is wrong with it.

    `root` holds every scalar as the text in the file.
    """
    if not isinstance(root, Hash):
        return "it has no sections"
    entries = [
        ReleaseNote(section, text, path, NoteChange.NEW, names_in(text))
        for key, value in root.entries
        if (section := section_of(text_of(key) or ""))
        for text in _texts(value)
    ]
    return tuple(sorted(entries, key=rank))


def rank(note: ReleaseNote) -> tuple[int, str]:
    """Return the sort key of a note: its section comes first, starting with security."""
    return SECTIONS.index(note.section), note.path


def section_of(key: str) -> str:
    """Return the section that a key means.

    Reno ignores misspelt sections, but their authors meant them to be read.
    """
    word = key.strip().lower()
    if word in SECTIONS:
        return word
    close = get_close_matches(word, SECTIONS, n=1, cutoff=_LIKENESS)
    return _OTHER_WORDS.get(word) or (close[0] if close else "other")


def names_in(text: str) -> frozenset[str]:
    """Return the code names in a text: words that are quoted or that contain an underscore or `::`."""
    found = (match for match in _NAME.finditer(text))
    return frozenset(
        match["name"] for match in found if match["mark"] or "_" in match["name"] or "::" in match["name"]
    )


def explains(note: ReleaseNote, definition: str, parameter: str | None = None) -> bool:
    """Return whether a note mentions a definition, or one of its parameters.

    A parameter counts only if the note also names its class, or names no class at all.
    """
    if parameter is None:
        return definition in note.names
    if f"{definition}::{parameter}" in note.names:
        return True
    owners = {name for name in note.names if "::" in name}
    module = definition.partition("::")[0]
    return parameter in note.names and (definition in note.names or not owners or owners == {module})


def _by_key(tree: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """Return key to (path, blob); of several files of one note, the least deeply nested one is used."""
    found: dict[str, tuple[str, str]] = {}
    for path in sorted(tree, key=lambda path: (path.count("/"), path)):
        match = _FILE.fullmatch(path)
        if match:
            found.setdefault(match["id"] or match["name"], (path, tree[path]))
    return found


def _texts(value: Value) -> Iterator[str]:
    """Yield the texts of a section, rejoining those that YAML parsed as a mapping because of a colon."""
    if isinstance(value, Array):
        for item in value.items:
            yield from _texts(item)
    elif isinstance(value, Hash):
        for key, held in value.entries:
            yield ": ".join(filter(None, (text_of(key), "\n".join(_texts(held)))))
    elif isinstance(value, Literal) and str(value.value or "").strip():
        yield str(value.value).strip()


_CLOSES = re.compile(
    r"^[ \t]*(?:clos(?:es?|ed)|fix(?:es|ed)?|resolv(?:es?|ed))\b[-: \t]*bugs?\b[: \t]*",
    re.IGNORECASE | re.MULTILINE,
)
_BUG = re.compile(
    r"(?P<tracker>rhbz|lp)?[ \t]*#?[ \t]*(?P<number>\d{5,8})\b[ \t]*(?:,|and\b)?[ \t]*", re.IGNORECASE
)
_CHANGE_ID = re.compile(r"^Change-Id:[ \t]*(I[0-9a-f]{40})[ \t]*$", re.MULTILINE)
_SECURITY = re.compile(r"^[ \t]*SecurityImpact\b", re.IGNORECASE | re.MULTILINE)
_VULNERABILITY = re.compile(r"\b(?:CVE-\d{4}-\d{4,7}|OSSA-\d{4}-\d{2,4})\b")


def read_trailers(message: str) -> Trailers:
    """Return the trailers of a complete commit message; as in Gerrit, the last Change-Id counts."""
    bugs = [bug for match in _CLOSES.finditer(message) for bug in _bugs_at(message, match.end())]
    change_ids = _CHANGE_ID.findall(message)
    vulnerabilities = tuple(dict.fromkeys(_VULNERABILITY.findall(message)))
    return Trailers(
        tuple(dict.fromkeys(bugs)),
        change_ids[-1] if change_ids else None,
        bool(vulnerabilities or _SECURITY.search(message)),
        vulnerabilities,
    )


def _bugs_at(message: str, position: int) -> Iterator[str]:
    """Yield the bugs listed from `position` on: Launchpad numbers, or `rhbz#N` for Red Hat Bugzilla."""
    while match := _BUG.match(message, position):
        is_red_hat = (match["tracker"] or "").lower() == "rhbz"
        yield f"rhbz#{match['number']}" if is_red_hat else match["number"]
        position = match.end()
