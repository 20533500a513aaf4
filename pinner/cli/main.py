"""Entry point: streams, then the root command."""

import os
import signal
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from io import TextIOWrapper

from pinner import __version__
from pinner.model.errors import BY_SIGNAL


def repair_streams() -> None:
    r"""Open /dev/null for every closed stream, and escape (`\xe9`) what an output's encoding lacks.

    Otherwise a file that is opened later gets the number of the closed stream, and its output.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest free number, which is this one
    sys.stdout = sys.stdout or os.fdopen(1, "w", closefd=False)
    sys.stderr = sys.stderr or os.fdopen(2, "w", closefd=False)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


STACK_SIZE = 2 * 1024 * 1024
"""Bytes of each thread's stack; many threads with the usual 8 MiB would exceed a memory limit."""


def run(arguments: Sequence[str] | None = None) -> int:
    """Run `pinner` on `arguments` (default: those of the process) and return its exit code, 0 to 4 or 130."""
    repair_streams()
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words == ["--version"]:
        # Answered before click is imported: scripts and prompts ask for it often.
        with suppress(OSError):  # run_command reports that, below
            sys.stdout.write(f"pinner {__version__}\n")
            sys.stdout.flush()
            return 0
    from pinner.git.process import children  # noqa: PLC0415 - see above

    threading.stack_size(STACK_SIZE)
    try:
        if arguments is None:
            children.catch_signals()
        from pinner.cli.root import run_command  # noqa: PLC0415 - see above

        exit_code = run_command(words)
        if arguments is None:
            children.ignore_signals()  # the exit code is already known
        return exit_code  # noqa: TRY300 - a signal may come at any time before
    except (KeyboardInterrupt, children.EndedBySignalError):
        # before any command has begun, or after it has ended
        return BY_SIGNAL + (children.received_signal() or signal.SIGINT)
