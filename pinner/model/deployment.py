"""Define what `pinner deploy` makes: versions of environments, and what one run did with them."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from pinner.model.errors import Problem
from pinner.model.findings import Finding
from pinner.model.lock import ForgePin, Lock
from pinner.model.text import SHORT


class LinkMode(StrEnum):
    """How a version directory has the files of a tree: as links to the store, hard links to its files, or copies."""

    SYMLINK = "symlink"
    HARD = "hard"
    COPY = "copy"


@dataclass(frozen=True, slots=True)
class Version:
    """One version of an environment, as its record in the deployment directory describes it.

    `id` is the lock id and a digest of everything that is served. `modules` maps each module to its version or
    short commit, `trees` each path with the files of a git tree to the tree's id, and `files` each generated
    file to its octal mode and SHA-256. `control` is the commit of the control repository (None: the project
    has none), `types` the version of Puppet that generated types (None: none were generated). `made_at` is in
    UTC, to the second, `made_by` the user.
    """

    environment: str
    id: str
    lock_id: str
    made_at: str
    made_by: str
    link: LinkMode
    modules: Mapping[str, str]
    trees: Mapping[str, str]
    files: Mapping[str, str]
    control: str | None = None
    types: str | None = None


class Action(StrEnum):
    """What happened, or would happen, to one environment."""

    UNCHANGED = "unchanged"
    SWITCHED = "switched"
    REPAIRED = "repaired"
    ROLLED_BACK = "rolled back"
    PREPARED = "prepared"
    PENDING = "pending"


@dataclass(frozen=True, slots=True)
class EnvironmentDeployment:
    """The result for one environment: `version` is what is served or prepared now, or would be, in `directory`.

    `previous` was served before, None if nothing of pinner's was. `reason` is why it is not up to date,
    `added` the number of trees added to the store for it, and `added_bytes` the size of their files.
    """

    environment: str
    version: Version
    directory: str
    action: Action
    previous: Version | None = None
    reason: str | None = None
    added: int = 0
    added_bytes: int = 0
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Flush:
    """One request to a server to empty the cache of an environment; `problem` is None if it did."""

    url: str
    environment: str
    problem: Problem | None = None


@dataclass(frozen=True, slots=True)
class Deployment:
    """The result of one run on the deployment directory `directory`; `notes` are reported with it."""

    directory: str
    environments: tuple[EnvironmentDeployment, ...]
    notes: tuple[Problem, ...] = ()
    is_dry_run: bool = False
    flushes: tuple[Flush, ...] = ()

    @property
    def changed(self) -> tuple[str, ...]:
        """Return the environments whose files are not those that were served before."""
        unchanged = {Action.UNCHANGED, Action.PENDING, Action.PREPARED}
        return tuple(one.environment for one in self.environments if one.action not in unchanged)

    @property
    def is_current(self) -> bool:
        """Return whether every environment is up to date."""
        return all(one.action is not Action.PENDING for one in self.environments)


@dataclass(frozen=True, slots=True)
class ListedVersion:
    """One version in a deployment directory.

    `last_served` is the time of the last switch to it, or away from it if it is not current; None if it was
    never served. `is_prepared` is whether `--switch` would switch to it.
    """

    version: Version
    is_current: bool
    last_served: str | None = None
    is_prepared: bool = False


@dataclass(frozen=True, slots=True)
class VersionList:
    """All versions in the deployment directory `directory`, by environment, newest first."""

    directory: str
    versions: Mapping[str, tuple[ListedVersion, ...]]


@dataclass(frozen=True, slots=True)
class ServerState:
    """What one server has of an environment: the version it serves, the one that is prepared, and all it has.

    `lacks` are versions that other servers serve or prepared, and that this one does not have: it cannot
    answer an agent whose catalog is of one of these.
    """

    server: str
    current: str | None
    prepared: str | None
    versions: frozenset[str]
    lacks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ServerComparison:
    """What several servers serve: environment to the state of each server, in the order of `servers`."""

    servers: tuple[str, ...]
    environments: Mapping[str, tuple[ServerState, ...]]

    @property
    def differing(self) -> tuple[str, ...]:
        """Return the environments of which the servers do not serve and have prepared the same version."""
        return tuple(
            name
            for name, states in self.environments.items()
            if len({(state.current, state.prepared) for state in states}) > 1
        )


@dataclass(frozen=True, slots=True)
class Cleaning:
    """What was removed from the deployment directory: versions, the number of trees, and their size in bytes."""

    directory: str
    removed: tuple[Version, ...] = ()
    kept: int = 0
    trees: int = 0
    freed: int = 0


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle that was written: version ids by environment, number of trees, size in bytes, SHA-256.

    `left_out` is the number of trees that the versions have too, and that earlier bundles brought. The SHA-256 is that of the file; of an OCI image, that of its manifest, which registries call its digest.
    """

    path: str
    versions: Mapping[str, str]
    trees: int
    size: int
    digest: str
    left_out: int = 0


def module_versions(lock: Lock) -> Mapping[str, str]:
    """Return each module of a lock with what a list of changes shows: its version, else its short commit."""
    return {
        name: pin.version
        if isinstance(pin, ForgePin)
        else f"{pin.version or 'no version'} ({pin.commit[:SHORT]})"
        for name, pin in sorted(lock.pins.items())
    }
