"""The packaged facts as values, read once and only when somebody asks. data/README.md tells what the file holds.

The file is ours, so its shape is not checked here: the tests hold it to its invariants.
"""

import json
import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any


@dataclass(frozen=True, slots=True)
class SeriesRow:
    """One OpenStack series; `released` and `eol` are days, YYYY-MM-DD."""

    id: str
    name: str
    status: str
    released: str | None
    eol: str | None


@dataclass(frozen=True, slots=True)
class Carried:
    """A series that a repository has a module for.

    `forge_name` is `owner/module` as that series' metadata says; `ref` is the whole name of the ref that was seen to
    carry it, None where only the list of deliverables knows it; `version` is the last version known of it.
    """

    series: str
    forge_name: str
    ref: str | None
    version: str | None

    @property
    def name(self) -> str:
        """Return the module's own name, which is its directory's."""
        return self.forge_name.partition("/")[2]


@dataclass(frozen=True, slots=True)
class Repository:
    """One repository of a puppet-openstack module.

    `ended` is the last series of a repository that has ended; `forge_names` (`owner/module`) are newest first;
    `carried` is by series, oldest first.
    """

    name: str
    git: str
    follows_releases: bool
    ended: str | None
    forge_names: tuple[str, ...]
    carried: tuple[Carried, ...]


@dataclass(frozen=True, slots=True)
class ThirdParty:
    """A module that OpenStack's modules depend on: git homes and Forge names (`owner/module`), newest first."""

    name: str
    homes: tuple[str, ...]
    forge_names: tuple[str, ...]

    @property
    def git(self) -> str:
        """Return the URL of the home the module lives in now."""
        return self.homes[0]


@dataclass(frozen=True, slots=True)
class ExternalPin:
    """A third-party module as upstream's gate runs it; `ref` is a short tag name or 40 hex digits, None: not pinned."""

    name: str
    git: str
    ref: str | None


@dataclass(frozen=True, slots=True)
class Misfit:
    """A pair that upstream's gate runs although metadata forbids it: `module` wants `dependency` in `range`."""

    module: str
    dependency: str
    range: str
    version: str


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything the file holds; `series` is oldest first.

    `integration` maps a series id to its pins by name, `misfits` to the pairs among them that contradict metadata.
    """

    series: tuple[SeriesRow, ...]
    repositories: tuple[Repository, ...]
    third_party: tuple[ThirdParty, ...]
    integration: Mapping[str, tuple[ExternalPin, ...]]
    misfits: Mapping[str, tuple[Misfit, ...]]


@cache
def facts() -> Facts:
    """Return the packaged facts."""
    raw = json.loads(pkgutil.get_data("pinner.openstack", "data/catalogue.json") or b"")
    return Facts(
        series=tuple(SeriesRow(*row) for row in raw["series"]),
        repositories=tuple(_repository(row) for row in raw["repositories"]),
        third_party=tuple(
            ThirdParty(row["name"], tuple(row["git"]), tuple(row["forge"])) for row in raw["third_party"]
        ),
        integration={
            series: tuple(ExternalPin(*row) for row in rows) for series, rows in raw["integration"].items()
        },
        misfits={series: tuple(Misfit(*row) for row in rows) for series, rows in raw["misfits"].items()},
    )


def _repository(row: Mapping[str, Any]) -> Repository:
    return Repository(
        name=row["repository"],
        git=row["git"],
        follows_releases=row["follows"],
        ended=row["ended"],
        forge_names=tuple(row["forge"]),
        carried=tuple(Carried(*carried) for carried in row["carried"]),
    )
