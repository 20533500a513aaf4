"""Findings: rules that a pinned set breaks. A finding is an answer, never an exception."""

from dataclasses import dataclass
from enum import StrEnum

from pinner.words.places import Place


class Level(StrEnum):
    """How bad a finding is; only `error` keeps a lock from being written."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule broken in one environment.

    `code` is stable and lower-case with hyphens; `module` is None where the finding is about the whole environment;
    `place` says what to open, where that is known.
    """

    level: Level
    code: str
    module: str | None
    message: str
    hint: str | None = None
    place: Place | None = None
