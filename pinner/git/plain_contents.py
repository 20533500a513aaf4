"""What files of a plain directory hold, for those that have been given their ids before. Follows no link."""

import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from pinner.git.plain_trees import LINK, PlainFile, blob_id


def read_contents(
    root: Path, files: Iterable[PlainFile], *, largest: int, most: int | None = None
) -> Mapping[str, bytes]:
    """Return path to content for those of `files` that are at most `largest` bytes and are still what they were.

    `most` is how many bytes are read of all of them (None: no matter); who comes later is left out.
    """
    contents: dict[str, bytes] = {}
    room = most
    for file in files:
        if file.size <= largest and (room is None or file.size <= room):
            room = None if room is None else room - file.size
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
