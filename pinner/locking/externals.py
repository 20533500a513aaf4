"""Require and pin external (third-party) modules, and check whether locked ones match their source.

With `externals: integration`, versions come from upstream's gate, with `newest` from the solver. Only modules
that others depend on are added, and pins that the lock already has from the same source stay.
"""

import importlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from pinner.git.process.failures import FailureKind, SyncFailure
from pinner.locking.checks import dependency_graph
from pinner.locking.gate import URL, Gate, read_gate, read_runs
from pinner.locking.pin_checks import differing_pin, external_flaws, external_homes, moved_home
from pinner.locking.pins import UpdateScope, describe_pins, repin
from pinner.locking.requirements import EnvironmentRequirements, GitRequirement, PinnedEnvironment
from pinner.locking.resolve import RefResolver, metadata_by_module, read_pinned_metadata, release_tags
from pinner.model.errors import Location
from pinner.model.findings import Finding
from pinner.model.lock import Dependency, Externals, GitPin, Lock, Metadata, Selector, SelectorKind, Series
from pinner.model.manifest import RequirementSource
from pinner.model.rules import RULES
from pinner.openstack.catalogue import integration_pins, third_party
from pinner.openstack.facts import ExternalPin

COMMIT = re.compile(r"[0-9a-f]{40}")
_RULES = {Externals.INTEGRATION: RequirementSource.INTEGRATION, Externals.NEWEST: RequirementSource.NEWEST}


def external_rule(required: EnvironmentRequirements) -> str | None:
    """Return the name that locks use for the source of third-party modules; None if none are added."""
    mode = required.manifest.externals
    if mode is Externals.INTEGRATION:
        return f"{mode} {required.series}" if required.series else None
    return mode.value if mode is Externals.NEWEST else None


def external_requirements(
    environment: PinnedEnvironment,
    requirers: Mapping[str, tuple[str, ...]],
    *,
    gate: Mapping[str, ExternalPin],
    kept: Mapping[str, GitRequirement],
) -> Mapping[str, GitRequirement]:
    """Return requirements for the third-party dependencies that are not pinned yet, from `kept` or `gate`.

    `requirers` maps each dependency to the modules that require it. Modules that the gate does not pin are
    left out; `dependency-missing` then reports them.
    """
    found: dict[str, GitRequirement] = {}
    for name, modules in requirers.items():
        external = gate.get(name)
        if name in environment.pins:
            continue
        if name in kept:
            found[name] = replace(kept[name], required_by=modules)
        elif external is not None and external.ref is not None:
            found[name] = gate_requirement(environment.required, external, external.ref, modules)
    return found


def gate_requirement(
    required: EnvironmentRequirements, external: ExternalPin, ref: str, required_by: tuple[str, ...]
) -> GitRequirement:
    """Return the requirement for a module as the gate runs it: at `ref`, a commit or presumed tag."""
    home = third_party(external.name)
    selector = SelectorKind.COMMIT if COMMIT.fullmatch(ref) else SelectorKind.TAG
    git = home.git if home else external.git
    return external_requirement(required, external.name, git, Selector(selector, ref), required_by)


def external_requirement(
    required: EnvironmentRequirements, module: str, git: str, selector: Selector, required_by: tuple[str, ...]
) -> GitRequirement:
    """Return the requirement for a third-party module from the source that the manifest selects."""
    return GitRequirement(
        module=module,
        place=_place(required),
        rule=_RULES[required.manifest.externals],
        git=git,
        want=selector,
        install_path=required.manifest.moduledir,
        required_by=required_by,
        external=external_rule(required),
    )


def locked_externals(required: EnvironmentRequirements, lock: Lock | None) -> Mapping[str, GitRequirement]:
    """Return the requirements of third-party modules that the lock contains because others depend on them.

    Wrongly locked modules are left out, so that a server that only a lock names is never contacted.
    """
    rule = _RULES.get(required.manifest.externals)
    if rule is None or lock is None:
        return {}
    return {
        name: GitRequirement(
            module=name,
            place=_place(required),
            rule=rule,
            git=pin.git,
            want=pin.want,
            install_path=pin.install_path,
            required_by=pin.required_by,
            external=pin.external,
        )
        for name, pin in lock.pins.items()
        if isinstance(pin, GitPin)
        and pin.required_by
        and name not in required.modules
        and not any(external_flaws(required, pin, moduledir=lock.moduledir))
    }


def kept_externals(required: EnvironmentRequirements, lock: Lock | None) -> Mapping[str, GitRequirement]:
    """Return those locked externals that came from the manifest's current source, and so stay unchanged."""
    rule = external_rule(required)
    return {
        name: module
        for name, module in locked_externals(required, lock).items()
        if module.external == rule
        and module.install_path == required.manifest.moduledir
        and not moved_home(required, module.module, module.git)
    }


