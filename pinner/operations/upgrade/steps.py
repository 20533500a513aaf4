"""The words of a plan: what somebody has to do or to know for a move, in an order that can be worked through."""

from dataclasses import dataclass
from enum import StrEnum

from pinner.words.places import Place


class Stage(StrEnum):
    """The chapters of a plan, in their order."""

    MANIFEST = "manifest"
    MODULES = "modules"
    THIRD_PARTY = "third-party"
    BEFORE = "before"
    AFTER = "after"
    LOOK = "look"

    @property
    def heading(self) -> str:
        """Return the chapter's heading."""
        return _HEADINGS[self]


_HEADINGS = {
    Stage.MANIFEST: "Change in the manifest",
    Stage.MODULES: "Modules that come, go or stay where they are",
    Stage.THIRD_PARTY: "Third-party modules that move with them",
    Stage.BEFORE: "Change in your data before the new modules run",
    Stage.AFTER: "Change in your data when you like, after",
    Stage.LOOK: "Look at yourself: nobody can tell this for you",
}


@dataclass(frozen=True, slots=True)
class Edit:
    """A text that must read otherwise; `new` is None where the entry goes, `old` where one must be written."""

    old: str | None
    new: str | None


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do or to know.

    `kind` is a stable word for scripts; `text` is a sentence. `key` is the hiera key it is about; `edit` is what
    changes at `place`, where that can be spelled out.
    """

    stage: Stage
    kind: str
    text: str
    module: str | None = None
    place: Place | None = None
    key: str | None = None
    edit: Edit | None = None
    hint: str | None = None
