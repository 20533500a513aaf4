"""Markdown of `outdated`, for the summary of a nightly job: the verdict, and a table for each environment."""

from collections.abc import Iterator

from pinner.model.findings import Finding, fold_findings
from pinner.model.results import AvailableUpdates, OutdatedReport
from pinner.report.ci.markdown import escape
from pinner.report.links import web_pages
from pinner.report.text.status import UPDATE_HEADINGS, update_row, updates_verdict
from pinner.report.words import count


def updates_markdown(report: OutdatedReport) -> Iterator[str]:
    """Yield the lines: verdict, findings about the facts, what could not be checked, then each environment."""
    yield from (f"**{escape(updates_verdict(report))}**", "")
    unknown = fold_findings(found for result in report.environments for found in result.unknown)
    findings = [line for found in (*report.findings, *unknown) for line in _finding(found)]
    yield from [*findings, ""] if findings else []
    for result in report.environments:
        yield from _environment(result)


def _finding(found: Finding) -> Iterator[str]:
    yield f"- {found.level}: {escape(found.message)} [{found.code}]"
    if found.hint:
        yield f"  - hint: {escape(found.hint)}"


def _environment(result: AvailableUpdates) -> Iterator[str]:
    """Yield the heading of an environment, and its modules that have updates or are near their end."""
    yield from (f"## {escape(result.name)}", "")
    if result.lock is None:
        yield from (f"no lock yet: run `pinner lock {result.name}`", "")
        return
    behind = sum(module.is_behind for module in result.modules)
    unknown = f", {len(result.unknown)} could not be checked" if result.unknown else ""
    yield from (f"updates available for {behind} of {count(result.checked, 'module')}{unknown}", "")
    if not result.modules:
        return
    yield f"| {' | '.join(UPDATE_HEADINGS)} |"
    yield f"|{'---|' * len(UPDATE_HEADINGS)}"
    for module in result.modules:
        name, current, *others = map(escape, update_row(module))
        pages = web_pages(module.pin.git)
        address = pages.commit(module.pin.commit) if pages else None
        yield f"| {' | '.join((name, f'[{current}]({address})' if address else current, *others))} |"
    yield ""
