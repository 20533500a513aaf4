"""Passages that nobody remembers: worked out from the repositories, for all modules together."""

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor

from pinner.git.log import read_log
from pinner.git.mirror import Mirror
from pinner.git.mirrors import SyncFailure
from pinner.openstack.trailers import read_trailers
from pinner.operations.cached import Holding, hold_commits
from pinner.operations.details.api_changes import read_api_changes
from pinner.operations.details.notes import read_note_changes
from pinner.operations.details.passage import History, Move, Passage, Passages
from pinner.operations.details.shift import Shift
from pinner.operations.workspace import Workspace


def read_fresh(moves: Mapping[str, Move], workspace: Workspace) -> Passages:
    """Return what lies behind each move. A remote is only asked for commits the cache lacks."""
    holdings = _hold(moves.values(), workspace)
    failures = tuple(one.mirror for one in holdings.values() if isinstance(one.mirror, SyncFailure))
    return Passages(_read(moves, holdings, workspace), failures)


def _hold(moves: Iterable[Move], workspace: Workspace) -> Mapping[str, Holding]:
    commits: dict[str, set[str]] = {}
    for pin in (pin for move in moves for pin in move):
        commits.setdefault(pin.git, set()).add(pin.commit)
    return hold_commits(commits, workspace)


def _read(
    moves: Mapping[str, Move], holdings: Mapping[str, Holding], workspace: Workspace
) -> Mapping[str, Passage]:
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
