"""The passages of all modules that move: remembered ones need no git, the others are read together."""

from collections.abc import Mapping

from pinner.operations.details.passage import Move, Passage, Passages
from pinner.operations.details.stored_passages import from_json, to_json
from pinner.operations.readers import LACKING, PASSAGES
from pinner.operations.workspace import Workspace


def read_passages(moves: Mapping[str, Move], workspace: Workspace) -> Passages:
    """Return what lies behind each move. A remote is only asked for commits the cache lacks."""
    known = _recall(moves, workspace)
    unknown = {name: move for name, move in moves.items() if name not in known}
    if not unknown:
        return Passages(known)
    from pinner.operations.details.reading import read_fresh  # noqa: PLC0415 - a second look needs none of the readers

    fresh = read_fresh(unknown, workspace)
    whole = {_key(moves[name]): to_json(one) for name, one in fresh.of.items() if _is_whole(one)}
    workspace.memory.remember(PASSAGES, whole)
    return Passages({**known, **fresh.of}, fresh.failures)


def _key(move: Move) -> str:
    """Return what a passage is remembered by: code is only looked for where both sides are Puppet modules."""
    before, after = move
    kind = "module" if before.is_module and after.is_module else "data"
    return f"{before.commit}..{after.commit} {kind}"


def _recall(moves: Mapping[str, Move], workspace: Workspace) -> dict[str, Passage]:
    texts = workspace.memory.recall(PASSAGES, {_key(move) for move in moves.values()})
    known: dict[str, Passage] = {}
    for name, move in moves.items():
        try:
            known[name] = from_json(texts[_key(move)])
        except (KeyError, ValueError):
            continue
    return known


def _is_whole(passage: Passage) -> bool:
    """Tell whether it is what the commits say, with nothing left out because a mirror lacks it."""
    return passage.history is not None and all(one.reason != LACKING for one in passage.unreadable)
