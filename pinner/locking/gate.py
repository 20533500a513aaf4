"""Read which third-party versions upstream's gate runs, and derive the overrides that a manifest lacks.

The gate is the CI of puppet-openstack-integration; its Puppetfile is read at the ref of the release. If that
is not possible, the data packaged with pinner are used instead.
"""

import json
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, replace

from pinner.git.objects.history import commits_that_changed, merge_base
from pinner.git.objects.read import read_files
from pinner.git.process.repository import Mirror
from pinner.locking.checks import fits, short_name_of_module
from pinner.locking.requirements import GitRequirement
from pinner.locking.resolve import RefResolver
from pinner.model.errors import Location
from pinner.model.findings import Finding
from pinner.model.lock import Externals, GitPin, Pin, Selector, SelectorKind, Series
from pinner.model.manifest import Manifest, RequirementSource, Text
from pinner.model.text import check_git_url
from pinner.openstack.catalogue import (
    ModuleEntry,
    all_series,
    find_module,
    gate_misfits,
    integration_pins,
    ref_candidates,
)
from pinner.openstack.facts import ExternalPin, Misfit
from pinner.puppet.names import check_module_name, check_ref_name
from pinner.puppet.puppetfile.reader import read_puppetfile
from pinner.puppet.versions import Range, Version, parse_range, parse_version
from pinner.workspace.workspace import CacheKey

URL = "https://opendev.org/openstack/puppet-openstack-integration"
PUPPETFILE = "Puppetfile"
MAX_BYTES = 1024 * 1024

_MAIN_REFS = ("refs/heads/master", "refs/heads/main")


@dataclass(frozen=True, slots=True)
class Gate:
    """The third-party modules that the gate runs for a release, by name.

    `flaw` is the reason why they could not be read from upstream and are the packaged ones; else it is None.
    """

    pins: Mapping[str, ExternalPin]
    flaw: str | None = None


def read_gate(series: Series, resolver: RefResolver) -> Gate:
    """Return what the gate runs for a series, contacting its repository unless that was already done."""
    resolver.fetch([URL])
    packaged = {pin.name: pin for pin in integration_pins(series)}
    resolution = resolver.resolve(_requirement(series))
    if isinstance(resolution, Finding):
        return Gate(packaged, resolution.message.partition(": ")[2])
    mirror = resolver.mirror(URL)
    pins = _pins_at(resolution.commit, mirror, resolver) if mirror else ()
    if not pins:
        flaw = f"no readable {PUPPETFILE} at {resolution.ref} of {URL}"
        return Gate(packaged, flaw)
    foreign = (pin for pin in pins if not isinstance(find_module(pin.name, series), ModuleEntry))
    return Gate({pin.name: pin for pin in foreign})


def read_runs(series: Series, resolver: RefResolver) -> Mapping[str, frozenset[ExternalPin]] | None:
    """Return each third-party module with all pins that the gate ever had for a release; None if unreadable.

    The pins come from all versions of the Puppetfile on the release's ref since it was cut from the main
    branch, and from the packaged data. A pin without a ref means that some version of the file does not pin
    the module, or lacks it.
    """
    resolver.fetch([URL])
    resolution, mirror = resolver.resolve(_requirement(series)), resolver.mirror(URL)
    if isinstance(resolution, Finding) or mirror is None:
        return None
    files = [
        pins
        for commit in _versions(series, resolution.commit, mirror)
        if (pins := _pins_at(commit, mirror, resolver))
    ]
    if not files:
        return None
    found: dict[str, set[ExternalPin]] = {}
    for pin in (*integration_pins(series), *(pin for pins in files for pin in pins)):
        found.setdefault(pin.name, set()).add(pin)
    for name, ever in found.items():
        if any(name not in {pin.name for pin in file} for file in files):
            ever.add(ExternalPin(name, "", None))
    return {name: frozenset(pins) for name, pins in found.items()}


def _versions(series: Series, tip: str, mirror: Mirror) -> tuple[str, ...]:
    """Return the commits at which the Puppetfile may differ.

    These are the tip, the commits that changed the file since the branch was cut, and the commit at which it
    was cut.
    """
    refs = mirror.refs.commits
    main = next((refs[name] for name in _MAIN_REFS if name in refs), None)
    earlier = [
        refs[candidate.ref]
        for other in all_series()
        if other < series
        for candidate in ref_candidates(URL, other)
        if candidate.ref in refs
    ]
    outside = [commit for commit in (main, *earlier) if commit]
    commits = commits_that_changed(mirror, tip, PUPPETFILE, outside=outside)
    cut = merge_base(mirror, tip, main) if main else None
    return tuple(dict.fromkeys([tip, *commits, *([cut] if cut else [])]))


def _requirement(series: Series) -> GitRequirement:
    return GitRequirement(
        module="openstack_integration",
        place=Location(URL),
        rule=RequirementSource.INTEGRATION,
        git=URL,
        want=Selector(SelectorKind.RELEASE, series.id),
        install_path="",
        series=series,
        candidates=ref_candidates(URL, series),
    )


def _pins_at(commit: str, mirror: Mirror, resolver: RefResolver) -> tuple[ExternalPin, ...]:
    def read(_unread: object) -> Mapping[str, tuple[ExternalPin, ...]]:
        content = read_files(mirror, [(commit, PUPPETFILE)], max_bytes=MAX_BYTES)[commit, PUPPETFILE]
        return {commit: read_pins(content) if isinstance(content, bytes) else ()}

    return resolver.workspace.cached(_PINS, [commit], read)[commit]


