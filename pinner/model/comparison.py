"""Hold comparisons of two locks, and the plan of an upgrade: what changes, and what must be done, in the order of the work."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum

from pinner.model.errors import COULD_NOT_FIND_OUT, Location, Problem
from pinner.model.findings import UNKNOWN, EnvironmentResult, Finding
from pinner.model.lock import Commit, LockRef, Pin, Series
from pinner.model.module_api import ApiChange, Severity, Unreadable
from pinner.model.results import Readiness


@dataclass(frozen=True, slots=True)
class PinFieldChange:
    """A change of a pin besides its code: `key` is want, ref, status, git, install_path or source."""

    key: str
    before: str | None
    after: str | None

    def __str__(self) -> str:
        return f"{self.key}: {self.before or 'none'} -> {self.after or 'none'}"


class Effect(StrEnum):
    """What happens if the user changes nothing; the worst first.

    `breaks`: compilation stops. `ignored`: the key no longer has any effect. `type`: the parameter's data
    type changed, and whether this value still matches cannot be determined. `deprecated`: works, with a
    warning.
    """

    BREAKS = "breaks"
    IGNORED = "ignored"
    TYPE = "type"
    DEPRECATED = "deprecated"


@dataclass(frozen=True, slots=True)
class DataEffect:
    """The effect of the change on one key in data or site code, at one or more places.

    `key` is the Hiera key or, for code, the key that would have the same effect; `module` is the module that
    the key belongs to. `replacement` is the key that the code proves to take the same value now, if there is
    one. `is_code` is True for places in site code, `is_by_hand` if the value goes on in a form that only a
    person can give it. With `is_missing`, the key is required and not set, and `place` is where its class is used.
    `also` are the further places.
    """

    effect: Effect
    key: str
    module: str
    place: Location
    hint: str | None = None
    replacement: str | None = None
    is_code: bool = False
    is_by_hand: bool = False
    is_missing: bool = False
    also: tuple[Location, ...] = ()

    @property
    def places(self) -> tuple[Location, ...]:
        """Return all places, in their order."""
        return (self.place, *self.also)


def fold_places(effects: Iterable[DataEffect]) -> tuple[DataEffect, ...]:
    """Return one effect for those that differ only in their place; the worst first, then in their order."""
    found: dict[DataEffect, DataEffect] = {}
    for effect in effects:
        alike = replace(effect, place=_NOWHERE, also=())
        first = found.setdefault(alike, effect)
        if effect.place not in first.places:
            found[alike] = replace(first, also=(*first.also, effect.place))
    order = tuple(Effect)
    return tuple(sorted(found.values(), key=lambda effect: order.index(effect.effect)))


_NOWHERE = Location("")


class NoteChange(StrEnum):
    """What happened to a release note between two commits."""

    NEW = "new"
    CHANGED = "changed"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class ReleaseNote:
    """One entry of a release note: `path` is inside the module; `names` are the names of code in its text."""

    section: str
    text: str
    path: str
    change: NoteChange = NoteChange.NEW
    names: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class UnreadNote:
    """A release note that could not be read, and the reason."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Trailers:
    """The facts in a commit message other than its subject.

    `bugs` are the numbers (as text) of the bugs it closes, `change_id` is Gerrit's Change-Id, `is_security`
    is True if it fixes a vulnerability, and `vulnerabilities` are the ids (CVE-…, OSSA-…) it names.
    """

    bugs: tuple[str, ...] = ()
    change_id: str | None = None
    is_security: bool = False
    vulnerabilities: tuple[str, ...] = ()


class ChangeKind(StrEnum):
    """What happened to a module between two locks; `same` means the same code, whatever its selectors."""

    ADDED = "added"
    REMOVED = "removed"
    MOVED = "moved"
    SAME = "same"


class Direction(StrEnum):
    """How a module moved: forward in its history, to another line of history, or backward.

    Backward is: only the old side has commits, or its version is higher.
    """

    UP = "up"
    DOWN = "down"
    SIDEWAYS = "sideways"


