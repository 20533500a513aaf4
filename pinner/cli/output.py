"""What commands print: data to stdout, everything else to stderr, and nothing that a terminal would obey."""

import os
import sys
from collections.abc import Iterable

from pinner.report.visible import visible
from pinner.words.problems import Problem


def say(lines: Iterable[str]) -> None:
    """Print the lines of a result."""
    sys.stdout.write("".join(f"{visible(line)}\n" for line in lines))
    sys.stdout.flush()


def tell(message: str | Problem) -> None:
    """Print something beside the result: progress, a note, what could not be found out.

    Where nobody takes it (a full disk, a closed pipe) it is lost, and the work goes on: the exit code has the answer.
    """
    try:
        sys.stderr.write(f"{visible(str(message))}\n")
        sys.stderr.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())
