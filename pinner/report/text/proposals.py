"""Text and JSON of what `lock` and `update` change: the results, with the commits and notes of each module that moves."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from pinner.model.comparison import ModuleChange, Proposal
from pinner.report.changes import commit_words, effect_words, note_words, verdict_words
from pinner.report.json.document import comparison_json, results_json
from pinner.report.text.findings import result_lines
from pinner.report.words import SHORT, count

FEW = 10
"""Commits listed per module; `-v` lists all of them, and the text of all release notes."""
IMPORTANT = frozenset({"security", "critical", "upgrade"})
"""Sections of release notes that are always printed."""


def proposals_text(proposals: Sequence[Proposal], *, verb: str, is_verbose: bool = False) -> Iterator[str]:
    """Yield the lines of the results, each module that moves with its commits, notes and effects on the data."""
    by_environment = {one.result.environment: one for one in proposals}

    def details(environment: str, module: str) -> Iterable[str]:
        change = by_environment[environment].change_of(module)
        return _details(change, is_verbose=is_verbose) if change else ()

    yield from result_lines((one.result for one in proposals), verb=verb, details=details)
    for one in proposals:
        if one.comparison and one.comparison.readiness is not None:
            yield verdict_words(one.comparison.readiness, one.result.environment)


def _details(change: ModuleChange, *, is_verbose: bool) -> Iterator[str]:
    yield from (f"your data: {effect_words(effect)}" for effect in change.hiera)
    notes = [note for note in change.notes if is_verbose or note.section in IMPORTANT]
    yield from (note_words(note) for note in notes)
    if len(notes) < len(change.notes):
        yield f"… {count(len(change.notes) - len(notes), 'more release note')} (-v shows all)"
    commits = change.commits_by_weight if is_verbose else change.commits_by_weight[:FEW]
    yield from (f"{commit.id[:SHORT]} {commit_words(change, commit)}" for commit in commits)
    if len(commits) < len(change.commits):
        yield f"… {count(len(change.commits) - len(commits), 'more commit')} (-v shows all)"


def proposals_json(proposals: Sequence[Proposal]) -> dict[str, Any]:
    """Return the document of `lock` and `update`, each environment with `diff`: the document of that command or null."""
    document = results_json(one.result for one in proposals)
    for row, one in zip(document["environments"], proposals, strict=True):
        row["diff"] = comparison_json(one.comparison) if one.comparison else None
    return dict(document)
