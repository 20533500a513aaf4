"""`pinner id --from-report`: which lock the catalog of an agent's report was compiled from, now or in the history."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pinner.git.file_versions import Head, commits_that_wrote, head_of
from pinner.operations.old_locks import read_old_locks
from pinner.operations.workspace import Workspace
from pinner.project.layout import ENVIRONMENTS, LOCK_SUFFIX, list_environments
from pinner.project.puppet_run import PuppetRun, read_run
from pinner.words.pins import Lock


@dataclass(frozen=True, slots=True)
class Origin:
    """A lock with the id that was looked for: the environment's on disk, or where `commit` is set, as that wrote it."""

    environment: str
    commit: str | None = None
    committed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Origins:
    """What a report's code was: `found` is empty where no known lock has the report's version as its id.

    `now` is the id of the lock that the report's environment has now, None without one. `gap` says why the history
    could not be looked through, or not all of it; None where it was, or need not be.
    """

    run: PuppetRun
    found: tuple[Origin, ...]
    now: str | None
    gap: str | None = None


def find_origins(workspace: Workspace, path: Path) -> Origins:
    """Return the locks whose id the report or catalog at `path` carries, those of its own environment before others.

    Where locks on disk have it, the history is not asked. Raises InputError for a file that is no report.
    """
    run = read_run(path)
    ids = {name: lock.lock_id for name, lock in _locks(workspace).items()}
    now = ids.get(run.environment or "")
    if run.version is None:
        return Origins(run, (), now)
    found = _own_first((Origin(name) for name, lock_id in ids.items() if lock_id == run.version), run)
    if found:
        return Origins(run, found, now)
    head = head_of(workspace.project.root)
    if head is None:
        return Origins(run, (), now, "the project is in no git repository")
    gap = "this clone of the project is shallow" if head.is_shallow else None
    return Origins(run, _own_first(_of_history(head, run.version), run), now, gap)


def _locks(workspace: Workspace) -> dict[str, Lock]:
    names = list_environments(workspace.project).environments
    return {name: lock for name, lock in workspace.locks(names).items() if lock}


def _own_first(found: Iterator[Origin], run: PuppetRun) -> tuple[Origin, ...]:
    """Return only the origins in the run's own environment, if there are any; else all."""
    origins = tuple(found)
    own = tuple(origin for origin in origins if origin.environment == run.environment)
    return own or origins


def _of_history(head: Head, lock_id: str) -> Iterator[Origin]:
    """Yield for each environment the newest commit that wrote a lock with that id."""
    seen: set[str] = set()
    for blob in _versions_with(head, lock_id):
        for written in commits_that_wrote(head, ENVIRONMENTS, blob):
            environment = written.name.removesuffix(LOCK_SUFFIX)
            if environment not in seen:
                seen.add(environment)
                yield Origin(environment, written.commit, written.committed_at)


def _versions_with(head: Head, lock_id: str) -> Iterator[str]:
    """Yield the versions of locks that have that id: several, where a lock changed in what its id leaves out."""
    return (blob for blob, lock in read_old_locks(head) if lock.lock_id == lock_id)
