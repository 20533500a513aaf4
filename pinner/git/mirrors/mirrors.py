"""Manages all mirrors in a cache directory and syncs them in parallel."""

import hashlib
import os
import re
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from pinner.git.mirrors.sync import Action, T, attempt, failed, fetch_missing_commit, reach, read, retry, sync
from pinner.git.process.children import ProcessGroup
from pinner.git.process.failures import DamagedError, FailureKind, SyncFailure
from pinner.git.process.local_repositories import (
    SIGNATURE,
    TAG_FILE,
    make_private,
    read_url,
    require_untracked,
)
from pinner.git.process.repository import Connections, Mirror, Remote, TransportEnvironment, is_same_server
from pinner.model.errors import InputError, Problem, UnknownError
from pinner.model.manifest import Settings
from pinner.model.text import canonical_git_url, redact_url, rewrite_url

_TAG = SIGNATURE + b"# Mirrors of git repositories; pinner makes them again.\n"
_MIRRORS = "git"
_CONTROL = "control"
_TREES = "trees"


@dataclass(frozen=True, slots=True)
class Cache:
    """The cache directory at the absolute path `path`, which need not exist yet."""

    path: Path

    @classmethod
    def at(cls, path: Path) -> "Cache":
        """Return the cache at a path as the user wrote it: relative, or with `~`."""
        return cls(Path(os.path.abspath(path.expanduser())))  # noqa: PTH100 - resolve() would follow symlinks

    @property
    def no_authorities(self) -> Path:
        """Return the empty directory that replaces the system's certificates (see TransportEnvironment)."""
        return self.path / "no-authorities"

    def mirror(self, canonical: str) -> Path:
        """Return the path of the mirror of a repository, given its canonical URL."""
        return self.path / _MIRRORS / _directory(canonical)

    def list_mirrors(self) -> tuple[Path, ...]:
        """Return the directories of all mirrors in the cache, sorted."""
        return tuple(sorted((self.path / _MIRRORS).glob("*.git")))

    @property
    def trees(self) -> Path:
        """Return the directory of the store of git trees, with symbolic links resolved."""
        return (self.path / _TREES).resolve()

    def control(self, canonical: str) -> Path:
        """Return the path of the temporary clone of the control repository at a canonical URL."""
        return self.path / _CONTROL / _directory(canonical)

    def make(self) -> None:
        """Make the directories, accessible only to the user; raises UnknownError if that fails."""
        try:
            for name in (_MIRRORS, _CONTROL, self.no_authorities.name):
                make_private(self.path / name)
            if not (tag := self.path / TAG_FILE).exists():
                tag.touch(mode=0o600)
                tag.write_bytes(_TAG)
        except OSError as error:
            message = f"cannot make the cache {self.path}: {error.strerror}"
            raise UnknownError(
                Problem(message, hint="set PINNER_CACHE to a directory you may write")
            ) from error


def _directory(canonical: str) -> str:
    """Return the name of a repository's directory: recognisable words, and a digest that makes it unique."""
    words = re.sub(r"[^a-z0-9]+", "-", canonical.lower().partition("://")[2] or canonical.lower()).strip("-")
    digest = hashlib.sha256(canonical.encode(errors="surrogateescape")).hexdigest()
    return f"{words[-60:].strip('-')}-{digest[:12]}.git"


_URL = re.compile(r"^\s*url\s*=\s*\"?([^\"\n]+)\"?\s*$", re.MULTILINE)


def list_cached(cache: Cache, rewrite: Mapping[str, str]) -> tuple[str, ...]:
    """Return the canonical URLs of all mirrors, sorted.

    A mirror records its URL, which is checked against the name of its directory. A mirror that an earlier
    release of pinner made, and that was not opened since, lacks this record: the URL is then derived from the
    place it was cloned from, by reversing the rules of `rewrite`.
    """
    return tuple(sorted(url for path in cache.list_mirrors() if (url := _url(path, cache, rewrite))))


def _url(path: Path, cache: Cache, rewrite: Mapping[str, str]) -> str | None:
    if recorded := read_url(path, lambda url: cache.mirror(url) == path):
        return recorded
    with suppress(OSError):
        if found := _URL.search((path / "config").read_text(errors="surrogateescape")):
            rules = (("", ""), *rewrite.items())
            for url in (start + found[1].removeprefix(to) for start, to in rules if found[1].startswith(to)):
                with suppress(InputError):
                    if cache.mirror(canonical := canonical_git_url(url)) == path:
                        return canonical
    return None


FIRST_PAUSE = 0.5
_THREADS_PER_JOB = 4
OnNote = Callable[[str], None]
OnDone = Callable[[str, Mirror | SyncFailure], None]


