"""pinner in a process of its own that is killed, or whose disk fails, at a chosen change of the file system."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

_PROGRAM = textwrap.dedent(
    """
    import errno, os, signal, sys, threading
    from pinner.cli.main import run

    CHANGES = {"os.rename", "os.mkdir", "os.symlink", "os.link", "os.remove", "os.rmdir", "os.chmod"}
    kind, wanted, below, *arguments = sys.argv[1:]
    count, lock = 0, threading.Lock()

    def is_change(event, args):
        if event == "open":
            # Files that are read do not change anything; a write to the disk is preceded by opening it.
            return isinstance(args[2], int) and args[2] & (os.O_WRONLY | os.O_RDWR)
        return event in CHANGES

    def watch(event, args):
        global count
        if not is_change(event, args) or not any(below in os.fsdecode(one) for one in args if isinstance(one, (str, bytes, os.PathLike))):
            return
        with lock:
            count += 1
            if count == int(wanted):
                if kind == "kill":
                    os.kill(os.getpid(), signal.SIGKILL)
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    sys.addaudithook(watch)
    code = run(arguments)
    print(f"changes: {count}", file=sys.stderr)
    sys.exit(code)
    """
)


def run_with_fault(
    kind: str, number: int, below: Path, *arguments: str, cwd: Path
) -> "subprocess.CompletedProcess[str]":
    """Run pinner; at its `number`-th change below a directory it is killed (`kill`) or the disk is full (`full`).

    stderr ends with the number of changes if none of that happened.
    """
    command = [sys.executable, "-c", _PROGRAM, kind, str(number), str(below), *arguments]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent.parent)}
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)


def count_changes(below: Path, *arguments: str, cwd: Path) -> int:
    """Return how many changes pinner makes below a directory when nothing fails."""
    done = run_with_fault("kill", 0, below, *arguments, cwd=cwd)
    assert done.returncode == 0, done.stderr
    return int(done.stderr.splitlines()[-1].removeprefix("changes: "))
