"""Syncs one mirror: takes its lock, clones or fetches, retries, and clones it again if it is damaged.

All functions that change a mirror run while its lock is held; `read` needs no lock. A mirror never drops an
object, so a pinned commit is kept even if its branch is rewritten.
"""

import contextlib
import errno
import fcntl
import os
import random
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
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
from pinner.git.process.local_repositories import note_url, require_own_files, write_config
from pinner.git.process.repository import (
    NO_GIT,
    Mirror,
    RedirectError,
    Remote,
    call_remote,
    clone,
    fetch,
    fetch_commit,
    is_git_server,
    serving,
)
from pinner.model.errors import Problem, UnknownError
from pinner.model.lock import BRANCH, Refs

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
        while not _try_lock(descriptor):
            if time.monotonic() > end:
                hint = "wait for the other pinner or git, or end it"
                raise BusyError(Problem(f"another process holds {path}", hint=hint))
            running.pause(_POLL)
        yield descriptor
    finally:
        os.close(descriptor)


def _try_lock(descriptor: int) -> bool:
    with contextlib.suppress(BlockingIOError):
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    return False


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
    _clear_leftovers(remote.path)
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
    if output.status == 0:
        return _fetched(remote, metadata)
    kind = classify(output.err)
    if kind is FailureKind.DAMAGED_MIRROR:
        raise DamagedError(Problem(git_reason(output, (remote.url, remote.place))))
    if kind is FailureKind.OTHER and (flaw := find_damage(remote.path, metadata, is_thorough=True)):
        raise DamagedError(Problem(flaw))
    return _failed(remote, output)


def _fetched(remote: Remote, metadata: MirrorMetadata) -> Mirror | SyncFailure:
    if is_current(remote.path, metadata) and metadata.refs.commits:
        if pack_files(remote.path) != metadata.packs:  # they were just checked, so later reads can skip that
            write_metadata(remote.path, metadata.refs)
        return Mirror(remote.url, remote.path, metadata.refs)
    if is_empty(remote.path) and not is_git_server(remote):
        return _no_git(remote)
    _join_packs(remote)
    return Mirror(remote.url, remote.path, _record_refs(remote.path, remote))


def _no_git(remote: Remote) -> SyncFailure:
    return failure(FailureKind.PROTOCOL, remote.url, place=remote.place, reason=NO_GIT)


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
    return failure(
        classify(output.err),
        remote.url,
        place=remote.place,
        reason=git_reason(output, (remote.url, remote.place)),
    )


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
        return failure(
            kind, remote.url, place=remote.place, reason=git_reason(output, (remote.url, remote.place))
        )
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
        return _no_git(remote)
    if holds_sha256(new):
        reason = "the ids of its commits are SHA-256"
        return failure(FailureKind.UNSUPPORTED, remote.url, place=remote.place, reason=reason)
    write_config(new)
    try:
        _record_refs(new, remote)
    except DamagedError as error:
        return failure(FailureKind.CORRUPT, remote.url, place=remote.place, reason=error.problems[0].message)
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


def _join_packs(remote: Remote) -> None:
    """Join small packs once there are many; unreachable objects are kept, and a failure does no harm."""
    if sum(name.endswith(".pack") for name in pack_files(remote.path)) > _MANY_PACKS:
        arguments = ["repack", "--geometric=2", "-d", "-n", "--quiet"]
        run([in_repository(remote.path), *arguments], timeout=remote.timeout, running=remote.running)


def _clear_leftovers(path: Path) -> None:
    """Remove what a killed run left; as the lock is held, no running process uses it."""
    for directory in _beside(path):
        if directory.exists():
            shutil.rmtree(directory)
    for pattern in ("*.lock", "packed-refs.new", "refs/**/*.lock", "objects/pack/tmp_*"):
        for leftover in tuple(path.glob(pattern)):
            leftover.unlink(missing_ok=True)


def _beside(path: Path) -> tuple[Path, Path]:
    return path.with_name(f"{path.name}.new"), path.with_name(f"{path.name}.old")
