"""Doing something to one mirror: under its lock, again after failures that may pass, and with failures in words."""

import errno
import random
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from pinner.git import locks
from pinner.git.command import GitTimeoutError
from pinner.git.failures import TRANSIENT, FailureKind, SyncFailure, failure
from pinner.git.remote import Remote

T = TypeVar("T")
Action = Callable[[Remote, int], T | SyncFailure]
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def repeat(remote: Remote, action: Action[T], *, retries: int, pause: float) -> T | SyncFailure:
    """Return what `action` says in the end: it is tried again, at most `retries` times, after transient failures.

    `pause` is the time in seconds before the second try; it doubles, and varies by half so that many clients of one
    server do not come back together.
    """
    answer = attempt(remote, action)
    for tries in range(1, retries + 1):
        if not isinstance(answer, SyncFailure) or answer.kind not in TRANSIENT:
            return answer
        remote.running.pause(pause * 2 ** (tries - 1) * random.uniform(0.5, 1.5))  # noqa: S311 - no secret
        answer = attempt(remote, action)
    if isinstance(answer, SyncFailure) and answer.kind in TRANSIENT and retries:
        return replace(answer, message=f"{answer.message} (tried {retries + 1} times)")
    return answer


def attempt(remote: Remote, action: Action[T]) -> T | SyncFailure:
    """Return what `action` says when called with the remote and the descriptor of its mirror's lock, once."""
    lock_file = remote.path.with_name(f"{remote.path.name}.lock")
    try:
        with locks.held(lock_file, timeout=remote.timeout, running=remote.running) as lock:
            return action(remote, lock)
    except GitTimeoutError:
        return failed(
            FailureKind.TIMEOUT, remote, f"git did not end within {remote.timeout:g} s and was ended"
        )
    except locks.BusyError as error:
        return failed(FailureKind.BUSY, remote, error.problems[0].message)
    except OSError as error:
        kind = FailureKind.DISK_FULL if error.errno in _NO_ROOM else FailureKind.CACHE
        return failed(kind, remote, f"{error.strerror or error}: {error.filename or remote.path}")


def failed(kind: FailureKind, remote: Remote, reason: str) -> SyncFailure:
    """Return the failure of that remote in words."""
    return failure(kind, remote.url, place=remote.place, reason=reason)
