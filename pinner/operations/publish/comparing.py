"""One branch of a control repository against what should be on it: what would change, and what speaks against it.

A file is pinner's if its header says so and nobody else has changed it since the last publication. Only such files are
overwritten or removed; everything else stays, or is told.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from pinner.git.mirror import Mirror
from pinner.git.plain_trees import blob_id
from pinner.git.publications import LastChange
from pinner.git.trees import TreeEntry
from pinner.operations.publish.past import Past
from pinner.operations.publish.standing import Standing, environment_of
from pinner.words.control import ControlBranch, ControlFile


class Kind(StrEnum):
    """What happens to one file."""

    ADDED = "added"
    CHANGED = "changed"
    REMOVED = "removed"


class Reason(StrEnum):
    """Why a path must not simply be written, or removed."""

    FOREIGN = "was not written by pinner"
    CHANGED = "was changed since pinner published it"
    DELETED = "was removed since pinner published it"
    IN_THE_WAY = "stands where pinner writes files"
    OTHERS = "was made or changed by others"


@dataclass(frozen=True, slots=True)
class FileChange:
    """One file: what stands there now and what will; None where there is nothing."""

    path: str
    before: TreeEntry | None
    after: ControlFile | None

    @property
    def kind(self) -> Kind:
        """Return what happens to it."""
        if self.before is None:
            return Kind.ADDED
        return Kind.CHANGED if self.after else Kind.REMOVED


@dataclass(frozen=True, slots=True)
class Objection:
    """What speaks against changing a path; `by` is the commit that made it so, where that is known."""

    path: str
    reason: Reason
    by: LastChange | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to happen on one branch.

    `kept` are files that carry pinner's header and are no longer generated, but that others made or changed.
    `is_settled` is False where the history at hand is too short to tell who changed what.
    """

    branch: ControlBranch
    standing: Standing
    changes: tuple[FileChange, ...]
    objections: tuple[Objection, ...] = ()
    kept: tuple[Objection, ...] = ()
    is_settled: bool = True


def plan_branch(
    branch: ControlBranch,
    standing: Standing,
    mirror: Mirror,
    *,
    boundary: frozenset[str],
    is_whole: bool,
) -> Plan:
    """Return what is to happen on one branch.

    `boundary` are the commits whose parents are not at hand. `is_whole` tells that the branch holds no environments but
    those that are published now: then every file of pinner's that is not generated any more is stale.
    """
    writes = tuple(_writes(branch, standing))
    if standing.tip is None:
        return Plan(branch, standing, writes)
    past = Past(mirror, standing.tip, standing.entries, boundary=boundary)
    objections = tuple(objection for change in writes for objection in _objections(change, standing, past))
    stale = _stale(branch, standing, is_whole=is_whole)
    lasts = {path: past.last_change(path, environment_of(standing.marked[path])) for path in stale}
    removed = [path for path, last in lasts.items() if last and last.is_publication]
    kept = tuple(Objection(path, Reason.OTHERS, last) for path, last in lasts.items() if path not in removed)
    removals = (FileChange(path, standing.entries[path], None) for path in removed)
    return Plan(branch, standing, (*writes, *removals), objections, kept, past.is_settled)


def _writes(branch: ControlBranch, standing: Standing) -> Iterator[FileChange]:
    for file in sorted(branch.files, key=lambda file: file.path):
        entry = standing.entries.get(file.path)
        if entry is None or (entry.id, entry.mode) != (blob_id(file.content), f"100{file.mode:o}"):
            yield FileChange(file.path, entry, file)


def _stale(branch: ControlBranch, standing: Standing, *, is_whole: bool) -> Iterator[str]:
    """Yield the files with pinner's header that are not generated any more."""
    ours = {file.path for file in branch.files}
    for path, text in sorted(standing.marked.items()):
        if path not in ours and (is_whole or environment_of(text) in branch.environments):
            yield path


def _objections(change: FileChange, standing: Standing, past: Past) -> Iterator[Objection]:
    environment = environment_of(change.after.text) if change.after else None
    for path, reason in _reasons(change, standing, past, environment):
        yield Objection(path, reason, past.last_change(path, environment))


def _reasons(
    change: FileChange, standing: Standing, past: Past, environment: str | None
) -> Iterator[tuple[str, Reason]]:
    path, entry = change.path, change.before
    if entry is None:
        yield from ((other, Reason.IN_THE_WAY) for other in _in_the_way(path, standing))
        if (
            standing.marked
            and past.published(path, environment)
            and not _was_retired(path, environment, past)
        ):
            yield path, Reason.DELETED
    elif entry.kind != "blob":
        yield path, Reason.IN_THE_WAY
    elif path not in standing.marked:
        yield path, Reason.FOREIGN
    elif past.publication(environment) and past.published(path, environment) != entry:
        yield path, Reason.CHANGED


def _was_retired(path: str, environment: str | None, past: Past) -> bool:
    """Tell whether it was a publication that took the file away: its environment was gone then, and has come back."""
    last = past.last_change(path, environment)
    return last is not None and last.is_publication


def _in_the_way(path: str, standing: Standing) -> Iterator[str]:
    """Yield the files that stand where the path needs a directory, or the path itself if it is a directory now."""
    parts = path.split("/")
    above = ("/".join(parts[:count]) for count in range(1, len(parts)))
    yield from (other for other in above if other in standing.entries)
    if any(other.startswith(f"{path}/") for other in standing.entries):
        yield path
