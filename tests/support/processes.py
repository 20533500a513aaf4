"""What processes run on this machine, read from /proc."""

import contextlib
import itertools
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

_numbers = itertools.count()


def processes_mentioning(text: str) -> tuple[int, ...]:
    """Return the ids of processes with `text` in their command line."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                line = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if text.encode() in line:
                found.append(int(entry.name))
    return tuple(found)


@contextlib.contextmanager
def long_sleep() -> Iterator[str]:
    """Give a `sleep NUMBER` that lasts longer than any test, and whose number no other process of this machine has.

    What still runs of it after the `with` block is killed.
    """
    number = f"3600.{os.getpid():08}{next(_numbers):04}"
    yield f"sleep {number}"
    for process in processes_mentioning(number):
        with contextlib.suppress(ProcessLookupError):  # it has ended by itself
            os.kill(process, signal.SIGKILL)


def wait_until(is_true: Callable[[], bool], *, seconds: float = 120.0, pause: float = 0.01) -> None:
    """Wait for something that another process does, checked every `pause` seconds; raises TimeoutError if it never happens."""
    deadline = time.monotonic() + seconds
    while not is_true():
        if time.monotonic() > deadline:
            raise TimeoutError
        time.sleep(pause)
