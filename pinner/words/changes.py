"""What changes between two versions of a module's API, for those who use it."""

from dataclasses import dataclass
from enum import StrEnum

from pinner.words.api import Kind


class Severity(StrEnum):
    """What a change does to who uses the thing; the worst first."""

    BREAKS = "breaks"
    BEHAVIOUR = "behaviour"
    LATER = "later"
    INFO = "info"


class Change(StrEnum):
    """What happened to a parameter, or (`ADDED` to `TYPED`, after the definition's family: `class-added`) to a whole."""

    ADDED = "added"
    REMOVED = "removed"
    RENAMED = "renamed"
    DEPRECATED = "deprecated"
    UNDEPRECATED = "undeprecated"
    REPARENTED = "reparented"
    TYPED = "typed"
    UNREADABLE = "unreadable"
    PARAMETER_ADDED = "parameter-added"
    PARAMETER_REQUIRED = "parameter-required"
    PARAMETER_REMOVED = "parameter-removed"
    PARAMETER_RENAMED = "parameter-renamed"
    PARAMETER_DEPRECATED = "parameter-deprecated"
    PARAMETER_UNDEPRECATED = "parameter-undeprecated"
    DEFAULT_CHANGED = "default-changed"
    TYPE_CHANGED = "type-changed"


@dataclass(frozen=True, slots=True)
class ApiChange:
    """One change.

    `definition` and `parameter` are the old names wherever there was something before, else the new ones; `of` is what
    the definition is. `old` and `new` are source text, or names for a rename. `announced` is True where the old side
    was marked as deprecated. `path` and `line` say where to look: on the new side, or on the old for what is gone.
    """

    change: Change
    of: Kind
    definition: str
    severity: Severity
    parameter: str | None = None
    old: str | None = None
    new: str | None = None
    hint: str | None = None
    announced: bool = False
    path: str | None = None
    line: int | None = None

    @property
    def kind(self) -> str:
        """Return the stable word of JSON: `class-removed`, `parameter-required`, `type-changed`, ..."""
        is_of_parameter = self.change.value.startswith(("parameter-", "default-", "type-"))
        return self.change.value if is_of_parameter else f"{self.of.family}-{self.change.value}"
