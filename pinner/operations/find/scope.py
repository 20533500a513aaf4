"""Where something is looked for: the pins of some environments, by repository, each remote asked once."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pinner.git.mirror import Mirror
from pinner.operations.answers import Answers, Progress, ask
from pinner.operations.externals import with_locked_externals
from pinner.operations.presence import absent_commits
from pinner.operations.resolve import Found
from pinner.operations.wanted import WantedGit, WantedSet
from pinner.operations.workspace import Workspace
from pinner.words.findings import Finding, Level
from pinner.words.pins import GitPin, Lock


@dataclass(frozen=True, slots=True)
class Pinned:
    """One pin of an environment; `now` is the commit that its want names now, None where that is not known."""

    environment: str
    pin: GitPin
    now: str | None


@dataclass(frozen=True, slots=True)
class Place:
    """One repository with all pins of it."""

    mirror: Mirror
    pinned: tuple[Pinned, ...]

    @property
    def commits(self) -> frozenset[str]:
        """Return the commits that are asked about: those of all refs, of the pins, and what their wants name now."""
        nows = {row.now for row in self.pinned if row.now}
        return frozenset(
            {row.pin.commit for row in self.pinned} | nows | set(self.mirror.refs.commits.values())
        )

    @property
    def beside(self) -> frozenset[str]:
        """Return those of them that no branch or tag names."""
        return self.commits - frozenset(self.mirror.refs.commits.values())


@dataclass(frozen=True, slots=True)
class Scope:
    """All repositories that environments have pins of, by URL; `unknown` says what could not be looked at.

    `unlocked` are those of the environments that have no lock yet.
    """

    environments: tuple[str, ...]
    unlocked: tuple[str, ...]
    places: Mapping[str, Place]
    unknown: tuple[Finding, ...]


def read_scope(workspace: Workspace, environments: tuple[str, ...], *, on_done: Progress | None) -> Scope:
    """Return what is there to look at in those environments (none: all)."""
    sets = workspace.want(environments)
    locks = workspace.locks(tuple(wanted.manifest.environment for wanted in sets))
    answers = ask(workspace, {pin.git for lock in locks.values() for pin in _pins(lock)}, on_done=on_done)
    absent = absent_commits([lock for lock in locks.values() if lock], answers)
    places: dict[str, list[Pinned]] = {}
    unknown: list[Finding] = []
    for wanted in sets:
        lock = locks[wanted.manifest.environment]
        everything = with_locked_externals(wanted, lock)
        for pin in _pins(lock):
            flaw = _flaw(pin, absent, answers)
            if flaw is None:
                places.setdefault(pin.git, []).append(_pinned(everything, pin, answers))
            else:
                unknown.append(flaw)
    mirrors = {git: answers.mirror(git) for git in sorted(places)}
    known = {git: Place(mirror, tuple(places[git])) for git, mirror in mirrors.items() if mirror}
    unlocked = tuple(name for name, lock in locks.items() if lock is None)
    return Scope(tuple(locks), unlocked, known, tuple(dict.fromkeys(unknown)))


def _pins(lock: Lock | None) -> Iterable[GitPin]:
    return (pin for pin in lock.pins.values() if isinstance(pin, GitPin)) if lock else ()


def _pinned(wanted: WantedSet, pin: GitPin, answers: Answers) -> Pinned:
    module = wanted.modules.get(pin.module)
    answer = answers.answer(module) if isinstance(module, WantedGit) and module.git == pin.git else None
    now = answer.commit if isinstance(answer, Found) else None
    return Pinned(wanted.manifest.environment, pin, now)


def _flaw(pin: GitPin, absent: frozenset[tuple[str, str]], answers: Answers) -> Finding | None:
    mirror = answers.mirrors[pin.git]
    if not isinstance(mirror, Mirror):
        message = f"module '{pin.module}': {mirror.message}"
        return Finding(Level.ERROR, "remote-unreachable", pin.module, message, mirror.hint)
    if (pin.git, pin.commit) in absent:
        message = f"module '{pin.module}': the pinned commit {pin.commit} is nowhere in {pin.git}"
        return Finding(Level.ERROR, "commit-unreachable", pin.module, message)
    return None