@dataclass(frozen=True, slots=True)
class ModuleChange:
    """One module in both locks; `before` or `after` is None if that lock does not contain it.

    `ahead` counts the commits that only the new side has, `behind` those that only the old side has; both are
    None if no available repository has both commits. `commits` are the commits that `ahead` counts, newest
    first, without merges. `pin_changes` are the other changed fields of the pin: selector, ref, status,
    repository, install path. `trailers` maps commit ids to the facts in their messages.

    `code_from` is the repository in which the code of a Forge module was read. `formerly` is the previous name of
    a module from the same repository: quantum, for neutron. `api` are the changes of its API, `unreadable` the changed files that cannot be read. `notes` are its release notes,
    security first; `explained` maps API changes to the notes that describe them. `hiera` are the effects on
    the operator's data and code, `applying` the changes of defaults that the operator uses: of classes that data or code
    name, and that neither sets.
    """

    name: str
    change: ChangeKind
    before: Pin | None
    after: Pin | None
    ahead: int | None = None
    behind: int | None = None
    direction: Direction | None = None
    commits: tuple[Commit, ...] = ()
    pin_changes: tuple[PinFieldChange, ...] = ()
    trailers: Mapping[str, Trailers] = field(default_factory=dict)
    formerly: str | None = None
    code_from: str | None = None
    api: tuple[ApiChange, ...] = ()
    unreadable: tuple[Unreadable | UnreadNote, ...] = ()
    notes: tuple[ReleaseNote, ...] = ()
    explained: Mapping[ApiChange, ReleaseNote] = field(default_factory=dict)
    hiera: tuple[DataEffect, ...] = ()
    applying: frozenset[ApiChange] = frozenset()

    @property
    def commits_by_weight(self) -> tuple[Commit, ...]:
        """Return the commits, security fixes first."""
        fixes = {name for name, trailers in self.trailers.items() if trailers.is_security}
        return tuple(sorted(self.commits, key=lambda commit: commit.id not in fixes))


@dataclass(frozen=True, slots=True)
class Comparison:
    """All modules of two locks, by name; `problems` describe what could not be determined.

    `is_data_checked` is True if the operator's data or code were compared with both sides. `made_on` is the date of the
    comparison. `only` are the chosen modules, if not all of them are in it.
    """

    before: LockRef
    after: LockRef
    modules: tuple[ModuleChange, ...]
    problems: tuple[Problem, ...] = field(default=())
    is_data_checked: bool = False
    made_on: date | None = None
    only: tuple[str, ...] = ()

    @property
    def is_same(self) -> bool:
        """Return whether both sides have the same code in the same directories."""
        return self.before.lock.lock_id == self.after.lock.lock_id

    @property
    def effects(self) -> tuple[DataEffect, ...]:
        """Return the effects on the operator's data and code in all modules, the worst first."""
        order = tuple(Effect)
        effects = (effect for change in self.modules for effect in change.hiera)
        return tuple(sorted(effects, key=lambda effect: order.index(effect.effect)))

    @property
    def readiness(self) -> Readiness | None:
        """Return what the operator must do, None if neither data nor code were checked."""
        if not self.is_data_checked:
            return None
        numbers = Counter(effect.effect for effect in self.effects)
        return Readiness(
            numbers[Effect.BREAKS],
            numbers[Effect.IGNORED],
            numbers[Effect.DEPRECATED],
            numbers[Effect.TYPE],
            is_sound=not self.problems,
            only=self.only,
        )


@dataclass(frozen=True, slots=True)
class History:
    """The commits between two commits of a module.

    `ahead` counts the commits that only the new side has, `behind` those that only the old side has, both
    including merges. `commits` are those that only the new side has, newest first, without merges; `trailers`
    maps commit ids to the facts in their messages.
    """

    ahead: int
    behind: int
    commits: tuple[Commit, ...]
    trailers: Mapping[str, Trailers]


