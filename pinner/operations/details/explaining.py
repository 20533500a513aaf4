"""Which release note explains which change of the API."""

from collections.abc import Iterable, Mapping, Sequence

from pinner.openstack.notes import explains
from pinner.words.changes import ApiChange, Change
from pinner.words.notes import Note, NoteChange

_EXPLAINED = frozenset(
    {
        Change.REMOVED,
        Change.RENAMED,
        Change.DEPRECATED,
        Change.PARAMETER_REMOVED,
        Change.PARAMETER_RENAMED,
        Change.PARAMETER_REQUIRED,
        Change.PARAMETER_DEPRECATED,
        Change.DEFAULT_CHANGED,
        Change.TYPE_CHANGED,
    }
)


def explain_by_notes(changes: Iterable[ApiChange], notes: Sequence[Note]) -> Mapping[ApiChange, Note]:
    """Return the note that speaks of each change, the most important one where several do."""
    told = [note for note in notes if note.change is not NoteChange.REMOVED]
    found = (
        (change, next((note for note in told if explains(note, change.definition, change.parameter)), None))
        for change in changes
        if change.change in _EXPLAINED
    )
    return {change: note for change, note in found if note}
