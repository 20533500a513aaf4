"""The line of a manifest that a finding or error is about, with a caret under its column, as compilers print it.

Only files without the operator's values are shown: manifests, pinner.yaml and templates. A line with a credential in it
is left out.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePath
from typing import Final

from pinner.model.errors import PinnerError
from pinner.model.text import redact, visible
from pinner.project.files import ENVIRONMENTS, SETTINGS, TEMPLATES, read_file

_PLACE: Final = re.compile(r"(?P<indent> *)(?P<path>[^\s:][^:]*):(?P<line>[1-9]\d*):(?P<column>[1-9]\d*): ")
_LARGEST: Final = 1024 * 1024
_GUTTER: Final = 6
"""Columns beside the source line: its number, a bar and blanks."""
_NARROWEST: Final = 20


def with_excerpts(lines: Iterable[str], *, width: int | None) -> Iterator[str]:
    """Yield the lines, each that begins with a place followed by the source line there and a caret."""
    texts: dict[str, list[str]] = {}
    for line in lines:
        yield line
        found = _PLACE.match(line)
        if found is None or not _is_shown(found["path"]):
            continue
        path = found["path"]
        if path not in texts:
            texts[path] = _read(path)
        number, column = int(found["line"]), int(found["column"])
        if number <= len(texts[path]):
            yield from _excerpt(texts[path][number - 1], number, column, found["indent"], width)


def _is_shown(path: str) -> bool:
    pure = PurePath(path)
    is_manifest = pure.parent.name == ENVIRONMENTS and pure.suffix == ".yaml"
    return is_manifest or pure.name == SETTINGS or (pure.parent.name == TEMPLATES and pure.suffix == ".j2")


def _read(path: str) -> list[str]:
    try:
        return read_file(Path(path), shown=path, limit=_LARGEST).decode().splitlines()
    except (PinnerError, UnicodeDecodeError):  # the finding itself reports what is wrong with the file
        return []


def _excerpt(source: str, number: int, column: int, indent: str, width: int | None) -> Iterator[str]:
    text = source.replace("\t", " ")
    if redact(text) != text or visible(text) != text or column > len(text) + 1:
        return
    offset = column - 1
    room = max((width or len(text) + _GUTTER + len(indent)) - _GUTTER - len(indent), _NARROWEST)
    if len(text) > room:
        start = max(0, min(offset - room // 2, len(text) - room))
        text, offset = text[start : start + room], offset - start
    gutter = " " * len(str(number))
    yield f"{indent}{gutter} |"
    yield f"{indent}{number} | {text}".rstrip()
    yield f"{indent}{gutter} | {' ' * offset}^"
