"""The JSON document of a comparison as the page shows it: grouped, counted, in words. No markup is made here."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from pinner.report.as_json import Json
from pinner.report.counts import count
from pinner.report.html_module import ModuleView, module_of
from pinner.report.html_words import BANDS, MEANINGS, Band, band_of, state_of
from pinner.words.changes import Severity


class Kind(StrEnum):
    """What a tile of the summary counts beside severities."""

    HIERA = "hiera"
    PLAIN = "plain"


@dataclass(frozen=True, slots=True)
class Tile:
    """One number of the summary; `kind` is a severity or what else it counts."""

    kind: str
    number: int
    words: str


@dataclass(frozen=True, slots=True)
class Row:
    """One module in the matrix; `band` is how far it moved, `counts` are its changes by severity."""

    name: str
    anchor: str
    before: str
    after: str
    band: str
    distance: str
    counts: tuple[int, ...]
    hiera: int


@dataclass(frozen=True, slots=True)
class Page:
    """Everything that the page of a comparison says."""

    before: str
    after: str
    before_id: str
    after_id: str
    headline: str
    problems: tuple[str, ...]
    modules: tuple[ModuleView, ...]
    rows: tuple[Row, ...]
    same: tuple[str, ...]

    severities: tuple[Severity, ...] = tuple(Severity)
    bands: tuple[tuple[str, str], ...] = BANDS

    @property
    def tiles(self) -> tuple[Tile, ...]:
        """Return the numbers of the summary, the worst first."""
        numbers = Counter(row.severity for one in self.modules for group in one.groups for row in group.rows)
        touched = sum(len(one.hiera) for one in self.modules)
        return (
            *(Tile(severity, numbers[severity], MEANINGS[severity]) for severity in Severity),
            Tile(Kind.HIERA, touched, "places in your data to look at"),
        )

    @property
    def classes(self) -> tuple[str, ...]:
        """Return every definition that changes, sorted."""
        return tuple(sorted({group.definition for one in self.modules for group in one.groups}))

    @property
    def keys(self) -> tuple[str, ...]:
        """Return every key of the operator's data that is touched, sorted."""
        return tuple(sorted({row.key for one in self.modules for row in one.hiera}))


def page_of(document: Json) -> Page:
    """Return the page of what `diff` prints as JSON."""
    changed = [module for module in document["modules"] if module["change"] != "same" or module["also"]]
    when = {(row["definition"], row["parameter"]): row["text"] for row in document.get("milestones", ())}
    views = tuple(module_of(module, when) for module in changed)
    return Page(
        before=document["from"]["name"],
        after=document["to"]["name"],
        before_id=document["from"]["lock_id"],
        after_id=document["to"]["lock_id"],
        headline=_headline(document["modules"]),
        problems=tuple(document["problems"]),
        modules=views,
        rows=tuple(_row(module, view) for module, view in zip(changed, views, strict=True)),
        same=tuple(module["name"] for module in document["modules"] if module not in changed),
    )


def _headline(modules: Iterable[Json]) -> str:
    modules = tuple(modules)
    kinds = Counter(module["change"] for module in modules)
    words = ", ".join(f"{kinds[kind]} {kind}" for kind in ("added", "removed", "moved", "same"))
    commits = sum(len(module["commits"]) for module in modules)
    return (
        f"{count(len(modules), 'module')}: {words}. {count(commits, 'commit')} lie between, merges left out."
    )


def _row(module: Json, view: ModuleView) -> Row:
    numbers = dict(view.counts)
    band, distance = _distance(module)
    return Row(
        name=view.name,
        anchor=view.anchor,
        before=state_of(module["from"]),
        after=state_of(module["to"]),
        band=band,
        distance=distance,
        counts=tuple(numbers.get(severity, 0) for severity in Severity),
        hiera=len(view.hiera),
    )


def _distance(module: Json) -> tuple[Band, str]:
    """Return the shade and the words for how far a module moved."""
    if module["change"] in {"added", "removed"}:
        return Band.OTHER, module["change"]
    if module["change"] == "same":
        return Band.NONE, "0"
    if module["ahead"] is None or module["behind"] is None:
        return Band.UNKNOWN, "?"
    back = f" -{module['behind']}" if module["behind"] else ""
    return band_of(module["ahead"] + module["behind"]), f"+{module['ahead']}{back}"