def with_locked_externals(required: EnvironmentRequirements, lock: Lock | None) -> EnvironmentRequirements:
    """Return the requirements with those of the locked third-party modules added."""
    extra = locked_externals(required, lock)
    return replace(required, modules={**required.modules, **extra}) if extra else required


def why_stale(module: str, required: EnvironmentRequirements, lock: Lock) -> str | None:
    """Return why a pin that the manifest does not name is not as `lock` would write it; None if it is."""
    pin, rule = lock.pins.get(module), external_rule(required)
    if not (isinstance(pin, GitPin) and pin.required_by and rule):
        return "is in the lock, but the manifest no longer requires it"
    if pin.external != rule:
        return f"was added by {pin.external or 'another rule'}, but modules are now added by {rule}"
    if home := moved_home(required, module, pin.git):
        return f"git was {pin.git}, is now {home}"
    requirers = locked_requirers(required, lock).get(module)
    if requirers is None:
        return "is in the lock, but nothing requires it any more"
    if set(requirers) != set(pin.required_by):
        return f"required_by was {', '.join(pin.required_by)}, is now {', '.join(requirers)}"
    return None


def locked_requirers(required: EnvironmentRequirements, lock: Lock) -> Mapping[str, tuple[str, ...]]:
    """Return module to the modules that require it, according to the dependencies in the lock."""
    metadata = {
        name: Metadata(dependencies=tuple(Dependency(*row) for row in pin.dependencies.items()))
        for name, pin in lock.pins.items()
        if isinstance(pin, GitPin)
    }
    return dependency_graph(required.manifest, metadata, lock.pins).requirers()


def _place(required: EnvironmentRequirements) -> Location:
    release = required.manifest.release
    return release.place if release else Location(required.manifest.path)


def is_left_out(module: GitRequirement, before: Lock | None, resolver: RefResolver) -> bool:
    """Return whether the module is omitted because its repository is gone (offline: was omitted before)."""
    failure = resolver.mirrors.get(module.git)
    if not isinstance(failure, SyncFailure):
        return False
    was_left_out = before is not None and module.module not in before.pins
    return failure.kind is FailureKind.NOT_FOUND or (failure.kind is FailureKind.NOT_CACHED and was_left_out)


def left_out(module: GitRequirement, resolver: RefResolver) -> Finding:
    """Return the warning that a module is omitted because its repository is gone.

    This is not an error, because the manifest does not name the module.
    """
    needs = f"{', '.join(module.required_by)} {'needs' if len(module.required_by) == 1 else 'need'} it"
    failure = resolver.mirrors.get(module.git)
    is_gone = isinstance(failure, SyncFailure) and failure.kind is FailureKind.NOT_FOUND
    gone = "the repository does not exist:" if is_gone else "the cache does not have"
    return RULES["external-not-found"].finding(
        module.module,
        f"module '{module.module}': {needs}, but {gone} {module.git}",
        hint="name it under 'modules' with its present URL as 'git', or under 'dependencies: ignore'",
        place=module.place,
    )


Runs = Mapping[str, frozenset[ExternalPin]]


