"""Asking in waves before anything is solved, so that the solver meets repositories and metadata that are there already."""

from collections.abc import Iterable, Iterator

from pinner.operations.demands import Demand
from pinner.operations.newest.offers import Offers
from pinner.operations.newest.puzzle import Puzzle, admitting, candidates


def ask_ahead(puzzles: Iterable[Puzzle], offers: Offers) -> None:
    """Ask for all modules that the puzzles seem to need, and read their first releases, one wave after the other."""
    puzzles = tuple(puzzles)
    seen: set[str] = set()
    wave = {demand.module for puzzle in puzzles for demand in puzzle.roots}
    while wave:
        seen |= wave
        offers.ask(wave)
        roots = [(puzzle, module, _roots_on(module, puzzle)) for puzzle in puzzles for module in sorted(wave)]
        offers.read_ahead(
            (module, admitting(demand.range for demand in demands)) for _, module, demands in roots
        )
        wave = {name for root in roots for name in _asked_next(*root, offers=offers)} - seen


def _roots_on(module: str, puzzle: Puzzle) -> list[Demand]:
    return [demand for demand in puzzle.roots if demand.module == module]


def _asked_next(puzzle: Puzzle, module: str, demands: list[Demand], *, offers: Offers) -> Iterator[str]:
    first = next(candidates(module, demands, puzzle, offers), None)
    if first is not None:
        yield from (demand.module for demand in puzzle.demands_of(first) if demand.module not in puzzle.fixed)
