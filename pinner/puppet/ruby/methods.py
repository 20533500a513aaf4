"""Ruby values, and the methods of strings, lists and hashes that have no effect besides their result."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from pinner.puppet.ruby.declarations import Literal, Symbol
from pinner.puppet.ruby.regex import finds
from pinner.puppet.ruby.syntax import Spot

LONGEST_TEXT: Final = 100_000
"""Maximum length of a computed string in characters."""
MOST_ITEMS: Final = 10_000
"""Maximum number of items of a computed list."""
_LARGEST: Final = 10**18


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a value cannot be determined, and where."""

    reason: str
    spot: Spot


@dataclass(frozen=True, slots=True)
class Unknown:
    """A value that cannot be determined; `variable` is the environment variable that it is, if it is one."""

    cause: Cause
    variable: str | None = None


@dataclass(slots=True, eq=False)
class RubyList:
    """A list; two variables may hold the same one."""

    items: "list[Value]"


@dataclass(slots=True, eq=False)
class RubyRange(RubyList):
    """A range, with the items that it covers."""


@dataclass(slots=True, eq=False)
class RubyHash:
    """A hash, with the position at which each key was set."""

    values: "dict[HashKey, Value]" = field(default_factory=dict)
    spots: "dict[HashKey, Spot]" = field(default_factory=dict)

    def put(self, key: "Value", value: "Value", spot: Spot) -> None:
        """Set a key; raises CannotComputeError for a key whose equality is not that of a literal."""
        self.values[hash_key(key)] = value
        self.spots[hash_key(key)] = spot

    def copy(self) -> "RubyHash":
        """Return another hash with the same contents."""
        return RubyHash(dict(self.values), dict(self.spots))

    def pairs(self) -> "list[tuple[Value, Value]]":
        """Return keys and values."""
        return [(key.value, value) for key, value in self.values.items()]


@dataclass(frozen=True, slots=True)
class RubyRegex:
    """A regular expression without flags."""

    source: str


Value = Literal | RubyList | RubyHash | RubyRegex | Unknown


@dataclass(frozen=True, slots=True)
class HashKey:
    """A key of a hash: `1` and `true` are equal in Python, but not in Ruby."""

    kind: type
    value: Literal


class CannotComputeError(ValueError):
    """The result of a method cannot be determined; not raised outside this package."""


def hash_key(value: Value) -> HashKey:
    """Return the key for a value; raises CannotComputeError."""
    if isinstance(value, RubyList | RubyHash | RubyRegex | Unknown):
        raise CannotComputeError
    return HashKey(type(value), value)


def is_true(value: Value) -> bool:
    """Return whether a known value counts as true."""
    return value is not None and value is not False


def equals(left: Value, right: Value) -> bool:
    """Return `left == right`; raises CannotComputeError if a part is unknown."""
    opaque = Unknown | RubyRange | RubyRegex
    if isinstance(left, opaque) or isinstance(right, opaque):
        raise CannotComputeError
    if isinstance(left, RubyList) and isinstance(right, RubyList):
        return len(left.items) == len(right.items) and all(
            equals(one, other) for one, other in zip(left.items, right.items, strict=True)
        )
    if isinstance(left, RubyHash) and isinstance(right, RubyHash):
        return left.values.keys() == right.values.keys() and all(
            equals(value, right.values[key]) for key, value in left.values.items()
        )
    return type(left) is type(right) and left == right


def known(value: Value) -> Value:
    """Return the value; raises CannotComputeError if it is unknown."""
    if isinstance(value, Unknown):
        raise CannotComputeError
    return value


def is_case_of(pattern: Value, value: Value) -> bool:
    """Return `pattern === value`, as `case` compares; raises CannotComputeError."""
    return is_matched(value, pattern) if isinstance(pattern, RubyRegex) else equals(value, pattern)


def is_matched(value: Value, pattern: Value) -> bool:
    """Return whether a regular expression matches; raises CannotComputeError if that is not known."""
    if not isinstance(pattern, RubyRegex) or not isinstance(known(value), str | Symbol | None):
        raise CannotComputeError
    found = False if value is None else finds(pattern.source, to_text(value))
    if found is None:
        raise CannotComputeError
    return found


def hash_of(pairs: Value, spot: Spot) -> RubyHash:
    """Return `pairs.to_h`, for a list of pairs, a hash or nil; raises CannotComputeError."""
    if isinstance(pairs, RubyHash):
        return pairs
    found = RubyHash()
    for pair in [] if pairs is None else _list(pairs):
        if len(items := _list(pair)) != 2:  # noqa: PLR2004 - key, value
            raise CannotComputeError
        found.put(items[0], items[1], spot)
    return found


