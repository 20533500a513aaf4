"""Hold the results of the commands that inspect and lock environments, and of `doctor`; others are in files of their own."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from pinner.model.errors import COULD_NOT_FIND_OUT, Location, Problem
from pinner.model.findings import EnvironmentResult, Finding, Level
from pinner.model.lock import Commit, GitPin, Lock, LockRef, Pin, Series, Status
from pinner.model.manifest import RequirementSource, Text
from pinner.model.module_api import Definition, ModuleApi, Parameter


@dataclass(frozen=True, slots=True)
class EnvironmentSummary:
    """One environment of the project; `lock` is None if there is none yet, `release` if the manifest names none."""

    name: str
    release: str | None
    lock: Lock | None
    bases: tuple[str, ...] = ()
    description: str | None = None
    owners: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Need:
    """A module that another one requires, with the range; `is_pinned` is False if the environment lacks it."""

    module: str
    range: str
    is_pinned: bool


@dataclass(frozen=True, slots=True)
class DependencyTree:
    """The dependencies of a lock's modules, without those that the manifest ignores.

    `needs` maps each module to what it requires, or with `is_reversed` to what requires it; `roots` are the
    modules to start from.
    """

    environment: str
    lock: Lock
    needs: Mapping[str, tuple[Need, ...]]
    roots: tuple[str, ...]
    is_reversed: bool = False

    def rows(self) -> Iterator[tuple[tuple[bool, ...], Need | None, str, bool]]:
        """Yield each row of the drawn tree: its place, the need that leads to it, the module, and if it is repeated.

        The place has, for each level above and the row's own, whether it is the last one there. What a module
        requires is drawn once; a repeated module that requires something is marked.
        """
        drawn: set[str] = set()
        waiting: list[tuple[tuple[bool, ...], Need | None, str]] = [
            ((), None, root) for root in reversed(self.roots)
        ]
        while waiting:
            place, need, module = waiting.pop()
            below = self.needs.get(module, ())
            is_repeated = module in drawn and bool(below)
            yield place, need, module, is_repeated
            if module not in drawn:
                drawn.add(module)
                rows = [((*place, one is below[-1]), one, one.module) for one in below]
                waiting += reversed(rows)


@dataclass(frozen=True, slots=True)
class ModuleContents:
    """One module at its pin: the commit that was read, and what it defines; `definition` is the only one asked for."""

    environment: str
    pin: Pin
    git: str
    commit: str
    api: ModuleApi
    definition: str | None = None


@dataclass(frozen=True, slots=True)
class SettingValue:
    """One setting in force: `origin` is an option, a variable, a place in pinner.yaml, or `default`."""

    name: str
    value: str
    origin: str


class CheckState(StrEnum):
    """The result of one check of `doctor`."""

    OK = "ok"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that `doctor` checked: `subject` is what, `message` what was found, `hint` how to fix it."""

    subject: str
    state: CheckState
    message: str
    hint: str | None = None


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What `doctor` found on this machine."""

    checks: tuple[Check, ...]
    settings: tuple[SettingValue, ...]

    @property
    def is_healthy(self) -> bool:
        """Return whether no check failed."""
        return all(check.state is not CheckState.FAILED for check in self.checks)


@dataclass(frozen=True, slots=True)
class CommitApi:
    """The API of the repository `git` at `commit` (40 hex digits)."""

    git: str
    commit: str
    api: ModuleApi


@dataclass(frozen=True, slots=True)
class Readiness:
    """What the operator's data and code require before the new modules run, in numbers of keys and classes.

    `required`: compilation stops without an edit. `ignored`: the key no longer has any effect. `review`: a person must
    decide. `is_sound` is False if the new set of modules could not be locked, or something could not be determined.
    `only` are the modules that this is about, if it is not about all.
    """

    required: int = 0
    ignored: int = 0
    deprecated: int = 0
    review: int = 0
    is_sound: bool = True
    only: tuple[str, ...] = ()

    @property
    def is_ready(self) -> bool:
        """Return whether the new modules can run with the data and code as they are."""
        return self.is_sound and not (self.required or self.ignored or self.review)


@dataclass(frozen=True, slots=True)
class Audit:
    """One environment's findings, by place; `problems` are what could not be determined.

    `modules`, `data_files`, `keys` and `code_files` count what was read. `only` are the modules that were chosen, if any.
    """

    environment: str
    lock: Lock
    modules: int
    data_files: int
    keys: int
    code_files: int
    findings: tuple[Finding, ...]
    problems: tuple[Problem, ...]
    only: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:
        """Return 3 if something could not be determined, 1 if something should be fixed, else 0."""
        if self.problems:
            return COULD_NOT_FIND_OUT
        return int(any(finding.level is not Level.INFO for finding in self.findings))

    @property
    def readiness(self) -> Readiness:
        """Return what the data and code require for the locked modules; warnings without a number of their own are to review."""
        kinds = Counter(
            "required"
            if finding.level is Level.ERROR
            else "ignored"
            if finding.code == "hiera-unbound"
            else "deprecated"
            if finding.code.endswith("-deprecated")
            else "review"
            for finding in self.findings
            if finding.level is not Level.INFO
        )
        return Readiness(
            kinds["required"],
            kinds["ignored"],
            kinds["deprecated"],
            kinds["review"],
            is_sound=not self.problems,
            only=self.only,
        )

    @property
    def as_environment(self) -> "EnvironmentResult":
        """Return the findings in the form that formats for CI systems are made from."""
        return EnvironmentResult(self.environment, self.lock, self.lock, self.findings)


@dataclass(frozen=True, slots=True)
class PinChange:
    """One module whose pin differs; `before` or `after` is None if that side lacks it."""

    module: str
    before: Pin | None
    after: Pin | None

    @property
    def moved(self) -> tuple[GitPin, GitPin] | None:
        """Return both pins if only the commit within the same repository changed."""
        before, after = self.before, self.after
        if isinstance(before, GitPin) and isinstance(after, GitPin) and before.git == after.git:
            return (before, after) if before.commit != after.commit else None
        return None


class Verdict(StrEnum):
    """The command's result for one set of pins; `skip` means that it could not decide."""

    GOOD = "good"
    BAD = "bad"
    SKIP = "skip"


