"""What files of a plain directory hold, for those that have been given their ids before. Follows no link."""

import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from pinner.git.plain_trees import LINK, PlainFile, blob_id


def read_contents(root: Path, files: Iterable[PlainFile], *, largest: int) -> Mapping[str, bytes]:
    """Return path to content for those of `files` that are at most `largest` bytes and are still what they were."""
    contents: dict[str, bytes] = {}
    for file in files:
        if file.size <= largest:
            with suppress(OSError):
                content = _read(f"{root}/{file.path}", file)
                if blob_id(content) == file.id:
                    contents[file.path] = content
    return contents


def _read(place: str, file: PlainFile) -> bytes:
    if file.mode == LINK:
        return os.fsencode(os.readlink(place))  # noqa: PTH115 - Path would tidy up the target
    descriptor = os.open(place, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as opened:
        return opened.read(file.size + 1)
