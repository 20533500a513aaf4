"""Define refs, selectors and the OpenStack series, and the pins and locks that are made of them."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit; `parents` are full ids, `committed_at` is in UTC."""

    id: str
    parents: tuple[str, ...]
    committed_at: datetime
    subject: str

    @property
    def is_merge(self) -> bool:
        """Return whether it has more than one parent; Gerrit makes one such commit for each review."""
        return len(self.parents) > 1


class SeriesStatus(StrEnum):
    """OpenStack's names for the phases of a series' life cycle."""

    FUTURE = "future"
    DEVELOPMENT = "development"
    MAINTAINED = "maintained"
    UNMAINTAINED = "unmaintained"
    END_OF_LIFE = "end of life"


@dataclass(frozen=True, slots=True)
class Series:
    """One series: `id` is 2025.1 if `name` is epoxy; up to zed, both are the same.

    `position` counts from the oldest series, austin, which is 0; series are compared and ordered by it.
    `status` is the phase on the present date. `released` and `eol` are dates, YYYY-MM-DD, that may be in the
    future. `is_slurp` means that the series may be upgraded to the next such series in one step.
    """

    id: str
    name: str
    status: SeriesStatus
    released: str | None
    eol: str | None
    position: int
    is_slurp: bool = False

    @property
    def branch_name(self) -> str:
        """Return the name of the series in its branches and tags."""
        return self.id

    @property
    def is_released(self) -> bool:
        """Return whether the series has had its first release."""
        return self.status not in {SeriesStatus.FUTURE, SeriesStatus.DEVELOPMENT}

    def __lt__(self, other: "Series") -> bool:
        return self.position < other.position

    def __str__(self) -> str:
        return self.id


BRANCH = "refs/heads/"
TAG = "refs/tags/"


@dataclass(frozen=True, slots=True)
class Refs:
    """Full ref name to commit (40 hex digits), annotated tags peeled; without tags of trees and blobs."""

    commits: Mapping[str, str]

    def branch(self, name: str) -> str | None:
        """Return the commit of the branch with that short name."""
        return self.commits.get(BRANCH + name)

    def tag(self, name: str) -> str | None:
        """Return the commit of the tag with that short name."""
        return self.commits.get(TAG + name)

    @property
    def branches(self) -> tuple[str, ...]:
        """Return the short names of all branches, sorted."""
        return tuple(sorted(ref.removeprefix(BRANCH) for ref in self.commits if ref.startswith(BRANCH)))

    @property
    def tags(self) -> tuple[str, ...]:
        """Return the short names of all tags, sorted."""
        return tuple(sorted(ref.removeprefix(TAG) for ref in self.commits if ref.startswith(TAG)))


@dataclass(frozen=True, slots=True)
class Position:
    """The position of a pinned commit relative to the commit that its ref names now.

    `behind` counts the commits of the ref that the pin lacks, `ahead` those of the pin that the ref lacks (if
    there are any, the ref was rewritten or moved).
    """

    ahead: int
    behind: int


def short_name(ref: str) -> str:
    """Return a full ref name without `refs/heads/` or `refs/tags/`."""
    return ref.removeprefix(BRANCH).removeprefix(TAG)


class SelectorKind(StrEnum):
    """The keys that select a commit; a module has exactly one of them."""

    RELEASE = "release"
    BRANCH = "branch"
    TAG = "tag"
    COMMIT = "commit"
    VERSION = "version"


@dataclass(frozen=True, slots=True)
class Selector:
    """One selector with its value, exactly as stored in the `want` of a lock.

    `value` is a series id for `release`, a short name (no `refs/heads/`) for `branch` and `tag`, 40 hex
    digits for `commit`, a Puppet version range for `version`. `as_of` is a date, YYYY-MM-DD, and includes
    that whole day in UTC.
    """

    selector: SelectorKind
    value: str
    as_of: str | None = None

    def as_mapping(self) -> Mapping[str, str]:
        """Return the `want` object of a lock."""
        day = {"as_of": self.as_of} if self.as_of else {}
        return {self.selector.value: self.value, **day}

    def describe(self) -> str:
        """Return the selector for messages, such as `branch stable/2025.1, as_of 2025-06-01`."""
        return ", ".join(f"{key} {value}" for key, value in self.as_mapping().items())


LOCKED = "the lock"
"""Replaces the name of the metadata file if the repository was not read and the metadata come from a lock."""


