"""Define operator data: literals with their lines, opaque values, and the places that name module code."""

from dataclasses import dataclass
from enum import StrEnum

from pinner.model.errors import Location, Problem

Plain = str | int | float | bool | None
"""A scalar as Puppet receives it; None is `undef`."""


class OpaqueReason(StrEnum):
    """Why a value cannot be determined without Puppet."""

    ENCRYPTED = "encrypted"
    INTERPOLATED = "interpolated"
    COMPUTED = "computed"
    FOREIGN = "foreign"
    TOO_BIG = "too big"


@dataclass(frozen=True, slots=True)
class Opaque:
    """A value that only Puppet can determine; `line` is 1-based, as everywhere in this module.

    `text` is the source text of an interpolated value; it is never a secret.
    """

    why: OpaqueReason
    line: int
    text: str = ""


@dataclass(frozen=True, slots=True)
class Literal:
    """A scalar."""

    value: Plain
    line: int


@dataclass(frozen=True, slots=True)
class Array:
    """A list of values."""

    items: tuple["Value", ...]
    line: int


@dataclass(frozen=True, slots=True)
class Hash:
    """Keys with values, in the order of the file; no two keys are equal literals."""

    entries: tuple[tuple["Value", "Value"], ...]
    line: int


Value = Opaque | Literal | Array | Hash


@dataclass(frozen=True, slots=True)
class Datum:
    """One key of a Hiera file with its value; `place` is the key's location."""

    key: str
    value: Value
    place: Location


@dataclass(frozen=True, slots=True)
class PlaceScope:
    """Where a place counts.

    `machines` names those that read a level of Hiera, such as `os.family RedHat`, "" for all or for unknown ones.
    `platforms` are those it counts on, None for all. `unreached` is why it never counts, "" if it may.
    """

    machines: str = ""
    platforms: tuple[str, ...] | None = None
    unreached: str = ""


EVERYWHERE = PlaceScope()


@dataclass(frozen=True, slots=True)
class DataFile:
    """The keys of one file, in order.

    `flaws` are problems that the file's author should fix; `refusal` is why Puppet cannot use the file at
    all. `scope` is which machines read it; `is_everywhere` if all do.
    """

    path: str
    data: tuple[Datum, ...] = ()
    flaws: tuple[Problem, ...] = ()
    refusal: Problem | None = None
    scope: PlaceScope = EVERYWHERE
    is_everywhere: bool = False


def entry_of(value: Value, key: str) -> Value | None:
    """Return the value of the literal `key` of a hash; None if the key is missing or it is not a hash."""
    if not isinstance(value, Hash):
        return None
    return next((found for name, found in value.entries if text_of(name) == key), None)


def text_of(value: Value | None) -> str | None:
    """Return the text of a literal string, None for anything else."""
    return value.value if isinstance(value, Literal) and isinstance(value.value, str) else None


def texts_of(value: Value | None) -> tuple[str, ...]:
    """Return the non-empty strings of an array, or a single string as a tuple of one."""
    items = value.items if isinstance(value, Array) else (value,)
    return tuple(text for item in items if (text := text_of(item)))


class UseOrigin(StrEnum):
    """How a place names something; the first four kinds are in data, the others in Puppet code."""

    KEY = "key"
    HASH = "hash"
    OPTIONS = "options"
    LIST = "list"
    CLASS = "class"
    RESOURCE = "resource"
    REFERENCE = "reference"
    FUNCTION = "function"
    DATA_TYPE = "data-type"


_OF_DATA = frozenset({UseOrigin.KEY, UseOrigin.HASH, UseOrigin.OPTIONS, UseOrigin.LIST})


@dataclass(frozen=True, slots=True)
class Use:
    """One place that names the class, defined type, native type, function or data type `owner`, or a parameter.

    `value` is the parameter's value at that place, None if it is not given there. `subject` is the Hiera key
    or, for code, the key that would have the same effect. `arguments` is how many a function is called with,
    None if that depends on a value. `defined_in` is the module that has the native type or the function, `scope`
    where the place counts. `made_of` is the Hiera key of the hash that the place makes something of, and that is
    empty unless the key has a value; "" if there is none.
    """

    origin: UseOrigin
    owner: str
    parameter: str | None
    value: Value | None
    place: Location
    subject: str
    arguments: int | None = None
    defined_in: str = ""
    scope: PlaceScope = EVERYWHERE
    made_of: str = ""

    @property
    def is_data(self) -> bool:
        """Return whether the place is in data, not in code."""
        return self.origin in _OF_DATA

    @property
    def module(self) -> str:
        """Return the module that the owner belongs to, according to its name unless that does not have it."""
        return self.defined_in or self.owner.removeprefix("::").partition("::")[0]


@dataclass(frozen=True, slots=True)
class Declaration:
    """A class or resource that is declared; `origin` is REFERENCE for `include` and LIST for a list in data.

    `given` are the parameters that have a value there; with `is_open` there may be others. `ensure` is the value of
    that parameter, None if it is not a literal. `made_of` is as in `Use`.
    """

    origin: UseOrigin
    owner: str
    place: Location
    given: frozenset[str] = frozenset()
    is_open: bool = False
    ensure: str | None = None
    made_of: str = ""


@dataclass(frozen=True, slots=True)
class DataResources:
    """A Hiera key whose value is a hash of resources of one type, by title."""

    key: str
    type: str


@dataclass(frozen=True, slots=True)
class SiteFile:
    """What one file of site code names; `refusal` is why nothing is known of it.

    `lookups` are the keys that it looks up, `prefixes` the beginnings of those that it computes, `class_lists`
    those of lists of classes to include. `supplied` are the parameters, as `type::parameter`, that resource
    defaults and overrides give a value.
    """

    path: str
    uses: tuple[Use, ...] = ()
    lookups: frozenset[str] = frozenset()
    refusal: Problem | None = None
    prefixes: frozenset[str] = frozenset()
    class_lists: frozenset[str] = frozenset()
    declarations: tuple[Declaration, ...] = ()
    supplied: frozenset[str] = frozenset()
    resources: tuple[DataResources, ...] = ()
