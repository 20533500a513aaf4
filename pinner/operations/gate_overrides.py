"""Overrides for the pairs that upstream's gate runs although metadata forbids them: which of them a manifest lacks."""

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TypeGuard

from pinner.openstack.catalogue import gate_misfits
from pinner.openstack.packaged import Misfit
from pinner.openstack.series import Series, all_series
from pinner.operations.checks.edges import short
from pinner.puppet.ranges import Range, parse_range
from pinner.puppet.versions import Version, parse_version
from pinner.words.manifests import Externals, Manifest, Text
from pinner.words.pins import GitPin, Pin
from pinner.words.places import Place


@dataclass(frozen=True, slots=True)
class GateOverride:
    """The range that a manifest must give for one pair; `old` is the one it gives, None if it gives none.

    `key` is the dependency as the manifest spells it.
    """

    misfit: Misfit
    key: str
    range: str
    old: Text | None = None


def lacking_overrides(
    manifest: Manifest, series: Series, pins: Mapping[str, Pin], unsatisfied: Container[str | None]
) -> tuple[GateOverride, ...]:
    """Return the overrides that the manifest lacks for pairs that are pinned as the gate of the series runs them.

    `unsatisfied` are the modules that were found not to get what they want.
    """
    if manifest.externals is not Externals.INTEGRATION:
        return ()
    known = (misfit for misfit in gate_misfits(series) if _is_pinned(misfit, pins))
    pairs = dict.fromkeys((*known, *_outgrown(manifest, pins)))
    return tuple(lack for pair in pairs if pair.module in unsatisfied for lack in _lacking(manifest, pair))


def with_overrides(manifest: Manifest, overrides: tuple[GateOverride, ...]) -> Manifest:
    """Return the manifest as if it gave these ranges as well."""
    merged = {module: dict(ranges) for module, ranges in manifest.overridden_dependencies.items()}
    for one in overrides:
        place = one.old.place if one.old else Place(manifest.path)
        merged.setdefault(one.misfit.module, {})[one.key] = Text(one.range, place)
    return replace(manifest, overridden_dependencies=merged)


def gate_range(misfit: Misfit) -> str:
    """Return the module's own range up to what the gate runs.

    Its beginning stays, for the manifest may be extended by an environment on an older release.
    """
    return _up_to(_version(misfit), parse_range(misfit.range))


def _is_pinned(misfit: Misfit, pins: Mapping[str, Pin]) -> bool:
    pin = pins.get(misfit.dependency)
    return misfit.module in pins and pin is not None and pin.version == misfit.version


def _outgrown(manifest: Manifest, pins: Mapping[str, Pin]) -> Iterator[Misfit]:
    """Yield the pairs of the gate for which a manifest still has the override that an older release needed.

    The module's own metadata allows by now what that override forbids.
    """
    for module, ranges in manifest.overridden_dependencies.items():
        pin = pins.get(module)
        wants = pin.dependencies if isinstance(pin, GitPin) else {}
        for name, wanted in wants.items():
            needed = pins.get(short(name))
            given = next((text.value for key, text in ranges.items() if short(key) == short(name)), None)
            if given is None or not _is_of_the_gate(needed):
                continue
            was_needed = any(_allows(given, version) for version in _once_run(module, short(name)))
            if was_needed and _allows(wanted, needed.version or ""):
                yield Misfit(module, short(name), wanted, needed.version or "")


def _is_of_the_gate(pin: Pin | None) -> TypeGuard[GitPin]:
    return isinstance(pin, GitPin) and (pin.external or "").startswith(Externals.INTEGRATION)


def _once_run(module: str, dependency: str) -> Iterator[str]:
    """Yield the versions that the gate has run beside a module against its metadata, in any release."""
    for series in all_series():
        for misfit in gate_misfits(series):
            if (misfit.module, misfit.dependency) == (module, dependency):
                yield misfit.version


def _allows(text: str, version: str) -> bool:
    wanted, pinned = parse_range(text), parse_version(version)
    return pinned is not None and wanted.matches(pinned)


def _lacking(manifest: Manifest, misfit: Misfit) -> Iterator[GateOverride]:
    given = manifest.overridden_dependencies.get(misfit.module, {})
    key = next((name for name in given if short(name) == misfit.dependency), None)
    if key is None:
        yield GateOverride(misfit, misfit.dependency, gate_range(misfit))
        return
    old = parse_range(given[key].value)
    if not old.is_unreadable and not old.matches(_version(misfit)):
        yield GateOverride(misfit, key, _widened(old, _version(misfit)), given[key])


def _widened(old: Range, version: Version) -> str:
    """Return a range with everything of the old one, and the version."""
    if len(old.intervals) == 1 and old.intervals[0].begin < version:
        return _up_to(version, old)
    return f"{old.text} || >= {version} < {version.major + 1}.0.0"


def _up_to(version: Version, old: Range) -> str:
    begin = min([*(interval.begin for interval in old.intervals), version])
    return f">= {begin} < {version.major + 1}.0.0"


def _version(misfit: Misfit) -> Version:
    version = parse_version(misfit.version)
    if version is None:
        raise AssertionError
    return version
