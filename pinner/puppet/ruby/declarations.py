"""Read declarations with literal arguments, and the reason why anything else is unreadable.

Nothing is executed. A conditional or loop is skipped as a whole: its body may run or not, once or several
times.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from pinner.model.text import quoted
from pinner.puppet.ruby.lexer import BLOCKS, KEYWORDS, RubyToken, TokenKind, TokenStream, read_tokens

_MODIFIERS: Final = frozenset({"if", "unless", "while", "until", "and", "or", "rescue"})
_REASONS: Final = {
    TokenKind.WORD: "{quoted} is not a literal value, and Ruby code is not run",
    TokenKind.NUMBER: "{quoted} is not text: put it in quotes",
    TokenKind.OPERATOR: "{quoted} makes it an expression",
    TokenKind.DYNAMIC: "{text} is not a literal",
    TokenKind.BROKEN: "{text}",
    TokenKind.NEWLINE: "the declaration is incomplete",
    TokenKind.END: "the declaration is incomplete",
    TokenKind.STRING: "a comma is missing before this value",
    TokenKind.SYMBOL: "a comma is missing before this value",
    TokenKind.LABEL: "a comma is missing before this value",
    TokenKind.COMMA: "a value is expected, not a comma",
    TokenKind.ARROW: "a value is expected, not '=>'",
    TokenKind.CLOSE: "this bracket closes none that a literal opened",
    TokenKind.OPEN: "this bracket does not start a literal",
}


def reason_against(token: RubyToken) -> str:
    """Return why a token is not a literal, or not allowed at its position in a declaration."""
    if token.kind is TokenKind.WORD and token.text in _MODIFIERS:
        return f"'{token.text}' makes it conditional"
    return _REASONS[token.kind].format(text=token.text, quoted=quoted(token.text))


def reason_against_first(token: RubyToken) -> str:
    """Return why a token cannot begin a declaration."""
    if token.kind is TokenKind.WORD and token.text in BLOCKS:
        return f"the code between '{token.text}' and its 'end' is conditional"
    return reason_against(token) if token.kind is TokenKind.BROKEN else "a declaration cannot start like this"


@dataclass(frozen=True, slots=True)
class Symbol:
    """A Ruby symbol such as `:latest`."""

    name: str


Literal = str | Symbol | int | bool | None


@dataclass(frozen=True, slots=True)
class Argument:
    """A value and the position of its start."""

    value: Literal
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class RubyPair:
    """A key (a symbol in everything that r10k reads) with its value, and the position of the key."""

    key: Literal
    value: Literal
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Declaration:
    """A word with its arguments; the pairs come last."""

    word: str
    line: int
    column: int
    arguments: tuple[Argument, ...] = ()
    pairs: tuple[RubyPair, ...] = ()


@dataclass(frozen=True, slots=True)
class UnreadableRuby:
    """Code that is not a literal declaration, with the reason and its position.

    `begun` is the declaration as far as it was read. Everything up to the end of `last_line` is skipped; if
    `is_rest`, everything up to the end of the text. `modules` are the first arguments of the declarations that
    depend on an unknown value, empty for one whose name is unknown too.
    """

    reason: str
    line: int
    column: int
    begun: Declaration | None
    last_line: int
    is_rest: bool
    modules: tuple[str, ...] = ()


class _NotLiteralError(ValueError):
    """The current token is not a literal, or not allowed here; not raised outside this module."""


_CALLED: Final = re.compile(r"[a-z_][A-Za-z0-9_]*[?!]?")
_INTEGER: Final = re.compile(r"0|[1-9][0-9]{0,17}")
_CONSTANTS: Final = {"true": True, "false": False, "nil": None}


def read_declarations(text: str) -> Iterator[Declaration | UnreadableRuby]:
    """Yield all declarations and all unreadable statements, in the order of the text.

    As in Ruby, a carriage return before a line break is ignored.
    """
    stream = TokenStream(read_tokens(text.replace("\r\n", "\n")))
    stream.skip_separators()
    while stream.current.kind is not TokenKind.END:
        statement = read_declaration(stream)
        yield statement
        broken = stream.current
        if broken.kind is TokenKind.BROKEN:
            rest = UnreadableRuby(
                reason_against(broken), broken.line, broken.column, None, broken.line, is_rest=True
            )
            yield from (
                [] if isinstance(statement, UnreadableRuby) and statement.reason == rest.reason else [rest]
            )
            return
        stream.skip_separators()


def read_declaration(stream: TokenStream) -> Declaration | UnreadableRuby:
    """Return the next statement, and move the stream to its end."""
    return _Reader(stream).read()


class _Reader:
    """Reads one statement."""

    def __init__(self, stream: TokenStream) -> None:
        self.stream = stream
        self.start = stream.current
        self.arguments: list[Argument] = []
        self.pairs: list[RubyPair] = []
        self.has_braces = False

    def read(self) -> Declaration | UnreadableRuby:
        """Return the statement, and move the stream to its end."""
        try:
            self._read_declaration()
        except _NotLiteralError:
            culprit = self.stream.current
            is_first = culprit is self.start
            reason = reason_against_first(culprit) if is_first else reason_against(culprit)
            is_complete = self.stream.skip_statement() or self.stream.current.kind is TokenKind.BROKEN
            is_rest = culprit.kind is TokenKind.BROKEN or not is_complete
            begun = self._declaration() if self.start.kind is TokenKind.WORD and not is_first else None
            return UnreadableRuby(
                reason, culprit.line, culprit.column, begun, self.stream.last.line, is_rest=is_rest
            )
        return self._declaration()

    def _declaration(self) -> Declaration:
        start = self.start
        return Declaration(start.text, start.line, start.column, tuple(self.arguments), tuple(self.pairs))

    def _read_declaration(self) -> None:
        if (
            self.start.kind is not TokenKind.WORD
            or not _CALLED.fullmatch(self.start.text)
            or self.start.text in KEYWORDS
        ):
            raise _NotLiteralError
        self.stream.take()
        is_call = self.stream.current.column == self.start.column + len(self.start.text)
        if is_call and self.stream.takes(TokenKind.OPEN, "("):
            self._read_items(closer=")")
        elif self.stream.current.kind not in (TokenKind.OPEN, TokenKind.NEWLINE, TokenKind.END):
            self._read_items(closer=None)
        if self.stream.current.kind not in (TokenKind.NEWLINE, TokenKind.END):
            raise _NotLiteralError

    def _read_items(self, closer: str | None) -> None:
        """Read items separated by commas; inside brackets, line breaks are ignored."""
        if closer:
            self.stream.skip_line_breaks()
        while not (closer and self.stream.takes(TokenKind.CLOSE, closer)):
            self._read_item(is_in_braces=closer == "}")
            has_comma = self.stream.takes(TokenKind.COMMA)
            if not has_comma and closer is None:
                return
            self.stream.skip_line_breaks()
            if not has_comma and self.stream.current.kind is not TokenKind.CLOSE:
                raise _NotLiteralError

    def _read_item(self, *, is_in_braces: bool) -> None:
        if self.has_braces:
            raise _NotLiteralError
        first = self.stream.current
        if not is_in_braces and self.stream.takes(TokenKind.OPEN, "{"):
            # Read pairs in braces; empty braces are refused, because they differ from no argument.
            self.stream.skip_line_breaks()
            if self.stream.current.kind is TokenKind.CLOSE or self.pairs:
                raise _NotLiteralError
            self._read_items(closer="}")
            self.has_braces = True
        elif self.stream.takes(TokenKind.LABEL):
            self._read_pair(Symbol(first.text), first)
        else:
            value = self._read_value()
            if self.stream.takes(TokenKind.ARROW):
                self._read_pair(value, first)
            elif is_in_braces or self.pairs:
                raise _NotLiteralError
            else:
                self.arguments.append(Argument(value, first.line, first.column))

    def _read_pair(self, key: Literal, first: RubyToken) -> None:
        self.stream.skip_line_breaks()
        self.pairs.append(RubyPair(key, self._read_value(), first.line, first.column))

    def _read_value(self) -> Literal:
        token = self.stream.current
        if token.kind is TokenKind.STRING:
            parts: list[str] = []
            while self.stream.current.kind is TokenKind.STRING:
                parts.append(self.stream.take().text)
            return "".join(parts)
        if token.kind is TokenKind.SYMBOL:
            return Symbol(self.stream.take().text)
        if token.kind is TokenKind.NUMBER and _INTEGER.fullmatch(token.text):
            return int(self.stream.take().text)
        if token.kind is TokenKind.WORD and token.text in _CONSTANTS:
            return _CONSTANTS[self.stream.take().text]
        raise _NotLiteralError
