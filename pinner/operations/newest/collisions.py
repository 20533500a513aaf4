"""Why there is no solution: the fewest demands that cannot all be met, in words."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from pinner.operations.demands import Demand
from pinner.operations.newest.offers import Offers
from pinner.operations.newest.puzzle import Puzzle, candidates, is_open
from pinner.operations.newest.solver import MOST_ROUNDS, NoSolutionError, TooManyRoundsError, solve

MOST_COLLISIONS = 5
"""Collisions between modules that are told in one run."""
MOST_FACTS = 10
"""Phrases of one message."""
NAMED = 3
"""Those who want the same that are called by name, if there are more."""


@dataclass(frozen=True, slots=True)
class Collision:
    """Demands that cannot all be met; `module` is the one they meet at."""

    module: str
    message: str
    hint: str


def explain(puzzle: Puzzle, offers: Offers) -> tuple[Collision, ...]:
    """Return the collisions of a puzzle that has no solution: those at one module, and some between the other modules."""
    roots = sorted(demand for demand in puzzle.roots if is_open(demand, puzzle, offers))
    modules = dict.fromkeys(demand.module for demand in roots)
    on = {module: [demand for demand in roots if demand.module == module] for module in modules}
    stuck = [module for module in modules if not _is_possible(module, on[module], puzzle, offers)]
    rest = replace(puzzle, roots=tuple(demand for demand in roots if demand.module not in stuck))
    found = (_at_one_module(module, on[module], puzzle, offers) for module in stuck)
    return (*found, *_between_modules(rest, offers))


def _is_possible(module: str, demands: Iterable[Demand], puzzle: Puzzle, offers: Offers) -> bool:
    return next(candidates(module, tuple(demands), puzzle, offers), None) is not None


def _at_one_module(module: str, demands: Sequence[Demand], puzzle: Puzzle, offers: Offers) -> Collision:
    wishes = _fewest(_wishes(demands), lambda some: not _is_possible(module, _all(some), puzzle, offers))
    fitting = next(candidates(module, _all(wishes), puzzle, offers, objects=False), None)
    objections = tuple(puzzle.objections(fitting)) if fitting else ()
    facts = [*_phrases(wishes), *_phrases(_wishes(objections)), *_fixed(objections, puzzle)]
    name = wishes[0][0].name
    if objections or len(wishes) > 1:
        message = f"no release of {name} satisfies everybody: {', '.join(facts)}"
    else:
        newest = next(candidates(module, (), puzzle, offers, objects=False), None)
        there_is = f"the newest is {newest.version}" if newest else "there is none at all"
        message = f"no release of {name} is in the range: {', '.join(facts)}; {there_is}"
    return Collision(module, message, _hint(module, (*objections, *_rarest(wishes))))


def _between_modules(puzzle: Puzzle, offers: Offers) -> Iterator[Collision]:
    """Yield a collision, then the next that is left when the rarest of its wishes is dropped."""
    left = _wishes(puzzle.roots)
    for _ in range(MOST_COLLISIONS):
        try:
            solve(replace(puzzle, roots=_all(left)), offers)
        except NoSolutionError:
            wishes = _fewest(left, lambda some: not _is_solvable(some, puzzle, offers))
            yield _of_several(wishes, puzzle, offers)
            left = [wish for wish in left if wish is not _rarest(wishes)]
        except TooManyRoundsError:
            yield _unknown(left[0][0].module)
            return
        else:
            return


def _of_several(wishes: "list[Wish]", puzzle: Puzzle, offers: Offers) -> Collision:
    tensions = tuple(_tensions(wishes, puzzle, offers))
    facts = [*_phrases(wishes), *_phrases(_wishes(tensions))]
    rarest = _rarest(wishes)
    message = f"no releases go together that satisfy everybody: {', '.join(_shortened(facts))}"
    mendable = [demand for demand in tensions if demand.asker == rarest[0].module]
    return Collision(rarest[0].module, message, _hint(rarest[0].module, (*mendable, *rarest)))


def _unknown(module: str) -> Collision:
    message = f"no set of releases was found in {MOST_ROUNDS} steps that satisfies everybody"
    return Collision(
        module, message, "name the version of a module or two under 'modules': less is left to find then"
    )


def _is_solvable(wishes: "Iterable[Wish]", puzzle: Puzzle, offers: Offers) -> bool:
    """Tell whether the wishes alone have a solution; where nobody knows, they may have one."""
    try:
        solve(replace(puzzle, roots=_all(wishes)), offers)
    except NoSolutionError:
        return False
    except TooManyRoundsError:
        pass
    return True


def _tensions(wishes: "Sequence[Wish]", puzzle: Puzzle, offers: Offers) -> Iterator[Demand]:
    """Yield what the releases that meet the wishes ask of each other, or of the same third one."""
    on = {
        wish[0].module: [demand for other in wishes for demand in other if demand.module == wish[0].module]
        for wish in wishes
    }
    asked = {
        module: [
            demand
            for offer in candidates(module, demands, puzzle, offers)
            for demand in puzzle.demands_of(offer)
        ]
        for module, demands in on.items()
    }
    askers = Counter(name for demands in asked.values() for name in {demand.module for demand in demands})
    for demands in asked.values():
        yield from (demand for demand in demands if demand.module in on or askers[demand.module] > 1)


def _shortened(facts: list[str]) -> list[str]:
    return (
        facts
        if len(facts) <= MOST_FACTS
        else [*facts[:MOST_FACTS], f"and {len(facts) - MOST_FACTS} more demands"]
    )


# Demands of several who want the same module in the same range.
Wish = tuple[Demand, ...]


def _wishes(demands: Iterable[Demand]) -> list[Wish]:
    found: dict[tuple[str, str], list[Demand]] = {}
    for demand in demands:
        found.setdefault((demand.module, demand.range), []).append(demand)
    return [tuple(some) for some in found.values()]


def _all(wishes: Iterable[Wish]) -> tuple[Demand, ...]:
    return tuple(demand for wish in wishes for demand in wish)


def _fewest(wishes: list[Wish], collide: Callable[[list[Wish]], bool]) -> list[Wish]:
    """Return wishes that collide, of which none can be left out."""
    left = wishes
    for wish in wishes:
        fewer = [other for other in left if other is not wish]
        if fewer and collide(fewer):
            left = fewer
    return left


def _phrases(wishes: Iterable[Wish]) -> list[str]:
    return [_phrase(wish) for wish in wishes]


def _phrase(wish: Wish) -> str:
    names = [demand.by for demand in wish]
    if len(names) > NAMED + 1:
        names = [*names[:NAMED], f"{len(names) - NAMED} more"]
    listed = ", ".join(names[:-1]) + " and " + names[-1] if len(names) > 1 else names[0]
    wants = "wants" if len(wish) == 1 else "want"
    return f"{listed} {wants} {wish[0].name} {wish[0].range}".rstrip()


def _fixed(objections: Iterable[Demand], puzzle: Puzzle) -> list[str]:
    modules = dict.fromkeys(demand.module for demand in objections)
    return [
        f"the environment runs Puppet {puzzle.puppet}"
        if module == "puppet"
        else f"'{module}' is pinned at {puzzle.fixed[module]}"
        for module in modules
    ]


def _rarest(wishes: Iterable[Wish]) -> Wish:
    return min(wishes, key=len)


def _hint(module: str, mendable: Sequence[Demand]) -> str:
    one = mendable[0]
    return (
        f"name a version of '{module}' under 'modules', or, if upstream's range is wrong, say so: "
        f'dependencies: {{override: {{{one.asker}: {{{one.module}: "…"}}}}}}'
    )
