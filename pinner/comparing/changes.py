"""Read what changes in a module from one commit to another, and cache it: commits, API, release notes, effects on data.

A removal of which the code had no mark counts as announced if a release note announced it.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

from pinner.git.objects.history import ShallowError, read_log
from pinner.git.objects.read import TooLarge, changed_paths, list_tree, read_blobs
from pinner.git.process.failures import SyncFailure
from pinner.git.process.repository import Mirror
from pinner.model.comparison import (
    CommitRange,
    DataEffect,
    History,
    NoteChange,
    ReleaseNote,
    Trailers,
    UnreadNote,
)
from pinner.model.errors import Problem
from pinner.model.lock import Commit, GitPin, Lock
from pinner.model.module_api import ApiChange, ApiChangeKind, DefinitionKind, Needs, Severity, Unreadable
from pinner.openstack.notes import (
    DIRECTORY,
    ChangedNote,
    compare_notes,
    explains,
    names_in,
    rank,
    read_note,
    read_trailers,
)
from pinner.project.operator.values import read_yaml
from pinner.puppet.code.compare import NEVER_ANNOUNCED, compare_apis
from pinner.puppet.code.renames import Successor
from pinner.puppet.usage.codebase import make_codebase
from pinner.puppet.usage.effects import CodeChange, effects_on
from pinner.workspace.apis import (
    CodeFile,
    ModuleCommit,
    assemble,
    code_file,
    complete_apis,
    list_code,
    may_decide_defaults,
    read_apis,
    read_definitions,
    read_pinned_apis,
)
from pinner.workspace.locks import Holding, hold_pins
from pinner.workspace.operator_data import OperatorData
from pinner.workspace.workspace import COMMIT_RANGES, LACKING, NOTES, CacheKey, Workspace


@dataclass(frozen=True, slots=True)
class Shift:
    """A module's old and new commit, as whole ids, each with the mirror that has it.

    `name` is the module's name at the new commit.
    """

    name: str
    old_mirror: Mirror
    old: str
    new_mirror: Mirror
    new: str


@dataclass(frozen=True, slots=True)
class ApiDifference:
    """The changes of one module, and the changed files that could not be read at the new commit."""

    changes: tuple[ApiChange, ...] = ()
    unreadable: tuple[Unreadable, ...] = ()


@dataclass(frozen=True, slots=True)
class _Pair:
    """The code of one module that differs, at the old and at the new commit.

    `has_data` means that its own Hiera data or a params class differs too.
    """

    old: tuple[CodeFile, ...]
    new: tuple[CodeFile, ...]
    has_data: bool = False


def read_api_changes(shifts: Iterable[Shift], workspace: Workspace) -> Mapping[str, ApiDifference]:
    """Return the API changes of each module, by module name."""
    shifts = tuple(shifts)
    pairs = dict(zip(shifts, workspace.map(_differing, shifts), strict=True))
    files: dict[Mirror, list[CodeFile]] = {}
    for shift, pair in pairs.items():
        files.setdefault(shift.old_mirror, []).extend(pair.old)
        files.setdefault(shift.new_mirror, []).extend(pair.new)
    found = read_definitions(files, workspace)
    differences = {}
    for shift, pair in pairs.items():
        old, new = assemble(pair.old, found), assemble(pair.new, found)
        differences[shift] = ApiDifference(compare_apis(old, new), new.unreadable)
    # Where a default may have changed or moved in a way that the changed files alone do not show.
    whole = tuple(
        shift
        for shift in shifts
        if pairs[shift].has_data
        or any(change.change in _OF_DEFAULTS for change in differences[shift].changes)
    )
    return {
        **{shift.name: one for shift, one in differences.items()},
        **_compare_whole_modules(whole, workspace),
    }


def _differing(shift: Shift) -> _Pair:
    """Return the files that differ.

    If one repository has both commits, git compares them: the cost depends only on the size of the change.
    """
    if shift.old_mirror != shift.new_mirror:
        before = {(file.path, file.blob): file for file in list_code(shift.old_mirror, shift.old)}
        after = {(file.path, file.blob): file for file in list_code(shift.new_mirror, shift.new)}
        return _Pair(
            tuple(file for key, file in before.items() if key not in after),
            tuple(file for key, file in after.items() if key not in before),
            has_data=True,
        )
    changes = changed_paths(shift.old_mirror, shift.old, shift.new)
    old = (code_file(change.path, change.old_mode, change.old_id) for change in changes)
    new = (code_file(change.path, change.new_mode, change.new_id) for change in changes)
    has_data = any(may_decide_defaults(change.path) for change in changes)
    return _Pair(tuple(file for file in old if file), tuple(file for file in new if file), has_data)


_OF_DEFAULTS = frozenset(
    {ApiChangeKind.DEFAULT_CHANGED, ApiChangeKind.PARAMETER_REQUIRED, ApiChangeKind.PARAMETER_ADDED}
)


def _compare_whole_modules(shifts: Sequence[Shift], workspace: Workspace) -> Mapping[str, ApiDifference]:
    """Compare all code of the modules with effective defaults, which need params classes and the modules' data."""
    commits: dict[Mirror, set[str]] = {}
    for shift in shifts:
        commits.setdefault(shift.old_mirror, set()).add(shift.old)
        commits.setdefault(shift.new_mirror, set()).add(shift.new)
    apis = read_apis(commits, workspace)
    sides = {
        shift: (
            ModuleCommit(shift.name, shift.old_mirror, shift.old),
            ModuleCommit(shift.name, shift.new_mirror, shift.new),
        )
        for shift in shifts
    }
    known = {side: apis[side.commit] for pair in sides.values() for side in pair}
    complete = complete_apis(known, workspace)
    return {
        shift.name: ApiDifference(compare_apis(complete[old], complete[new]), complete[new].unreadable)
        for shift, (old, new) in sides.items()
    }


