"""Run a short program to its end: with limits of time and output, and ended together with pinner."""

import shlex
import subprocess
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from pinner.git.process.children import (
    FixedDeadline,
    OutputTooLargeError,
    OverdueError,
    ProcessIO,
    end_session,
    forget,
    start,
)
from pinner.model.errors import Problem, UnknownError

_LARGEST: Final = 16 * 1024 * 1024


class Ended(NamedTuple):
    """How a program ended, and what it wrote; of standard error, the last lines."""

    code: int
    out: bytes
    err: str

    @property
    def reason(self) -> str:
        """Return the last line of standard error, else the exit code."""
        lines = self.err.strip().splitlines()
        return lines[-1] if lines else f"exit code {self.code}"


def run_program(
    command: Sequence[str],
    *,
    environment: Mapping[str, str],
    seconds: float,
    largest: int = _LARGEST,
    stdin: bytes = b"",
) -> Ended:
    """Return how the command ended, with `stdin` as its input.

    Raises UnknownError if it cannot be started, does not end in time or writes more than `largest` bytes.
    """
    shown = shlex.join(command)
    try:
        process = start(
            command, environment=environment, stdin=subprocess.PIPE if stdin else subprocess.DEVNULL
        )
    except OSError as error:
        raise UnknownError(Problem(f"{shown}: {error.strerror}")) from error
    return finish(process, shown, seconds=seconds, largest=largest, stdin=stdin)


def finish(
    process: subprocess.Popen[bytes],
    shown: str,
    *,
    seconds: float,
    largest: int = _LARGEST,
    stdin: bytes = b"",
) -> Ended:
    """Return how a process that was started ended; messages call it `shown`.

    Raises UnknownError if it does not end in time or writes more than `largest` bytes.
    """
    with process:
        try:
            out, err = ProcessIO(process, stdin, limit=largest).communicate(FixedDeadline(seconds))
        except (OverdueError, OutputTooLargeError) as error:
            raise UnknownError(Problem(f"{shown} {str(error) or 'wrote too much'}")) from None
        finally:
            end_session(process.pid)
            forget(process)
    return Ended(process.returncode, out, err)
