"""Replaces, syncs, removes and checks whole directories, for stores whose directories appear by one rename."""

import ctypes
import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pinner.git.process.local_repositories import find_others_access
from pinner.model.errors import InputError, Location, Problem, UnknownError, exhausted

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_EXCHANGE = 2
_HERE = -100


def remove_tree(path: Path) -> None:
    """Remove a file or a directory with everything in it, read-only directories included; follows no link."""
    if path.is_symlink() or not path.is_dir():
        path.unlink(missing_ok=True)
        return
    for folder, _, _ in os.walk(path):
        with suppress(OSError):
            Path(folder).chmod(0o700)
    shutil.rmtree(path)


def exchange(new: Path, old: Path) -> None:
    """Exchange two directories by one rename if the system can (renameat2(2)), else by two."""
    libc = ctypes.CDLL(None, use_errno=True)
    names = os.fsencode(new), os.fsencode(old)
    if hasattr(libc, "renameat2") and libc.renameat2(_HERE, names[0], _HERE, names[1], _EXCHANGE) == 0:
        return
    aside = new.with_name(f"{new.name}-old")
    old.rename(aside)
    new.rename(old)


def sync_file_system(directory: Path) -> None:
    """Write everything in the file system of a directory to the disk: syncfs(2), far faster than file by file."""
    libc = ctypes.CDLL(None, use_errno=True)
    if not hasattr(libc, "syncfs"):
        os.sync()
        return
    number = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with failing(directory):
            if libc.syncfs(number) != 0:
                found = ctypes.get_errno()
                raise OSError(found, os.strerror(found))
    finally:
        os.close(number)


def sync_directory(directory: Path) -> None:
    """Write the entries of a directory to the disk, so that renames in it last."""
    number = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with suppress(OSError):  # a network file system may refuse it
            os.fsync(number)
    finally:
        os.close(number)


def require_own_directory(path: Path) -> None:
    """Raise InputError if a directory is a link, or if others than its owner can write to it."""
    flaw = "is a symbolic link" if path.is_symlink() else find_others_access(path)
    if flaw:
        hint = "name a directory that only you can write"
        raise InputError(Problem(f"this directory {flaw}", Location(str(path)), hint))


@contextmanager
def failing(path: Path, what: str | None = None) -> Iterator[None]:
    """Raise a system error of the block as an UnknownError about `path`; `what` was written there."""
    try:
        yield
    except OSError as error:
        if problem := exhausted(error):
            raise UnknownError(problem) from error
        reason = error.strerror or str(error)
        hint = "make room on that disk, then run the command again" if error.errno in _FULL else None
        words = f"{what} cannot be written: {reason}" if what else f"this directory cannot be used: {reason}"
        raise UnknownError(Problem(words, Location(str(path)), hint)) from error
