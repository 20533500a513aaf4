"""What lies between two commits of a module: a value of the two ids alone, so it is worked out once ever."""

from collections.abc import Mapping
from dataclasses import dataclass

from pinner.git.history import Commit
from pinner.git.mirrors import SyncFailure
from pinner.words.api import Unreadable
from pinner.words.changes import ApiChange
from pinner.words.notes import Note, Trailers, UnreadNote
from pinner.words.pins import GitPin

Move = tuple[GitPin, GitPin]


@dataclass(frozen=True, slots=True)
class History:
    """`ahead` and `behind` count the commits that only the new and only the old side has, merges too.

    `commits` are those ahead, newest first, merges left out; `trailers` tell by id what they say beside their subjects.
    """

    ahead: int
    behind: int
    commits: tuple[Commit, ...]
    trailers: Mapping[str, Trailers]


@dataclass(frozen=True, slots=True)
class Passage:
    """The history is None where no repository at hand knows both commits.

    `api` are the changes of the module's API, `unreadable` the changed files and notes that are not accounted for,
    `notes` its release notes, security first.
    """

    history: History | None = None
    api: tuple[ApiChange, ...] = ()
    unreadable: tuple[Unreadable | UnreadNote, ...] = ()
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True)
class Passages:
    """Module name, after the move, to passage; and the repositories that could not be asked."""

    of: Mapping[str, Passage]
    failures: tuple[SyncFailure, ...] = ()
