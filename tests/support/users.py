"""Tests that run as root can do anything; some must not."""

import os
from collections.abc import Iterator
from contextlib import chdir, contextmanager

import pytest

only_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")


@contextmanager
def ordinary_user() -> Iterator[None]:
    """Lay root's powers down: root may read every file and write into every directory.

    Meanwhile the current directory is `/`: nobody else may come back to one below `/root`.
    """
    user = os.geteuid()
    with chdir("/"):
        if user == 0:
            os.seteuid(65534)
        try:
            yield
        finally:
            os.seteuid(user)