def read_effects(
    operator_data: OperatorData,
    locks: tuple[Lock, Lock],
    changes: Iterable[ApiChange],
    workspace: Workspace,
    *,
    renames: Mapping[str, Successor],
) -> tuple[tuple[DataEffect, ...], tuple[Problem, ...]]:
    """Return the effects on `operator_data`, in the order of its places, and what could not be determined.

    Both locks are read whole, because the type of a value may be defined in a module that does not change.
    """
    before, after = (read_pinned_apis(lock, workspace) for lock in locks)
    old, new = (make_codebase(side.apis, operator_data.definitions) for side in (before, after))
    move = CodeChange(
        old,
        new,
        tuple(changes),
        operator_data.options(),
        operator_data.shows_values,
        renames,
        operator_data.lookups | new.lookups,
        operator_data.declared(old),
        workspace.platforms,
    )
    effects = tuple(effects_on(operator_data.uses(old), move))
    return effects, tuple(dict.fromkeys((*operator_data.problems, *before.problems, *after.problems)))


_EXPLAINED = frozenset(
    {
        ApiChangeKind.REMOVED,
        ApiChangeKind.RENAMED,
        ApiChangeKind.DEPRECATED,
        ApiChangeKind.PARAMETER_REMOVED,
        ApiChangeKind.PARAMETER_RENAMED,
        ApiChangeKind.PARAMETER_REQUIRED,
        ApiChangeKind.PARAMETER_DEPRECATED,
        ApiChangeKind.DEFAULT_CHANGED,
        ApiChangeKind.TYPE_CHANGED,
    }
)


def explain_by_notes(
    changes: Iterable[ApiChange], notes: Sequence[ReleaseNote]
) -> Mapping[ApiChange, ReleaseNote]:
    """Return the release note that explains each change; if several do, the most important one."""
    present = [note for note in notes if note.change is not NoteChange.REMOVED]
    found = (
        (
            change,
            next((note for note in present if explains(note, change.definition, change.parameter)), None),
        )
        for change in changes
        if change.change in _EXPLAINED
    )
    return {change: note for change, note in found if note}


