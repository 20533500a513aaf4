"""Define what the sources of the catalogue state about OpenStack's releases, and what an update changes."""

from collections.abc import Mapping
from dataclasses import dataclass

from pinner.model.lock import Series


@dataclass(frozen=True, slots=True)
class SeriesRow:
    """One OpenStack series as recorded on the day of the facts; all dates have the form YYYY-MM-DD.

    `status` is the phase on that day, `next_status` the phase after it, which begins on `next_date` if that is
    planned already. `is_slurp` means that the series may be upgraded to the next such series in one step.
    """

    id: str
    name: str
    status: str
    released: str | None
    eol: str | None
    is_slurp: bool = False
    next_status: str | None = None
    next_date: str | None = None


@dataclass(frozen=True, slots=True)
class Deliverable:
    """A repository in one series, as openstack/releases lists it.

    `series` is the code name. `version` is the last release, `branch` the short name of the branch that was cut
    for the series; both are None before they exist.
    """

    repository: str
    git: str
    series: str
    version: str | None = None
    branch: str | None = None


@dataclass(frozen=True, slots=True)
class CatalogueRelease:
    """One series in the catalogue today: how many modules it has, and where upstream's gate runs it.

    `gate_ref` is the full name of the gate's ref, None if it had none; `externals` counts the third-party modules
    that it pins.
    """

    series: Series
    modules: int
    gate_ref: str | None
    externals: int


@dataclass(frozen=True, slots=True)
class CatalogueSummary:
    """The facts in use: `path` is the project's file as the user types it, None if the packaged ones are used.

    `collected` is the day of the newest commit in the sources, YYYY-MM-DD, `sources` maps each URL to the commit
    that was read. `age` is a warning if the facts are old, else None.
    """

    path: str | None
    collected: str
    sources: Mapping[str, str]
    releases: tuple[CatalogueRelease, ...]
    age: str | None = None


@dataclass(frozen=True, slots=True)
class FactChange:
    """One fact that changed: `subject` names a release or module, `old` and `new` are None if one side lacks it."""

    kind: str
    subject: str
    old: str | None
    new: str | None


@dataclass(frozen=True, slots=True)
class CatalogueUpdate:
    """The result of an update: where the facts were written, or would be, and what changed.

    `problems` are parts of the sources that could not be read; the earlier facts about them are kept.
    """

    path: str
    before: str
    collected: str
    sources: Mapping[str, str]
    changes: tuple[FactChange, ...]
    is_written: bool
    problems: tuple[str, ...] = ()
