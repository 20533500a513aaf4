"""`pinner sbom`: what a lock holds, as parts and who of them needs whom. Asks no remote."""

from collections.abc import Mapping
from dataclasses import dataclass

from pinner.openstack.catalogue import canonical_module
from pinner.operations.checks.edges import pins_by_name, short
from pinner.operations.sides import read_side
from pinner.operations.workspace import Workspace
from pinner.words.pins import GitPin, Lock, Pin


@dataclass(frozen=True, slots=True)
class Bill:
    """A lock's bill of materials. `needs` maps a module to those modules of the lock that it depends on, sorted.

    `direct` names what the manifest asks for, by name; every other module is there because one of them needs it.
    """

    lock: Lock
    needs: Mapping[str, tuple[str, ...]]
    direct: tuple[str, ...]


def read_bill(workspace: Workspace, text: str) -> Bill:
    """Return the bill of an environment, ENV@REV or a lock's path; raises InputError where there is no lock."""
    lock = read_side(text, workspace).lock
    by_name = pins_by_name(lock.pins)
    needs = {module: _needs(pin, by_name) for module, pin in sorted(lock.pins.items())}
    direct = (name for name, pin in sorted(lock.pins.items()) if not getattr(pin, "required_by", ()))
    return Bill(lock, needs, tuple(direct))


def _needs(pin: Pin, by_name: Mapping[str, Pin]) -> tuple[str, ...]:
    if not isinstance(pin, GitPin):
        return ()
    found = (by_name.get(canonical_module(name)) or by_name.get(short(name)) for name in pin.dependencies)
    return tuple(sorted({other.module for other in found if other and other.module != pin.module}))
