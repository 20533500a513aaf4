"""Ruby text as declarations: a word with literal arguments. Everything else is named with its place and left out.

Nothing is run. A conditional or a loop is left out as a whole: what stands in it may happen or not, once or often.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from pinner.puppet.ruby.lexer import read_tokens
from pinner.puppet.ruby.reasons import reason_against, reason_against_first
from pinner.puppet.ruby.token_stream import TokenStream
from pinner.puppet.ruby.tokens import KEYWORDS, Kind, Token


@dataclass(frozen=True, slots=True)
class Symbol:
    """A symbol of Ruby: `:latest`."""

    name: str


Literal = str | Symbol | int | bool | None


@dataclass(frozen=True, slots=True)
class Argument:
    """A value, and where it begins."""

    value: Literal
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Pair:
    """A key (a symbol in all that r10k reads) with its value; the place is the key's."""

    key: Literal
    value: Literal
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Declaration:
    """A word with its arguments, pairs last."""

    word: str
    line: int
    column: int
    arguments: tuple[Argument, ...] = ()
    pairs: tuple[Pair, ...] = ()


@dataclass(frozen=True, slots=True)
class Unreadable:
    """What is no such declaration: the reason and where that stands.

    `begun` is the declaration as far as it was read. Everything to the end of `last_line` is left out; if `is_rest`,
    everything to the end of the text.
    """

    reason: str
    line: int
    column: int
    begun: Declaration | None
    last_line: int
    is_rest: bool


class _NotLiteralError(ValueError):
    """The current word is no literal, or stands where none can; never leaves this file."""


_CALLED: Final = re.compile(r"[a-z_][A-Za-z0-9_]*[?!]?")
_INTEGER: Final = re.compile(r"0|[1-9][0-9]{0,17}")
_CONSTANTS: Final = {"true": True, "false": False, "nil": None}


def read_declarations(text: str) -> Iterator[Declaration | Unreadable]:
    """Yield all declarations and everything that is none, in the order of the text.

    A carriage return before a line break is no part of any text, as in Ruby.
    """
    stream = TokenStream(read_tokens(text.replace("\r\n", "\n")))
    stream.skip_separators()
    while stream.current.kind is not Kind.END:
        statement = _Reader(stream).read()
        yield statement
        broken = stream.current
        if broken.kind is Kind.BROKEN:
            rest = Unreadable(
                reason_against(broken), broken.line, broken.column, None, broken.line, is_rest=True
            )
            yield from [] if isinstance(statement, Unreadable) and statement.reason == rest.reason else [rest]
            return
        stream.skip_separators()


class _Reader:
    """One statement, as far as it is read."""

    def __init__(self, stream: TokenStream) -> None:
        self.stream = stream
        self.start = stream.current
        self.arguments: list[Argument] = []
        self.pairs: list[Pair] = []
        self.has_braces = False

    def read(self) -> Declaration | Unreadable:
        """Return the statement; the stream is at its end then."""
        try:
            self._read_declaration()
        except _NotLiteralError:
            return self._leave_out()
        return self._declaration()

    def _declaration(self) -> Declaration:
        start = self.start
        return Declaration(start.text, start.line, start.column, tuple(self.arguments), tuple(self.pairs))

    def _leave_out(self) -> Unreadable:
        culprit = self.stream.current
        is_first = culprit is self.start
        reason = reason_against_first(culprit) if is_first else reason_against(culprit)
        is_complete = self.stream.skip_statement() or self.stream.current.kind is Kind.BROKEN
        is_rest = culprit.kind is Kind.BROKEN or not is_complete
        begun = self._declaration() if self.start.kind is Kind.WORD and not is_first else None
        return Unreadable(reason, culprit.line, culprit.column, begun, self.stream.last.line, is_rest=is_rest)

    def _read_declaration(self) -> None:
        if (
            self.start.kind is not Kind.WORD
            or not _CALLED.fullmatch(self.start.text)
            or self.start.text in KEYWORDS
        ):
            raise _NotLiteralError
        self.stream.take()
        is_call = self.stream.current.column == self.start.column + len(self.start.text)
        if is_call and self.stream.takes(Kind.OPEN, "("):
            self._read_items(closer=")")
        elif self.stream.current.kind not in (Kind.OPEN, Kind.NEWLINE, Kind.END):
            self._read_items(closer=None)
        if self.stream.current.kind not in (Kind.NEWLINE, Kind.END):
            raise _NotLiteralError

    def _read_items(self, closer: str | None) -> None:
        """Read what stands between commas; line breaks end it only where no bracket is open."""
        if closer:
            self.stream.skip_line_breaks()
        while not (closer and self.stream.takes(Kind.CLOSE, closer)):
            self._read_item(is_in_braces=closer == "}")
            has_comma = self.stream.takes(Kind.COMMA)
            if not has_comma and closer is None:
                return
            self.stream.skip_line_breaks()
            if not has_comma and self.stream.current.kind is not Kind.CLOSE:
                raise _NotLiteralError

    def _read_item(self, *, is_in_braces: bool) -> None:
        if self.has_braces:
            raise _NotLiteralError
        first = self.stream.current
        if not is_in_braces and self.stream.takes(Kind.OPEN, "{"):
            self._read_braces()
        elif self.stream.takes(Kind.LABEL):
            self._read_pair(Symbol(first.text), first)
        else:
            self._read_argument(self._read_value(), first, is_in_braces=is_in_braces)

    def _read_braces(self) -> None:
        """Read pairs in braces; without a pair they are not the same as nothing, so they are refused."""
        self.stream.skip_line_breaks()
        if self.stream.current.kind is Kind.CLOSE or self.pairs:
            raise _NotLiteralError
        self._read_items(closer="}")
        self.has_braces = True

    def _read_argument(self, value: Literal, first: Token, *, is_in_braces: bool) -> None:
        if self.stream.takes(Kind.ARROW):
            self._read_pair(value, first)
        elif is_in_braces or self.pairs:
            raise _NotLiteralError
        else:
            self.arguments.append(Argument(value, first.line, first.column))

    def _read_pair(self, key: Literal, first: Token) -> None:
        self.stream.skip_line_breaks()
        self.pairs.append(Pair(key, self._read_value(), first.line, first.column))

    def _read_value(self) -> Literal:
        token = self.stream.current
        if token.kind is Kind.STRING:
            return self._read_text()
        if token.kind is Kind.SYMBOL:
            return Symbol(self.stream.take().text)
        if token.kind is Kind.NUMBER and _INTEGER.fullmatch(token.text):
            return int(self.stream.take().text)
        if token.kind is Kind.WORD and token.text in _CONSTANTS:
            return _CONSTANTS[self.stream.take().text]
        raise _NotLiteralError

    def _read_text(self) -> str:
        """Texts with nothing but blanks between them are one."""
        parts: list[str] = []
        while self.stream.current.kind is Kind.STRING:
            parts.append(self.stream.take().text)
        return "".join(parts)
