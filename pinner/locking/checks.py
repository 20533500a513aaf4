"""Run all checks of pinned environments, and check the metadata, platforms and dependencies of the whole set.

At stein and train, openstacklib requires rabbitmq below 6.0.0 and all other modules require 8.4.0 or later:
whichever version is pinned, one of them is unsatisfied, so pinning another version fixes nothing.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace

from pinner.locking.graph import (
    LABELS,
    OPENVOX,
    PUPPET,
    DependencyEdge,
    DependencyGraph,
    dependency_cycles,
    dependency_graph,
    describe,
    fits,
    read_range,
    runtimes_of,
    shortest_chain,
    unmet_requirements,
)
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
from pinner.model.lock import LOCKED, GitPin, Metadata, Pin, SelectorKind
from pinner.model.manifest import RequirementSource
from pinner.openstack.catalogue import (
    ModuleEntry,
    canonical_module,
    find_module,
    find_series,
    gate_misfits,
    major_in,
    series_of_major,
)
from pinner.puppet.versions import Interval, intersect, parse_version
from pinner.workspace.locks import TagLog, has_tags

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
        yield from _name(environment, pins[module], metadata)
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


def _name(environment: PinnedEnvironment, pin: GitPin, metadata: Metadata) -> Iterator[Finding]:
    named = metadata.name.replace("/", "-").partition("-")[2] if metadata.name else pin.module
    if named != pin.module:
        message = f"{metadata.file} at {pin.commit} is the metadata of the module '{named}'"
        hint = f"Puppet finds a module by its directory: name it '{named}' in the manifest"
        yield environment.finding("name-mismatch", pin.module, message, hint)


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
