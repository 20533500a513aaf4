"""Which release of OpenStack a module's version belongs to: by its major number, which every release raises.

Minor numbers say nothing: a stable branch goes on after the last release that the catalogue has seen. Majors hold for
every ref of every series that was seen, also right after a branch was cut (the facts have no exception).
"""

from functools import cache

from pinner.openstack.catalogue import ModuleEntry, find_module, modules_in
from pinner.openstack.series import Series, all_series


def major_in(name: str, series: Series) -> int | None:
    """Return the major version of a module in a series; None where it is not known or there is no such module."""
    entry = find_module(name, series)
    is_known = isinstance(entry, ModuleEntry) and entry.follows_releases and entry.version is not None
    return (
        int((entry.version or "").partition(".")[0]) if is_known and isinstance(entry, ModuleEntry) else None
    )


def series_of_major(name: str, major: int) -> tuple[Series, ...]:
    """Return the series in which a module of that name had that major version, oldest first."""
    return _series_by_major(name).get(major, ())


@cache
def _series_by_major(name: str) -> dict[int, tuple[Series, ...]]:
    found: dict[int, tuple[Series, ...]] = {}
    for series in all_series():
        if any(entry.name == name for entry in modules_in(series)):
            major = major_in(name, series)
            if major is not None:
                found[major] = (*found.get(major, ()), series)
    return found
