"""Reads and writes what pinner keeps beside git's own files, each with a checksum: metadata of mirrors, and computed values.

Each file is written under a temporary name and then renamed, so that a reader never sees part of it. A file
that a disk or another program changed counts as absent, and is written again.

The metadata is the record of the last complete sync. With it, an unchanged mirror is cheap to open (no git
process reads its refs) and damage is detected: a missing or changed pack, a HEAD or refs that git never
wrote. It is written only while the mirror's lock is held.

Values computed from immutable git objects, (reader, object id) to text, are kept for ever in one SQLite file in the
cache directory. If the file is damaged, locked or read-only, pinner works without it, and a damaged file is recreated.
Each row has a checksum, so that a row that a disk or another program changed is computed again.
"""

import contextlib
import errno
import hashlib
import json
import os
import re
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from hashlib import blake2b, sha256
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir
from typing import Final, TypeVar

from pinner.git.process.local_repositories import make_cache
from pinner.model.errors import Problem, UnknownError
from pinner.model.lock import BRANCH, TAG, Refs

HEAD = b"ref: refs/heads/none\n"


_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT})
_HINT = "make room there, or set TMPDIR to another directory"


@contextmanager
def temporary_directory(prefix: str) -> Iterator[Path]:
    """Yield a directory that is always removed when the block ends.

    Raises UnknownError if it cannot be made, or if the disk is full when the block writes a file.
    """
    try:
        made = TemporaryDirectory(prefix=prefix, ignore_cleanup_errors=True)
    except OSError as error:
        message = f"cannot make a directory for temporary files: {error.strerror or error}"
        raise UnknownError(Problem(message, hint=_HINT)) from error
    with made as name:
        try:
            yield Path(name).resolve()
        except OSError as error:
            if error.errno not in _NO_ROOM:
                raise
            message = f"no room for temporary files in {gettempdir()}: {error.strerror}"
            raise UnknownError(Problem(message, hint=_HINT)) from error


def with_alternates(mirror: Path, scratch: Path) -> None:
    """Make a bare repository with all objects of the mirror at `scratch`, a path that must not exist.

    It has the least that git requires of a repository (gitrepository-layout(5)); git is not started. Raises
    OSError.
    """
    (scratch / "objects" / "info").mkdir(parents=True)
    (scratch / "refs").mkdir()
    (scratch / "HEAD").write_bytes(HEAD)
    where = f"{mirror / 'objects'}\n".encode(errors="surrogateescape")
    (scratch / "objects" / "info" / "alternates").write_bytes(where)


def read_checksummed(path: Path, label: str) -> bytes | None:
    """Return the content of the file if it is intact and was written with `label`, or None."""
    with suppress(OSError):
        first, _, content = path.read_bytes().partition(b"\n")
        if first == _first_line(label, content):
            return content
    return None


def write_checksummed(path: Path, label: str, content: bytes) -> None:
    """Write a file with a label (without line breaks) that names its format; raises OSError.

    A killed process leaves a file named `*.lock`, like git's own leftovers.
    """
    draft = path.with_name(f"{path.name}-{os.getpid()}-{threading.get_ident()}.lock")
    try:
        draft.write_bytes(_first_line(label, content) + b"\n" + content)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _first_line(label: str, content: bytes) -> bytes:
    head = label.encode(errors="surrogateescape")
    return b"%s %s" % (head, sha256(b"%s\n%s" % (head, content)).hexdigest().encode())


METADATA_FILE = "pinner-refs"
_LABEL = "pinner-refs 2"
_ID = re.compile(r"[0-9a-f]{40}")
_SHALLOW = re.compile(rb"(?:[0-9a-f]{40}\n)+")
_LOOSE_REF = re.compile(rb"[0-9a-f]{40}\n")
_PACK_FILES = (".pack", ".idx", ".rev")
_CHECKSUM_BYTES = 20
_CHUNK = 1024 * 1024


@dataclass(frozen=True, slots=True)
class PackFile:
    """The recorded state of a file in objects/pack: size in bytes, and modification time in nanoseconds."""

    size: int
    written_at: int


@dataclass(frozen=True, slots=True)
class MirrorMetadata:
    """The state of a mirror after its last complete sync.

    `packed` is the digest of the packed-refs file that `refs` was read from, `head` the content of HEAD, and
    `packs` the files in objects/pack by name.
    """

    packed: str
    head: str
    packs: Mapping[str, PackFile]
    refs: Refs


def read_metadata(mirror: Path) -> MirrorMetadata | None:
    """Return the metadata of a mirror, or None if it is missing or damaged."""
    content = read_checksummed(mirror / METADATA_FILE, _LABEL)
    if content is None:
        return None
    try:
        data = json.loads(content)
        packs = {str(name): PackFile(*map(int, values)) for name, values in data["packs"].items()}
        commits = {str(ref): _object_id(commit) for ref, commit in data["refs"].items()}
        return MirrorMetadata(str(data["packed"]), str(data["head"]), packs, Refs(commits))
    except (ValueError, LookupError, TypeError, AttributeError):
        return None


def write_metadata(mirror: Path, refs: Refs) -> None:
    """Write the mirror's metadata: `refs`, which packed-refs has now, and the packs; raises OSError."""
    data = {
        "packed": digest_of_packed_refs(mirror),
        "head": _head(mirror),
        "packs": {name: [file.size, file.written_at] for name, file in pack_files(mirror).items()},
        "refs": dict(refs.commits),
    }
    write_checksummed(mirror / METADATA_FILE, _LABEL, json.dumps(data, separators=(",", ":")).encode())


