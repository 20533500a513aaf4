"""Caches values computed from immutable git objects: (reader, object id) to text.

Rows are kept for ever in one SQLite file in the cache directory. If the file is damaged, locked or read-only,
pinner works without it, and a damaged file is recreated. Each row has a checksum, so that a row that a disk
or another program changed is computed again.
"""

import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from hashlib import blake2b
from pathlib import Path
from typing import Final, TypeVar

from pinner.git.process.local_repositories import make_private

T = TypeVar("T")

FILE: Final = "memory.sqlite"
WAIT_SECONDS: Final = 10.0
ROWS_A_QUERY: Final = 500
TABLE: Final = "rows"
"""Change this name whenever the columns change; the table of the first release is dropped."""

# Errors caused by another process, the disk or permissions: the file is left unmodified.
_PASSING: Final = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_PERM,
    }
)
_PRIMARY_CODE: Final = 0xFF
_BESIDE: Final = ("", "-journal", "-wal", "-shm")
_NOT_STORED: Final = (ValueError, TypeError, LookupError, AttributeError, RecursionError, OverflowError)


class ObjectCache:
    """The cache file in `directory`, which is made on the first write.

    `wait` is how many seconds to wait for another process's lock.
    """

    def __init__(self, directory: Path, *, wait: float = WAIT_SECONDS) -> None:
        self._path = directory / FILE
        self._wait = wait

    def get(self, reader: str, ids: Iterable[str], decode: Callable[[str], T]) -> dict[str, T]:
        """Return object id to value for those of `ids` that `reader` has stored.

        `decode` converts the stored text to a value. A text that it rejects (ValueError, TypeError,
        LookupError, ...) and a row with a wrong checksum count as not stored.
        """
        found: dict[str, T] = {}
        texts: dict[str, str] = {}
        if self._path.exists():
            with suppress(sqlite3.Error), self._open() as database:
                texts = dict(_select(database, reader, ids))
        for key, text in texts.items():
            with suppress(*_NOT_STORED):
                found[key] = decode(text)
        return found

    def put(self, reader: str, values: Mapping[str, str]) -> None:
        """Store `values`, object id to text, for `reader`.

        A damaged file is recreated. If the file cannot be written, nothing is stored and nothing is raised.
        """
        rows = [(reader, key, value, _digest(reader, key, value)) for key, value in sorted(values.items())]
        try:
            self._write(rows)
        except sqlite3.Error as error:
            if not _is_damage(error, self._path):
                return  # locked, read-only or full: the values are computed again next time
            with suppress(sqlite3.Error, OSError):
                for suffix in _BESIDE:  # old journals would damage a new file
                    self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)
                self._write(rows)

    def limit(self, largest: int) -> None:
        """Remove the file if it has more than `largest` bytes."""
        with suppress(OSError):
            if self._path.stat().st_size > largest:
                for suffix in _BESIDE:
                    self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)

    def _write(self, rows: list[tuple[str, str, str, bytes]]) -> None:
        if not rows:
            return
        with suppress(OSError):
            make_private(self._path.parent)
            self._path.touch(mode=0o600)
        with self._open() as database:
            database.execute(
                f"CREATE TABLE IF NOT EXISTS {TABLE} (reader TEXT, id TEXT, value TEXT NOT NULL, digest BLOB NOT NULL,"
                " PRIMARY KEY (reader, id)) WITHOUT ROWID"
            )
            database.execute(
                "DROP TABLE IF EXISTS memory"
            )  # the first release's rows, which have no checksums
            database.executemany(f"INSERT OR REPLACE INTO {TABLE} VALUES (?, ?, ?, ?)", rows)  # noqa: S608 - a constant
            ids = [key for _, key, _, _ in rows]
            if len(dict(_select(database, rows[0][0], ids))) < len(set(ids)):
                raise sqlite3.DatabaseError(
                    "a row that was written is not found again"
                )  # the index is damaged

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        database = sqlite3.connect(self._path, timeout=self._wait)
        # Bytes that are not UTF-8 are damage, which the checksum detects.
        database.text_factory = partial(str, encoding="utf-8", errors="replace")
        try:
            with database:
                yield database
        finally:
            database.close()


def _select(database: sqlite3.Connection, reader: str, ids: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield id and text of the rows with a correct checksum."""
    unique = sorted(set(ids))
    for start in range(0, len(unique), ROWS_A_QUERY):
        some = unique[start : start + ROWS_A_QUERY]
        marks = ",".join("?" * len(some))
        query = f"SELECT id, value, digest FROM {TABLE} WHERE reader = ? AND id IN ({marks})"  # noqa: S608 - only marks
        for key, value, digest in database.execute(query, (reader, *some)):
            if isinstance(key, str) and isinstance(value, str) and digest == _digest(reader, key, value):
                yield key, value


def _digest(reader: str, key: str, value: str) -> bytes:
    parts = (text.encode(errors="surrogatepass") for text in (reader, key, value))
    return blake2b(b"".join(b"%d:%s" % (len(part), part) for part in parts), digest_size=16).digest()


def _is_damage(error: sqlite3.Error, path: Path) -> bool:
    """Return whether an error is caused by the content of the file at `path`."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT)
    if code & _PRIMARY_CODE == sqlite3.SQLITE_READONLY:  # also for a wrong version in the header
        return os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)
    return code == sqlite3.SQLITE_IOERR_SHORT_READ or code & _PRIMARY_CODE not in _PASSING
