"""Hold the results of `identify` and `id --from-report`: which commits and locks deployed code is."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from pinner.model.errors import Problem
from pinner.model.lock import Metadata


@dataclass(frozen=True, slots=True)
class FileDifference:
    """One file that differs; `is_here`: the directory has it, `is_there`: the commit's tree has it.

    `added` counts the lines that only the directory's file has, `removed` those that only the tree's file
    has. Both are None if the file is binary or too large. Carriage returns at the ends of lines are ignored.
    `has_same_bytes` is True if only the executable bit differs, `is_other_kind` if one of the two is a
    symbolic link.
    """

    path: str
    is_here: bool
    is_there: bool
    added: int | None
    removed: int | None
    has_same_bytes: bool = False
    is_other_kind: bool = False

    @property
    def lines(self) -> int:
        """Return how many lines differ; a file without countable lines counts as one."""
        return 1 if self.added is None or self.removed is None else self.added + self.removed


@dataclass(frozen=True, slots=True)
class Unread:
    """A file or directory that could not be read, and the reason; `path` is empty for the tree itself."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Claim:
    """A wrong version in the metadata: the module's code is not that of the version `claimed`.

    `tag` is the full name of that version's tag, None if the repository has none. Compared with it, the
    identified commit has `ahead` more commits and lacks `behind`; both are None if the history there is
    shallow. `version` is the version in the metadata at the identified commit.
    """

    claimed: str
    tag: str | None
    ahead: int | None
    behind: int | None
    version: str | None


@dataclass(frozen=True, slots=True)
class Differences:
    """All files of a module that differ from a commit, each group sorted by path.

    `changed` differ in content, `extra` are only in the module, and `lacking` are only in the commit and are
    files that Puppet reads: any of these means that the module is not that commit. `dropped` are only in the
    commit and not read by Puppet, such as files that packaging leaves out. `left` are only in the module and
    were created by tools. The files in `line_ends` differ only in line endings, those in `modes` only in the
    executable bit.
    """

    changed: tuple[FileDifference, ...] = ()
    extra: tuple[FileDifference, ...] = ()
    lacking: tuple[FileDifference, ...] = ()
    dropped: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    line_ends: tuple[str, ...] = ()
    modes: tuple[str, ...] = ()

    @property
    def files(self) -> tuple[FileDifference, ...]:
        """Return the files that make the module different from the commit, by path."""
        return tuple(sorted((*self.changed, *self.extra, *self.lacking), key=lambda one: one.path))


class Match(StrEnum):
    """How closely a module matches a commit.

    `exact`: all files are the same, and none is missing or added. `same`: all files that Puppet reads are the
    same, apart from line endings and executable bits; any other missing files, and files created by tools,
    are not read by Puppet. A file that could not be read matches nothing.
    """

    EXACT = "exact"
    SAME = "same"
    NEAREST = "nearest"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Identity:
    """The commit that a module matches or is closest to, in the repository `git`.

    `ref` is the best name of the commit, `alike` are all refs with the same files. `branches` have the commit
    in their history; they are given only if no ref names it. `elsewhere` are other repositories that have the
    identical tree.
    """

    git: str
    commit: str
    ref: str | None
    alike: tuple[str, ...]
    branches: tuple[str, ...]
    version: str | None
    differences: Differences
    claim: Claim | None
    elsewhere: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Identified:
    """One module and its identity.

    `directory` is the name of its directory, `path` its path as the user would type it, `name` the first part
    of its classes' names. `unread` are its files that could not be read; `hides_what_is_read` is True if
    Puppet may read one of these. `homes` are the repositories known by the module's name, `unasked` the
    reasons why one of them was not read.
    """

    directory: str
    path: str
    name: str
    metadata: Metadata
    unread: tuple[Unread, ...]
    hides_what_is_read: bool
    match: Match
    identity: Identity | None
    homes: tuple[str, ...]
    unasked: tuple[Problem, ...] = ()

    @property
    def is_sure(self) -> bool:
        """Return whether the module is that commit, rather than only similar to it."""
        return self.match in {Match.EXACT, Match.SAME}

    @property
    def is_in_doubt(self) -> bool:
        """Return whether something that could not be read may be, or hides, the commit that the module is."""
        if self.identity is None:
            return bool(self.unasked) or self.hides_what_is_read
        return not self.is_sure and (bool(self.unasked) or not self.identity.differences.files)


@dataclass(frozen=True, slots=True)
class Identification:
    """All modules of a directory; `others` are the other directories, `searched` counts the repositories."""

    modules: tuple[Identified, ...]
    others: tuple[str, ...]
    searched: int


@dataclass(frozen=True, slots=True)
class PuppetRun:
    """The origin of a Puppet report or catalog.

    `version` is the configuration version, None if no catalog was compiled (a failed run). The other fields
    are None if the file lacks them; `time` is as written.
    """

    version: str | None
    environment: str | None
    host: str | None = None
    time: str | None = None


@dataclass(frozen=True, slots=True)
class LockOrigin:
    """A lock with the requested id: the environment's lock on disk or, if `commit` is set, in that commit."""

    environment: str
    commit: str | None = None
    committed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class LockOrigins:
    """The locks that match a report; `found` is empty if no known lock has the report's version as its id.

    `now` is the id of the present lock of the report's environment, None if it has none. `gap` is why the
    history could not be searched completely; None if it was, or did not need to be.
    """

    run: PuppetRun
    found: tuple[LockOrigin, ...]
    now: str | None
    gap: str | None = None
