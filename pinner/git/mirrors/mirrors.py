"""Manages all mirrors in a cache directory, and syncs each: takes its lock, clones or fetches, retries, repairs.

All functions that change a mirror run while its lock is held; `read` needs no lock. A mirror never drops an
object, so a pinned commit is kept even if its branch is rewritten.
"""

import contextlib
import errno
import fcntl
import hashlib
import os
import random
import re
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from pinner.git.mirrors.batch import kinds_of
from pinner.git.mirrors.metadata import (
    MirrorMetadata,
    find_damage,
    has_loose_refs,
    holds_sha256,
    is_current,
    is_empty,
    pack_files,
    parse_packed_refs,
    read_metadata,
    write_metadata,
)
from pinner.git.process.children import Output, ProcessGroup
from pinner.git.process.command import EndlessTransferError, GitTimeoutError, in_repository, run
from pinner.git.process.failures import (
    TRANSIENT,
    DamagedError,
    FailureKind,
    SyncFailure,
    classify,
    failure,
    git_reason,
)
from pinner.git.process.local_repositories import (
    make_cache,
    make_private,
    note_url,
    read_url,
    require_own_files,
    require_untracked,
    write_config,
)
from pinner.git.process.repository import (
    NO_GIT,
    Connections,
    Mirror,
    RedirectError,
    Remote,
    TransportEnvironment,
    call_remote,
    clone,
    fetch,
    fetch_commit,
    is_git_server,
    is_same_server,
    serving,
)
from pinner.model.errors import InputError, Problem, UnknownError
from pinner.model.lock import BRANCH, Refs
from pinner.model.manifest import Settings
from pinner.model.text import canonical_git_url, redact_url, rewrite_url

_POLL = 0.05


class BusyError(UnknownError):
    """Another process held the lock longer than the timeout."""


@contextlib.contextmanager
def locked(path: Path, *, timeout: float, running: ProcessGroup) -> Iterator[int]:
    """Hold the lock file at `path` during a `with` block; the value is its file descriptor.

    git inherits that descriptor, so a git process that outlives a killed pinner still holds the lock. Raises
    BusyError after `timeout` seconds.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        end = time.monotonic() + timeout
        while True:
            with suppress(BlockingIOError):
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            if time.monotonic() > end:
                hint = "wait for the other pinner or git, or end it"
                raise BusyError(Problem(f"another process holds {path}", hint=hint))
            running.pause(_POLL)
        yield descriptor
    finally:
        os.close(descriptor)


_REFUSALS = frozenset({FailureKind.DROPPED, FailureKind.SERVER})
"""Failures after which the limit of connections to that host is lowered."""

T = TypeVar("T")
Action = Callable[[Remote, int], T | SyncFailure]
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def retry(remote: Remote, action: Action[T], *, retries: int, pause: float) -> T | SyncFailure:
    """Return the last result of `action`, repeating it after transient failures, at most `retries` times.

    `pause` is the time in seconds before the second try. It doubles for each further try, and is varied at
    random by up to half, so that many clients of a server do not return at the same time.
    """
    result = attempt(remote, action)
    for tries in range(1, retries + 1):
        if not isinstance(result, SyncFailure) or result.kind not in TRANSIENT:
            return result
        remote.running.pause(pause * 2 ** (tries - 1) * random.uniform(0.5, 1.5))  # noqa: S311 - no secret
        result = attempt(remote, action)
    if isinstance(result, SyncFailure) and result.kind in TRANSIENT and retries:
        return replace(result, message=f"{result.message} (tried {retries + 1} times)")
    return result


def attempt(remote: Remote, action: Action[T]) -> T | SyncFailure:
    """Call `action` once with the remote and the descriptor of its mirror's lock, and return its result."""
    with remote.connections.to(remote.place) as limit:
        result = _attempt(remote, action)
    if isinstance(result, SyncFailure) and result.kind in _REFUSALS:
        remote.connections.reduce(remote.place, limit)
    return result


def _attempt(remote: Remote, action: Action[T]) -> T | SyncFailure:
    lock_file = remote.path.with_name(f"{remote.path.name}.lock")
    try:
        with locked(lock_file, timeout=remote.timeout, running=remote.running) as lock:
            return action(remote, lock)
    except EndlessTransferError as error:
        return failed(FailureKind.ENDLESS, remote, error.problems[0].message)
    except GitTimeoutError as error:
        return failed(FailureKind.TIMEOUT, remote, error.problems[0].message)
    except RedirectError as error:
        return failed(FailureKind.REDIRECTED, remote, error.problems[0].message)
    except BusyError as error:
        return failed(FailureKind.BUSY, remote, error.problems[0].message)
    except OSError as error:
        kind = FailureKind.DISK_FULL if error.errno in _NO_ROOM else FailureKind.CACHE
        return failed(kind, remote, f"{error.strerror or error}: {error.filename or remote.path}")