def forget_metadata(mirror: Path) -> None:
    """Remove the metadata after finding a damaged object, so that the next sync clones the mirror again."""
    with contextlib.suppress(OSError):
        (mirror / METADATA_FILE).unlink()


def find_damage(mirror: Path, metadata: MirrorMetadata, *, is_thorough: bool = False) -> str | None:
    """Return why the mirror must be cloned again, as it differs from its metadata; None if it does not.

    Packs written to since then are checked against their checksums; with `is_thorough`, all packs are.
    """
    if _head(mirror) != metadata.head:
        return "HEAD was changed"
    if flaw := _flaw_of_packs(mirror, metadata, is_thorough=is_thorough):
        return flaw
    if digest_of_packed_refs(mirror) != metadata.packed:
        try:
            parse_packed_refs(_packed_refs(mirror))
        except ValueError as error:
            return f"packed-refs contains {str(error)[:80]!r}"
    shallow = mirror / "shallow"
    if shallow.exists() and not _SHALLOW.fullmatch(shallow.read_bytes()):
        return "the list of shallow commits is damaged"
    refs = (Path(folder) / name for folder, _, names in os.walk(mirror / "refs") for name in names)
    is_sound = all(_LOOSE_REF.fullmatch(path.read_bytes()) for path in refs if path.suffix != ".lock")
    return None if is_sound else "a loose ref is damaged"


def _flaw_of_packs(mirror: Path, metadata: MirrorMetadata, *, is_thorough: bool) -> str | None:
    now = pack_files(mirror)
    for name, recorded in metadata.packs.items():
        if name not in now or now[name].size != recorded.size:
            return "a pack is missing or truncated"
        if (is_thorough or now[name] != recorded) and not _has_right_checksum(
            mirror / "objects" / "pack" / name
        ):
            return "a pack has a wrong checksum"
    return None


def _has_right_checksum(path: Path) -> bool:
    """Return whether the last 20 bytes are the SHA-1 of the rest: gitformat-pack(5), for all three kinds."""
    remaining = path.stat().st_size - _CHECKSUM_BYTES
    digest = hashlib.sha1(usedforsecurity=False)
    with path.open("rb") as file:
        while remaining > 0 and (chunk := file.read(min(_CHUNK, remaining))):
            digest.update(chunk)
            remaining -= len(chunk)
        return digest.digest() == file.read(_CHECKSUM_BYTES)


def _head(mirror: Path) -> str:
    try:
        return (mirror / "HEAD").read_text(errors="backslashreplace")
    except FileNotFoundError:
        return ""


def is_current(mirror: Path, metadata: MirrorMetadata) -> bool:
    """Return whether the metadata has the mirror's refs: packed-refs is unchanged, and no ref is loose."""
    return not has_loose_refs(mirror) and digest_of_packed_refs(mirror) == metadata.packed


def digest_of_packed_refs(mirror: Path) -> str:
    """Return the SHA-256 of packed-refs in hex; a missing file (an empty repository) counts as empty."""
    return hashlib.sha256(_packed_refs(mirror)).hexdigest()


def _packed_refs(mirror: Path) -> bytes:
    try:
        return (mirror / "packed-refs").read_bytes()
    except FileNotFoundError:
        return b""


def has_loose_refs(mirror: Path) -> bool:
    """Return whether any ref is a file of its own."""
    return any(files for _, _, files in os.walk(mirror / "refs"))


def is_empty(mirror: Path) -> bool:
    """Return whether the mirror has neither branches nor tags."""
    content = _packed_refs(mirror)
    return not has_loose_refs(mirror) and not (b" refs/heads/" in content or b" refs/tags/" in content)


def holds_sha256(mirror: Path) -> bool:
    """Return whether the ids are SHA-256; `git clone` takes the hash algorithm from the remote."""
    return "objectformat = sha256" in (mirror / "config").read_text(errors="replace").lower()


def pack_files(mirror: Path) -> dict[str, PackFile]:
    """Return the packs, their indexes and their reverse indexes, by file name."""
    with contextlib.suppress(FileNotFoundError), os.scandir(mirror / "objects" / "pack") as entries:
        values = ((entry.name, entry.stat()) for entry in entries if entry.name.endswith(_PACK_FILES))
        return {name: PackFile(found.st_size, found.st_mtime_ns) for name, found in values}
    return {}


def parse_packed_refs(content: bytes) -> dict[str, str]:
    r"""Return full ref name to peeled object id for the branches and tags in packed-refs.

    A line is `<id> <ref>`. A line `^<id>` after it is the object that an annotated tag peels to, through
    nested tags (git's refs/packed-backend.c, "fully-peeled"). Bytes that are not UTF-8 appear as `\xNN`.
    Raises ValueError for content that git never writes.
    """
    found: dict[str, str] = {}
    ref = ""
    *lines, rest = content.decode(errors="backslashreplace").split("\n")
    if rest:
        raise ValueError(rest)  # git ends every line
    for line in lines:
        if line.startswith("^"):
            if ref in found:
                found[ref] = _object_id(line[1:])
        elif not line.startswith("#"):
            commit, _, ref = line.partition(" ")
            if _object_id(commit) and ref.startswith((BRANCH, TAG)):
                found[ref] = commit
    return found


def _object_id(text: str) -> str:
    if not _ID.fullmatch(text):
        raise ValueError(text)
    return text


T = TypeVar("T")

CACHE_FILE: Final = "memory.sqlite"
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
        self._path = directory / CACHE_FILE
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
            make_cache(self._path.parent)
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
            # Not waiting for the disk: what a power failure damages is detected and computed again.
            database.execute("PRAGMA synchronous = OFF")
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
