"""Define what changes on nodes from one lock to another, and how equal changes are grouped."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from pinner.model.catalogs import Cause, NodeCounts, Notice
from pinner.model.errors import Problem


class ChangeKind(StrEnum):
    """What happens to a resource, or to one of its parameters."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


class Effect(StrEnum):
    """What a change means to the agent: it acts differently, keeps a setting unset or no longer does, or nothing.

    BOOKKEEPING are classes, defined types, tags and the like; ORDER is the order of resources and their notifications.
    """

    ACTS = "acts"
    UNSET = "unset"
    BOOKKEEPING = "bookkeeping"
    ORDER = "order"


@dataclass(frozen=True, slots=True)
class CatalogChange:
    """One difference between the catalogs of a node.

    `parameter` is None if the resource is added or removed: then `new` or `old` is the object of its parameters. `old`
    and `new` are JSON texts with secrets masked, and with the node's own names and addresses as placeholders, such as
    `{fqdn}`. `path` and `line` are where the resource is declared; `module` is the one that has this file.
    """

    change: ChangeKind
    type: str
    title: str
    parameter: str | None
    old: str | None
    new: str | None
    effect: Effect
    module: str | None = None
    path: str | None = None
    line: int | None = None
    is_secret: bool = False

    @property
    def resource(self) -> str:
        """Return the reference to the resource, as Puppet writes it."""
        return f"{self.type}[{self.title}]"


@dataclass(frozen=True, slots=True)
class ChangeGroup:
    """Changes that the same nodes have."""

    nodes: tuple[str, ...]
    changes: tuple[CatalogChange, ...]


@dataclass(frozen=True, slots=True)
class SideCause:
    """A cause why nodes cannot be compiled before, after or on both sides of the change."""

    side: str
    cause: Cause


@dataclass(frozen=True, slots=True)
class PreviewSide:
    """One side of a preview: the environment, its lock and control repository, and the Puppet that compiled it."""

    label: str
    lock_id: str
    control: str | None
    puppet: str | None = None


@dataclass(frozen=True, slots=True)
class Shard:
    """Which part of the nodes a preview has: `index` of `of`, and what else is needed to put all parts together.

    `key` identifies the key of the digests of masked values. `left_out` are the nodes that are in no part.
    """

    index: int
    of: int
    key: str
    left_out: int = 0
    warnings_before: Mapping[Notice, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Preview:
    """What changes on the nodes.

    `groups` are sorted by the number of nodes, most first. `warnings` are those of Puppet after the change that it did
    not have before, with the number of nodes. `unstable` are values that differ each time a catalog is compiled. `not_seen` are
    files of modules that changed and act on the nodes, where a catalog does not show it. `moves` are the versions of
    the modules that changed. `problems` make the answer incomplete. `reused` is the number of catalogs, two for each
    node, that an earlier run stored. `kinds` is node to its kind, see Node. `shard` is None if these are all nodes.
    """

    before: PreviewSide
    after: PreviewSide
    counts: NodeCounts
    groups: tuple[ChangeGroup, ...] = ()
    failures: tuple[SideCause, ...] = ()
    warnings: Mapping[Notice, int] = field(default_factory=dict)
    unstable: tuple[str, ...] = ()
    not_seen: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    moves: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    reused: int = 0
    kinds: Mapping[str, str] = field(default_factory=dict)
    shard: Shard | None = None

    @property
    def is_same(self) -> bool:
        """Return whether no node's catalog changes in what its agent does."""
        return not any(one.effect is Effect.ACTS for group in self.groups for one in group.changes)
