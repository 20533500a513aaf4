"""Release notes, and what commit messages say of bugs: what upstream tells of a change."""

from dataclasses import dataclass
from enum import StrEnum


class NoteChange(StrEnum):
    """What became of a note between two commits."""

    NEW = "new"
    CHANGED = "changed"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Note:
    """One entry of a release note: `path` is in the module; `names` are the names of code that its text has."""

    section: str
    text: str
    path: str
    change: NoteChange = NoteChange.NEW
    names: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class UnreadNote:
    """A release note that could not be read, and why."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Trailers:
    """What a commit message says beside its subject.

    `bugs` are the numbers (as text) of bugs it closes, `change_id` is Gerrit's; `is_security` is True where it fixes a
    hole; `vulnerabilities` are the ids (CVE-…, OSSA-…) it names.
    """

    bugs: tuple[str, ...] = ()
    change_id: str | None = None
    is_security: bool = False
    vulnerabilities: tuple[str, ...] = ()
