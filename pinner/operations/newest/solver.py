"""Finding the newest releases that satisfy everybody. The same question has the same answer, and there is a last round."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from resolvelib import AbstractProvider, BaseReporter, ResolutionImpossible, ResolutionTooDeep, Resolver

from pinner.operations.demands import Demand, is_met
from pinner.operations.newest.offers import Offer, Offers
from pinner.operations.newest.puzzle import Puzzle, admitting, candidates, is_open
from pinner.operations.newest.support import supported

if TYPE_CHECKING:
    from resolvelib.structs import Matches, RequirementInformation

    Information = RequirementInformation[Demand, Offer]

FIRST_ROUNDS = 100
"""Rounds after which it is worth to look which releases can be part of a solution at all."""
MOST_ROUNDS = 2_000


class NoSolutionError(Exception):
    """No set of releases satisfies everybody. Never leaves this folder."""


class TooManyRoundsError(Exception):
    """The last round came before a solution. Never leaves this folder."""


def solve(puzzle: Puzzle, offers: Offers) -> Mapping[str, Offer]:
    """Return module to release; raises NoSolutionError or TooManyRoundsError."""
    try:
        return _search(puzzle, offers, FIRST_ROUNDS)
    except TooManyRoundsError:
        left = supported(puzzle, offers)
    if not all(left.values()):
        raise NoSolutionError
    return _search(replace(puzzle, left=left), offers, MOST_ROUNDS)


def _search(puzzle: Puzzle, offers: Offers, rounds: int) -> Mapping[str, Offer]:
    roots = [demand for demand in puzzle.roots if is_open(demand, puzzle, offers)]
    resolver: Resolver[Demand, Offer, str] = Resolver(_Provider(puzzle, offers), BaseReporter())
    try:
        return resolver.resolve(roots, max_rounds=rounds).mapping
    except ResolutionImpossible:
        raise NoSolutionError from None
    except ResolutionTooDeep:
        raise TooManyRoundsError from None


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
    ) -> tuple[bool, bool, int, str]:
        """Put first what collided last; then what the environment's own modules ask for, which so is as new as can be.

        Among those the ones with the fewest releases to choose from: otherwise most ways lead nowhere.
        """
        is_cause = any(
            identifier in {cause.requirement.module, cause.parent.module if cause.parent else None}
            for cause in backtrack_causes
        )
        demands = [row.requirement for row in information[identifier]]
        is_indirect = all(demand.release for demand in demands)
        return (
            is_indirect,
            not is_cause,
            self._offers.count(identifier, admitting(demand.range for demand in demands)),
            identifier,
        )

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
