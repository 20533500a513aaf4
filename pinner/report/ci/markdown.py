"""Markdown for reviews: the same values as the text, safe whatever commit subjects contain."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from pinner.model.comparison import Comparison, ModuleChange, Stage, Step, Upgrade
from pinner.model.lock import Commit
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
from pinner.report.words import SHORT, count, further_places

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
            sections += [_Section(("", f"## {stage.heading}", ""), rows)] if rows else []
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
