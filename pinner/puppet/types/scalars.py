"""Whether a single scalar fits a type that only scalars fit."""

from collections.abc import Callable, Mapping

from pinner.puppet.types.answers import Fit, any_of, between, told
from pinner.puppet.types.regex_matching import finds
from pinner.puppet.types.syntax import Argument, RegexRef
from pinner.words.data import Literal, Plain, Value

Arguments = tuple[Argument, ...]


def _boolean(value: Plain, arguments: Arguments) -> Fit:
    return told(isinstance(value, bool) and (not arguments or value is arguments[0]))


def _integer(value: Plain, arguments: Arguments) -> Fit:
    return between(value, arguments) if isinstance(value, int) and not isinstance(value, bool) else Fit.NO


def _float(value: Plain, arguments: Arguments) -> Fit:
    return between(value, arguments) if isinstance(value, float) else Fit.NO


def _numeric(value: Plain, arguments: Arguments) -> Fit:
    if arguments:
        return Fit.UNKNOWN
    return told(isinstance(value, int | float) and not isinstance(value, bool))


def _string(value: Plain, arguments: Arguments) -> Fit:
    return between(len(value), arguments) if isinstance(value, str) else Fit.NO


def _enum(value: Plain, arguments: Arguments) -> Fit:
    if not isinstance(value, str):
        return Fit.NO
    words = [one for one in arguments if isinstance(one, str)]
    flags = arguments[len(words) :]
    if not words or not all(isinstance(flag, bool) for flag in flags):
        return Fit.UNKNOWN
    if True not in flags:
        return told(value in words)
    if not value.isascii():
        return Fit.UNKNOWN
    return told(value.lower() in {word.lower() for word in words})


def _pattern(value: Plain, arguments: Arguments) -> Fit:
    if not isinstance(value, str):
        return Fit.NO
    return any_of(_match(one, value) for one in arguments) if arguments else Fit.YES


def _match(argument: Argument, text: str) -> Fit:
    if not isinstance(argument, RegexRef | str):
        return Fit.UNKNOWN
    found = finds(argument.source if isinstance(argument, RegexRef) else argument, text)
    return Fit.UNKNOWN if found is None else told(found)


def _scalar(value: Plain, arguments: Arguments) -> Fit:
    return Fit.UNKNOWN if arguments else told(value is not None)


def _undef(value: Plain, arguments: Arguments) -> Fit:
    return Fit.UNKNOWN if arguments else told(value is None)


_JUDGES: Mapping[str, Callable[[Plain, Arguments], Fit]] = {
    "boolean": _boolean,
    "integer": _integer,
    "float": _float,
    "numeric": _numeric,
    "string": _string,
    "enum": _enum,
    "pattern": _pattern,
    "scalar": _scalar,
    "scalardata": _scalar,
    "undef": _undef,
}
# Nothing that can be written as data is one of these: YAML has no word for them, and Puppet turns nothing into them.
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
NAMES = _NEVER | _JUDGES.keys()
"""The types, in small letters, that `fit_scalar` knows."""


def fit_scalar(value: Value, name: str, arguments: Arguments) -> Fit:
    """Return whether `value`, which is not closed, fits the type `name` of NAMES."""
    if name in _NEVER or not isinstance(value, Literal):
        return Fit.NO
    return _JUDGES[name](value.value, arguments)
