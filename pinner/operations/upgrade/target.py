"""A manifest as if it were on another release: what follows the release moves, what is pinned by itself stays."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from pinner.openstack import catalogue, series
from pinner.openstack.catalogue import ModuleEntry
from pinner.openstack.series import Series
from pinner.operations.gate_overrides import GateOverride, with_overrides
from pinner.operations.wanted import WantedSet, want_modules
from pinner.words.manifests import Manifest, Override, Settings, Text
from pinner.words.places import Place
from pinner.words.problems import InputError, Problem


class EditKind(StrEnum):
    """What happens to one place of a manifest."""

    RELEASE = "release"
    RENAMED = "renamed"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class ManifestEdit:
    """One scalar of a manifest that must read otherwise; `new` is None where its entry goes."""

    kind: EditKind
    old: str
    new: str | None
    place: Place


@dataclass(frozen=True, slots=True)
class Target:
    """What an environment wants on another release, and what its manifest must say for it.

    `stays` are the entries of `modules:` that name a commit by themselves and so do not move. `overrides` are the ranges
    that it must give for what upstream's gate runs there; `wanted` has them already.
    """

    series: Series
    wanted: WantedSet
    edits: tuple[ManifestEdit, ...]
    stays: tuple[Override, ...]
    overrides: tuple[GateOverride, ...] = ()

    def with_overrides(self, overrides: tuple[GateOverride, ...]) -> "Target":
        """Return the same with these ranges in the manifest as well."""
        manifest = with_overrides(self.wanted.manifest, overrides)
        return replace(self, wanted=replace(self.wanted, manifest=manifest), overrides=overrides)

    def after(self, before: Manifest) -> "Target":
        """Return the same with all ranges that the manifest gives by then."""
        manifest = replace(self.wanted.manifest, overridden_dependencies=before.overridden_dependencies)
        return replace(self, wanted=replace(self.wanted, manifest=manifest))


def find_target(text: str) -> Series:
    """Return the release of that id or code name; raises InputError."""
    found = series.find_series(text)
    if found is None:
        near = series.nearest_series(text)
        hint = (
            f"near it: {', '.join(near)}"
            if near
            else f"releases are named essex to {series.all_series()[-1]}"
        )
        raise InputError(Problem(f"--to: unknown release {text!r}", hint=hint))
    return found


def releases_between(wanted: WantedSet, to: Series) -> tuple[Series, ...]:
    """Return the releases after the environment's up to and with `to`; raises InputError where there is no such way."""
    manifest = wanted.manifest
    if wanted.series is None:
        hint = "'pinner diff A B' compares any two locks"
        raise InputError(
            Problem(
                f"environment '{manifest.environment}' has no release to move from",
                Place(manifest.path),
                hint,
            )
        )
    if not wanted.series < to:
        where = manifest.release.place if manifest.release else Place(manifest.path)
        message = (
            f"environment '{manifest.environment}' is on {wanted.series} already, and {to} is not after it"
        )
        raise InputError(Problem(f"--to: {message}", where, "name a later release"))
    return tuple(one for one in series.all_series() if wanted.series < one and not to < one)


def aim(wanted: WantedSet, to: Series, settings: Settings) -> Target:
    """Return what the environment would want on release `to`; raises InputError for what it cannot want there."""
    manifest = wanted.manifest
    edits = tuple(_edits(wanted, to))
    moved = want_modules(_moved(manifest, to, edits), settings)
    if moved.problems:
        raise InputError(moved.problems)
    stays = tuple(one for one in manifest.modules.values() if not one.is_left_out and not _follows(one))
    return Target(to, moved, edits, stays)


def _edits(wanted: WantedSet, to: Series) -> Iterator[ManifestEdit]:
    manifest = wanted.manifest
    if manifest.release is None or wanted.series is None:
        return
    yield ManifestEdit(
        EditKind.RELEASE, manifest.release.value, _spelled(manifest.release, to), manifest.release.place
    )
    for name in manifest.openstack:
        yield from _renamed(name.value, name.place, wanted.series, to)
    for override in manifest.modules.values():
        if override.is_left_out or _follows(override):
            yield from _renamed(override.module, override.place, wanted.series, to)


def _spelled(release: Text, to: Series) -> str:
    """Return the release by its id or its code name, as the manifest names the old one."""
    old = series.find_series(release.value)
    return to.name if old and old.id != old.name and release.value == old.name else to.id


def _renamed(name: str, place: Place, old: Series, to: Series) -> Iterator[ManifestEdit]:
    before = catalogue.find_module(name, old)
    if not isinstance(before, ModuleEntry) or not before.follows_releases:
        return
    after = next((entry for entry in catalogue.modules_in(to) if entry.repository == before.repository), None)
    if after is None:
        yield ManifestEdit(EditKind.GONE, name, None, place)
    elif after.name != name:
        yield ManifestEdit(EditKind.RENAMED, name, after.name, place)


def _follows(override: Override) -> bool:
    return override.selector is None and override.forge is None


def _moved(manifest: Manifest, to: Series, edits: tuple[ManifestEdit, ...]) -> Manifest:
    """Return the manifest after the edits; only what it says of releases and modules changes."""
    new_by_place = {edit.place: edit.new for edit in edits}
    listed = ((name, new_by_place.get(name.place, name.value)) for name in manifest.openstack)
    overrides = ((one, new_by_place.get(one.place, one.module)) for one in manifest.modules.values())
    release = manifest.release
    return replace(
        manifest,
        release=replace(release, value=to.id) if release else None,
        openstack=tuple(replace(name, value=new) for name, new in listed if new is not None),
        modules={new: replace(one, module=new) for one, new in overrides if new is not None},
    )
