"""A project driven from a shell, as a person or a cron job does: with its pipes, its closed streams, its variables."""

import os
import subprocess
import sys
from pathlib import Path

from tests.support.cloud import Result

PINNER = f'"{sys.executable}" -m pinner'


def shell(line: str, *, cwd: Path, **variables: str) -> Result:
    """Return how a line of bash ended in which `pinner` is this pinner; output that is no UTF-8 shows as its codes."""
    done = subprocess.run(
        ["bash", "-c", f'pinner() {{ {PINNER} "$@"; }}\n{line}'],
        cwd=cwd,
        capture_output=True,
        check=False,
        env={**os.environ, **variables},
        timeout=60,
    )
    out, err = (stream.decode(errors="backslashreplace") for stream in (done.stdout, done.stderr))
    return Result(done.returncode, out, err)
