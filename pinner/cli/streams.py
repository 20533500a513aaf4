"""The process's own streams, made such that nothing a user does with them is a bug of ours."""

import os
import sys
from io import TextIOWrapper


def mend_streams() -> None:
    r"""Give every closed stream /dev/null, and let output spell (`\xe9`) what its encoding cannot say.

    A file opened later would else get the number of a closed stream, and take what is meant for that stream.
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
