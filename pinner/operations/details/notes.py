"""The release notes that a move brings; each distinct note is read once ever."""

import json
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

from pinner.git.memory import Memory
from pinner.git.mirror import Mirror
from pinner.git.objects import TooLarge, read_blobs
from pinner.git.trees import list_tree
from pinner.openstack.notes import DIRECTORY, ChangedNote, compare_notes, names_in, rank, read_note
from pinner.operations.details.shift import Shift
from pinner.operations.readers import LACKING, NOTES
from pinner.project.data_yaml import read_yaml
from pinner.words.notes import Note, NoteChange, UnreadNote

MAX_BYTES: Final = 1024 * 1024
_COLUMNS: Final = 2
_Entries = list[list[str]] | str


@dataclass(frozen=True, slots=True)
class NoteDifference:
    """The notes of one module, security first, and those that could not be read."""

    notes: tuple[Note, ...] = ()
    unread: tuple[UnreadNote, ...] = ()


def read_note_changes(shifts: Iterable[Shift], *, memory: Memory, jobs: int) -> Mapping[str, NoteDifference]:
    """Return module name to the notes that are new, changed or gone."""
    wanted = tuple(shifts)
    with ThreadPoolExecutor(max_workers=jobs) as pool:
        changed = dict(zip(wanted, pool.map(_changed, wanted), strict=True))
        recalled = memory.recall(NOTES, {note.blob for notes in changed.values() for note in notes})
        known = {blob: found for blob, text in recalled.items() if (found := _decode(text)) is not None}
        loaded = pool.map(lambda item: _read(item[0], item[1], known), changed.items())
        fresh = {blob: found for part in loaded for blob, found in part.items()}
    memory.remember(NOTES, {blob: json.dumps(found) for blob, found in fresh.items() if found != LACKING})
    entries = {**known, **fresh}
    return {shift.name: _assemble(notes, entries) for shift, notes in changed.items()}


def _decode(text: str) -> _Entries | None:
    """Return what is remembered, None where it has another form than today's."""
    try:
        found = json.loads(text)
    except ValueError:
        return None
    if isinstance(found, str):
        return found
    is_whole = isinstance(found, list) and all(
        isinstance(row, list) and len(row) == _COLUMNS for row in found
    )
    return found if is_whole else None


def _changed(shift: Shift) -> tuple[ChangedNote, ...]:
    return compare_notes(_tree(shift.old_mirror, shift.old), _tree(shift.new_mirror, shift.new))


def _tree(mirror: Mirror, commit: str) -> Mapping[str, str]:
    entries = (entry for entry in list_tree(mirror, commit, under=DIRECTORY) if entry.kind == "blob")
    return {_shown(entry.path): entry.id for entry in entries}


def _shown(path: str) -> str:
    return path.encode(errors="surrogateescape").decode(errors="backslashreplace")


def _read(
    shift: Shift, notes: Iterable[ChangedNote], known: Mapping[str, _Entries]
) -> Mapping[str, _Entries]:
    """Return the entries of the notes that were never read before, by blob."""
    wanted = [note for note in notes if note.blob not in known]
    sides = (
        (shift.old_mirror, [note for note in wanted if note.change is NoteChange.REMOVED]),
        (shift.new_mirror, [note for note in wanted if note.change is not NoteChange.REMOVED]),
    )
    contents = {
        blob: content
        for mirror, some in sides
        for blob, content in read_blobs(mirror, [note.blob for note in some], max_bytes=MAX_BYTES).items()
    }
    return {note.blob: _entries(note.path, contents[note.blob]) for note in wanted}


def _entries(path: str, content: bytes | TooLarge | None) -> _Entries:
    """Return section and text of each entry, or why there are none."""
    if not isinstance(content, bytes):
        return "it is too large" if content else LACKING
    built = read_yaml(content, path, is_raw=True)
    if built.refusal:
        line = (
            f"line {built.refusal.place.line}: " if built.refusal.place and built.refusal.place.line else ""
        )
        return f"{line}{built.refusal.message}"
    found = read_note(built.root, path)
    return found if isinstance(found, str) else [[note.section, note.text] for note in found]


def _assemble(changed: Iterable[ChangedNote], entries: Mapping[str, _Entries]) -> NoteDifference:
    notes: list[Note] = []
    unread: list[UnreadNote] = []
    for one in changed:
        found = entries[one.blob]
        if isinstance(found, str):
            unread.append(UnreadNote(one.path, found))
        else:
            notes += [Note(section, text, one.path, one.change, names_in(text)) for section, text in found]
    return NoteDifference(tuple(sorted(notes, key=rank)), tuple(unread))
