"""Look up what the facts have: the homes of modules, OpenStack's series, their modules, and the release of a pin.

The names, URLs and refs of puppet_openstack_builder are unmodified from its Puppetfile; data/README.md describes the
source of all rows.

Minor versions do not identify a release: a stable branch continues after the last version in the catalogue. Major
versions do: they hold for every ref of every series in the data, even right after a branch was cut.
"""

import json
import pkgutil
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from difflib import get_close_matches
from functools import cache
from itertools import product
from typing import Final

from pinner.model.catalogue import SeriesRow
from pinner.model.lock import BRANCH, TAG, GitPin, SelectorKind, Series, SeriesStatus, Status
from pinner.openstack.facts import (
    FIRST,
    Carried,
    ExternalPin,
    Misfit,
    Repository,
    ThirdParty,
    derived,
    facts,
    today,
)

# Hosts that served OpenStack's repositories, and the owners that the repositories had there.
_OPENSTACK_HOSTS = frozenset(
    {"opendev.org", "github.com", "git.openstack.org", "review.openstack.org", "review.opendev.org"}
)
_GIT_OWNERS = ("openstack", "stackforge")
# Former name to current name of renamed repositories.
_RENAMED_REPOSITORIES = {"puppet-quantum": "puppet-neutron"}
_FORGE_OWNERS = ("openstack", "stackforge", "puppetlabs")
# Where owners on the Forge keep the repositories of their modules; what is pinned there is compared with its metadata.
_PUBLISHERS = {
    **{
        owner: f"https://github.com/{owner}/puppet-{{}}"
        for owner in (
            *("arioch", "camptocamp", "cirrax", "deric", "desalvo", "duritong", "earsdown", "elastic"),
            *(
                "example42",
                "fiddyspence",
                "inkblot",
                "lwf",
                "nanliu",
                "pcfens",
                "peopleware",
                "richardc",
                "saz",
            ),
            *("theforeman", "treydock", "waveclaw", "zehweh"),
        )
    },
    "herculesteam": "https://github.com/hercules-team/{}",
    "hetzner": "https://github.com/xneelo/hetzner-{}",
    "horsefish": "https://github.com/horsefish/{}",
    "markt": "https://github.com/markt-de/puppet-{}",
    "puppet": "https://github.com/voxpupuli/puppet-{}",
    "puppetlabs": "https://github.com/puppetlabs/puppetlabs-{}",
    "sgnl05": "https://github.com/sgnl05/sgnl05-{}",
    "stm": "https://github.com/smoeding/puppet-{}",
}
_FORGE_LIKE_URL = re.compile(
    r"(?:(?:https?|git|ssh)://(?:[^/@\s]*@)?|[\w.-]+@)(?P<host>[\w.-]+)(?::\d+)?[/:](?:cgit/|p/)?"
    r"(?P<owner>[\w.-]+)/(?P<name>[\w.-]+?)(?:\.git)?/?"
)


@derived
def third_party(name: str) -> ThirdParty | None:
    """Return the third-party module with that name (`stdlib`), or None."""
    return {module.name: module for module in facts().third_party}.get(name)


def integration_pins(series: Series) -> tuple[ExternalPin, ...]:
    """Return the third-party modules that upstream's gate runs for a series, by name; empty before kilo."""
    return facts().integration.get(series.id, ())


def gate_misfits(series: Series) -> tuple[Misfit, ...]:
    """Return the pairs that upstream's gate runs for a series although metadata forbids them."""
    return facts().misfits.get(series.id, ())


def canonical_module(forge_name: str) -> str:
    """Return one `owner/module` name for a module under any of its owners and with either separator.

    `puppetlabs-nova`, `stackforge/nova` and `openstack/nova` give `openstack/nova`. The name of an unknown
    module is returned in lower case, with `/` as its separator. `quantum` and `neutron` remain separate,
    because they are two directory names: code that includes `quantum` does not find `neutron`.
    """
    name = forge_name.strip().lower().replace("-", "/", 1)
    return _canonical_by_forge_name().get(name, name)


@derived
def _canonical_by_forge_name() -> dict[str, str]:
    names = {alias: module.forge_names[0] for module in facts().third_party for alias in module.forge_names}
    for repository in facts().repositories:
        for alias, name in _aliases(repository):
            names.setdefault(alias, name)
    return names