MAX_BYTES: Final = 1024 * 1024
_COLUMNS: Final = 2
_Entries = list[list[str]] | str


@dataclass(frozen=True, slots=True)
class NoteDifference:
    """The notes of one module, security first, and those that could not be read."""

    notes: tuple[ReleaseNote, ...] = ()
    unread: tuple[UnreadNote, ...] = ()


def read_note_changes(shifts: Iterable[Shift], workspace: Workspace) -> Mapping[str, NoteDifference]:
    """Return the notes that were added, changed or removed, by module name."""
    shifts = tuple(shifts)
    old = workspace.map(lambda shift: note_files(shift.old_mirror, shift.old), shifts)
    new = workspace.map(lambda shift: note_files(shift.new_mirror, shift.new), shifts)
    changed = dict(zip(shifts, map(compare_notes, old, new), strict=True))

    def read(unread: Sequence[str]) -> Mapping[str, _Entries]:
        blobs = frozenset(unread)
        loaded = workspace.map(lambda item: _read_notes(*item, unread=blobs), changed.items())
        return {blob: found for part in loaded for blob, found in part.items()}

    blobs = {note.blob for notes in changed.values() for note in notes}
    entries = workspace.cached(_ENTRIES, blobs, read, keep=lambda found: found != LACKING)
    return {shift.name: _assemble(notes, entries) for shift, notes in changed.items()}


def _decode(text: str) -> _Entries:
    """Return the cached entries; raises ValueError if they do not have the current form."""
    found = json.loads(text)
    if isinstance(found, str):
        return found
    rows = [row for row in found if isinstance(row, list) and len(row) == _COLUMNS]
    if not isinstance(found, list) or len(rows) != len(found):
        raise ValueError(text)
    return rows


_ENTRIES = CacheKey(NOTES, json.dumps, _decode)


def note_files(mirror: Mirror, commit: str) -> Mapping[str, str]:
    """Return the blobs of the release notes at a commit, by path."""
    entries = (entry for entry in list_tree(mirror, commit, under=DIRECTORY) if entry.kind == "blob")
    return {
        entry.path.encode(errors="surrogateescape").decode(errors="backslashreplace"): entry.id
        for entry in entries
    }


def _read_notes(
    shift: Shift, notes: Iterable[ChangedNote], *, unread: frozenset[str]
) -> Mapping[str, _Entries]:
    """Return the entries of the notes whose blobs are in `unread`, by blob."""
    missing = [note for note in notes if note.blob in unread]
    sides = (
        (shift.old_mirror, [note for note in missing if note.change is NoteChange.REMOVED]),
        (shift.new_mirror, [note for note in missing if note.change is not NoteChange.REMOVED]),
    )
    contents = {
        blob: content
        for mirror, some in sides
        for blob, content in read_blobs(mirror, [note.blob for note in some], max_bytes=MAX_BYTES).items()
    }
    return {note.blob: note_entries(note.path, contents[note.blob]) for note in missing}


def note_entries(path: str, content: bytes | TooLarge | None) -> _Entries:
    """Return the section and text of each entry, or the reason why the note could not be read."""
    if not isinstance(content, bytes):
        return "it is too large" if content else LACKING
    built = read_yaml(content, path, is_raw=True)
    if built.refusal:
        place = built.refusal.place
        line = f"line {place.line}: " if place and place.line else ""
        return f"{line}{built.refusal.message}"
    found = read_note(built.root, path)
    return found if isinstance(found, str) else [[note.section, note.text] for note in found]


def _assemble(changed: Iterable[ChangedNote], entries: Mapping[str, _Entries]) -> NoteDifference:
    notes: list[ReleaseNote] = []
    unread: list[UnreadNote] = []
    for one in changed:
        found = entries[one.blob]
        if isinstance(found, str):
            unread.append(UnreadNote(one.path, found))
        else:
            notes += [
                ReleaseNote(section, text, one.path, one.change, names_in(text)) for section, text in found
            ]
    return NoteDifference(tuple(sorted(notes, key=rank)), tuple(unread))