class Mirrors:
    """The mirrors in the directory `cache`, which is made on the first sync.

    `pause` is the time in seconds before the second try of a failed sync; it doubles for each further try.
    `on_note` is called in the caller's thread with each message about a sync that the user should see.
    """

    def __init__(
        self,
        cache: Path,
        settings: Settings,
        *,
        is_offline: bool = False,
        pause: float = FIRST_PAUSE,
        on_note: OnNote = lambda _note: None,
    ) -> None:
        self._on_note = on_note
        self._cache = Cache.at(cache)
        self._settings = settings
        self._is_offline = is_offline
        self._pause = pause
        self._running = ProcessGroup()
        self._connections = Connections(settings.jobs)
        self._transport = TransportEnvironment(os.environ, self._cache.no_authorities)

    def sync(
        self, urls: Iterable[str], *, on_done: OnDone | None = None
    ) -> Mapping[str, Mirror | SyncFailure]:
        """Return URL to mirror for all of `urls`, in their order; each repository is contacted once.

        `on_done` is called in the caller's thread with each URL and its result as soon as there is one.
        Raises InputError for a URL that must not be passed to git, and UnknownError if git is not available.
        Ctrl-C kills all git processes of this sync.
        """
        remotes = {url: self._remote(url) for url in urls}
        if not remotes:
            return {}
        self._cache.make()

        def report(path: Path, result: Mirror | SyncFailure) -> None:
            for url, remote in remotes.items():
                if on_done and remote.path == path:
                    on_done(url, result)

        results = self._sync_all(list(remotes.values()), report)
        return {url: results[remote.path] for url, remote in remotes.items()}

    def open(self, url: str) -> Mirror | None:
        """Return the mirror as of its last sync, or None if it cannot be read; contacts no remote."""
        found = self.open_or_fail(url)
        return found if isinstance(found, Mirror) else None

    def open_or_fail(self, url: str) -> Mirror | SyncFailure:
        """Return the mirror as of its last sync, or why it cannot be read; contacts no remote."""
        remote = self._remote(url)
        if not remote.path.is_dir():
            return failed(FailureKind.NOT_CACHED, remote, "it was never synced")
        try:
            return read(remote)
        except DamagedError as error:
            return failed(FailureKind.NOT_CACHED, remote, error.problems[0].message)

    def cached(self) -> tuple[str, ...]:
        """Return the canonical URLs of the mirrors in the cache, sorted; contacts no remote."""
        return list_cached(self._cache, self._settings.rewrite)

    def place(self, url: str) -> str:
        """Return the place that a canonical URL is fetched from: the URL itself, or its `rewrite` setting."""
        return rewrite_url(url, self._settings.rewrite)

    def reach(self, url: str) -> SyncFailure | None:
        """Return why the remote cannot be read, None if it can; lists its refs, and fetches nothing."""
        self._cache.make()
        found = attempt(self._remote(url), reach)
        return found if isinstance(found, SyncFailure) else None

    def fetch_commit(self, mirror: Mirror, commit: str) -> bool:
        """Return whether the remote has that commit (40 hex digits); if so, fetch and keep it in the mirror.

        This is for commits that no branch or tag reaches, and is the only reason to contact a remote twice.
        Raises UnknownError if it could not be determined. Offline, returns False without contacting it.
        """
        if self._is_offline:
            return False
        result = self._repeat(
            self._remote(mirror.url), lambda remote, lock: fetch_missing_commit(remote, commit, lock)
        )
        if isinstance(result, SyncFailure):
            raise UnknownError(Problem(result.message, hint=result.hint))
        return result

    def _sync_all(
        self, remotes: Iterable[Remote], on_done: Callable[[Path, Mirror | SyncFailure], None]
    ) -> Mapping[Path, Mirror | SyncFailure]:
        unique: dict[Path, Remote] = {}
        for remote in remotes:
            unique.setdefault(remote.path, remote)
        # More threads than connections, so that threads waiting for a busy host do not delay other hosts.
        pool = ThreadPoolExecutor(max_workers=min(_THREADS_PER_JOB * self._settings.jobs, len(unique)))
        try:
            paths = {pool.submit(self._repeat, remote, sync): path for path, remote in unique.items()}
            results = {}
            for future in as_completed(paths):
                path = paths[future]
                results[path] = self._noted(unique[path], future.result())
                on_done(path, results[path])
        except BaseException:
            self._running.cancel()
            raise
        finally:
            pool.shutdown(cancel_futures=True)
        return results

    def _noted(self, remote: Remote, result: Mirror | SyncFailure) -> Mirror | SyncFailure:
        """Pass the notes of a sync to `on_note`; return its result, with a note if another server sent it."""
        if isinstance(result, SyncFailure):
            return result
        place = remote.transport.redirected(remote.place)
        if not is_same_server(remote.place, place):
            note = (
                f"{redact_url(remote.url)} is redirected to another server and was fetched from {redact_url(place)}, without credentials;"
                " if it has moved, use that URL, in the manifest or by `rewrite` in pinner.yaml"
            )
            result = replace(result, notes=(*result.notes, note))
        for note in result.notes:
            self._on_note(note)
        return result

    def _repeat(self, remote: Remote, action: Action[T]) -> T | SyncFailure:
        return retry(remote, action, retries=self._settings.retries, pause=self._pause)

    def _remote(self, url: str) -> Remote:
        path = self._cache.mirror(canonical_git_url(url))
        place = rewrite_url(url, self._settings.rewrite)
        require_untracked(place)
        return Remote(
            url, place, path, self._settings.timeout, self._running, self._transport, self._connections
        )
