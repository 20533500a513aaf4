"""Bytes that do not compress, the same on every run."""

import random


def noise(size: int) -> bytes:
    """Return `size` bytes."""
    return random.Random(size).randbytes(size)  # noqa: S311 - no secret
