"""What a check looks at: one environment with its pins, what its modules say of themselves, and where its refs are."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from pinner.operations.resolve import Answer
from pinner.operations.wanted import WantedSet
from pinner.words.findings import Finding, Level
from pinner.words.metadata import Metadata
from pinner.words.pins import GitPin, Lock
from pinner.words.places import Place


@dataclass(frozen=True, slots=True)
class Position:
    """How a pinned commit lies to the commit that its ref names now.

    `behind` counts the commits of the ref that the pin lacks, `ahead` those of the pin that the ref lacks (more than
    none: the ref was rewritten or moved).
    """

    ahead: int
    behind: int


@dataclass(frozen=True, slots=True)
class PinnedEnvironment:
    """One environment to be checked.

    `answers` holds what each want means now at its remote, for the modules whose remote was asked; `positions` the
    same modules' pins against those answers; `metadata` what each pinned Puppet module says; `today` decides about
    dates; `absent` names the modules whose pinned commit is nowhere to be found.
    """

    wanted: WantedSet
    lock: Lock
    metadata: Mapping[str, Metadata]
    today: date
    absent: frozenset[str] = frozenset()
    answers: Mapping[str, Answer] = field(default_factory=dict)
    positions: Mapping[str, Position] = field(default_factory=dict)

    @property
    def git_pins(self) -> Mapping[str, GitPin]:
        """Return the pins that name a commit, by module."""
        return {name: pin for name, pin in self.lock.pins.items() if isinstance(pin, GitPin)}

    def place(self, module: str) -> Place:
        """Return where the manifest asks for that module, or the manifest itself for a pin that others required."""
        wanted = self.wanted.modules.get(module)
        return wanted.place if wanted else Place(self.wanted.manifest.path)

    def finding(self, level: Level, code: str, module: str, message: str, hint: str | None = None) -> Finding:
        """Return a finding about that module, placed where the manifest asks for it."""
        return Finding(level, code, module, f"module '{module}': {message}", hint, self.place(module))
