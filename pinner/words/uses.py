"""Where the operator's own data and code name something of a module's code."""

from dataclasses import dataclass
from enum import StrEnum

from pinner.words.data import Value
from pinner.words.places import Place
from pinner.words.problems import Problem


class Origin(StrEnum):
    """How something is named; the first four stand in data, the others in Puppet code."""

    KEY = "key"
    HASH = "hash"
    OPTIONS = "options"
    LIST = "list"
    CLASS = "class"
    RESOURCE = "resource"
    REFERENCE = "reference"


_OF_DATA = frozenset({Origin.KEY, Origin.HASH, Origin.OPTIONS, Origin.LIST})


@dataclass(frozen=True, slots=True)
class Use:
    """One place that names the class, defined type or native type `owner`, or one of its parameters.

    `value` is what the parameter gets there, None where that is not written there. `subject` is the hiera key, and for
    code the key that would mean the same.
    """

    origin: Origin
    owner: str
    parameter: str | None
    value: Value | None
    place: Place
    subject: str

    @property
    def is_data(self) -> bool:
        """Return whether the place is one of data, not of code."""
        return self.origin in _OF_DATA

    @property
    def module(self) -> str:
        """Return the module that the owner belongs to by its name."""
        return self.owner.removeprefix("::").partition("::")[0]


@dataclass(frozen=True, slots=True)
class SiteFile:
    """What one file of site code uses, and the keys that it looks up; `refusal` says why the rest is not known."""

    path: str
    uses: tuple[Use, ...] = ()
    lookups: frozenset[str] = frozenset()
    refusal: Problem | None = None
