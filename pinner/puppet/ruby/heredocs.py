"""Heredocs: text that stands on the lines below the place where it is meant."""

import re
from dataclasses import dataclass
from typing import Final

from pinner.puppet.ruby.quotes import NeverClosedError, UnreadableEscapeError, has_code, unescape

HEREDOC: Final = re.compile(r"<<([~-]?)(?:([A-Za-z_][A-Za-z0-9_]*)|'([^'\n]+)'|\"([^\"\n]+)\")")
"""The word that announces one, its name in one of three spellings. (A fourth, in backticks, runs a shell.)"""

_INDENT: Final = re.compile(r" *")
_DEDENTED: Final = "~"


@dataclass(frozen=True, slots=True)
class Heredoc:
    """The text of one, None where it cannot be told without running something; the file goes on at `end`."""

    value: str | None
    end: int


def read_heredoc(text: str, announcement: re.Match[str], start: int) -> Heredoc:
    """Read the lines that begin at `start`. Raises NeverClosedError."""
    mark, bare, single, double = announcement.groups()
    name = bare or single or double
    lines, end = _lines_before(text, start, name, is_indented=bool(mark))
    body = "".join(_dedent(lines) if mark == _DEDENTED else lines)
    return Heredoc(_value(body, lines, is_raw=single is not None, is_dedented=mark == _DEDENTED), end)


def _lines_before(text: str, start: int, name: str, *, is_indented: bool) -> tuple[list[str], int]:
    lines: list[str] = []
    while start < len(text):
        end = text.find("\n", start) + 1 or len(text)
        line = text[start:end]
        if (line.strip(" \t\r\v\f\n") if is_indented else line.rstrip("\r\n")) == name:
            return lines, end
        lines.append(line)
        start = end
    raise NeverClosedError


def _value(body: str, lines: list[str], *, is_raw: bool, is_dedented: bool) -> str | None:
    if is_dedented and any(_is_dedented_oddly(line) for line in lines):
        return None
    if is_raw:
        return body
    try:
        return None if has_code(body) else unescape(body)
    except UnreadableEscapeError:
        return None


def _is_dedented_oddly(line: str) -> bool:
    """Tell of lines that Ruby has rules of its own for: tabs count as columns, lines of blanks count or do not."""
    return "\t" in line or "\\\n" in line or (line.isspace() and line != "\n")


def _dedent(lines: list[str]) -> list[str]:
    indents = [_INDENT.match(line) for line in lines if line.strip()]
    width = min((indent.end() for indent in indents if indent), default=0)
    return [line[min(width, len(line) - len(line.lstrip(" "))) :] for line in lines]
