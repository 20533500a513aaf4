"""The source text of a data type -> what it says, as far as it is written literally."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from pinner.puppet.code.lexer import Lexer, Token
from pinner.puppet.types.literals import read_number, read_string
from pinner.words.problems import InputError

_DEEPEST = 30
_LONGEST = 20_000


@dataclass(frozen=True, slots=True)
class TypeRef:
    """A type by name; `arguments` are None where it has no brackets."""

    name: str
    arguments: tuple["Argument", ...] | None = None

    @property
    def key(self) -> str:
        """Return the name by which Puppet finds it: small letters."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class RegexRef:
    """A regular expression, without its slashes."""

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
    """The text is no literal type."""


@lru_cache(maxsize=4096)
def parse_type(text: str) -> TypeRef | None:
    """Return the type that `text` writes out, None where it holds variables, calls or anything else to compute."""
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
    """Reads one type; `token` is the next one that was not used yet."""

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
        if token.kind in _LITERALS:
            return _LITERALS[token.kind](text)
        if text == "-" and self.token.kind == "number":
            return -_number(self._of(self._next()))
        if text in _WORDS:
            return _WORDS[text]
        if token.kind == "word" and self._of(self.token) == "=>":
            return text
        raise _UnreadableError


def _string(text: str) -> str:
    found = read_string(text)
    if found is None:
        raise _UnreadableError
    return found


def _number(text: str) -> int | float:
    found = read_number(text)
    if found is None:
        raise _UnreadableError
    return found


def _regex(text: str) -> RegexRef:
    return RegexRef(text[1:-1].replace("\\/", "/"))


_WORDS: Mapping[str, Argument] = {"true": True, "false": False, "default": Unbounded()}
_LITERALS: Mapping[str, Callable[[str], Argument]] = {"string": _string, "regex": _regex, "number": _number}
