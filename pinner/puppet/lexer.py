"""Split Puppet code into tokens where Puppet's own lexer does, and track lines and braces; read strings and heredocs.

One pass, without recursion or backtracking. A string with interpolation, a heredoc or a regular expression is
a single token. Code that only the grammar would reject is accepted. Source of the escapes of strings and the
lines of heredocs: Puppet, lib/puppet/pops/parser/slurp_support.rb and heredoc_support.rb.
"""

import re
import sys
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import Final, NamedTuple

from pinner.model.errors import InputError, Problem

_WIDE_BLANK = r"\u1680\u180e\u2000-\u200a\u202f\u205f\u3000\xa0\ufeff"
_BLANK = rf"\s{_WIDE_BLANK}"
_KINDS = rf"""(?:
    (?P<variable>\$(?:(?:::)?\w++(?:::\w++)*)?)
  | (?P<string>'[^'\\]*+(?:\\.[^'\\]*+)*' | "[^"\\$]*+(?:(?:\\.|\$(?!\{{))[^"\\$]*+)*")
  | (?P<word>(?:::)?[a-z_]\w*+(?:-++\w++)*(?:::[a-z_]\w*+(?:-++\w++)*)*)
  | (?P<type>(?:::)?[A-Z]\w*+(?:::[A-Z]\w*+)*)
  | (?P<number>\d\w*+(?:\.\d\w*+)?)
  | (?P<open>[(\[{{])
  | (?P<close>[)\]}}])
  | (?P<comment>\#[^\n]*+)
  | (?P<slash>/)
  | (?P<heredoc>@\()
  | (?P<quote>["'])
  | (?P<newline>\n)
  | (?P<operator>=[>~]|[!<>=+\-]=|\|>>?|<<?\||[^{_BLANK}])
)"""
_FLAGS = re.VERBOSE | re.DOTALL | re.ASCII
_TOKEN = re.compile(rf"[{_BLANK}]*+{_KINDS}", _FLAGS)
_TOKEN_ON_LINE = re.compile(rf"[ \t\r\f\v{_WIDE_BLANK}]*+{_KINDS}", _FLAGS)
_STRING_PART = re.compile(r'[^"\\$]*+(?:(?:\\.|\$(?!\{))[^"\\$]*+)*(?:"|\$\{)', re.DOTALL)
_REGEX = re.compile(r"/[^/\\]*+(?:\\.[^/\\]*+)*/", re.DOTALL)
_HEREDOC = re.compile(r"@\(([^:/\r\n)]+)(?::[ \t]*[a-z][\w+]+[ \t]*)?(?:/[\w$]*[ \t]*)?\)", re.ASCII)
_LINE_END = re.compile(r"[ \t]*+\r?(?:\n|\Z)")
_OPERANDS = frozenset({"variable", "string", "type", "number", "regex", "heredoc"})
_BEFORE_REGEX = frozenset(
    (
        *(
            "case",
            "class",
            "default",
            "define",
            "if",
            "elsif",
            "else",
            "inherits",
            "node",
            "and",
            "or",
            "undef",
            "in",
        ),
        *("unless", "function", "type", "attr", "private"),
    )
)
_SPECIAL = frozenset({"comment", "newline", "slash", "heredoc"})


class Token(NamedTuple):
    """A token: its offsets and its kind (a group of the lexer's pattern, or `regex` or `end`)."""

    kind: str
    start: int
    end: int


