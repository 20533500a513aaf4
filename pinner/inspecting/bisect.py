"""`pinner bisect`: find the module and the commit that broke a lock by running a command on other locks."""

import os
import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from math import ceil, log2
from pathlib import Path

from pinner.deploying.templates import BUILT_IN, render
from pinner.git.mirrors.metadata import temporary_directory
from pinner.git.objects.history import list_commits, merge_base
from pinner.git.objects.read import check_out
from pinner.git.process.children import end_session, forget, start
from pinner.git.process.repository import Mirror
from pinner.model.errors import InputError, Problem, UnknownError
from pinner.model.lock import Commit, ForgePin, GitPin, Lock, LockRef, Pin
from pinner.model.results import Bisection, PinChange, Run, SearchPlan, Verdict
from pinner.model.text import SHORT
from pinner.workspace.locks import hold_commits, hold_pins
from pinner.workspace.workspace import Workspace


def with_changes(good: Lock, bad: Lock, changes: Iterable[PinChange]) -> Lock:
    """Return `good` with some of the changes, under the name of the bad environment, which is to be fixed."""
    pins = dict(good.pins)
    wanted = tuple(changes)
    for change in wanted:
        pins.pop(change.module, None)
        if change.after:
            pins[change.module] = change.after
    is_whole = pins.keys() == bad.pins.keys() and all(
        _code(pins[name]) == _code(bad.pins[name]) for name in pins
    )
    moduledir = bad.moduledir if is_whole else good.moduledir
    return Lock(bad.environment, dict(sorted(pins.items())), moduledir)


def _code(pin: Pin | None) -> tuple[str, ...]:
    if pin is None:
        return ()
    if isinstance(pin, ForgePin):
        return pin.install_path, pin.forge, pin.version
    return pin.install_path, pin.git, pin.commit


SKIP = 125
FIRST_ABORT = 128


@dataclass(slots=True)
class Prober:
    """Judges locks by running `command` once for each; `on_run` is called after each run."""

    command: tuple[str, ...]
    workspace: Workspace
    is_deployed: bool
    on_run: Callable[[Run], None]
    runs: list[Run] = field(default_factory=list)
    known: dict[str, Verdict] = field(default_factory=dict)

    def judge(self, lock: Lock, tried: str) -> Verdict:
        """Return the command's verdict on `lock`; raises UnknownError if it aborts (status 128 or more)."""
        key = f"{lock.lock_id} {lock.moduledir}"
        if key not in self.known:
            number = len(self.runs) + 1
            self.known[key] = verdict = _verdict(self._run(lock, number), number, tried)
            self.runs.append(Run(number, tried, verdict))
            self.on_run(self.runs[-1])
        return self.known[key]

    def _run(self, lock: Lock, number: int) -> int:
        with temporary_directory("pinner-bisect-") as made:
            directory = made / "probe"
            directory.mkdir()
            puppetfile = directory / "Puppetfile"
            puppetfile.write_text(render([(lock, BUILT_IN)], self.workspace)[0], encoding="utf-8")
            variables = {
                "PINNER_PUPPETFILE": str(puppetfile),
                "PINNER_ENVIRONMENT": lock.environment,
                "PINNER_PROBE": str(number),
            }
            if self.is_deployed:
                deploy(lock, directory, self.workspace)
                variables["PINNER_MODULES"] = str(directory / lock.moduledir)
            return _status(self.command, directory, variables)


def find_command(words: tuple[str, ...]) -> tuple[str, ...]:
    """Return the command with its program as an absolute path; raises InputError if it does not exist."""
    found = shutil.which(words[0])
    if found is None:
        hint = "write it as you would type it in a shell, or 'sh -c …' for a line of shell"
        raise InputError(Problem(f"no executable command {words[0]!r} was found", hint=hint))
    return (os.path.abspath(found), *words[1:])  # noqa: PTH100 - resolve() would follow a link that names an applet


