"""Who wants what: the modules of a set as a graph, its shortest chains and its circles. Knows names only."""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping

Graph = Mapping[str, tuple[str, ...]]


def shortest_chain(graph: Graph, starts: Iterable[str], end: str) -> tuple[str, ...]:
    """Return the modules from one of `starts` to `end`, both included; of equal chains the alphabet's first.

    Only `end` where none of them leads to it.
    """
    came_from: dict[str, str | None] = dict.fromkeys(sorted(starts))
    waiting = deque(came_from)
    while waiting and end not in came_from:
        here = waiting.popleft()
        for there in sorted(graph.get(here, ())):
            if there not in came_from:
                came_from[there] = here
                waiting.append(there)
    chain = [end]
    while (before := came_from.get(chain[-1])) is not None:
        chain.append(before)
    return tuple(reversed(chain))


def circles(graph: Graph) -> Iterator[tuple[str, ...]]:
    """Yield one shortest circle through each module that comes back to itself, the first and last module the same.

    Modules that an earlier circle showed are passed over, so that a knot is told once.
    """
    shown: set[str] = set()
    for module in sorted(_on_circles(graph)):
        if module in shown:
            continue
        back = min(
            (
                shortest_chain(graph, [there], module)
                for there in graph[module]
                if _leads(graph, there, module)
            ),
            key=lambda chain: (len(chain), chain),
        )
        shown.update(back)
        yield (module, *back)


def _leads(graph: Graph, start: str, end: str) -> bool:
    return shortest_chain(graph, [start], end)[0] == start


def _on_circles(graph: Graph) -> frozenset[str]:
    """Return the modules that can be reached from themselves; mostly none, which taking away the leaves shows."""
    left = {module: set(others) for module, others in graph.items()}
    while leaves := {module for module, others in left.items() if not others & left.keys()}:
        left = {module: others for module, others in left.items() if module not in leaves}
    return frozenset(
        module
        for module, others in left.items()
        if any(_leads(graph, there, module) for there in others & left.keys())
    )