class Lexer:
    """Reads `text` token by token from `position`; `after` is the token before it, if any.

    `comments` collects the spans of comments, `heredocs` those of heredocs: start of the tag, start and end
    of the lines.
    """

    __slots__ = ("_jump", "_last", "_no_regex", "comments", "heredocs", "position", "text")

    def __init__(self, text: str, position: int = 0, *, after: Token | None = None) -> None:
        self.text = text
        self.position = position
        self.comments: list[tuple[int, int]] = []
        self.heredocs: list[tuple[int, int, int]] = []
        self._last = after or Token("operator", position, position)
        self._jump: int | None = None
        self._no_regex = False

    @property
    def is_at_plain_text(self) -> bool:
        """Return True unless the lines of a heredoc follow at the end of this line."""
        return self._jump is None

    def next(self) -> Token:
        """Return the next token; raises InputError if a string, comment or heredoc is not closed."""
        token = self._raw()
        if token.kind == "quote":
            # Where the string ends, after any code in `${}` and the strings nested in that code. The stack
            # holds the number of open braces for each `${}`.
            depths: list[int] = []
            in_string = self.text[token.start] == '"'
            while in_string or depths:
                in_string = (
                    self._string_part(token.start, depths)
                    if in_string
                    else self._code_part(token.start, depths)
                )
            if self.position == token.start + 1:
                raise self.error("a string is not closed", token.start)
            token = Token("string", token.start, self.position)
        self._last = token
        return token

    def step_back(self, token: Token) -> None:
        """Continue after `token`, which was read earlier."""
        self.position, self._last = token.end, token

    def of(self, token: Token) -> str:
        """Return the token's text."""
        return self.text[token.start : token.end]

    def error(self, what: str, position: int) -> InputError:
        """Return an error with the message `what` and the line of `position`."""
        return InputError(Problem(f"line {self.text.count(chr(10), 0, position) + 1}: {what}"))

    def _raw(self) -> Token:
        pattern = _TOKEN if self._jump is None else _TOKEN_ON_LINE
        while (match := pattern.match(self.text, self.position)) is not None:
            kind = match.lastgroup or ""
            start, self.position = match.span(kind)
            if kind not in _SPECIAL:
                return Token(kind, start, self.position)
            token = self._special(kind, start)
            if token is not None:
                return token
            pattern = _TOKEN if self._jump is None else _TOKEN_ON_LINE
        return Token("end", len(self.text), len(self.text))

    def _special(self, kind: str, start: int) -> Token | None:
        if kind == "slash":
            return self._slash(start)
        if kind == "heredoc":
            match = _HEREDOC.search(self.text, start, self.text.find(")", start) + 1)
            tag = match[1].strip().removeprefix('"').removesuffix('"').strip() if match else ""
            if match is None or not tag:
                raise self.error("a heredoc's '@(...)' cannot be read", start)
            first = self._jump or self.text.find("\n", match.end()) + 1
            self._jump = self._end_of_heredoc(tag, first, start)
            self.heredocs.append((start, first, self._jump))
            self.position = match.end()
            return Token("heredoc", start, self.position)
        if kind == "comment":
            self.comments.append((start, self.position))
        else:
            self.position, self._jump = self._jump or self.position, None
        return None

    def _slash(self, start: int) -> Token | None:
        if self.text.startswith("*", self.position):
            end = self.text.find("*/", start + 2)
            if end < 0:
                raise self.error("a comment that starts with '/*' is not closed", start)
            self.comments.append((start, end + 2))
            self.position = end + 2
            return None
        before = self.of(self._last)
        if self._last.kind == "word":
            is_after_operand = before not in _BEFORE_REGEX
        else:
            is_after_operand = self._last.kind in _OPERANDS or before in {")", "]", "|>", "|>>"}
        match = None
        if not self._no_regex and not is_after_operand:
            match = _REGEX.match(self.text, start)
            self._no_regex = match is None
        self.position = match.end() if match else start + 1
        return Token("regex" if match else "operator", start, self.position)

    def _end_of_heredoc(self, tag: str, first: int, start: int) -> int:
        found = self.text.find(tag, first) if first else -1
        while found >= 0:
            end = _LINE_END.match(self.text, found + len(tag))
            if end:
                return end.end()
            found = self.text.find(tag, found + 1)
        raise self.error(f"the heredoc that ends with {tag!r} is not closed", start)

    def _string_part(self, start: int, depths: list[int]) -> bool:
        match = _STRING_PART.match(self.text, self.position)
        if match is None:
            raise self.error("a string is not closed", start)
        self.position = match.end()
        if match[0].endswith("{"):
            depths.append(0)
            self._last = Token("operator", self.position, self.position)
        return False

    def _code_part(self, start: int, depths: list[int]) -> bool:
        token = self._raw()
        text = self.text[token.start : token.end]
        if token.kind == "end" or text == "'":
            raise self.error("a string is not closed", start)
        self._last = token
        if text == "}" and not depths[-1]:
            depths.pop()
            return True
        depths[-1] += {"{": 1, "}": -1}.get(text, 0)
        return text == '"'


