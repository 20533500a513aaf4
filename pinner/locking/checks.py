"""Build the dependency graph of an environment, and run all checks of pinned environments: of each pin and of the whole set.

An environment runs Puppet, or OpenVox, the community's Puppet. Metadata name `puppet`, `openvox` or both under
`requirements`. OpenVox continues Puppet's code and numbers its versions alike, so a module that names only `puppet` is
judged on OpenVox by that range. A module that names only `openvox` has dropped its support for Puppet.

At stein and train, openstacklib requires rabbitmq below 6.0.0 and all other modules require 8.4.0 or later:
whichever version is pinned, one of them is unsatisfied, so pinning another version fixes nothing.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import lru_cache
from graphlib import CycleError, TopologicalSorter
from typing import Final

from pinner.locking.pin_checks import (
    Verification,
    check_lifecycle,
    check_refs,
    check_tags,
    check_trees,
    fact_flaws,
)
from pinner.locking.requirements import PinnedEnvironment
from pinner.locking.resolve import RefResolver, read_remote_state, read_tree_flaws, with_metadata
from pinner.model.findings import Finding, drop_ignored, limit_repeats
from pinner.model.lock import LOCKED, Dependency, ForgePin, GitPin, Metadata, Pin, SelectorKind
from pinner.model.manifest import Manifest, RequirementSource, Text
from pinner.openstack.catalogue import (
    ModuleEntry,
    canonical_module,
    find_module,
    find_series,
    gate_misfits,
    major_in,
    series_of_major,
)
from pinner.puppet.versions import Interval, intersect, parse_range, parse_version
from pinner.workspace.locks import TagLog, has_tags


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


SHOWN_MODULES = 3
MOST_RANGES = 50
"""Maximum number of ranges for one dependency that are compared, to limit the cost of unusual metadata."""

BROUGHT_IN = frozenset({RequirementSource.INTEGRATION, RequirementSource.NEWEST})
_RANGE_HINT = "only upstream can fix this; until then, set the intended range under 'dependencies: override'"


def contradictions(environment: PinnedEnvironment, graph: DependencyGraph) -> Iterator[Finding]:
    """Yield `dependency-contradiction` by dependency, for each range that a more common one excludes.

    Ranges are grouped by intervals, not by spelling; unreadable ones contradict nothing.
    """
    edges_by_range: dict[str, dict[str, list[DependencyEdge]]] = {}
    for edge in graph.edges:
        ranges = edges_by_range.setdefault(canonical_module(edge.name), {})
        ranges.setdefault(edge.range, []).append(edge)
    for _, ranges in sorted(edges_by_range.items()):
        groups: dict[tuple[Interval, ...], list[DependencyEdge]] = {}
        for text, edges in ranges.items():
            if intervals := read_range(text).intervals:
                groups.setdefault(intervals, []).extend(edges)
        by_weight = sorted(groups.items(), key=lambda row: (len(row[1]), row[1][0].range))[:MOST_RANGES]
        for number, (intervals, few) in enumerate(by_weight):
            others = reversed(by_weight[number + 1 :])
            many = next(
                (
                    edges
                    for other, edges in others
                    if not any(intersect(a, b) for a in intervals for b in other)
                ),
                None,
            )
            if many:
                odd, usual = few[0], many[0]
                also = f", as {_and(few[1:])} {'do' if few[2:] else 'does'}" if few[1:] else ""
                require = "require" if many[1:] else "requires"
                message = f"{_words(odd)}{also}, but {_and(many)} {require} {usual.range}: no version is in both ranges"
                override = f'dependencies: {{override: {{{odd.module}: {{{odd.target}: "{usual.range}"}}}}}}'
                hint = f"pinning another version of '{odd.target}' does not help; if a range is wrong, override it: {override}"
                yield environment.finding("dependency-contradiction", odd.module, message, hint)


def _words(edge: DependencyEdge) -> str:
    """Return a description of the dependency for messages."""
    instead = "" if edge.override is None else ", by the manifest's override"
    return f"requires {edge.name} {edge.range}".rstrip() + instead


def _and(edges: list[DependencyEdge]) -> str:
    names = [edge.module for edge in edges]
    left = len(names) - SHOWN_MODULES
    *first, last = [*names[:SHOWN_MODULES], f"{left} more"] if left > 0 else names
    return f"{', '.join(first)} and {last}" if first else last


def check_dependencies(environment: PinnedEnvironment, _verification: Verification) -> Iterator[Finding]:
    """Yield all dependency findings by module name, followed by contradictions and cycles."""
    graph = dependency_graph(environment.required.manifest, environment.metadata, environment.pins)
    targets = graph.pinned_targets()
    unpinned = {failure.module for failure in environment.failures}  # they are reported themselves
    for edge in graph.edges:
        pin = graph.pin_of(edge)
        if pin is not None or edge.target not in unpinned:
            yield from _check(environment, edge, pin, targets)
    yield from contradictions(environment, graph)
    for cycle in dependency_cycles(targets):
        message = f"depends on itself: {' -> '.join(cycle)}"
        hint = "if one of these is wrong, put it under 'dependencies: ignore'"
        yield environment.finding("dependency-cycle", cycle[0], message, hint)


def _check(
    environment: PinnedEnvironment,
    edge: DependencyEdge,
    pin: Pin | None,
    targets: Mapping[str, tuple[str, ...]],
) -> Iterator[Finding]:
    parsed = read_range(edge.range)
    for flaw in () if parsed.is_unreadable else parsed.flaws:
        message = f"{_words(edge)}: {flaw}"
        yield environment.finding("range-flawed", edge.module, message, _RANGE_HINT)
    if pin is None:
        yield _missing(environment, edge, targets)
        return
    version = pin.version or ""
    is_satisfied = fits(edge.range, version)
    if is_satisfied is None:
        what = f"{_words(edge)}; the pinned version is {version or 'unknown'}: they cannot be compared"
        yield environment.finding("dependency-unreadable", edge.module, what)
    elif not is_satisfied:
        chain = f"{_chain(environment, edge.module, targets)} -> {pin.module}"
        message = f"{_words(edge)}, but '{pin.module}' is pinned at {pin.version} ({chain})"
        hint = _way_out(environment, edge, pin)
        yield environment.finding("dependency-unsatisfied", edge.module, message, hint)
    elif edge.override is not None and not fits(edge.own_range, version):
        own = f"requires {edge.name} {edge.own_range}"
        what = f"{own}; '{pin.module}' is pinned at {version}, which the manifest's override {edge.override} allows"
        yield environment.finding("dependency-overridden", edge.module, what)


def _missing(
    environment: PinnedEnvironment, edge: DependencyEdge, targets: Mapping[str, tuple[str, ...]]
) -> Finding:
    chain = f"{_chain(environment, edge.module, targets)} -> {edge.target}"
    message = f"{_words(edge)}, which is not in the environment ({chain})"
    entry = find_module(edge.target, environment.required.series)
    follows = isinstance(entry, ModuleEntry) and entry.follows_releases
    where, ref = "under 'openstack'", ""
    if not follows:
        where, ref = "under 'modules'", " with a version or tag"
    elif environment.required.series is None:
        where, ref = "under 'modules'", " with a release or tag"
    hint = f"add '{edge.target}' {where}{ref}, or to 'dependencies: ignore'"
    return environment.finding("dependency-missing", edge.module, message, hint)


def _way_out(environment: PinnedEnvironment, edge: DependencyEdge, pin: Pin) -> str:
    if edge.override is not None:
        own = edge.own_range or "any version"
        return (
            f"correct the override at {edge.override.place}, or remove it: the module itself requires {own}"
        )
    series, version = environment.required.series, pin.version or ""
    pairs = gate_misfits(series) if series else ()
    is_run = any(
        (pair.module, pair.dependency, pair.version) == (edge.module, edge.target, version) for pair in pairs
    )
    reason = "as upstream's gate runs this pair" if is_run else "if upstream's range is wrong"
    override = (
        f'dependencies: {{override: {{{edge.module}: {{{edge.target}: "{version.partition(".")[0]}.x"}}}}}}'
    )
    return f"pin another version of '{pin.module}' or '{edge.module}', or, {reason}, override it: {override}"


def _chain(environment: PinnedEnvironment, module: str, targets: Mapping[str, tuple[str, ...]]) -> str:
    """Return the chain of modules with versions from one that the manifest names to `module`."""
    required = environment.required.modules
    named = [name for name in targets if (one := required.get(name)) and one.rule not in BROUGHT_IN]
    versions = {name: pin.version for name, pin in environment.pins.items()}
    chain = shortest_chain(targets, {*named, module} if module in named else named, module)
    return " -> ".join(f"{name} {versions[name]}" if versions[name] else name for name in chain)


def check_modules(environment: PinnedEnvironment, _verification: Verification) -> Iterator[Finding]:
    """Yield findings about the metadata of each module, by module name.

    The codes are `lock-differs`, `not-a-module`, `name-mismatch`, `version-unexpected` and `metadata-flawed`.
    """
    pins = environment.git_pins
    for module, metadata in sorted(environment.metadata.items()):
        for flaw in fact_flaws(pins[module], metadata) if metadata.file != LOCKED else ():
            hint = f"find out who changed the lock; 'pinner lock {environment.name}' corrects it"
            yield environment.finding("lock-differs", module, flaw, hint)
        if not metadata.is_of_module:
            yield _no_module(environment, pins[module])
            continue
        if metadata.file is None:
            continue
        named = metadata.name.replace("/", "-").partition("-")[2] if metadata.name else module
        if named != module:
            message = f"{metadata.file} at {pins[module].commit} is the metadata of the module '{named}'"
            hint = f"Puppet finds a module by its directory: name it '{named}' in the manifest"
            yield environment.finding("name-mismatch", module, message, hint)
        yield from _version(environment, pins[module], metadata)
        for flaw in metadata.flaws:
            message = f"{metadata.file} at {pins[module].commit}: {flaw}"
            yield environment.finding("metadata-flawed", module, message)


def _no_module(environment: PinnedEnvironment, pin: GitPin) -> Finding:
    message = f"commit {pin.commit} has no metadata.json, Modulefile, manifests/ or lib/"
    entry = find_module(pin.module, None)
    if isinstance(entry, ModuleEntry) and entry.ended and entry.git == pin.git:
        message += f": {entry.repository} is retired, its last release is {entry.ended}"
        hint = f"use that release ({pin.module}: {{release: {entry.ended}}}), or leave it out ({pin.module}: false)"
    else:
        hint = "is the repository retired? if it is not a Puppet module, set 'module: false'"
    return environment.finding("not-a-module", pin.module, message, hint)


def _version(environment: PinnedEnvironment, pin: GitPin, metadata: Metadata) -> Iterator[Finding]:
    version = parse_version(metadata.version or "")
    follows = pin.want.selector is SelectorKind.RELEASE
    series = find_series(pin.want.value) if follows else environment.required.series
    expected = major_in(pin.module, series) if series else None
    if version is None or series is None or expected is None or version.major == expected:
        return
    known = series_of_major(pin.module, version.major)
    belongs = f"that of release {known[-1]}" if known else "of no release that is known"
    message = f"its version {version} is {belongs}; release {series} has {expected}.x"
    if follows:
        hint = f"does {pin.ref} of {pin.git} follow upstream's? compare them"
    else:
        meant = f" ({pin.module}: {{release: {known[-1]}}})" if known else ""
        hint = f"use the ref of {series}, or set the release that is intended{meant}"
    yield environment.finding("version-unexpected", pin.module, message, hint)


def check_platforms(environment: PinnedEnvironment, _verification: Verification) -> Iterator[Finding]:
    """Yield `platform-unsupported` and `puppet-unsupported`, by module name.

    Metadata that names no platform or Puppet version allows any.
    """
    for module, metadata in sorted(environment.metadata.items()):
        yield from _systems(environment, module, metadata)
        runtimes = runtimes_of(environment.required.manifest)
        for requirement, runtime in unmet_requirements(metadata.requirements, runtimes):
            code = (
                "openvox-required"
                if (requirement.name, runtime) == (OPENVOX, PUPPET)
                else "puppet-unsupported"
            )
            runs = describe({runtime: runtimes[runtime]})
            message = f"requires {LABELS[requirement.name]} {requirement.range}, the environment runs {runs}"
            yield environment.finding(code, module, message)


def _systems(environment: PinnedEnvironment, module: str, metadata: Metadata) -> Iterator[Finding]:
    if not metadata.platforms:
        return
    supported = {system.lower(): releases for system, releases in metadata.platforms.items()}
    for system, releases in environment.required.manifest.platforms.items():
        known = supported.get(system.lower())
        # CentOS's `6` includes 6.5; Ubuntu's `24.04` includes only itself
        missing = [
            f"{system} {release}"
            for release in releases
            if known and not any(release == name or release.startswith(f"{name}.") for name in known)
        ]
        for name in [system] if known is None else missing:
            message = f"metadata at the pinned commit does not name {name} as a platform"
            yield environment.finding("platform-unsupported", module, message)


Check = Callable[[PinnedEnvironment, Verification], Iterator[Finding]]
CHECKS: tuple[Check, ...] = (
    check_refs,
    check_tags,
    check_trees,
    check_modules,
    check_dependencies,
    check_platforms,
    check_lifecycle,
)


def inspect(
    environments: Iterable[PinnedEnvironment],
    resolver: RefResolver,
    *,
    log: TagLog = TagLog(),  # noqa: B008 - it is frozen
    accepted: frozenset[str] = frozenset(),
) -> list[PinnedEnvironment]:
    """Return the environments with what their remotes have now, and with findings, without ignored ones.

    `accepted` names modules whose moved tags are not reported.
    """
    environments = with_metadata(read_remote_state(environments, resolver), resolver)
    tree_flaws = read_tree_flaws(environments, resolver)
    verification = Verification(resolver.workspace.today, log, accepted, tree_flaws)
    inspected: list[PinnedEnvironment] = []
    for environment in environments:
        findings = (finding for check in CHECKS for finding in check(environment, verification))
        reported = drop_ignored(findings, environment.required.ignored_findings)
        inspected.append(replace(environment, findings=tuple(limit_repeats(reported))))
        if has_tags(environment.lock):
            # one gap for all: report it only once
            verification = replace(verification, log=replace(verification.log, gap=None))
    return inspected
