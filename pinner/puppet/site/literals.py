"""Values that Puppet code writes out: `true`, `8774`, `'text'`, `['a', 'b']`, `{ 'a' => 1 }`."""

from collections.abc import Sequence
from dataclasses import dataclass

from pinner.puppet.code.lexer import Token
from pinner.puppet.code.lines import Lines
from pinner.puppet.types.literals import read_number, read_string
from pinner.words.data import Array, Closed, Closure, Hash, Literal, Plain, Value

_DEEPEST = 40
_WORDS: dict[str, Plain] = {"true": True, "false": False, "undef": None}
Found = tuple[Value, int] | None
"""A value and the index of the token after it; None where no value is written out."""


@dataclass(frozen=True, slots=True)
class LiteralReader:
    """Reads values from the tokens of one file; the last token is its end."""

    text: str
    tokens: Sequence[Token]
    lines: Lines

    def read(self, index: int, depth: int = 0) -> Found:
        """Return the value that starts at the token `index`."""
        token = self.tokens[index]
        line = self.lines.at(token.start)
        if depth > _DEEPEST:
            return None
        if self.of(index) == "[":
            return self._array(index + 1, depth, line)
        if self.of(index) == "{":
            return self._hash(index + 1, depth, line)
        value = self._scalar(index, token, line)
        return (value, index + 1 + (self.of(index) == "-")) if value else None

    def of(self, index: int) -> str:
        """Return the text of the token `index`."""
        token = self.tokens[index]
        return self.text[token.start : token.end]

    def _scalar(self, index: int, token: Token, line: int) -> Value | None:
        text = self.of(index)
        if token.kind == "variable":
            return Closed(Closure.COMPUTED, line)
        if token.kind == "string":
            string = read_string(text)
            return Closed(Closure.COMPUTED, line) if string is None else Literal(string, line)
        if token.kind == "number":
            return _of_number(text, 1, line)
        if text == "-" and self.tokens[index + 1].kind == "number":
            return _of_number(self.of(index + 1), -1, line)
        return Literal(_WORDS.get(text, text), line) if token.kind == "word" else None

    def _array(self, index: int, depth: int, line: int) -> Found:
        items: list[Value] = []
        while self.of(index) != "]":
            found = self.read(index, depth + 1)
            if found is None or not self._is_end(found[1], "]"):
                return None
            items.append(found[0])
            index = found[1] + (self.of(found[1]) == ",")
        return Array(tuple(items), line), index + 1

    def _hash(self, index: int, depth: int, line: int) -> Found:
        entries: list[tuple[Value, Value]] = []
        while self.of(index) != "}":
            key = self.read(index, depth + 1)
            if key is None or self.of(key[1]) != "=>":
                return None
            value = self.read(key[1] + 1, depth + 1)
            if value is None or not self._is_end(value[1], "}"):
                return None
            entries.append((key[0], value[0]))
            index = value[1] + (self.of(value[1]) == ",")
        return Hash(tuple(entries), line), index + 1

    def _is_end(self, index: int, closer: str) -> bool:
        return self.of(index) in {",", closer}


def _of_number(text: str, sign: int, line: int) -> Value:
    number = read_number(text)
    return Closed(Closure.COMPUTED, line) if number is None else Literal(sign * number, line)
