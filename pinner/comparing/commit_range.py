"""Read the commits, API changes and release notes between two commits of a module, and cache them."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from pinner.comparing.changes import Shift, read_api_changes, read_note_changes, with_announcements
from pinner.git.objects.history import ShallowError, read_log
from pinner.git.process.failures import SyncFailure
from pinner.model.comparison import CommitRange, History, NoteChange, ReleaseNote, Trailers, UnreadNote
from pinner.model.lock import Commit, GitPin
from pinner.model.module_api import ApiChange, ApiChangeKind, DefinitionKind, Needs, Severity, Unreadable
from pinner.openstack.notes import read_trailers
from pinner.workspace.locks import Holding, hold_pins
from pinner.workspace.workspace import COMMIT_RANGES, LACKING, Workspace

Move = tuple[GitPin, GitPin]


@dataclass(frozen=True, slots=True)
class CommitRanges:
    """The commit range of each module, by its new name, and the repositories that could not be fetched."""

    of: Mapping[str, CommitRange]
    failures: tuple[SyncFailure, ...] = ()


_NO_TRAILERS = Trailers()


def range_to_json(found: CommitRange) -> str:
    """Return a commit range as one line of JSON."""
    history = found.history
    rows = [
        history and [history.ahead, history.behind, [_commit_row(one, history) for one in history.commits]],
        [_change_row(one) for one in found.api],
        [[isinstance(one, UnreadNote), one.path, one.reason] for one in found.unreadable],
        [[one.section, one.text, one.path, one.change.value, sorted(one.names)] for one in found.notes],
    ]
    return json.dumps(rows, ensure_ascii=False, separators=(",", ":"))


def range_from_json(text: str) -> CommitRange:
    """Return the commit range that `range_to_json` wrote; raises ValueError for any other text."""
    try:
        history, changes, unreadable, notes = json.loads(text)
        return CommitRange(
            history and _history_from_json(*history),
            tuple(_change_from_json(*row) for row in changes),
            tuple(
                (UnreadNote if is_note else Unreadable)(path, reason) for is_note, path, reason in unreadable
            ),
            tuple(
                ReleaseNote(section, text, path, NoteChange(change), frozenset(names))
                for section, text, path, change, names in notes
            ),
        )
    except (TypeError, RecursionError, OverflowError) as error:
        raise ValueError(f"not a stored commit range: {error}") from error


def _commit_row(commit: Commit, history: History) -> list[Any]:
    row: list[Any] = [commit.id, commit.parents, int(commit.committed_at.timestamp()), commit.subject]
    trailers = history.trailers.get(commit.id, _NO_TRAILERS)
    if trailers == _NO_TRAILERS:
        return row
    return [*row, trailers.bugs, trailers.change_id, trailers.is_security, trailers.vulnerabilities]


def _history_from_json(ahead: int, behind: int, rows: Iterable[Sequence[Any]]) -> History:
    commits: list[Commit] = []
    trailers: dict[str, Trailers] = {}
    for name, parents, seconds, subject, *rest in rows:
        commits.append(Commit(name, tuple(parents), datetime.fromtimestamp(seconds, UTC), subject))
        trailers[name] = _NO_TRAILERS
        if rest:
            bugs, change_id, is_security, vulnerabilities = rest
            trailers[name] = Trailers(tuple(bugs), change_id, is_security, tuple(vulnerabilities))
    return History(ahead, behind, tuple(commits), trailers)


def _change_row(one: ApiChange) -> list[Any]:
    row: list[Any] = [one.change.value, one.of.value, one.definition, one.severity.value, one.parameter]
    return [*row, one.old, one.new, one.hint, one.announced, one.path, one.line, one.needs.value]


def _change_from_json(change: str, of: str, definition: str, severity: str, *rest: Any) -> ApiChange:
    *others, needs = rest
    made = ApiChange(ApiChangeKind(change), DefinitionKind(of), definition, Severity(severity), *others)
    return replace(made, needs=Needs(needs))


def read_commit_ranges(moves: Mapping[str, Move], workspace: Workspace) -> CommitRanges:
    """Return the commit range of each move, from the object cache if it is there.

    Only commits that no mirror in the cache has are fetched.
    """
    keys = {name: _key(move, workspace) for name, move in moves.items()}
    cached = workspace.objects.get(COMMIT_RANGES, set(keys.values()), range_from_json)
    known = {name: cached[key] for name, key in keys.items() if key in cached}
    unknown = {name: move for name, move in moves.items() if name not in known}
    if not unknown:
        return CommitRanges(known)

    fresh = read_fresh(unknown, workspace)
    complete = {
        keys[name]: range_to_json(one)
        for name, one in fresh.of.items()
        if one.history is not None and all(file.reason != LACKING for file in one.unreadable)
    }
    workspace.objects.put(COMMIT_RANGES, complete)
    return CommitRanges({**known, **fresh.of}, fresh.failures)


def _key(move: Move, workspace: Workspace) -> str:
    """Return the cache key of a commit range; code is only compared if both pins are Puppet modules."""
    before, after = move
    is_code = before.is_module and after.is_module
    kind = f"module {', '.join(map(str, workspace.platforms))}" if is_code else "data"
    return f"{before.commit}..{after.commit} {kind}"


def read_fresh(moves: Mapping[str, Move], workspace: Workspace) -> CommitRanges:
    """Return the commit range of each move without the object cache; only missing commits are fetched."""
    holdings = hold_pins((pin for move in moves.values() for pin in move), workspace)
    failures = tuple(one.mirror for one in holdings.values() if isinstance(one.mirror, SyncFailure))
    return CommitRanges(_read(moves, holdings, workspace), failures)


def _read(
    moves: Mapping[str, Move], holdings: Mapping[str, Holding], workspace: Workspace
) -> Mapping[str, CommitRange]:
    shifts = tuple(_shifts(moves, holdings))
    read = workspace.map(lambda move: _commit_history(move, holdings), moves.values())
    histories = dict(zip(moves, read, strict=True))
    apis = read_api_changes(shifts, workspace)
    notes = read_note_changes(shifts, workspace)
    found = {name: CommitRange(history) for name, history in histories.items()}
    for shift in shifts:
        api, note = apis[shift.name], notes[shift.name]
        unreadable: tuple[Unreadable | UnreadNote, ...] = (*api.unreadable, *note.unread)
        changes = with_announcements(shift, api.changes, note.notes)
        found[shift.name] = CommitRange(histories[shift.name], changes, unreadable, note.notes)
    return found


def _shifts(moves: Mapping[str, Move], holdings: Mapping[str, Holding]) -> Iterator[Shift]:
    """Yield the moves of Puppet modules whose commits are both available."""
    for name, (before, after) in moves.items():
        old = holdings[before.git].with_commits(before.commit)
        new = holdings[after.git].with_commits(after.commit)
        if before.is_module and after.is_module and old and new:
            yield Shift(name, old, before.commit, new, after.commit)


def _commit_history(move: Move, holdings: Mapping[str, Holding]) -> History | None:
    before, after = move
    for url in (after.git, before.git):
        mirror = holdings[url].with_commits(before.commit, after.commit)
        if mirror:
            with suppress(ShallowError):
                log = read_log(mirror, before.commit, after.commit)
                own = [entry for entry in log.entries if not entry.commit.is_merge]
                trailers = {entry.commit.id: read_trailers(entry.message) for entry in own}
                commits = tuple(entry.commit for entry in own)
                return History(len(log.entries), log.behind, commits, trailers)
    return None