def deploy(lock: Lock, directory: Path, workspace: Workspace) -> None:
    """Write every git module of `lock` below `directory` where r10k would.

    Modules from the Forge are left out. Raises UnknownError if a commit is not available.
    """
    pins = [pin for pin in lock.pins.values() if isinstance(pin, GitPin)]
    holdings = hold_pins(pins, workspace)
    mirrors = [(pin, holdings[pin.git].with_commits(pin.commit)) for pin in pins]
    lacking = [pin for pin, mirror in mirrors if mirror is None]
    if lacking:
        raise UnknownError(
            Problem(f"module '{pin.module}': commit {pin.commit} of {pin.git} could not be had", hint=_FETCH)
            for pin in lacking
        )
    (directory / lock.moduledir).mkdir(parents=True, exist_ok=True)
    scratch = directory.parent / "git"
    workspace.map(lambda row: _write(*row, directory=directory, scratch=scratch), mirrors)


_FETCH = "run without --offline, and look whether the repository still has that commit"


def _write(pin: GitPin, mirror: Mirror | None, *, directory: Path, scratch: Path) -> None:
    if mirror:
        check_out(mirror, pin.commit, directory / pin.install_path / pin.module, scratch=scratch / pin.module)


def _status(command: tuple[str, ...], directory: Path, variables: Mapping[str, str]) -> int:
    """Return the exit status of the command; its stdout goes to stderr, as pinner's own is for the result.

    When the command exits, the processes that it left running in its session are ended.
    """
    inherited = {name: value for name, value in os.environ.items() if name != "PINNER_MODULES"}
    try:
        process = start(command, environment={**inherited, **variables}, stdout=2, stderr=None, cwd=directory)
    except OSError as error:
        raise InputError(Problem(f"{command[0]} cannot be run: {error.strerror}")) from error
    try:
        return process.wait()
    finally:
        end_session(process.pid)
        process.wait()
        forget(process)


def _verdict(status: int, number: int, tried: str) -> Verdict:
    """Return the verdict that `git bisect run` gives for a status."""
    if status == 0:
        return Verdict.GOOD
    if status == SKIP:
        return Verdict.SKIP
    if 0 < status < FIRST_ABORT:
        return Verdict.BAD
    ended = f"was killed by signal {-status}" if status < 0 else f"gave up with status {status}"
    hint = "exit status 0 means good, 125 unknown, any other below 128 bad"
    raise UnknownError(Problem(f"the command {ended} in run {number} ({tried})", hint=hint))


def narrow_range(good: int, bad: int, judge: Callable[[int], Verdict]) -> tuple[int, int]:
    """Return the closest numbers known to be good and bad; all numbers between them were skipped."""
    skipped: set[int] = set()
    while between := [number for number in range(good + 1, bad) if number not in skipped]:
        center = good + bad
        middle = min(between, key=lambda number: abs(2 * number - center))
        verdict = judge(middle)
        if verdict is Verdict.GOOD:
            good = middle
        elif verdict is Verdict.BAD:
            bad = middle
        else:
            skipped.add(middle)
    return good, bad


def first_bad(commits: Iterable[Commit], judge: Callable[[str], Verdict]) -> tuple[Commit, ...]:
    """Return the first bad commit; if runs were skipped, all commits that it may be, newest first.

    `commits` are ordered children before parents; the first is bad, and parents that are not in the list are
    good. As in git, the next commit to try is the one whose history within the list is nearest to half of
    what is left.
    """
    listed = tuple(commits)
    number_by_id = {commit.id: number for number, commit in enumerate(listed)}
    histories = _histories(listed, number_by_id)
    left, tip, skipped = histories[0], 0, 0
    while open_ := left & ~(1 << tip) & ~skipped:
        size = left.bit_count()
        tried = min(_numbers(open_), key=lambda one: abs(2 * (histories[one] & left).bit_count() - size))
        verdict = judge(listed[tried].id)
        if verdict is Verdict.GOOD:
            left &= ~histories[tried]
        elif verdict is Verdict.BAD:
            left, tip = left & histories[tried], tried
        else:
            skipped |= 1 << tried
    return tuple(listed[number] for number in _numbers(left))


