"""Does the set hold together? Each module's dependencies against the versions that are pinned beside it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from pinner.openstack.catalogue import canonical_module, gate_misfits
from pinner.operations.checks.chains import Graph, circles, shortest_chain
from pinner.operations.checks.subject import PinnedEnvironment
from pinner.operations.wanted import Rule
from pinner.puppet.ranges import parse_range
from pinner.puppet.versions import parse_version
from pinner.words.findings import Finding, Level
from pinner.words.metadata import Dependency
from pinner.words.pins import ForgePin, Pin

_RANGE_HINT = "it is upstream's to mend; 'dependencies: override' says what is meant until then"
BROUGHT_IN = frozenset({Rule.INTEGRATION, Rule.NEWEST})


def check_dependencies(environment: PinnedEnvironment) -> Iterator[Finding]:
    """Yield all that is wrong with the dependencies, by module name, and the circles among them last."""
    edges = tuple(_edges(environment))
    graph: dict[str, tuple[str, ...]] = {}
    for edge in edges:
        if edge.pin is not None:
            graph[edge.module] = (*graph.get(edge.module, ()), edge.pin.module)
    for edge in edges:
        yield from _check(environment, edge, graph)
    for circle in circles(graph):
        message = f"depends on itself in a circle: {' -> '.join(circle)}"
        hint = "if one of these is wrong, put it under 'dependencies: ignore'"
        yield environment.finding(Level.WARNING, "dependency-cycle", circle[0], message, hint)


@dataclass(frozen=True, slots=True)
class _Edge:
    """That a module asks for another: `override` is the manifest's range, `pin` what is pinned under that name."""

    module: str
    dependency: Dependency
    override: str | None
    pin: Pin | None

    @property
    def range(self) -> str:
        return self.dependency.range if self.override is None else self.override

    @property
    def words(self) -> str:
        instead = "" if self.override is None else ", by the manifest's override"
        return f"wants {self.dependency.name} {self.range}".rstrip() + instead


def _edges(environment: PinnedEnvironment) -> Iterator[_Edge]:
    pinned = _pins_by_forge_name(environment.lock.pins)
    ignored = {_short(name.value) for name in environment.wanted.manifest.ignored_dependencies}
    for module in sorted(environment.metadata):
        overrides = _overrides(environment, module)
        for dependency in environment.metadata[module].dependencies:
            name = _short(dependency.name)
            if name not in ignored:
                pin = pinned.get(canonical_module(dependency.name)) or pinned.get(name)
                yield _Edge(module, dependency, overrides.get(name), pin)


def _overrides(environment: PinnedEnvironment, module: str) -> Mapping[str, str]:
    written = environment.wanted.manifest.overridden_dependencies.get(module, {})
    return {_short(name): text.value for name, text in written.items()}


def _pins_by_forge_name(pins: Mapping[str, Pin]) -> Mapping[str, Pin]:
    """Return canonical Forge name to pin, and directory name to pin: a fork under another owner is what Puppet finds."""
    by_name = dict(pins)
    for pin in pins.values():
        name = pin.forge if isinstance(pin, ForgePin) else pin.name
        if name:
            by_name[canonical_module(name)] = pin
    return by_name


def _check(environment: PinnedEnvironment, edge: _Edge, graph: Graph) -> Iterator[Finding]:
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


def _missing(environment: PinnedEnvironment, edge: _Edge, graph: Graph) -> Finding:
    name = _short(edge.dependency.name)
    message = (
        f"{edge.words}, which is not in the environment ({_chain(environment, edge.module, graph)} -> {name})"
    )
    hint = f"add '{name}' under 'modules', or to 'dependencies: ignore'"
    return environment.finding(Level.WARNING, "dependency-missing", edge.module, message, hint)


def _unsatisfied(environment: PinnedEnvironment, edge: _Edge, pin: Pin, graph: Graph) -> Finding:
    chain = f"{_chain(environment, edge.module, graph)} -> {pin.module}"
    message = f"{edge.words}, but '{pin.module}' is pinned at {pin.version} ({chain})"
    name, version = _short(edge.dependency.name), pin.version or ""
    reason = (
        "as upstream's gate runs this pair"
        if _is_run_by_the_gate(environment, edge.module, name, version)
        else "if upstream's range is wrong"
    )
    override = f'dependencies: {{override: {{{edge.module}: {{{name}: "{version.partition(".")[0]}.x"}}}}}}'
    hint = f"pin another version of '{pin.module}' or '{edge.module}', or, {reason}, say so: {override}"
    return environment.finding(Level.ERROR, "dependency-unsatisfied", edge.module, message, hint)


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


def _short(name: str) -> str:
    return (name if "/" in name else name.replace("-", "/", 1)).rpartition("/")[2]
