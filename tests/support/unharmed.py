"""A project that has a lock, and the proof that a command which failed has changed nothing of it."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from tests.support.cloud import Cloud

BASIC = "release: 2025.1\nopenstack: [keystone, nova]\n"


def contents(directory: Path) -> dict[Path, bytes]:
    """Return every file below the directory with its bytes."""
    return {path: path.read_bytes() for path in sorted(directory.rglob("*")) if path.is_file()}


def lock_basic(cloud: Cloud) -> Cloud:
    """Return the project with an environment `production` that is locked."""
    cloud.manifest("production", BASIC)
    assert cloud.run("lock").code == 0
    return cloud


@contextlib.contextmanager
def unharmed(directory: Path) -> Iterator[None]:
    """Assert that the block has added no file, removed none and changed no byte."""
    before = contents(directory)
    yield
    assert contents(directory) == before
