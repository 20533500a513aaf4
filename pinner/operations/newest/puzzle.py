"""What is to be solved for one environment, and which releases may be part of it."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain

from pinner.operations.demands import Corrections, Demand, is_met
from pinner.operations.newest.offers import Offer, Offers


@dataclass(frozen=True, slots=True)
class Puzzle:
    """What is to be solved for one environment.

    `roots` are the demands of the modules that are there whatever comes out. `fixed` maps those, and everything else
    that the manifest names, to versions (None: not known); `puppet` is the version the environment runs. `kept` are
    releases that stay as long as they satisfy everybody; `left` are the tags that are left of a module, where others
    were found to be useless.
    """

    roots: tuple[Demand, ...]
    fixed: Mapping[str, str | None]
    corrections: Corrections
    puppet: str | None = None
    kept: Mapping[str, Offer] = field(default_factory=dict)
    left: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

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


def is_open(demand: Demand, puzzle: Puzzle, offers: Offers) -> bool:
    """Tell whether a release is to be found for that demand: its module is not fixed, and has a home that answers."""
    if demand.module in puzzle.fixed or offers.home(demand.module) is None:
        return False
    return offers.failure(demand.module) is None


def admitting(ranges: Iterable[str]) -> Callable[[str], bool]:
    """Return what tells of a version whether it lies in all ranges."""
    wanted = frozenset(ranges)
    return lambda version: all(is_met(some, version) for some in wanted)


def candidates(
    module: str, demands: Sequence[Demand], puzzle: Puzzle, offers: Offers, *, objects: bool = True
) -> Iterator[Offer]:
    """Return the releases that meet the demands, the kept one first, then the newest.

    What is fixed may object to a release, which then is left out unless `objects` is False.
    """
    admits = admitting(demand.range for demand in demands)
    kept = puzzle.kept.get(module)
    if kept and admits(kept.version):
        found = chain(
            (kept,), (offer for offer in offers.newest_first(module, admits) if offer.tag != kept.tag)
        )
    else:
        found = chain(offers.newest_first(module, admits))
    tags = puzzle.left.get(module)
    allowed = (offer for offer in found if tags is None or offer.tag in tags)
    return (offer for offer in allowed if not objects or not any(puzzle.objections(offer)))
