"""Tokens of Puppet code, cut where Puppet's own lexer cuts them (puppet/pops/parser/lexer2.rb).

One pass, no recursion, no backtracking: strings with interpolation, heredocs and regular expressions are single
tokens. Lenient where the grammar, not the lexer, would object.
"""

import re
from typing import NamedTuple

from pinner.words.problems import InputError, Problem

_BLANK = r"\s\u1680\u180e\u2000-\u200a\u202f\u205f\u3000\xa0\ufeff"
_KINDS = rf"""(?:
    (?P<variable>\$(?:(?:::)?\w++(?:::\w++)*+)?+)
  | (?P<string>'[^'\\]*+(?:\\.[^'\\]*+)*+' | "[^"\\$]*+(?:(?:\\.|\$(?!\{{))[^"\\$]*+)*+")
  | (?P<word>(?:::)?[a-z_]\w*+(?:-++\w++)*+(?:::[a-z_]\w*+(?:-++\w++)*+)*+)
  | (?P<type>(?:::)?[A-Z]\w*+(?:::[A-Z]\w*+)*+)
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
_TOKEN_ON_LINE = re.compile(rf"(?:(?!\n)[{_BLANK}])*+{_KINDS}", _FLAGS)
_STRING_PART = re.compile(r'[^"\\$]*+(?:(?:\\.|\$(?!\{))[^"\\$]*+)*+(?:"|\$\{)', re.DOTALL)
_REGEX = re.compile(r"/[^/\\]*+(?:\\.[^/\\]*+)*+/", re.DOTALL)
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
    """One token: its kind (a group of the lexer's pattern, or `regex` or `end`) and where it stands."""

    kind: str
    start: int
    end: int


class Lexer:
    """Reads `text` token by token from `position` on; `after` is the token before it, where there is one.

    `comments` gathers the spans of comments, `heredocs` (start of the tag, start and end of the lines) of heredocs.
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
        """Return True unless a heredoc's lines are still to be jumped over at the end of this line."""
        return self._jump is None

    def next(self) -> Token:
        """Return the next token; raises InputError at something that is never closed."""
        token = self._raw()
        if token.kind == "quote":
            token = Token("string", token.start, self._end_of_string(token.start))
        self._last = token
        return token

    def step_back(self, token: Token) -> None:
        """Continue after `token`, which was read before."""
        self.position, self._last = token.end, token

    def of(self, token: Token) -> str:
        """Return the token's text."""
        return self.text[token.start : token.end]

    def error(self, what: str, position: int) -> InputError:
        """Return the error that says `what` with the line that `position` stands on."""
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
            return self._heredoc(start)
        if kind == "comment":
            self.comments.append((start, self.position))
        else:
            self.position, self._jump = self._jump or self.position, None
        return None

    def _slash(self, start: int) -> Token | None:
        if self.text.startswith("*", self.position):
            self._pass_block_comment(start)
            return None
        match = None
        if not self._no_regex and not self._is_after_operand():
            match = _REGEX.match(self.text, start)
            self._no_regex = match is None
        self.position = match.end() if match else start + 1
        return Token("regex" if match else "operator", start, self.position)

    def _pass_block_comment(self, start: int) -> None:
        end = self.text.find("*/", start + 2)
        if end < 0:
            raise self.error("a comment that starts with '/*' is never closed", start)
        self.comments.append((start, end + 2))
        self.position = end + 2

    def _is_after_operand(self) -> bool:
        kind, start, end = self._last
        if kind == "word":
            return self.text[start:end] not in _BEFORE_REGEX
        return kind in _OPERANDS or self.text[start:end] in {")", "]", "|>", "|>>"}

    def _heredoc(self, start: int) -> Token:
        match = _HEREDOC.search(self.text, start, self.text.find(")", start) + 1)
        tag = match[1].strip().removeprefix('"').removesuffix('"').strip() if match else ""
        if match is None or not tag:
            raise self.error("a heredoc's '@(...)' cannot be read", start)
        first = self._jump or self.text.find("\n", match.end()) + 1
        self._jump = self._end_of_heredoc(tag, first, start)
        self.heredocs.append((start, first, self._jump))
        self.position = match.end()
        return Token("heredoc", start, self.position)

    def _end_of_heredoc(self, tag: str, first: int, start: int) -> int:
        found = self.text.find(tag, first) if first else -1
        while found >= 0:
            end = _LINE_END.match(self.text, found + len(tag))
            if end:
                return end.end()
            found = self.text.find(tag, found + 1)
        raise self.error(f"the heredoc that ends with {tag!r} is never closed", start)

    def _end_of_string(self, start: int) -> int:
        """Walk over the strings and the code nested in each other's `${}`; the stack holds open braces per `${}`."""
        depths: list[int] = []
        in_string = self.text[start] == '"'
        while in_string or depths:
            in_string = self._string_part(start, depths) if in_string else self._code_part(start, depths)
        if self.position == start + 1:
            raise self.error("a string is never closed", start)
        return self.position

    def _string_part(self, start: int, depths: list[int]) -> bool:
        match = _STRING_PART.match(self.text, self.position)
        if match is None:
            raise self.error("a string is never closed", start)
        self.position = match.end()
        if match[0].endswith("{"):
            depths.append(0)
            self._last = Token("operator", self.position, self.position)
        return False

    def _code_part(self, start: int, depths: list[int]) -> bool:
        token = self._raw()
        text = self.text[token.start : token.end]
        if token.kind == "end" or text == "'":
            raise self.error("a string is never closed", start)
        self._last = token
        if text == "}" and not depths[-1]:
            depths.pop()
            return True
        depths[-1] += {"{": 1, "}": -1}.get(text, 0)
        return text == '"'
