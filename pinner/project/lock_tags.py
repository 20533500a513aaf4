"""What an old lock says of tags, read quickly and leniently: a thousand of them are read where one is written.

Only for comparing: nothing from here reaches git, a Puppetfile or a lock. What is not in our format says nothing.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

_COMMIT = re.compile(r"[0-9a-f]{40}")
_TAG = re.compile(r"refs/tags/[!-~]+")
_URL = re.compile(r"[!-~]+")
_ANY_TAG = b'"refs/tags/'


@dataclass(frozen=True, slots=True)
class LockedTag:
    """One pin that was taken from a tag; `is_older` tells that an ancestor was taken, by `as_of`."""

    git: str
    ref: str
    commit: str
    is_older: bool


def read_locked_tags(data: bytes) -> Iterator[LockedTag]:
    """Yield the pins of a lock's text that were taken from tags."""
    if _ANY_TAG not in data:
        return
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        return
    modules = document.get("modules") if isinstance(document, dict) else None
    for pin in modules.values() if isinstance(modules, dict) else ():
        if isinstance(pin, dict) and (tag := _read(pin)):
            yield tag


def _read(pin: dict[str, object]) -> LockedTag | None:
    git, ref, commit, want = (pin.get(key) for key in ("git", "ref", "commit", "want"))
    if not (isinstance(git, str) and isinstance(ref, str) and isinstance(commit, str)):
        return None
    if not (_URL.fullmatch(git) and _TAG.fullmatch(ref) and _COMMIT.fullmatch(commit)):
        return None
    is_older = isinstance(want, dict) and "as_of" in want and "version" not in want
    return LockedTag(git, ref, commit, is_older)
