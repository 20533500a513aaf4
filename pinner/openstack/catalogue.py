"""Which modules a release of OpenStack has, what they are called in it, and where they live. Asks no remote."""

from dataclasses import dataclass
from functools import cache

from pinner.openstack.homes import (
    canonical_module,
    canonical_url,
    gate_misfits,
    integration_pins,
    third_party,
)
from pinner.openstack.missing import explain_missing
from pinner.openstack.packaged import Carried, ExternalPin, Repository, ThirdParty, facts
from pinner.openstack.presence import carried_in
from pinner.openstack.release_refs import RefCandidate, ref_candidates
from pinner.openstack.series import Series, all_series, find_series

__all__ = [
    "ExternalPin",
    "ModuleEntry",
    "RefCandidate",
    "ThirdParty",
    "canonical_module",
    "canonical_url",
    "explain_missing",
    "find_module",
    "gate_misfits",
    "integration_pins",
    "modules_in",
    "ref_candidates",
    "third_party",
]


@dataclass(frozen=True, slots=True)
class ModuleEntry:
    """A puppet-openstack module as it is in one series.

    `name` and `forge_name` (`owner/module`) are what that series calls it; `git` is the canonical URL of `repository`.
    `series` is None for a module that carries no OpenStack release (ceph, pacemaker). `seen_ref` is the whole name of
    the ref the facts saw carrying the series, None where only the list of deliverables knows it or the series is
    younger than the facts; `version` is the last version known of it. `ended` is the last series of a repository
    that has ended.
    """

    name: str
    repository: str
    git: str
    forge_name: str
    series: Series | None
    follows_releases: bool
    seen_ref: str | None
    version: str | None
    ended: Series | None

    @property
    def is_retired(self) -> bool:
        """Return whether the repository takes no part in releases any more."""
        return self.ended is not None


def modules_in(series: Series) -> tuple[ModuleEntry, ...]:
    """Return every module that follows OpenStack's releases and exists in that one, by name: `openstack: all`."""
    return tuple(entry for entry in _by_name(series).values() if entry.follows_releases)


def find_module(name: str, series: Series | None) -> ModuleEntry | ThirdParty | None:
    """Return the module of that name in a series; without one, in the newest series that has the name.

    Also modules that do not follow OpenStack's releases, and third-party ones. None if there is none: then
    `explain_missing` tells why.
    """
    found = _by_name(series).get(name) if series else _newest_by_name().get(name)
    return found or third_party(name)


@cache
def _by_name(series: Series) -> dict[str, ModuleEntry]:
    entries = (_entry_in(repository, series) for repository in facts().repositories)
    return {entry.name: entry for entry in sorted(filter(None, entries), key=lambda entry: entry.name)}


@cache
def _newest_by_name() -> dict[str, ModuleEntry]:
    return {
        name: entry
        for series in all_series()
        if series.is_released
        for name, entry in _by_name(series).items()
    }


def _entry_in(repository: Repository, series: Series) -> ModuleEntry | None:
    if not repository.carried:
        forge_name = repository.forge_names[0]
        return _entry(repository, Carried(series.id, forge_name, ref=None, version=None), None)
    carried = carried_in(repository, series)
    return _entry(repository, carried, series) if carried else None


def _entry(repository: Repository, carried: Carried, series: Series | None) -> ModuleEntry:
    return ModuleEntry(
        name=carried.name,
        repository=repository.name,
        git=repository.git,
        forge_name=carried.forge_name,
        series=series,
        follows_releases=repository.follows_releases,
        seen_ref=carried.ref,
        version=carried.version,
        ended=find_series(repository.ended) if repository.ended else None,
    )
