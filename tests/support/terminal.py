"""pinner on a terminal of its own, as a person sees it."""

import contextlib
import os
import pty
import subprocess
from pathlib import Path

from tests.support.cloud import Result


def on_terminal(scripts: Path, *arguments: str, cwd: Path, answer: str = "", **variables: str) -> Result:
    """Return how `pinner ARGUMENTS` ended with all its output, stdout and stderr, on a terminal.

    `scripts` is that of `preloaded_pinner`.
    """
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [scripts / "pinner", *arguments],
        cwd=cwd,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "100", **variables},
    ) as process:
        os.close(theirs)
        os.write(ours, answer.encode())
        said = b"".join(iter(lambda: _read(ours), b""))
    os.close(ours)
    return Result(process.returncode, said.decode().replace("\r\n", "\n"), "")


def _read(terminal: int) -> bytes:
    with contextlib.suppress(OSError):  # Linux's way to say that the other side has closed
        return os.read(terminal, 65536)
    return b""
