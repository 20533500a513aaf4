"""The page of all environments: tiles, a timeline of releases, environments by modules, dependencies."""

import json
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import groupby
from typing import Final

from markupsafe import Markup

from pinner.model.lock import GitPin, Series, Status, short_name
from pinner.model.results import Dashboard, EnvironmentStatus, ModuleStatus
from pinner.report.html.pages import render
from pinner.report.html.views import pin_address
from pinner.report.words import brief_pin, count, first_few

NEAR: Final = timedelta(days=90)
"""How long before its end an override or a release counts as ending."""

MOST_GRAPHS: Final = 12
"""Maximum number of dependency graphs on one page; a page of fewer environments has them all."""

_STATE = re.compile(r'<script type="application/json" id="state">(.*?)</script>', re.DOTALL)
_WIDTH, _ROW, _LEFT = 1000, 26, 90


@dataclass(frozen=True, slots=True)
class Tile:
    """One number of the summary, None if it was not determined; `level` is the class of its colour.

    `names` are what is counted, and `key` is the name of the filter that shows them.
    """

    number: int | None
    label: str
    level: str
    names: tuple[str, ...] = ()
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """Environments with the same lock: one row of the table."""

    statuses: tuple[EnvironmentStatus, ...]

    @property
    def first(self) -> EnvironmentStatus:
        """Return the environment that the row is named after."""
        return self.statuses[0]

    @property
    def by_name(self) -> Mapping[str, ModuleStatus]:
        """Return the modules by their names."""
        return {module.name: module for module in self.first.modules}

    @property
    def text(self) -> str:
        """Return what the search field finds the row by."""
        words = [self.first.lock.lock_id if self.first.lock else "no lock"]
        for status in self.statuses:
            words += [status.name, status.description or "", *status.owners]
        return " ".join(words).lower()


@dataclass(frozen=True, slots=True)
class Bar:
    """One release of the timeline, in the units of the drawing; `is_open` means that its end is not known."""

    series: Series
    x: int
    y: int
    width: int
    number: int
    is_open: bool


@dataclass(frozen=True, slots=True)
class Timeline:
    """A drawing: bars, the years' lines with their labels, and the line of the present date."""

    bars: tuple[Bar, ...]
    years: tuple[tuple[int, int], ...]
    today: int
    height: int


@dataclass(frozen=True, slots=True)
class Node:
    """A module of a graph, and the modules of the lock that it depends on."""

    name: str
    x: int
    y: int
    needs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Graph:
    """The dependencies of one lock: each module is right of all that depend on it."""

    nodes: Mapping[str, Node]
    width: int
    height: int


def dashboard_page(result: Dashboard) -> str:
    """Return the page."""
    groups = merged(result.statuses)
    names = sorted({module.name for status in result.statuses for module in status.modules})
    graphs = [(group, graph) for group in groups if (graph := dependency_graph(group.first))]
    return render(
        "dashboard.html",
        "dashboard.js",
        result=result,
        by_release=[
            (release, list(rows)) for release, rows in groupby(groups, key=lambda group: group.first.release)
        ],
        groups=groups,
        names=names,
        tiles=tiles(result),
        timeline=timeline(result),
        cells=Cells(),
        dashboard=sys.modules[__name__],
        graphs=graphs if len(graphs) <= MOST_GRAPHS else [],
        state=Markup(state_of(result)),  # noqa: S704 - it has no character that ends the element
        differences=differences(result),
        unknown=sorted({found.message for status in result.statuses for found in status.unknown}),
    )


def merged(statuses: Iterable[EnvironmentStatus]) -> list[Group]:
    """Return environments with the same lock and release together; oldest release first, then by name."""

    def key(status: EnvironmentStatus) -> tuple[int, str, str]:
        position = status.release.position if status.release else 10**6
        return position, status.lock.lock_id if status.lock else "~", "" if status.lock else status.name

    rows = sorted(statuses, key=lambda status: (key(status), status.name))
    groups = [Group(tuple(found)) for _, found in groupby(rows, key=key)]
    return sorted(groups, key=lambda group: (key(group.first)[0], group.first.name))


def tiles(result: Dashboard) -> list[Tile]:
    """Return the numbers of the summary, of environments unless the label is about something else."""
    statuses = result.statuses
    found = {key: [one.name for one in statuses if key in flags(one, result)] for key, _, _ in _COUNTED}
    locks = len({one.lock.lock_id for one in statuses if one.lock})
    return [
        Tile(
            len(statuses),
            f"{'environment' if len(statuses) == 1 else 'environments'}, {count(locks, 'lock')}",
            "info",
        ),
        *(
            Tile(len(found[key]), label, level if found[key] else "good", tuple(found[key]), key)
            for key, label, level in _COUNTED
            if (key != "absent" or found[key]) and (key != "waiting" or result.served is not None)
        ),
        *([Tile(None, "locks not deployed: not checked", "info")] if result.served is None else []),
    ]


