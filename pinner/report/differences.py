"""What would change in a file, as a unified diff that a terminal shows and a person can review."""

from collections.abc import Iterator
from difflib import unified_diff


def unified(path: str, before: bytes, after: bytes) -> Iterator[str]:
    """Yield the lines of the diff of one file; nothing where nothing changes."""
    old, new = (data.decode(errors="replace").splitlines() for data in (before, after))
    yield from unified_diff(old, new, f"a/{path}", f"b/{path}", lineterm="")
