"""The headers of all definitions in one .pp file: names, `inherits`, parameters, and where their bodies start.

A body is only read when another definition may stand in it, so that a file is understood even where its body is
none that today's Puppet would parse.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from pinner.puppet.code.lexer import Lexer, Token
from pinner.puppet.code.parameters import RawParameter, end_of_bracket, read_parameters, read_type
from pinner.words.api import Kind
from pinner.words.problems import InputError

_WORDS = {
    "class": Kind.CLASS,
    "define": Kind.DEFINE,
    "function": Kind.FUNCTION,
    "plan": Kind.PLAN,
    "type": Kind.TYPE_ALIAS,
}
_DEEPEST = 50
_NAMES = frozenset({"word", "type", "number"})
_AHEAD = {
    word: re.compile(rf"(?<![\w$:.])(?<!\w-){word}(?:{rest}|\s*+(?:#|/\*))", re.ASCII)
    for word, rest in (
        *(
            (word, r"\s++[\w:-]++(?:\s*+[({#/>]|\s++inherits)")
            for word in ("class", "define", "function", "plan")
        ),
        ("type", r"\s++:{0,2}[A-Z]"),
    )
}
_COMMENTS = re.compile(r"(?:\s++|#[^\n]*+)*+")


@dataclass(slots=True)
class Header:
    """One definition; offsets: `start` of its keyword, `body` after its `{` (`end` of the header for an alias)."""

    kind: Kind
    name: str
    start: int
    inherits: str | None = None
    target: str | None = None
    parameters: list[RawParameter] = field(default_factory=list)
    comments: list[tuple[int, int]] = field(default_factory=list)
    body: int = 0


def read_headers(text: str) -> list[Header]:
    """Return every definition of `text` in order, nested ones with their whole names.

    Raises InputError (`line N: ...`) where a header, or the code up to a definition, cannot be read.
    """
    return list(_Reader(text).headers())


class _Reader:
    """Walks over one text; `scopes` holds the open classes as (braces open outside, name).

    `ahead` holds for each keyword where it may start the next definition, -1 where it never does again.
    """

    __slots__ = ("ahead", "depth", "lexer", "scopes", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.lexer = Lexer(text, _length_of_match(_COMMENTS, text))
        self.ahead = dict.fromkeys(_AHEAD, 0)
        self.depth = 0
        self.scopes: list[tuple[int, str]] = []

    def headers(self) -> Iterator[Header]:
        token, is_member = self.lexer.next(), False
        while token.kind != "end":
            kind = _WORDS.get(self.lexer.of(token)) if token.kind == "word" and not is_member else None
            following = self.lexer.next() if kind else self._walk(token)
            header = self._header(kind, token, following) if kind and _is_name(kind, following) else None
            if header:
                yield header
                if not any(self._is_ahead(word) for word in _AHEAD):
                    return
            is_member = self.lexer.of(token) == "."
            token = self.lexer.next() if header else following

    def _is_ahead(self, word: str) -> bool:
        """Return whether another definition with that keyword may follow; looks at no stretch of text twice."""
        position = self.lexer.position
        if 0 <= self.ahead[word] < position:
            found = self.text.find(word, position)
            while found >= 0 and not _AHEAD[word].match(self.text, found):
                found = self.text.find(word, found + 1)
            self.ahead[word] = found
        return self.ahead[word] >= 0

    def _walk(self, token: Token) -> Token:
        """Count braces, leave classes that end, and return the next token."""
        if token.kind == "open" and self.lexer.of(token) == "{":
            self.depth += 1
        elif token.kind == "close" and self.lexer.of(token) == "}":
            self.depth -= 1
            while self.scopes and self.depth <= self.scopes[-1][0]:
                self.scopes.pop()
        return self.lexer.next()

    def _header(self, kind: Kind, keyword: Token, name: Token) -> Header | None:
        header = Header(kind, self._whole_name(kind, self.lexer.of(name).removeprefix("::")), keyword.start)
        self.lexer.comments.clear()
        if kind is Kind.TYPE_ALIAS and not self._read_alias(header):
            self.lexer.step_back(name)
            return None
        if kind is not Kind.TYPE_ALIAS:
            self._read_rest(header)
        header.comments = self.lexer.comments[:]
        return header

    def _whole_name(self, kind: Kind, name: str) -> str:
        is_nested = self.scopes and kind in {Kind.CLASS, Kind.DEFINE}
        return f"{self.scopes[-1][1]}::{name}" if is_nested else name

    def _read_rest(self, header: Header) -> None:
        token = self.lexer.next()
        if self.lexer.of(token) == "(":
            header.parameters = read_parameters(self.lexer)
            token = self.lexer.next()
        if self.lexer.of(token) == "inherits":
            header.inherits = self.lexer.of(self.lexer.next()).removeprefix("::")
            token = self.lexer.next()
        elif self.lexer.of(token) == ">" and self.lexer.of(self.lexer.next()) == ">":
            header.target, token = read_type(self.lexer, self.lexer.next())
        if self.lexer.of(token) != "{":
            raise self._error(f"{header.kind} '{header.name}' has no '{{' where its body should start", token)
        header.body = self.lexer.position
        self._enter(header)

    def _enter(self, header: Header) -> None:
        if header.kind is Kind.CLASS:
            self.scopes.append((self.depth, header.name))
        if len(self.scopes) > _DEEPEST:
            raise self.lexer.error(f"classes are nested more than {_DEEPEST} deep", header.start)
        self.depth += 1

    def _read_alias(self, header: Header) -> bool:
        """Read what a type stands for; False if this is no definition of one."""
        token = self.lexer.next()
        if self.lexer.of(token) == "inherits":
            header.inherits = self.lexer.of(self.lexer.next()).removeprefix("::")
            token = self.lexer.next()
        if self.lexer.of(token) not in {"=", "{"}:
            return False
        first = self.lexer.next() if self.lexer.of(token) == "=" else token
        if first.kind not in {"type", "open"}:
            raise self._error(f"the type '{header.name}' has no type after its '='", first)
        header.body = end_of_bracket(self.lexer, first) if first.kind == "open" else self._end_of_alias(first)
        header.target = self.text[first.start : header.body]
        return True

    def _end_of_alias(self, token: Token) -> int:
        bracket = self.lexer.next()
        is_adjacent = bracket.start == token.end
        if self.lexer.of(bracket) == "{" or (self.lexer.of(bracket) == "[" and is_adjacent):
            return end_of_bracket(self.lexer, bracket)
        self.lexer.step_back(token)
        return token.end

    def _error(self, what: str, token: Token) -> InputError:
        return self.lexer.error(what, token.start)


def _length_of_match(pattern: re.Pattern[str], text: str) -> int:
    match = pattern.match(text)
    return match.end() if match else 0


def _is_name(kind: Kind, token: Token) -> bool:
    return token.kind == "type" if kind is Kind.TYPE_ALIAS else token.kind in _NAMES
