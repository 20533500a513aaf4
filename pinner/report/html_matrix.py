"""The JSON document of `status` as a grid: modules by environments, shaded by how far behind each is."""

from dataclasses import dataclass

from pinner.report.as_json import Json
from pinner.report.html_words import BANDS, Band, band_of
from pinner.words.refs import short_name


@dataclass(frozen=True, slots=True)
class Cell:
    """One module in one environment; `behind` says it in words."""

    state: str
    behind: str
    band: str


@dataclass(frozen=True, slots=True)
class Column:
    """One environment with its lock id."""

    name: str
    lock_id: str


@dataclass(frozen=True, slots=True)
class GridRow:
    """One module; a cell for each environment."""

    name: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Grid:
    """All environments by all modules; `problems` say what could not be found out."""

    columns: tuple[Column, ...]
    rows: tuple[GridRow, ...]
    problems: tuple[str, ...]
    bands: tuple[tuple[str, str], ...] = BANDS


_ABSENT = Cell("not there", "", Band.OTHER)


def grid_of(document: Json) -> Grid:
    """Return the grid of what `status` prints as JSON."""
    environments = document["environments"]
    cells = [{module["name"]: _cell(module) for module in one["modules"]} for one in environments]
    names = sorted({name for some in cells for name in some})
    return Grid(
        columns=tuple(Column(one["name"], one["lock_id"] or "no lock yet") for one in environments),
        rows=tuple(GridRow(name, tuple(some.get(name, _ABSENT) for some in cells)) for name in names),
        problems=tuple(
            f"{one['name']}: {found['message']}" for one in environments for found in one["unknown"]
        ),
    )


def _cell(module: Json) -> Cell:
    ref = short_name(module["ref"]) if module["ref"] else (module["commit"] or "")[:12]
    status = module["status"] if module["status"] not in {None, "maintained"} else None
    state = " · ".join(word for word in (module["version"], ref, status) if word)
    if module["commit"] is None:
        return Cell(state, "from the Forge", Band.OTHER)
    if module["behind"] is None:
        return Cell(state, "how far behind is not known", Band.UNKNOWN)
    words = f"{module['behind']} behind" if module["behind"] else "up to date"
    return Cell(state, words, band_of(module["behind"]))
