"""Markdown for reviews, merge requests and the summaries of nightly jobs: the same values as the text, safe whatever commit subjects contain."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape as escape_html
from typing import Final

from pinner.model.comparison import STAGE_HEADINGS, Comparison, ModuleChange, Proposal, Stage, Step, Upgrade
from pinner.model.findings import fold_findings
from pinner.model.lock import Commit, GitPin, Pin
from pinner.model.results import AvailableUpdates, OutdatedReport
from pinner.model.text import SHORT, one_line
from pinner.report.changes import (
    NO_MILESTONES,
    NOT_LOCKABLE,
    Milestones,
    api_words,
    change_totals,
    commit_links,
    commit_words,
    common_removals,
    edit_words,
    effect_words,
    fact_lines,
    headline,
    listed_modules,
    module_totals,
    note_words,
    pages_of,
    step_place,
    step_text,
    unreadable_words,
    verdict_words,
    worst_first,
)
from pinner.report.links import web_pages
from pinner.report.text.status import UPDATE_HEADINGS, update_row, updates_title, updates_verdict
from pinner.report.words import brief_pin, clip, count, first_few, further_places

# Characters with a meaning in Markdown or HTML; a subject is data, never markup.
_SPECIAL = re.compile(r"([\\`*_\[\]#!|<~&@])")


def escape(text: str) -> str:
    """Return text on one line, escaped so that Markdown shows it unchanged."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))


# Names in reST's literals (``nova::api``), which are code in Markdown too; of nothing that has a meaning in it.
_LITERAL = re.compile(r"``((?=[^`]*\w)[\w:./$ -]+)``", re.ASCII)


def prose(text: str) -> str:
    """Return text of a release note on one line: its literals as code, the rest escaped."""
    parts = _LITERAL.split(text)  # a literal is every second part
    return "".join(
        f"`{part.strip()}`" if number % 2 else escape_part(part) for number, part in enumerate(parts)
    )


def escape_part(text: str) -> str:
    """Return escaped text with a blank at either end where it has one."""
    escaped = escape(text)
    left, right = (" " if text[at : at + 1 or None].isspace() else "" for at in (0, -1))
    return f"{left}{escaped}{right}" if escaped else left


LARGEST: Final = 60_000
"""Bytes of a report; GitHub and GitLab refuse comments and descriptions of more than 65,536 characters."""
_ROOM_FOR_END: Final = 300


@dataclass(frozen=True, slots=True)
class _Section:
    """Lines of a report: rows below a heading, of which the last may be left out; rows of details are left out first."""

    heading: tuple[str, ...]
    rows: tuple[str, ...] = ()
    is_detail: bool = False
    is_table: bool = False

    def cut(self, room: int) -> tuple[list[str], int]:
        """Return the heading with the rows that fit into `room` bytes, and the number of those left out."""
        kept = 0
        for row in self.rows:
            room -= size_of([row])
            if room < 0:
                break
            kept += 1
        missing = len(self.rows) - kept
        more = [f"| … {missing} more | |" if self.is_table else f"- … {missing} more"] if missing else []
        return [*self.heading, *self.rows[:kept], *more], missing


def size_of(lines: Iterable[str]) -> int:
    """Return the bytes of lines, with their ends."""
    return sum(len(line.encode()) + 1 for line in lines)


