"""Third-party modules that nobody named: pinned as upstream's gate runs them, each with who required it.

Only what a pinned module's metadata asks for is added, step by step, and only where the manifest says so
(`dependencies: {externals: integration}`).
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from pinner.openstack.catalogue import ExternalPin, canonical_module, integration_pins, third_party
from pinner.operations.wanted import Rule, WantedGit, WantedSet
from pinner.words.manifests import Externals
from pinner.words.metadata import Metadata
from pinner.words.pins import ForgePin, GitPin, Lock, Pin
from pinner.words.places import Place
from pinner.words.wants import Selector, Want

COMMIT = re.compile(r"[0-9a-f]{40}")


def external_wants(
    wanted: WantedSet, pins: Mapping[str, Pin], metadata: Mapping[str, Metadata]
) -> Mapping[str, WantedGit]:
    """Return the third-party modules that the pinned ones ask for, that are not pinned yet, and that the gate pins.

    `metadata` is by module name. What the gate lets float is left out: then `dependency-missing` tells of it.
    """
    if wanted.manifest.externals is not Externals.INTEGRATION:
        return {}
    known = {external.name: external for external in _gate_pins(wanted)}
    requirers = _missing(wanted, pins, metadata)
    found: dict[str, WantedGit] = {}
    for name, modules in requirers.items():
        external = known.get(_short(name))
        if external is not None and external.ref is not None:
            found[external.name] = _want(wanted, external, external.ref, modules)
    return found


def _gate_pins(wanted: WantedSet) -> Iterable[ExternalPin]:
    return integration_pins(wanted.series) if wanted.series else ()


def _missing(
    wanted: WantedSet, pins: Mapping[str, Pin], metadata: Mapping[str, Metadata]
) -> Mapping[str, tuple[str, ...]]:
    """Return canonical Forge name to the modules that ask for it, for what is neither pinned nor ignored."""
    ignored = {_short(text.value) for text in wanted.manifest.ignored_dependencies}
    present = {canonical_module(name) for pin in pins.values() if (name := _forge_name(pin))} | pins.keys()
    requirers: dict[str, set[str]] = {}
    for module, facts in metadata.items():
        for dependency in facts.dependencies:
            name = canonical_module(dependency.name)
            if not {name, _short(name)} & present and _short(name) not in ignored:
                requirers.setdefault(name, set()).add(module)
    return {name: tuple(sorted(modules)) for name, modules in sorted(requirers.items())}


def _forge_name(pin: Pin) -> str | None:
    return pin.forge if isinstance(pin, ForgePin) else pin.name


def _short(name: str) -> str:
    return name.rpartition("/")[2]


def locked_externals(wanted: WantedSet, lock: Lock) -> Mapping[str, WantedGit]:
    """Return the third-party modules that the lock holds because others required them, as they were wanted then."""
    if wanted.manifest.externals is Externals.DECLARED:
        return {}
    return {
        name: WantedGit(
            module=name,
            place=_place(wanted),
            rule=Rule.INTEGRATION,
            git=pin.git,
            want=pin.want,
            install_path=pin.install_path,
            required_by=pin.required_by,
        )
        for name, pin in lock.pins.items()
        if isinstance(pin, GitPin) and pin.required_by and name not in wanted.modules
    }


def with_locked_externals(wanted: WantedSet, lock: Lock | None) -> WantedSet:
    """Return what is wanted together with what the lock holds because others required it."""
    extra = locked_externals(wanted, lock) if lock else {}
    return replace(wanted, modules={**wanted.modules, **extra}) if extra else wanted


def _place(wanted: WantedSet) -> Place:
    release = wanted.manifest.release
    return release.place if release else Place(wanted.manifest.path)


def _want(wanted: WantedSet, external: ExternalPin, ref: str, required_by: tuple[str, ...]) -> WantedGit:
    home = third_party(external.name)
    return WantedGit(
        module=external.name,
        place=_place(wanted),
        rule=Rule.INTEGRATION,
        git=home.git if home else external.git,
        want=Want(Selector.COMMIT if COMMIT.fullmatch(ref) else Selector.TAG, ref),
        install_path=wanted.manifest.moduledir,
        required_by=required_by,
    )
