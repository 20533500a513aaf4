"""Passages as compact JSON and back, to be remembered by the commits that they lie between."""

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from pinner.git.history import Commit
from pinner.operations.details.passage import History, Passage
from pinner.words.api import Kind, Unreadable
from pinner.words.changes import ApiChange, Change, Severity
from pinner.words.notes import Note, NoteChange, Trailers, UnreadNote

_NO_TRAILERS = Trailers()


def to_json(passage: Passage) -> str:
    """Return a passage as one line of JSON."""
    history = passage.history
    rows = [
        history and [history.ahead, history.behind, [_commit_row(one, history) for one in history.commits]],
        [_change_row(one) for one in passage.api],
        [[isinstance(one, UnreadNote), one.path, one.reason] for one in passage.unreadable],
        [[one.section, one.text, one.path, one.change.value, sorted(one.names)] for one in passage.notes],
    ]
    return json.dumps(rows, ensure_ascii=False, separators=(",", ":"))


def from_json(text: str) -> Passage:
    """Return what `to_json` stored; raises ValueError for any other text."""
    try:
        history, changes, unreadable, notes = json.loads(text)
        return Passage(
            history and _history(*history),
            tuple(_change(*row) for row in changes),
            tuple(
                (UnreadNote if is_note else Unreadable)(path, reason) for is_note, path, reason in unreadable
            ),
            tuple(_note(*row) for row in notes),
        )
    except (TypeError, RecursionError, OverflowError) as error:
        raise ValueError(f"no stored passage: {error}") from error


def _commit_row(commit: Commit, history: History) -> list[Any]:
    row: list[Any] = [commit.id, commit.parents, int(commit.committed_at.timestamp()), commit.subject]
    told = history.trailers.get(commit.id, _NO_TRAILERS)
    return (
        row
        if told == _NO_TRAILERS
        else [*row, told.bugs, told.change_id, told.is_security, told.vulnerabilities]
    )


def _history(ahead: int, behind: int, rows: Iterable[Sequence[Any]]) -> History:
    told = [_commit(*row) for row in rows]
    return History(
        ahead, behind, tuple(commit for commit, _ in told), {commit.id: trailers for commit, trailers in told}
    )


def _commit(name: str, parents: list[str], seconds: int, subject: str, *rest: Any) -> tuple[Commit, Trailers]:
    commit = Commit(name, tuple(parents), datetime.fromtimestamp(seconds, UTC), subject)
    if not rest:
        return commit, _NO_TRAILERS
    bugs, change_id, is_security, vulnerabilities = rest
    return commit, Trailers(tuple(bugs), change_id, is_security, tuple(vulnerabilities))


def _change_row(one: ApiChange) -> list[Any]:
    row = [one.change.value, one.of.value, one.definition, one.severity.value]
    return [*row, one.parameter, one.old, one.new, one.hint, one.announced, one.path, one.line]


def _change(change: str, of: str, definition: str, severity: str, *rest: Any) -> ApiChange:
    return ApiChange(Change(change), Kind(of), definition, Severity(severity), *rest)


def _note(section: str, text: str, path: str, change: str, names: list[str]) -> Note:
    return Note(section, text, path, NoteChange(change), frozenset(names))