def _aliases(repository: Repository) -> Iterator[tuple[str, str]]:
    """Yield each `owner/module` name of a repository with its newest name that has the same module part."""
    newest: dict[str, str] = {}
    for forge_name in repository.forge_names:
        _, _, module = forge_name.partition("/")
        newest.setdefault(module, forge_name)
        yield forge_name, newest[module]
    for module, forge_name in newest.items():
        yield from ((f"{owner}/{module}", forge_name) for owner in _FORGE_OWNERS)


def canonical_url(url: str) -> str | None:
    """Return the current URL of a known module for any URL it has or had; None for every other URL."""
    found = _FORGE_LIKE_URL.fullmatch(url)
    if found is None:
        return None
    host, owner, name = (part.lower() for part in found.group("host", "owner", "name"))
    return _canonical_by_home().get(f"{host}/{owner}/{name}")


@derived
def _canonical_by_home() -> dict[str, str]:
    homes = {_home(old): module.git for module in facts().third_party for old in module.homes}
    old_names = {now: old for old, now in _RENAMED_REPOSITORIES.items()}
    for repository in facts().repositories:
        homes[_home(repository.git)] = repository.git
        names = {repository.name, old_names.get(repository.name, repository.name)}
        places = product(_OPENSTACK_HOSTS, _GIT_OWNERS, names)
        homes.update({f"{host}/{owner}/{name}": repository.git for host, owner, name in places})
    return homes


def _home(url: str) -> str:
    return url.partition("://")[2].lower()


# Hosts that serve https and do not (or no longer) serve git://.
_HTTPS_ONLY: Final = frozenset({"github.com", "gitlab.com", "bitbucket.org", "opendev.org", "codeberg.org"})
_RENAMED_HOSTS: Final = {"git.openstack.org": "opendev.org", "www.github.com": "github.com"}
# Fuel's own Gerrit; its modules moved to GitHub under the same names.
_FUEL: Final = re.compile(r"(?:p/)?puppet-modules/([^/]+?)(?:\.git)?/?")
_OLD_URL: Final = re.compile(r"(?P<scheme>git|https?)://(?:[^/@]*@)?(?P<host>[^/:@]+)/(?P<path>.+)")


def current_home(url: str) -> str:
    """Return a repository's current URL: a known module's home, or `url` with a dead transport replaced.

    The user and password of an http(s) URL are removed, because git's credential helper supplies them. An ssh
    URL is returned unchanged unless it names a known module.
    """
    if known := canonical_url(url):
        return known
    match = _OLD_URL.fullmatch(url)
    if match is None:
        return url
    host = match["host"].lower()
    if host == "review.fuel-infra.org" and (module := _FUEL.fullmatch(match["path"])):
        return f"https://github.com/fuel-infra/{module[1]}"
    host = _RENAMED_HOSTS.get(host, host)
    path = match["path"].removeprefix("cgit/") if host == "opendev.org" else match["path"]
    scheme = "https" if host in _HTTPS_ONLY else match["scheme"]
    return f"{scheme}://{host}/{path}"


@derived
def _homes() -> dict[str, str]:
    homes: dict[str, str] = {}
    for repository in facts().repositories:
        homes |= dict.fromkeys(repository.forge_names, repository.git)
    for module in facts().third_party:
        if module.homes:
            homes |= dict.fromkeys(module.forge_names, module.git)
    return homes


def git_home(forge_name: str) -> str | None:
    """Return the URL of the repository that `owner/module` is published from, None if neither it nor its owner is known."""
    name = forge_name.lower().replace("-", "/", 1)
    owner, _, module = name.partition("/")
    pattern = _PUBLISHERS.get(owner)
    known = _homes().get(name) or _homes().get(canonical_module(forge_name))
    return known or (pattern.format(module) if pattern else None)


LONGEST_NAME = 40  # longer texts get no suggestions


@derived
def known_series() -> tuple[Series, ...]:
    """Return all past and planned series, oldest first, including those that no manifest may name."""
    return tuple(
        Series(
            row.id,
            row.name,
            phase_on(today(), row, facts().gate_refs.get(row.id)),
            row.released,
            row.eol or (row.next_date if row.next_status == SeriesStatus.END_OF_LIFE else None),
            position,
            row.is_slurp,
        )
        for position, row in enumerate(facts().series)
    )


