"""Split the nodes of a preview between several runs, and put their reports together."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from hashlib import blake2b, sha256

from pinner.catalogs.grouping import Grouping
from pinner.model.catalogs import NodeCounts, Notice
from pinner.model.errors import InputError, Problem
from pinner.model.preview import Preview, Shard, SideCause


def shard_of(node: str, number: int) -> int:
    """Return which of `number` shards, from 1, a node belongs to: always the same one, whatever other nodes there are."""
    return int.from_bytes(sha256(node.encode()).digest()[:8]) % number + 1


def key_words(key: str) -> str:
    """Return what identifies a key and does not betray it."""
    return blake2b(b"which key", key=key.encode()[:64], digest_size=6).hexdigest()


def merge_shards(shards: Sequence[Preview]) -> Preview:
    """Return the preview of all nodes; raises InputError if the shards do not belong together, or if one is missing."""
    parts = [one.shard or Shard(1, 1, "") for one in shards]
    if problems := [Problem(f"--merge: {flaw}") for flaw in _flaws(shards, parts)]:
        raise InputError(problems)
    ordered = [one for _, one in sorted(zip(parts, shards, strict=True), key=lambda both: both[0].index)]
    first = ordered[0]
    unstable = tuple(sorted({value for one in ordered for value in one.unstable}))
    grouping = Grouping()
    for one in ordered:
        for group in one.groups:
            for node in group.nodes:
                grouping.add(node, group.changes)
    names = set(unstable)
    groups = grouping.groups(
        lambda one: None if names & {one.resource, f"{one.resource}::{one.parameter}"} else one
    )
    before = {notice for part in parts for notice in part.warnings_before}
    warnings: Counter[Notice] = Counter()
    for one in ordered:
        warnings.update({notice: number for notice, number in one.warnings.items() if notice not in before})
    return replace(
        first,
        counts=NodeCounts(
            sum(one.counts.compiled for one in ordered),
            sum(one.counts.failed for one in ordered),
            parts[0].left_out,
        ),
        groups=groups,
        failures=tuple(_failures(ordered)),
        warnings=warnings,
        unstable=unstable,
        problems=tuple(dict.fromkeys(problem for one in ordered for problem in one.problems)),
        kinds={name: kind for one in ordered for name, kind in one.kinds.items()},
        shard=None,
    )


def _flaws(shards: Sequence[Preview], parts: Sequence[Shard]) -> Iterator[str]:
    number = parts[0].of
    sides = {tuple((side.label, side.lock_id) for side in (one.before, one.after)) for one in shards}
    if len(sides) > 1:
        yield "the reports compare different locks"
    if any(part.of != number for part in parts):
        yield "the reports are parts of different numbers of shards"
        return
    if len({part.key for part in parts}) > 1:
        yield "the reports have different keys of masked values: give all shards the same --key FILE"
    found = Counter(part.index for part in parts)
    yield from (f"shard {index}/{number} is missing" for index in range(1, number + 1) if not found[index])
    yield from (f"shard {index}/{number} is there twice" for index in sorted(found) if found[index] > 1)


def _failures(shards: Sequence[Preview]) -> Iterator[SideCause]:
    """Yield the causes as one run has them: one that nodes have with the new lock is not there again for the old one."""
    after: defaultdict[Notice, list[SideCause]] = defaultdict(list)
    before: defaultdict[Notice, list[SideCause]] = defaultdict(list)
    for one in (failure for shard in shards for failure in shard.failures):
        (before if one.side == "before" else after)[one.cause.notice].append(one)
    yield from _merged(after, lambda some: "both" if all(one.side == "both" for one in some) else "after")
    yield from _merged(
        {notice: some for notice, some in before.items() if notice not in after}, lambda _: "before"
    )


def _merged(
    causes: Mapping[Notice, Sequence[SideCause]], side_of: Callable[[Sequence[SideCause]], str]
) -> Sequence[SideCause]:
    found = []
    for some in causes.values():
        nodes = tuple(sorted({node for one in some for node in one.cause.nodes}))
        found.append(SideCause(side_of(some), replace(some[0].cause, nodes=nodes)))
    return sorted(found, key=lambda one: (-len(one.cause.nodes), one.cause.nodes))