def failed(kind: FailureKind, remote: Remote, reason: str) -> SyncFailure:
    """Return the failure of a remote with its message and hint."""
    return failure(kind, remote.url, place=remote.place, reason=reason)


# Each fetch of new objects adds a pack, and git searches all packs for every object.
_MANY_PACKS = 20
_NO_SUCH_COMMIT = ("not our ref", "unadvertised object", "couldn't find remote ref")


def sync(remote: Remote, lock: int) -> Mirror | SyncFailure:
    """Update the mirror from the remote and return it; raises UnknownError after a timeout, or OSError."""
    # Remove what a killed run left; as the lock is held, no running process uses it.
    for directory in _beside(remote.path):
        if directory.exists():
            shutil.rmtree(directory)
    for pattern in ("*.lock", "packed-refs.new", "refs/**/*.lock", "objects/pack/tmp_*"):
        for leftover in tuple(remote.path.glob(pattern)):
            leftover.unlink(missing_ok=True)
    if not remote.path.exists():
        return _make(remote, lock)
    try:
        _require_own_files(remote)
        return _refresh(remote, lock)
    except DamagedError as damage:
        made = _make(remote, lock)
        if isinstance(made, SyncFailure):
            return made
        note = f"the mirror of {remote.url} was damaged ({damage.problems[0].message}) and was cloned again"
        return replace(made, notes=(note,))


def _refresh(remote: Remote, lock: int) -> Mirror | SyncFailure:
    metadata = _read_whole_metadata(remote.path)
    output = fetch(remote, lock)
    if output.status != 0:
        kind = classify(output.err)
        if kind is FailureKind.DAMAGED_MIRROR:
            raise DamagedError(Problem(git_reason(output, (remote.url, remote.place))))
        if kind is FailureKind.OTHER and (flaw := find_damage(remote.path, metadata, is_thorough=True)):
            raise DamagedError(Problem(flaw))
        return _failed(remote, output)
    if is_current(remote.path, metadata) and metadata.refs.commits:
        if pack_files(remote.path) != metadata.packs:  # they were just checked, so later reads can skip that
            write_metadata(remote.path, metadata.refs)
        return Mirror(remote.url, remote.path, metadata.refs)
    if is_empty(remote.path) and not is_git_server(remote):
        return failed(FailureKind.PROTOCOL, remote, NO_GIT)
    # Join small packs once there are many; unreachable objects are kept, and a failure does no harm.
    if sum(name.endswith(".pack") for name in pack_files(remote.path)) > _MANY_PACKS:
        arguments = ["repack", "--geometric=2", "-d", "-n", "--quiet"]
        run([in_repository(remote.path), *arguments], timeout=remote.timeout, running=remote.running)
    return Mirror(remote.url, remote.path, _record_refs(remote.path, remote))


def read(remote: Remote) -> Mirror:
    """Return the mirror as of its last complete sync; raises DamagedError if that cannot be determined."""
    _require_own_files(remote)
    return Mirror(remote.url, remote.path, _read_whole_metadata(remote.path).refs)


def fetch_missing_commit(remote: Remote, commit: str, lock: int) -> bool | SyncFailure:
    """Return whether the remote sent a commit that no branch or tag reaches; it is kept under a ref."""
    output = fetch_commit(remote, lock, commit)
    if output.status == 0:
        return True
    return False if any(words in output.err for words in _NO_SUCH_COMMIT) else _failed(remote, output)


def _require_own_files(remote: Remote) -> None:
    """Raise DamagedError if the mirror has files that pinner does not make; git would obey some of them."""
    note_url(
        remote.path, remote.url
    )  # first: an earlier release's configuration, which has the URL, is replaced next
    require_own_files(remote.path)


def _read_whole_metadata(path: Path) -> MirrorMetadata:
    metadata = read_metadata(path)
    if metadata is None:
        raise DamagedError(Problem("its metadata is missing or damaged"))
    try:
        flaw = find_damage(path, metadata)
    except OSError as error:
        flaw = f"{error.filename}: {error.strerror}"
    if flaw:
        raise DamagedError(Problem(flaw))
    return metadata