_ORDER = tuple(SeriesStatus)
# OpenStack maintains a release for 18 months; before 2023.1, the dates of all phases are in the facts.
MAINTENANCE = timedelta(days=548)


def phase_on(day: date, row: SeriesRow, gate_ref: str | None = None) -> SeriesStatus:
    """Return the phase of a series on a day: the latest one that its dates, or the ref of the gate, prove.

    The facts may be older than the day: a planned date then counts as kept. A maintained series for which no
    further date is planned ends by OpenStack's rule of 18 months.
    """
    proved = [SeriesStatus(row.status)]
    if _is_past(row.released, day):
        proved.append(SeriesStatus.MAINTAINED)
    if row.next_status and _is_past(row.next_date, day):
        proved.append(SeriesStatus(row.next_status))
    if _is_past(row.eol, day):
        proved.append(SeriesStatus.END_OF_LIFE)
    if gate_ref and gate_ref.startswith(f"{BRANCH}unmaintained/"):
        proved.append(SeriesStatus.UNMAINTAINED)
    elif gate_ref and gate_ref.endswith("-eol"):
        proved.append(SeriesStatus.END_OF_LIFE)
    reached = max(proved, key=_ORDER.index)
    is_planned = row.next_date is not None and row.next_status != SeriesStatus.MAINTAINED
    if reached is SeriesStatus.MAINTAINED and not is_planned and _is_past(row.released, day - MAINTENANCE):
        return SeriesStatus.UNMAINTAINED if row.is_slurp else SeriesStatus.END_OF_LIFE
    return reached


def _is_past(text: str | None, day: date) -> bool:
    return text is not None and date.fromisoformat(text) <= day


def next_supported(series: Series) -> tuple[Series, ...]:
    """Return the releases that OpenStack supports an upgrade to in one step, the nearest first.

    That is the next one, and from a SLURP release also the next SLURP release.
    """
    later = [found for found in all_series() if series < found]
    following = later[:1]
    if series.is_slurp:
        following += [found for found in later[1:] if found.is_slurp][:1]
    return tuple(following)


def supported_path(start: Series, end: Series) -> tuple[Series, ...]:
    """Return the releases from after `start` to `end` on the shortest way in supported steps."""
    path: list[Series] = []
    here = start
    while here < end:
        here = max(step for step in next_supported(here) if not end < step)
        path.append(here)
    return tuple(path)


@derived
def all_series() -> tuple[Series, ...]:
    """Return the series that a manifest may name, oldest first."""
    first = next(series for series in known_series() if series.id == FIRST)
    return known_series()[first.position :]


def find_series(text: str) -> Series | None:
    """Return the series with exactly that id or code name, or None; series before essex are not found."""
    return next((series for series in all_series() if text in {series.id, series.name}), None)


def nearest_series(text: str) -> tuple[str, ...]:
    """Return up to three valid ids or code names that resemble `text`, the closest first."""
    name = text.strip().lower()
    if any(name in {series.id, series.name} for series in known_series()) and find_series(name) is None:
        return (FIRST,)
    names = [each for series in all_series() for each in dict.fromkeys((series.id, series.name))]
    return tuple(get_close_matches(name, names)) if len(name) <= LONGEST_NAME else ()


@derived
def find_repository(repository: str) -> Repository | None:
    """Return the repository with that name (`puppet-nova`), or with that current or former URL."""
    url = canonical_url(repository)
    return next(
        (known for known in facts().repositories if repository == known.name or url == known.git), None
    )


def carried_in(repository: Repository, series: Series) -> Carried | None:
    """Return the module that a repository contains in a series, or None if it contains none then.

    A series that is newer than the facts, or not listed completely because it is in development, is assumed to
    have the modules of the series before it, without those of retired repositories. Whether the refs exist is
    determined at the remote.
    """
    listed = next((carried for carried in repository.carried if carried.series == series.id), None)
    is_open = newest_listed() < series or not series.is_released
    if listed is not None or not is_open or not repository.carried or repository.ended is not None:
        return listed
    last = repository.carried[-1]
    known = find_series(last.series)
    is_later = known is not None and known < series
    return Carried(series.id, last.forge_name, ref=None, version=None) if is_later else None


@derived
def newest_listed() -> Series:
    """Return the newest series for which the facts list modules."""
    listed = {row.series for known in facts().repositories if known.follows_releases for row in known.carried}
    return next(series for series in reversed(known_series()) if series.id in listed)