def _histories(listed: tuple[Commit, ...], number_by_id: Mapping[str, int]) -> list[int]:
    """Return for each commit the set, as bits, of itself and its ancestors in the list."""
    histories = [0] * len(listed)
    for number in reversed(range(len(listed))):
        bits = 1 << number
        for parent in listed[number].parents:
            if parent in number_by_id:
                bits |= histories[number_by_id[parent]]
        histories[number] = bits
    return histories


def _numbers(bits: int) -> Iterable[int]:
    """Return the numbers of the bits that are set, in ascending order."""
    return [number for number in range(bits.bit_length()) if bits >> number & 1]


@dataclass(frozen=True, slots=True)
class Between:
    """The commits between a good and a bad one, newest first.

    `base` is their newest common ancestor; only the bad side has the commits in `ahead`, only the good side
    those in `behind`.
    """

    base: str
    ahead: tuple[Commit, ...]
    behind: tuple[Commit, ...]


def runs_for(number: int) -> int:
    """Return how often a number of candidates must be halved until one remains."""
    return ceil(log2(number)) if number > 1 else 0


def histories_of(changes: Iterable[PinChange], workspace: Workspace) -> Mapping[str, Between]:
    """Return the commits between the two pins of each module, by module name.

    Modules are left out if one of the commits is not available, or if the two have no common history.
    """
    moves = {change.module: change.moved for change in changes if change.moved}
    commits: dict[str, set[str]] = {}
    for pair in moves.values():
        commits.setdefault(pair[0].git, set()).update(pin.commit for pin in pair)
    holdings = hold_commits(commits, workspace)
    found: dict[str, Between] = {}
    for module, (old, new) in moves.items():
        mirror = holdings[old.git].with_commits(old.commit, new.commit)
        base = mirror and merge_base(mirror, old.commit, new.commit)
        if mirror and base:
            ahead = list_commits(mirror, old.commit, new.commit)
            found[module] = Between(base, ahead, list_commits(mirror, new.commit, old.commit))
    return found


_OPPOSITE = {Verdict.GOOD: Verdict.BAD, Verdict.BAD: Verdict.GOOD, Verdict.SKIP: Verdict.SKIP}


def bisect(good: LockRef, bad: LockRef, prober: Prober, *, is_trusted: bool = False) -> Bisection:
    """Return what broke `bad`; `is_trusted` skips the two runs that check that the ends are good and bad.

    Raises InputError if both locks have the same code, and UnknownError if the command aborts.
    """
    search = _Search(good, bad, differing(good, bad), prober)
    wrong = None if is_trusted else search.wrong_end(0, len(search.changes))
    found = Bisection(good, bad, wrong_end=wrong) if wrong else search.find_module()
    if len(found.suspects) == 1:
        found = search.find_commit(found)
    return replace(found, runs=tuple(prober.runs))


def differing(good: LockRef, bad: LockRef) -> tuple[PinChange, ...]:
    """Return the modules whose code or install path differs, sorted by name; raises InputError if there are none."""
    before, after = good.lock.pins, bad.lock.pins
    pairs = (
        PinChange(name, before.get(name), after.get(name)) for name in sorted(before.keys() | after.keys())
    )
    changes = tuple(change for change in pairs if _code(change.before) != _code(change.after))
    if not changes:
        message = f"{good.label} and {bad.label} run the same code: nothing can have broken between them"
        raise InputError(Problem(message, hint="'pinner diff' shows what differs between two locks"))
    return changes


