"""Look up the modules of each OpenStack release, the releases of puppet_openstack_builder, and the release of a pin.

The names, URLs and refs of puppet_openstack_builder are unmodified from its Puppetfile; data/README.md
describes the source of all rows.

Minor versions do not identify a release: a stable branch continues after the last version in the catalogue.
Major versions do: they hold for every ref of every series in the data, even right after a branch was cut.
"""

import json
import pkgutil
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from typing import Final

from pinner.model.lock import TAG, GitPin, SelectorKind, Series, Status
from pinner.openstack.homes import third_party
from pinner.openstack.packaged import Carried, Repository, ThirdParty, derived, facts
from pinner.openstack.series import all_series, carried_in, find_repository, find_series, ref_candidates


@dataclass(frozen=True, slots=True)
class ModuleEntry:
    """A puppet-openstack module in one series.

    `name` and `forge_name` (`owner/module`) are the module's names in that series; `git` is the canonical URL
    of `repository`. `series` is None for a module that has no OpenStack releases (ceph, pacemaker).
    `seen_ref` is the full name of the ref that was seen to carry the series; it is None if only OpenStack's
    list of deliverables names the release or if the series is newer than the packaged data. `version` is the
    last known version in the series. `ended` is the last series of a retired repository.
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
        """Return whether the repository no longer takes part in releases."""
        return self.ended is not None


def modules_in(series: Series) -> tuple[ModuleEntry, ...]:
    """Return the modules of a series that follow OpenStack's releases, by name (`openstack: all`)."""
    return tuple(entry for entry in _by_name(series).values() if entry.follows_releases)


def find_module(name: str, series: Series | None) -> ModuleEntry | ThirdParty | None:
    """Return the module with that name in `series` (None: in the newest released series that has it).

    This includes modules that do not follow OpenStack's releases, and third-party modules. Returns None if
    the module does not exist; `explain_missing` then returns the reason.
    """
    found = _by_name(series).get(name) if series else _newest_by_name().get(name)
    return found or third_party(name)


@derived
def _by_name(series: Series) -> dict[str, ModuleEntry]:
    entries = (_entry_in(repository, series) for repository in facts().repositories)
    return {entry.name: entry for entry in sorted(filter(None, entries), key=lambda entry: entry.name)}


@derived
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


_LONGEST_NAME = 60  # longer names get no suggestions

Explanation = tuple[str, str | None]


def explain_missing(name: str, series: Series | None) -> Explanation:
    """Return why `series` (None: any series) has no OpenStack module with that name, and a hint for a fix."""
    holders = [known for known in facts().repositories if name in _names(known)]
    if holders and series:
        return _absent(name, max(holders, key=_last_position), series)
    if third_party(name):
        return (
            f"module '{name}' is a third-party module and follows no OpenStack release",
            "list it under 'modules' with a version, tag, branch or commit",
        )
    short = name.lower().replace("/", "-").rsplit("-", 1)[-1]
    known = sorted({each for repository in facts().repositories for each in _names_in(repository, series)})
    if short != name and short in known:
        return f"no module '{name}' in the catalogue", f"write '{short}', the name of its directory"
    near = get_close_matches(short, known) if len(name) <= _LONGEST_NAME else []
    hint = ", ".join(f"'{each}'" for each in near)
    message = f"no module '{name}' in the catalogue"
    return (
        message,
        f"similar names: {hint}"
        if near
        else "give its URL: 'git' under 'modules', or 'modules' in pinner.yaml",
    )


def _last_position(repository: Repository) -> int:
    last = find_series(repository.carried[-1].series) if repository.carried else None
    return last.position if last else 0


def _absent(name: str, repository: Repository, series: Series) -> Explanation:
    carried = carried_in(repository, series)
    if carried:
        return f"module '{name}' is called '{carried.name}' in {series}", f"write '{carried.name}'"
    spans = [find_series(row.series) for row in repository.carried]
    known = [span for span in spans if span]
    if not known:
        return (
            f"module '{name}' does not follow OpenStack's releases",
            "list it under 'modules' with a tag, branch or commit",
        )
    before = [span for span in known if span < series]
    after = [span for span in known if series < span]
    if not before:
        return f"module '{name}' exists from {after[0]} on, not in {series}", _from_another(name, after[0])
    if not after:
        return f"module '{name}' ended with {before[-1]}, it is not in {series}", _from_another(
            name, before[-1]
        )
    message = f"module '{name}' has no {series}; it exists in {before[-1]} and {after[0]}"
    return message, _from_another(name, before[-1])


