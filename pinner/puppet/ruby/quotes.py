"""Where a quoted piece of Ruby ends, whether code is mixed into it, and which text it stands for if not."""

import re
import sys
from dataclasses import dataclass
from functools import cache
from typing import Final, NamedTuple

_CLOSERS: Final = {"(": ")", "[": "]", "{": "}", "<": ">"}
_SIMPLE_ESCAPES: Final = {
    "a": "\a",
    "b": "\b",
    "e": "\x1b",
    "f": "\f",
    "n": "\n",
    "r": "\r",
    "s": " ",
    "t": "\t",
    "v": "\v",
    "\n": "",
}
_ESCAPE: Final = re.compile(
    r"\\(?:([0-7]{1,3})|x([0-9A-Fa-f]{1,2})|u([0-9A-Fa-f]{4})|u\{\s*([0-9A-Fa-f]{1,6}(?:\s+[0-9A-Fa-f]{1,6})*)\s*\}|(.))",
    re.DOTALL,
)
_MIXES_IN_CODE: Final = re.compile(r"#(?:\{|\$[^\s\"'}]|@@?[A-Za-z_])")
_ESCAPED_OR_CODE: Final = re.compile(rf"\\\\.|{_MIXES_IN_CODE.pattern}", re.DOTALL)
_CODE_STOP: Final = re.compile(r"['\"`{}]")
_UNREADABLE_ESCAPES: Final = "cCMux"
_LAST_ASCII: Final = 0x7F
_SURROGATES: Final = range(0xD800, 0xE000)


class NeverClosedError(ValueError):
    """The text ends before the quote does; never leaves this room."""


class UnreadableEscapeError(ValueError):
    """A backslash sequence stands for no character that can be told; never leaves this room."""


class Quote(NamedTuple):
    """A pair of delimiters, and whether `#{}` and most backslash sequences mean something between them."""

    opener: str
    closer: str
    is_raw: bool


CODE: Final = Quote("{", "}", is_raw=False)


def quote_of(opener: str, *, is_raw: bool) -> Quote:
    """Return the quote that begins with a character: brackets end with their counterpart."""
    return Quote(opener, _CLOSERS.get(opener, opener), is_raw)


@dataclass(frozen=True, slots=True)
class Quoted:
    """What stands between the quotes, as written; `end` is where the text goes on; `has_code` tells of `#{}`."""

    source: str
    end: int
    has_code: bool


def read_quoted(text: str, start: int, quote: Quote) -> Quoted:
    """Read from after the opening quote to its end. Raises NeverClosedError. One pass, however deep the nesting."""
    open_quotes, position, has_code = [quote], start, False
    while open_quotes:
        stop = _stop_of(open_quotes[-1]).search(text, position)
        if stop is None:
            raise NeverClosedError
        position = stop.end()
        match stop[0]:
            case "\\":
                position += 1
            case "#":
                if _MIXES_IN_CODE.match(text, stop.start()):
                    has_code = True
                    if text[position] == "{":
                        open_quotes.append(CODE)
                        position += 1
            case mark:
                _open_or_close(open_quotes, mark)
    return Quoted(text[start : position - 1], position, has_code)


def _open_or_close(open_quotes: list[Quote], mark: str) -> None:
    current = open_quotes[-1]
    if mark == current.closer:
        open_quotes.pop()
    elif mark == current.opener:
        open_quotes.append(current)
    else:
        open_quotes.append(quote_of(mark, is_raw=mark == "'"))


@cache
def _stop_of(quote: Quote) -> re.Pattern[str]:
    if quote is CODE:
        return _CODE_STOP
    marks = {quote.opener, quote.closer, "\\", *([] if quote.is_raw else ["#"])}
    return re.compile("|".join(re.escape(mark) for mark in sorted(marks)))


def unescape_raw(source: str, quote: Quote) -> str:
    """Return the text of a single-quoted piece: a backslash only protects the quotes and itself."""
    return re.sub(rf"\\([\\{re.escape(quote.opener)}{re.escape(quote.closer)}])", r"\1", source)


def unescape(source: str) -> str:
    """Return the text of a double-quoted piece without code. Raises UnreadableEscapeError."""
    return _ESCAPE.sub(_unescape_one, source)


def has_code(source: str) -> bool:
    """Tell whether `#{}` or the like stands in double-quoted text, as in the body of a heredoc."""
    return any(match[0][0] == "#" for match in _ESCAPED_OR_CODE.finditer(source))


def _unescape_one(match: re.Match[str]) -> str:
    octal, byte, unit, points, letter = match.groups()
    if letter is not None:
        return _unescape_letter(letter)
    if points is not None:
        return "".join(_character(int(point, 16)) for point in points.split())
    if unit is not None:
        return _character(int(unit, 16))
    value = int(octal, 8) if octal is not None else int(byte, 16)
    if value > _LAST_ASCII:
        raise UnreadableEscapeError
    return chr(value)


def _unescape_letter(letter: str) -> str:
    if letter in _UNREADABLE_ESCAPES:
        raise UnreadableEscapeError
    return _SIMPLE_ESCAPES.get(letter, letter)


def _character(point: int) -> str:
    if point > sys.maxunicode or point in _SURROGATES:
        raise UnreadableEscapeError
    return chr(point)
