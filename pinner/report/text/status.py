"""Text of `status` and `outdated`, and the JSON document of the latter."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from pinner.model.lock import GitPin, short_name
from pinner.model.results import (
    AvailableUpdates,
    EndState,
    EnvironmentStatus,
    ModuleStatus,
    ModuleUpdates,
    OutdatedReport,
    UpdateKind,
)
from pinner.model.text import SHORT
from pinner.report.json.document import finding_json
from pinner.report.text.findings import finding_lines
from pinner.report.words import columns, count, release_words

Row = tuple[str, ...]


def updates_text(report: OutdatedReport) -> Iterator[str]:
    """Yield one line per environment and one per module with updates, the verdict last; the findings come first."""
    yield from finding_lines(report.findings)
    for result in report.environments:
        if result.lock is None:
            yield f"{result.name}: no lock yet: run 'pinner lock {result.name}'"
            continue
        yield f"{result.name}: {updates_title(result)}"
        if result.modules:
            yield from columns([UPDATE_HEADINGS, *map(update_row, result.modules)], "  ")
    yield updates_verdict(report)


def updates_title(result: AvailableUpdates) -> str:
    """Return for how many modules of an environment something newer is available, and the phase of its release."""
    behind = sum(module.is_behind for module in result.modules)
    unknown = f", {len(result.unknown)} could not be checked" if result.unknown else ""
    release = f", {release_words(result.release)}" if result.release else ""
    return f"updates available for {behind} of {count(result.checked, 'module')}{unknown}{release}"


def updates_verdict(report: OutdatedReport) -> str:
    """Return on one line how many environments have updates, and how many refs are at or near their end of life."""
    results = report.environments
    behind = sum(any(module.is_behind for module in result.modules) for result in results)
    verb = "has" if 1 in {behind, len(results)} else "have"
    parts = [f"{behind} of {count(len(results), 'environment')} {verb} updates"]
    for state, dates in _ends(report).items():
        refs = sum(dates.values())
        verbs = _END_VERBS[state][refs != 1]
        known = sorted(filter(None, dates))
        when = (
            f" between {known[0]} and {known[-1]}" if len(known) > 1 else f" on {known[0]}" if known else ""
        )
        parts.append(f"{count(refs, 'ref')} {verbs}{when if state is not EndState.UNMAINTAINED else ''}")
    if overrides := _overrides(report):
        parts.append(f"{count(overrides, 'override')} to renew or remove")
    if without := sum(result.lock is None for result in results):
        parts.append(f"{count(without, 'environment')} without a lock")
    if unknown := _unknown(report):
        parts.append(f"{count(unknown, 'module')} could not be checked")
    return "; ".join(parts)


_END_VERBS = {
    EndState.REACHED: ("has reached its end of life", "have reached their end of life"),
    EndState.NEAR: ("reaches its end of life", "reach their end of life"),
    EndState.UNMAINTAINED: ("is unmaintained", "are unmaintained"),
}


def _ends(report: OutdatedReport) -> dict[EndState, Counter[str | None]]:
    """Return the number of refs by the date of their end of life; a ref of several environments counts once."""
    refs = {
        (module.pin.git, module.pin.ref or module.pin.commit): update
        for result in report.environments
        for module in result.modules
        for update in module.news
        if update.end
    }
    dates = {state: Counter(one.date for one in refs.values() if one.end is state) for state in EndState}
    return {state: numbers for state, numbers in dates.items() if numbers}


def _overrides(report: OutdatedReport) -> int:
    news = (one for result in report.environments for module in result.modules for one in module.news)
    return sum(one.kind is UpdateKind.UNTIL for one in news)


def _unknown(report: OutdatedReport) -> int:
    return len({one.module for result in report.environments for one in result.unknown})


UPDATE_HEADINGS = ("module", "current", "on its ref", "newest", "end of life", "notes")


def update_row(module: ModuleUpdates) -> Row:
    """Return the cells of a module in the order of UPDATE_HEADINGS."""
    of = {update.kind: update for update in module.news}
    behind, tag = of.get(UpdateKind.BEHIND), of.get(UpdateKind.NEWER_TAG)
    on_ref = [behind.what.partition(" behind ")[0]] if behind else []
    on_ref += [tag.to] if tag else []
    newest = [of[kind].to for kind in (UpdateKind.NEWER_MAJOR, UpdateKind.NEWER_RELEASE) if kind in of]
    notes = [
        of[kind].what
        for kind in (UpdateKind.GATE_MOVED, UpdateKind.END_OF_LIFE, UpdateKind.UNTIL)
        if kind in of
    ]
    return (
        module.name,
        module.pin.version or module.pin.commit[:SHORT],
        ", ".join(on_ref) or "-",
        ", ".join(newest) or "-",
        module.end_of_life or "-",
        "; ".join(notes),
    )


def updates_json(report: OutdatedReport) -> dict[str, Any]:
    """Return the value of the JSON document of `outdated`."""
    return {
        "environments": [_environment(result) for result in report.environments],
        "findings": [finding_json(found) for found in report.findings],
        "verdict": {
            "environments": len(report.environments),
            "with_updates": sum(
                any(one.is_behind for one in result.modules) for result in report.environments
            ),
            "without_lock": sum(result.lock is None for result in report.environments),
            "ends": [
                {"state": state.value, "date": date, "refs": number}
                for state, dates in _ends(report).items()
                for date, number in sorted(dates.items(), key=lambda row: row[0] or "")
            ],
            "overrides": _overrides(report),
            "unknown": _unknown(report),
        },
    }


def _environment(result: AvailableUpdates) -> dict[str, Any]:
    return {
        "name": result.name,
        "lock_id": result.lock.lock_id if result.lock else None,
        "release": str(result.release) if result.release else None,
        "phase": result.release.status.value if result.release else None,
        "end_of_life": result.release.eol if result.release else None,
        "modules": [
            {
                "name": module.name,
                "version": module.pin.version,
                "commit": module.pin.commit,
                "end_of_life": module.end_of_life,
                "news": [
                    {"kind": news.kind.value, "message": news.what, "to": news.to} for news in module.news
                ],
            }
            for module in result.modules
        ],
        "unknown": [finding_json(found) for found in result.unknown],
    }


HEADINGS = ("module", "version", "ref", "status", "behind")


def align_columns(statuses: Iterable[EnvironmentStatus]) -> Iterator[str]:
    """Yield the lines of each environment with its modules in columns, for a pipe."""
    for status in statuses:
        yield title_of(status)
        if status.lock:
            yield from columns([HEADINGS, *(row_of(module) for module in status.modules)], "  ")


def title_of(status: EnvironmentStatus) -> str:
    """Return the environment, its lock id, the number of its modules, and its release."""
    if status.lock is None:
        return f"{status.name}: no lock yet: run 'pinner lock {status.name}'"
    release = f", {release_words(status.release)}" if status.release else ""
    return f"{status.name}: {status.lock.lock_id}, {count(len(status.modules), 'module')}{release}"


def row_of(module: ModuleStatus) -> Row:
    """Return the cells of one module in the order of HEADINGS; `?` means unknown, `-` not applicable."""
    pin = module.pin
    if not isinstance(pin, GitPin):
        return module.name, pin.version, f"forge {pin.forge}", "-", "-"
    ref = short_name(pin.ref) if pin.ref else "bare commit"
    ref += f" -> {short_name(module.ref_now)}" if module.ref_now else ""
    behind = "?" if module.behind is None else str(module.behind)
    return module.name, pin.version or "-", ref, module.phase or "-", behind
