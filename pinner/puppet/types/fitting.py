"""Whether a value fits a type: yes, no, or not to be told. Puppet's own `instance?` is the truth to meet."""

from collections.abc import Callable, Collection, Iterator, Mapping

from pinner.puppet.types.answers import Fit, all_of, any_of, between, told
from pinner.puppet.types.scalars import NAMES, Arguments, fit_scalar
from pinner.puppet.types.syntax import Argument, Fields, TypeRef, parse_type
from pinner.words.data import Array, Closed, Hash, Literal, Value, text_of

__all__ = ["Fit", "fit"]

_MOST_STEPS = 20_000
_DEEPEST = 60
_UNDEF = Literal(None, 0)
_DATA = TypeRef("Data")
_STRING = TypeRef("String")


def fit(value: Value, type_text: str, aliases: Mapping[str, str]) -> Fit:
    """Return whether `value` fits the type that `type_text` writes out.

    `aliases` maps a type alias's name in small letters (`stdlib::port`) to the text of what it stands for.
    """
    type_ = parse_type(type_text)
    return Fit.UNKNOWN if type_ is None else _Judge(aliases).fit(value, type_, 0)


class _Judge:
    """Judges one value; `steps` bounds what aliases and variants can multiply."""

    def __init__(self, aliases: Mapping[str, str]) -> None:
        self.aliases = aliases
        self.steps = 0

    def fit(self, value: Value, type_: Argument, depth: int) -> Fit:
        """Judge by a type, or by a string, which stands for an Enum of one word."""
        self.steps += 1
        if self.steps > _MOST_STEPS or depth > _DEEPEST:
            return Fit.UNKNOWN
        if isinstance(type_, str):
            return Fit.UNKNOWN if isinstance(value, Closed) else told(text_of(value) == type_)
        if not isinstance(type_, TypeRef):
            return Fit.UNKNOWN
        if type_.key == "any":
            return Fit.YES
        return self._fit_named(value, type_, depth + 1)

    def _fit_named(self, value: Value, type_: TypeRef, depth: int) -> Fit:
        arguments = type_.arguments or ()
        if type_.key in _BRANCHING:
            return _BRANCHING[type_.key](self, value, arguments, depth)
        if isinstance(value, Closed):
            return Fit.UNKNOWN
        if type_.key in NAMES:
            return fit_scalar(value, type_.key, arguments)
        if type_.key in _HOLDING:
            return _HOLDING[type_.key](self, value, arguments, depth)
        text = self.aliases.get(type_.key)
        target = parse_type(text) if text is not None and type_.arguments is None else None
        return self.fit(value, target, depth) if target else Fit.UNKNOWN

    def optional(self, value: Value, arguments: Arguments, depth: int) -> Fit:
        is_undef = isinstance(value, Literal) and value.value is None
        if is_undef or not arguments:
            return Fit.UNKNOWN if isinstance(value, Closed) else told(is_undef)
        return self.fit(value, arguments[0], depth)

    def not_undef(self, value: Value, arguments: Arguments, depth: int) -> Fit:
        if isinstance(value, Closed):
            return Fit.UNKNOWN
        if isinstance(value, Literal) and value.value is None:
            return Fit.NO
        return self.fit(value, arguments[0], depth) if arguments else Fit.YES

    def variant(self, value: Value, arguments: Arguments, depth: int) -> Fit:
        return any_of([self.fit(value, one, depth) for one in arguments]) if arguments else Fit.UNKNOWN

    def array(self, value: Value, arguments: Arguments, depth: int) -> Fit:
        if not isinstance(value, Array):
            return Fit.NO
        types, limits = _split(arguments)
        if len(types) > 1 or (limits and not types and not _is_empty(limits)):
            return Fit.UNKNOWN
        items = [self.fit(item, types[0], depth) for item in value.items] if types else []
        return all_of([*items, between(len(value.items), limits)])

    def hash(self, value: Value, arguments: Arguments, depth: int) -> Fit:
        if not isinstance(value, Hash):
            return Fit.NO
        types, limits = _split(arguments)
        if len(types) not in {0, 2} or (limits and not types and not _is_empty(limits)):
            return Fit.UNKNOWN
        inner = self._parts(value, types[0], types[1], depth) if types else ()
        return all_of([*inner, between(len(value.entries), limits)])

    def _parts(self, value: Hash, key_type: Argument, value_type: Argument, depth: int) -> Iterator[Fit]:
        for key, held in value.entries:
            yield self.fit(key, key_type, depth)
            yield self.fit(held, value_type, depth)

    def collection(self, value: Value, arguments: Arguments, _depth: int) -> Fit:
        if isinstance(value, Array | Hash):
            return between(len(value.items if isinstance(value, Array) else value.entries), arguments)
        return Fit.NO

    def tuple(self, value: Value, arguments: Arguments, depth: int) -> Fit:
        if not isinstance(value, Array):
            return Fit.NO
        types, limits = _split(arguments)
        if not types:
            return between(len(value.items), limits)
        last = len(types) - 1
        items = [self.fit(item, types[min(index, last)], depth) for index, item in enumerate(value.items)]
        return all_of([*items, between(len(value.items), limits or (len(types), len(types)))])

    def struct(self, value: Value, arguments: Arguments, depth: int) -> Fit:
        if not isinstance(value, Hash):
            return Fit.NO
        if len(arguments) != 1 or not isinstance(arguments[0], Fields):
            return Fit.UNKNOWN
        given = {text: held for key, held in value.entries if (text := text_of(key)) is not None}
        fields = {_field_name(key): (key, type_) for key, type_ in arguments[0].entries}
        if None in fields:
            return Fit.UNKNOWN
        answers = [
            self.fit(given[name], type_, depth) if name in given else self._fit_absent(key, type_, depth)
            for name, (key, type_) in fields.items()
            if name is not None
        ]
        return all_of([*answers, *(_fit_key(key, fields.keys()) for key, _ in value.entries)])

    def _fit_absent(self, key: Argument, type_: Argument, depth: int) -> Fit:
        if isinstance(key, TypeRef):
            return told(key.key == "optional")
        return self.fit(_UNDEF, type_, depth)

    def data(self, value: Value, _arguments: Arguments, depth: int) -> Fit:
        if isinstance(value, Array):
            return all_of([self.fit(item, _DATA, depth) for item in value.items])
        return all_of(self._parts(value, _STRING, _DATA, depth)) if isinstance(value, Hash) else Fit.YES