# Increase the number when the Puppetfile reader changes its results: it is part of the cache key.
_PINS: CacheKey[tuple[ExternalPin, ...]] = CacheKey(
    "gate-1",
    lambda pins: json.dumps([[pin.name, pin.git, pin.ref] for pin in pins], separators=(",", ":")),
    lambda text: tuple(ExternalPin(*row) for row in json.loads(text)),
)


@dataclass(frozen=True, slots=True)
class GateOverride:
    """The range that a manifest must give for one pair of modules.

    `old` is the range that it gives now, if any; `key` is the dependency's name as spelt in the manifest.
    """

    misfit: Misfit
    key: str
    range: str
    old: Text | None = None


def lacking_overrides(
    manifest: Manifest, series: Series, pins: Mapping[str, Pin], unsatisfied: Container[str | None]
) -> tuple[GateOverride, ...]:
    """Return the overrides that the manifest lacks for pairs that are pinned as the gate runs them.

    `unsatisfied` are the modules with unmet dependencies.
    """
    if manifest.externals is not Externals.INTEGRATION:
        return ()
    known = (
        misfit
        for misfit in gate_misfits(series)
        if misfit.module in pins and (pin := pins.get(misfit.dependency)) and pin.version == misfit.version
    )
    pairs = dict.fromkeys((*known, *_outgrown(manifest, pins)))
    return tuple(lack for pair in pairs if pair.module in unsatisfied for lack in _lacking(manifest, pair))


def with_overrides(manifest: Manifest, overrides: tuple[GateOverride, ...]) -> Manifest:
    """Return the manifest with these overrides added."""
    merged = {module: dict(ranges) for module, ranges in manifest.overridden_dependencies.items()}
    for one in overrides:
        place = one.old.place if one.old else Location(manifest.path)
        merged.setdefault(one.misfit.module, {})[one.key] = Text(one.range, place)
    return replace(manifest, overridden_dependencies=merged)


def gate_range(misfit: Misfit) -> str:
    """Return the module's own range, extended up to the version that the gate runs.

    Its lower bound stays, because an environment on an older release may extend the manifest.
    """
    return _up_to(_version(misfit), parse_range(misfit.range))


def _outgrown(manifest: Manifest, pins: Mapping[str, Pin]) -> Iterator[Misfit]:
    """Yield the gate's pairs for which the manifest still has an override that only an older release needed.

    The module's own metadata now allows the version that this override forbids.
    """
    for module, ranges in manifest.overridden_dependencies.items():
        overrides = {short_name_of_module(key): text.value for key, text in reversed(tuple(ranges.items()))}
        pin = pins.get(module)
        for name, own_range in (pin.dependencies if isinstance(pin, GitPin) else {}).items():
            target = short_name_of_module(name)
            needed, override = pins.get(target), overrides.get(target)
            is_of_the_gate = isinstance(needed, GitPin) and (needed.external or "").startswith(
                Externals.INTEGRATION
            )
            if needed is None or override is None or not is_of_the_gate:
                continue
            # the versions that the gate has run with the module against its metadata, in any release
            run = [
                misfit.version
                for series in all_series()
                for misfit in gate_misfits(series)
                if (misfit.module, misfit.dependency) == (module, target)
            ]
            if any(fits(override, version) for version in run) and fits(own_range, needed.version or ""):
                yield Misfit(module, target, own_range, needed.version or "")


def _lacking(manifest: Manifest, misfit: Misfit) -> Iterator[GateOverride]:
    given = manifest.overridden_dependencies.get(misfit.module, {})
    key = next((name for name in given if short_name_of_module(name) == misfit.dependency), None)
    if key is None:
        yield GateOverride(misfit, misfit.dependency, gate_range(misfit))
        return
    old = parse_range(given[key].value)
    if not old.is_unreadable and not old.matches(_version(misfit)):
        version = _version(misfit)
        if len(old.intervals) == 1 and old.intervals[0].begin < version:
            widened = _up_to(version, old)
        else:
            widened = f"{old.text} || >= {version} < {version.major + 1}.0.0"
        yield GateOverride(misfit, key, widened, given[key])


def _up_to(version: Version, old: Range) -> str:
    begin = min([*(interval.begin for interval in old.intervals), version])
    return f">= {begin} < {version.major + 1}.0.0"


def _version(misfit: Misfit) -> Version:
    version = parse_version(misfit.version)
    if version is None:
        raise AssertionError
    return version


# The gate follows these branches continuously, so they do not pin a version for a release.
_MAIN_BRANCHES = frozenset({"master", "main", "HEAD"})


def read_pins(content: bytes) -> tuple[ExternalPin, ...]:
    """Return the git modules of a Puppetfile whose name and URL are valid in a lock, in file order.

    The ref is None if it is missing, invalid, or a main branch.
    """
    pins: list[ExternalPin] = []
    for module in read_puppetfile(content).puppetfile.modules:
        name, git, ref = module.directory, module.git, module.ref
        if git is not None and not check_module_name(name) and not check_git_url(git):
            is_fixed = ref is not None and ref not in _MAIN_BRANCHES and not check_ref_name(ref)
            pins.append(ExternalPin(name, git, ref if is_fixed else None))
    return tuple(pins)
