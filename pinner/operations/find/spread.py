"""How far what was found has spread in one repository: which of the commits asked about have it, or have undone it.

All of it follows from commit ids, so it is remembered for ever.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from pinner.git.memory import Memory
from pinner.git.search import Message, holders
from pinner.operations.find.matching import Hit, How, Matches, find_matches, find_named
from pinner.operations.find.query import Query
from pinner.operations.find.scope import Place

# Raised when the search learns something new.
NAMED = "find-named-1"
SPREAD = "find-spread-1"


@dataclass(frozen=True, slots=True)
class Spread:
    """The hits in one repository, and for each of them and of what reverts them the commits that have it."""

    matches: Matches
    held: Mapping[str, frozenset[str]]

    def undone(self, commit: str, by: str) -> str | None:
        """Return the commit with which `by` has undone `commit`; None if it has not, or has undone that as well."""
        for reverting, reverted in self.matches.reverts:
            if reverted == commit and by in self.held.get(reverting, ()) and not self.undone(reverting, by):
                return reverting
        return None


def read_named(place: Place, queries: tuple[Query, ...], memory: Memory) -> tuple[Message, ...]:
    """Return the commits of one repository whose ids begin as the queries say."""
    key = _key(place, queries, ())
    if key in (remembered := memory.recall(NAMED, [key])):
        rows = json.loads(remembered[key])
        return tuple(Message(name, _when(seconds), text) for name, seconds, text in rows)
    named = find_named(place.mirror, queries)
    rows = [[message.id, int(message.committed_at.timestamp()), message.text] for message in named]
    memory.remember(NAMED, {key: json.dumps(rows)})
    return named


def read_spread(
    place: Place,
    queries: tuple[Query, ...],
    named: tuple[Message, ...],
    changes: frozenset[str],
    memory: Memory,
) -> Spread:
    """Return what one repository has of what is looked for, and who has that."""
    key = _key(place, queries, changes)
    if key in (remembered := memory.recall(SPREAD, [key])):
        return _from_json(remembered[key])
    matches = find_matches(place.mirror, queries, named=named, changes=changes, beside=place.beside)
    commits = _with_reverts(matches)
    held = holders(place.mirror, commits, place.commits, beside=place.beside) if commits else {}
    spread = Spread(matches, held)
    memory.remember(SPREAD, {key: _to_json(spread)})
    return spread


def _with_reverts(matches: Matches) -> frozenset[str]:
    """Return the hits, what reverts them, what reverts that, and so on."""
    commits = {hit.commit for hit in matches.hits}
    while more := {one for one, other in matches.reverts if other in commits} - commits:
        commits |= more
    return frozenset(commits)


def _key(place: Place, queries: Iterable[Query], changes: Iterable[str]) -> str:
    parts = [*map(str, queries), *sorted(changes), *sorted(place.commits)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _when(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _to_json(spread: Spread) -> str:
    hits = [
        [hit.commit, hit.subject, int(hit.committed_at.timestamp()), hit.how, hit.change_id]
        for hit in spread.matches.hits
    ]
    held = {commit: sorted(names) for commit, names in spread.held.items()}
    return json.dumps([hits, spread.matches.reverts, held], separators=(",", ":"))


def _from_json(text: str) -> Spread:
    hits, reverts, held = json.loads(text)
    return Spread(
        Matches(
            tuple(
                Hit(commit, subject, _when(seconds), How(how), change)
                for commit, subject, seconds, how, change in hits
            ),
            tuple((one, other) for one, other in reverts),
        ),
        {commit: frozenset(names) for commit, names in held.items()},
    )