def _from_another(name: str, series: Series) -> str:
    return f"leave it out, or take it from another release under 'modules': {name}: {{release: {series}}}"


def _names_in(repository: Repository, series: Series | None) -> set[str]:
    if series is None or not repository.carried:
        return _names(repository)
    carried = carried_in(repository, series)
    return {carried.name} if carried else set()


def _names(repository: Repository) -> set[str]:
    """Return the module's names in all series, or all names it ever had if it has no OpenStack releases."""
    return {row.name for row in repository.carried} or {
        name.partition("/")[2] for name in repository.forge_names
    }


NAME: Final = "puppet_openstack_builder"


@dataclass(frozen=True, slots=True)
class PresetModule:
    """One `mod` entry: `name` is `owner/module`, `ref` a branch, a tag, or None if it has none."""

    name: str
    git: str
    ref: str | None


@dataclass(frozen=True, slots=True)
class Preset:
    """All modules of one release, in the order of the Puppetfile."""

    release: str
    modules: tuple[PresetModule, ...]


@cache
def presets() -> tuple[Preset, ...]:
    """Return the packaged presets, oldest release first."""
    raw = json.loads(pkgutil.get_data("pinner.openstack", f"data/{NAME}.json") or b"")
    return tuple(
        Preset(release, tuple(PresetModule(*row) for row in rows))
        for release, rows in raw["releases"].items()
    )


def major_in(name: str, series: Series) -> int | None:
    """Return a module's major version in a series, or None if it or the module is unknown."""
    entry = find_module(name, series)
    is_known = isinstance(entry, ModuleEntry) and entry.follows_releases and entry.version is not None
    return (
        int((entry.version or "").partition(".")[0]) if is_known and isinstance(entry, ModuleEntry) else None
    )


def series_of_major(name: str, major: int) -> tuple[Series, ...]:
    """Return the series in which the module with that name had that major version, oldest first."""
    return _series_by_major(name).get(major, ())


@derived
def _series_by_major(name: str) -> dict[int, tuple[Series, ...]]:
    found: dict[int, tuple[Series, ...]] = {}
    for series in all_series():
        if any(entry.name == name for entry in modules_in(series)):
            major = major_in(name, series)
            if major is not None:
                found[major] = (*found.get(major, ()), series)
    return found


_LONGEST = 6
"""Digits of the longest major version that a release can have; 2013.1.0 was one of the first."""


@derived
def release_of_ref(git: str, ref: str) -> tuple[Series, Status] | None:
    """Return the release that a ref of a repository carries, and its status; None if it carries none.

    `ref` is a full name: `refs/heads/stable/R`, `refs/tags/R-eom`, and what the catalogue names. In a repository
    that is not in the catalogue, only tags count: a branch `stable/R` there may mean anything.
    """
    if not ref.startswith(TAG) and find_repository(git) is None:
        return None
    for series in all_series():
        for candidate in ref_candidates(git, series):
            if candidate.ref == ref:
                return series, candidate.status
    return None


def release_of_tag(git: str, tag: str) -> Series | None:
    """Return the release whose end a tag marks (`R-em`, `R-eom`, `R-eol`), else None."""
    found = release_of_ref(git, TAG + tag)
    return found[0] if found else None


def release_of(pin: GitPin) -> Series | None:
    """Return the release that a pin belongs to: its selector's, else its ref's, else that of its version."""
    if pin.want.selector is SelectorKind.RELEASE:
        return find_series(pin.want.value)
    found = release_of_ref(pin.git, pin.ref) if pin.ref else None
    if found:
        return found[0]
    major = (pin.version or "").partition(".")[0]
    is_number = major.isascii() and major.isdigit() and len(major) < _LONGEST
    series = series_of_major(pin.module, int(major)) if is_number else ()
    return series[-1] if series else None


def status_of(pin: GitPin) -> Status | None:
    """Return the status of the release that the pin's ref carries, None if it carries none.

    Locks have it only for pins that follow a release.
    """
    found = release_of_ref(pin.git, pin.ref) if pin.status is None and pin.ref else None
    return found[1] if found else pin.status
