"""All mirrors of a cache directory: synced in parallel, one connection a repository, or opened as they lie there."""

import os
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from pinner.git import upkeep, urls
from pinner.git.attempts import Action, T, failed, repeat
from pinner.git.batch import DamagedError
from pinner.git.cache import Cache
from pinner.git.cached_urls import list_cached
from pinner.git.failures import FailureKind, SyncFailure
from pinner.git.mirror import Mirror
from pinner.git.remote import Remote
from pinner.git.running import Running
from pinner.git.speech import Speech
from pinner.words.manifests import Settings
from pinner.words.problems import Problem, UnknownError

__all__ = ["FailureKind", "Mirror", "Mirrors", "SyncFailure"]

FIRST_PAUSE = 0.5
OnDone = Callable[[str, Mirror | SyncFailure], None]


class Mirrors:
    """The mirrors below the directory `cache`, which is made on the first sync.

    `pause` is the time in seconds before the second try of a sync that failed; each further one waits twice as long.
    """

    def __init__(
        self, cache: Path, settings: Settings, *, is_offline: bool = False, pause: float = FIRST_PAUSE
    ) -> None:
        self._cache = Cache.at(cache)
        self._settings = settings
        self._is_offline = is_offline
        self._pause = pause
        self._running = Running()
        self._speech = Speech(os.environ, self._cache.no_authorities)

    def sync(
        self, urls: Iterable[str], *, on_done: OnDone | None = None
    ) -> Mapping[str, Mirror | SyncFailure]:
        """Return URL to mirror for all of `urls`, in their order, each repository contacted once.

        `on_done` is called with each URL and its answer when that is there, in the caller's thread. Raises InputError for a URL that
        git must not be given, UnknownError if there is no git. Ctrl-C ends all git processes of this sync.
        """
        remotes = {url: self._remote(url) for url in urls}
        if not remotes:
            return {}
        self._cache.make()
        answers = self._sync_all(
            list(remotes.values()), lambda path, answer: _tell(on_done, remotes, path, answer)
        )
        return {url: answers[remote.path] for url, remote in remotes.items()}

    def open(self, url: str) -> Mirror | None:
        """Return the mirror as the last sync left it, None if there is none that can be read; asks no remote."""
        found = self.open_or_fail(url)
        return found if isinstance(found, Mirror) else None

    def open_or_fail(self, url: str) -> Mirror | SyncFailure:
        """Return the mirror as the last sync left it, or why there is none; asks no remote."""
        remote = self._remote(url)
        if not remote.path.is_dir():
            return failed(FailureKind.NOT_CACHED, remote, "it was never synced")
        try:
            return upkeep.read(remote)
        except DamagedError as error:
            return failed(FailureKind.NOT_CACHED, remote, error.problems[0].message)

    def cached(self) -> tuple[str, ...]:
        """Return the canonical URLs of the mirrors that the cache has, sorted; asks no remote."""
        return list_cached(self._cache, self._settings.rewrite)

    def fetch_commit(self, mirror: Mirror, commit: str) -> bool:
        """Return whether the remote has that commit (40 hex digits), which then is in the mirror for good.

        For a commit that no branch or tag reaches: the only case of a second connection. Raises UnknownError if it
        could not be found out. Offline, nothing is asked and the answer is False.
        """
        if self._is_offline:
            return False
        answer = self._repeat(
            self._remote(mirror.url), lambda remote, lock: upkeep.fetch_commit(remote, commit, lock)
        )
        if isinstance(answer, SyncFailure):
            raise UnknownError(Problem(answer.message, hint=answer.hint))
        return answer

    def _sync_all(
        self, remotes: Iterable[Remote], on_done: Callable[[Path, Mirror | SyncFailure], None]
    ) -> Mapping[Path, Mirror | SyncFailure]:
        unique: dict[Path, Remote] = {}
        for remote in remotes:
            unique.setdefault(remote.path, remote)
        pool = ThreadPoolExecutor(max_workers=min(self._settings.jobs, len(unique)))
        try:
            paths = {pool.submit(self._repeat, remote, upkeep.sync): path for path, remote in unique.items()}
            answers = {}
            for future in as_completed(paths):
                answers[paths[future]] = future.result()
                on_done(paths[future], future.result())
        except BaseException:
            self._running.cancel()
            raise
        finally:
            pool.shutdown(cancel_futures=True)
        return answers

    def _repeat(self, remote: Remote, action: Action[T]) -> T | SyncFailure:
        return repeat(remote, action, retries=self._settings.retries, pause=self._pause)

    def _remote(self, url: str) -> Remote:
        path = self._cache.mirror(urls.canonical(url))
        place = urls.rewritten(url, self._settings.rewrite)
        return Remote(url, place, path, self._settings.timeout, self._running, self._speech)


def _tell(
    on_done: OnDone | None, remotes: Mapping[str, Remote], path: Path, answer: Mirror | SyncFailure
) -> None:
    if on_done:
        for url in (url for url, remote in remotes.items() if remote.path == path):
            on_done(url, answer)
