"""What was once worked out from an immutable git object, remembered for ever: (reader, object id) to text.

One SQLite file in the cache directory. It is only a cache: a damaged, locked or read-only one is done without.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

FILE = "memory.sqlite"
WAIT_SECONDS = 10.0
ROWS_A_QUERY = 500


class Memory:
    """The memory that lies in `directory` (made on the first write); `wait`: seconds for another process's lock."""

    def __init__(self, directory: Path, *, wait: float = WAIT_SECONDS) -> None:
        self._path = directory / FILE
        self._wait = wait

    def recall(self, reader: str, ids: Iterable[str]) -> dict[str, str]:
        """Return object id to text for those of `ids` that `reader` has written before."""
        if not self._path.exists():
            return {}
        found: dict[str, str] = {}
        with suppress(sqlite3.Error), self._open() as database:
            wanted = sorted(set(ids))
            for start in range(0, len(wanted), ROWS_A_QUERY):
                some = wanted[start : start + ROWS_A_QUERY]
                marks = ",".join("?" * len(some))
                query = f"SELECT id, value FROM memory WHERE reader = ? AND id IN ({marks})"  # noqa: S608 - only marks
                found.update(database.execute(query, (reader, *some)))
        return found

    def remember(self, reader: str, values: Mapping[str, str]) -> None:
        """Keep `values`, object id to text, for `reader`; a memory that cannot be written is made anew or left."""
        rows = [(reader, key, value) for key, value in sorted(values.items())]
        try:
            self._write(rows)
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):
                return  # locked, read-only or full: the values are simply read again next time
            self._path.unlink(missing_ok=True)
            with suppress(sqlite3.Error):
                self._write(rows)

    def _write(self, rows: list[tuple[str, str, str]]) -> None:
        with suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._open() as database:
            database.execute(
                "CREATE TABLE IF NOT EXISTS memory "
                "(reader TEXT, id TEXT, value TEXT NOT NULL, PRIMARY KEY (reader, id)) WITHOUT ROWID"
            )
            database.executemany("INSERT OR REPLACE INTO memory VALUES (?, ?, ?)", rows)

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        database = sqlite3.connect(self._path, timeout=self._wait)
        try:
            with database:
                yield database
        finally:
            database.close()
