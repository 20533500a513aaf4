"""Does the set hold together? Each module's dependencies against the versions that are pinned beside it."""

from collections.abc import Iterator
from functools import lru_cache

from pinner.openstack.catalogue import ModuleEntry, find_module, gate_misfits
from pinner.operations.checks.chains import Graph, circles, shortest_chain
from pinner.operations.checks.contradictions import contradictions
from pinner.operations.checks.edges import Edge, edges_of
from pinner.operations.checks.subject import PinnedEnvironment
from pinner.operations.wanted import Rule
from pinner.puppet.ranges import parse_range
from pinner.puppet.versions import parse_version
from pinner.words.findings import Finding, Level
from pinner.words.pins import Pin

_RANGE_HINT = "it is upstream's to mend; 'dependencies: override' says what is meant until then"
BROUGHT_IN = frozenset({Rule.INTEGRATION, Rule.NEWEST})


def check_dependencies(environment: PinnedEnvironment) -> Iterator[Finding]:
    """Yield all that is wrong with the dependencies, by module name; wishes that exclude each other, and circles, come last."""
    edges = tuple(edges_of(environment))
    graph: dict[str, tuple[str, ...]] = {}
    for edge in edges:
        if edge.pin is not None:
            graph[edge.module] = (*graph.get(edge.module, ()), edge.pin.module)
    for edge in edges:
        yield from _check(environment, edge, graph)
    yield from contradictions(environment, edges)
    for circle in circles(graph):
        message = f"depends on itself in a circle: {' -> '.join(circle)}"
        hint = "if one of these is wrong, put it under 'dependencies: ignore'"
        yield environment.finding(Level.WARNING, "dependency-cycle", circle[0], message, hint)


def _check(environment: PinnedEnvironment, edge: Edge, graph: Graph) -> Iterator[Finding]:
    for flaw in _flaws(edge.range):
        message = f"{edge.words}: {flaw}"
        yield environment.finding(Level.WARNING, "range-flawed", edge.module, message, _RANGE_HINT)
    if edge.pin is None:
        yield _missing(environment, edge, graph)
        return
    version = edge.pin.version or ""
    satisfied = _is_satisfied(edge.range, version)
    if satisfied is None:
        what = f"{edge.words}; pinned is {version or 'a commit without a version'}: they cannot be compared"
        yield environment.finding(Level.INFO, "dependency-unreadable", edge.module, what)
    elif not satisfied:
        yield _unsatisfied(environment, edge, edge.pin, graph)
    elif edge.override is not None and not _is_satisfied(edge.dependency.range, version):
        wants = f"wants {edge.dependency.name} {edge.dependency.range}"
        what = f"{wants}; '{edge.pin.module}' is pinned at {version}, which the manifest's override {edge.override} allows"
        yield environment.finding(Level.INFO, "dependency-overridden", edge.module, what)


def _missing(environment: PinnedEnvironment, edge: Edge, graph: Graph) -> Finding:
    name = edge.name
    message = (
        f"{edge.words}, which is not in the environment ({_chain(environment, edge.module, graph)} -> {name})"
    )
    entry = find_module(name, environment.wanted.series)
    where = "openstack" if isinstance(entry, ModuleEntry) and entry.follows_releases else "modules"
    hint = f"add '{name}' under '{where}', or to 'dependencies: ignore'"
    return environment.finding(Level.WARNING, "dependency-missing", edge.module, message, hint)


def _unsatisfied(environment: PinnedEnvironment, edge: Edge, pin: Pin, graph: Graph) -> Finding:
    chain = f"{_chain(environment, edge.module, graph)} -> {pin.module}"
    message = f"{edge.words}, but '{pin.module}' is pinned at {pin.version} ({chain})"
    hint = _way_out(environment, edge, pin)
    return environment.finding(Level.ERROR, "dependency-unsatisfied", edge.module, message, hint)


def _way_out(environment: PinnedEnvironment, edge: Edge, pin: Pin) -> str:
    if edge.override is not None:
        wants = edge.dependency.range or "any version"
        return f"correct the override at {edge.override.place}, or remove it: the module itself wants {wants}"
    name, version = edge.name, pin.version or ""
    reason = (
        "as upstream's gate runs this pair"
        if _is_run_by_the_gate(environment, edge.module, name, version)
        else "if upstream's range is wrong"
    )
    override = f'dependencies: {{override: {{{edge.module}: {{{name}: "{version.partition(".")[0]}.x"}}}}}}'
    return f"pin another version of '{pin.module}' or '{edge.module}', or, {reason}, say so: {override}"


def _is_run_by_the_gate(environment: PinnedEnvironment, module: str, dependency: str, version: str) -> bool:
    series = environment.wanted.series
    pairs = gate_misfits(series) if series else ()
    return (module, dependency, version) in {(pair.module, pair.dependency, pair.version) for pair in pairs}


def _chain(environment: PinnedEnvironment, module: str, graph: Graph) -> str:
    """Say how a module came into the set: from one that the manifest names, each with its version."""
    wanted = environment.wanted.modules
    named = [name for name in graph if (wish := wanted.get(name)) and wish.rule not in BROUGHT_IN]
    versions = {name: pin.version for name, pin in environment.lock.pins.items()}
    chain = shortest_chain(graph, {*named, module} if module in named else named, module)
    return " -> ".join(f"{name} {versions[name]}" if versions[name] else name for name in chain)


@lru_cache(maxsize=65_536)
def _is_satisfied(wanted: str, version: str) -> bool | None:
    """Tell whether the version lies in the range, None where one cannot be read; many environments ask the same."""
    wanted_range, pinned = parse_range(wanted), parse_version(version)
    return None if wanted_range.is_unreadable or pinned is None else wanted_range.matches(pinned)


@lru_cache(maxsize=65_536)
def _flaws(wanted: str) -> tuple[str, ...]:
    found = parse_range(wanted)
    return () if found.is_unreadable else found.flaws
