r"""Parse and match, in linear time, a common subset of Ruby regular expressions.

Only printable ASCII on one line is matched, so `^` and `\A` are equivalent, and so are `$` and `\z`.
Constructs outside the subset (back-references, look-around, possessive quantifiers, properties) raise
UnsupportedError: an unknown result is acceptable, a wrong one is not.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

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
    """The meaning of the expression is not known for certain."""


@dataclass(frozen=True, slots=True)
class CharacterSet:
    """One character of a set of code points."""

    characters: frozenset[int]


@dataclass(frozen=True, slots=True)
class Anchor:
    """A position: `start` or `end` of the text, `word` (a word's start or end) or `inside` (neither)."""

    kind: str


@dataclass(frozen=True, slots=True)
class Repeat:
    """Repetition of `part`, at least `least` and at most `most` times; None means no upper limit."""

    part: "Part"
    least: int
    most: int | None


@dataclass(frozen=True, slots=True)
class Concatenation:
    """All parts in sequence."""

    parts: tuple["Part", ...] = ()


@dataclass(frozen=True, slots=True)
class Alternation:
    """Any one of the parts."""

    parts: tuple["Part", ...] = field(default=())


Part = CharacterSet | Anchor | Repeat | Concatenation | Alternation
_EDGES = {
    "A": Anchor("start"),
    "z": Anchor("end"),
    "Z": Anchor("end"),
    "b": Anchor("word"),
    "B": Anchor("inside"),
}


def parse_regex(source: str) -> Part:
    """Return the parts of a Ruby regular expression without its slashes; raises UnsupportedError."""
    reader = _Reader(source)
    part = reader.alternatives("", 0)
    if reader.position < len(source):
        raise UnsupportedError(source)
    return part


@dataclass(slots=True)
class _Reader:
    """Reads from `position`; `flags` are the options (i, m) in effect."""

    source: str
    position: int = 0

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
        return found[0] if len(found) == 1 else Alternation(tuple(found))

    def _sequence(self, flags: str, depth: int) -> Part:
        parts: list[Part] = []
        while self.ahead and self.ahead not in "|)":
            parts.append(self._quantified(self._atom(flags, depth)))
        return Concatenation(tuple(parts))

    def _atom(self, flags: str, depth: int) -> Part:
        letter = self.ahead
        if letter == "(":
            return self._group(flags, depth)
        self.position += 1
        if letter == "[":
            return CharacterSet(self._class(flags))
        if letter == "\\":
            return self._escape(flags)
        if letter in "^$":
            return Anchor("start" if letter == "^" else "end")
        if letter == ".":
            return CharacterSet(_ASCII if "m" in flags else _ASCII - {10})
        if letter in "*+?{}]" or not letter.isascii():
            raise UnsupportedError(self.source)
        return CharacterSet(_folded(frozenset({ord(letter)}), flags))

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
        if match is None or isinstance(part, Anchor):
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
        return CharacterSet(_folded(self._escaped(), flags))

    def _escaped(self) -> frozenset[int]:
        """Return the set of characters for the escape whose letter is at `position`."""
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
        if len(rest) < 2 or rest[0] != "-" or rest[1] == "]":  # noqa: PLR2004 - a dash and the character after it
            return first
        self.position += 1
        last = self._member()
        if len(first) != 1 or len(last) != 1 or min(first) > min(last):
            raise UnsupportedError(self.source)
        return frozenset(range(min(first), min(last) + 1))

    def _member(self) -> frozenset[int]:
        letter = self.ahead
        if letter == "[":
            end = self.source.find(":]", self.position)
            name = self.source[self.position + 2 : end] if end > 0 else ""
            if self.source[self.position : self.position + 2] != "[:" or name not in _POSIX:
                raise UnsupportedError(self.source)
            self.position = end + 2
            return _POSIX[name]
        self.position += 1
        if letter == "\\":
            if self.ahead == "b":
                raise UnsupportedError(self.source)
            return self._escaped()
        if not letter or not letter.isascii() or self.source.startswith("&&", self.position - 1):
            raise UnsupportedError(self.source)
        return frozenset({ord(letter)})


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


_MOST_STATES = 4000
_MOST_WORK = 2_000_000
_PRINTABLE = frozenset(range(32, 127))


def finds(source: str, text: str) -> bool | None:
    """Return whether Ruby's `Regexp.new(source)` matches anywhere in `text`, None if unknown."""
    if not _PRINTABLE.issuperset(map(ord, text)):
        return None
    program = _compiled(source)
    if program is None or len(program.states) * (len(text) + 1) > _MOST_WORK:
        return None
    return program.finds(text)


@dataclass(slots=True)
class _State:
    """A state that leads to `following` by one of `characters`, or without input, if `edge` allows it."""

    characters: frozenset[int] | None = None
    edge: str | None = None
    following: list[int] = field(default_factory=list)


@lru_cache(maxsize=512)
def _compiled(source: str) -> "_Program | None":
    try:
        return _Program(parse_regex(source))
    except (UnsupportedError, RecursionError):
        return None


class _Program:
    """The states by number; state 0 means that the whole expression has matched."""

    def __init__(self, part: Part) -> None:
        self.states = [_State()]
        self.start = self._build(part, 0)

    def finds(self, text: str) -> bool:
        alive: set[int] = set()
        for position in range(len(text) + 1):
            alive = self._closure({*alive, self.start}, text, position)
            if 0 in alive:
                return True
            if position < len(text):
                states = (self.states[number] for number in alive)
                alive = {
                    following
                    for state in states
                    if state.characters is not None and ord(text[position]) in state.characters
                    for following in state.following
                }
        return False

    def _closure(self, alive: Iterable[int], text: str, position: int) -> set[int]:
        open_, found = list(alive), set(alive)
        while open_:
            state = self.states[open_.pop()]
            if state.characters is None and (state.edge is None or _is_at(state.edge, text, position)):
                fresh = [number for number in state.following if number not in found]
                found.update(fresh)
                open_.extend(fresh)
        return found

    def _add(self, state: _State) -> int:
        if len(self.states) >= _MOST_STATES:
            raise UnsupportedError
        self.states.append(state)
        return len(self.states) - 1

    def _build(self, part: Part, goal: int) -> int:
        """Return the state from which `part` leads to the state `goal`."""
        if isinstance(part, CharacterSet):
            return self._add(_State(part.characters, following=[goal]))
        if isinstance(part, Anchor):
            return self._add(_State(edge=part.kind, following=[goal]))
        if isinstance(part, Alternation):
            return self._add(_State(following=[self._build(one, goal) for one in part.parts]))
        if isinstance(part, Concatenation):
            for one in reversed(part.parts):
                goal = self._build(one, goal)
            return goal
        return self._build_repeat(part, goal)

    def _build_repeat(self, repeat: Repeat, goal: int) -> int:
        if repeat.most is None:
            loop = self._add(_State(following=[goal]))
            self.states[loop].following.append(self._build(repeat.part, loop))
            goal = loop
        else:
            end = goal
            for _ in range(repeat.most - repeat.least):
                goal = self._add(_State(following=[end, self._build(repeat.part, goal)]))
        for _ in range(repeat.least):
            goal = self._build(repeat.part, goal)
        return goal


def _is_at(edge: str, text: str, position: int) -> bool:
    if edge == "start":
        return position == 0
    if edge == "end":
        return position == len(text)
    before = position > 0 and ord(text[position - 1]) in WORD
    after = position < len(text) and ord(text[position]) in WORD
    return (before != after) is (edge == "word")