@dataclass(eq=False)
class Lines:
    """Converts offsets to 1-based line numbers; splits the text only when the first one is requested."""

    text: str

    @cached_property
    def _nexts(self) -> list[int]:
        """Return for each line the offset at which the next one begins, without a Python loop."""
        return list(accumulate(map((1).__add__, map(len, self.text.split("\n")))))

    def at(self, offset: int) -> int:
        """Return the 1-based line of the character at `offset`."""
        return bisect_right(self._nexts, offset) + 1


_LANDMARK = re.compile(
    r"""[^'"\#/{}@]*+(?:
        (?P<open>\{)
      | (?P<close>\})
      | (?P<quiet>'[^'\\]*+(?:\\.[^'\\]*+)*' | "[^"\\$]*+(?:(?:\\.|\$(?!\{))[^"\\$]*+)*" | \#[^\n]*+ | @(?!\())
      | (?P<special>["'/@])
    )""",
    re.VERBOSE | re.DOTALL,
)
_LAST_WORD = re.compile(r"\w+\s*\Z", re.ASCII)
_LOOK_BACK = 200
_DEEPEST = 100


@dataclass(frozen=True, slots=True)
class Brace:
    """An open brace at `start`; the text from `before`, the end of the previous brace, introduces it."""

    before: int
    start: int


class Nesting:
    """Finds the braces around offsets in one pass over `text` from `start`.

    Raises InputError for something that is never closed.
    """

    def __init__(self, text: str, start: int) -> None:
        self.text = text
        self.position = start
        self.open: list[Brace] = []
        self.found: dict[int, tuple[Brace, ...]] = {}
        self._places: list[int] = []
        self._last_brace = start

    def around(self, places: Sequence[int]) -> dict[int, tuple[Brace, ...]]:
        """Return the braces around each of the ascending `places` that is in code, outermost first."""
        self._places = list(places[::-1])
        while self._places and (match := _LANDMARK.match(self.text, self.position)):
            kind, start = match.lastgroup, match.end() - 1
            if kind == "quiet":
                start = match.start("quiet")
            self._note_places(start)
            self.position = match.end()
            if kind == "special":
                self._read_tokens(start)
            elif kind != "quiet":
                self._step(start)
            while self._places and self._places[-1] < self.position:
                self._places.pop()
        self._note_places(len(self.text))
        return self.found

    def _note_places(self, stop: int) -> None:
        while self._places and self._places[-1] < stop:
            self.found[self._places.pop()] = tuple(self.open)

    def _step(self, start: int) -> None:
        if self.text[start] == "{":
            self.open.append(Brace(self._last_brace, start))
            if len(self.open) > _DEEPEST:
                raise Lexer(self.text).error(f"braces are nested more than {_DEEPEST} deep", start)
        elif self.open:
            self.open.pop()
        self._last_brace = start + 1

    def _read_tokens(self, start: int) -> None:
        """Let the lexer read strings, comments, regular expressions, and a line on which a heredoc starts."""
        lexer = Lexer(self.text, start, after=self._token_before(start))
        is_on_line = True
        while is_on_line:
            token = lexer.next()
            if self._places and self._places[-1] == token.start:
                self._note_places(token.start + 1)
            if token.kind in {"open", "close"} and self.text[token.start] in "{}":
                self._step(token.start)
            is_on_line = not lexer.is_at_plain_text and token.kind != "end"
        self.position = lexer.position

    def _token_before(self, start: int) -> Token:
        before = self.text[max(0, start - _LOOK_BACK) : start].rstrip()
        end = start - _LOOK_BACK + len(before) if start > _LOOK_BACK else len(before)
        word = _LAST_WORD.search(before)
        if word:
            kind = "variable" if before[: word.start()].endswith(("$", ":")) else "word"
            return Token(kind, end - len(word[0]), end)
        return Token("string" if before.endswith(("'", '"')) else "operator", max(0, end - 1), end)