@dataclass(frozen=True, slots=True)
class SearchPlan:
    """The maximum number of runs if the command skips none and a single module causes the failure by itself.

    `ends` is for both ends, `modules` to find one of `changed` modules, `proof` to show that it fails by
    itself, `commits` to find one commit of `module`, the module with the longest search.
    """

    changed: int
    ends: int
    modules: int
    proof: int
    commits: int
    module: str | None

    @property
    def runs(self) -> int:
        """Return the total number of runs."""
        return self.ends + self.modules + self.proof + self.commits


@dataclass(frozen=True, slots=True)
class Run:
    """One run of the command: its number, counted from 1, what was tried, and the result."""

    number: int
    tried: str
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Bisection:
    """The result of a bisection.

    `wrong_end` is the side that does not have the state the user gave; everything else is then empty.
    `suspects` are the modules that caused the failure: one, or those that could not be distinguished because
    of skipped runs. `together` are the modules whose changes are also required for the failure; `is_proved`
    is False if skipped runs prevented the proof. `commits` are the suspect's commits: one, or those that
    could not be distinguished because of skipped runs. With `is_fix`, these commits fixed something and BAD
    lacks them. `remark` is the reason why there are none, `is_open` is True if there may be some.
    """

    good: LockRef
    bad: LockRef
    runs: tuple[Run, ...] = ()
    wrong_end: LockRef | None = None
    suspects: tuple[PinChange, ...] = ()
    together: tuple[PinChange, ...] = ()
    is_proved: bool = True
    commits: tuple[Commit, ...] = ()
    is_fix: bool = False
    remark: str | None = None
    is_open: bool = False

    @property
    def is_found(self) -> bool:
        """Return whether the search is complete."""
        return len(self.suspects) == 1 and len(self.commits) <= 1 and not self.is_open


class EndState(StrEnum):
    """How far a release is at its end: `reached` its end of life, `near` it, or `unmaintained`."""

    REACHED = "reached"
    NEAR = "near"
    UNMAINTAINED = "unmaintained"


class UpdateKind(StrEnum):
    """In what respect a pin is not up to date."""

    BEHIND = "behind"
    NEWER_TAG = "newer-tag"
    NEWER_MAJOR = "newer-major"
    NEWER_RELEASE = "newer-release"
    GATE_MOVED = "gate-moved"
    END_OF_LIFE = "end-of-life"
    UNTIL = "until"


