"""What a check looks at: one environment with its pins, what its modules say of themselves, and where its refs are."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from pinner.operations.resolve import Answer
from pinner.operations.tag_log import TagLog
from pinner.operations.wanted import WantedSet
from pinner.words.findings import Finding, Level
from pinner.words.metadata import Metadata
from pinner.words.pins import GitPin, Lock
from pinner.words.places import Place
from pinner.words.refs import Refs


@dataclass(frozen=True, slots=True)
class Position:
    """How a pinned commit lies to the commit that its ref names now.

    `behind` counts the commits of the ref that the pin lacks, `ahead` those of the pin that the ref lacks (more than
    none: the ref was rewritten or moved).
    """

    ahead: int
    behind: int


@dataclass(frozen=True, slots=True)
class Remotes:
    """What the remotes of one environment say now, by module, for those that were asked.

    `answers` holds what each want means, `refs` all refs of the repository, `positions` how the pin lies to the ref it
    was taken from (to the one that took that ref's place, where it is gone). `homes` are the refs that have the pinned
    commit, for a pin whose branch is gone. `absent` names the modules whose pinned commit is nowhere to be found,
    `unmerged` those whose pinned commit no branch and no tag reaches.
    """

    answers: Mapping[str, Answer] = field(default_factory=dict)
    refs: Mapping[str, Refs] = field(default_factory=dict)
    positions: Mapping[str, Position] = field(default_factory=dict)
    homes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    absent: frozenset[str] = frozenset()
    unmerged: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class PinnedEnvironment:
    """One environment to be checked.

    `metadata` is what each pinned Puppet module says; `today` decides about dates; `log` is what tags meant in earlier
    locks, and `accepted` names the modules whose moved tags are taken over.
    """

    wanted: WantedSet
    lock: Lock
    metadata: Mapping[str, Metadata]
    today: date
    remotes: Remotes = Remotes()
    log: TagLog = TagLog()  # noqa: RUF009 - it is frozen
    accepted: frozenset[str] = frozenset()

    @property
    def git_pins(self) -> Mapping[str, GitPin]:
        """Return the pins that name a commit, by module."""
        return {name: pin for name, pin in self.lock.pins.items() if isinstance(pin, GitPin)}

    def place(self, module: str | None) -> Place:
        """Return where the manifest asks for that module, or the manifest itself for a pin that others required."""
        wanted = self.wanted.modules.get(module) if module else None
        return wanted.place if wanted else Place(self.wanted.manifest.path)

    def finding(self, level: Level, code: str, module: str, message: str, hint: str | None = None) -> Finding:
        """Return a finding about that module, placed where the manifest asks for it."""
        return Finding(level, code, module, f"module '{module}': {message}", hint, self.place(module))
