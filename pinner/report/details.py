"""What lies behind a module's move as JSON: API changes, release notes, effects on the operator's data, commits."""

from collections.abc import Mapping
from typing import Any

from pinner.operations.compare import ModuleChange
from pinner.words.changes import ApiChange
from pinner.words.effects import DataEffect
from pinner.words.notes import Note, Trailers

Json = Mapping[str, Any]
_NO_TRAILERS = Trailers()


def details(change: ModuleChange) -> Json:
    """Return the keys `commits`, `api`, `notes`, `hiera` and `unreadable` of one module."""
    return {
        "formerly": change.formerly,
        "commits": [_commit(change, commit.id, commit.subject) for commit in change.commits],
        "api": [_api(row, change.explained.get(row)) for row in change.api],
        "notes": [_note(note) for note in change.notes],
        "hiera": [_effect(effect) for effect in change.hiera],
        "unreadable": [{"path": file.path, "reason": file.reason} for file in change.unreadable],
    }


def _commit(change: ModuleChange, commit: str, subject: str) -> Json:
    trailers = change.trailers.get(commit, _NO_TRAILERS)
    return {
        "commit": commit,
        "subject": subject,
        "bugs": list(trailers.bugs),
        "change_id": trailers.change_id,
        "security": trailers.is_security,
    }


def _api(row: ApiChange, note: Note | None) -> Json:
    return {
        "kind": row.kind,
        "definition": row.definition,
        "parameter": row.parameter,
        "severity": row.severity.value,
        "old": row.old,
        "new": row.new,
        "hint": row.hint,
        "announced": row.announced,
        "path": row.path,
        "line": row.line,
        "note": note.text if note else None,
    }


def _note(note: Note) -> Json:
    return {"section": note.section, "text": note.text, "change": note.change.value, "path": note.path}


def _effect(row: DataEffect) -> Json:
    return {
        "key": row.key,
        "path": row.place.path,
        "line": row.place.line,
        "effect": row.effect.value,
        "hint": row.hint,
        "replacement": row.replacement,
        "code": row.is_code,
    }
