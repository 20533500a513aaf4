"""`pinner list`, `tree`, `show`, `why` and `sbom`: what environments contain, and why. No remote is contacted for what the cache has."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from pinner.locking.checks import overrides_of, pins_by_name, runtimes_of, short_name_of_module
from pinner.locking.requirements import EnvironmentRequirements, read_requirements
from pinner.model.errors import InputError, Problem, UnknownError
from pinner.model.lock import Dependency, GitPin, Lock, Pin
from pinner.model.module_api import DefinitionKind
from pinner.model.results import (
    Bill,
    DependencyTree,
    Dependent,
    EnvironmentSummary,
    KeyMeaning,
    ModuleContents,
    Need,
    Reason,
)
from pinner.model.text import nearest, quoted
from pinner.openstack.catalogue import canonical_module, phase_today, release_of, status_of
from pinner.project.files import list_environments
from pinner.project.manifest.read import read_manifests
from pinner.workspace.apis import read_pinned_apis
from pinner.workspace.locks import read_lock_ref
from pinner.workspace.workspace import Workspace


def summarize_environments(
    workspace: Workspace, environments: tuple[str, ...]
) -> tuple[EnvironmentSummary, ...]:
    """Return the environments (none named: all) with their releases and locks."""
    sets = read_requirements(workspace, environments)
    locks = workspace.locks(tuple(required.environment for required in sets))
    return tuple(
        EnvironmentSummary(
            name=required.environment,
            release=required.series.id if required.series else None,
            lock=locks[required.environment],
            bases=required.manifest.bases,
            description=required.manifest.description,
            owners=required.manifest.owners,
        )
        for required in sets
    )


def read_tree(
    workspace: Workspace, environment: str, module: str | None, *, is_reversed: bool = False
) -> DependencyTree:
    """Return the dependencies between the locked modules, from `module` or from those that nothing requires.

    With `is_reversed`, a module's branches are the modules that require it. Raises InputError if there is no
    lock, or no such module in it.
    """
    required, lock = _locked(workspace, environment)
    if module is not None:
        _require_module(module, lock)
    needs = _needs(required, lock)
    if is_reversed:
        turned: dict[str, list[Need]] = {name: [] for name in needs}
        for name, row in needs.items():
            for need in row:
                turned.setdefault(need.module, []).append(Need(name, need.range, is_pinned=True))
        needs = {name: tuple(row) for name, row in sorted(turned.items())}
    return DependencyTree(
        environment, lock, needs, (module,) if module else _roots(lock.pins, needs), is_reversed
    )


def show_module(
    workspace: Workspace, environment: str, module: str, definition: str | None
) -> ModuleContents:
    """Return what a module defines at its pin, all of it or the class, defined type, function or type so named.

    Raises InputError if the lock has no such module, or the module nothing of that name, and UnknownError if
    its code could not be read.
    """
    _, lock = _locked(workspace, environment)
    pin = _require_module(module, lock)
    found = read_pinned_apis(Lock(environment, {module: pin}, lock.moduledir), workspace)
    if found.problems:
        raise UnknownError(found.problems)
    if module not in found.apis:
        reason = found.unread.get(module, "it is not a Puppet module")
        raise UnknownError(Problem(f"the code of module '{module}' cannot be shown: {reason}"))
    read = found.forge.get(module, pin)
    if not isinstance(read, GitPin):
        raise UnknownError(Problem(f"module '{module}' is from the Forge: its code is in no repository"))
    api = found.apis[module]
    if definition is not None:
        name = definition.removeprefix("::").lower()
        chosen = tuple(one for one in api.definitions if one.name.lower() == name)
        if not chosen:
            hint = nearest(name, sorted({one.name for one in api.definitions}))
            message = f"module '{module}' of {environment} defines nothing named {quoted(name)}"
            raise InputError(Problem(message, hint=hint or f"'pinner show {environment} {module}' lists all"))
        api, definition = replace(api, definitions=chosen, unreadable=()), chosen[0].name
    return ModuleContents(environment, pin, read.git, read.commit, api, definition)


def _locked(workspace: Workspace, environment: str) -> tuple[EnvironmentRequirements, Lock]:
    (required,) = read_requirements(workspace, (environment,))
    lock = workspace.locks((environment,))[environment]
    if lock is None:
        hint = f"run 'pinner lock {environment}'"
        raise InputError(Problem(f"environment '{environment}' has no lock", hint=hint))
    return required, lock


def _require_module(module: str, lock: Lock) -> Pin:
    pin = lock.pins.get(module)
    if pin is None:
        hint = nearest(module, sorted(lock.pins)) or f"it has {', '.join(sorted(lock.pins))}"
        raise InputError(
            Problem(f"environment '{lock.environment}' has no module {quoted(module)}", hint=hint)
        )
    return pin


def _needs(required: EnvironmentRequirements, lock: Lock) -> Mapping[str, tuple[Need, ...]]:
    overrides, pins = overrides_of(required.manifest), pins_by_name(lock.pins)
    needs: dict[str, tuple[Need, ...]] = {}
    for name, pin in sorted(lock.pins.items()):
        rows = (Dependency(*row) for row in pin.dependencies.items()) if isinstance(pin, GitPin) else ()
        found: dict[str, Need] = {}
        for edge in overrides.edges(name, rows):
            target = pins.get(canonical_module(edge.name)) or pins.get(edge.target)
            module = target.module if target else edge.target
            found[module] = Need(module, edge.range, is_pinned=target is not None)
        needs[name] = tuple(found[module] for module in sorted(found) if module != name)
    return needs


def _roots(modules: Iterable[str], needs: Mapping[str, tuple[Need, ...]]) -> tuple[str, ...]:
    """Return the modules that no other one leads to; of modules in a circle, the first by name."""
    roots: list[str] = []
    reached: set[str] = set()
    led_to = {need.module for row in needs.values() for need in row}
    names = sorted(modules)
    for name in (*(one for one in names if one not in led_to), *names):
        if name in reached:
            continue
        roots.append(name)
        waiting = [name]
        while waiting:
            if (here := waiting.pop()) not in reached:
                reached.add(here)
                waiting += [need.module for need in needs.get(here, ())]
    return tuple(roots)


def explain_pin(workspace: Workspace, environment: str, name: str) -> Reason:
    """Return where a module's pin comes from; raises InputError if the environment has no such module.

    `name` is the module's, or that of something in it: a class, a type, or a parameter as Hiera keys name it.
    """
    key = name.removeprefix("::").lower()
    module = key.partition("::")[0] if "::" in key else name
    (required,) = read_requirements(workspace, (environment,))
    lock = workspace.locks((environment,))[environment]
    requirement = required.modules.get(module)
    pin = lock.pins.get(module) if lock else None
    if requirement is None and pin is None:
        names = sorted({*required.modules, *(lock.pins if lock else ())})
        hint = nearest(module, names) or f"it has {', '.join(names)}"
        raise InputError(Problem(f"environment '{environment}' has no module {quoted(module)}", hint=hint))
    override = required.manifest.modules.get(module)
    of_ref = status_of(pin) if isinstance(pin, GitPin) else None
    return Reason(
        environment=environment,
        module=module,
        rule=requirement.rule if requirement else None,
        place=requirement.place if requirement else None,
        is_inherited=bool(requirement and requirement.place.path != required.manifest.path),
        release=required.manifest.release,
        pin=pin,
        dependents=_dependents(lock, pin, module) if lock else (),
        reason=override.reason if override else None,
        until=override.until if override else None,
        key=_meaning(workspace, environment, pin, key) if "::" in key else None,
        phase=phase_today(of_ref, release_of(pin)) if isinstance(pin, GitPin) and of_ref else None,
    )


def _meaning(workspace: Workspace, environment: str, pin: Pin | None, key: str) -> KeyMeaning:
    """Return what `module::name` means at a pin, from the cache."""
    if pin is None:
        return KeyMeaning(key, unknown=f"{environment} has no lock with this module")
    found = read_pinned_apis(Lock(environment, {pin.module: pin}, pin.install_path), workspace)
    api = found.apis.get(pin.module)
    if api is None:
        reasons = [problem.message for problem in found.problems]
        return KeyMeaning(
            key, unknown="; ".join(reasons) or found.unread.get(pin.module, "it has no Puppet code")
        )
    by_name = {one.name.lower(): one for one in api.definitions}
    if key in by_name:
        return KeyMeaning(key, by_name[key])
    owner = by_name.get(key.rpartition("::")[0])
    last = key.rpartition("::")[2]
    parameters = owner.parameters if owner and owner.kind is DefinitionKind.CLASS else ()
    parameter = next((one for one in parameters if one.name == last), None)
    return KeyMeaning(key, owner if parameter else None, parameter)


def _dependents(lock: Lock, pin: Pin | None, module: str) -> tuple[Dependent, ...]:
    """Return the modules that depend on this one; canonical Forge names also match old owners' names."""
    name = pin.name if isinstance(pin, GitPin) and pin.name else module
    return tuple(
        Dependent(other.module, needed)
        for other in lock.pins.values()
        if isinstance(other, GitPin)
        for dependency, needed in other.dependencies.items()
        if canonical_module(dependency) == canonical_module(name)
    )


def read_bill(workspace: Workspace, text: str) -> Bill:
    """Return the bill of materials of an environment, ENV@REV or a lock file.

    Raises InputError if there is no lock.
    """
    lock = read_lock_ref(text, workspace).lock
    by_name = pins_by_name(lock.pins)
    needs = {module: _required_modules(pin, by_name) for module, pin in sorted(lock.pins.items())}
    direct = (name for name, pin in sorted(lock.pins.items()) if not getattr(pin, "required_by", ()))
    # What the environment runs according to its present manifest; nothing is known of other locks.
    is_present = text in list_environments(workspace.project).environments
    manifests = read_manifests(workspace.project, (text,)).manifests if is_present else ()
    runtimes = {name: version for one in manifests for name, version in runtimes_of(one).items()}
    return Bill(lock, needs, tuple(direct), runtimes)


def _required_modules(pin: Pin, by_name: Mapping[str, Pin]) -> tuple[str, ...]:
    if not isinstance(pin, GitPin):
        return ()
    found = (
        by_name.get(canonical_module(name)) or by_name.get(short_name_of_module(name))
        for name in pin.dependencies
    )
    return tuple(sorted({other.module for other in found if other and other.module != pin.module}))
