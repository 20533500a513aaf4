"""The operator's own data: values that stand in hiera files and in site code, each with its line."""

from dataclasses import dataclass
from enum import StrEnum

from pinner.words.places import Place
from pinner.words.problems import Problem

Plain = str | int | float | bool | None
"""A scalar as Puppet gets it; None is `undef`."""


class Closure(StrEnum):
    """Why a value is not known here."""

    ENCRYPTED = "encrypted"
    INTERPOLATED = "interpolated"
    COMPUTED = "computed"
    FOREIGN = "foreign"
    TOO_BIG = "too big"


@dataclass(frozen=True, slots=True)
class Closed:
    """A value that only Puppet will know; `line` is 1-based, as everywhere here.

    `text` is what stands there if it is interpolated; never a secret.
    """

    why: Closure
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
    """Keys with values in the order of the file; no two keys are equal literals."""

    entries: tuple[tuple["Value", "Value"], ...]
    line: int


Value = Closed | Literal | Array | Hash


@dataclass(frozen=True, slots=True)
class Datum:
    """One key of a hiera file with its value; `place` is the key's."""

    key: str
    value: Value
    place: Place


@dataclass(frozen=True, slots=True)
class DataFile:
    """One file's keys in order. `flaws` are what its author should know, `refusal` is why Puppet cannot use it at all."""

    path: str
    data: tuple[Datum, ...] = ()
    flaws: tuple[Problem, ...] = ()
    refusal: Problem | None = None


def entry_of(value: Value, key: str) -> Value | None:
    """Return what stands under the literal `key` of a hash, None where there is none or no hash."""
    if not isinstance(value, Hash):
        return None
    return next((found for name, found in value.entries if text_of(name) == key), None)


def text_of(value: Value | None) -> str | None:
    """Return the text of a literal string, None for anything else."""
    return value.value if isinstance(value, Literal) and isinstance(value.value, str) else None


def texts_of(value: Value | None) -> tuple[str, ...]:
    """Return the strings of an array, or the one string that stands alone; empty ones are left out."""
    items = value.items if isinstance(value, Array) else (value,)
    return tuple(text for item in items if (text := text_of(item)))
