"""Interleaved rounds: A B C A B C, so that a slow minute of the machine hits every competitor alike."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median

from tools.bench.cost import Cost

Run = Callable[[], Cost]


@dataclass(frozen=True, slots=True)
class Runs:
    """What one competitor cost, round by round, and what else is worth telling of it."""

    label: str
    costs: tuple[Cost, ...]
    note: str = ""

    def of(self, quantity: str) -> tuple[float, ...]:
        """Return `wall`, `cpu` or `peak` of every round."""
        return tuple(float(getattr(cost, quantity)) for cost in self.costs)


@dataclass(frozen=True, slots=True)
class Ratio:
    """`above` to `below`, in `wall` or `cpu`; `aim` is the highest that is wanted, None where none is set."""

    above: Runs
    below: Runs
    aim: float | None = None
    quantity: str = "wall"

    @property
    def by_round(self) -> tuple[float, ...]:
        """Return the ratio of each round: both sides had the same weather."""
        pairs = zip(self.above.of(self.quantity), self.below.of(self.quantity), strict=True)
        return tuple(above / below for above, below in pairs)

    @property
    def of_best(self) -> float:
        """Return the ratio of both sides' best rounds."""
        return min(self.above.of(self.quantity)) / min(self.below.of(self.quantity))

    @property
    def is_met(self) -> bool:
        """Return whether the aim holds in the median round."""
        return self.aim is None or median(self.by_round) <= self.aim


@dataclass(frozen=True, slots=True)
class Limit:
    """An aim for what one competitor costs at most in the median round: seconds of `wall` or `cpu`, bytes of `peak`."""

    runs: Runs
    quantity: str
    at_most: float

    @property
    def found(self) -> float:
        """Return what it cost in the median round."""
        return median(self.runs.of(self.quantity))


@dataclass(frozen=True, slots=True)
class Section:
    """One question of the benchmark with its answer."""

    title: str
    about: str
    runs: tuple[Runs, ...]
    ratios: tuple[Ratio, ...] = ()
    limits: tuple[Limit, ...] = ()


def interleave(
    rounds: int, run_by_label: Mapping[str, Run], *, before: Callable[[], None] = lambda: None
) -> Mapping[str, Runs]:
    """Run every competitor once a round, in their order, and return label to what it cost.

    `before` is called at the beginning of each round, unmeasured.
    """
    costs: dict[str, list[Cost]] = {label: [] for label in run_by_label}
    for _ in range(rounds):
        before()
        for label, run in run_by_label.items():
            costs[label].append(run())
    return {label: Runs(label, tuple(each)) for label, each in costs.items()}
