"""Hold the facts in use: those packaged with pinner, unless the project has its own.

`use_facts` is called once, when a command opens its project; data/README.md describes the content. What is computed
from the facts is cached until other facts are used.
"""

import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from typing import ParamSpec, Protocol, TypeVar, cast

from pinner.openstack.facts_file import (
    Carried,
    ExternalPin,
    Facts,
    Misfit,
    Repository,
    ThirdParty,
    read_facts,
)

__all__ = [
    "Carried",
    "ExternalPin",
    "Facts",
    "Misfit",
    "Repository",
    "ThirdParty",
    "derived",
    "facts",
    "packaged_facts",
    "today",
    "use_facts",
]

P = ParamSpec("P")
R = TypeVar("R")


class _Cached(Protocol):
    def cache_clear(self) -> None: ...


@dataclass
class _InUse:
    """Where the facts come from, and the date that life cycles are computed for (None: the present date)."""

    load: Callable[[], Facts]
    today: date | None = None


@cache
def packaged_facts() -> Facts:
    """Return the facts packaged with pinner."""
    return read_facts(pkgutil.get_data("pinner.openstack", "data/catalogue.json") or b"")


_IN_USE = _InUse(packaged_facts)
_DERIVED: list[_Cached] = []


def derived(compute: Callable[P, R]) -> Callable[P, R]:
    """Cache the results of a function of the facts until other facts are used."""
    kept = cache(compute)
    _DERIVED.append(kept)
    return cast("Callable[P, R]", kept)


def use_facts(load: Callable[[], Facts] = packaged_facts, *, today: date | None = None) -> None:
    """Use other facts from now on, and another date; `load` is called when they are first needed."""
    if (load, today) == (_IN_USE.load, _IN_USE.today):
        return
    _IN_USE.load, _IN_USE.today = load, today
    for kept in _DERIVED:
        kept.cache_clear()


@derived
def facts() -> Facts:
    """Return the facts in use."""
    return _IN_USE.load()


def today() -> date:
    """Return the date, in UTC, that life cycles are computed for."""
    return _IN_USE.today or datetime.now(UTC).date()
