"""Results as Markdown, for a review: the same values as the text, safe against what commit subjects may hold."""

import re
from collections import Counter
from collections.abc import Iterator

from pinner.operations.compare import Change, Comparison, ModuleChange
from pinner.report.details_text import api_words, effect_words, note_words, trailer_words, worst_first
from pinner.report.details_text import totals as totals_of_details
from pinner.report.pins import SHORT
from pinner.report.text import distance, headline, shown_subject

# Characters that start something in Markdown or HTML; a subject is data, never markup.
_SPECIAL = re.compile(r"([\\`*_\[\]#!|<~&@])")


def escape(text: str) -> str:
    """Return text that Markdown shows as it is, on one line."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))


def comparison(result: Comparison) -> Iterator[str]:
    """Yield the lines of a Markdown report: a table of all changes, then module by module what lies behind."""
    yield f"# {escape(result.before.label)} → {escape(result.after.label)}"
    yield ""
    yield f"`{result.before.lock.lock_id}` → `{result.after.lock.lock_id}`"
    yield ""
    totals = Counter(change.change for change in result.modules)
    yield ", ".join(f"{totals[kind]} {kind.value}" for kind in Change)
    yield from (escape(line) for line in totals_of_details(result))
    changed = [
        change
        for change in result.modules
        if change.change is not Change.SAME or change.rewordings or change.hiera
    ]
    if changed:
        yield ""
        yield "| module | change |"
        yield "|---|---|"
        yield from (f"| {escape(change.name)} | {escape(headline(change))} |" for change in changed)
    for change in changed:
        yield from _module(change)


def _module(change: ModuleChange) -> Iterator[str]:
    if not (change.commits or change.rewordings or change.api or change.notes or change.hiera):
        return
    yield ""
    yield f"## {escape(change.name)}"
    yield ""
    yield from (f"- {escape(str(words))}" for words in change.rewordings)
    if change.change is Change.MOVED:
        yield f"- {distance(change)}"
    for commit in change.commits_by_weight:
        words = trailer_words(change.trailers.get(commit.id))
        yield f"  - `{commit.id[:SHORT]}` {escape(shown_subject(commit.subject) + words)}"
    yield from _details(change)


def _details(change: ModuleChange) -> Iterator[str]:
    """Yield one list a heading: what is touched of the operator's, what changes in the API, what upstream says."""
    lists = (
        ("Your data and code", [effect_words(row) for row in change.hiera]),
        ("API", [api_words(row) for row in worst_first(change.api)]),
        ("Release notes", [note_words(note) for note in change.notes]),
        ("Could not be read", [f"{file.path}: {file.reason}" for file in change.unreadable]),
    )
    for heading, rows in lists:
        if rows:
            yield from ("", f"### {heading}", "")
            yield from (f"- {escape(row)}" for row in rows)