def _fitted(sections: Sequence[_Section]) -> Iterator[str]:
    """Yield the lines of the sections, at most LARGEST bytes; what is left out is counted in its place, and at the end.

    All details share the room that the rest leaves: short ones are whole, and all others are cut to the same size.
    """
    room = (
        LARGEST - _ROOM_FOR_END - sum(size_of(one.heading) + size_of(["- … 99999 more"]) for one in sections)
    )
    rooms: dict[int, int] = {}
    for is_detail in (False, True):
        sizes = {
            number: size_of(one.rows) for number, one in enumerate(sections) if one.is_detail is is_detail
        }
        for place, number in enumerate(sorted(sizes, key=lambda each: sizes[each])):
            rooms[number] = max(0, min(sizes[number], room // (len(sizes) - place)))
            room -= rooms[number]
    left_out, written = 0, _ROOM_FOR_END
    for number, section in enumerate(sections):
        lines, missing = section.cut(rooms[number])
        for line in lines:
            written += size_of([line])
            if written <= LARGEST:
                yield line
            else:
                left_out += 1
        left_out += missing
    if left_out:
        yield ""
        yield f"{count(left_out, 'line is', 'lines are')} left out, to stay below {LARGEST:,} bytes: `--format html` has everything."


def comparison_markdown(result: Comparison) -> Iterator[str]:
    """Yield the lines of a Markdown report: verdict, a table of all changes, the details module by module."""
    title = f"# {escape(result.before.label)} → {escape(result.after.label)}"
    verdict = verdict_words(result.readiness, result.after.label, is_same=result.is_same)
    head = _Section((title, "", f"**{escape(verdict)}**", ""))
    yield from _fitted([head, *_comparison(result, NO_MILESTONES)])


def _comparison(result: Comparison, when: Milestones) -> Iterator[_Section]:
    yield _Section(
        (
            f"`{result.before.lock.lock_id}` → `{result.after.lock.lock_id}`",
            "",
            f"- {module_totals(result.modules)}",
            *(f"- {escape(line)}" for line in change_totals(result.modules)),
        ),
        (
            *(f"- {escape(line)}" for line in common_removals(result.modules)),
            *(f"- could not be determined: {escape(str(problem))}" for problem in result.problems),
        ),
    )
    if result.effects:
        rows: list[str] = []
        for row in result.effects:
            rows += [f"- {escape(effect_words(row))}"]
            rows += [f"  - also: {escape(further_places(row.places))}"] if row.also else []
        yield _Section(("", "## In your data", ""), tuple(rows))
    changed = listed_modules(result.modules)
    if changed:
        yield _Section(
            ("", "| module | change |", "|---|---|"),
            tuple(f"| {escape(change.name)} | {escape(headline(change))} |" for change in changed),
            is_table=True,
        )
    for change in changed:
        details = tuple(_details(change, when))
        if details:
            yield _Section(("", f"## {escape(change.name)}"))
            yield from details


def _details(change: ModuleChange, when: Milestones) -> Iterator[_Section]:
    """Yield the facts and commits of one module, then one list per heading."""
    facts = [f"- {escape(line)}" for line in fact_lines(change)]
    commits = [
        f"  - {linked_commit(change, commit.id)} {escape(commit_words(change, commit))}{further_links(change, commit)}"
        for commit in change.commits_by_weight
    ]
    if facts or commits:
        yield _Section(("", *facts), tuple(commits), is_detail=True)
    lists = (
        ("API", [escape(api_words(row, when)) for row in worst_first(change.api)]),
        ("Unreadable files", [escape(unreadable_words(file)) for file in change.unreadable]),
        ("Release notes", [prose(note_words(note)) for note in change.notes]),
    )
    for heading, rows in lists:
        if rows:
            yield _Section(("", f"### {heading}", ""), tuple(f"- {row}" for row in rows), is_detail=True)


def linked_commit(change: ModuleChange, commit: str) -> str:
    """Return a commit's short id, as a link if its repository is known to have web pages."""
    pages = pages_of(change)
    address = pages.commit(commit) if pages else None
    return f"[`{commit[:SHORT]}`]({address})" if address else f"`{commit[:SHORT]}`"


def further_links(change: ModuleChange, commit: Commit) -> str:
    """Return links to the review of a commit and to what its message names, in brackets; empty without any."""
    links = ", ".join(f"[{escape(name)}]({address})" for name, address in commit_links(change, commit))
    return f" ({links})" if links else ""


def plan_markdown(result: Upgrade) -> Iterator[str]:
    """Yield the lines of a Markdown report: the plan with checkboxes, then what changes in each module."""
    verdict = verdict_words(result.whole.readiness, str(result.whole.target))
    sections: list[_Section] = []
    for leg in result.shown:
        lines = [f"# {escape(f'{leg.comparison.before.label} → {leg.comparison.after.label}')}: the plan"]
        lines += ["", f"**{escape(verdict)}**"] if leg is result.shown[0] else []
        lines += ["", escape(NOT_LOCKABLE)] if not leg.is_sound else []
        sections.append(_Section(tuple(lines)))
        for stage in Stage:
            rows = tuple(line for step in leg.steps(stage) for line in _step(step))
            sections += [_Section(("", f"## {STAGE_HEADINGS[stage]}", ""), rows)] if rows else []
        sections += [_Section(("",)), *_comparison(leg.comparison, leg.when), _Section(("",))]
    yield from _fitted(sections)


def _step(step: Step) -> Iterator[str]:
    where = f"`{step_place(step).replace('`', '')}`: " if step_place(step) else ""
    yield f"- [ ] {where}{escape(step_text(step))}"
    if step.also:
        yield f"  - also: {escape(further_places(step.places))}"
    if step.edit:
        yield f"  - {escape(edit_words(step.edit))}"
    if step.hint:
        yield f"  - hint: {escape(step.hint)}"


def updates_markdown(report: OutdatedReport) -> Iterator[str]:
    """Yield the lines: verdict, findings about the facts, what could not be checked, then each environment."""
    yield from (f"**{escape(updates_verdict(report))}**", "")
    unknown = fold_findings(found for result in report.environments for found in result.unknown)
    findings = [*report.findings, *unknown]
    for found in findings:
        yield f"- {found.level}: {escape(found.message)} [{found.code}]"
        if found.hint:
            yield f"  - hint: {escape(found.hint)}"
    if findings:
        yield ""
    for result in report.environments:
        yield from _environment(result)


def _environment(result: AvailableUpdates) -> Iterator[str]:
    """Yield the heading of an environment, and its modules that have updates or are near their end."""
    yield from (f"## {escape(result.name)}", "")
    if result.lock is None:
        yield from (f"no lock yet: run `pinner lock {result.name}`", "")
        return
    yield from (updates_title(result), "")
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


_ROOM_FOR_REMARK: Final = 200
_SUBJECT: Final = 72
_FEW_NAMES: Final = 3
_CODE: Final = re.compile(r"``([^`]+)``|`([^`\s][^`]*)`")
_LONGEST_NOTE: Final = 2_000


def update_message(proposals: Sequence[Proposal]) -> str | None:
    """Return the message of what changes, a commit's and a merge request's in one; None if nothing does.

    Its first line is the title of a merge request and the rest its description. The tables come first, then the
    details of each module, as many as there is room for below LARGEST.
    """
    comparisons = {one.result.environment: one.comparison for one in proposals if one.comparison}
    changes = [(name, one) for name, result in comparisons.items() for one in listed_modules(result.modules)]
    if not changes:
        return None
    environments = list(dict.fromkeys(name for name, _ in changes))
    names = dict.fromkeys(change.name for _, change in changes)
    what = next(iter(names)) if len(names) == 1 else count(len(names), "module")
    lines = [clip(f"{first_few(environments, _FEW_NAMES)}: update {what}", _SUBJECT), ""]
    blocks = [
        *(list(_summary(name, comparisons[name])) for name in environments),
        *(list(_folded_details(name, change)) for name, change in changes),
    ]
    room = LARGEST - _ROOM_FOR_REMARK - size_of(lines)
    left_out = 0
    for block in filter(None, blocks):
        room -= size_of(block)
        if room < 0 or left_out:
            left_out += 1
        else:
            lines += block
    if left_out:
        lines.append(f"… {count(left_out, 'more section')} left out here: see `pinner diff`.")
    return "\n".join(lines).rstrip("\n") + "\n"


def _summary(environment: str, result: Comparison) -> Iterator[str]:
    """Yield an environment's lock ids, verdict, table of modules, and effects on the operator's data."""
    yield f"**{escape(environment)}**: `{result.before.lock.lock_id}` → `{result.after.lock.lock_id}`"
    yield ""
    if result.readiness is not None:
        yield from (escape(verdict_words(result.readiness, environment)), "")
    yield from ("| module | from | to | commits |", "|---|---|---|---|")
    for change in listed_modules(result.modules):
        security = sum(bool(trailers.is_security) for trailers in change.trailers.values())
        number = str(len(change.commits)) if change.commits else "-"
        fixes = f", {count(security, 'security fix', 'security fixes')}" if security else ""
        cells = (escape(change.name), _pin(change.before), _pin(change.after), f"{number}{fixes}")
        yield f"| {' | '.join(cells)} |"
    yield ""
    if result.effects:
        yield from ("In your data:", "")
        yield from (f"- {escape(effect_words(effect))}" for effect in result.effects)
        yield ""


def _pin(pin: Pin | None) -> str:
    if not isinstance(pin, GitPin):
        return escape(brief_pin(pin))
    text = f"{escape(brief_pin(pin))} `{pin.commit[:SHORT]}`"
    pages = web_pages(pin.git)
    link = pages.commit(pin.commit) if pages else None
    return f"[{text}]({link})" if link else text


def _folded_details(environment: str, change: ModuleChange) -> Iterator[str]:
    """Yield a module's release notes and commits, folded."""
    if not change.notes and not change.commits:
        return
    parts = [count(len(change.notes), "release note")] if change.notes else []
    parts += [count(len(change.commits), "commit")] if change.commits else []
    title = escape_html(f"{change.name} in {environment}", quote=False)
    yield f"<details><summary>{title}: {', '.join(parts)}</summary>"
    yield ""
    for note in change.notes:
        yield f"- **{escape(note.section)}**: {note_prose(clip(note.text, _LONGEST_NOTE))}"
    if change.notes and change.commits:
        yield ""
    for commit in change.commits_by_weight:
        words = escape(commit_words(change, commit))
        yield f"- {linked_commit(change, commit.id)} {words}{further_links(change, commit)}"
    yield from ("", "</details>", "")


def note_prose(text: str) -> str:
    """Return a release note as Markdown: reST's literals become code, and everything else is escaped."""
    line = one_line(text)
    parts: list[str] = []
    end = 0
    for found in _CODE.finditer(line):
        parts += [escape_part(line[end : found.start()]), f"`{found[1] or found[2]}`"]
        end = found.end()
    return "".join((*parts, escape_part(line[end:])))