def reach(remote: Remote, lock: int) -> SyncFailure | bool:
    """Return whether the remote answers with its refs, or why it does not."""
    arguments = ("ls-remote", "--quiet", *serving(remote), "--end-of-options", remote.place, "HEAD")
    output = call_remote(remote, lock, arguments)
    return output.status == 0 or _failed(remote, output)


def _failed(remote: Remote, output: Output) -> SyncFailure:
    return failed(classify(output.err), remote, git_reason(output, (remote.url, remote.place)))


def _make(remote: Remote, lock: int) -> Mirror | SyncFailure:
    """Clone beside the mirror, then rename the clone; an old mirror stays until the clone is complete."""
    new, old = _beside(remote.path)
    try:
        output = clone(remote, lock, new)
    except GitTimeoutError:
        shutil.rmtree(new, ignore_errors=True)
        raise
    if output.status != 0:
        shutil.rmtree(new, ignore_errors=True)
        kind = classify(output.err)
        kind = FailureKind.CORRUPT if kind is FailureKind.DAMAGED_MIRROR else kind  # there was no mirror yet
        return failed(kind, remote, git_reason(output, (remote.url, remote.place)))
    if flaw := _flaw(new, remote):
        shutil.rmtree(new)
        return flaw
    if remote.path.exists():
        remote.path.rename(old)
    new.rename(remote.path)
    shutil.rmtree(old, ignore_errors=True)
    return read(remote)


def _flaw(new: Path, remote: Remote) -> SyncFailure | None:
    """Return why a new clone cannot be used; if it can, write its metadata and return None."""
    if is_empty(new) and not is_git_server(remote):
        return failed(FailureKind.PROTOCOL, remote, NO_GIT)
    if holds_sha256(new):
        return failed(FailureKind.UNSUPPORTED, remote, "the ids of its commits are SHA-256")
    write_config(new)
    try:
        _record_refs(new, remote)
    except DamagedError as error:
        return failed(FailureKind.CORRUPT, remote, error.problems[0].message)
    return None


def _record_refs(path: Path, remote: Remote) -> Refs:
    """Read the refs, drop tags of anything but a commit, write the metadata, and return the refs."""
    if has_loose_refs(path):
        packed = run(
            [in_repository(path), "pack-refs", "--all"], timeout=remote.timeout, running=remote.running
        )
        if packed.status != 0:
            raise DamagedError(Problem(git_reason(packed)))
    try:
        content = (path / "packed-refs").read_bytes() if (path / "packed-refs").exists() else b""
        peeled = parse_packed_refs(content)
    except ValueError as error:
        raise DamagedError(Problem(f"packed-refs contains {str(error)!r}")) from None
    kinds = kinds_of(path, set(peeled.values()), running=remote.running)
    if missing := [ref for ref, commit in peeled.items() if commit not in kinds]:
        raise DamagedError(Problem(f"the object of {missing[0]} is missing"))
    refs = Refs(
        {ref: commit for ref, commit in peeled.items() if kinds[commit] == "commit" or ref.startswith(BRANCH)}
    )
    write_metadata(path, refs)
    return refs


def _beside(path: Path) -> tuple[Path, Path]:
    return path.with_name(f"{path.name}.new"), path.with_name(f"{path.name}.old")


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
            make_cache(self.path)
            for name in (_MIRRORS, _CONTROL, self.no_authorities.name):
                make_private(self.path / name)
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


def _url(path: Path, cache: Cache, rewrite: Mapping[str, str]) -> str | None:
    """Return the canonical URL of a mirror, None if it is not known.

    A mirror records its URL, which is checked against the name of its directory. A mirror that an earlier
    release of pinner made, and that was not opened since, lacks this record: the URL is then derived from the
    place it was cloned from, by reversing the rules of `rewrite`.
    """
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

    def current(self, url: str) -> Mirror | SyncFailure:
        """Return the mirror after a sync or, offline, as of its last one; or why it cannot be had."""
        return self.open_or_fail(url) if self._is_offline else self.sync([url])[url]

    def cached(self) -> tuple[str, ...]:
        """Return the canonical URLs of the mirrors in the cache, sorted; contacts no remote."""
        mirrors, rewrite = self._cache.list_mirrors(), self._settings.rewrite
        return tuple(sorted(url for path in mirrors if (url := _url(path, self._cache, rewrite))))

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
        place = remote.transport.redirects.get(remote.place, remote.place)
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
