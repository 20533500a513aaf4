"""The kinds of Ruby tokens, the pattern that distinguishes them, and the values of strings, escapes and heredocs."""

import re
import sys
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Final, NamedTuple


class TokenKind(StrEnum):
    """The kind of a Ruby token."""

    NEWLINE = "newline"
    WORD = "word"
    LABEL = "label"
    SYMBOL = "symbol"
    STRING = "string"
    NUMBER = "number"
    ARROW = "arrow"
    COMMA = "comma"
    OPEN = "open"
    CLOSE = "close"
    OPERATOR = "operator"
    DYNAMIC = "dynamic"
    BROKEN = "broken"
    END = "end"


class Form(StrEnum):
    """What a DYNAMIC token is, if it can be computed from literals."""

    TEMPLATE = "template"
    SYMBOL_TEMPLATE = "symbol template"
    WORDS = "words"
    SYMBOLS = "symbols"
    VARIABLE = "variable"


class RubyToken(NamedTuple):
    """A token and the position of its start, counted from 1.

    `text` is the source of the token; for a STRING, SYMBOL or LABEL its value; for DYNAMIC (its value is not
    in the text itself) and BROKEN (Ruby cannot read further) a description for messages. An END follows the
    last token. `form` and `source`, the text between the quotes or the name, belong to DYNAMIC tokens that can
    be computed. `is_spaced`: a blank is before it.
    """

    kind: TokenKind
    text: str
    line: int
    column: int
    form: Form | None = None
    source: str = ""
    is_spaced: bool = False


NOT_A_VALUE: Final = frozenset(
    {
        "and",
        "begin",
        "case",
        "do",
        "else",
        "elsif",
        "ensure",
        "if",
        "in",
        "not",
        "or",
        "puts",
        "raise",
        "rescue",
        "return",
        "then",
        "unless",
        "until",
        "when",
        "while",
        "yield",
    }
)
"""Words after which a slash or a percent sign starts a literal."""

BLOCKS: Final = frozenset(
    {"begin", "case", "class", "def", "for", "if", "module", "unless", "until", "while"},
)
"""Words that open a block closed by `end` if they are first in an expression."""

KEYWORDS: Final = NOT_A_VALUE - {"puts", "raise"} | {
    *(
        "BEGIN",
        "END",
        "__ENCODING__",
        "__END__",
        "__FILE__",
        "__LINE__",
        "alias",
        "break",
        "class",
        "def",
        "defined?",
        "end",
    ),
    *("false", "for", "module", "next", "nil", "redo", "retry", "self", "super", "true", "undef"),
}
"""Words that Ruby reserves: none of them can be called."""

# Letters, the underscore and everything beyond ASCII. Written as what is left out: `re` needs 50 ms to compile the ranges.
_NAME: Final = r"[^\x00-@\[-^`{-\x7f][^\x00-/:-@\[-^`{-\x7f]*"
TOKEN: Final = re.compile(
    rf"""
      (?P<blank>[ \t\r\f\v]+|\\\r?\n)
    | (?P<comment>\#[^\n]*)
    | (?P<newline>\n(?:[ \t\r\f\v]*+(?:\#[^\n]*+)?\n)*+)
    | (?P<label>{_NAME}[?!]?:(?!:))
    | (?P<word>{_NAME}(?:[?!](?![=~]))?)
    | (?P<number>[0-9](?:[0-9A-Za-z_]|\.(?=[0-9]))*)
    | (?P<scope>::)
    | (?P<quoted_symbol>:["'])
    | (?P<symbol>:{_NAME}(?:[?!](?!=)|=(?![>=~]))?)
    | (?P<quote>["'`])
    | (?P<variable>\$(?:{_NAME}|\S)|@@?{_NAME})
    | (?P<arrow>=>)
    | (?P<comma>,)
    | (?P<semicolon>;)
    | (?P<open>[(\[{{])
    | (?P<close>[)\]}}])
    | (?P<end>[\x00\x04\x1a])
    | (?P<percent>%[qQwWiIrsx]?[!"$-/:-@\[\]-`{{-~])
    | (?P<heredoc><<[~-]?["'`A-Za-z_])
    | (?P<slash>/)
    | (?P<character>\?(?:\\.|[^\s\\])(?![A-Za-z0-9_]))
    | (?P<operator>.)
    """,
    re.VERBOSE | re.DOTALL,
)
"""One token at the position of the match; every character starts one."""

PLAIN: Final = {
    "word": TokenKind.WORD,
    "number": TokenKind.NUMBER,
    "scope": TokenKind.OPERATOR,
    "arrow": TokenKind.ARROW,
    "comma": TokenKind.COMMA,
    "semicolon": TokenKind.NEWLINE,
    "open": TokenKind.OPEN,
    "close": TokenKind.CLOSE,
    "operator": TokenKind.OPERATOR,
}
"""Groups of TOKEN whose tokens are their source text."""


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


