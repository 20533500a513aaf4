"""Files that are written whole or not at all: a reader, and a power cut, meets the old content or the new."""

import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pinner.words.places import Place
from pinner.words.problems import Problem, UnknownError


def write_atomically(path: Path, data: bytes, *, shown: str) -> bool:
    """Write the file in one rename; return False, and touch nothing, where it holds the data already.

    A link is followed: the file it leads to is replaced, the link stays. Mode and owner of an old file are kept.
    Raises UnknownError, calling the file `shown`, where that fails; the old content is then still there.
    """
    target = Path(os.path.realpath(path))
    try:
        if _holds(target, data):
            return False
        _replace(target, data)
    except OSError as error:
        hint = "nothing was changed; mend that and run the command again"
        raise UnknownError(
            Problem(f"the file cannot be written: {error.strerror}", Place(shown), hint)
        ) from error
    return True


def _holds(target: Path, data: bytes) -> bool:
    try:
        return target.stat().st_size == len(data) and target.read_bytes() == data
    except FileNotFoundError:
        return False


def _replace(target: Path, data: bytes) -> None:
    with _draft(target) as (draft, number):
        _write(number, data)
        _keep_properties(number, target)
        os.fsync(number)
        draft.replace(target)
    _sync_directory(target.parent)


@contextmanager
def _draft(target: Path) -> Iterator[tuple[Path, int]]:
    """Open, empty and lock the file that becomes the target; it is gone when the block fails.

    Its name is fixed, so that what a killed process left behind is taken up by the next one and never piles up.
    """
    draft = target.with_name(f".{target.name}.draft")
    number = _open_locked(draft)
    try:
        os.ftruncate(number, 0)
        yield draft, number
    except BaseException:
        with suppress(OSError):
            draft.unlink()
        raise
    finally:
        os.close(number)


def _open_locked(draft: Path) -> int:
    """Return a descriptor of the draft, locked against other processes that write the same file."""
    while True:
        number = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
        fcntl.flock(number, fcntl.LOCK_EX)
        if _is_still_at(number, draft):
            return number
        # Another process held the lock and has renamed or removed the draft since.
        os.close(number)


def _is_still_at(number: int, draft: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(number), draft.lstat())
    except FileNotFoundError:
        return False


def _write(number: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(number, rest) :]


def _keep_properties(number: int, target: Path) -> None:
    try:
        old = target.stat()
    except FileNotFoundError:
        return
    with suppress(PermissionError):
        os.fchown(number, old.st_uid, old.st_gid)
    os.fchmod(number, stat.S_IMODE(old.st_mode))


def _sync_directory(directory: Path) -> None:
    number = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(number)
    finally:
        os.close(number)
