"""The parameter list of a definition: names, types and defaults as their source text, in order.

Most parameters are simple, and one match reads each of those; any other is read token by token.
"""

import re
from typing import NamedTuple

from pinner.puppet.code.lexer import Lexer, Token

_OPENERS = {"(": ")", "[": "]", "{": "}"}
_SIMPLE_TYPE = (
    r"[A-Z]\w*+(?:::[A-Z]\w*+)*+"
    r"(?:\[(?:[^\[\]'\"/$@#]++|'[^'\\]*+'|\[(?:[^\[\]'\"/$@#]++|'[^'\\]*+')*+\])*+\])?+"
)
_SIMPLE_DEFAULT = (
    r"\$(?:::)?\w++(?:::\w++)*+(?:\['\w++'\])?+|'[^'\\]*+'|[a-z_]\w*+|\d++|\"[^\"\\$]*+\"|\[\]|\{\}"
)
_SIMPLE_PARAMETER = re.compile(
    rf"\s*+(?:(?P<type>{_SIMPLE_TYPE})\s++)?+\$(?P<name>\w++)\s*+"
    rf"(?:=(?![=>~])\s*+(?P<default>{_SIMPLE_DEFAULT})\s*+)?+(?P<end>[,)])",
    re.ASCII,
)


class RawParameter(NamedTuple):
    """A parameter as the list has it; `start` is the offset of its `$`."""

    name: str
    start: int
    type: str | None
    default: str | None
    is_rest: bool = False


def read_parameters(lexer: Lexer) -> list[RawParameter]:
    """Return the parameters from after the `(` to the `)`; raises InputError (`line N: ...`) at what is none."""
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
    """Return the source text of the type that `token` starts, and the token after it."""
    end = token.end
    following = lexer.next()
    if lexer.of(following) == "[":
        end, following = end_of_bracket(lexer, following), lexer.next()
    return lexer.text[token.start : end], following


def end_of_bracket(lexer: Lexer, token: Token) -> int:
    """Return where the bracket closes that `token` opens; raises InputError if it never does."""
    closers = [_OPENERS[lexer.of(token)]]
    while closers:
        token = lexer.next()
        if token.kind == "open":
            closers.append(_OPENERS[lexer.of(token)])
        elif token.kind == "end" or (token.kind == "close" and lexer.of(token) != closers.pop()):
            raise lexer.error("a bracket is never closed, or closed by another", token.start)
    return token.end


def _read_parameter(lexer: Lexer, parameters: list[RawParameter]) -> bool:
    """Read any parameter, token by token; return whether more may follow it."""
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
    """Return a default's source text, None without one, and the `,` or `)` after it."""
    if lexer.of(token) != "=":
        return None, _checked_end(lexer, token)
    heredocs = len(lexer.heredocs)
    first = token = lexer.next()
    end, is_operand = first.start, False
    while not (token.kind == "close" or lexer.of(token) == ","):
        _check_operand(lexer, token, is_after_operand=is_operand)
        end = _end_of_part(lexer, token)
        is_operand = token.kind not in {"operator", "word"}
        token = lexer.next()
    if end == first.start:
        raise lexer.error("there is no default after '='", token.start)
    lines = [lexer.text[start:stop].rstrip("\r\n") for _, start, stop in lexer.heredocs[heredocs:]]
    return "\n".join([lexer.text[first.start : end], *lines]), _checked_end(lexer, token)


def _end_of_part(lexer: Lexer, token: Token) -> int:
    """Return the end of one token, or of all that a bracket or the bars of a lambda's parameters enclose."""
    if token.kind == "open":
        return end_of_bracket(lexer, token)
    is_in_bars = lexer.of(token) == "|"
    while is_in_bars:
        token = lexer.next()
        if token.kind == "open":
            end_of_bracket(lexer, token)
        is_in_bars = lexer.of(token) != "|" and token.kind != "end"
    return token.end


def _check_operand(lexer: Lexer, token: Token, *, is_after_operand: bool) -> None:
    if token.kind == "end":
        raise lexer.error("the parameter list is never closed", token.start)
    if lexer.of(token) == "=" or (is_after_operand and token.kind == "variable"):
        raise lexer.error("a comma is missing between two parameters", token.start)


def _checked_end(lexer: Lexer, token: Token) -> Token:
    if lexer.of(token) not in {",", ")"}:
        raise lexer.error("a comma, or the end of the parameter list, is missing", token.start)
    return token