# the names of the filters, and what the tiles call the environments that they find, with the class of their colour
_COUNTED: Final = (
    ("unknown", "unreachable", "breaks"),
    ("absent", "without a ref that the manifest names", "breaks"),
    ("el", "with modules at their end of life", "breaks"),
    ("um", "with unmaintained modules", "behaviour"),
    ("behind", "behind", "behaviour"),
    ("ending", "with overrides that end soon", "behaviour"),
    ("unlocked", "without a lock", "info"),
    ("waiting", "locks not deployed", "behaviour"),
)


def flags(status: EnvironmentStatus, result: Dashboard) -> frozenset[str]:
    """Return the names of the filters that find an environment."""
    soon = str(result.made_on + NEAR)
    facts = {
        "unknown": any(not found.is_of_missing_ref for found in status.unknown),
        "absent": any(found.is_of_missing_ref for found in status.unknown),
        "el": _has(status, Status.END_OF_LIFE),
        "um": _has(status, Status.UNMAINTAINED),
        "behind": any(row.behind for row in status.modules),
        "ending": any(row.until and row.until <= soon for row in status.modules),
        "unlocked": status.lock is None,
        "waiting": result.is_deployed(status) is False,
    }
    return frozenset(name for name, is_so in facts.items() if is_so)


def _has(status: EnvironmentStatus, phase: Status) -> bool:
    return any(row.phase is phase for row in status.modules)


def timeline(result: Dashboard) -> Timeline | None:
    """Return the drawing of the releases in use and of those after them; None if no environment has a release."""
    numbers = Counter(status.release for status in result.statuses if status.release)
    dated = [series for series in result.series if series.released]
    if not numbers or not dated:
        return None
    start = min(date.fromisoformat(series.released or "") for series in dated).replace(month=1, day=1)
    ends = [date.fromisoformat(series.eol) for series in dated if series.eol]
    end = max([result.made_on + timedelta(days=550), *ends])
    days = (end - start).days

    def at(day: date) -> int:
        return _LEFT + round((day - start).days * (_WIDTH - _LEFT) / days)

    bars = []
    for row, series in enumerate(dated):
        x = at(date.fromisoformat(series.released or ""))
        stop = at(date.fromisoformat(series.eol)) if series.eol else _WIDTH
        bars.append(Bar(series, x, 24 + row * _ROW, max(stop - x, 4), numbers[series], series.eol is None))
    years = tuple((at(date(year, 1, 1)), year) for year in range(start.year, end.year + 1))
    return Timeline(tuple(bars), years, at(result.made_on), 42 + len(dated) * _ROW)


_MARKS = {Status.MAINTAINED: "", Status.UNMAINTAINED: "u", Status.END_OF_LIFE: "e"}
_CLASSES = {Status.MAINTAINED: "ok", Status.UNMAINTAINED: "um", Status.END_OF_LIFE: "el"}


@dataclass(frozen=True, slots=True)
class Cells:
    """Makes the cells of the table; equal details get one number, which keeps pages of many environments small."""

    _numbers: dict[tuple[str, str | None], int] = field(default_factory=dict, init=False)

    def cell(self, row: ModuleStatus | None) -> tuple[str, str, int | None]:
        """Return class, text and number of the details of a cell; the text has a mark for all that the colour tells."""
        if row is None:
            return "no", "", None
        status = row.phase
        behind = "?" if row.behind is None and isinstance(row.pin, GitPin) else str(row.behind or "")
        marks = f"{'f' if row.is_fork else ''}{'o' if row.is_override else ''}"
        text = f"{_MARKS.get(status, '') if status else ''}{behind}{marks}" or "·"
        number = self._numbers.setdefault((details(row), pin_address(row.pin)), len(self._numbers))
        return _CLASSES.get(status, "na") if status else "na", text, number

    def rows(self) -> Iterable[tuple[str, str | None]]:
        """Return all details, with an address, in the order of their numbers."""
        return tuple(self._numbers)


def details(row: ModuleStatus) -> str:
    """Return all that is known of a module in an environment, on one line."""
    words = [f"{row.name} {brief_pin(row.pin)}"]
    if row.ref_now:
        words.append(f"its ref is {short_name(row.ref_now)} now")
    if row.release:
        end = f", end of life {row.release.eol}" if row.release.eol else ""
        words.append(f"release {row.release} is {row.phase or row.release.status}{end}")
    elif status := row.phase:
        words.append(str(status))
    if isinstance(row.pin, GitPin):
        words.append("unknown how far behind" if row.behind is None else f"{row.behind} behind")
    if row.is_fork:
        words.append(f"fork: {row.pin.git}" if isinstance(row.pin, GitPin) else "fork")
    if row.is_override:
        until = f" until {row.until}{' (expired)' if row.is_late else ''}" if row.until else ""
        words.append(f"override in the manifest{until}")
    return ", ".join(words)


