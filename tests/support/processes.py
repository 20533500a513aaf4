"""What processes run on this machine, read from /proc."""

import time
from collections.abc import Callable
from pathlib import Path


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


def wait_until(is_true: Callable[[], bool], *, seconds: float = 20.0, pause: float = 0.01) -> None:
    """Wait for something that another process does, asking every `pause` seconds; raises TimeoutError if it does not happen."""
    deadline = time.monotonic() + seconds
    while not is_true():
        if time.monotonic() > deadline:
            raise TimeoutError
        time.sleep(pause)
