"""`pinner why`: where a pin comes from, from the manifest's line to the modules that need it. Asks nobody."""

from dataclasses import dataclass

from pinner.openstack.catalogue import canonical_module
from pinner.operations.wanted import Rule, Wanted
from pinner.operations.workspace import Workspace
from pinner.project.quoting import near, quote
from pinner.words.manifests import Text
from pinner.words.pins import GitPin, Lock, Pin
from pinner.words.places import Place
from pinner.words.problems import InputError, Problem


@dataclass(frozen=True, slots=True)
class Dependent:
    """A module of the same environment that depends on the asked one, with the range it wants."""

    module: str
    range: str


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a module is in an environment: who asks for it, where, and what that means in the lock.

    `is_inherited` tells that the line stands in a base, not in the environment's own manifest.
    """

    environment: str
    module: str
    rule: Rule | None
    place: Place | None
    is_inherited: bool
    release: Text | None
    wanted: Wanted | None
    pin: Pin | None
    dependents: tuple[Dependent, ...]
    reason: Text | None = None
    until: Text | None = None


def explain(workspace: Workspace, environment: str, module: str) -> Reason:
    """Return where that module's pin comes from; raises InputError where the environment has no such module."""
    (wanted,) = workspace.want((environment,))
    lock = workspace.locks((environment,))[environment]
    wish = wanted.modules.get(module)
    pin = lock.pins.get(module) if lock else None
    if wish is None and pin is None:
        names = sorted({*wanted.modules, *(lock.pins if lock else ())})
        hint = near(module, names) or f"it has {', '.join(names)}"
        raise InputError(Problem(f"environment '{environment}' has no module {quote(module)}", hint=hint))
    override = wanted.manifest.modules.get(module)
    return Reason(
        environment=environment,
        module=module,
        rule=wish.rule if wish else None,
        place=wish.place if wish else None,
        is_inherited=bool(wish and wish.place.path != wanted.manifest.path),
        release=wanted.manifest.release,
        wanted=wish,
        pin=pin,
        dependents=_dependents(lock, pin, module) if lock else (),
        reason=override.reason if override else None,
        until=override.until if override else None,
    )


def _dependents(lock: Lock, pin: Pin | None, module: str) -> tuple[Dependent, ...]:
    """Compare by canonical Forge names, so that an old owner's name counts too."""
    name = pin.name if isinstance(pin, GitPin) and pin.name else module
    return tuple(
        Dependent(other.module, wanted)
        for other in lock.pins.values()
        if isinstance(other, GitPin)
        for dependency, wanted in other.dependencies.items()
        if canonical_module(dependency) == canonical_module(name)
    )