@dataclass(frozen=True, slots=True)
class Update:
    """Something newer, or near its end: `what` describes it, `to` is the ref, version or date concerned.

    `end` is set if it is about the end of a release, `date` (YYYY-MM-DD) then is the day of its end of life, if known.
    """

    kind: UpdateKind
    what: str
    to: str
    end: EndState | None = None
    date: str | None = None


@dataclass(frozen=True, slots=True)
class ModuleUpdates:
    """The available updates of one pin, in the order of UpdateKind; `end_of_life` is the date of its release, if known."""

    name: str
    pin: GitPin
    news: tuple[Update, ...]
    end_of_life: str | None = None

    @property
    def is_behind(self) -> bool:
        """Return whether something newer is available, and not only an end near or reached."""
        return any(one.kind not in {UpdateKind.END_OF_LIFE, UpdateKind.UNTIL} for one in self.news)


@dataclass(frozen=True, slots=True)
class AvailableUpdates:
    """One environment's pins that have updates, by name.

    `lock` is None if there is none; `unknown` are findings about what could not be determined; `checked` is
    the number of pins that updates were looked for; `release` is that of the manifest.
    """

    name: str
    lock: Lock | None
    modules: tuple[ModuleUpdates, ...] = ()
    unknown: tuple[Finding, ...] = ()
    checked: int = 0
    release: Series | None = None


@dataclass(frozen=True, slots=True)
class OutdatedReport:
    """What upstream has that the locks do not; `findings` are about the facts that this was judged by."""

    environments: tuple[AvailableUpdates, ...]
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Bill:
    """A lock's bill of materials; `needs` maps a module to the modules of the lock it depends on, sorted.

    `direct` names the modules that the manifest requires, sorted; all others are there because one of them
    needs them. `runtimes` are `puppet` or `openvox` with the version that the manifest gives.
    """

    lock: Lock
    needs: Mapping[str, tuple[str, ...]]
    direct: tuple[str, ...]
    runtimes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ModuleStatus:
    """One pin; `behind` counts the commits its ref has that it lacks, None if it could not be determined.

    The pin's `status` is that of the ref that carries its release now, and `ref_now` that ref, if the selector means
    another one than the locked one. `release` is the OpenStack release that the pin belongs to, `phase` that of the
    release today: as its ref or its dates prove, whichever is later. `is_fork` means that the
    repository is not the one of the catalogue, `is_override` that the manifest has an entry for the module, `until` the
    date on which that is to end, and `is_late` that this date has passed.
    """

    name: str
    pin: Pin
    behind: int | None
    ref_now: str | None = None
    release: Series | None = None
    phase: Status | None = None
    is_fork: bool = False
    is_override: bool = False
    until: str | None = None
    is_late: bool = False

    @property
    def is_current(self) -> bool:
        """Return whether its ref has no commit that it lacks, and is not at its end of life."""
        return not self.behind and self.phase is not Status.END_OF_LIFE


@dataclass(frozen=True, slots=True)
class EnvironmentStatus:
    """One environment; `lock` is None if there is none, `unknown` are what could not be determined.

    `description`, `owners` and `release` are those of the manifest.
    """

    name: str
    lock: Lock | None
    modules: tuple[ModuleStatus, ...] = ()
    unknown: tuple[Finding, ...] = ()
    description: str | None = None
    owners: tuple[str, ...] = ()
    release: Series | None = None


@dataclass(frozen=True, slots=True)
class Dashboard:
    """All environments for one page; `series` are the releases from the oldest in use on, oldest first.

    `served` has for each deployed environment the lock id that each server serves, None for a server without it; it
    is None if no server was looked at. `previous` is the state that the page before this one had, as `pinner.report.html.dashboard` wrote it.
    """

    statuses: tuple[EnvironmentStatus, ...]
    made_on: date
    series: tuple[Series, ...] = ()
    previous: Mapping[str, object] = field(default_factory=dict)
    served: Mapping[str, tuple[str | None, ...]] | None = None

    def is_deployed(self, status: EnvironmentStatus) -> bool | None:
        """Return whether every server serves the environment's lock; None if that was not checked, or without a lock."""
        if self.served is None or status.lock is None:
            return None
        return set(self.served.get(status.name, ())) == {status.lock.lock_id}


@dataclass(frozen=True, slots=True)
class Dependent:
    """A module of the same environment that depends on the module in question, with the range it requires."""

    module: str
    range: str