GONE: Final = frozenset(
    {ApiChangeKind.REMOVED, ApiChangeKind.PARAMETER_REMOVED, ApiChangeKind.PARAMETER_RENAMED}
)
_DEPRECATION: Final = re.compile(r"deprecat", re.IGNORECASE)
_CALLED_DEPRECATED: Final = re.compile(
    r"\bthe\s+(?:following\s+)?deprecated\b|\b(?:is|are|has been|have been)\s+(?:now\s+)?deprecated\b",
    re.IGNORECASE,
)
_SECTION: Final = "deprecations"
_LONGEST: Final = 300


def with_announcements(
    shift: Shift, changes: Sequence[ApiChange], new_notes: Sequence[ReleaseNote]
) -> tuple[ApiChange, ...]:
    """Return the changes; a removal that a note of the old commit announced is marked as announced.

    `new_notes` are those that came since: one of another release in between may announce a removal too. A note that
    came with the removal and calls deprecated what it removes did not announce it, but is a better hint than none.
    """
    unmarked = [one for one in changes if one.change in GONE and not one.announced]
    if not unmarked:
        return tuple(changes)
    notes = [
        *_old_notes(
            shift, {(one.parameter or one.definition.rpartition("::")[2]).encode() for one in unmarked}
        ),
        *(one for one in new_notes if one.change is not NoteChange.REMOVED and one.section == _SECTION),
    ]
    notes = [note for note in notes if _DEPRECATION.search(note.text)]
    late = [
        one
        for one in new_notes
        if one.change is not NoteChange.REMOVED
        and one.section != _SECTION
        and _CALLED_DEPRECATED.search(one.text)
    ]
    found: dict[ApiChange, ApiChange] = {}
    for one in unmarked:
        note = next((note for note in (*notes, *late) if explains(note, one.definition, one.parameter)), None)
        if note:
            text = " ".join(note.text.split())
            shown = text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
            is_unknown = (one.hint or "").startswith(NEVER_ANNOUNCED)
            hint = f"release note: {shown}" if is_unknown else one.hint
            found[one] = replace(one, announced=note in notes, hint=hint)
    return tuple(found.get(one, one) for one in changes)


def _old_notes(shift: Shift, words: Iterable[bytes]) -> list[ReleaseNote]:
    """Return the entries of the notes at the old commit that contain one of `words`."""
    words = tuple(words)
    ids: Mapping[str, str] = note_files(shift.old_mirror, shift.old)
    contents = read_blobs(shift.old_mirror, ids.values(), max_bytes=MAX_BYTES)
    found = []
    for path, blob in ids.items():
        content = contents[blob]
        if isinstance(content, bytes) and b"eprecat" in content and any(word in content for word in words):
            entries = note_entries(path, content)
            found += [
                ReleaseNote(section, text, path, NoteChange.NEW, names_in(text))
                for section, text in (entries if not isinstance(entries, str) else ())
            ]
    return found


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

    fresh = _read(unknown, workspace)
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


def _read(moves: Mapping[str, Move], workspace: Workspace) -> CommitRanges:
    """Return the commit range of each move without the object cache; only missing commits are fetched."""
    holdings = hold_pins((pin for move in moves.values() for pin in move), workspace)
    shifts = []
    for name, (before, after) in moves.items():
        old = holdings[before.git].with_commits(before.commit)
        new = holdings[after.git].with_commits(after.commit)
        if before.is_module and after.is_module and old and new:
            shifts.append(Shift(name, old, before.commit, new, after.commit))
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
    failures = tuple(one.mirror for one in holdings.values() if isinstance(one.mirror, SyncFailure))
    return CommitRanges(found, failures)


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
