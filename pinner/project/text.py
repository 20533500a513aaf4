"""Bytes of a user's file -> text that is safe to parse. Tells the position of every byte it refuses."""

import os
import re
import stat
from pathlib import Path

from pinner.words.places import Place
from pinner.words.problems import InputError, Problem, UnknownError

_MARKS_OF_WIDE_ENCODINGS = (b"\xff\xfe", b"\xfe\xff")
_UNPRINTABLE = re.compile(
    r"[^\t\n\r\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)
"""All but what YAML 1.1 allows in a stream, less a byte order mark after the first character and the three ends of
line (U+0085, U+2028, U+2029) that editors do not count."""


def read_bytes(path: Path, *, shown: str, limit: int) -> bytes:
    """Return the content of a regular file of at most `limit` bytes; messages call it `shown`.

    Raises InputError for what is no regular file or is too long, UnknownError where it cannot be read.
    """
    try:
        data = _read_regular(path, limit + 1)
    except OSError as error:
        raise UnknownError(Problem(f"the file cannot be read: {error.strerror}", Place(shown))) from error
    if data is None:
        raise InputError(Problem("this is no regular file", Place(shown)))
    if len(data) > limit:
        raise InputError(Problem(f"the file is longer than {limit} bytes", Place(shown)))
    return data


def _read_regular(path: Path, size: int) -> bytes | None:
    # Without O_NONBLOCK, opening a pipe that nobody writes to never returns.
    number = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        if not stat.S_ISREG(os.fstat(number).st_mode):
            return None
        with os.fdopen(number, "rb", closefd=False) as stream:
            return stream.read(size)
    finally:
        os.close(number)


def decode(data: bytes, path: str) -> str:
    """Return the text of UTF-8 bytes without a leading byte order mark.

    Raises InputError with the line and column of the first byte that is no UTF-8 or no printable character.
    """
    if data.startswith(_MARKS_OF_WIDE_ENCODINGS):
        problem = Problem("the file is UTF-16, not UTF-8", Place(path, 1, 1), "save it as UTF-8")
        raise InputError(problem)
    try:
        text = data.decode().removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        place = _place_after(data[: error.start].decode().removeprefix("\ufeff"), path)
        message = f"byte 0x{data[error.start]:02x} is no UTF-8"
        raise InputError(Problem(message, place, "save the file as UTF-8")) from None
    if found := _UNPRINTABLE.search(text):
        message = f"the control character U+{ord(found[0]):04X} does not belong in a text file"
        raise InputError(Problem(message, _place_after(text[: found.start()], path), "delete it"))
    return text


def line_of_conflict(text: str) -> int | None:
    """Return the line of the first mark that git leaves in a file where a merge stopped, None without one."""
    mark = re.search(r"^(<{7}|\|{7}|={7}|>{7})( .*)?$", text, re.MULTILINE)
    return text.count("\n", 0, mark.start()) + 1 if mark else None


def _place_after(text: str, path: str) -> Place:
    lines = re.split(r"\r\n|\n|\r", text)
    return Place(path, len(lines), len(lines[-1]) + 1)
