"""The index of a mirror's trees, kept in a file beside the mirror until its refs change. Only a cache: it may be lost.

Who reads meets a whole file, because it comes into being by a rename; what a killed process left is cleared away with
the next sync, as everything named `*.lock` in a mirror is.
"""

import os
import sys
import threading
import zlib
from array import array
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from pinner.git import stored
from pinner.git.mirror import Mirror
from pinner.git.tree_index import ID_BYTES, TreeIndex
from pinner.git.tree_indexing import build_index

FILE = "pinner-trees"
FORMAT = 1
"""Raised when the file changes, or what stands for a file in it."""


def read_index(mirror: Mirror, counts: Callable[[bytes], bool], *, reader: str) -> TreeIndex:
    """Return the index of a mirror as its refs are now: the kept one, or one that is built now and kept.

    `counts` is that of `build_index`, and `reader` its name (one word), another one whenever it answers otherwise.
    Raises UnknownError where git cannot read the mirror.
    """
    path = mirror.path / FILE
    head = f"{FILE} {FORMAT} {sys.byteorder} {reader} {stored.digest_of_packed_refs(mirror.path)}"
    kept = _read(path, head)
    if kept is None:
        kept = build_index(mirror, counts)
        _write(path, head, kept)
    return kept


def _read(path: Path, head: str) -> TreeIndex | None:
    """Return what the file holds, None where there is none for these refs that is whole."""
    with suppress(OSError, ValueError):
        said, _, body = path.read_bytes().partition(b"\n")
        name, commits, steps, has_files, checksum = said.decode().rsplit(" ", 4)
        if name == head and int(checksum) == zlib.crc32(body):
            return _Reading(body).index(int(commits), int(steps), has_files=has_files == "1")
    return None


def _write(path: Path, head: str, index: TreeIndex) -> None:
    columns = (index.parents, index.counts, index.codes, index.keys, index.steps)
    body = b"".join([index.commits, index.trees, *(column.tobytes() for column in columns)])
    said = f"{head} {len(index)} {len(index.keys)} {int(index.has_files)} {zlib.crc32(body)}\n"
    draft = path.with_name(f"{FILE}-{os.getpid()}-{threading.get_ident()}.lock")
    with suppress(OSError):
        try:
            draft.write_bytes(said.encode() + body)
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)


class _Reading:
    """The parts of the file in their order, as `_write` lays them down."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._place = 0

    def index(self, commits: int, steps: int, *, has_files: bool) -> TreeIndex:
        return TreeIndex(
            commits=self._take(commits * ID_BYTES),
            trees=self._take(commits * ID_BYTES),
            parents=self._column("i", commits),
            counts=self._column("i", commits),
            codes=self._column("Q", commits),
            keys=self._column("Q", steps),
            steps=self._column("i", steps),
            has_files=has_files,
        )

    def _column(self, kind: str, count: int) -> "array[int]":
        column: array[int] = array(kind)
        column.frombytes(self._take(count * column.itemsize))
        return column

    def _take(self, size: int) -> bytes:
        part = self._body[self._place : self._place + size]
        self._place += size
        return part
