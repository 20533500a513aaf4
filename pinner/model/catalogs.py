"""Define nodes, the catalogs compiled for them, and why a catalog could not be compiled."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from pinner.model.errors import Problem

Json = None | bool | int | float | str | Sequence["Json"] | Mapping[str, "Json"]
"""A value as JSON has it."""


@dataclass(frozen=True, slots=True)
class Node:
    """A machine that Puppet compiles a catalog for.

    `facts` are those of Facter, structured as it prints them. `trusted` is the content of `$trusted`. `classes`
    (with their parameters) and `parameters` (top-scope variables) come from an external node classifier. `kind`
    is what nodes that run the same code have in common, such as role and operating system.
    """

    name: str
    facts: Mapping[str, Json]
    trusted: Mapping[str, Json]
    kind: str = ""
    classes: Mapping[str, Json] = field(default_factory=dict)
    parameters: Mapping[str, Json] = field(default_factory=dict)


class Resource(NamedTuple):
    """One resource of a reduced catalog, in the order in which pinner.catalogs describes it.

    `name` is the value of the type's namevar if it differs from the title. `path` is relative to the environment.
    `kind` is "native", "define" or "class". It is a named tuple because a run reads millions of them.
    """

    type: str
    title: str
    name: str | None
    parameters: Mapping[str, Json]
    path: str | None
    line: int | None
    kind: str


@dataclass(frozen=True, slots=True, order=True)
class Notice:
    """What Puppet reports at a place of the code; `path` is relative to the environment."""

    message: str
    path: str | None = None
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a catalog could not be compiled.

    `reason` is the class of the Ruby exception, or "died" if the process ended without an answer.
    """

    notice: Notice
    reason: str


@dataclass(frozen=True, slots=True)
class Catalog:
    """A reduced catalog; `secrets` are the values hidden in it, each with its keyed digest."""

    resources: tuple[Resource, ...]
    secrets: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Compiled:
    """What compiling one node returned: `cpu` are seconds, `puppet` is the version that compiled it."""

    node: str
    result: Catalog | Failure
    warnings: tuple[Notice, ...] = ()
    cpu: float = 0.0
    puppet: str | None = None


@dataclass(frozen=True, slots=True)
class Cause:
    """Why some nodes cannot be compiled; `module` has the code at the place, `hint` is how to fix it."""

    nodes: tuple[str, ...]
    notice: Notice
    module: str | None = None
    hint: str | None = None


@dataclass(frozen=True, slots=True)
class NodeCounts:
    """How many nodes were compiled, could not be compiled, and were left out by the options."""

    compiled: int = 0
    failed: int = 0
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class Compilation:
    """What compiling an environment's nodes found; `causes` are sorted by the number of nodes, most first.

    `warnings` are those of Puppet, each with the number of nodes that have it. `problems` are about nodes and modules
    that could not be read, so that the answer is not complete. `reused` is the number of nodes whose result an
    earlier run stored.
    """

    environment: str
    lock_id: str
    counts: NodeCounts
    causes: tuple[Cause, ...] = ()
    warnings: Mapping[Notice, int] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    reused: int = 0
