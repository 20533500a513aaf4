"""Read the headers of definitions: names, `inherits`, parameter lists.

A body is read only if it may contain another definition, so a file can be read even if today's Puppet would
reject the code in its body.

Most parameters are simple: one regular expression match reads each of them. Others are read token by token.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from pinner.model.module_api import DefinitionKind
from pinner.puppet.lexer import Lexer, Token

_OPENERS = {"(": ")", "[": "]", "{": "}"}
_SIMPLE_TYPE = (
    r"[A-Z]\w*+(?:::[A-Z]\w*+)*"
    r"(?:\[(?:[^\[\]'\"/$@#]++|'[^'\\]*+'|\[(?:[^\[\]'\"/$@#]++|'[^'\\]*+')*\])*\])?"
)
_SIMPLE_DEFAULT = (
    r"\$(?:::)?\w++(?:::\w++)*(?:\['\w++'\])?|'[^'\\]*+'|[a-z_]\w*+|\d++|\"[^\"\\$]*+\"|\[\]|\{\}"
)
_SIMPLE_PARAMETER = re.compile(
    rf"\s*+(?:(?P<type>{_SIMPLE_TYPE})\s++)?\$(?P<name>\w++)\s*+"
    rf"(?:=(?![=>~])\s*+(?P<default>{_SIMPLE_DEFAULT})\s*+)?(?P<end>[,)])",
    re.ASCII,
)


class RawParameter(NamedTuple):
    """A parameter as written in the list; `start` is the offset of its `$`."""

    name: str
    start: int
    type: str | None
    default: str | None
    is_rest: bool = False


def read_parameters(lexer: Lexer) -> list[RawParameter]:
    """Return the parameters up to the `)`, starting after the `(`.

    Raises InputError (`line N: ...`) for an invalid parameter list.
    """
    parameters: list[RawParameter] = []
    is_open = True
    while is_open:
        match = _SIMPLE_PARAMETER.match(lexer.text, lexer.position) if lexer.is_at_plain_text else None
        if match is None:
            is_open = _read_parameter(lexer, parameters)
            continue
        type_, name, default, end = match.groups()
        parameters.append(RawParameter(name, match.start(2) - 1, type_, default))
        lexer.position = match.end()
        is_open = end == ","
    return parameters


def read_type(lexer: Lexer, token: Token) -> tuple[str, Token]:
    """Return the source text of the type that starts with `token`, and the token after it."""
    end = token.end
    following = lexer.next()
    if lexer.of(following) == "[":
        end, following = end_of_bracket(lexer, following), lexer.next()
    return lexer.text[token.start : end], following


def end_of_bracket(lexer: Lexer, token: Token) -> int:
    """Return the offset after the bracket that closes `token`; raises InputError if it is not closed."""
    closers = [_OPENERS[lexer.of(token)]]
    while closers:
        token = lexer.next()
        if token.kind == "open":
            closers.append(_OPENERS[lexer.of(token)])
        elif token.kind == "end" or (token.kind == "close" and lexer.of(token) != closers.pop()):
            raise lexer.error("a bracket is not closed, or is closed by one of another kind", token.start)
    return token.end


def _read_parameter(lexer: Lexer, parameters: list[RawParameter]) -> bool:
    """Read any parameter token by token; return whether another one may follow."""
    token, type_, is_rest = lexer.next(), None, False
    if lexer.of(token) == ")":
        return False
    if token.kind == "type":
        type_, token = read_type(lexer, token)
    if lexer.of(token) == "*":
        token, is_rest = lexer.next(), True
    if token.kind != "variable":
        raise lexer.error("a parameter's name, which starts with '$', is missing", token.start)
    name = lexer.of(token).removeprefix("$")
    default, end = _default(lexer, lexer.next())
    parameters.append(RawParameter(name, token.start, type_, default, is_rest))
    return lexer.of(end) == ","


def _default(lexer: Lexer, token: Token) -> tuple[str | None, Token]:
    """Return the source text of a default, None without one, and the `,` or `)` after it."""
    if lexer.of(token) != "=":
        return None, _checked_end(lexer, token)
    heredocs = len(lexer.heredocs)
    first = token = lexer.next()
    end, is_operand = first.start, False
    while not (token.kind == "close" or lexer.of(token) == ","):
        if token.kind == "end":
            raise lexer.error("the parameter list is not closed", token.start)
        if lexer.of(token) == "=" or (is_operand and token.kind == "variable"):
            raise lexer.error("a comma is missing between two parameters", token.start)
        end = _end_of_part(lexer, token)
        is_operand = token.kind not in {"operator", "word"}
        token = lexer.next()
    if end == first.start:
        raise lexer.error("there is no default after '='", token.start)
    lines = [lexer.text[start:stop].rstrip("\r\n") for _, start, stop in lexer.heredocs[heredocs:]]
    return "\n".join([lexer.text[first.start : end], *lines]), _checked_end(lexer, token)


def _end_of_part(lexer: Lexer, token: Token) -> int:
    """Return the end of a token, a bracket, or the parameters of a lambda between bars."""
    if token.kind == "open":
        return end_of_bracket(lexer, token)
    is_in_bars = lexer.of(token) == "|"
    while is_in_bars:
        token = lexer.next()
        if token.kind == "open":
            end_of_bracket(lexer, token)
        is_in_bars = lexer.of(token) != "|" and token.kind != "end"
    return token.end


def _checked_end(lexer: Lexer, token: Token) -> Token:
    if lexer.of(token) not in {",", ")"}:
        raise lexer.error("a comma, or the end of the parameter list, is missing", token.start)
    return token


_WORDS = {
    "class": DefinitionKind.CLASS,
    "define": DefinitionKind.DEFINE,
    "function": DefinitionKind.FUNCTION,
    "plan": DefinitionKind.PLAN,
    "type": DefinitionKind.TYPE_ALIAS,
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
_COMMENTS = re.compile(r"(?:\s++|#[^\n]*+)*")


@dataclass(slots=True)
class Header:
    """A definition; `start` is the offset of its keyword, `body` the offset after its `{`.

    For a type alias, `body` is the end of the header.
    """

    kind: DefinitionKind
    name: str
    start: int
    inherits: str | None = None
    target: str | None = None
    parameters: list[RawParameter] = field(default_factory=list)
    comments: list[tuple[int, int]] = field(default_factory=list)
    body: int = 0


def read_headers(text: str) -> list[Header]:
    """Return all definitions of `text` in order, nested ones with their qualified names.

    Raises InputError (`line N: ...`) if a header, or the code before a definition, cannot be read.
    """
    return list(_Reader(text).headers())


class _Reader:
    """Reads one text in one pass; `scopes` holds the open classes as (braces open outside, name).

    `ahead` maps each keyword to the offset where it may start the next definition, -1 if there are no more.
    """

    __slots__ = ("ahead", "depth", "lexer", "scopes", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        match = _COMMENTS.match(text)
        self.lexer = Lexer(text, match.end() if match else 0)
        self.ahead = dict.fromkeys(_AHEAD, 0)
        self.depth = 0
        self.scopes: list[tuple[int, str]] = []

    def headers(self) -> Iterator[Header]:
        token, is_member = self.lexer.next(), False
        while token.kind != "end":
            kind = _WORDS.get(self.lexer.of(token)) if token.kind == "word" and not is_member else None
            following = self.lexer.next() if kind else self._walk(token)
            names = {"type"} if kind is DefinitionKind.TYPE_ALIAS else _NAMES
            header = self._header(kind, token, following) if kind and following.kind in names else None
            if header:
                yield header
                if not any(self._is_ahead(word) for word in _AHEAD):
                    return
            is_member = self.lexer.of(token) == "."
            token = self.lexer.next() if header else following

    def _is_ahead(self, word: str) -> bool:
        """Return whether this keyword may start another definition; searches no text twice."""
        position = self.lexer.position
        if 0 <= self.ahead[word] < position:
            found = self.text.find(word, position)
            while found >= 0 and not _AHEAD[word].match(self.text, found):
                found = self.text.find(word, found + 1)
            self.ahead[word] = found
        return self.ahead[word] >= 0

    def _walk(self, token: Token) -> Token:
        """Count braces, leave scopes that end, and return the next token."""
        if token.kind == "open" and self.lexer.of(token) == "{":
            self.depth += 1
        elif token.kind == "close" and self.lexer.of(token) == "}":
            self.depth -= 1
            while self.scopes and self.depth <= self.scopes[-1][0]:
                self.scopes.pop()
        return self.lexer.next()

    def _header(self, kind: DefinitionKind, keyword: Token, name: Token) -> Header | None:
        full_name = self.lexer.of(name).removeprefix("::")
        if self.scopes and kind in {DefinitionKind.CLASS, DefinitionKind.DEFINE}:
            full_name = f"{self.scopes[-1][1]}::{full_name}"
        header = Header(kind, full_name, keyword.start)
        self.lexer.comments.clear()
        if kind is DefinitionKind.TYPE_ALIAS and not self._read_alias(header):
            self.lexer.step_back(name)
            return None
        if kind is not DefinitionKind.TYPE_ALIAS:
            self._read_rest(header)
        header.comments = self.lexer.comments[:]
        return header

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
            raise self.lexer.error(
                f"{header.kind} '{header.name}' has no '{{' at the start of its body", token.start
            )
        header.body = self.lexer.position
        if header.kind is DefinitionKind.CLASS:
            self.scopes.append((self.depth, header.name))
        if len(self.scopes) > _DEEPEST:
            raise self.lexer.error(f"classes are nested more than {_DEEPEST} deep", header.start)
        self.depth += 1

    def _read_alias(self, header: Header) -> bool:
        """Read the target type of an alias; return False if this is not a definition of an alias."""
        token = self.lexer.next()
        if self.lexer.of(token) == "inherits":
            header.inherits = self.lexer.of(self.lexer.next()).removeprefix("::")
            token = self.lexer.next()
        if self.lexer.of(token) not in {"=", "{"}:
            return False
        first = self.lexer.next() if self.lexer.of(token) == "=" else token
        if first.kind not in {"type", "open"}:
            raise self.lexer.error(f"the type '{header.name}' has no type after its '='", first.start)
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