def to_text(value: Value) -> str:
    """Return `value.to_s`; raises CannotComputeError for a list, a hash and an unknown value."""
    match value:
        case str():
            return value
        case Symbol():
            return value.name
        case bool():
            return "true" if value else "false"
        case None:
            return ""
        case int():
            return str(value)
    raise CannotComputeError


def _text(value: Value) -> str:
    if not isinstance(value, str):
        raise CannotComputeError
    return value


def _number(value: Value) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise CannotComputeError
    return value


def _list(value: Value) -> list[Value]:
    if not isinstance(value, RubyList):
        raise CannotComputeError
    return value.items


def bounded(value: Value) -> Value:
    """Return the value; raises CannotComputeError if it is too large."""
    if isinstance(value, str) and len(value) > LONGEST_TEXT:
        raise CannotComputeError
    if isinstance(value, RubyList) and len(value.items) > MOST_ITEMS:
        raise CannotComputeError
    if isinstance(value, int) and abs(value) >= _LARGEST:
        raise CannotComputeError
    return value


Arguments = Sequence[Value]


def _replace(text: str, arguments: Arguments, count: int) -> str:
    pattern, replacement = (_text(argument) for argument in arguments)
    if "\\" in replacement or not pattern or len(text) * (len(replacement) + 1) > LONGEST_TEXT * 100:
        raise CannotComputeError
    return text.replace(pattern, replacement, count)


def _split(text: str, arguments: Arguments) -> RubyList:
    separator = _text(arguments[0]) if arguments else " "
    if len(arguments) > 1 or not separator:
        raise CannotComputeError
    parts = text.split() if separator == " " else text.split(separator)
    while parts and not parts[-1]:
        parts.pop()
    return RubyList(list(parts))


_DIRECTIVE: Final = re.compile(r"%(?P<flag>0?)(?P<width>\d{0,2})(?P<kind>[sd])|%")


def _format(template: str, value: Value) -> str:
    waiting = [*(value.items if isinstance(value, RubyList) else [value])]

    def written(match: re.Match[str]) -> str:
        if match["kind"] is None or not waiting or (match["flag"] and match["kind"] == "s"):
            raise CannotComputeError
        each = waiting.pop(0)
        text = str(_number(each)) if match["kind"] == "d" else to_text(each)
        width = int(match["width"] or 0)
        return text.zfill(width) if match["flag"] else text.rjust(width)

    result = _DIRECTIVE.sub(written, template)
    if waiting:
        raise CannotComputeError
    return result


def _range(first: Value, last: Value, *, is_open: bool = False) -> RubyRange:
    """Return a range of numbers or of single letters; raises CannotComputeError for all others."""
    if (
        isinstance(first, str)
        and isinstance(last, str)
        and len(first) == len(last) == 1
        and f"{first}{last}".isalpha()
    ):
        covered = range(ord(_ascii(first)), ord(_ascii(last)) + (not is_open))
        if first.islower() != last.islower():
            raise CannotComputeError
        return RubyRange([chr(code) for code in covered])
    numbers = range(_number(first), _number(last) + (not is_open))
    if len(numbers) > MOST_ITEMS:
        raise CannotComputeError
    return RubyRange(list(numbers))


def _chomp(text: str, arguments: Arguments) -> str:
    if arguments:
        return text.removesuffix(_text(arguments[0]))
    return text[:-2] if text.endswith("\r\n") else text[:-1] if text[-1:] in {"\n", "\r"} else text


def _ascii(text: str) -> str:
    if not text.isascii():
        raise CannotComputeError
    return text


_TEXT: Final[Mapping[str, Callable[[str, Arguments], Value]]] = {
    "+": lambda text, given: text + _text(given[0]),
    "..": lambda text, given: _range(text, given[0]),
    "%": lambda text, given: _format(text, given[0]),
    "dup": lambda text, _given: text,
    "to_str": lambda text, _given: text,
    "to_sym": lambda text, _given: Symbol(text),
    "empty?": lambda text, _given: not text,
    "length": lambda text, _given: len(text),
    "size": lambda text, _given: len(text),
    "upcase": lambda text, _given: _ascii(text).upper(),
    "downcase": lambda text, _given: _ascii(text).lower(),
    "capitalize": lambda text, _given: _ascii(text).capitalize(),
    "strip": lambda text, _given: text.strip(" \t\n\v\f\r"),
    "chomp": _chomp,
    "include?": lambda text, given: _text(given[0]) in text,
    "match?": lambda text, given: is_matched(text, given[0]),
    "=~": lambda text, given: given[0] if is_matched(text, given[0]) else None,
    "start_with?": lambda text, given: text.startswith(tuple(map(_text, given))),
    "end_with?": lambda text, given: text.endswith(tuple(map(_text, given))),
    "delete_prefix": lambda text, given: text.removeprefix(_text(given[0])),
    "delete_suffix": lambda text, given: text.removesuffix(_text(given[0])),
    "sub": lambda text, given: _replace(text, given, 1),
    "gsub": lambda text, given: _replace(text, given, -1),
    "split": _split,
}
_NUMBER: Final[Mapping[str, Callable[[int, Arguments], Value]]] = {
    "+": lambda number, given: number + _number(given[0]),
    "-": lambda number, given: number - _number(given[0]),
    "*": lambda number, given: number * _number(given[0]),
    "..": lambda number, given: _range(number, given[0]),
    "...": lambda number, given: _range(number, given[0], is_open=True),
    "<": lambda number, given: number < _number(given[0]),
    "<=": lambda number, given: number <= _number(given[0]),
    ">": lambda number, given: number > _number(given[0]),
    ">=": lambda number, given: number >= _number(given[0]),
    "to_i": lambda number, _given: number,
}


