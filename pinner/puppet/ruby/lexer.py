"""Split Ruby text into tokens: their kinds, the patterns that distinguish them, the values of strings and heredocs.

One pass, no recursion, nothing is executed: time and memory are proportional to the length of the text.
"""

import re
import sys
from collections import deque
from collections.abc import Callable, Iterator, Mapping
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
    REGEX = "regular expression"


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
    | (?P<newline>\n(?:[ \t\r\f\v]*+(?:\#[^\n]*+)?\n)*)
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
    body, is_dedented = "".join(lines), mark == "~"
    if is_dedented:
        indents = [len(line) - len(line.lstrip(" ")) for line in lines]
        width = min((indent for indent, line in zip(indents, lines, strict=True) if line.strip()), default=0)
        body = "".join(line[min(width, indent) :] for indent, line in zip(indents, lines, strict=True))
    return Heredoc(_value(body, lines, is_raw=single is not None, is_dedented=is_dedented), end)


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
_LISTS: Final = {"w": Form.WORDS, "i": Form.SYMBOLS}


class RubyLiteral(NamedTuple):
    """The kind and text of a token; the text continues at `end`. `form` and `source` are those of RubyToken."""

    kind: TokenKind
    text: str
    end: int
    form: Form | None = None
    source: str = ""


def _read_variable(_text: str, match: re.Match[str]) -> RubyLiteral:
    name = match[0] if match[0].isprintable() else match[0][0]
    return RubyLiteral(TokenKind.DYNAMIC, f"the variable {name}", match.end(), Form.VARIABLE, match[0])


def _read_quote(text: str, match: re.Match[str]) -> RubyLiteral:
    mark = match[0]
    if mark == "`":
        return _read_dynamic(text, match.end(), quote_of(mark, is_raw=False), "a shell command")
    literal = _read_text(text, match.end(), quote_of(mark, is_raw=mark == "'"), TokenKind.STRING)
    is_label = text.startswith(":", literal.end) and not text.startswith("::", literal.end)
    if literal.kind is TokenKind.STRING and is_label:
        return RubyLiteral(TokenKind.LABEL, literal.text, literal.end + 1)
    return literal


def _read_quoted_symbol(text: str, match: re.Match[str]) -> RubyLiteral:
    mark = match[0][1]
    return _read_text(text, match.end(), quote_of(mark, is_raw=mark == "'"), TokenKind.SYMBOL)


def _read_percent(text: str, match: re.Match[str]) -> RubyLiteral:
    letter = match[0][1] if match[0][1].isalpha() else "Q"
    quote = quote_of(match[0][-1], is_raw=letter in _RAW_PERCENTS)
    if letter in _DYNAMIC_PERCENTS:
        form = _LISTS.get(letter)
        return _read_dynamic(text, match.end(), quote, _DYNAMIC_PERCENTS[letter], form=form)
    return _read_text(text, match.end(), quote, TokenKind.SYMBOL if letter == "s" else TokenKind.STRING)


def _read_slash(text: str, match: re.Match[str]) -> RubyLiteral:
    what, quoted = "a regular expression", read_quoted(text, match.end(), quote_of("/", is_raw=False))
    flags = _FLAGS.match(text, quoted.end)
    if quoted.has_code or (flags and flags[0]):
        return RubyLiteral(TokenKind.DYNAMIC, what, flags.end() if flags else quoted.end)
    return RubyLiteral(TokenKind.DYNAMIC, what, quoted.end, Form.REGEX, quoted.source)


def _read_dynamic(text: str, start: int, quote: Quote, what: str, *, form: Form | None = None) -> RubyLiteral:
    quoted = read_quoted(text, start, quote)
    return RubyLiteral(TokenKind.DYNAMIC, what, quoted.end, form, quoted.source if form else "")


def _read_text(text: str, start: int, quote: Quote, kind: TokenKind) -> RubyLiteral:
    quoted = read_quoted(text, start, quote)
    if quoted.has_code:
        form = Form.TEMPLATE if kind is TokenKind.STRING else Form.SYMBOL_TEMPLATE
        what = "a string with interpolated code"
        return RubyLiteral(TokenKind.DYNAMIC, what, quoted.end, form, quoted.source)
    try:
        value = unescape_raw(quoted.source, quote) if quote.is_raw else unescape(quoted.source)
    except UnreadableEscapeError:
        return RubyLiteral(TokenKind.DYNAMIC, "a string with an unusual backslash sequence", quoted.end)
    return RubyLiteral(kind, value, quoted.end)


READERS: Final[Mapping[str, Callable[[str, re.Match[str]], RubyLiteral]]] = {
    "label": lambda _text, match: RubyLiteral(TokenKind.LABEL, match[0][:-1], match.end()),
    "symbol": lambda _text, match: RubyLiteral(TokenKind.SYMBOL, match[0][1:], match.end()),
    "variable": _read_variable,
    "character": lambda _text, match: RubyLiteral(TokenKind.DYNAMIC, "a single character", match.end()),
    "quote": _read_quote,
    "quoted_symbol": _read_quoted_symbol,
    "percent": _read_percent,
    "slash": _read_slash,
}
"""The reader for each group of TOKEN that starts a literal.

Each raises UnclosedStringError if the text ends before the literal does.
"""
_COMMENT_BLOCK: Final = re.compile(r"=begin(?=\s|\Z)")
_COMMENT_BLOCK_END: Final = re.compile(r"\n=end(?=\s|\Z)[^\n]*\n?")
_END_OF_CODE: Final = re.compile(r"__END__(?:\r?\n|\Z)")
_LEADING_DOT: Final = re.compile(r"[ \t\r]*(?:\.(?!\.)|&\.)")
_VALUES: Final = frozenset(
    {TokenKind.WORD, TokenKind.STRING, TokenKind.SYMBOL, TokenKind.NUMBER, TokenKind.CLOSE, TokenKind.DYNAMIC}
)
_DEPENDS_ON_PLACE: Final = frozenset({"percent", "slash", "character", "heredoc"})


def read_tokens(text: str) -> Iterator[RubyToken]:
    """Yield the tokens of the text; a line break inside quotes is part of the token.

    Nothing follows a BROKEN token.
    """
    lexer = _Lexer(text)
    token: RubyToken | None = lexer.skip_to_code()
    while token is None or token.kind is not TokenKind.BROKEN:
        match = TOKEN.match(text, lexer.position)
        if match is None:
            return
        token = lexer.read(match)
        if token is not None:
            yield token
    if lexer.previous is not token:
        yield token


@dataclass(slots=True)
class _Lexer:
    """A position in the text, and the token before it."""

    text: str
    position: int = 0
    line: int = 1
    line_start: int = 0
    end_of_heredocs: int = 0
    previous: RubyToken | None = None
    is_after_blank: bool = True

    def read(self, match: re.Match[str]) -> RubyToken | None:
        """Move past the match; return its token, or None for a blank."""
        token = self._read(match, str(match.lastgroup))
        self.is_after_blank = token is None
        self.previous = token or self.previous
        return token

    def _read(self, match: re.Match[str], group: str) -> RubyToken | None:
        if group in PLAIN:
            token = self._token(PLAIN[group], match[0])
            self.position = match.end()
            return token
        if group in ("blank", "comment"):
            return self._read_blank(match)
        if group == "newline":
            token = self._token(TokenKind.NEWLINE, "\n")
            self._move(self.end_of_heredocs if self.end_of_heredocs > self.position else match.end())
            goes_on = _LEADING_DOT.match(self.text, self.position)
            return self.skip_to_code() or (None if goes_on else token)
        if group == "end":
            return self._token(TokenKind.BROKEN, "Ruby stops reading at this control character")
        if group in _DEPENDS_ON_PLACE and not self._begins_literal(match):
            return self._take(RubyLiteral(TokenKind.OPERATOR, match[0][0], match.start() + 1))
        return self._read_literal(match, group)

    def _read_literal(self, match: re.Match[str], group: str) -> RubyToken:
        try:
            return (
                self._read_heredoc() if group == "heredoc" else self._take(READERS[group](self.text, match))
            )
        except UnclosedStringError:
            return self._token(TokenKind.BROKEN, "a string that starts here is not closed")

    def _read_heredoc(self) -> RubyToken:
        announcement = HEREDOC.match(self.text, self.position)
        if announcement is None:
            return self._token(TokenKind.BROKEN, "a heredoc that starts here cannot be read")
        next_line = self.text.find("\n", self.position) + 1 or len(self.text)
        heredoc = read_heredoc(self.text, announcement, max(next_line, self.end_of_heredocs))
        self.end_of_heredocs = heredoc.end
        if heredoc.value is None:
            return self._take(
                RubyLiteral(TokenKind.DYNAMIC, "a heredoc with interpolated code", announcement.end())
            )
        return self._take(RubyLiteral(TokenKind.STRING, heredoc.value, announcement.end()))

    def _read_blank(self, match: re.Match[str]) -> RubyToken | None:
        if match[0].startswith("\\") and self.end_of_heredocs > self.position:
            return self._token(TokenKind.BROKEN, "a continued line with a heredoc cannot be read")
        self._move(match.end())
        return None

    def skip_to_code(self) -> RubyToken | None:
        """Skip what is special at the beginning of a line: comment blocks and the end of the code."""
        while _COMMENT_BLOCK.match(self.text, self.position):
            end = _COMMENT_BLOCK_END.search(self.text, self.position)
            if end is None:
                return self._token(TokenKind.BROKEN, "the comment that starts with =begin is not closed")
            self._move(end.end())
        if _END_OF_CODE.match(self.text, self.position):
            self._move(len(self.text))
        return None

    def _begins_literal(self, match: re.Match[str]) -> bool:
        """Return whether `%`, `/`, `?` or `<<` starts a literal here and is not an operator."""
        before = self.previous
        if before is None or before.kind not in _VALUES:
            return True
        if before.kind is not TokenKind.WORD:
            return False
        if before.text in NOT_A_VALUE:
            return True
        is_argument = self.is_after_blank and match.lastgroup != "character"
        return is_argument and not self.text[match.start() + 1 : match.start() + 2].isspace()

    def _take(self, literal: RubyLiteral) -> RubyToken:
        token = self._token(literal.kind, literal.text, form=literal.form, source=literal.source)
        self._move(literal.end)
        return token

    def _token(self, kind: TokenKind, text: str, *, form: Form | None = None, source: str = "") -> RubyToken:
        column = self.position - self.line_start + 1
        return RubyToken(kind, text, self.line, column, form, source, self.is_after_blank)

    def _move(self, end: int) -> None:
        breaks = self.text.count("\n", self.position, end)
        if breaks:
            self.line += breaks
            self.line_start = self.text.rfind("\n", self.position, end) + 1
        self.position = end


_LOOPS: Final = frozenset({"for", "until", "while"})
_GOES_ON_AFTER: Final = frozenset({TokenKind.OPERATOR, TokenKind.COMMA, TokenKind.ARROW})
_BEGINS_AFTER: Final = frozenset(
    {TokenKind.NEWLINE, TokenKind.OPERATOR, TokenKind.OPEN, TokenKind.COMMA, TokenKind.ARROW, TokenKind.LABEL}
)
_ENDS: Final = frozenset({TokenKind.END, TokenKind.BROKEN})


class TokenStream:
    """A stream of tokens; `current` is the next one, `last` the one before it."""

    def __init__(self, tokens: Iterator[RubyToken]) -> None:
        self._tokens = tokens
        self._ahead: deque[RubyToken] = deque()
        self.taken: list[RubyToken] = []  # since the start of the statement
        self._open_brackets = 0
        self._open_blocks = 0
        self.last = self._before = RubyToken(TokenKind.NEWLINE, "", 1, 1)
        self.current = next(tokens, self._end())

    def take(self) -> RubyToken:
        """Return the current token and move to the next one."""
        taken = self.current
        if taken.kind is TokenKind.OPEN:
            self._open_brackets += 1
        elif taken.kind is TokenKind.CLOSE:
            self._open_brackets = max(0, self._open_brackets - 1)
        self.last = taken
        if taken.kind not in _ENDS:
            self.taken.append(taken)
            self.current = self._ahead.popleft() if self._ahead else next(self._tokens, self._end())
        return taken

    def begin(self) -> None:
        """Remember the current token as the start of a statement."""
        self.taken = []
        self._before = self.last

    def rewind(self) -> None:
        """Move back to the start of the statement."""
        if self.taken:
            self._ahead.extendleft(reversed([*self.taken[1:], self.current]))
            self.current = self.taken[0]
        self.last = self._before
        self.taken = []
        self._open_brackets = self._open_blocks = 0

    def peek(self, count: int) -> RubyToken:
        """Return the token `count` places after the current one."""
        while len(self._ahead) < count:
            self._ahead.append(next(self._tokens, self._end()))
        return self._ahead[count - 1]

    def takes(self, kind: TokenKind, text: str | None = None) -> bool:
        """Return whether the current token has that kind (and text), and if so move to the next one."""
        is_taken = self.current.kind is kind and text in (None, self.current.text)
        if is_taken:
            self.take()
        return is_taken

    def skip_separators(self) -> None:
        """Move to the next statement."""
        while self.current.kind is TokenKind.NEWLINE:
            self.take()

    def skip_line_breaks(self) -> None:
        """Skip line breaks within a statement, but not a semicolon, which would end it."""
        while self.takes(TokenKind.NEWLINE, "\n"):
            pass

    def skip_statement(self) -> bool:
        """Move to the end of the statement, including blocks and brackets that it opens.

        Returns False if the text ends before the statement does.
        """
        awaits_do = False
        while self.current.kind not in _ENDS:
            is_open = self._open_blocks > 0 or self._open_brackets > 0 or self.last.kind in _GOES_ON_AFTER
            if self.current.kind is TokenKind.NEWLINE and not is_open:
                self._open_brackets = 0
                return True
            awaits_do = self._count_blocks(awaits_do=awaits_do)
            self.take()
        return not self._open_blocks and not self._open_brackets

    def _count_blocks(self, *, awaits_do: bool) -> bool:
        """Count blocks that the current token opens or closes.

        The `do` of a loop, on the same line, does not open another block.
        """
        kind, text = self.current.kind, self.current.text
        if kind is TokenKind.NEWLINE:
            return False
        if kind is not TokenKind.WORD or self.last.text == ".":
            return awaits_do
        if text == "end":
            self._open_blocks = max(0, self._open_blocks - 1)
        elif text == "do":
            self._open_blocks += not awaits_do
            return False
        elif text in BLOCKS:
            is_after_keyword = self.last.kind is TokenKind.WORD and self.last.text in NOT_A_VALUE
            begins_expression = self.last.kind in _BEGINS_AFTER or is_after_keyword
            self._open_blocks += begins_expression
            return awaits_do or (begins_expression and text in _LOOPS)
        return awaits_do

    def _end(self) -> RubyToken:
        return RubyToken(TokenKind.END, "", self.last.line, self.last.column)
