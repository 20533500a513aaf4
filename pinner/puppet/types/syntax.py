"""Parse data types and literals of Puppet code."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from pinner.model.errors import InputError
from pinner.puppet.lexer import Lexer, Token

_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_LETTERS = {"n": "\n", "t": "\t", "r": "\r", "s": " ", "$": "$", '"': '"', "'": "'", "\\": "\\"}
_COMPUTED = re.compile(r"\$\w|\$\{|\$::|\\u|\\\n")
_INTEGER = re.compile(r"0[xX][0-9a-fA-F]{1,100}|0[0-7]{0,100}|[1-9]\d{0,100}")
_FLOAT = re.compile(r"\d{1,100}\.\d{1,100}(?:[eE]\d{1,3})?|\d{1,100}[eE]\d{1,3}")


def read_number(source: str) -> int | float | None:
    """Return the value of a number without a sign, None if Puppet refuses it or it is absurdly long."""
    if _INTEGER.fullmatch(source):
        return int(source, 8 if source[0] == "0" and source.isdigit() else 0)
    return float(source) if _FLOAT.fullmatch(source) else None


def _read_string(source: str) -> str | None:
    """Return the value of a quoted string, None if it is interpolated."""
    inner = source[1:-1]
    if source[0] == "'":
        return re.sub(r"\\([\\'])", r"\1", inner)
    return (
        None
        if _COMPUTED.search(inner)
        else _ESCAPE.sub(lambda match: _LETTERS.get(match[1], match[0]), inner)
    )


_DEEPEST = 30
_LONGEST = 20_000


@dataclass(frozen=True, slots=True)
class TypeRef:
    """A type by name; `arguments` is None if it has no brackets."""

    name: str
    arguments: tuple["Argument", ...] | None = None

    @property
    def key(self) -> str:
        """Return the name in lower case, by which Puppet finds it."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class RegexRef:
    """A regular expression without its slashes."""

    source: str


@dataclass(frozen=True, slots=True)
class Unbounded:
    """The word `default`: no limit."""


@dataclass(frozen=True, slots=True)
class Fields:
    """The hash of a Struct: keys (a string, or Optional/NotUndef of one) with their types."""

    entries: tuple[tuple["Argument", "Argument"], ...]


Argument = TypeRef | RegexRef | Unbounded | Fields | str | int | float | bool


class _UnreadableError(Exception):
    """The text is not a literal type."""


@lru_cache(maxsize=4096)
def parse_type(text: str) -> TypeRef | None:
    """Return the type in `text`, None if it contains variables, calls or anything else to evaluate."""
    if len(text) > _LONGEST:
        return None
    try:
        return _Reader(text).whole()
    except (InputError, _UnreadableError):
        return None


def references(found: Argument) -> Iterator[TypeRef]:
    """Yield a type and every type inside it."""
    if isinstance(found, TypeRef):
        yield found
        for argument in found.arguments or ():
            yield from references(argument)
    elif isinstance(found, Fields):
        for key, value in found.entries:
            yield from references(key)
            yield from references(value)


class _Reader:
    """Reads one type; `token` is the next unused token."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.lexer = Lexer(text)
        self.token = self.lexer.next()

    def whole(self) -> TypeRef:
        found = self._argument(0)
        if self.token.kind != "end" or not isinstance(found, TypeRef):
            raise _UnreadableError
        return found

    def _next(self) -> Token:
        token, self.token = self.token, self.lexer.next()
        return token

    def _of(self, token: Token) -> str:
        return self.text[token.start : token.end]

    def _take(self, text: str) -> bool:
        if self._of(self.token) != text or self.token.kind == "string":
            return False
        self._next()
        return True

    def _argument(self, depth: int) -> Argument:
        if depth > _DEEPEST:
            raise _UnreadableError
        token = self._next()
        if token.kind == "type":
            is_given = self._take("[")
            name = self._of(token).removeprefix("::")
            return TypeRef(name, tuple(self._items("]", depth)) if is_given else None)
        if token.kind == "open" and self._of(token) == "{":
            return Fields(tuple(self._fields(depth)))
        return self._scalar(token)

    def _items(self, closer: str, depth: int) -> Iterator[Argument]:
        while not self._take(closer):
            yield self._argument(depth + 1)
            self._expect_comma_or(closer)

    def _fields(self, depth: int) -> Iterator[tuple[Argument, Argument]]:
        while not self._take("}"):
            key = self._argument(depth + 1)
            if not self._take("=>"):
                raise _UnreadableError
            yield key, self._argument(depth + 1)
            self._expect_comma_or("}")

    def _expect_comma_or(self, closer: str) -> None:
        if not self._take(",") and self._of(self.token) != closer:
            raise _UnreadableError

    def _scalar(self, token: Token) -> Argument:
        text = self._of(token)
        found: Argument | None = None
        match token.kind:
            case "regex":
                found = RegexRef(text[1:-1].replace("\\/", "/"))
            case "string":
                found = _read_string(text)
            case "number":
                found = read_number(text)
            case _ if text == "-" and self.token.kind == "number":
                number = read_number(self._of(self._next()))
                found = None if number is None else -number
            case _ if text in _WORDS:
                found = _WORDS[text]
            case "word" if self._of(self.token) == "=>":
                found = text
        if found is None:
            raise _UnreadableError
        return found


_WORDS: Mapping[str, Argument] = {"true": True, "false": False, "default": Unbounded()}