_ESCAPE: Final = re.compile(r"\\(u\{[0-9a-fA-F]{1,6}\}|u[0-9a-fA-F]{4}|\r?\n|.)", re.DOTALL)
_SINGLE: Final = re.compile(r"\\([\\'])")
_LETTERS: Final = {"n": "\n", "t": "\t", "r": "\r", "s": " "}
_IN_QUOTES: Final = frozenset("\\$'\"rntsu\n")
_ALL_OF_HEREDOC: Final = "tsrnL$u"
_HEADER: Final = re.compile(
    r'@\(\s*(?P<quote>"?)(?P<tag>[^:/\r\n)]+?)"?\s*(?::[^/\)]*)?(?:/(?P<escapes>[\w$]*)\s*)?\)', re.ASCII
)


def unescape_single(text: str) -> str:
    """Return the value of the text between single quotes."""
    return _SINGLE.sub(r"\1", text)


def unescape(text: str, escapes: frozenset[str] = _IN_QUOTES) -> str:
    """Return the value of text between double quotes; `escapes` are the characters that may be escaped."""
    return _ESCAPE.sub(lambda match: _value(match, escapes), text)


def _value(match: re.Match[str], escapes: frozenset[str]) -> str:
    escaped = match[1]
    if escaped[-1] == "\n":
        return "" if "\n" in escapes else match[0]
    if escaped[0] not in escapes:
        return match[0]
    if escaped[0] == "u" and len(escaped) > 1:
        code = int(escaped[1:].strip("{}"), 16)
        return chr(code) if code <= sys.maxunicode else match[0]
    return _LETTERS.get(escaped, escaped) if escaped != "u" else match[0]


@dataclass(frozen=True, slots=True)
class Heredoc:
    """The text of a heredoc without its margin; `unescape` reads the escapes that its header turns on."""

    text: str
    is_interpolated: bool
    unescape: Callable[[str], str]


def heredoc_lines(header: str, lines: str) -> Heredoc:
    """Return the text of a heredoc from its `@(...)` and its lines, the end marker included."""
    match = _HEADER.match(header)
    tag = match["tag"].strip() if match else ""
    body = lines.rstrip("\r\n")
    start = body.rfind("\n") + 1
    text, marker = lines[:start], body[start:]
    # The width of the margin before a `|`, 0 without one, and whether a `-` removes the last newline.
    before = marker.strip().removesuffix(tag)
    margin, is_chomped = (marker.index("|") if "|" in before else 0), "-" in before
    if margin:
        indented = [(line, len(line) - len(line.lstrip(" \t"))) for line in text.splitlines(keepends=True)]
        text = "".join(line[min(margin, indent) :] for line, indent in indented)
    if is_chomped:
        text = text.removesuffix("\n").removesuffix("\r")
    letters = match["escapes"] if match else None
    # The characters that may be escaped; any letter also allows to escape the backslash.
    allowed = set(_ALL_OF_HEREDOC if letters == "" else letters or "")
    allowed = {"\n" if letter == "L" else letter for letter in allowed}
    escapes = frozenset(allowed | {"\\"} if allowed else ())
    return Heredoc(text, bool(match and match["quote"]), lambda part: unescape(part, escapes))