_OF_SERIES = {
    SeriesStatus.UNMAINTAINED: Status.UNMAINTAINED,
    SeriesStatus.END_OF_LIFE: Status.END_OF_LIFE,
}


@dataclass(frozen=True, slots=True)
class RefCandidate:
    """The full name of a ref that may carry a release, and the status of a pin found there."""

    ref: str
    status: Status


@derived
def ref_candidates(repository: str, series: Series) -> tuple[RefCandidate, ...]:
    """Return the refs that may carry a series, in order of preference.

    `repository` is a name in the catalogue or any URL. The order is `stable/R`, `unmaintained/R`, `R-eol`,
    `R-eom`, `R-em`.

    The branch `stable/R` means maintained, `unmaintained/R` unmaintained. The tag `R-eol` was set when the
    branch was deleted. `R-em` and `R-eom` mark the dates on which extended maintenance began and maintenance
    ended, so a repository that has only those is unmaintained. If the catalogue names another ref for the
    series, that ref comes last, with the status of the series. A repository that has no OpenStack releases
    has no candidates.
    """
    known = find_repository(repository)
    if known is None:
        return plain_candidates(series.branch_name)
    if not known.carried:
        return ()
    plain = plain_candidates(series.branch_name)
    seen = next((carried.ref for carried in known.carried if carried.series == series.id), None)
    if seen is None or seen in {candidate.ref for candidate in plain}:
        return plain
    return (*plain, RefCandidate(seen, _OF_SERIES.get(series.status, Status.MAINTAINED)))


def plain_candidates(name: str) -> tuple[RefCandidate, ...]:
    """Return the refs that may carry the series with that name in its branches, in order of preference."""
    return (
        RefCandidate(f"{BRANCH}stable/{name}", Status.MAINTAINED),
        RefCandidate(f"{BRANCH}unmaintained/{name}", Status.UNMAINTAINED),
        RefCandidate(f"{TAG}{name}-eol", Status.END_OF_LIFE),
        RefCandidate(f"{TAG}{name}-eom", Status.UNMAINTAINED),
        RefCandidate(f"{TAG}{name}-em", Status.UNMAINTAINED),
    )


_NAME = r"(?P<name>[a-z]{3,12}|20\d\d\.[12])"
_FORMS = tuple(
    re.compile(form.replace("NAME", _NAME))
    for form in (
        r"\b[a-z]+-(?:updates|proposed)/NAME\b",  # Ubuntu Cloud Archive: jammy-updates/caracal
        r"\bcloud-archive:NAME(?:-proposed)?\b",  # add-apt-repository
        r"\bcloud:[a-z]+-NAME\b",  # juju's and charm's form
        r"\b[a-z]+-NAME-(?:backports|proposed)\b",  # osbpo.debian.net: bookworm-caracal-backports
        r"\bcentos-release-openstack-NAME\b",
        r"/openstack-NAME(?=/|$)",  # mirrors of CentOS: /cloud/x86_64/openstack-yoga/
        r"\btrunk\.rdoproject\.org/centos\d+-NAME\b",
    )
)


def package_release(text: str) -> tuple[Series, str, str] | None:
    """Return the release in the name of a package repository, that name, and the release as it is written there."""
    for form in _FORMS:
        for match in form.finditer(text):
            series = find_series(match["name"])
            if series is not None:
                return series, match[0], match["name"]
    return None


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
    if repository.carried:
        carried = carried_in(repository, series)
    else:  # it has no OpenStack releases
        carried = Carried(series.id, repository.forge_names[0], ref=None, version=None)
    if carried is None:
        return None
    return ModuleEntry(
        name=carried.name,
        repository=repository.name,
        git=repository.git,
        forge_name=carried.forge_name,
        series=series if repository.carried else None,
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


@derived
def series_of_major(name: str, major: int) -> tuple[Series, ...]:
    """Return the series in which the module with that name had that major version, oldest first."""
    return tuple(series for series in all_series() if major_in(name, series) == major)


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


def phase_today(of_ref: Status | None, release: Series | None) -> Status | None:
    """Return the phase of what carries a release: that of its ref, or that of the release by date if that is later.

    A branch `stable/R` may be there for months after the day on which OpenStack stopped maintaining R.
    """
    phase = release.status.value if release else None
    reached = [status for status in Status if status is of_ref or status.value == phase]
    return reached[-1] if reached else None
