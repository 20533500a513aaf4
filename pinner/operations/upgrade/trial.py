"""A lock that is made in memory only, of whatever can be pinned: what cannot is left out and told."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from pinner.operations.additions import with_externals
from pinner.operations.answers import Answers
from pinner.operations.drafts import Draft, draft_lock
from pinner.operations.externals import locked_externals
from pinner.operations.gate_overrides import lacking_overrides
from pinner.operations.inspection import inspect, keep_audible
from pinner.operations.pinning import Moves
from pinner.operations.remotes import Subject
from pinner.operations.upgrade.target import Target
from pinner.operations.wanted import WantedGit, WantedSet
from pinner.words.findings import Finding, Level
from pinner.words.pins import Lock

MOVES = Moves()
MISSING = "dependency-missing"
UNSATISFIED = "dependency-unsatisfied"


@dataclass(frozen=True, slots=True)
class Trial:
    """The lock that an environment would get.

    `failures` say which modules could not be pinned, and so are missing in it; `findings` are all others.
    """

    wanted: WantedSet
    lock: Lock
    findings: tuple[Finding, ...]
    failures: tuple[Finding, ...]

    @property
    def is_sound(self) -> bool:
        """Tell whether `pinner lock` would write it."""
        return not self.failures and not any(one.level is Level.ERROR for one in self.findings)

    def modules_with(self, code: str) -> frozenset[str | None]:
        """Return the modules that a finding of this code is about."""
        return frozenset(one.module for one in self.findings if one.code == code)


def urls_of(wanted: WantedSet, before: Lock) -> Iterable[str]:
    """Return the repositories that a trial most likely asks, so that they are asked in one wave."""
    yield from (module.git for module in wanted.modules.values() if isinstance(module, WantedGit))
    yield from (module.git for module in locked_externals(wanted, before).values())


def try_lock(wanted: WantedSet, before: Lock, answers: Answers) -> Trial:
    """Return the lock of `wanted`, with the pins of `before` that are still what is asked for; writes nothing."""
    draft, failures = _pinned(wanted, before, answers)
    whole = with_externals([draft], MOVES, answers)[0]
    failures = (*failures, *whole.failures)
    lock = whole.after or draft.after or Lock(before.environment, {}, wanted.manifest.moduledir)
    subject = Subject(whole.wanted, lock, frozenset(whole.wanted.modules))
    found = inspect([subject], answers)[before.environment]
    notes = tuple(keep_audible((*draft.notes, *whole.notes), wanted))
    return Trial(whole.wanted, lock, tuple(dict.fromkeys((*notes, *found))), failures)


def try_target(target: Target, before: Lock, answers: Answers) -> tuple[Target, Trial]:
    """Return the lock of a target, and the target with the overrides that it lacked for what upstream's gate runs."""
    trial = try_lock(target.wanted, before, answers)
    overrides = lacking_overrides(
        target.wanted.manifest, target.series, trial.lock.pins, trial.modules_with(UNSATISFIED)
    )
    if not overrides:
        return target, trial
    target = target.with_overrides(overrides)
    return target, try_lock(target.wanted, before, answers)


def pin(wanted: WantedSet, before: Lock, answers: Answers) -> Lock:
    """Return the lock of what the manifest names alone, without what that requires and without any check.

    What a release lacks stays where it was.
    """
    draft, failures = _pinned(wanted, before, answers)
    stays = {name: one for finding in failures if (one := before.pins.get(name := finding.module or ""))}
    pins = {**stays, **(draft.after.pins if draft.after else {})}
    return Lock(before.environment, pins, before.moduledir)


def known_gaps(wanted: WantedSet, lock: Lock, answers: Answers) -> frozenset[str | None]:
    """Return the hints about missing dependencies that a lock has had all along: a move is not to blame for them."""
    found = inspect([Subject(wanted, lock, frozenset())], answers)[lock.environment]
    return frozenset(finding.hint for finding in found if finding.code == MISSING)


def _pinned(wanted: WantedSet, before: Lock, answers: Answers) -> tuple[Draft, tuple[Finding, ...]]:
    """Return the draft of the modules that can be pinned, and why the others cannot."""
    failures: list[Finding] = []
    while True:
        draft = draft_lock(wanted, before, MOVES, answers)
        if draft.after is not None:
            return draft, tuple(failures)
        failures += draft.failures
        lost = {finding.module for finding in draft.failures}
        kept = {name: module for name, module in wanted.modules.items() if name not in lost}
        wanted = replace(wanted, modules=kept)
