"""The API of a Puppet module: what its users may name, and what its code says of its own deprecations."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What a definition is; the first four have parameters, types have them by name only."""

    CLASS = "class"
    DEFINE = "define"
    FUNCTION = "function"
    TYPE = "type"
    TYPE_ALIAS = "type-alias"
    PLAN = "plan"
    PROVIDER = "provider"
    FACT = "fact"
    TASK = "task"
    DATA = "data"

    @property
    def family(self) -> str:
        """Return the word that JSON and change kinds use: native types and type aliases are both `type`."""
        return "type" if self is Kind.TYPE_ALIAS else self.value


class Mark(StrEnum):
    """How the code shows that something is deprecated."""

    HEADING = "heading"
    TEXT = "text"
    COMMENT = "comment"
    WARNING = "warning"
    CONDITION = "condition"
    VALUE = "value"
    NO_EFFECT = "no-effect"


DECISIVE = frozenset({Mark.HEADING, Mark.TEXT, Mark.COMMENT, Mark.WARNING})
MOST_TELLING = (
    *(Mark.TEXT, Mark.WARNING, Mark.HEADING, Mark.CONDITION),
    *(Mark.NO_EFFECT, Mark.VALUE, Mark.COMMENT),
)
OUTRIGHT = frozenset({Mark.TEXT, Mark.WARNING, Mark.NO_EFFECT})


@dataclass(frozen=True, slots=True)
class Evidence:
    """One mark: `text` is what stands there in the author's words, `line` where (1-based)."""

    mark: Mark
    line: int
    text: str


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter, in the order of its list.

    `type` and `default` are source text, a heredoc's lines after the expression that names it; None where there is
    none, so that a parameter without `default` is required. `replacement` and `removal` are what the marks say to use
    instead and when it goes, None where they don't. `is_rest` is True for `*$args`.
    """

    name: str
    line: int
    type: str | None = None
    default: str | None = None
    evidence: tuple[Evidence, ...] = ()
    replacement: str | None = None
    removal: str | None = None
    is_rest: bool = False

    @property
    def deprecated(self) -> bool:
        """Return True if a mark says so that has proved right: the others deprecate a value, or only hint."""
        return any(one.mark in DECISIVE for one in self.evidence)

    @property
    def says(self) -> str | None:
        """Return the text of the mark that tells most of the deprecation in words."""
        return says(self.evidence)


@dataclass(frozen=True, slots=True)
class Creation:
    """A class's parameter whose hash becomes resources: `create_resources('nova::thing', $parameter)`."""

    parameter: str
    type: str


@dataclass(frozen=True, slots=True)
class Definition:
    """One class, define, function, type, ... of a module.

    `name` is whole and without leading `::`; `path` is inside the module. `target` is a function's return type or what
    a type alias stands for. `creates` tells of parameters that hold resources. Definitions of data, tasks and facts are
    only names.
    """

    kind: Kind
    name: str
    path: str
    line: int
    inherits: str | None = None
    parameters: tuple[Parameter, ...] = ()
    target: str | None = None
    evidence: tuple[Evidence, ...] = ()
    replacement: str | None = None
    removal: str | None = None
    creates: tuple[Creation, ...] = ()

    @property
    def deprecated(self) -> bool:
        """Return True if the whole definition is marked as deprecated."""
        return any(one.mark in DECISIVE for one in self.evidence)

    @property
    def says(self) -> str | None:
        """Return the text of the mark that tells most of the deprecation in words."""
        return says(self.evidence)


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A file whose definitions could not be read, and why."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class ModuleApi:
    """All definitions of a module at one commit, by path and line, and the files that could not be read."""

    definitions: tuple[Definition, ...] = ()
    unreadable: tuple[Unreadable, ...] = ()


def says(evidence: tuple[Evidence, ...]) -> str | None:
    """Return the text of the mark that tells most, None where all only stand above or beside the thing."""
    ranked = sorted(evidence, key=lambda one: MOST_TELLING.index(one.mark))
    return next((one.text for one in ranked if one.mark in OUTRIGHT), None)