_Method = Callable[[_Judge, Value, Arguments, int], Fit]
_BRANCHING: Mapping[str, _Method] = {
    "optional": _Judge.optional,
    "notundef": _Judge.not_undef,
    "variant": _Judge.variant,
}
_HOLDING: Mapping[str, _Method] = {
    "array": _Judge.array,
    "hash": _Judge.hash,
    "collection": _Judge.collection,
    "tuple": _Judge.tuple,
    "struct": _Judge.struct,
    "data": _Judge.data,
}


def _split(arguments: Arguments) -> tuple[Arguments, Arguments]:
    """Return the types and the limits of a collection's size, which stand at the end."""
    count = sum(isinstance(one, TypeRef | str) for one in arguments)
    return arguments[:count], arguments[count:]


def _is_empty(limits: Arguments) -> bool:
    return limits == (0, 0)


def _field_name(key: Argument) -> str | None:
    if isinstance(key, TypeRef) and key.key in {"optional", "notundef"} and key.arguments:
        key = key.arguments[0]
    return key if isinstance(key, str) else None


def _fit_key(key: Value, names: Collection[str | None]) -> Fit:
    """Judge one key of a hash by the names that a Struct has: a key that is closed may be one of them."""
    return Fit.UNKNOWN if isinstance(key, Closed) else told(text_of(key) in names)