@dataclass(frozen=True, slots=True)
class CommitRange:
    """What changed in a module between two commits; `history` is None if no available repository has both.

    `api` are the changes of the module's API, `unreadable` the changed files and notes that could not be
    read, `notes` its release notes, security first.
    """

    history: History | None = None
    api: tuple[ApiChange, ...] = ()
    unreadable: tuple[Unreadable | UnreadNote, ...] = ()
    notes: tuple[ReleaseNote, ...] = ()


Name = tuple[str, str | None]
"""A definition's name, and one of its parameters or None for the definition itself."""


@dataclass(frozen=True, slots=True)
class Milestone:
    """The releases that deprecated and removed something, None for what did not happen within the upgrade.

    `advice` is the text of the deprecation; `successor` is the new name of the key or definition.
    """

    deprecated: Series | None = None
    removed: Series | None = None
    advice: str | None = None
    successor: str | None = None

    def __str__(self) -> str:
        parts = (("deprecated", self.deprecated), ("removed", self.removed))
        return ", ".join(f"{word} in {release}" for word, release in parts if release)


PACKAGES = "packages-release"
"""The kind of a step that changes the release of a package repository in the operator's data."""


class Stage(StrEnum):
    """The sections of a plan, in their order."""

    MANIFEST = "manifest"
    MODULES = "modules"
    THIRD_PARTY = "third-party"
    BEFORE = "before"
    AFTER = "after"
    LOOK = "look"


STAGE_HEADINGS = {
    Stage.MANIFEST: "Change in the manifest",
    Stage.MODULES: "Modules added, removed or kept",
    Stage.THIRD_PARTY: "Third-party modules that change with them",
    Stage.BEFORE: "Change in your data before the new modules run",
    Stage.AFTER: "Clean up in your data later",
    Stage.LOOK: "Needs manual review",
}


