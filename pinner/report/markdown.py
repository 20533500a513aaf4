"""Results as Markdown, for a review: the same values as the text, safe against what commit subjects may hold."""

import re
from collections import Counter
from collections.abc import Iterator

from pinner.operations.compare import Change, Comparison, ModuleChange
from pinner.report.text import SHORT, distance, headline, shown_subject

# Characters that start something in Markdown or HTML; a subject is data, never markup.
_SPECIAL = re.compile(r"([\\`*_\[\]#!|<~&@])")


def escape(text: str) -> str:
    """Return text that Markdown shows as it is, on one line."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))


def comparison(result: Comparison) -> Iterator[str]:
    """Yield the lines of a Markdown report: a table of all changes, then the commits module by module."""
    yield f"# {escape(result.before.label)} → {escape(result.after.label)}"
    yield ""
    yield f"`{result.before.lock.lock_id}` → `{result.after.lock.lock_id}`"
    yield ""
    totals = Counter(change.change for change in result.modules)
    yield ", ".join(f"{totals[kind]} {kind.value}" for kind in Change)
    changed = [change for change in result.modules if change.change is not Change.SAME or change.rewordings]
    if changed:
        yield ""
        yield "| module | change |"
        yield "|---|---|"
        yield from (f"| {escape(change.name)} | {escape(headline(change))} |" for change in changed)
    for change in changed:
        yield from _commits(change)


def _commits(change: ModuleChange) -> Iterator[str]:
    if not change.commits and not change.rewordings:
        return
    yield ""
    yield f"## {escape(change.name)}"
    yield ""
    yield from (f"- {escape(str(words))}" for words in change.rewordings)
    if change.change is Change.MOVED:
        yield f"- {distance(change)}"
    yield from (
        f"  - `{commit.id[:SHORT]}` {escape(shown_subject(commit.subject))}" for commit in change.commits
    )