@dataclass(frozen=True, slots=True)
class Dependency:
    """A dependency or requirement of a module: `name` is `owner/module` or `puppet`, `range` as written."""

    name: str
    range: str


@dataclass(frozen=True, slots=True)
class Metadata:
    """The readable part of metadata.json or Modulefile at one commit.

    `file` is the name of the file that was read, None if the commit has neither (then everything else is
    empty); `has_code` is True if the commit without one has `manifests/` or `lib/`, which Puppet loads as a
    module all the same. `name` is `owner-module`. `platforms` maps an operating system to its releases (empty: all).
    `flaws` are messages about the parts of the file that could not be read.
    """

    file: str | None = None
    name: str | None = None
    version: str | None = None
    dependencies: tuple[Dependency, ...] = ()
    requirements: tuple[Dependency, ...] = ()
    platforms: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    flaws: tuple[str, ...] = ()
    has_code: bool = False

    @property
    def is_of_module(self) -> bool:
        """Return whether the commit holds a Puppet module."""
        return self.file is not None or self.has_code


class Status(StrEnum):
    """The life cycle of the ref that carries an OpenStack release."""

    MAINTAINED = "maintained"
    UNMAINTAINED = "unmaintained"
    END_OF_LIFE = "end of life"


class Externals(StrEnum):
    """Where the pins of third-party modules come from."""

    DECLARED = "declared"
    INTEGRATION = "integration"
    NEWEST = "newest"


@dataclass(frozen=True, slots=True)
class ResolvedRef:
    """The commit that a selector means now; `ref` is the full name of its ref, or None for a bare commit.

    `is_undated` is True for a tag without a date that was selected by `as_of`, from the date of its commit.
    """

    commit: str
    ref: str | None
    status: Status | None = None
    is_undated: bool = False


@dataclass(frozen=True, slots=True)
class GitPin:
    """One module pinned to one commit.

    `git` is the canonical URL, `ref` the full name of the ref that was resolved (None for a bare commit),
    `commit` 40 hex digits. `name` (`owner-module`), `version` and `dependencies` (`owner/module` to range, as
    written) come from the module's own metadata at that commit; they are None or empty if the metadata lack
    them.

    `required_by` names the modules that require a pin the manifest does not name, `external` the rule that
    chose the pin (`integration 2025.1`, `newest`). `moved_from` are earlier commits of the tag `ref`, for
    which a user accepted that the tag was moved.
    """

    module: str
    git: str
    commit: str
    ref: str | None
    want: Selector
    install_path: str
    status: Status | None = None
    name: str | None = None
    version: str | None = None
    dependencies: Mapping[str, str] = field(default_factory=dict)
    is_module: bool = True
    required_by: tuple[str, ...] = ()
    external: str | None = None
    moved_from: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ForgePin:
    """A Forge module, which r10k installs itself: `forge` is `owner/module`, `version` exact SemVer."""

    module: str
    forge: str
    version: str
    install_path: str


Pin = GitPin | ForgePin


@dataclass(frozen=True, slots=True)
class Lock:
    """All pins of one environment, by module name; `moduledir` is the directory of its Puppet modules."""

    environment: str
    pins: Mapping[str, Pin]
    moduledir: str = "modules"

    @property
    def lock_id(self) -> str:
        """Return `pin-` and 12 hex digits: equal for two environments if and only if their code is equal."""
        rows = sorted(
            (pin.module, pin.install_path, f"forge:{pin.forge}", pin.version)
            if isinstance(pin, ForgePin)
            else (pin.module, pin.install_path, pin.git, pin.commit)
            for pin in self.pins.values()
        )
        canonical = json.dumps(rows, ensure_ascii=False, separators=(",", ":"))
        return f"pin-{hashlib.sha256(canonical.encode()).hexdigest()[:12]}"


@dataclass(frozen=True, slots=True)
class LockRef:
    """A lock and the text by which the user referred to it; `facts` are for readers of a report."""

    label: str
    lock: Lock
    facts: "LockFacts | None" = None


@dataclass(frozen=True, slots=True)
class LockFacts:
    """What a lock belongs to: its environment's description and owners, its release, the date of its last commit.

    `release` is the manifest's or that of most modules; `committed_at` is None if the project's git has no commit of it.
    """

    description: str | None = None
    owners: tuple[str, ...] = ()
    release: "Series | None" = None
    committed_at: datetime | None = None
