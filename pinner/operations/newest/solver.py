"""Finding the newest releases that satisfy everybody. The same question has the same answer, and there is a last round."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING

from resolvelib import AbstractProvider, BaseReporter, ResolutionImpossible, ResolutionTooDeep, Resolver

from pinner.operations.demands import Corrections, Demand, is_met
from pinner.operations.newest.offers import Offer, Offers

if TYPE_CHECKING:
    from resolvelib.structs import Matches, RequirementInformation

    Information = RequirementInformation[Demand, Offer]

MOST_ROUNDS = 2_000


@dataclass(frozen=True, slots=True)
class Puzzle:
    """What is to be solved for one environment.

    `roots` are the demands of the modules that are there whatever comes out. `fixed` maps those, and everything else
    that the manifest names, to versions (None: not known); `puppet` is the version the environment runs. `kept` are
    releases that stay as long as they satisfy everybody.
    """

    roots: tuple[Demand, ...]
    fixed: Mapping[str, str | None]
    corrections: Corrections
    puppet: str | None = None
    kept: Mapping[str, Offer] = field(default_factory=dict)

    def demands_of(self, offer: Offer) -> tuple[Demand, ...]:
        """Return what a release asks for."""
        return self.corrections.demands(offer.module, offer.dependencies, release=offer.version)

    def objections(self, offer: Offer) -> Iterator[Demand]:
        """Yield the demands of a release that what is fixed does not meet."""
        for demand in self.demands_of(offer):
            version = self.fixed.get(demand.module)
            if version is not None and not is_met(demand.range, version):
                yield demand
        for row in offer.requirements:
            if self.puppet is not None and row.name == "puppet" and not is_met(row.range, self.puppet):
                yield Demand(offer.module, "puppet", "puppet", row.range, offer.version)


class NoSolutionError(Exception):
    """No set of releases satisfies everybody; `causes` are the demands that met last. Never leaves this folder."""

    def __init__(self, causes: Iterable[Demand]) -> None:
        super().__init__()
        self.causes = tuple(dict.fromkeys(causes))


class TooManyRoundsError(Exception):
    """The last round came before a solution. Never leaves this folder."""


def solve(puzzle: Puzzle, offers: Offers, *, rounds: int = MOST_ROUNDS) -> Mapping[str, Offer]:
    """Return module to release; raises NoSolutionError or TooManyRoundsError."""
    roots = [demand for demand in puzzle.roots if is_open(demand, puzzle, offers)]
    resolver: Resolver[Demand, Offer, str] = Resolver(_Provider(puzzle, offers), BaseReporter())
    try:
        return resolver.resolve(roots, max_rounds=rounds).mapping
    except ResolutionImpossible as error:
        raise NoSolutionError(cause.requirement for cause in error.causes) from None
    except ResolutionTooDeep:
        raise TooManyRoundsError from None


def is_open(demand: Demand, puzzle: Puzzle, offers: Offers) -> bool:
    """Tell whether a release is to be found for that demand: its module is not fixed, and has a home that answers."""
    if demand.module in puzzle.fixed or offers.home(demand.module) is None:
        return False
    return offers.failure(demand.module) is None


def admitting(demands: Iterable[Demand]) -> Callable[[str], bool]:
    """Return what tells of a version whether it meets all demands."""
    ranges = frozenset(demand.range for demand in demands)
    return lambda version: all(is_met(wanted, version) for wanted in ranges)


def candidates(
    module: str, demands: Sequence[Demand], puzzle: Puzzle, offers: Offers, *, objects: bool = True
) -> Iterator[Offer]:
    """Return the releases that meet the demands, the kept one first, then the newest.

    What is fixed may object to a release, which then is left out unless `objects` is False.
    """
    admits = admitting(demands)
    kept = puzzle.kept.get(module)
    if kept and admits(kept.version):
        found = chain(
            (kept,), (offer for offer in offers.newest_first(module, admits) if offer.tag != kept.tag)
        )
    else:
        found = chain(offers.newest_first(module, admits))
    return (offer for offer in found if not objects or not any(puzzle.objections(offer)))


class _Provider(AbstractProvider[Demand, Offer, str]):
    """What resolvelib asks about our modules."""

    def __init__(self, puzzle: Puzzle, offers: Offers) -> None:
        self._puzzle = puzzle
        self._offers = offers

    def identify(self, requirement_or_candidate: Demand | Offer) -> str:
        return requirement_or_candidate.module

    def get_preference(
        self,
        identifier: str,
        resolutions: Mapping[str, Offer],  # noqa: ARG002 - resolvelib's signature
        candidates: Mapping[str, Iterator[Offer]],  # noqa: ARG002
        information: Mapping[str, Iterator["Information"]],
        backtrack_causes: Sequence["Information"],
    ) -> tuple[bool, int, str]:
        """Put first what collided last, then what has the fewest releases to choose from."""
        is_cause = any(
            identifier in {cause.requirement.module, cause.parent.module if cause.parent else None}
            for cause in backtrack_causes
        )
        demands = (row.requirement for row in information[identifier])
        return not is_cause, self._offers.count(identifier, admitting(demands)), identifier

    def find_matches(
        self,
        identifier: str,
        requirements: Mapping[str, Iterator[Demand]],
        incompatibilities: Mapping[str, Iterator[Offer]],
    ) -> "Matches[Offer]":
        demands = tuple(requirements[identifier])
        refused = frozenset(incompatibilities[identifier])
        return lambda: (
            offer
            for offer in candidates(identifier, demands, self._puzzle, self._offers)
            if offer not in refused
        )

    def is_satisfied_by(self, requirement: Demand, candidate: Offer) -> bool:
        return is_met(requirement.range, candidate.version)

    def get_dependencies(self, candidate: Offer) -> list[Demand]:
        demands = self._puzzle.demands_of(candidate)
        return [demand for demand in demands if is_open(demand, self._puzzle, self._offers)]
