"""Look up OpenStack series, their life cycle, the refs that may carry one, and the repositories of modules and packages."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from difflib import get_close_matches

from pinner.model.catalogue import SeriesRow
from pinner.model.lock import BRANCH, TAG, Series, SeriesStatus, Status
from pinner.openstack.facts_file import FIRST
from pinner.openstack.homes import canonical_url
from pinner.openstack.packaged import Carried, Repository, derived, facts, today

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
    proved = [SeriesStatus(row.status), *_by_date(day, row)]
    if gate_ref is not None:
        proved += _by_ref(gate_ref)
    reached = max(proved, key=_ORDER.index)
    is_planned = row.next_date is not None and row.next_status != SeriesStatus.MAINTAINED
    if reached is SeriesStatus.MAINTAINED and not is_planned and _is_past(row.released, day - MAINTENANCE):
        return SeriesStatus.UNMAINTAINED if row.is_slurp else SeriesStatus.END_OF_LIFE
    return reached


def _by_date(day: date, row: SeriesRow) -> Iterator[SeriesStatus]:
    if _is_past(row.released, day):
        yield SeriesStatus.MAINTAINED
    if row.next_status and _is_past(row.next_date, day):
        yield SeriesStatus(row.next_status)
    if _is_past(row.eol, day):
        yield SeriesStatus.END_OF_LIFE


def _by_ref(ref: str) -> Iterator[SeriesStatus]:
    if ref.startswith(f"{BRANCH}unmaintained/"):
        yield SeriesStatus.UNMAINTAINED
    elif ref.endswith("-eol"):
        yield SeriesStatus.END_OF_LIFE


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


@derived
def newest_released() -> Series:
    """Return the newest series that has been released."""
    return next(series for series in reversed(known_series()) if series.is_released)


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
    return next(_found(text), None)


def _found(text: str) -> Iterator[tuple[Series, str, str]]:
    for form in _FORMS:
        for match in form.finditer(text):
            series = find_series(match["name"])
            if series is not None:
                yield series, match[0], match["name"]


def written_like(name: str, series: Series) -> str:
    """Return a release's id or code name, whichever `name` is of its own release."""
    return series.id if name[:1].isdigit() else series.name
