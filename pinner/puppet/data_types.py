"""Parse data types and literals of Puppet code, and determine whether a value matches a type: yes, no or unknown."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import TypeGuard

from pinner.model.errors import InputError
from pinner.model.operator_data import Array, Hash, Literal, Opaque, Plain, Value, text_of
from pinner.puppet.lexer import Lexer, Token
from pinner.puppet.ruby.regex import finds

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
        reader = _Reader(text)
        found = reader.argument(0)
    except (InputError, _UnreadableError):
        return None
    return found if isinstance(found, TypeRef) and reader.token.kind == "end" else None


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
        self.lexer = Lexer(text)
        self.token = self.lexer.next()
        self.outer = ""

    def _next(self) -> Token:
        token, self.token = self.token, self.lexer.next()
        return token

    def _take(self, text: str) -> bool:
        if self.lexer.of(self.token) != text or self.token.kind == "string":
            return False
        self._next()
        return True

    def argument(self, depth: int) -> Argument:
        if depth > _DEEPEST:
            raise _UnreadableError
        token = self._next()
        if token.kind == "type":
            is_given = self._take("[")
            name = self.lexer.of(token).removeprefix("::")
            outer, self.outer = self.outer, name.lower()
            arguments = tuple(self._items("]", depth)) if is_given else None
            self.outer = outer
            return TypeRef(name, arguments)
        if token.kind == "open" and self.lexer.of(token) == "{":
            return Fields(tuple(self._fields(depth)))
        return self._scalar(token)

    def _items(self, closer: str, depth: int) -> Iterator[Argument]:
        while not self._take(closer):
            yield self.argument(depth + 1)
            self._expect_comma_or(closer)

    def _fields(self, depth: int) -> Iterator[tuple[Argument, Argument]]:
        while not self._take("}"):
            key = self.argument(depth + 1)
            if not self._take("=>"):
                raise _UnreadableError
            yield key, self.argument(depth + 1)
            self._expect_comma_or("}")

    def _expect_comma_or(self, closer: str) -> None:
        if not self._take(",") and self.lexer.of(self.token) != closer:
            raise _UnreadableError

    def _scalar(self, token: Token) -> Argument:
        text = self.lexer.of(token)
        found: Argument | None = None
        match token.kind:
            case "regex":
                found = RegexRef(text[1:-1].replace("\\/", "/"))
            case "string":
                found = _read_string(text)
            case "number":
                found = read_number(text)
            case _ if text == "-" and self.token.kind == "number":
                number = read_number(self.lexer.of(self._next()))
                found = None if number is None else -number
            case _ if text in _WORDS:
                found = _WORDS[text]
            case "word" if self.lexer.of(self.token) == "=>" or (self.outer in _OF_WORDS and text != "undef"):
                found = text
        if found is None:
            raise _UnreadableError
        return found


# Types whose strings may be written without quotes: `Enum[present, absent]`.
_OF_WORDS = frozenset({"enum", "optional", "notundef"})
_WORDS: Mapping[str, Argument] = {"true": True, "false": False, "default": Unbounded()}


class Fit(Enum):
    """Whether a value matches a type."""

    YES = "fits"
    NO = "does not fit"
    UNKNOWN = "unknown"


def from_bool(answer: bool) -> Fit:  # noqa: FBT001 - the flag is the value to convert
    """Return YES or NO for a bool."""
    return Fit.YES if answer else Fit.NO


def all_of(answers: Iterable[Fit]) -> Fit:
    """Return YES if all answers are, NO if one is."""
    given = set(answers)
    return Fit.NO if Fit.NO in given else Fit.UNKNOWN if Fit.UNKNOWN in given else Fit.YES


def any_of(answers: Iterable[Fit]) -> Fit:
    """Return YES if one answer is, NO if all are."""
    given = set(answers)
    return Fit.YES if Fit.YES in given else Fit.UNKNOWN if Fit.UNKNOWN in given else Fit.NO


def either_way(size: float, limits: tuple[Argument, ...]) -> Fit:
    """Return whether `size` is within `limits`: none, a lower one, or a lower and an upper one."""
    bounds = [None if isinstance(one, Unbounded) else one for one in limits]
    if len(bounds) > 2 or not all(one is None or _is_number(one) for one in bounds):  # noqa: PLR2004 - two limits
        return Fit.UNKNOWN
    least, most = (*bounds, None, None)[:2]
    if _is_number(least) and _is_number(most) and least > most:
        return Fit.UNKNOWN
    return from_bool((not _is_number(least) or size >= least) and (not _is_number(most) or size <= most))


def _is_number(one: object) -> TypeGuard[int | float]:
    return isinstance(one, int | float) and not isinstance(one, bool)


Arguments = tuple[Argument, ...]

_SCALARS = frozenset(
    [
        *("boolean", "integer", "float", "numeric", "string", "enum", "pattern"),
        *("scalar", "scalardata", "undef"),
    ]
)
# No value in a data file has one of these types: YAML cannot express them, and Puppet converts none to them.
_NEVER = frozenset(
    {
        "binary",
        "callable",
        "catalogentry",
        "default",
        "regexp",
        "semver",
        "semverrange",
        "sensitive",
        "timespan",
        "timestamp",
        "type",
    }
)


def _fit_scalar(value: Plain, key: str, arguments: Arguments) -> Fit:  # noqa: C901, PLR0911 -- a line per type
    """Return whether a value matches the type `key`, one of _SCALARS."""
    match key, value:
        case "boolean", bool():
            return from_bool(not arguments or value is arguments[0])
        case "integer", int() if not isinstance(value, bool):
            return either_way(value, arguments)
        case "float", float():
            return either_way(value, arguments)
        case "string", str():
            return either_way(len(value), arguments)
        case "enum", str():
            return _fit_enum(value, arguments)
        case "pattern", str():
            return any_of(_match(one, value) for one in arguments) if arguments else Fit.YES
        case (("numeric" | "scalar" | "scalardata" | "undef"), _) if arguments:
            return Fit.UNKNOWN
        case "numeric", _:
            return from_bool(_is_number(value))
        case (("scalar" | "scalardata"), _):
            return from_bool(value is not None)
        case "undef", _:
            return from_bool(value is None)
    return Fit.NO


def _fit_enum(value: str, arguments: Arguments) -> Fit:
    words = [one for one in arguments if isinstance(one, str)]
    flags = arguments[len(words) :]
    if not words or not all(isinstance(flag, bool) for flag in flags):
        return Fit.UNKNOWN
    if True not in flags:
        return from_bool(value in words)
    if not value.isascii():
        return Fit.UNKNOWN
    return from_bool(value.lower() in {word.lower() for word in words})


def _match(argument: Argument, text: str) -> Fit:
    if not isinstance(argument, RegexRef | str):
        return Fit.UNKNOWN
    found = finds(argument.source if isinstance(argument, RegexRef) else argument, text)
    return Fit.UNKNOWN if found is None else from_bool(found)


_MOST_STEPS = 20_000
_DEEPEST_VALUE = 60
_UNDEF = Literal(None, 0)
_DATA = TypeRef("Data")
_STRING = TypeRef("String")


def fit(value: Value, type_: TypeRef | str, aliases: Mapping[str, str]) -> Fit:
    """Return whether `value` matches the type, given as text or already parsed; a text that is not literal is unknown.

    `aliases` maps the name of a type alias in lower case (`stdlib::port`) to the text of its type.
    """
    parsed = parse_type(type_) if isinstance(type_, str) else type_
    return Fit.UNKNOWN if parsed is None else _Judge(aliases).fit(value, parsed, 0)


class _Judge:
    """Checks one value; `steps` limits the work, which aliases and variants can multiply."""

    def __init__(self, aliases: Mapping[str, str]) -> None:
        self.aliases = aliases
        self.steps = 0

    def fit(self, value: Value, type_: Argument, depth: int) -> Fit:
        """Check a value against a type, or against a string, which stands for an Enum of one word."""
        self.steps += 1
        if self.steps > _MOST_STEPS or depth > _DEEPEST_VALUE:
            return Fit.UNKNOWN
        if isinstance(type_, str):
            return Fit.UNKNOWN if isinstance(value, Opaque) else from_bool(text_of(value) == type_)
        if not isinstance(type_, TypeRef):
            return Fit.UNKNOWN
        if type_.key == "any":
            return Fit.YES
        return self._fit_named(value, type_, depth + 1)

    def _fit_named(self, value: Value, type_: TypeRef, depth: int) -> Fit:  # noqa: C901, PLR0911, PLR0912 -- a line per type
        arguments = type_.arguments or ()
        is_undef = isinstance(value, Literal) and value.value is None
        match type_.key, value:
            case "variant", _:
                return (
                    any_of([self.fit(value, one, depth) for one in arguments]) if arguments else Fit.UNKNOWN
                )
            case "optional", _ if arguments and not is_undef:
                return self.fit(value, arguments[0], depth)
            case _, Opaque():
                return Fit.UNKNOWN
            case ("optional", _):
                return from_bool(is_undef)
            case "notundef", _ if arguments and not is_undef:
                return self.fit(value, arguments[0], depth)
            case "notundef", _:
                return from_bool(not is_undef)
            case "array", Array():
                return self._fit_array(value, arguments, depth)
            case "tuple", Array():
                return self._fit_tuple(value, arguments, depth)
            case "hash", Hash():
                return self._fit_hash(value, arguments, depth)
            case "struct", Hash():
                return self._fit_struct(value, arguments, depth)
            case "collection", Array() | Hash():
                return either_way(len(value.items if isinstance(value, Array) else value.entries), arguments)
            case (("array" | "tuple" | "hash" | "struct" | "collection"), _):
                return Fit.NO
            case "data", Array():
                return all_of([self.fit(item, _DATA, depth) for item in value.items])
            case "data", Hash():
                return all_of(self._parts(value, _STRING, _DATA, depth))
            case "data", _:
                return Fit.YES
            case key, Literal() if key in _SCALARS:
                return _fit_scalar(value.value, key, arguments)
            case key, _ if key in _SCALARS or key in _NEVER:
                return Fit.NO
        text = self.aliases.get(type_.key)
        target = parse_type(text) if text is not None and type_.arguments is None else None
        return self.fit(value, target, depth) if target else Fit.UNKNOWN

    def _fit_array(self, value: Array, arguments: Arguments, depth: int) -> Fit:
        types, limits = _split(arguments)
        if len(types) > 1 or (not types and limits not in ((), (0, 0))):
            return Fit.UNKNOWN
        items = [self.fit(item, types[0], depth) for item in value.items] if types else []
        return all_of([*items, either_way(len(value.items), limits)])

    def _fit_hash(self, value: Hash, arguments: Arguments, depth: int) -> Fit:
        types, limits = _split(arguments)
        if len(types) not in {0, 2} or (not types and limits not in ((), (0, 0))):
            return Fit.UNKNOWN
        inner = self._parts(value, types[0], types[1], depth) if types else ()
        return all_of([*inner, either_way(len(value.entries), limits)])

    def _parts(self, value: Hash, key_type: Argument, value_type: Argument, depth: int) -> Iterator[Fit]:
        for key, held in value.entries:
            yield self.fit(key, key_type, depth)
            yield self.fit(held, value_type, depth)

    def _fit_tuple(self, value: Array, arguments: Arguments, depth: int) -> Fit:
        types, limits = _split(arguments)
        if not types:
            return either_way(len(value.items), limits)
        last = len(types) - 1
        items = [self.fit(item, types[min(index, last)], depth) for index, item in enumerate(value.items)]
        return all_of([*items, either_way(len(value.items), limits or (len(types), len(types)))])

    def _fit_struct(self, value: Hash, arguments: Arguments, depth: int) -> Fit:
        """Return whether each field has a value that matches, and each key is a field; unknown for an Opaque key."""
        if len(arguments) != 1 or not isinstance(arguments[0], Fields):
            return Fit.UNKNOWN
        given = {text: held for key, held in value.entries if (text := text_of(key)) is not None}
        fields = {_field_name(key): (key, type_) for key, type_ in arguments[0].entries}
        answers: list[Fit] = []
        for name, (key, type_) in fields.items():
            if name is None:
                return Fit.UNKNOWN
            if isinstance(key, TypeRef) and name not in given:
                answers.append(from_bool(key.key == "optional"))
            elif isinstance(type_, str):
                answers.append(Fit.NO)  # only elsewhere does Puppet read a string as a type
            elif name in given:
                answers.append(self.fit(given[name], type_, depth))
            else:
                answers.append(self.fit(_UNDEF, type_, depth))
        answers += [
            Fit.UNKNOWN if isinstance(key, Opaque) else from_bool(text_of(key) in fields)
            for key, _ in value.entries
        ]
        return all_of(answers)


def _field_name(key: Argument) -> str | None:
    if isinstance(key, TypeRef) and key.key in {"optional", "notundef"} and key.arguments:
        key = key.arguments[0]
    return key if isinstance(key, str) else None


def _split(arguments: Arguments) -> tuple[Arguments, Arguments]:
    """Return the types, and the limits of a collection's size that follow them."""
    count = sum(isinstance(one, TypeRef | str) for one in arguments)
    return arguments[:count], arguments[count:]