def _at(items: list[Value], arguments: Arguments) -> Value:
    (index,) = (_number(argument) for argument in arguments)
    return items[index] if -len(items) <= index < len(items) else None


def _contains(items: Iterable[Value], value: Value) -> bool:
    found = [equals(item, value) for item in items]
    return any(found)


def _unique(items: list[Value]) -> RubyList:
    kept: list[Value] = []
    for item in items:
        if not _contains(kept, item):
            kept.append(item)
    return RubyList(kept)


def _flatten(items: list[Value], depth: int = 0) -> list[Value]:
    if depth > 10 or any(isinstance(item, Unknown | RubyRange) for item in items):  # noqa: PLR2004 - more than any file has
        raise CannotComputeError
    return [
        each
        for item in items
        for each in (_flatten(item.items, depth + 1) if isinstance(item, RubyList) else [item])
    ]


def _join(items: list[Value], arguments: Arguments) -> str:
    separator = _text(arguments[0]) if arguments else ""
    return separator.join(to_text(item) for item in _flatten(items))


def _sort(items: list[Value]) -> RubyList:
    texts = sorted((_text(item) for item in items), key=lambda text: text.encode())
    return RubyList(list(texts))


def _zip(items: list[Value], others: Arguments) -> RubyList:
    columns = [_list(other) for other in others]
    rows = [
        [item, *(column[index] if index < len(column) else None for column in columns)]
        for index, item in enumerate(items)
    ]
    return RubyList([RubyList(row) for row in rows])


def _dig(receiver: Value, path: Arguments) -> Value:
    for step in path:
        if receiver is None:
            return None
        receiver = (
            receiver.values.get(hash_key(step))
            if isinstance(receiver, RubyHash)
            else _at(_list(receiver), [step])
        )
    return receiver


_LIST_ITEMS: Final[Mapping[str, Callable[[list[Value], Arguments], Value]]] = {
    "+": lambda items, given: RubyList([*items, *_list(given[0])]),
    "-": lambda items, given: RubyList([item for item in items if not _contains(_list(given[0]), item)]),
    "[]": _at,
    "first": lambda items, given: _at(items, [0, *given]),
    "last": lambda items, given: _at(items, [-1, *given]),
    "length": lambda items, _given: len(items),
    "size": lambda items, _given: len(items),
    "empty?": lambda items, _given: not items,
    "any?": lambda items, _given: any(is_true(item) for item in _known(items)),
    "include?": lambda items, given: _contains(items, given[0]),
    "join": _join,
    "flatten": lambda items, _given: RubyList(_flatten(items)),
    "uniq": lambda items, _given: _unique(items),
    "zip": _zip,
    "compact": lambda items, _given: RubyList([item for item in _known(items) if item is not None]),
    "reverse": lambda items, _given: RubyList(items[::-1]),
    "sort": lambda items, _given: _sort(items),
    "dup": lambda items, _given: RubyList(list(items)),
}


def _known(items: list[Value]) -> list[Value]:
    if any(isinstance(item, Unknown) for item in items):
        raise CannotComputeError
    return items


def _fetch(given_hash: RubyHash, arguments: Arguments) -> Value:
    key, *default = arguments
    found = hash_key(key)
    if found not in given_hash.values and not default:
        raise CannotComputeError
    return given_hash.values[found] if found in given_hash.values else default[0]


def merged(first: RubyHash, others: Arguments) -> RubyHash:
    """Return `first.merge(others)`; raises CannotComputeError."""
    result = first.copy()
    for other in others:
        if not isinstance(other, RubyHash):
            raise CannotComputeError
        result.values.update(other.values)
        result.spots.update(other.spots)
    return result


