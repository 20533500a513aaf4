"""Whether a regular expression finds something in a text, in time that both their lengths bound: no backtracking."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache

from pinner.puppet.types.regex_syntax import (
    WORD,
    Edge,
    Either,
    InTurn,
    OneOf,
    Part,
    Repeat,
    UnsupportedError,
    parse_regex,
)

_MOST_STATES = 4000
_MOST_WORK = 2_000_000
_PRINTABLE = frozenset(range(32, 127))


def finds(source: str, text: str) -> bool | None:
    """Return whether Ruby's `Regexp.new(source)` matches anywhere in `text`, None where that cannot be told."""
    if not _PRINTABLE.issuperset(map(ord, text)):
        return None
    program = _compiled(source)
    if program is None or len(program.states) * (len(text) + 1) > _MOST_WORK:
        return None
    return program.finds(text)


@dataclass(slots=True)
class _State:
    """Goes on to `following`: over one of `characters`, or for free, if `edge` allows it."""

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
    """States by number; the first one is where the whole expression has been found."""

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
                alive = self._step(alive, ord(text[position]))
        return False

    def _step(self, alive: Iterable[int], letter: int) -> set[int]:
        states = (self.states[number] for number in alive)
        return {
            following
            for state in states
            if state.characters is not None and letter in state.characters
            for following in state.following
        }

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
        if isinstance(part, OneOf):
            return self._add(_State(part.characters, following=[goal]))
        if isinstance(part, Edge):
            return self._add(_State(edge=part.kind, following=[goal]))
        if isinstance(part, Either):
            return self._add(_State(following=[self._build(one, goal) for one in part.parts]))
        if isinstance(part, InTurn):
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
