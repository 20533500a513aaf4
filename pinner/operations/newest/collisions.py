"""Why there is no solution: the fewest demands that cannot all be met, in words."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from pinner.operations.demands import Demand
from pinner.operations.newest.offers import Offers
from pinner.operations.newest.solver import (
    MOST_ROUNDS,
    NoSolutionError,
    Puzzle,
    TooManyRoundsError,
    candidates,
    is_open,
    solve,
)

ROUNDS = 200
"""Rounds for each trial on the way to the fewest demands."""
NAMED = 3
"""Those who want the same that are called by name, if there are more."""


@dataclass(frozen=True, slots=True)
class Collision:
    """Demands that cannot all be met; `module` is the one they meet at."""

    module: str
    message: str
    hint: str


def explain(puzzle: Puzzle, offers: Offers) -> tuple[Collision, ...]:
    """Return every collision of a puzzle that has no solution: those at one module, and one between the other modules."""
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
    return Collision(module, message, _hint(wishes))


def _between_modules(puzzle: Puzzle, offers: Offers) -> tuple[Collision, ...]:
    try:
        solve(puzzle, offers)
    except NoSolutionError:
        pass
    except TooManyRoundsError:
        message = f"no set of releases was found in {MOST_ROUNDS} steps that satisfies everybody"
        hint = "name the version of a module or two under 'modules', so that less is left to find"
        return (Collision(puzzle.roots[0].module, message, hint),)
    else:
        return ()
    wishes = _fewest(_wishes(puzzle.roots), lambda some: bool(_causes(some, puzzle, offers)))
    causes = [demand for demand in _causes(wishes, puzzle, offers) if demand.release]
    facts = [*_phrases(wishes), *_phrases(_wishes(causes))]
    message = f"no releases go together that satisfy everybody: {', '.join(facts)}"
    return (Collision(wishes[0][0].module, message, _hint(wishes)),)


def _causes(wishes: "Iterable[Wish]", puzzle: Puzzle, offers: Offers) -> tuple[Demand, ...]:
    """Return what met last where the wishes have no solution; nothing where they have one, or nobody knows."""
    try:
        solve(replace(puzzle, roots=tuple(_all(wishes))), offers, rounds=ROUNDS)
    except NoSolutionError as error:
        return error.causes
    except TooManyRoundsError:
        pass
    return ()


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


def _hint(wishes: Sequence[Wish]) -> str:
    one = wishes[0][0]
    return (
        f"name a version of '{one.module}' under 'modules', or, if upstream's range is wrong, say so: "
        f'dependencies: {{override: {{{one.asker}: {{{one.module}: "…"}}}}}}'
    )