def _without(given_hash: RubyHash, keys: Arguments) -> RubyHash:
    gone = {hash_key(key) for key in keys}
    return RubyHash(
        {key: value for key, value in given_hash.values.items() if key not in gone}, given_hash.spots
    )


def _has_key(given_hash: RubyHash, arguments: Arguments) -> Value:
    return hash_key(arguments[0]) in given_hash.values


_HASH: Final[Mapping[str, Callable[[RubyHash, Arguments], Value]]] = {
    "[]": lambda known, given: known.values.get(hash_key(given[0])),
    "fetch": _fetch,
    "dig": _dig,
    "merge": merged,
    "except": _without,
    "key?": _has_key,
    "has_key?": _has_key,
    "include?": _has_key,
    "member?": _has_key,
    "keys": lambda known, _given: RubyList([key.value for key in known.values]),
    "values": lambda known, _given: RubyList(list(known.values.values())),
    "length": lambda known, _given: len(known.values),
    "size": lambda known, _given: len(known.values),
    "empty?": lambda known, _given: not known.values,
    "to_a": lambda known, _given: RubyList([RubyList([key, value]) for key, value in known.pairs()]),
    "dup": lambda known, _given: known.copy(),
}
_NUMBERS_OF_ARGUMENTS: Final = {
    **dict.fromkeys(("+", "-", "*", "<", "<=", ">", ">=", "%", "include?", "[]", "key?", "has_key?"), (1, 1)),
    **dict.fromkeys(("..", "...", "match?", "=~", "==="), (1, 1)),
    **dict.fromkeys(("member?", "delete_prefix", "delete_suffix"), (1, 1)),
    **dict.fromkeys(("sub", "gsub"), (2, 2)),
    **dict.fromkeys(("start_with?", "end_with?"), (1, 20)),
    **dict.fromkeys(("chomp", "split", "join"), (0, 1)),
    **dict.fromkeys(("merge", "except", "zip"), (0, 20)),
    "dig": (1, 20),
    "fetch": (1, 2),
    "any?": (0, 0),
}


def call_method(receiver: Value, method: str, arguments: Arguments) -> Value:
    """Return the result of a method without effects; raises CannotComputeError for all others."""
    if method in {"==", "eql?"} and len(arguments) == 1:
        return equals(receiver, arguments[0])
    if method == "nil?" and not arguments:
        return receiver is None
    if method == "freeze" and not arguments:
        return receiver
    least, most = _NUMBERS_OF_ARGUMENTS.get(method, (0, 0))
    if not least <= len(arguments) <= most:
        raise CannotComputeError
    if method == "to_s" and not isinstance(receiver, RubyList | RubyHash | Unknown):
        return bounded(to_text(receiver))
    table = next((table for kind, table in _METHODS if isinstance(receiver, kind)), _NONE)
    if method not in table:
        raise CannotComputeError
    return bounded(table[method](receiver, arguments))


def _on_items(method: Callable[[list[Value], Arguments], Value]) -> Callable[[Any, Arguments], Value]:
    return lambda receiver, given: method(receiver.items, given)


_NONE: Final[Mapping[str, Callable[[Any, Arguments], Value]]] = {
    "to_a": lambda receiver, _given: RubyList(_nothing(receiver)),
    "=~": lambda receiver, _given: None if not _nothing(receiver) else receiver,
    "to_sym": lambda receiver, _given: _symbol(receiver),
}
_LIST: Final[Mapping[str, Callable[[Any, Arguments], Value]]] = {
    **{name: _on_items(method) for name, method in _LIST_ITEMS.items()},
    "to_a": lambda receiver, _given: receiver,
}
_REGEX: Final[Mapping[str, Callable[[Any, Arguments], Value]]] = {
    "match?": lambda pattern, given: is_matched(given[0], pattern),
    "===": lambda pattern, given: is_matched(given[0], pattern),
    "=~": lambda pattern, given: pattern if is_matched(given[0], pattern) else None,
}
_METHODS: Final[Sequence[tuple[type, Mapping[str, Callable[[Any, Arguments], Value]]]]] = (
    (str, _TEXT),
    (bool, {}),
    (int, _NUMBER),
    (
        RubyRange,
        {name: _LIST[name] for name in ("first", "last", "size", "include?")}
        | {"to_a": lambda receiver, _given: RubyList([*receiver.items])},
    ),
    (RubyList, _LIST),
    (RubyHash, _HASH),
    (RubyRegex, _REGEX),
)


def _nothing(receiver: Value) -> "list[Value]":
    if receiver is not None:
        raise CannotComputeError
    return []


def _symbol(receiver: Value) -> Symbol:
    if not isinstance(receiver, Symbol):
        raise CannotComputeError
    return receiver
