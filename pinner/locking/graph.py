"""Build the dependency graph of an environment: edges, overrides, chains, cycles, requirers, and what meets a range.

An environment runs Puppet, or OpenVox, the community's Puppet. Metadata name `puppet`, `openvox` or both under
`requirements`. OpenVox continues Puppet's code and numbers its versions alike, so a module that names only `puppet` is
judged on OpenVox by that range. A module that names only `openvox` has dropped its support for Puppet.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from graphlib import CycleError, TopologicalSorter
from typing import Final

from pinner.model.lock import Dependency, ForgePin, Metadata, Pin
from pinner.model.manifest import Manifest, Text
from pinner.openstack.catalogue import canonical_module
from pinner.puppet.ranges import parse_range
from pinner.puppet.versions import parse_version


def short_name_of_module(name: str) -> str:
    """Return the module part of `owner/module` or `owner-module`, which is also the name of its directory."""
    return (name if "/" in name else name.replace("-", "/", 1)).rpartition("/")[2]


# Many environments have the same ranges.
read_range = lru_cache(maxsize=65_536)(parse_range)


@lru_cache(maxsize=65_536)
def fits(wanted_range: str, version: str) -> bool | None:
    """Return whether a version is in a range; None if either cannot be read."""
    parsed, found = read_range(wanted_range), parse_version(version)
    return None if parsed.is_unreadable or found is None else parsed.matches(found)


@lru_cache(maxsize=65_536)
def is_met(wanted_range: str, version: str) -> bool:
    """Return whether a solution may contain a version.

    An unreadable range is met by every version; a text that is not a version meets no other range.
    """
    return read_range(wanted_range).is_unreadable or bool(fits(wanted_range, version))


@dataclass(frozen=True, slots=True, order=True)
class DependencyEdge:
    """A dependency of `module` on the module `target`.

    `name` is the target as spelt in the metadata of `module`, and `range` is the range that counts: that of
    the manifest's `override`, or else `own_range`, that of the metadata. `release` is the version of
    `module`, if that is one of several candidates.
    """

    module: str
    target: str
    name: str
    range: str
    release: str | None = None
    own_range: str = field(default="", compare=False)
    override: Text | None = field(default=None, compare=False)

    @property
    def subject(self) -> str:
        """Return the name of the module that depends, for messages."""
        return f"{self.module} {self.release}" if self.release else self.module


@dataclass(frozen=True, slots=True)
class DependencyOverrides:
    """A manifest's corrections of metadata: `ignored` dependencies, and `ranges` by module and dependency."""

    ignored: frozenset[str]
    ranges: Mapping[str, Mapping[str, Text]]

    def edges(
        self, module: str, dependencies: Iterable[Dependency], *, release: str | None = None
    ) -> Iterator[DependencyEdge]:
        """Yield the dependencies of a module, or of one `release` of it, that the manifest does not ignore."""
        overrides = self.ranges.get(module, {})
        for row in dependencies:
            target = short_name_of_module(row.name)
            if target not in self.ignored:
                override = overrides.get(target)
                effective = override.value if override else row.range
                yield DependencyEdge(module, target, row.name, effective, release, row.range, override)


def overrides_of(manifest: Manifest) -> DependencyOverrides:
    """Return the manifest's `dependencies: ignore` and `override`."""
    return DependencyOverrides(
        ignored=frozenset(short_name_of_module(name.value) for name in manifest.ignored_dependencies),
        ranges={
            module: {short_name_of_module(name): text for name, text in ranges.items()}
            for module, ranges in manifest.overridden_dependencies.items()
        },
    )


@dataclass(frozen=True, slots=True)
class DependencyGraph:
    """The dependencies between pinned modules; `edges` are sorted by the module that depends."""

    edges: tuple[DependencyEdge, ...]
    pins: Mapping[str, Pin] = field(default_factory=dict)

    def pin_of(self, edge: DependencyEdge) -> Pin | None:
        """Return the pin of the module that an edge leads to; None if it is not in the environment."""
        return self.pins.get(canonical_module(edge.name)) or self.pins.get(edge.target)

    def requirers(self) -> Mapping[str, tuple[str, ...]]:
        """Return each required module with the modules that require it, by directory name."""
        found: dict[str, set[str]] = {}
        for edge in self.edges:
            found.setdefault(edge.target, set()).add(edge.module)
        return {name: tuple(sorted(modules)) for name, modules in sorted(found.items())}

    def pinned_targets(self) -> Mapping[str, tuple[str, ...]]:
        """Return each module with the pinned modules that it depends on."""
        targets: dict[str, tuple[str, ...]] = {}
        for edge in self.edges:
            if pin := self.pin_of(edge):
                targets[edge.module] = (*targets.get(edge.module, ()), pin.module)
        return targets