@dataclass(frozen=True, slots=True)
class Edit:
    """A change of a text; `new` is None if the entry is to be removed, `old` if one is to be added."""

    old: str | None
    new: str | None


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do or to consider.

    `kind` is a stable name for scripts; `text` is a sentence. `key` is the Hiera key concerned; `edit` is the
    change to make at `place`, if it can be given exactly. `also` are further places of the same step. With
    `is_missing`, the key is nowhere yet, and the places are those that require it.
    """

    stage: Stage
    kind: str
    text: str
    module: str | None = None
    place: Location | None = None
    key: str | None = None
    edit: Edit | None = None
    hint: str | None = None
    also: tuple[Location, ...] = ()
    is_missing: bool = False

    @property
    def places(self) -> tuple[Location, ...]:
        """Return all places of the step, in their order."""
        return (*((self.place,) if self.place else ()), *self.also)


class EditKind(StrEnum):
    """What happens to one place of a manifest."""

    RELEASE = "release"
    RENAMED = "renamed"
    GONE = "gone"
    SELECTOR = "selector"


@dataclass(frozen=True, slots=True)
class ManifestEdit:
    """A change of one scalar of a manifest; `new` is None if its entry is removed.

    If a module's selector changes, `old` and `new` are its whole entries (`tag: zed-eom`), and `place` is that of
    the value.
    """

    kind: EditKind
    old: str
    new: str | None
    place: Location
    module: str | None = None


NO_DATA, NOTES = "no-data", "notes"
_TO_READ = frozenset({"security", "critical", "upgrade", "issues"})


def total_steps(comparison: Comparison) -> Iterator[Step]:
    """Yield the steps that count what all modules of a comparison have: breaking changes without data, and release notes."""
    breaking = sum(one.severity is Severity.BREAKS for change in comparison.modules for one in change.api)
    if breaking and not comparison.is_data_checked:
        text = f"no data given: which of the {breaking} breaking changes affect you was not checked"
        hint = "use --hiera DIR, and --code DIR for site manifests and profiles"
        yield Step(Stage.LOOK, NO_DATA, text, hint=hint)
    unread = {
        change.name: sum(
            note.section in _TO_READ and note.change is not NoteChange.REMOVED for note in change.notes
        )
        for change in comparison.modules
    }
    numbers = ", ".join(f"{name} {number}" for name, number in unread.items() if number)
    if numbers:
        yield Step(Stage.LOOK, NOTES, f"release notes on upgrades, security and known issues: {numbers}")


@dataclass(frozen=True, slots=True)
class Leg:
    """The upgrade between two releases: the resulting lock, the changes, and the plan.

    `failures` are the modules that could not be pinned, `findings` all others for that lock; `is_sound` is
    True if `pinner lock` would write it. `when` lists what was deprecated or removed in between, if the
    upgrade skips releases.
    """

    start: Series
    target: Series
    failures: tuple[Finding, ...]
    findings: tuple[Finding, ...]
    is_sound: bool
    comparison: Comparison
    plan: tuple[Step, ...]
    when: Mapping[Name, Milestone] = field(default_factory=dict)

    @property
    def readiness(self) -> Readiness | None:
        """Return what the operator must do, None if neither data nor code were checked."""
        found = self.comparison.readiness
        if found is None:
            return None
        packages = sum(step.kind == PACKAGES for step in self.plan)
        return replace(found, required=found.required + packages, is_sound=found.is_sound and self.is_sound)

    def only(self, modules: frozenset[str]) -> "Leg":
        """Return the leg with only the changes and steps of these modules, and the steps of no module."""
        changes = tuple(change for change in self.comparison.modules if change.name in modules)
        comparison = replace(self.comparison, modules=changes, only=tuple(sorted(modules)))
        totals = tuple(total_steps(comparison))
        kept = (step for step in self.plan if step.module in {None, *modules})
        plan = (*totals, *(step for step in kept if step.kind not in {NO_DATA, NOTES}))
        return replace(
            self, comparison=comparison, plan=tuple(sorted(plan, key=lambda step: step.kind == NOTES))
        )

    @property
    def changes(self) -> Iterator[ApiChange]:
        """Yield the API changes of all modules."""
        return (one for change in self.comparison.modules for one in change.api)

    def steps(self, stage: Stage) -> tuple[Step, ...]:
        """Return the steps of one section of the plan."""
        return tuple(step for step in self.plan if step.stage is stage)


@dataclass(frozen=True, slots=True)
class Upgrade:
    """A planned upgrade: `whole` from start to target, `legs` release by release if that was requested."""

    environment: str
    whole: Leg
    legs: tuple[Leg, ...] = ()

    @property
    def shown(self) -> tuple[Leg, ...]:
        """Return the legs to follow: one per release, or the whole upgrade at once."""
        return self.legs or (self.whole,)

    def only(self, modules: frozenset[str]) -> "Upgrade":
        """Return the same plan for these modules only, or unchanged if there are none."""
        if not modules:
            return self
        legs = tuple(leg.only(modules) for leg in self.legs)
        return replace(self, whole=self.whole.only(modules), legs=legs)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Return what could not be determined."""
        return tuple(dict.fromkeys(problem for leg in self.shown for problem in leg.comparison.problems))

    @property
    def exit_code(self) -> int:
        """Return 3 if something could not be determined, 1 if `lock` would refuse a lock, else 0."""
        failures = (failure for leg in self.shown for failure in leg.failures)
        if self.problems or any(failure.code in UNKNOWN for failure in failures):
            return COULD_NOT_FIND_OUT
        return int(not all(leg.is_sound for leg in self.shown))


@dataclass(frozen=True, slots=True)
class Proposal:
    """What `lock` or `update` changes in one environment.

    `comparison` is None if there was no lock before, if none could be made, or if no pin changes.
    """

    result: EnvironmentResult
    comparison: Comparison | None = None
