"""Which commits of one repository are what somebody looks for: themselves, as a backport, or as a bug's fix."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from pinner.git.mirror import Mirror
from pinner.git.objects import Ambiguous, expand_commit
from pinner.git.search import Message, search_messages, show_messages
from pinner.openstack.trailers import read_trailers
from pinner.operations.find.query import Kind, Query

REVERT = r"^This reverts commit [0-9a-f]{40}"
_REVERTED = re.compile(r"^This reverts commit ([0-9a-f]{40})", re.MULTILINE)
_MENTIONED = re.compile(
    r"^[ \t]*(partial(?:ly)?|related)\b[-: \t]*bugs?\b[^\n]*?#?(\d{4,8})", re.IGNORECASE | re.MULTILINE
)


class How(StrEnum):
    """Why a commit was found; all but the last are the change that was looked for, or a part of it."""

    COMMIT = "commit"
    CHANGE = "change"
    CLOSES = "closes"
    PARTIAL = "partial"
    RELATED = "related"


@dataclass(frozen=True, slots=True)
class Hit:
    """One commit that was found; `change_id` is Gerrit's, None where it has none."""

    commit: str
    subject: str
    committed_at: datetime
    how: How
    change_id: str | None = None

    @property
    def is_it(self) -> bool:
        """Tell whether who has the commit has what was looked for."""
        return self.how is not How.RELATED


@dataclass(frozen=True, slots=True)
class Matches:
    """What one repository has: the hits, oldest first, and the (reverting, reverted) commits among all."""

    hits: tuple[Hit, ...] = ()
    reverts: tuple[tuple[str, str], ...] = ()


def find_named(mirror: Mirror, queries: Iterable[Query]) -> tuple[Message, ...]:
    """Return the commits of a mirror whose ids begin as the queries say."""
    commits: set[str] = set()
    for query in queries:
        if query.kind is Kind.COMMIT:
            found = expand_commit(mirror, query.value)
            commits |= set(found.candidates) if isinstance(found, Ambiguous) else {found} if found else set()
    return show_messages(mirror, commits)


def change_ids(messages: Iterable[Message]) -> frozenset[str]:
    """Return the Change-Ids of commits, under which their backports are found."""
    return frozenset(change for message in messages if (change := read_trailers(message.text).change_id))


def find_matches(
    mirror: Mirror,
    queries: tuple[Query, ...],
    *,
    named: Iterable[Message],
    changes: frozenset[str],
    beside: frozenset[str],
) -> Matches:
    """Return the commits of a mirror that the queries mean.

    `named` are those of `find_named`, `changes` the Change-Ids that all repositories' named commits have; `beside` are
    commits of the mirror that no branch or tag reaches.
    """
    hits = {message.id: _hit(message, How.COMMIT) for message in named}
    patterns = [*_patterns(queries), *(f"^Change-Id: *{change}" for change in sorted(changes))]
    told = search_messages(mirror, [*patterns, REVERT], beside=beside) if patterns else ()
    for message in told:
        how = _how(message, queries, changes)
        if how and message.id not in hits:
            hits[message.id] = _hit(message, how)
    ordered = sorted(hits.values(), key=lambda hit: (hit.committed_at, hit.commit))
    return Matches(tuple(ordered), tuple(_reverts(told)) if hits else ())


def _patterns(queries: Iterable[Query]) -> Iterator[str]:
    for query in queries:
        if query.kind is Kind.CHANGE:
            yield f"^Change-Id: *{query.value}"
        elif query.kind is Kind.BUG:
            yield f"bugs?.*{query.value}"


def _how(message: Message, queries: Iterable[Query], changes: frozenset[str]) -> How | None:
    """Return why a message is a hit, None if it only looked like one to git's patterns."""
    trailers = read_trailers(message.text)
    if trailers.change_id is not None and trailers.change_id in changes:
        return How.CHANGE
    for query in queries:
        if query.kind is Kind.CHANGE and (trailers.change_id or "").startswith(query.value):
            return How.CHANGE
        if query.kind is Kind.BUG:
            if query.value in {bug.removeprefix("rhbz#") for bug in trailers.bugs}:
                return How.CLOSES
            words = [word for word, number in _MENTIONED.findall(message.text) if number == query.value]
            if words:
                return How.PARTIAL if words[0].lower().startswith("partial") else How.RELATED
    return None


def _hit(message: Message, how: How) -> Hit:
    change = read_trailers(message.text).change_id
    return Hit(message.id, message.subject, message.committed_at, how, change)


def _reverts(messages: Iterable[Message]) -> Iterator[tuple[str, str]]:
    for message in messages:
        yield from ((message.id, reverted) for reverted in _REVERTED.findall(message.text))
