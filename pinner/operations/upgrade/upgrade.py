"""`pinner upgrade`: what a move to another release would change, and how to get there; nothing is written."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from pinner.openstack.series import Series
from pinner.operations.answers import Answers, Progress, ask
from pinner.operations.compare import Comparison, compare
from pinner.operations.lock import UNKNOWN
from pinner.operations.material import NOTHING, Material
from pinner.operations.sides import Side
from pinner.operations.upgrade.data_steps import data_steps
from pinner.operations.upgrade.milestones import Hop, Milestone, Name, hop_of, milestones, read_hops
from pinner.operations.upgrade.module_steps import (
    finding_steps,
    manifest_steps,
    module_steps,
    third_party_steps,
)
from pinner.operations.upgrade.progress import after_steps
from pinner.operations.upgrade.references import reference_steps
from pinner.operations.upgrade.retelling import names_in, retell
from pinner.operations.upgrade.review_steps import review_steps
from pinner.operations.upgrade.steps import Stage, Step
from pinner.operations.upgrade.target import Target, aim, releases_between
from pinner.operations.upgrade.trial import Trial, known_gaps, pin, try_target, urls_of
from pinner.operations.wanted import WantedSet
from pinner.operations.workspace import Workspace
from pinner.words.changes import ApiChange
from pinner.words.exit_codes import COULD_NOT_FIND_OUT
from pinner.words.problems import InputError, Problem


@dataclass(frozen=True, slots=True)
class Start:
    """Where a leg begins: what is wanted there, the lock, and the operator's data as they are then."""

    wanted: WantedSet
    side: Side
    material: Material

    @property
    def series(self) -> Series:
        """Return the release it is on."""
        if self.wanted.series is None:
            raise AssertionError
        return self.wanted.series


@dataclass(frozen=True, slots=True)
class Leg:
    """One move between two releases: the lock it would give, what changes, and the plan.

    `when` tells of what was deprecated or went in between, on a way over several releases.
    """

    start: Series
    target: Target
    trial: Trial
    comparison: Comparison
    plan: tuple[Step, ...]
    when: Mapping[Name, Milestone] = field(default_factory=dict)

    @property
    def changes(self) -> Iterator[ApiChange]:
        """Yield the changes of all modules' code."""
        return (one for change in self.comparison.modules for one in change.api)

    def steps(self, stage: Stage) -> tuple[Step, ...]:
        """Return one chapter of the plan."""
        return tuple(step for step in self.plan if step.stage is stage)


@dataclass(frozen=True, slots=True)
class Upgrade:
    """A move that has not been made: `whole` from one end to the other, `legs` release by release if that was asked."""

    environment: str
    whole: Leg
    legs: tuple[Leg, ...] = ()

    @property
    def shown(self) -> tuple[Leg, ...]:
        """Return the legs to work through: each release, or the whole way at once."""
        return self.legs or (self.whole,)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Return what could not be found out."""
        return tuple(dict.fromkeys(problem for leg in self.shown for problem in leg.comparison.problems))

    @property
    def exit_code(self) -> int:
        """Return 3 where something could not be found out, 1 where `lock` would refuse one of the locks, else 0."""
        failures = (failure for leg in self.shown for failure in leg.trial.failures)
        if self.problems or any(failure.code in UNKNOWN for failure in failures):
            return COULD_NOT_FIND_OUT
        return int(not all(leg.trial.is_sound for leg in self.shown))


def upgrade(
    workspace: Workspace,
    environment: str,
    to: Series,
    *,
    material: Material = NOTHING,
    goes_through: bool = False,
    on_done: Progress | None = None,
) -> Upgrade:
    """Return what moving an environment to release `to` means, also for the operator's data in `material`.

    Raises InputError where the environment has no lock or no release to start from.
    """
    (wanted,) = workspace.want((environment,))
    before = workspace.locks((environment,))[environment]
    releases = releases_between(wanted, to)
    if before is None:
        hint = f"run 'pinner lock {environment}'"
        raise InputError(Problem(f"environment '{environment}' has no lock to start from", hint=hint))
    start = Start(wanted, Side(environment, before), material)
    targets = _targets(wanted, releases, workspace)
    answers = ask(workspace, {url for one in targets for url in urls_of(one.wanted, before)}, on_done=on_done)
    if goes_through:
        return _through(start, targets, answers)
    target, trial = try_target(aim(wanted, to, workspace.settings), before, answers)
    return Upgrade(
        environment, _leg(start, target, trial, answers, hops=_hops(start, targets, trial, answers))
    )


def _targets(wanted: WantedSet, releases: Iterable[Series], workspace: Workspace) -> tuple[Target, ...]:
    """Return the manifest on each release, each moved on from the one before."""
    targets: list[Target] = []
    for release in releases:
        targets.append(aim(wanted, release, workspace.settings))
        wanted = targets[-1].wanted
    return tuple(targets)


def _through(start: Start, targets: Iterable[Target], answers: Answers) -> Upgrade:
    """Go release by release; the data of each leg are those of the leg before, edited as its plan says."""
    legs: list[Leg] = []
    here = start
    for target in targets:
        before = here.side.lock
        aimed, trial = try_target(target.after(here.wanted.manifest), before, answers)
        legs.append(_leg(here, aimed, trial, answers))
        here = Start(aimed.wanted, legs[-1].comparison.after, after_steps(here.material, legs[-1].plan))
    whole = aim(start.wanted, legs[-1].target.series, answers.workspace.settings)
    if any(leg.target.overrides for leg in legs):  # only those of the last release count for the whole way
        whole, trial = try_target(whole, before, answers)
    hops = tuple(hop_of(leg.target.series, leg.changes) for leg in legs)
    return Upgrade(start.side.lock.environment, _leg(start, whole, trial, answers, hops=hops), tuple(legs))


def _hops(start: Start, targets: Iterable[Target], trial: Trial, answers: Answers) -> tuple[Hop, ...]:
    """Return what came with each release on a way that is gone at once."""
    *between, last = targets
    stations = [(start.series, start.side.lock)]
    for target in between:
        stations.append((target.series, pin(target.wanted, stations[-1][1], answers)))
    return read_hops((*stations, (last.series, trial.lock)), answers.workspace) if between else ()


def _leg(start: Start, target: Target, trial: Trial, answers: Answers, *, hops: tuple[Hop, ...] = ()) -> Leg:
    after = Side(f"{trial.lock.environment} on {target.series}", trial.lock)
    comparison = compare(start.side, after, answers.workspace, start.material)
    when = milestones(names_in(comparison), hops)
    comparison = retell(comparison, when)
    gaps = known_gaps(start.wanted, start.side.lock, answers)
    data = tuple(data_steps(comparison, when))
    plan = (
        *manifest_steps(target),
        *module_steps(comparison, target, trial),
        *third_party_steps(comparison, trial, gaps),
        *data,
        *reference_steps(start.material, data),
        *finding_steps(trial),
        *review_steps(comparison, start.material),
    )
    order = tuple(Stage)
    ordered = tuple(sorted(plan, key=lambda step: order.index(step.stage)))
    return Leg(start.series, target, trial, comparison, ordered, when)
