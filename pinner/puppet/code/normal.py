"""Normalize defaults and types, and decide whether one type accepts all values of another.

Differences without a meaning: blanks and comments, quotes, a leading `::`, a comma before a closing bracket,
quoted numbers, and a fact read as `$::x`, `$x` or `$facts['x']`.
"""

import re
from collections.abc import Iterator
from enum import StrEnum
from functools import lru_cache

from pinner.model.errors import InputError
from pinner.puppet.lexer import Lexer
from pinner.puppet.types.syntax import Argument, RegexRef, TypeRef, Unbounded, parse_type

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
    """Return the normal form of a default or type, or the text itself if it cannot be split into tokens."""
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
    """Remove commas directly before a closing bracket."""
    held = None
    for word in words:
        if held and word not in {"]", "}", ")"}:
            yield held
        held = word if word == "," else None
        if not held:
            yield word
    if held:
        yield held


_MOST_PAIRS = 10_000
_ANYTHING = frozenset({"any", "data", "richdata"})
_WIDER = {
    "integer": frozenset({"numeric", "scalar", "scalardata"}),
    "float": frozenset({"numeric", "scalar", "scalardata"}),
    "numeric": frozenset({"scalar", "scalardata"}),
    "boolean": frozenset({"scalar", "scalardata"}),
    "string": frozenset({"scalar", "scalardata"}),
    "enum": frozenset({"string", "scalar", "scalardata"}),
    "pattern": frozenset({"string", "scalar", "scalardata"}),
    "array": frozenset({"collection"}),
    "tuple": frozenset({"collection", "array"}),
    "hash": frozenset({"collection"}),
    "struct": frozenset({"collection", "hash"}),
}


class Width(StrEnum):
    """How a new type compares to an old one."""

    SAME = "same"
    NARROWED = "narrowed"
    WIDENED = "widened"
    UNCLEAR = "unclear"


def width(old: str, new: str) -> Width:
    """Return how the type `new` compares to `old`.

    UNCLEAR if neither accepts all values of the other, or if that cannot be determined.
    """
    if normal(old) == normal(new):
        return Width.SAME
    before, after = parse_type(old), parse_type(new)
    if before is None or after is None:
        return Width.UNCLEAR
    budget = [_MOST_PAIRS]
    takes_more, takes_less = _takes(after, before, budget), _takes(before, after, budget)
    if takes_more and takes_less:
        return Width.SAME
    return Width.WIDENED if takes_more else Width.NARROWED if takes_less else Width.UNCLEAR


def _takes(wide: Argument, narrow: Argument, budget: list[int]) -> bool:
    """Return True if `wide` certainly accepts every value of `narrow`."""
    budget[0] -= 1
    if wide == narrow:
        return True
    if budget[0] < 0 or not isinstance(wide, TypeRef) or not isinstance(narrow, TypeRef):
        return False
    if narrow.key in {"variant", "optional"}:
        return all(_takes(wide, part, budget) for part in _parts(narrow))
    if wide.key in {"variant", "optional"}:
        return any(_takes(part, narrow, budget) for part in _parts(wide))
    return wide.key in _ANYTHING or _takes_plain(wide, narrow, budget)


def _parts(one: TypeRef) -> tuple[Argument, ...]:
    parts = one.arguments or ()
    if one.key == "variant":
        return parts
    words = tuple(TypeRef("Enum", (part,)) if isinstance(part, str) else part for part in parts)
    return (*(words or (TypeRef("Any"),)), TypeRef("Undef"))


def _takes_plain(wide: TypeRef, narrow: TypeRef, budget: list[int]) -> bool:
    if wide.key != narrow.key:
        return wide.arguments is None and wide.key in _WIDER.get(narrow.key, ())
    if wide.arguments is None or narrow.arguments is None:
        return wide.arguments is None
    if wide.key in {"enum", "pattern"}:
        return set(map(_shown, narrow.arguments)) <= set(map(_shown, wide.arguments))
    if wide.key in {"integer", "float", "string"}:
        return _range_takes(_range(wide), _range(narrow))
    # An Array, Hash or similar: its arguments and its sizes are each at least as wide.
    sides = (wide.arguments, narrow.arguments)
    sizes = [tuple(one for one in some if isinstance(one, int | float | Unbounded)) for some in sides]
    inner = [tuple(one for one in some if isinstance(one, TypeRef)) for some in sides]
    is_complete = all(len(inner[i]) + len(sizes[i]) == len(sides[i]) for i in (0, 1))
    if not is_complete or len(inner[0]) != len(inner[1]):
        return False
    pairs = zip(inner[0], inner[1], strict=True)
    return _range_takes(_limits(sizes[0]), _limits(sizes[1])) and all(_takes(*pair, budget) for pair in pairs)


def _shown(argument: Argument) -> str:
    return argument.source if isinstance(argument, RegexRef) else str(argument)


def _range(one: TypeRef) -> tuple[float, float]:
    return _limits(one.arguments or ())


def _limits(arguments: tuple[Argument, ...]) -> tuple[float, float]:
    limits = [float("-inf"), float("inf")]
    for place, argument in enumerate(arguments[:2]):
        if isinstance(argument, int | float) and not isinstance(argument, bool):
            limits[place] = argument
    return limits[0], limits[1]


def _range_takes(wide: tuple[float, float], narrow: tuple[float, float]) -> bool:
    return wide[0] <= narrow[0] and narrow[1] <= wide[1]
