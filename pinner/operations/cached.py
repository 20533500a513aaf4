"""Mirrors that hold given commits: from the cache where it has them, from the remote only where it has not."""

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from pinner.git.mirrors import Mirror, SyncFailure
from pinner.git.objects import has_commits
from pinner.operations.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Holding:
    """A repository that was asked for commits: its mirror, or why there is none, and those of the commits it has."""

    mirror: Mirror | SyncFailure
    commits: frozenset[str] = frozenset()

    def with_commits(self, *wanted: str) -> Mirror | None:
        """Return the mirror if it has all these commits."""
        return self.mirror if isinstance(self.mirror, Mirror) and self.commits.issuperset(wanted) else None


def hold_commits(commits: Mapping[str, Iterable[str]], workspace: Workspace) -> Mapping[str, Holding]:
    """Return canonical URL to what could be had, for repositories and the commits (40 hex digits) wanted of them."""
    wanted = {url: frozenset(ids) for url, ids in commits.items()}
    with ThreadPoolExecutor(max_workers=workspace.settings.jobs) as pool:
        mirrors = {url: workspace.mirrors.open_or_fail(url) for url in wanted}
        found = dict(zip(wanted, pool.map(lambda url: _look(mirrors[url], wanted[url]), wanted), strict=True))
        missing = sorted(url for url, holding in found.items() if holding.commits != wanted[url])
        if missing and not workspace.is_offline:
            synced = workspace.mirrors.sync(missing)
            fetched = pool.map(lambda url: _fetch(synced[url], wanted[url], workspace), missing)
            found |= dict(zip(missing, fetched, strict=True))
    return found


def _look(mirror: Mirror | SyncFailure, wanted: frozenset[str]) -> Holding:
    return Holding(mirror, has_commits(mirror, wanted) if isinstance(mirror, Mirror) else frozenset())


def _fetch(mirror: Mirror | SyncFailure, wanted: frozenset[str], workspace: Workspace) -> Holding:
    """Look again after a sync, and ask by their ids for commits that no branch or tag reaches."""
    holding = _look(mirror, wanted)
    if not isinstance(mirror, Mirror):
        return holding
    fetched = {
        commit
        for commit in sorted(wanted - holding.commits)
        if workspace.mirrors.fetch_commit(mirror, commit)
    }
    return Holding(mirror, holding.commits | fetched)
