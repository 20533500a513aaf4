"""Source text in a normal form: two defaults or types that mean the same have one.

What differs without meaning anything: blanks and comments, quotes, a leading `::`, a comma before a bracket, quoted
numbers, and a fact read as `$::x`, `$x` or `$facts['x']`.
"""

import re
from collections.abc import Iterator
from functools import lru_cache

from pinner.puppet.code.lexer import Lexer
from pinner.words.problems import InputError

_FACT = re.compile(r"\$facts \[ '(\w+)' \](?! \[)")
_STRUCTURED = {
    "$facts [ 'os' ] [ 'family' ]": "$osfamily",
    "$facts [ 'os' ] [ 'name' ]": "$operatingsystem",
    "$facts [ 'os' ] [ 'release' ] [ 'full' ]": "$operatingsystemrelease",
    "$facts [ 'os' ] [ 'release' ] [ 'major' ]": "$operatingsystemmajrelease",
    "$facts [ 'networking' ] [ 'fqdn' ]": "$fqdn",
    "$facts [ 'networking' ] [ 'hostname' ]": "$hostname",
    "$facts [ 'networking' ] [ 'domain' ]": "$domain",
    "$facts [ 'networking' ] [ 'ip' ]": "$ipaddress",
    "$facts [ 'processors' ] [ 'count' ]": "$processorcount",
}
_PLAIN = re.compile(r"[^\\$'\"]*")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_KEYWORDS = frozenset({"true", "false", "undef", "default", "and", "or", "in"})
_INTERPOLATED = re.compile(r"\$\{(?:::)?(\w+(?:::\w+)*)\}|\$(?:::)?(\w+(?:::\w+)*)")


@lru_cache(maxsize=8192)
def normal(text: str | None) -> str | None:
    """Return the normal form of a default or type; the text itself where it cannot be cut into tokens."""
    if text is None:
        return None
    try:
        words = " ".join(_without_last_commas(_words(text)))
    except InputError:
        return text
    for structured, legacy in _STRUCTURED.items():
        words = words.replace(structured, legacy)
    return _FACT.sub(r"$\1", words)


def _words(text: str) -> Iterator[str]:
    lexer = Lexer(text)
    token, following = lexer.next(), lexer.next()
    while token.kind != "end":
        word = lexer.of(token)
        if token.kind == "variable":
            yield f"${word.removeprefix('$').removeprefix('::')}"
        elif token.kind == "string":
            yield _string(word)
        elif token.kind == "word" and word not in _KEYWORDS and lexer.of(following) not in {"(", "."}:
            yield f"'{word.removeprefix('::')}'"
        else:
            yield word.removeprefix("::")
        token, following = following, lexer.next()
    yield from (text[start:end] for _, start, end in lexer.heredocs)


def _string(quoted: str) -> str:
    inside = quoted[1:-1]
    if _NUMBER.fullmatch(inside):
        return inside
    if _PLAIN.fullmatch(inside):
        return f"'{inside.removeprefix('::')}'"
    if quoted.startswith('"'):
        return _INTERPOLATED.sub(lambda match: f"${{{match[1] or match[2]}}}", quoted)
    return quoted


def _without_last_commas(words: Iterator[str]) -> Iterator[str]:
    """Leave out commas right before a closing bracket."""
    held = None
    for word in words:
        if held and word not in {"]", "}", ")"}:
            yield held
        held = word if word == "," else None
        if not held:
            yield word
    if held:
        yield held
