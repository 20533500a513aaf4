r"""A Ruby regular expression -> its parts, for the subset that means the same in every engine.

Only texts of printable ASCII on one line are ever matched, so that `^` and `\A`, `$` and `\z` are one. What lies
outside the subset (back-references, look-around, possessive quantifiers, properties) raises UnsupportedError: not to be
told is an answer here, a wrong guess is none.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

_DEEPEST = 40
_MOST_REPEATS = 1000
_ASCII = frozenset(range(128))
_DIGIT = frozenset(b"0123456789")
_UPPER = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ")
_LOWER = frozenset(b"abcdefghijklmnopqrstuvwxyz")
_ALPHA = _UPPER | _LOWER
WORD = _ALPHA | _DIGIT | {0x5F}
_SPACE = frozenset(b" \t\r\n\f\v")
_HEX = _DIGIT | frozenset(b"abcdefABCDEF")
_CLASSES: Mapping[str, frozenset[int]] = {
    "d": _DIGIT,
    "D": _ASCII - _DIGIT,
    "w": WORD,
    "W": _ASCII - WORD,
    "s": _SPACE,
    "S": _ASCII - _SPACE,
    "h": _HEX,
    "H": _ASCII - _HEX,
}
_POSIX: Mapping[str, frozenset[int]] = {
    "alpha": _ALPHA,
    "digit": _DIGIT,
    "alnum": _ALPHA | _DIGIT,
    "upper": _UPPER,
    "lower": _LOWER,
    "space": _SPACE,
    "xdigit": _HEX,
}
_CONTROLS = {"n": 10, "t": 9, "r": 13, "f": 12, "v": 11, "a": 7, "e": 27, "0": 0}
_QUANTIFIER = re.compile(r"([*+?]|\{(?P<least>\d{1,5})?(?P<comma>,)?(?P<most>\d{1,5})?\})(?P<mode>[?+]?)")
_GROUP = re.compile(r"\((?:\?(?:(?P<on>[im]*)(?:-(?P<off>[imx]*))?:|<[A-Za-z_]\w*>))?")
_CASES = ord("a") - ord("A")


class UnsupportedError(Exception):
    """The expression means something that this reader does not know for certain."""


@dataclass(frozen=True, slots=True)
class OneOf:
    """One character of a set of code points."""

    characters: frozenset[int]


@dataclass(frozen=True, slots=True)
class Edge:
    """A place between characters: `start` or `end` of the text, `word` (a word begins or ends) or `inside`."""

    kind: str


@dataclass(frozen=True, slots=True)
class Repeat:
    """`part` at least `least` and at most `most` times, None: any number of times."""

    part: "Part"
    least: int
    most: int | None


@dataclass(frozen=True, slots=True)
class InTurn:
    """All parts, one after the other."""

    parts: tuple["Part", ...] = ()


@dataclass(frozen=True, slots=True)
class Either:
    """Any one of the parts."""

    parts: tuple["Part", ...] = field(default=())


Part = OneOf | Edge | Repeat | InTurn | Either
_EDGES = {"A": Edge("start"), "z": Edge("end"), "Z": Edge("end"), "b": Edge("word"), "B": Edge("inside")}


def parse_regex(source: str) -> Part:
    """Return the parts of a Ruby regular expression without its slashes; raises UnsupportedError."""
    reader = _Reader(source)
    part = reader.alternatives("", 0)
    if reader.position < len(source):
        raise UnsupportedError(source)
    return part


class _Reader:
    """Reads from `position` on; `flags` are the options (i, m) that hold there."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.position = 0

    @property
    def ahead(self) -> str:
        return self.source[self.position : self.position + 1]

    def alternatives(self, flags: str, depth: int) -> Part:
        if depth > _DEEPEST:
            raise UnsupportedError(self.source)
        found = [self._sequence(flags, depth)]
        while self.ahead == "|":
            self.position += 1
            found.append(self._sequence(flags, depth))
        return found[0] if len(found) == 1 else Either(tuple(found))

    def _sequence(self, flags: str, depth: int) -> Part:
        parts: list[Part] = []
        while self.ahead and self.ahead not in "|)":
            parts.append(self._quantified(self._atom(flags, depth)))
        return InTurn(tuple(parts))

    def _atom(self, flags: str, depth: int) -> Part:
        letter = self.ahead
        if letter == "(":
            return self._group(flags, depth)
        self.position += 1
        if letter == "[":
            return OneOf(self._class(flags))
        if letter == "\\":
            return self._escape(flags)
        if letter in "^$":
            return Edge("start" if letter == "^" else "end")
        if letter == ".":
            return OneOf(_ASCII if "m" in flags else _ASCII - {10})
        if letter in "*+?{}]" or not letter.isascii():
            raise UnsupportedError(self.source)
        return OneOf(_folded(frozenset({ord(letter)}), flags))

    def _group(self, flags: str, depth: int) -> Part:
        match = _GROUP.match(self.source, self.position)
        if match is None or self.source.startswith("?", match.end()):
            raise UnsupportedError(self.source)
        self.position = match.end()
        inner = "".join(sorted((set(flags) | set(match["on"] or "")) - set(match["off"] or "")))
        part = self.alternatives(inner, depth + 1)
        if self.ahead != ")":
            raise UnsupportedError(self.source)
        self.position += 1
        return part

    def _quantified(self, part: Part) -> Part:
        if not self.ahead or self.ahead not in "*+?{":
            return part
        match = _QUANTIFIER.match(self.source, self.position)
        if match is None or isinstance(part, Edge):
            raise UnsupportedError(self.source)
        self.position = match.end()
        least, most = _bounds(match)
        is_odd = match["mode"] == "+" or (match["mode"] == "?" and match[1][0] == "{")
        is_vast = least > _MOST_REPEATS or (most is not None and not least <= most <= _MOST_REPEATS)
        if is_odd or is_vast or self.ahead in tuple("*+?{"):
            raise UnsupportedError(self.source)
        return Repeat(part, least, most)

    def _escape(self, flags: str) -> Part:
        letter = self.ahead
        if letter in _EDGES:
            self.position += 1
            return _EDGES[letter]
        return OneOf(_folded(self._escaped(), flags))

    def _escaped(self) -> frozenset[int]:
        """Return the set that the escape at `position`, after its backslash, stands for."""
        letter = self.ahead
        self.position += 1
        if letter in _CLASSES:
            return _CLASSES[letter]
        if letter in _CONTROLS and not (letter == "0" and self.ahead.isdigit()):
            return frozenset({_CONTROLS[letter]})
        if not letter or letter.isalnum() or not letter.isascii():
            raise UnsupportedError(self.source)
        return frozenset({ord(letter)})

    def _class(self, flags: str) -> frozenset[int]:
        is_negated = self.ahead == "^"
        self.position += is_negated
        if self.ahead == "]":
            raise UnsupportedError(self.source)
        found: frozenset[int] = frozenset()
        while self.ahead != "]":
            found |= self._range()
        self.position += 1
        found = _folded(found, flags)
        return _ASCII - found if is_negated else found

    def _range(self) -> frozenset[int]:
        first = self._member()
        rest = self.source[self.position : self.position + 2]
        if len(rest) < 2 or rest[0] != "-" or rest[1] == "]":  # noqa: PLR2004 - a dash and what follows it
            return first
        self.position += 1
        last = self._member()
        if len(first) != 1 or len(last) != 1 or min(first) > min(last):
            raise UnsupportedError(self.source)
        return frozenset(range(min(first), min(last) + 1))

    def _member(self) -> frozenset[int]:
        letter = self.ahead
        if letter == "[":
            return self._posix()
        self.position += 1
        if letter == "\\":
            if self.ahead == "b":
                raise UnsupportedError(self.source)
            return self._escaped()
        if not letter or not letter.isascii() or self.source.startswith("&&", self.position - 1):
            raise UnsupportedError(self.source)
        return frozenset({ord(letter)})

    def _posix(self) -> frozenset[int]:
        end = self.source.find(":]", self.position)
        name = self.source[self.position + 2 : end] if end > 0 else ""
        if self.source[self.position : self.position + 2] != "[:" or name not in _POSIX:
            raise UnsupportedError(self.source)
        self.position = end + 2
        return _POSIX[name]


def _bounds(match: re.Match[str]) -> tuple[int, int | None]:
    sign = match[1]
    if sign in "*+?":
        return int(sign == "+"), 1 if sign == "?" else None
    least, most = match["least"], match["most"]
    if least is None and most is None:
        raise UnsupportedError(sign)
    if not match["comma"]:
        return int(least), int(least)
    return int(least or 0), int(most) if most else None


def _folded(characters: frozenset[int], flags: str) -> frozenset[int]:
    if "i" not in flags:
        return characters
    lowered = {one + _CASES for one in characters & _UPPER}
    return characters | lowered | {one - _CASES for one in characters & _LOWER}
