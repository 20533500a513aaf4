"""The passages of all modules that move: remembered ones need no git, the others are read together."""

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

from pinner.git.log import read_log
from pinner.git.mirror import Mirror
from pinner.git.mirrors import SyncFailure
from pinner.openstack.trailers import read_trailers
from pinner.operations.apis import LACKING
from pinner.operations.apis import MEMORY as API_MEMORY
from pinner.operations.cached import Holding, hold_commits
from pinner.operations.details.api_changes import read_api_changes
from pinner.operations.details.notes import MEMORY as NOTE_MEMORY
from pinner.operations.details.notes import read_note_changes
from pinner.operations.details.passage import History, Passage
from pinner.operations.details.shift import Shift
from pinner.operations.details.stored_passages import from_json, to_json
from pinner.operations.workspace import Workspace
from pinner.words.pins import GitPin

# The first number is raised when the comparison, or what is read of commits, learns something new.
MEMORY: Final = f"passage-1 {API_MEMORY} {NOTE_MEMORY}"

Move = tuple[GitPin, GitPin]


@dataclass(frozen=True, slots=True)
class Passages:
    """Module name, after the move, to passage; and the repositories that could not be asked."""

    of: Mapping[str, Passage]
    failures: tuple[SyncFailure, ...] = ()


def read_passages(moves: Mapping[str, Move], workspace: Workspace) -> Passages:
    """Return what lies behind each move. A remote is only asked for commits the cache lacks."""
    known = _recall(moves, workspace)
    unknown = {name: move for name, move in moves.items() if name not in known}
    holdings = _hold(unknown.values(), workspace)
    fresh = _read(unknown, holdings, workspace)
    whole = {_key(moves[name]): to_json(passage) for name, passage in fresh.items() if _is_whole(passage)}
    workspace.memory.remember(MEMORY, whole)
    failures = tuple(one.mirror for one in holdings.values() if isinstance(one.mirror, SyncFailure))
    return Passages(known | fresh, failures)


def _key(move: Move) -> str:
    """Return what a passage is remembered by: code is only looked for where both sides are Puppet modules."""
    before, after = move
    kind = "module" if before.is_module and after.is_module else "data"
    return f"{before.commit}..{after.commit} {kind}"


def _recall(moves: Mapping[str, Move], workspace: Workspace) -> dict[str, Passage]:
    texts = workspace.memory.recall(MEMORY, {_key(move) for move in moves.values()})
    known: dict[str, Passage] = {}
    for name, move in moves.items():
        try:
            known[name] = from_json(texts[_key(move)])
        except (KeyError, ValueError):
            continue
    return known


def _hold(moves: Iterable[Move], workspace: Workspace) -> Mapping[str, Holding]:
    commits: dict[str, set[str]] = {}
    for pin in (pin for move in moves for pin in move):
        commits.setdefault(pin.git, set()).add(pin.commit)
    return hold_commits(commits, workspace)


def _read(
    moves: Mapping[str, Move], holdings: Mapping[str, Holding], workspace: Workspace
) -> dict[str, Passage]:
    shifts = tuple(_shifts(moves, holdings))
    memory, jobs = workspace.memory, workspace.settings.jobs
    with ThreadPoolExecutor(max_workers=jobs) as pool:
        histories = dict(
            zip(moves, pool.map(lambda move: _history(move, holdings), moves.values()), strict=True)
        )
    apis = read_api_changes(shifts, memory=memory, jobs=jobs)
    notes = read_note_changes(shifts, memory=memory, jobs=jobs)
    found = {name: Passage(history) for name, history in histories.items()}
    for shift in shifts:
        api, told = apis[shift.name], notes[shift.name]
        found[shift.name] = Passage(
            histories[shift.name], api.changes, (*api.unreadable, *told.unread), told.notes
        )
    return found


def _shifts(moves: Mapping[str, Move], holdings: Mapping[str, Holding]) -> Iterator[Shift]:
    """Yield the moves of Puppet modules of which both commits are at hand."""
    for name, (before, after) in moves.items():
        old = holdings[before.git].with_commits(before.commit)
        new = holdings[after.git].with_commits(after.commit)
        if before.is_module and after.is_module and old and new:
            yield Shift(name, old, before.commit, new, after.commit)


def _history(move: Move, holdings: Mapping[str, Holding]) -> History | None:
    before, after = move
    for url in (after.git, before.git):
        mirror = holdings[url].with_commits(before.commit, after.commit)
        if mirror:
            return _read_history(mirror, before.commit, after.commit)
    return None


def _read_history(mirror: Mirror, before: str, after: str) -> History:
    log = read_log(mirror, before, after)
    own = [entry for entry in log.entries if not entry.commit.is_merge]
    return History(
        len(log.entries),
        log.behind,
        tuple(entry.commit for entry in own),
        {entry.commit.id: read_trailers(entry.message) for entry in own},
    )


def _is_whole(passage: Passage) -> bool:
    """Tell whether it is what the commits say, with nothing left out because a mirror lacks it."""
    return passage.history is not None and all(one.reason != LACKING for one in passage.unreadable)
