"""Disks that are too small, mounted for the time of a test, and the one in memory that the unit tests write to.

Only root can mount; elsewhere such tests are skipped, and fail in CI.
"""

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tests.support.oracles import find_tool, give_up

_MEMORY = Path("/dev/shm")  # noqa: S108 - pytest makes a directory of this user's own in it
_ROOM = 2 * 2**30  # bytes, many times what the tests have there at once


def memory_with_room() -> Path | None:
    """Return the system's file system in memory, None if it is missing, small, or runs no programs, as in some containers."""
    try:
        found = os.statvfs(_MEMORY)
        rows = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    available = {name: int(size.split()[0]) * 1024 for name, _, size in (row.partition(":") for row in rows)}
    is_large = min(found.f_bavail * found.f_frsize, available.get("MemAvailable", 0)) >= _ROOM
    is_usable = os.access(_MEMORY, os.W_OK) and not found.f_flag & os.ST_NOEXEC
    return _MEMORY if is_large and is_usable else None


@contextlib.contextmanager
def small_disk(directory: Path, *, size: str) -> Iterator[Path]:
    """Mount a file system of `size` (`256k`) at the directory, which is made."""
    mount = find_tool("mount", "mount")
    directory.mkdir()
    mounted = subprocess.run(
        [mount, "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(directory)],
        check=False,
        capture_output=True,
    )
    if mounted.returncode != 0:
        give_up(f"this user may not mount a small disk: {mounted.stderr.decode().strip()}")
    try:
        yield directory
    finally:
        subprocess.run(["umount", "--lazy", str(directory)], check=True)


def fill(directory: Path) -> Path:
    """Fill the disk to the last byte with one file, and return that file."""
    path = directory / "ballast"
    number = os.open(path, os.O_CREAT | os.O_WRONLY)
    for size in (65536, 4096, 64, 1):
        with contextlib.suppress(OSError):
            while True:
                os.write(number, b"x" * size)
    os.close(number)
    return path


def make_read_only(disk: Path) -> None:
    """Mount the disk anew such that nothing on it can be written."""
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
