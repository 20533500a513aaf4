"""The entry: runs a command and turns what comes out of it into an exit code. Imports nothing that `--version` can do without."""

import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from types import FrameType
from typing import NoReturn

from pinner import __version__
from pinner.cli.streams import mend_streams

REPORT_BUGS = "this is a bug in pinner: please report it with the lines above and what you ran"


class TerminatedError(BaseException):
    """SIGTERM came: everything is given up and cleaned up as after Ctrl-C."""


def run(arguments: Sequence[str] | None = None) -> int:
    """Run `pinner` on `arguments` (default: those of the process) and return its exit code, 0 to 4 or 130."""
    mend_streams()
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words == ["--version"]:
        # Answered before click is imported: scripts and prompts ask for it often.
        with suppress(OSError):  # which is told by the door, below
            sys.stdout.write(f"pinner {__version__}\n")
            sys.stdout.flush()
            return 0
    if arguments is None:
        signal.signal(signal.SIGTERM, _give_up)
    from pinner.cli.door import go_through  # noqa: PLC0415 - see above

    return go_through(words)


def _give_up(_number: int, _frame: FrameType | None) -> NoReturn:
    """Let go of what is running: git's processes lead sessions of their own, and would outlive this one."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise TerminatedError
