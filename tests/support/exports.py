"""Modules as somebody copied them once: a commit's files in a plain directory, without history."""

import subprocess
from pathlib import Path

from tests.support.cloud import Upstream


def export(upstream: Upstream, commit: str, directory: Path) -> Path:
    """Write a commit's files, as `git archive` hands them out, into a directory that is made, and return it."""
    archive = subprocess.run(
        ["git", "-C", str(upstream.path), "archive", commit], capture_output=True, check=True
    ).stdout
    directory.mkdir(parents=True)
    subprocess.run(["tar", "--extract", "--directory", str(directory)], input=archive, check=True)
    return directory
