"""Releases that cannot go with any release of another module, taken out before the search: little is left, or nothing.

Two releases go together if each meets what the other asks of it, and if whatever both ask for has a version for both.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from pinner.operations.demands import is_met
from pinner.operations.newest.offers import Offer, Offers
from pinner.operations.newest.puzzle import Puzzle, admitting, candidates, is_open


@dataclass(slots=True)
class _Shelf:
    """The releases that are left of each module, and what each of them asks of which module."""

    left: dict[str, list[Offer]]
    wishes: Mapping[Offer, Mapping[str, frozenset[str]]]
    versions: Mapping[str, tuple[str, ...]]
    _both: dict[tuple[str, frozenset[str]], bool] = field(default_factory=dict)

    def go_together(self, one: Offer, other: Offer) -> bool:
        asked, asks = self.wishes[one], self.wishes[other]
        if not _meets(other, asked) or not _meets(one, asks):
            return False
        return all(
            self._has_version(module, asked[module] | asks[module]) for module in asked.keys() & asks.keys()
        )

    def _has_version(self, module: str, ranges: frozenset[str]) -> bool:
        key = module, ranges
        if key not in self._both:
            versions = self.versions.get(module, ())
            self._both[key] = any(all(is_met(wanted, found) for wanted in ranges) for found in versions)
        return self._both[key]

    def take_out(self, module: str) -> bool:
        """Take out the releases of a module that some other module has no release for; tell whether there were any."""
        others = [releases for name, releases in self.left.items() if name != module]
        kept = [
            one
            for one in self.left[module]
            if all(any(self.go_together(one, other) for other in releases) for releases in others)
        ]
        is_less = len(kept) < len(self.left[module])
        self.left[module] = kept
        return is_less


def supported(puzzle: Puzzle, offers: Offers) -> Mapping[str, tuple[str, ...]]:
    """Return module to the tags that are left of it, for the modules that the puzzle's roots ask for.

    Where one has none left, the puzzle has no solution.
    """
    shelf = _shelf(puzzle, offers)
    while any(shelf.take_out(module) for module in sorted(shelf.left)):
        if not all(shelf.left.values()):
            break
    return {module: tuple(offer.tag for offer in releases) for module, releases in shelf.left.items()}


def _shelf(puzzle: Puzzle, offers: Offers) -> _Shelf:
    roots = [demand for demand in puzzle.roots if is_open(demand, puzzle, offers)]
    left = {
        module: list(
            candidates(module, [demand for demand in roots if demand.module == module], puzzle, offers)
        )
        for module in {demand.module for demand in roots}
    }
    wishes = {offer: _wishes(offer, puzzle, offers) for releases in left.values() for offer in releases}
    asked = {module for ranges in wishes.values() for module in ranges}
    versions = {module: tuple(_versions(module, left, offers)) for module in asked}
    return _Shelf(left, wishes, versions)


def _wishes(offer: Offer, puzzle: Puzzle, offers: Offers) -> Mapping[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for demand in puzzle.demands_of(offer):
        if is_open(demand, puzzle, offers):
            found.setdefault(demand.module, set()).add(demand.range)
    return {module: frozenset(ranges) for module, ranges in found.items()}


def _versions(module: str, left: Mapping[str, list[Offer]], offers: Offers) -> Iterator[str]:
    if module in left:
        yield from (offer.version for offer in left[module])
    else:
        yield from offers.versions(module)


def _meets(offer: Offer, wishes: Mapping[str, frozenset[str]]) -> bool:
    return admitting(wishes.get(offer.module, ()))(offer.version)
