"""Literals of Ruby, each read from the place where it begins: what it stands for, or what it is if that takes running."""

import re
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from pinner.puppet.ruby.quotes import (
    Quote,
    UnreadableEscapeError,
    quote_of,
    read_quoted,
    unescape,
    unescape_raw,
)
from pinner.puppet.ruby.tokens import Kind

_FLAGS: Final = re.compile(r"[a-z]*")
_RAW_PERCENTS: Final = "qwis"
_DYNAMIC_PERCENTS: Final = {
    "w": "a list of words",
    "W": "a list of words",
    "i": "a list of symbols",
    "I": "a list of symbols",
    "r": "a regular expression",
    "x": "a shell command",
}


class Literal(NamedTuple):
    """A token to be: `end` is where the text goes on."""

    kind: Kind
    text: str
    end: int


def _read_label(_text: str, match: re.Match[str]) -> Literal:
    return Literal(Kind.LABEL, match[0][:-1], match.end())


def _read_symbol(_text: str, match: re.Match[str]) -> Literal:
    return Literal(Kind.SYMBOL, match[0][1:], match.end())


def _read_variable(_text: str, match: re.Match[str]) -> Literal:
    name = match[0] if match[0].isprintable() else match[0][0]
    return Literal(Kind.DYNAMIC, f"the variable {name}", match.end())


def _read_character(_text: str, match: re.Match[str]) -> Literal:
    return Literal(Kind.DYNAMIC, "a single character", match.end())


def _read_quote(text: str, match: re.Match[str]) -> Literal:
    mark = match[0]
    if mark == "`":
        return _read_dynamic(text, match.end(), quote_of(mark, is_raw=False), "a shell command")
    literal = _read_text(text, match.end(), quote_of(mark, is_raw=mark == "'"), Kind.STRING)
    is_label = text.startswith(":", literal.end) and not text.startswith("::", literal.end)
    if literal.kind is Kind.STRING and is_label:
        return Literal(Kind.LABEL, literal.text, literal.end + 1)
    return literal


def _read_quoted_symbol(text: str, match: re.Match[str]) -> Literal:
    mark = match[0][1]
    return _read_text(text, match.end(), quote_of(mark, is_raw=mark == "'"), Kind.SYMBOL)


def _read_percent(text: str, match: re.Match[str]) -> Literal:
    letter = match[0][1] if match[0][1].isalpha() else "Q"
    quote = quote_of(match[0][-1], is_raw=letter in _RAW_PERCENTS)
    if letter in _DYNAMIC_PERCENTS:
        return _read_dynamic(text, match.end(), quote, _DYNAMIC_PERCENTS[letter])
    return _read_text(text, match.end(), quote, Kind.SYMBOL if letter == "s" else Kind.STRING)


def _read_slash(text: str, match: re.Match[str]) -> Literal:
    literal = _read_dynamic(text, match.end(), quote_of("/", is_raw=False), "a regular expression")
    flags = _FLAGS.match(text, literal.end)
    return literal._replace(end=flags.end() if flags else literal.end)


def _read_dynamic(text: str, start: int, quote: Quote, what: str) -> Literal:
    return Literal(Kind.DYNAMIC, what, read_quoted(text, start, quote).end)


def _read_text(text: str, start: int, quote: Quote, kind: Kind) -> Literal:
    quoted = read_quoted(text, start, quote)
    if quoted.has_code:
        return Literal(Kind.DYNAMIC, "a text with code in it", quoted.end)
    try:
        value = unescape_raw(quoted.source, quote) if quote.is_raw else unescape(quoted.source)
    except UnreadableEscapeError:
        return Literal(Kind.DYNAMIC, "a text with an unusual backslash sequence", quoted.end)
    return Literal(kind, value, quoted.end)


READERS: Final[Mapping[str, Callable[[str, re.Match[str]], Literal]]] = {
    "label": _read_label,
    "symbol": _read_symbol,
    "variable": _read_variable,
    "character": _read_character,
    "quote": _read_quote,
    "quoted_symbol": _read_quoted_symbol,
    "percent": _read_percent,
    "slash": _read_slash,
}
"""By the group of TOKEN that announces the literal. Each raises NeverClosedError where the text ends before it does."""
