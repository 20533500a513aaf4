"""The kinds of value that a described file holds: what schema.py is written in, and what reads it is driven by."""

from collections.abc import Callable
from dataclasses import dataclass, field

Check = Callable[[str], str | None]
"""Says what is wrong with a scalar's raw text, quoting it, or returns None."""

Json = str | int | float | bool | list["Json"] | dict[str, "Json"]


@dataclass(frozen=True, slots=True)
class Word:
    """A scalar, judged by its raw text.

    `pattern` is for editors and never stricter than `check`; `may_look_like_number` says that other YAML readers may
    take a good value for a number (`2025.1`).
    """

    what: str
    check: Check
    pattern: str | None = None
    may_look_like_number: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a few words."""

    what: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Switch:
    """`true` or `false`, unquoted; only those in `values`."""

    values: tuple[bool, ...] = (False, True)

    @property
    def what(self) -> str:
        """Return how a message calls it."""
        return " or ".join("true" if value else "false" for value in self.values)


@dataclass(frozen=True, slots=True)
class Number:
    """A number from `minimum` to `maximum`, both allowed."""

    what: str
    minimum: float
    maximum: float
    is_whole: bool = True


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list in which nothing stands twice."""

    what: str
    item: Word


@dataclass(frozen=True, slots=True)
class MapOf:
    """A map with keys of the user's choice; `hint_for_null` mends a key without a value (`{key}` stands for it)."""

    what: str
    key: Word
    value: "Kind"
    hint_for_null: str | None = None


@dataclass(frozen=True, slots=True)
class Field:
    """One key of a record."""

    name: str
    kind: "Kind"
    description: str
    examples: tuple[Json, ...] = ()


@dataclass(frozen=True, slots=True)
class Record:
    """A map with known keys, all optional; of each pair in `exclusive`, at most one key may be given."""

    what: str
    fields: tuple[Field, ...]
    exclusive: tuple[tuple[str, str], ...] = ()
    field_by_name: dict[str, Field] = field(init=False, compare=False, repr=False)
    exclusive_names: frozenset[str] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "field_by_name", {entry.name: entry for entry in self.fields})
        object.__setattr__(
            self, "exclusive_names", frozenset(name for pair in self.exclusive for name in pair)
        )


@dataclass(frozen=True, slots=True)
class Either:
    """One of two kinds that a node's shape tells apart."""

    first: Choice | Switch
    second: "ListOf | Record"

    @property
    def what(self) -> str:
        """Return how a message calls it."""
        return f"{self.first.what} or {self.second.what}"


Kind = Word | Choice | Switch | Number | ListOf | MapOf | Record | Either
