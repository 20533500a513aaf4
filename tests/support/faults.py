"""pinner in a process of its own that is killed, or whose disk fails, at a chosen change of the file system."""

import errno
import os
import signal
import sys
import threading
from pathlib import Path
from subprocess import CompletedProcess
from typing import TypeGuard

from pinner.cli.main import run
from tests.support.preloaded import run_preloaded

_CHANGES = {"os.rename", "os.mkdir", "os.symlink", "os.link", "os.remove", "os.rmdir", "os.chmod"}


def run_with_fault(
    scripts: Path, kind: str, number: int, below: Path, *arguments: str, cwd: Path
) -> CompletedProcess[str]:
    """Run pinner; at its `number`-th change below a directory it is killed (`kill`) or the disk is full (`full`).

    stderr ends with the number of changes if none of that happened. `scripts` is that of `preloaded_pinner`.
    """
    words = (kind, str(number), str(below), *arguments)
    return run_preloaded(scripts, "tests.support.faults:main", *words, cwd=cwd)


def count_changes(scripts: Path, below: Path, *arguments: str, cwd: Path) -> int:
    """Return how many changes pinner makes below a directory when nothing fails."""
    done = run_with_fault(scripts, "kill", 0, below, *arguments, cwd=cwd)
    assert done.returncode == 0, done.stderr
    return int(done.stderr.splitlines()[-1].removeprefix("changes: "))


def main() -> int:
    """Run pinner as `run_with_fault` says, and return its exit code."""
    kind, wanted, below, *arguments = sys.argv[1:]
    count, lock = 0, threading.Lock()

    def watch(event: str, args: tuple[object, ...]) -> None:
        nonlocal count
        if not _is_change(event, args) or not any(below in os.fsdecode(one) for one in args if _is_path(one)):
            return
        with lock:
            count += 1
            if count == int(wanted):
                if kind == "kill":
                    os.kill(os.getpid(), signal.SIGKILL)
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    sys.addaudithook(watch)
    code = run(arguments)
    sys.stderr.write(f"changes: {count}\n")
    return code


def _is_change(event: str, args: tuple[object, ...]) -> bool:
    if event == "open":
        # Files that are read do not change anything; a write to the disk is preceded by opening it.
        return isinstance(args[2], int) and bool(args[2] & (os.O_WRONLY | os.O_RDWR))
    return event in _CHANGES


def _is_path(argument: object) -> TypeGuard[str | bytes | os.PathLike[str]]:
    return isinstance(argument, str | bytes | os.PathLike)