@dataclass(frozen=True, slots=True)
class _Search:
    good: LockRef
    bad: LockRef
    changes: tuple[PinChange, ...]
    prober: Prober

    def wrong_end(self, start: int, end: int) -> LockRef | None:
        """Return the end that a search reached if it is wrong; no run if both ends were checked before."""
        if start == 0 and self._judge(()) is not Verdict.GOOD:
            return self.good
        is_last = end == len(self.changes)
        return self.bad if is_last and self._judge(self.changes) is not Verdict.BAD else None

    def find_module(self) -> Bisection:
        """Find a minimal set of changes that is bad by itself.

        The shortest prefix of the list that is bad ends with a module that is needed. If this module alone is
        not bad, the shortest prefix that is bad together with it ends with another module that is needed, and
        so on.
        """
        needed: tuple[PinChange, ...] = ()
        end = len(self.changes)
        while True:
            start, end = narrow_range(0, end, self._beginnings_with(needed))
            if not needed and (wrong := self.wrong_end(start, end)):
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
        """Find the commit of the one suspect, with `together` as in BAD and all other modules as in GOOD."""
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
            # The ref and the version of another commit are not known.
            pin = new if new.commit == commit else replace(new, commit=commit, ref=None, version=None)
            lock = replace(rest, pins=dict(sorted({**rest.pins, new.module: pin}.items())))
            return self.prober.judge(lock, f"{new.module} at {commit[:SHORT]}")

        verdict = judge(between.base)
        if verdict is Verdict.GOOD:
            return replace(found, commits=first_bad(between.ahead, judge))
        if verdict is Verdict.SKIP:
            remark = f"no commit was looked for: the run at {between.base[:SHORT]}, where the two part, was skipped"
            return replace(found, remark=remark, is_open=True)
        if judge(old.commit) is not Verdict.GOOD:
            return replace(found, remark="no commit broke it: its new place did (install_path)")
        mended = first_bad(between.behind, lambda commit: _OPPOSITE[judge(commit)])
        return replace(found, commits=mended, is_fix=True)

    def _beginnings_with(self, needed: tuple[PinChange, ...]) -> Callable[[int], Verdict]:
        return lambda number: self._judge((*self.changes[:number], *needed))

    def _unproved(self, needed: tuple[PinChange, ...], start: int, end: int) -> Bisection:
        """Return what is known when skipped runs end the search: the set that is bad, suspects first."""
        suspects = needed[:1] or self.changes[start:end]
        together = (*needed[1:], *self.changes[: end if needed else start])
        return Bisection(self.good, self.bad, suspects=suspects, together=together, is_proved=False)

    def _judge(self, changes: tuple[PinChange, ...]) -> Verdict:
        return self.prober.judge(
            with_changes(self.good.lock, self.bad.lock, changes), _described(changes, self)
        )


def _described(changes: tuple[PinChange, ...], search: _Search) -> str:
    """Describe the changes that a run tries."""
    if not changes:
        return search.good.label
    if len(changes) == len(search.changes):
        return search.bad.label
    if len(changes) == 1:
        return f"{search.good.label} with {changes[0].module} of {search.bad.label}"
    names = sorted(change.module for change in changes)
    listed = ", ".join(names) if len(names) <= 3 else f"{names[0]} to {names[-1]}"  # noqa: PLR2004 - as many are read at a glance
    return f"{search.good.label} with {len(changes)} modules of {search.bad.label}: {listed}"


def _unmoved(change: PinChange) -> str:
    """Return the reason why a change has no commits to search."""
    if change.before is None or change.after is None:
        return f"the module was {'added' if change.before is None else 'removed'}, so there is no commit to look for"
    if not isinstance(change.before, GitPin) or not isinstance(change.after, GitPin):
        return "the module comes from the Forge, which has no commits"
    if change.before.git != change.after.git:
        return "the module comes from another repository, so there are no commits in between"
    return "the module has the same commit at another place (install_path)"


def plan(good: LockRef, bad: LockRef, workspace: Workspace, *, is_trusted: bool = False) -> SearchPlan:
    """Return the number of runs that a search takes; raises InputError if both locks have the same code.

    A trusted end is still run when the search reaches it, so trusting the ends does not always save runs.
    """
    changes = differing(good, bad)
    # The largest number of runs that a search among the commits takes if no run is skipped.
    runs = {
        name: runs_for(max(len(between.ahead), len(between.behind))) + bool(between.behind)
        for name, between in sorted(histories_of(changes, workspace).items())
    }
    module = max(runs, key=lambda name: runs[name], default=None)
    return SearchPlan(
        changed=len(changes),
        ends=1 if is_trusted else 2,
        modules=runs_for(len(changes)),
        proof=int(len(changes) > 1),
        commits=runs[module] if module else 0,
        module=module,
    )
