"""What commands print: data to stdout, everything else to stderr."""

import sys
from collections.abc import Iterable

from pinner.words.problems import Problem


def say(lines: Iterable[str]) -> None:
    """Print the lines of a result."""
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()


def tell(message: str | Problem) -> None:
    """Print something beside the result: progress, a note, what could not be found out."""
    sys.stderr.write(f"{message}\n")
    sys.stderr.flush()
