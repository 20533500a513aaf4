"""A project driven from a shell, as a person or a cron job does: with its pipes, its closed streams, its variables."""

import os
import subprocess
import sys
from pathlib import Path

from tests.support.cloud import Result

PINNER = f'"{sys.executable}" -m pinner'


def shell(line: str, *, cwd: Path, pinner: str = PINNER, **variables: str) -> Result:
    """Return how a line of bash ended in which `pinner` is this pinner; output that is not valid UTF-8 shows as its codes.

    `pinner` may be the command of `preloaded_pinner`, which starts fast, where limits and streams are not the point.
    """
    done = subprocess.run(
        ["bash", "-c", f'pinner() {{ {pinner} "$@"; }}\n{line}'],
        cwd=cwd,
        capture_output=True,
        check=False,
        env={**os.environ, **variables},
        timeout=600,
    )
    out, err = (stream.decode(errors="backslashreplace") for stream in (done.stdout, done.stderr))
    return Result(done.returncode, out, err)