@dataclass(slots=True)
class ExternalChecks:
    """Checks of locked externals in several environments; the gate is read once per release."""

    resolver: RefResolver
    _runs: dict[Series, Runs | None] = field(default_factory=dict)

    def check(self, required: EnvironmentRequirements, lock: Lock, path: str) -> Iterator[Finding]:
        """Yield `lock-differs` for pins that the gate never had and for missing ones, and `gate-unread`.

        `required` is what the manifest names, without locked externals; `path` is the path of the lock.
        """
        mode = required.manifest.externals
        if mode is Externals.DECLARED or (mode is Externals.INTEGRATION and required.series is None):
            return
        if mode is Externals.INTEGRATION and required.series:
            unknown = unpackaged(required, lock)
            if unknown and self.runs(required.series) is None:
                message = (
                    f"third-party modules of release {required.series} were compared only with pinner's packaged data, because what "
                    f"upstream's gate runs could not be read from {URL}"
                )
                place = Location(required.manifest.path)
                yield RULES["gate-unread"].finding(None, message, place=place)
            for module in unknown:
                if flaw := self.flaw(required, module):
                    yield differing_pin(required, module.module, flaw, path)
        for absent, requirers in self._absent(required, lock).items():
            need = "need" if len(requirers) > 1 else "needs"
            flaw = f"it is not in the lock, although {', '.join(requirers)} {need} it and 'externals: newest' adds it"
            yield differing_pin(required, absent, flaw, path)

    def without_flawed(self, required: EnvironmentRequirements) -> EnvironmentRequirements:
        """Return the requirements without modules that only the gate can name but never ran.

        Only the lock names the URLs of those modules.
        """
        unknown = required.git_modules.keys() - without_unknown(required).modules.keys()
        flawed = {name for name in unknown if self.flaw(required, required.git_modules[name])}
        return required.without_modules(flawed)

    def runs(self, series: Series) -> Runs | None:
        """Return everything the gate ran for a release, or None if that cannot be read."""
        if series not in self._runs:
            self._runs[series] = read_runs(series, self.resolver)
        return self._runs[series]

    def flaw(self, required: EnvironmentRequirements, module: GitRequirement) -> str | None:
        """Return why a requirement cannot come from the gate of the environment's release; None if it can."""
        series = required.series
        if series is None:
            return None
        runs = self.runs(series)
        pins = frozenset(integration_pins(series)) if runs is None else runs.get(module.module, frozenset())
        pinned = {(_home(pin), pin.ref) for pin in pins if pin.name == module.module and pin.ref}
        if (module.git, module.want.value) in pinned:
            return None
        want = f"{module.want.selector} {module.want.value}"
        if runs is None and third_party(module.module):
            return None  # not the packaged pin, but the gate may have run it
        return f"upstream's gate has never run it at {want} of {module.git} for release {series}"

    def _absent(self, required: EnvironmentRequirements, lock: Lock) -> Mapping[str, tuple[str, ...]]:
        """Return the modules that `newest` adds and the lock lacks, with those that depend on them.

        With `integration`, an update of other modules does not add any, so `dependency-missing` is enough
        there.
        """
        if required.manifest.externals is not Externals.NEWEST:
            return {}
        read = read_pinned_metadata(lock.pins.values(), self.resolver)
        metadata = metadata_by_module(lock.pins, read)
        requirers = dependency_graph(required.manifest, metadata, lock.pins).requirers()
        absent = {name: external_homes(required, name) for name in requirers if name not in lock.pins}
        homes = {name: homes[0] for name, homes in absent.items() if homes}
        self.resolver.fetch(homes.values())
        mirrors = {name: self.resolver.mirror(home) for name, home in homes.items()}
        return {
            name: requirers[name] for name, mirror in mirrors.items() if mirror and any(release_tags(mirror))
        }


def unpackaged(required: EnvironmentRequirements, lock: Lock | None) -> tuple[GitRequirement, ...]:
    """Return the locked third-party modules that differ from the packaged data; the gate is read for them."""
    if required.manifest.externals is not Externals.INTEGRATION or required.series is None:
        return ()
    packaged = {(pin.name, _home(pin), pin.ref) for pin in integration_pins(required.series)}
    kept = kept_externals(required, lock).values()
    return tuple(one for one in kept if (one.module, one.git, one.want.value) not in packaged)


def without_unknown(required: EnvironmentRequirements) -> EnvironmentRequirements:
    """Return the requirements without the locked modules whose URL is not in the packaged data."""
    externals = [name for name, one in required.git_modules.items() if one.required_by]
    return required.without_modules({name for name in externals if external_homes(required, name) is None})


def _home(pin: ExternalPin) -> str:
    known = third_party(pin.name)
    return known.git if known else pin.git


Source = Callable[[list[PinnedEnvironment], UpdateScope, RefResolver], list[PinnedEnvironment]]
NEWEST = "pinner.locking.newest"
"""The file with `externals: newest`. It has a solver and is loaded only for manifests that use it."""


def add_externals(
    environments: list[PinnedEnvironment], scope: UpdateScope, resolver: RefResolver
) -> list[PinnedEnvironment]:
    """Return the environments with direct and indirect dependencies added and `required_by` updated."""
    if any(each.required.manifest.externals is Externals.NEWEST for each in environments):
        add_newest: Source = importlib.import_module(NEWEST).add_newest
        environments = add_newest(environments, scope, resolver)
    if not scope.is_partial:
        environments = add_from_gate(environments, scope, resolver)
    return [_with_requirers(each) for each in describe_pins(environments, resolver)]


def _with_requirers(environment: PinnedEnvironment) -> PinnedEnvironment:
    """Return the environment with the current requirers of each third-party module.

    If there are none, the previous ones stay until `lock` drops the pin.
    """
    externals = {name: pin for name, pin in environment.git_pins.items() if pin.required_by}
    if environment.failures or not externals:
        return environment
    graph = dependency_graph(environment.required.manifest, environment.metadata, environment.pins)
    requirers = graph.requirers()
    pins = {
        name: replace(pin, required_by=requirers[name])
        for name, pin in externals.items()
        if name in requirers
    }
    return replace(environment, pins={**environment.pins, **pins})


def gate_urls(sets: Iterable[EnvironmentRequirements], scope: UpdateScope) -> tuple[str, ...]:
    """Return the URL of upstream's gate if a manifest follows it and it must be read, else nothing."""
    follows = any(
        required.manifest.externals is Externals.INTEGRATION
        and required.series
        and (not scope.modules or _externals_in_scope(required, scope))
        for required in sets
    )
    return (URL,) if follows else ()