def dependency_graph(
    manifest: Manifest, metadata: Mapping[str, Metadata], pins: Mapping[str, Pin]
) -> DependencyGraph:
    """Return the graph of an environment from the metadata of its modules, without what the manifest ignores."""
    overrides = overrides_of(manifest)
    rows = ((module, metadata[module].dependencies) for module in sorted(metadata))
    edges = tuple(edge for module, row in rows for edge in overrides.edges(module, row))
    return DependencyGraph(edges, pins_by_name(pins))


def pins_by_name(pins: Mapping[str, Pin]) -> Mapping[str, Pin]:
    """Return canonical Forge name to pin, and directory name to pin.

    Directory names are included because Puppet also accepts a fork under another owner.
    """
    by_name = dict(pins)
    for pin in pins.values():
        name = pin.forge if isinstance(pin, ForgePin) else pin.name
        if name:
            by_name[canonical_module(name)] = pin
    return by_name


def shortest_chain(
    targets: Mapping[str, tuple[str, ...]], starts: Iterable[str], end: str
) -> tuple[str, ...]:
    """Return the shortest chain of modules from one of `starts` to `end`, both included.

    `targets` are the modules that each module depends on. Of equally short chains, the alphabetically first
    is returned; only `end` if no chain leads to it.
    """
    came_from: dict[str, str | None] = dict.fromkeys(sorted(starts))
    waiting = deque(came_from)
    while waiting and end not in came_from:
        here = waiting.popleft()
        for there in sorted(targets.get(here, ())):
            if there not in came_from:
                came_from[there] = here
                waiting.append(there)
    chain = [end]
    while (before := came_from.get(chain[-1])) is not None:
        chain.append(before)
    return tuple(reversed(chain))


def dependency_cycles(targets: Mapping[str, tuple[str, ...]]) -> Iterator[tuple[str, ...]]:
    """Yield the shortest cycle through each module that depends on itself.

    The first and last module are the same. Modules in an earlier cycle are skipped, so that a group of
    cycles is reported once. Modules that lead nowhere are removed first, which usually leaves nothing.
    """
    left = set(targets)
    sorter = TopologicalSorter(targets)
    with suppress(CycleError):  # it can still be used, and stops at the modules that lead to a cycle
        sorter.prepare()
    while ready := sorter.get_ready():
        left.difference_update(ready)
        sorter.done(*ready)
    shown: set[str] = set()
    for module in sorted(left):
        if module in shown:
            continue
        chains = (
            (there, shortest_chain(targets, [there], module)) for there in left.intersection(targets[module])
        )
        if ways_back := [chain for there, chain in chains if chain[0] == there]:
            back = min(ways_back, key=lambda chain: (len(chain), chain))
            shown.update(back)
            yield (module, *back)


PUPPET: Final = "puppet"
OPENVOX: Final = "openvox"
LABELS: Final[Mapping[str, str]] = {PUPPET: "Puppet", OPENVOX: "OpenVox"}


def runtimes_of(manifest: Manifest) -> Mapping[str, str]:
    """Return what an environment runs: `puppet` or `openvox`, or both during a migration, to the version."""
    given = {PUPPET: manifest.puppet, OPENVOX: manifest.openvox}
    return {name: text.value for name, text in given.items() if text}


def unmet_requirements(
    requirements: Iterable[Dependency], runtimes: Mapping[str, str]
) -> Iterator[tuple[Dependency, str]]:
    """Yield each requirement that is not met, with the name of the runtime that does not meet it."""
    named = {row.name: row for row in requirements if row.name in LABELS}
    for runtime, version in runtimes.items():
        own = named.get(runtime)
        if own is None and runtime == OPENVOX:
            own = named.get(PUPPET)
        if own is not None and fits(own.range, version) is False:
            yield own, runtime
        elif own is None and OPENVOX in named:
            yield named[OPENVOX], runtime


def describe(runtimes: Mapping[str, str]) -> str:
    """Return the runtimes as in a message: `Puppet 8.10.0`."""
    return " and ".join(f"{LABELS[name]} {version}" for name, version in runtimes.items())
