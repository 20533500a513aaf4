"""OpenStack's series in their order. Knows names and dates, no modules and no refs."""

from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from functools import cache

from pinner.openstack.packaged import facts

FIRST = "essex"  # the first series that puppet modules were released for; manifests start here
LONGEST_NAME = 40  # of a text that hints are looked for


class SeriesStatus(StrEnum):
    """OpenStack's own words for where a series is in its life."""

    FUTURE = "future"
    DEVELOPMENT = "development"
    MAINTAINED = "maintained"
    UNMAINTAINED = "unmaintained"
    END_OF_LIFE = "end of life"


@dataclass(frozen=True, slots=True)
class Series:
    """One series: `id` is 2025.1 where `name` is epoxy, and equals it up to zed.

    `position` counts from the oldest of all, austin being 0; series are told apart and ordered by it. `released` and
    `eol` are days, YYYY-MM-DD.
    """

    id: str
    name: str
    status: SeriesStatus
    released: str | None
    eol: str | None
    position: int

    @property
    def branch_name(self) -> str:
        """Return what branches and tags of the series are called after."""
        return self.id

    @property
    def is_released(self) -> bool:
        """Return whether the series had had its first release when the facts were taken."""
        return self.status not in {SeriesStatus.FUTURE, SeriesStatus.DEVELOPMENT}

    def __lt__(self, other: "Series") -> bool:
        return self.position < other.position

    def __str__(self) -> str:
        return self.id


@cache
def known_series() -> tuple[Series, ...]:
    """Return every series OpenStack has had or has planned, oldest first, also those no manifest may name."""
    return tuple(
        Series(row.id, row.name, SeriesStatus(row.status), row.released, row.eol, position)
        for position, row in enumerate(facts().series)
    )


@cache
def all_series() -> tuple[Series, ...]:
    """Return the series a manifest may name, oldest first."""
    first = next(series for series in known_series() if series.id == FIRST)
    return known_series()[first.position :]


@cache
def newest_released() -> Series:
    """Return the newest series that had had its first release when the facts were taken."""
    return next(series for series in reversed(known_series()) if series.is_released)


def find_series(text: str) -> Series | None:
    """Return the series with that id or code name, exactly as written; None also for those before essex."""
    return next((series for series in all_series() if text in {series.id, series.name}), None)


def nearest_series(text: str) -> tuple[str, ...]:
    """Return up to three ids or code names a manifest may use that look like a mistaken one, the best first."""
    wanted = text.strip().lower()
    if any(wanted in {series.id, series.name} for series in known_series()) and find_series(wanted) is None:
        return (FIRST,)
    names = [name for series in all_series() for name in dict.fromkeys((series.id, series.name))]
    return tuple(get_close_matches(wanted, names)) if len(wanted) <= LONGEST_NAME else ()
