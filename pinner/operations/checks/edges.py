"""Which module of a set asks for which other, as its metadata and the manifest's overrides have it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pinner.openstack.catalogue import canonical_module
from pinner.operations.checks.subject import PinnedEnvironment
from pinner.words.manifests import Text
from pinner.words.metadata import Dependency
from pinner.words.pins import ForgePin, Pin


@dataclass(frozen=True, slots=True)
class Edge:
    """That `module` asks for another: `override` is the manifest's range, `pin` what is pinned under that name."""

    module: str
    dependency: Dependency
    override: Text | None
    pin: Pin | None

    @property
    def name(self) -> str:
        """Return the other module's own name, which is its directory's."""
        return short(self.dependency.name)

    @property
    def range(self) -> str:
        """Return the range that counts."""
        return self.dependency.range if self.override is None else self.override.value

    @property
    def words(self) -> str:
        """Say what is asked for."""
        instead = "" if self.override is None else ", by the manifest's override"
        return f"wants {self.dependency.name} {self.range}".rstrip() + instead


def edges_of(environment: PinnedEnvironment) -> Iterator[Edge]:
    """Yield who asks for what, by module name, without the dependencies that the manifest ignores."""
    pinned = pins_by_name(environment.lock.pins)
    ignored = {short(name.value) for name in environment.wanted.manifest.ignored_dependencies}
    for module in sorted(environment.metadata):
        overrides = _overrides(environment, module)
        for dependency in environment.metadata[module].dependencies:
            name = short(dependency.name)
            if name not in ignored:
                pin = pinned.get(canonical_module(dependency.name)) or pinned.get(name)
                yield Edge(module, dependency, overrides.get(name), pin)


def short(name: str) -> str:
    """Return a module's own name for `owner/module`, `owner-module` or itself."""
    return (name if "/" in name else name.replace("-", "/", 1)).rpartition("/")[2]


def _overrides(environment: PinnedEnvironment, module: str) -> Mapping[str, Text]:
    written = environment.wanted.manifest.overridden_dependencies.get(module, {})
    return {short(name): text for name, text in written.items()}


def pins_by_name(pins: Mapping[str, Pin]) -> Mapping[str, Pin]:
    """Return canonical Forge name to pin, and directory name to pin: a fork under another owner is what Puppet finds."""
    by_name = dict(pins)
    for pin in pins.values():
        name = pin.forge if isinstance(pin, ForgePin) else pin.name
        if name:
            by_name[canonical_module(name)] = pin
    return by_name