def dependency_graph(status: EnvironmentStatus) -> Graph | None:
    """Return the dependencies among the modules of an environment's lock; None if there are none."""
    pins = {row.name: row.pin for row in status.modules}
    needs: dict[str, tuple[str, ...]] = {}
    for name, pin in pins.items():
        dependencies = pin.dependencies if isinstance(pin, GitPin) else ()
        modules = sorted(re.split("[/-]", dependency)[-1] for dependency in dependencies)
        needs[name] = tuple(module for module in modules if module in pins and module != name)
    if not any(needs.values()):
        return None
    depth = dict.fromkeys(needs, 0)
    for _ in needs:  # a cycle cannot lift a module above the number of modules
        for name, others in needs.items():
            for other in others:
                depth[other] = min(max(depth[other], depth[name] + 1), len(needs))
    levels: dict[int, list[str]] = {}
    for name in sorted(needs):
        levels.setdefault(depth[name], []).append(name)
    columns = [levels[level] for level in sorted(levels)]
    nodes = {
        name: Node(name, 10 + x * 190, 14 + y * 26, needs[name])
        for x, column in enumerate(columns)
        for y, name in enumerate(column)
    }
    return Graph(nodes, len(columns) * 190, max(map(len, columns)) * 26 + 10)


def state_of(result: Dashboard) -> str:
    """Return what the next page compares itself with, as JSON that no HTML parser takes for markup."""
    environments = {
        status.name: {
            "lock_id": status.lock.lock_id if status.lock else None,
            "behind": sum(row.behind or 0 for row in status.modules),
            "ended": _has(status, Status.END_OF_LIFE),
            "deployed": result.is_deployed(status),
        }
        for status in result.statuses
    }
    text = json.dumps({"made_on": str(result.made_on), "environments": environments}, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace("&", "\\u0026").replace("\u2028", "\\u2028")


def read_state(page: str) -> Mapping[str, object]:
    """Return the state in a page that `state_of` was written into; empty if it has none that can be read."""
    found = _STATE.search(page)
    try:
        value = json.loads(found[1]) if found else {}
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def differences(result: Dashboard) -> list[str]:
    """Return what is different from the previous page: on one line each change, with the environments that have it."""
    before = result.previous.get("environments")
    if not isinstance(before, dict):
        return []
    names_by_change: dict[str, list[str]] = {}
    for status in result.statuses:
        for change in _changes(status, before.get(status.name), result):
            names_by_change.setdefault(change, []).append(status.name)
    names = {status.name for status in result.statuses}
    if gone := [name for name in before if name not in names]:
        names_by_change["gone"] = gone
    return [f"{first_few(names, _FEW_NAMES)}: {change}" for change, names in names_by_change.items()]


_FEW_NAMES: Final = 5


def _changes(status: EnvironmentStatus, old: object, result: Dashboard) -> Iterator[str]:
    if not isinstance(old, dict):
        yield "new"
        return
    lock_id = status.lock.lock_id if status.lock else None
    if old.get("lock_id") != lock_id:
        yield f"{old.get('lock_id') or 'no lock'} → {lock_id or 'no lock'}"
    behind = sum(row.behind or 0 for row in status.modules)
    if old.get("behind") != behind:
        yield f"{old.get('behind')} → {count(behind, 'commit')} behind"
    if _has(status, Status.END_OF_LIFE) and old.get("ended") is False:
        yield "has modules at their end of life now"
    if old.get("deployed") is False and result.is_deployed(status):
        yield "its lock is deployed now"


_OF_ROWS: Final = frozenset({"unknown", "absent", "ending", "unlocked", "waiting"})


def row_flags(group: Group, result: Dashboard) -> str:
    """Return the names of the filters that find a row for more than what its cells show."""
    found = {flag for status in group.statuses for flag in flags(status, result)}
    return " ".join(sorted(found & _OF_ROWS))


def undeployed(result: Dashboard, group: Group) -> list[str]:
    """Return the environments of a row whose lock some server does not serve."""
    return [status.name for status in group.statuses if result.is_deployed(status) is False]


def phase(series: Series) -> str:
    """Return the class of a release's colour."""
    return next((name for status, name in _CLASSES.items() if status.value == series.status.value), "na")


def edges(graph: Graph) -> Sequence[tuple[Node, Node]]:
    """Return each dependency as the node that has it and the node that it is on."""
    return [(node, graph.nodes[name]) for node in graph.nodes.values() for name in node.needs]
