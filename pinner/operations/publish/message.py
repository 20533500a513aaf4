"""The message of a publication: which locks, what that changes, and the trailers by which it is known again.

Every value is one that a whitelist lets in, and the length is bounded: nothing a stranger wrote gets a line of its own.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from pinner.git.publications import TRAILER
from pinner.operations.publish.comparing import Kind, Plan
from pinner.operations.publish.held import Held

LONGEST_SUBJECT = 100
MOST_MODULES = 40
MOST_LINES = 200
MOST_FILES = 20


@dataclass(frozen=True, slots=True)
class LockChange:
    """One environment: its lock id before (None: first published) and now, its modules before and now."""

    environment: str
    old_id: str | None
    new_id: str
    before: Mapping[str, Held]
    after: Mapping[str, Held]

    @property
    def rows(self) -> Iterator[tuple[str, str]]:
        """Yield (added, moved or removed; the module and what it is held at) for each module that changes."""
        for name in sorted(self.before.keys() | self.after.keys()):
            old, new = self.before.get(name), self.after.get(name)
            if old is None:
                yield "added", f"{name}: {new}"
            elif new is None:
                yield "removed", f"{name}: {old}"
            elif (old.source, old.code) != (new.source, new.code):
                yield "moved", f"{name}: {old} -> {new}"

    def __str__(self) -> str:
        if self.old_id is None:
            return f"{self.environment} {self.new_id}"
        return f"{self.environment} {self.old_id} -> {self.new_id}"


def write_message(plan: Plan, changes: Iterable[LockChange]) -> str:
    """Return the whole message; `changes` are those of the environments whose lock ids differ."""
    changes = tuple(changes)
    body = [line for change in changes for line in ("", *_section(change))]
    body = body or ["", "The modules stay as they are; files about them change."]
    if len(body) > MOST_LINES:
        body = [*body[:MOST_LINES], f"… and {len(body) - MOST_LINES} more lines"]
    return "\n".join([_subject(plan, changes), *body, *_removed(plan), "", *_trailers(plan)]) + "\n"


def _subject(plan: Plan, changes: tuple[LockChange, ...]) -> str:
    counts = Counter(kind for change in changes for kind, _ in change.rows)
    told = ", ".join(f"{counts[kind]} {kind}" for kind in ("added", "moved", "removed") if counts[kind])
    what = str(changes[0]) if len(changes) == 1 else ", ".join(change.environment for change in changes)
    what = what or ", ".join(plan.branch.environments)
    line = f"pinner: {what}{f': {told}' if told else ''}"
    return line if len(line) <= LONGEST_SUBJECT else f"{line[: LONGEST_SUBJECT - 1]}…"


def _section(change: LockChange) -> Iterator[str]:
    rows = list(change.rows)
    yield f"{change}{'' if change.old_id else ', first published here'}"
    yield from (f"  {kind:7} {words}" for kind, words in rows[:MOST_MODULES])
    if len(rows) > MOST_MODULES:
        yield f"  … and {len(rows) - MOST_MODULES} more modules"
    if not rows:
        yield "  the same modules at the same commits, in other places"


def _removed(plan: Plan) -> Iterator[str]:
    paths = [change.path for change in plan.changes if change.kind is Kind.REMOVED]
    if paths:
        yield ""
        yield "Removed, as pinner no longer generates them:"
        yield from (f"  {path!a}" for path in paths[:MOST_FILES])
        if len(paths) > MOST_FILES:
            yield f"  … and {len(paths) - MOST_FILES} more files"


def _trailers(plan: Plan) -> Iterator[str]:
    rows = zip(plan.branch.environments, plan.branch.lock_ids, strict=True)
    yield from (f"{TRAILER}: {environment} {lock_id}" for environment, lock_id in rows)
