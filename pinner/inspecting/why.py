"""`pinner why` and `pinner sbom`: explain a pin, and list modules with their dependencies; no remote is contacted."""

from collections.abc import Mapping

from pinner.locking.graph import pins_by_name, runtimes_of, short_name_of_module
from pinner.locking.requirements import read_requirements
from pinner.model.errors import InputError, Problem
from pinner.model.lock import GitPin, Lock, Pin
from pinner.model.module_api import DefinitionKind
from pinner.model.results import Bill, Dependent, KeyMeaning, Reason
from pinner.model.text import nearest, quote
from pinner.openstack.homes import canonical_module
from pinner.project.layout import list_environments
from pinner.project.manifest.read import read_manifests
from pinner.workspace.apis import read_pinned_apis
from pinner.workspace.locks import read_lock_ref
from pinner.workspace.workspace import Workspace


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
        raise InputError(Problem(f"environment '{environment}' has no module {quote(module)}", hint=hint))
    override = required.manifest.modules.get(module)
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
    needs = {module: _needs(pin, by_name) for module, pin in sorted(lock.pins.items())}
    direct = (name for name, pin in sorted(lock.pins.items()) if not getattr(pin, "required_by", ()))
    return Bill(lock, needs, tuple(direct), _runtimes(workspace, text))


def _runtimes(workspace: Workspace, text: str) -> Mapping[str, str]:
    """Return what the environment runs according to its present manifest; nothing for other locks."""
    if text not in list_environments(workspace.project).environments:
        return {}
    read = read_manifests(workspace.project, (text,))
    return {name: version for manifest in read.manifests for name, version in runtimes_of(manifest).items()}


def _needs(pin: Pin, by_name: Mapping[str, Pin]) -> tuple[str, ...]:
    if not isinstance(pin, GitPin):
        return ()
    found = (
        by_name.get(canonical_module(name)) or by_name.get(short_name_of_module(name))
        for name in pin.dependencies
    )
    return tuple(sorted({other.module for other in found if other and other.module != pin.module}))
