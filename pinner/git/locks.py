"""A lock on one mirror between processes. The operating system drops it when its last holder ends, however it ends."""

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path

from pinner.git.running import Running
from pinner.words.problems import Problem, UnknownError

_POLL = 0.05


class BusyError(UnknownError):
    """Another process kept the lock for too long."""


@contextlib.contextmanager
def held(path: Path, *, timeout: float, running: Running) -> Iterator[int]:
    """Hold the lock file at `path` for the time of a `with` block; the value is its file descriptor.

    git inherits that descriptor, so a git process that outlives a killed pinner still holds the lock. `timeout` is in
    seconds; raises BusyError after it.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        _acquire(descriptor, path, deadline=time.monotonic() + timeout, running=running)
        yield descriptor
    finally:
        os.close(descriptor)


def _acquire(descriptor: int, path: Path, *, deadline: float, running: Running) -> None:
    while True:
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        if time.monotonic() > deadline:
            raise BusyError(
                Problem(f"another process holds {path}", hint="wait for the other pinner or git, or end it")
            )
        running.pause(_POLL)