class UnclosedStringError(ValueError):
    """The text ends before the quoted string does; not raised outside this package."""


class UnreadableEscapeError(ValueError):
    """A backslash sequence has no certain value; not raised outside this package."""


class Quote(NamedTuple):
    """A pair of delimiters; if `is_raw`, `#{}` and most backslash sequences have no meaning between them."""

    opener: str
    closer: str
    is_raw: bool


CODE: Final = Quote("{", "}", is_raw=False)


def quote_of(opener: str, *, is_raw: bool) -> Quote:
    """Return the quote that starts with `opener`; a bracket ends with its counterpart."""
    return Quote(opener, _CLOSERS.get(opener, opener), is_raw)


@dataclass(frozen=True, slots=True)
class Quoted:
    """The raw source between quotes; the text continues at `end`; `has_code` means that it contains `#{}`."""

    source: str
    end: int
    has_code: bool


def read_quoted(text: str, start: int, quote: Quote) -> Quoted:
    """Read a quoted string from the position after its opening quote.

    One pass, however deep the nesting. Raises UnclosedStringError.
    """
    open_quotes, position, has_code = [quote], start, False
    while open_quotes:
        stop = _stop_of(open_quotes[-1]).search(text, position)
        if stop is None:
            raise UnclosedStringError
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
                current = open_quotes[-1]
                if mark == current.closer:
                    open_quotes.pop()
                elif mark == current.opener:
                    open_quotes.append(current)
                else:
                    open_quotes.append(quote_of(mark, is_raw=mark == "'"))
    return Quoted(text[start : position - 1], position, has_code)


@cache
def _stop_of(quote: Quote) -> re.Pattern[str]:
    if quote is CODE:
        return _CODE_STOP
    marks = {quote.opener, quote.closer, "\\", *([] if quote.is_raw else ["#"])}
    return re.compile("|".join(re.escape(mark) for mark in sorted(marks)))


def unescape_raw(source: str, quote: Quote) -> str:
    """Return the value of a single-quoted source: a backslash escapes only the quotes and itself."""
    return re.sub(rf"\\([\\{re.escape(quote.opener)}{re.escape(quote.closer)}])", r"\1", source)


def unescape(source: str) -> str:
    """Return the value of a double-quoted source without code; raises UnreadableEscapeError."""
    return _ESCAPE.sub(_unescape_one, source)


def has_code(source: str) -> bool:
    """Return whether double-quoted source, or a heredoc's body, contains `#{}` or similar code."""
    return any(match[0][0] == "#" for match in _ESCAPED_OR_CODE.finditer(source))


def _unescape_one(match: re.Match[str]) -> str:
    octal, byte, unit, points, letter = match.groups()
    if letter is not None:
        if letter in _UNREADABLE_ESCAPES:
            raise UnreadableEscapeError
        return _SIMPLE_ESCAPES.get(letter, letter)
    if points is not None:
        return "".join(_character(int(point, 16)) for point in points.split())
    if unit is not None:
        return _character(int(unit, 16))
    value = int(octal, 8) if octal is not None else int(byte, 16)
    if value > _LAST_ASCII:
        raise UnreadableEscapeError
    return chr(value)


def _character(point: int) -> str:
    if point > sys.maxunicode or point in _SURROGATES:
        raise UnreadableEscapeError
    return chr(point)


HEREDOC: Final = re.compile(r"<<([~-]?)(?:([A-Za-z_][A-Za-z0-9_]*)|'([^'\n]+)'|\"([^\"\n]+)\")")
"""The start of a heredoc, with its name in one of three notations. (A fourth, in backticks, runs a shell.)"""

_INDENT: Final = re.compile(r" *")
_DEDENTED: Final = "~"


@dataclass(frozen=True, slots=True)
class Heredoc:
    """The value of a heredoc; the file continues at `end`.

    `value` is None if it cannot be determined without executing code.
    """

    value: str | None
    end: int


def read_heredoc(text: str, announcement: re.Match[str], start: int) -> Heredoc:
    """Read the lines that begin at `start`; raises UnclosedStringError."""
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
    raise UnclosedStringError


def _value(body: str, lines: list[str], *, is_raw: bool, is_dedented: bool) -> str | None:
    # Ruby's special rules apply to the line: tabs count as columns, blank lines vary.
    if is_dedented and any(
        "\t" in line or "\\\n" in line or (line.isspace() and line != "\n") for line in lines
    ):
        return None
    if is_raw:
        return body
    try:
        return None if has_code(body) else unescape(body)
    except UnreadableEscapeError:
        return None


def _dedent(lines: list[str]) -> list[str]:
    indents = [_INDENT.match(line) for line in lines if line.strip()]
    width = min((indent.end() for indent in indents if indent), default=0)
    return [line[min(width, len(line) - len(line.lstrip(" "))) :] for line in lines]
