"""The edits of hiera data that a plan spells out, made in the files: keys that go on under another name."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pinner.operations.upgrade.steps import Stage, Step
from pinner.project.atomic import write_atomically
from pinner.project.data_editing import KeyEdit, rename_keys
from pinner.project.data_tree import LARGEST
from pinner.project.text import read_bytes
from pinner.words.places import Place
from pinner.words.problems import Problem


@dataclass(frozen=True, slots=True)
class FileEdit:
    """One data file before and after; `by_hand` are the edits that need a person."""

    path: str
    before: bytes
    after: bytes
    number: int
    by_hand: tuple[Problem, ...]


def edit_data(plan: Iterable[Step]) -> tuple[FileEdit, ...]:
    """Return what the renames of a plan make of the data files, by path; writes nothing."""
    wanted: dict[str, list[KeyEdit]] = {}
    for step in plan:
        place, edit = step.place, step.edit
        is_data = step.stage is Stage.BEFORE and step.kind.startswith("data-")
        if is_data and place and place.line and edit and edit.old and edit.new:
            wanted.setdefault(place.path, []).append(KeyEdit(place.line, edit.old, edit.new))
    return tuple(_edit(path, edits) for path, edits in sorted(wanted.items()))


def _edit(path: str, edits: list[KeyEdit]) -> FileEdit:
    before = read_bytes(Path(path), shown=path, limit=LARGEST)
    edited = rename_keys(before, edits, path)
    by_hand = tuple(_by_hand(path, edit) for edit in edited.refused)
    return FileEdit(path, before, edited.data, len(edited.made), by_hand)


def _by_hand(path: str, edit: KeyEdit) -> Problem:
    message = f"'{edit.old}' becomes '{edit.new}', but not by changing its name alone"
    return Problem(message, Place(path, edit.line), "is the new key there already? edit it by hand")


def write_data(edits: Iterable[FileEdit]) -> None:
    """Write the files; each is written whole or not at all."""
    for edit in edits:
        write_atomically(Path(edit.path), edit.after, shown=edit.path)
