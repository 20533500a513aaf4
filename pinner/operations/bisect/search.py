"""The whole search: both ends, then the module (with others it needs), then its commit."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from pinner.git.history import Commit
from pinner.operations.bisect.changes import PinChange, at_commit, changes_between, with_changes
from pinner.operations.bisect.halving import Verdict, first_bad, narrow
from pinner.operations.bisect.histories import Between, histories_of
from pinner.operations.bisect.probing import Prober, Run
from pinner.operations.sides import Side
from pinner.words.pins import GitPin, Lock
from pinner.words.problems import InputError, Problem

SHORT = 12
_OPPOSITE = {Verdict.GOOD: Verdict.BAD, Verdict.BAD: Verdict.GOOD, Verdict.SKIP: Verdict.SKIP}


@dataclass(frozen=True, slots=True)
class Bisection:
    """What was found.

    `wrong_end` is the side that is not what the user said of it; then the rest is empty. `suspects` are the modules
    that broke it: one, or those that only skipped runs could tell apart. `together` are the modules whose changes it
    takes too; `is_proved` is False where skipped runs kept that from being shown. `commits` are the suspect's: one,
    or those that only skipped runs could tell apart; with `is_mend` they mended something, and BAD lacks them.
    `remark` says why there are none, `is_open` that there may be some.
    """

    good: Side
    bad: Side
    runs: tuple[Run, ...] = ()
    wrong_end: Side | None = None
    suspects: tuple[PinChange, ...] = ()
    together: tuple[PinChange, ...] = ()
    is_proved: bool = True
    commits: tuple[Commit, ...] = ()
    is_mend: bool = False
    remark: str | None = None
    is_open: bool = False

    @property
    def is_found(self) -> bool:
        """Tell whether nothing was left open."""
        return len(self.suspects) == 1 and len(self.commits) <= 1 and not self.is_open


def bisect(good: Side, bad: Side, prober: Prober, *, is_trusted: bool = False) -> Bisection:
    """Return what broke `bad`; `is_trusted` leaves out the two runs that show that the ends are what they are called.

    Raises InputError where both sides run the same code, UnknownError where the command gives up.
    """
    search = _Search(good, bad, differing(good, bad), prober)
    wrong = None if is_trusted else search.wrong_end()
    found = Bisection(good, bad, wrong_end=wrong) if wrong else search.find_module()
    if len(found.suspects) == 1:
        found = search.find_commit(found)
    return replace(found, runs=tuple(prober.runs))


def differing(good: Side, bad: Side) -> tuple[PinChange, ...]:
    """Return the changes from one side to the other; raises InputError where there are none."""
    changes = changes_between(good.lock, bad.lock)
    if not changes:
        message = f"{good.label} and {bad.label} run the same code: nothing can have broken between them"
        raise InputError(Problem(message, hint="'pinner diff' shows what differs between two locks"))
    return changes


@dataclass(frozen=True, slots=True)
class _Search:
    good: Side
    bad: Side
    changes: tuple[PinChange, ...]
    prober: Prober

    def wrong_end(self) -> Side | None:
        if self._judge(()) is not Verdict.GOOD:
            return self.good
        return None if self._judge(self.changes) is Verdict.BAD else self.bad

    def find_module(self) -> Bisection:
        """Find a smallest set of changes that is bad by itself.

        The shortest bad beginning of the list ends with a module that is needed. If that is not bad alone, then the
        shortest beginning that is bad together with it ends with another one, and so on.
        """
        needed: tuple[PinChange, ...] = ()
        end = len(self.changes)
        while True:
            start, end = narrow(0, end, self._beginnings_with(needed))
            if not needed and (wrong := self._wrong_after_all(start, end)):
                return Bisection(self.good, self.bad, wrong_end=wrong)
            if end - start > 1:
                return self._unproved(needed, start, end)
            needed, end = (*needed, self.changes[start]), start
            verdict = self._judge(needed)
            if verdict is Verdict.BAD:
                return Bisection(self.good, self.bad, suspects=needed[:1], together=needed[1:])
            if verdict is Verdict.SKIP:
                return self._unproved(needed, 0, end)

    def find_commit(self, found: Bisection) -> Bisection:
        """Find the commit of the one suspect, with the modules that it needs as in BAD and the others as in GOOD."""
        (suspect,) = found.suspects
        rest = with_changes(self.good.lock, self.bad.lock, found.together)
        if suspect.moved is None:
            return replace(found, remark=_unmoved(suspect))
        if self.prober.judge(rest, _described(found.together, self)) is not Verdict.GOOD:
            remark = "no commit was looked for: what it takes beside this module is not good without it"
            return replace(found, remark=remark, is_open=True)
        between = histories_of((suspect,), self.prober.workspace).get(suspect.module)
        if between is None:
            remark = "no commit was looked for: no history that has both commits could be had"
            return replace(found, remark=remark, is_open=True)
        return self._among(between, found, suspect.moved, rest)

    def _among(
        self, between: Between, found: Bisection, moved: tuple[GitPin, GitPin], rest: Lock
    ) -> Bisection:
        old, new = moved

        def judge(commit: str) -> Verdict:
            return self.prober.judge(at_commit(rest, new, commit), f"{new.module} at {commit[:SHORT]}")

        verdict = judge(between.base)
        if verdict is Verdict.GOOD:
            return replace(found, commits=first_bad(between.ahead, judge))
        if verdict is Verdict.SKIP:
            remark = f"no commit was looked for: the run at {between.base[:SHORT]}, where the two part, was skipped"
            return replace(found, remark=remark, is_open=True)
        if judge(old.commit) is not Verdict.GOOD:
            return replace(found, remark="no commit broke it: its new place did (install_path)")
        mended = first_bad(between.behind, lambda commit: _OPPOSITE[judge(commit)])
        return replace(found, commits=mended, is_mend=True)

    def _beginnings_with(self, needed: tuple[PinChange, ...]) -> Callable[[int], Verdict]:
        return lambda number: self._judge((*self.changes[:number], *needed))

    def _wrong_after_all(self, start: int, end: int) -> Side | None:
        """Look at an end that the search ran into; costs no run where both ends were looked at before."""
        if start == 0 and self._judge(()) is not Verdict.GOOD:
            return self.good
        is_last = end == len(self.changes)
        return self.bad if is_last and self._judge(self.changes) is not Verdict.BAD else None

    def _unproved(self, needed: tuple[PinChange, ...], start: int, end: int) -> Bisection:
        """Return what is known where skipped runs end the search: the set that is bad, its suspects first."""
        suspects = needed[:1] or self.changes[start:end]
        together = (*needed[1:], *self.changes[: end if needed else start])
        return Bisection(self.good, self.bad, suspects=suspects, together=together, is_proved=False)

    def _judge(self, changes: tuple[PinChange, ...]) -> Verdict:
        return self.prober.judge(
            with_changes(self.good.lock, self.bad.lock, changes), _described(changes, self)
        )


def _described(changes: tuple[PinChange, ...], search: _Search) -> str:
    """Return in words which changes a run tries."""
    if not changes:
        return search.good.label
    if len(changes) == len(search.changes):
        return search.bad.label
    if len(changes) == 1:
        return f"{search.good.label} with {changes[0].module} of {search.bad.label}"
    return f"{search.good.label} with {len(changes)} modules of {search.bad.label}: {_names(changes)}"


def _names(changes: Iterable[PinChange]) -> str:
    names = sorted(change.module for change in changes)
    return ", ".join(names) if len(names) <= 3 else f"{names[0]} to {names[-1]}"  # noqa: PLR2004 - as many are read at a glance


def _unmoved(change: PinChange) -> str:
    """Say why a change has no commits to look among."""
    if change.before is None or change.after is None:
        return f"the module was {'added' if change.before is None else 'removed'}, so there is no commit to look for"
    if not isinstance(change.before, GitPin) or not isinstance(change.after, GitPin):
        return "the module comes from the Forge, which has no commits"
    if change.before.git != change.after.git:
        return "the module comes from another repository, so no commits lie between"
    return "the module has the same commit at another place (install_path)"