@dataclass(frozen=True, slots=True)
class KeyMeaning:
    """What a Hiera key, or the name of a class or type, means in the pinned code of its module.

    `definition` is the one so named, or the one that has the `parameter` so named; None if the module has neither.
    `unknown` is the reason if the code could not be read.
    """

    name: str
    definition: Definition | None = None
    parameter: Parameter | None = None
    unknown: str | None = None


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a module is in an environment: what requires it, where, and the resulting pin.

    `is_inherited` is True if the line is in a base instead of the environment's own manifest. `key` is set if the
    module was named by something in it. `phase` is that of the release today, if the pin's
    ref carries one.
    """

    environment: str
    module: str
    rule: RequirementSource | None
    place: Location | None
    is_inherited: bool
    release: Text | None
    pin: Pin | None
    dependents: tuple[Dependent, ...]
    reason: Text | None = None
    until: Text | None = None
    key: KeyMeaning | None = None
    phase: Status | None = None


class How(StrEnum):
    """Why a commit was found; all kinds but the last are the requested change or a part of it."""

    COMMIT = "commit"
    CHANGE = "change"
    CLOSES = "closes"
    PARTIAL = "partial"
    RELATED = "related"


@dataclass(frozen=True, slots=True)
class Hit:
    """One commit that was found; `change_id` is Gerrit's Change-Id, None if it has none."""

    commit: str
    subject: str
    committed_at: datetime
    how: How
    change_id: str | None = None

    @property
    def is_it(self) -> bool:
        """Return whether having this commit means having the requested change."""
        return self.how is not How.RELATED


class State(StrEnum):
    """Where a change that the pin lacks is: on the pin's own branch by now, or not there at all."""

    WAITING = "waiting"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class MissingChange:
    """One change of the newer branch.

    `is_fix` is a guess: the change closes a bug, fixes a vulnerability, or its subject suggests a fix.
    """

    commit: str
    subject: str
    committed_at: datetime
    change_id: str | None
    bugs: tuple[str, ...]
    is_security: bool
    is_fix: bool
    state: State


@dataclass(frozen=True, slots=True)
class Missing:
    """All changes of `branch` (a short name) that the pin of `environment` lacks.

    They are sorted: security fixes first, then other fixes, newest first.
    """

    environment: str
    pin: GitPin
    branch: str
    changes: tuple[MissingChange, ...]


class QueryKind(StrEnum):
    """What a query may refer to."""

    COMMIT = "commit"
    CHANGE = "change"
    BUG = "bug"


@dataclass(frozen=True, slots=True)
class Query:
    """One interpretation of a query.

    `value` is the start of a commit id or of a Change-Id (with its `I`), or a bug's number.
    """

    kind: QueryKind
    value: str

    def __str__(self) -> str:
        return {QueryKind.COMMIT: "commit ", QueryKind.CHANGE: "Change-Id ", QueryKind.BUG: "bug "}[
            self.kind
        ] + self.value


@dataclass(frozen=True, slots=True)
class FoundCommit:
    """One commit that was found in the repository `git`, with the full names of the refs that contain it.

    `first_release` is the tag of the oldest release among the refs, None if no release has it.
    """

    git: str
    hit: Hit
    refs: tuple[str, ...]
    first_release: str | None


@dataclass(frozen=True, slots=True)
class Undone:
    """A commit that a pin contains, and the commit that reverts it."""

    commit: str
    by: str


@dataclass(frozen=True, slots=True)
class Sighting:
    """One pin of a repository in which something was found.

    `has` are the found commits that the pin contains, `undone` those of them that were reverted.
    `update_brings` is True if the pin lacks the change and the commit that its selector resolves to now has
    it.
    """

    environment: str
    pin: GitPin
    has: tuple[Hit, ...] = ()
    undone: tuple[Undone, ...] = ()
    update_brings: bool = False

    @property
    def is_in(self) -> bool:
        """Return whether the pin has the requested change; related commits of a bug alone do not count."""
        gone = {row.commit for row in self.undone}
        return any(hit.is_it and hit.commit not in gone for hit in self.has)


@dataclass(frozen=True, slots=True)
class Search:
    """The result of a search; `environments` are all that were requested, `unlocked` those without a lock.

    `unknown` are findings about what could not be searched.
    """

    queries: tuple[Query, ...]
    environments: tuple[str, ...]
    unlocked: tuple[str, ...]
    commits: tuple[FoundCommit, ...]
    sights: tuple[Sighting, ...]
    unknown: tuple[Finding, ...] = ()