def _externals_in_scope(
    required: EnvironmentRequirements, scope: UpdateScope
) -> Mapping[str, GitRequirement]:
    """Return the third-party modules that are named for an update."""
    names = scope.modules or frozenset()
    return {name: one for name, one in required.git_modules.items() if one.required_by and name in names}


def with_updated_externals(
    required: EnvironmentRequirements, scope: UpdateScope, resolver: RefResolver
) -> EnvironmentRequirements:
    """Return the requirements with the named third-party modules as upstream's gate runs them now."""
    modules = _externals_in_scope(required, scope)
    if required.manifest.externals is not Externals.INTEGRATION or required.series is None or not modules:
        return required
    gate = read_gate(required.series, resolver).pins
    extra = {
        name: _with_kind(gate_requirement(required, pin, pin.ref, module.required_by), resolver)
        for name, module in modules.items()
        if (pin := gate.get(name)) and pin.ref
    }
    return required.with_modules(extra)


def add_from_gate(
    environments: list[PinnedEnvironment], scope: UpdateScope, resolver: RefResolver
) -> list[PinnedEnvironment]:
    """Add what the pinned modules require and the gate pins, repeatedly, until nothing more is required."""
    if not any(each.required.manifest.externals is Externals.INTEGRATION for each in environments):
        return environments
    gates = _Gates(resolver, scope, ExternalChecks(resolver))
    while True:
        environments = describe_pins(environments, resolver)
        extras = [gates.requirements(each) for each in environments]
        resolver.fetch(module.git for extra in extras for module in extra.values())
        added = [gates.add(each, extra) for each, extra in zip(environments, extras, strict=True)]
        if added == environments:
            return environments
        environments = added


@dataclass(slots=True)
class _Gates:
    """The modules that the gate runs for each release, read once per run."""

    resolver: RefResolver
    scope: UpdateScope
    checks: ExternalChecks
    _gates: dict[Series, Gate] = field(default_factory=dict)
    _reported: set[Series] = field(default_factory=set)

    def gate(self, series: Series) -> Gate:
        if series not in self._gates:
            self._gates[series] = read_gate(series, self.resolver)
        return self._gates[series]

    def requirements(self, environment: PinnedEnvironment) -> Mapping[str, GitRequirement]:
        """Return what the pinned modules require and is not pinned yet.

        For `lock`, the locked externals that the gate ran stay; for `update`, only if it could not be read.
        """
        required, series = environment.required, environment.required.series
        if environment.failures or required.manifest.externals is not Externals.INTEGRATION:
            return {}
        kept: Mapping[str, GitRequirement] = {}
        if self.scope.modules is None or series is None or self.gate(series).flaw:
            externals = kept_externals(required, environment.before)
            kept = {name: one for name, one in externals.items() if not self.checks.flaw(required, one)}
        graph = dependency_graph(required.manifest, environment.metadata, environment.pins)
        gate = self.gate(series).pins if series else {}
        return external_requirements(environment, graph.requirers(), gate=gate, kept=kept)

    def add(self, environment: PinnedEnvironment, extra: Mapping[str, GitRequirement]) -> PinnedEnvironment:
        """Return the environment with `extra` modules; those whose repository is gone are omitted with a note."""
        gone = [one for one in extra.values() if is_left_out(one, environment.before, self.resolver)]
        found = {name: _with_kind(one, self.resolver) for name, one in extra.items() if one not in gone}
        notes = [*environment.notes, *(left_out(one, self.resolver) for one in gone)]
        series = environment.required.series
        known = kept_externals(environment.required, environment.before) if self.scope.modules is None else {}
        if found.keys() - known.keys() and series not in self._reported and series and self.gate(series).flaw:
            self._reported.add(series)
            message = (
                f"third-party modules of release {series} are pinned as in pinner's packaged data, because what upstream's gate "
                f"runs could not be read: {self.gate(series).flaw}"
            )
            place = Location(environment.required.manifest.path)
            notes.append(RULES["gate-unread"].finding(None, message, place=place))
        environment = replace(environment, notes=tuple(dict.fromkeys(notes)))
        return repin(environment, found, self.scope, self.resolver) if found else environment


def _with_kind(module: GitRequirement, resolver: RefResolver) -> GitRequirement:
    """Return the requirement with a branch selector if only a branch, and no tag, has that name.

    A Puppetfile does not distinguish the two.
    """
    resolver.fetch([module.git])
    mirror = resolver.mirror(module.git)
    name = module.want.value
    if mirror is None or module.want.selector is not SelectorKind.TAG or mirror.refs.tag(name):
        return module
    return replace(module, want=Selector(SelectorKind.BRANCH, name)) if mirror.refs.branch(name) else module
