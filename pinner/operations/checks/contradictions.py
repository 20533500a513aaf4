"""Do the modules' wishes go together at all? Ranges for one dependency that no version can satisfy.

At stein and train, openstacklib wants rabbitmq below 6.0.0 and everybody else from 8.4.0 on: whatever is pinned, one of
them is unsatisfied, and pinning another version mends nothing.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

from pinner.openstack.catalogue import canonical_module
from pinner.operations.checks.edges import Edge
from pinner.operations.checks.subject import PinnedEnvironment
from pinner.puppet.intervals import Interval, intersect
from pinner.puppet.ranges import parse_range
from pinner.words.findings import Finding, Level

SHOWN_MODULES = 3
MOST_RANGES = 50
"""Different ranges for one dependency that are compared, so that odd metadata costs no more than its share."""

# What a range means, and who asks for that.
_Wish = tuple[tuple[Interval, ...], list[Edge]]


def contradictions(environment: PinnedEnvironment, edges: Iterable[Edge]) -> Iterator[Finding]:
    """Yield `dependency-contradiction`, by dependency: each range that the most wanted one of the others excludes."""
    for wishes in _wishes(edges):
        by_weight = sorted(wishes, key=lambda wish: (len(wish[1]), wish[1][0].range))[:MOST_RANGES]
        for number, (intervals, few) in enumerate(by_weight):
            others = reversed(by_weight[number + 1 :])
            many = next((many for other, many in others if not _overlap(intervals, other)), None)
            if many:
                yield _contradiction(environment, few, many)


def _wishes(edges: Iterable[Edge]) -> Iterator[list[_Wish]]:
    """Yield, for each dependency that is wanted in more than one range, what those ranges mean and who wants each."""
    by_name: dict[str, dict[str, list[Edge]]] = {}
    for edge in edges:
        by_name.setdefault(canonical_module(edge.dependency.name), {}).setdefault(edge.range, []).append(edge)
    for name in sorted(by_name):
        if len(by_name[name]) > 1:
            yield _by_meaning(by_name[name])


def _by_meaning(edges_by_range: Mapping[str, list[Edge]]) -> list[_Wish]:
    """Return the ranges without regard to how they are spelt; one that cannot be read contradicts nothing."""
    found: dict[tuple[Interval, ...], list[Edge]] = {}
    for text, edges in edges_by_range.items():
        intervals = _intervals(text)
        if intervals:
            found.setdefault(intervals, []).extend(edges)
    return list(found.items())


@lru_cache(maxsize=4096)
def _intervals(text: str) -> tuple[Interval, ...]:
    return parse_range(text).intervals


def _overlap(one: tuple[Interval, ...], other: tuple[Interval, ...]) -> bool:
    return any(intersect(a, b) is not None for a in one for b in other)


def _contradiction(environment: PinnedEnvironment, few: list[Edge], many: list[Edge]) -> Finding:
    odd, usual = few[0], many[0]
    also = f", as {_and(few[1:])} {'do' if few[2:] else 'does'}" if few[1:] else ""
    want = "want" if many[1:] else "wants"
    message = f"{odd.words}{also}, but {_and(many)} {want} {usual.range}: no version is both"
    override = f'dependencies: {{override: {{{odd.module}: {{{odd.name}: "{usual.range}"}}}}}}'
    hint = f"pinning another version of '{odd.name}' mends nothing; if a range is wrong, say so: {override}"
    return environment.finding(Level.WARNING, "dependency-contradiction", odd.module, message, hint)


def _and(edges: list[Edge]) -> str:
    names = [edge.module for edge in edges]
    left = len(names) - SHOWN_MODULES
    *first, last = [*names[:SHOWN_MODULES], f"{left} more"] if left > 0 else names
    return f"{', '.join(first)} and {last}" if first else last
