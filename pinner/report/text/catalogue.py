"""Text and JSON of `catalogue show` and `catalogue update`."""

from collections.abc import Iterator
from typing import Any

from pinner.model.catalogue import CatalogueRelease, CatalogueSummary, CatalogueUpdate, FactChange
from pinner.model.lock import short_name
from pinner.report.words import SHORT, columns, count

_HEADINGS = ("release", "name", "phase", "released", "ends", "SLURP", "modules", "gate")
_TITLES = {
    "release": "Releases",
    "repository": "Repositories",
    "modules": "Modules of a release",
    "version": "Last versions",
    "gate-ref": "Refs of upstream's gate",
    "gate": "Third-party modules in upstream's gate",
    "home": "Homes of third-party modules",
}


def summary_text(summary: CatalogueSummary) -> Iterator[str]:
    """Yield where the facts come from, then one line per release, the newest first."""
    yield f"facts from {summary.collected}: {summary.path or 'packaged with pinner'}"
    yield from (f"  {url} {commit[:SHORT]}" for url, commit in sorted(summary.sources.items()))
    if summary.age:
        yield f"warning: {summary.age}"
    yield from columns([_HEADINGS, *(_row(release) for release in reversed(summary.releases))])


def _row(release: CatalogueRelease) -> tuple[str, ...]:
    series = release.series
    gate = short_name(release.gate_ref) if release.gate_ref else "-"
    return (
        series.id,
        series.name,
        series.status.value,
        series.released or "-",
        series.eol or "-",
        "yes" if series.is_slurp else "-",
        str(release.modules),
        gate,
    )


def summary_json(summary: CatalogueSummary) -> dict[str, Any]:
    """Return the value of the JSON document of `catalogue show`."""
    return {
        "path": summary.path,
        "collected": summary.collected,
        "sources": dict(summary.sources),
        "warning": summary.age,
        "releases": [
            {
                "id": release.series.id,
                "name": release.series.name,
                "phase": release.series.status.value,
                "released": release.series.released,
                "eol": release.series.eol,
                "slurp": release.series.is_slurp,
                "modules": release.modules,
                "gate_ref": release.gate_ref,
                "externals": release.externals,
            }
            for release in summary.releases
        ],
    }


def update_text(update: CatalogueUpdate) -> Iterator[str]:
    """Yield what changed, by kind, then where the facts were written."""
    for kind, title in _TITLES.items():
        found = [change for change in update.changes if change.kind == kind]
        if found:
            yield f"{title}:"
            yield from (f"  {_change(change)}" for change in found)
    yield from (f"not read: {problem}" for problem in update.problems)
    changed = count(len(update.changes), "fact") if update.changes else "no facts"
    state = f"wrote {update.path}" if update.is_written else "nothing was written"
    yield f"{changed} changed from {update.before} to {update.collected}; {state}"


def _change(change: FactChange) -> str:
    if change.kind == "modules":
        parts = [
            f"{sign} {names}" for sign, names in (("without", change.old), ("with", change.new)) if names
        ]
        return f"{change.subject}: {'; '.join(parts)}"
    if change.old is None:
        return f"{change.subject}: {change.new}"
    return f"{change.subject}: {change.old} -> {change.new or 'gone'}"


def update_json(update: CatalogueUpdate) -> dict[str, Any]:
    """Return the value of the JSON document of `catalogue update`."""
    return {
        "path": update.path,
        "before": update.before,
        "collected": update.collected,
        "sources": dict(update.sources),
        "written": update.is_written,
        "changes": [
            {"kind": change.kind, "subject": change.subject, "old": change.old, "new": change.new}
            for change in update.changes
        ],
        "problems": list(update.problems),
    }
