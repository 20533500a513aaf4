"""`pinner preview`: what changes on every node from one lock to another, in one run or in shards that are put together."""

import json
import os
import secrets
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from hashlib import blake2b, sha256
from pathlib import Path

from pinner.catalogs.causes import clean_notice, group_failures
from pinner.catalogs.effects import by_name, compare_catalogs, normal_resource
from pinner.catalogs.environment_tree import changed_files
from pinner.catalogs.grouping import Comparison, Grouping, identity_of
from pinner.catalogs.inputs import node_digest
from pinner.catalogs.masking import Masks
from pinner.catalogs.process import Compiler, read_row
from pinner.catalogs.server import CompilingServer
from pinner.comparing.compile import CompileOptions, CompileSides, Ready, module_trees, prepare
from pinner.comparing.stored_catalogs import CatalogStore, NodeCatalog, Unstable
from pinner.comparing.target import aim, try_target
from pinner.locking.lock import urls_of
from pinner.locking.requirements import read_requirements
from pinner.locking.resolve import Progress, fetch_all
from pinner.model.catalogs import Catalog, Compiled, Failure, Node, NodeCounts, Notice, Resource
from pinner.model.errors import InputError, Problem
from pinner.model.lock import GitPin, Lock, LockRef, Pin, Series
from pinner.model.preview import CatalogChange, ChangeGroup, Preview, PreviewSide, Shard, SideCause
from pinner.workspace.workspace import Workspace

Key = tuple[int, str]
"""A side (0 is the old lock) and the name of a node."""
_UNSEEN = ("lib/facter", "facts.d", "lib/puppet/provider", "lib/puppet/type")


def locked_for(
    workspace: Workspace, environment: str, to: Series, *, on_done: Progress | None = None
) -> tuple[LockRef, LockRef]:
    """Return an environment's lock, and the one that it would have on another release.

    Raises InputError if it has no lock, or if `pinner lock` would refuse the new one.
    """
    (required,) = read_requirements(workspace, (environment,))
    before = workspace.locks((environment,))[environment]
    if before is None:
        hint = f"run 'pinner lock {environment}'"
        raise InputError(Problem(f"environment '{environment}' has no lock to start from", hint=hint))
    target = aim(required, to, workspace.settings)
    refs = fetch_all(workspace, urls_of(target.required, before), on_done=on_done)
    _, trial = try_target(target, before, refs)
    return LockRef(environment, before), LockRef(f"{environment} on {to}", trial.lock)


class _Run:
    """What is known of the nodes on both sides: catalogs that were stored, and those that are compiled now."""

    def __init__(self, nodes: Sequence[Node], stored: Mapping[Key, NodeCatalog]) -> None:
        self.nodes = nodes
        self.unstable = {key: one.unstable for key, one in stored.items()}
        self.stored = dict(stored)
        self.fresh: dict[Key, Compiled] = {}
        self.again: dict[Key, Compiled] = {}
        self.rows: dict[str, Resource] = {}
        self.masks = Masks()
        self.digests: set[str] = set()

    def missing(self, side: int) -> list[Node]:
        """Return the nodes to compile for one side, rarest first: the first of each kind takes longest.

        One node of each kind is there twice, unless it is known what differs each time it is compiled. It is the first of
        its kind, which a warm compiler compiles twice anyway.
        """
        number = Counter(node.kind for node in self.nodes)
        known = {
            node.kind
            for node in self.nodes
            if (one := self.stored.get((side, node.name))) and one.unstable is not None
        }
        lacking = [node for node in self.nodes if (side, node.name) not in self.stored]
        repeated = {node.kind: node for node in (*reversed(self.nodes), *reversed(lacking))}
        twice = {node.name: node for kind, node in repeated.items() if kind not in known}
        once = {node.name: node for node in lacking} | twice
        first = {node.name for node in repeated.values()}
        order = sorted(
            once.values(),
            key=lambda node: (number[node.kind], node.kind, node.name not in first, node.name),
        )
        return [node for node in order for _ in range(2 if node.name in twice else 1)]

    def compile(self, compilers: Sequence[Compiler], compile_sides: CompileSides) -> None:
        """Compile what is not stored, and what has a secret that must be searched for in the other catalogs."""
        self.take(compile_sides(compilers, [self.missing(0), self.missing(1)], self.rows))
        if sought := self._sought():
            by_name = {node.name: node for node in self.nodes}
            both = [[by_name[name] for side, name in sorted(sought) if side == index] for index in (0, 1)]
            cold = [replace(one, is_warm=False) for one in compilers]
            self.take(compile_sides(cold, both, self.rows))

    def take(self, compiled: Iterable[tuple[int, Compiled]]) -> None:
        """Take results of nodes, each with its side."""
        for side, one in compiled:
            key = side, one.node
            (self.again if key in self.fresh else self.fresh)[key] = one
            self.stored.pop(key, None)
            if isinstance(one.result, Catalog):
                self.masks.add(one.result.secrets)
                self.digests.update(one.result.secrets.values())

    def _sought(self) -> set[Key]:
        """Return catalogs with the secrets whose values are needed, because a text was never searched for them."""
        if not self.stored:
            return set()
        masked = (
            frozenset()
            if self.fresh
            else frozenset.intersection(*(one.masked for one in self.stored.values()))
        )
        lacking = self._owned() - self.digests - masked
        found = set()
        for key, one in sorted(self.stored.items()):
            if one.secrets & lacking:
                lacking -= one.secrets
                found.add(key)
        return found

    def _owned(self) -> set[str]:
        return {digest for one in self.stored.values() for digest in one.secrets}

    def finish(self) -> Mapping[Key, NodeCatalog]:
        """Return all catalogs, with the secrets of all of them masked."""
        digests = frozenset(self.digests | self._owned())
        rows = {text: text for one in self.stored.values() for text in one.rows}
        rows.update(self._masked_rows({**dict.fromkeys(rows), **self.rows} if self.digests else {}))
        texts = {id(one): rows.get(text, text) for text, one in self.rows.items()}
        found = {
            key: replace(
                one, rows=tuple(rows.get(text, text) for text in one.rows), masked=one.masked | digests
            )
            for key, one in self.stored.items()
        }
        for key, one in self.fresh.items():
            catalog = self._finish(one, texts, digests)
            if (other := self.again.get(key)) is not None:
                second = self._finish(other, texts, digests)
                unstable: frozenset[Unstable] | None = frozenset(_unstable(catalog, second))
            else:
                unstable = self.unstable.get(key)
            found[key] = replace(catalog, unstable=unstable)
        return found

    def _masked_rows(self, rows: Mapping[str, Resource | None]) -> Iterator[tuple[str, str]]:
        """Yield each JSON text that has a secret, and the text without it."""
        masks = self.masks.occurring_in(rows)
        escaped = [json.dumps(value, ensure_ascii=False)[1:-1] for value in masks.by_value]
        for text, resource in rows.items():
            if any(one in text for one in escaped):
                masked = masks.mask_resource(resource or read_row(text))
                yield text, json.dumps(masked, ensure_ascii=False)

    def _finish(self, one: Compiled, texts: Mapping[int, str], digests: frozenset[str]) -> NodeCatalog:
        warnings = frozenset(
            self.masks.mask_notice(clean_notice(notice, one.node)) for notice in one.warnings
        )
        if isinstance(one.result, Failure):
            failure = replace(one.result, notice=self.masks.mask_notice(one.result.notice))
            return NodeCatalog((), failure, warnings, one.puppet, frozenset(), digests)
        rows = tuple(texts[id(resource)] for resource in one.result.resources)
        own = frozenset(one.result.secrets.values())
        return NodeCatalog(rows, None, warnings, one.puppet, own, digests)


def _unstable(one: NodeCatalog, other: NodeCatalog) -> Iterator[Unstable]:
    sides = [by_name(normal_resource(read_row(text)) for text in side.rows) for side in (one, other)]
    if one.rows and other.rows:
        for change in compare_catalogs(*sides):
            yield change.type, change.title, change.parameter


def preview(
    before: LockRef,
    after: LockRef,
    workspace: Workspace,
    nodes: Sequence[Node],
    options: tuple[CompileOptions, CompileOptions],
    *,
    ignore: Iterable[str] = (),
    left_out: int = 0,
    part: tuple[int, int] | None = None,
    key: str | None = None,
) -> Preview:
    """Return what changes on the nodes from one lock to another; `options` are those of the two sides.

    Catalogs that an earlier run compiled with the same inputs are not compiled again. One node of each kind is compiled
    twice on both sides: what differs between the two is unstable and no change. `ignore` are patterns of changes, such as
    `File[/etc/motd]::content`. `part` is the shard that is previewed, (1, 4) for the first of four; `key` is the key of the
    digests of secrets, if it is not that of the cache. Raises UnknownError as `prepare` does.
    """
    whole = nodes
    nodes = [one for one in whole if part is None or shard_of(one.name, part[1]) == part[0]]
    locks = (before.lock, after.lock)
    store = CatalogStore(workspace, key) if all(one.is_cached for one in options) else None
    key = store.key if store else key or secrets.token_hex(16)
    with ExitStack() as stack:
        sides = [
            stack.enter_context(prepare(lock, workspace, one, key=key))
            for lock, one in zip(locks, options, strict=True)
        ]
        jobs = max((options[1].jobs or os.cpu_count() or 1) // 2, 1)
        compilers = [replace(side.compiler, jobs=jobs) for side in sides]
        catalogs, reused = _catalogs(nodes, sides, compilers, store)
        places = [
            Code(
                side.modules,
                side.tree.find_ignored(),
                side.trees or {},
                str(one.control) if one.control else None,
            )
            for side, one in zip(sides, options, strict=True)
        ]
        problems = tuple(dict.fromkeys(problem for side in sides for problem in side.problems))
    found = _report((before, after), nodes, catalogs, places, tuple(ignore))
    left_out_by_all = left_out + len(whole) - len(nodes)
    shard = Shard(*part, key_words(key), left_out, _warnings(catalogs, 0)) if part else None
    counts = replace(found.counts, left_out=left_out_by_all)
    return replace(found, counts=counts, problems=problems, reused=reused, shard=shard)


def preview_on_server(
    before: LockRef,
    after: LockRef,
    workspace: Workspace,
    nodes: Sequence[Node],
    server: CompilingServer,
    *,
    ignore: Iterable[str] = (),
    left_out: int = 0,
) -> Preview:
    """Return what changes on the nodes between two environments that a Puppet Server serves; see `preview`.

    The server has its own control repository, and its own way to assign classes. Nothing is stored, here or there.
    Raises InputError if both locks are of one environment, UnknownError if the server does not answer.
    """
    locks = (before.lock, after.lock)
    if before.lock.environment == after.lock.environment:
        message = f"--server: both sides are the environment '{before.lock.environment}', which the server serves once"
        raise InputError(Problem(message, hint="deploy the new lock as another environment, and name that"))
    trees = [module_trees(lock, workspace) for lock in locks]
    run = _Run(nodes, {})
    environments = [lock.environment for lock in locks]
    run.take(server.compile_sides(environments, [run.missing(0), run.missing(1)], run.rows))
    places = [
        Code(frozenset(lock.pins), {}, some, server.url) for lock, some in zip(locks, trees, strict=True)
    ]
    found = _report((before, after), nodes, run.finish(), places, tuple(ignore))
    return replace(found, counts=replace(found.counts, left_out=left_out))


@dataclass(frozen=True, slots=True)
class Code:
    """What one side was compiled with: names of modules, those that Puppet ignores, directories; `control` as it is shown."""

    modules: frozenset[str]
    ignored: Mapping[str, str]
    trees: Mapping[str, Path]
    control: str | None


def _warnings(catalogs: Mapping[Key, NodeCatalog], side: int) -> Mapping[Notice, int]:
    return Counter(notice for key, one in catalogs.items() if key[0] == side for notice in one.warnings)


def _report(
    sides: tuple[LockRef, LockRef],
    nodes: Sequence[Node],
    catalogs: Mapping[Key, NodeCatalog],
    code: Sequence[Code],
    ignore: Sequence[str],
) -> Preview:
    """Return what the catalogs of both sides differ in."""
    described = [
        PreviewSide(
            one.label,
            one.lock.lock_id,
            code[side].control,
            next((found.puppet for key, found in catalogs.items() if key[0] == side and found.puppet), None),
        )
        for side, one in enumerate(sides)
    ]
    groups, unstable = _compare(nodes, catalogs, ignore)
    failed = [
        [Compiled(key[1], one.failure) for key, one in catalogs.items() if key[0] == side and one.failure]
        for side in (0, 1)
    ]
    known, warnings = _warnings(catalogs, 0), _warnings(catalogs, 1)
    return Preview(
        described[0],
        described[1],
        NodeCounts(len(nodes) - len(failed[1]), len(failed[1])),
        groups,
        tuple(_failures(failed, [(one.modules, one.ignored) for one in code])),
        {notice: number for notice, number in warnings.items() if notice not in known},
        tuple(sorted(f"{kind}[{title}]{f'::{name}' if name else ''}" for kind, title, name in unstable)),
        dict(_not_seen(code[0].trees, code[1].trees)),
        dict(_moves(sides[0].lock, sides[1].lock)),
        kinds={node.name: node.kind for node in nodes},
    )


def _catalogs(
    nodes: Sequence[Node], sides: Sequence[Ready], compilers: Sequence[Compiler], store: CatalogStore | None
) -> tuple[Mapping[Key, NodeCatalog], int]:
    """Return the catalogs of all nodes on both sides, and how many of them were stored by an earlier run."""
    ids: dict[Key, str] = {}
    for index, side in enumerate(sides):
        if store and (digest := side.digest()):
            ids |= {(index, node.name): store.id_of(node_digest(digest, node)) for node in nodes}
    known = store.get(ids.values()) if store else {}
    run = _Run(nodes, {key: known[id_] for key, id_ in ids.items() if id_ in known})
    try:
        run.compile(compilers, sides[0].compile_sides)
    finally:  # what was compiled before an interruption is not lost
        found = run.finish()
        if store:
            changed = {
                ids[key]: one for key, one in found.items() if key in ids and known.get(ids[key]) != one
            }
            store.put(changed)
    return found, len(run.stored)


def _compare(
    nodes: Sequence[Node], catalogs: Mapping[Key, NodeCatalog], ignore: Sequence[str]
) -> tuple[tuple[ChangeGroup, ...], set[Unstable]]:
    """Return the groups of nodes with equal changes, and the values that are unstable."""
    texts = {text for one in catalogs.values() for text in one.rows}
    comparison = Comparison({text: normal_resource(read_row(text)) for text in texts})
    unstable: set[Unstable] = set()
    for node in nodes:
        both = [catalogs[side, node.name] for side in (0, 1)]
        for kind, title, name in (found for one in both for found in one.unstable or ()):
            unstable.add((kind, identity_of(node).generic(title), name))
        if all(one.failure is None for one in both):
            comparison.add(node, both[0].rows, both[1].rows)
    return comparison.groups(lambda change: _finish(change, unstable, ignore)), unstable


def _finish(change: CatalogChange, unstable: set[Unstable], ignore: Sequence[str]) -> CatalogChange | None:
    if unstable & {(change.type, change.title, change.parameter), (change.type, change.title, None)}:
        return None
    words = f"{change.resource}::{change.parameter}" if change.parameter else change.resource
    if any(fnmatchcase(words, pattern.replace("[", "[[]")) for pattern in ignore):
        return None
    return Masks().mask(change)


def _failures(
    failed: Sequence[Sequence[Compiled]], modules: Sequence[tuple[frozenset[str], Mapping[str, str]]]
) -> Iterator[SideCause]:
    """Yield the causes, those of the new lock first; a node that fails in the same way on both sides is there once."""
    by_side = [group_failures(failed[side], *modules[side]) for side in (0, 1)]
    shared: defaultdict[Notice, set[str]] = defaultdict(set)
    for cause in by_side[0]:
        shared[cause.notice].update(cause.nodes)
    for cause in by_side[1]:
        yield SideCause("both" if set(cause.nodes) <= shared[cause.notice] else "after", cause)
    known = {cause.notice for cause in by_side[1]}
    yield from (SideCause("before", cause) for cause in by_side[0] if cause.notice not in known)


def _not_seen(before: Mapping[str, Path], after: Mapping[str, Path]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield each module with changed files that act on nodes: facts, types and providers.

    `before` and `after` are the modules' directories in the tree store: those of equal trees are one directory.
    """
    for path in sorted(before.keys() & after.keys()):
        if before[path] != after[path] and (found := changed_files(before[path], after[path], _UNSEEN)):
            yield path.rpartition("/")[2], found


def _moves(before: Lock, after: Lock) -> Iterator[tuple[str, str]]:
    for name in sorted(before.pins.keys() | after.pins.keys()):
        a, b = before.pins.get(name), after.pins.get(name)
        if a != b and (_version(a), _version(b)) != (None, None):
            yield name, f"{_version(a) or 'none'} -> {_version(b) or 'none'}"


def _version(pin: Pin | None) -> str | None:
    if isinstance(pin, GitPin):
        return pin.version or pin.commit[:12]
    return pin.version if pin else None


def shard_of(node: str, number: int) -> int:
    """Return which of `number` shards, from 1, a node belongs to: always the same one, whatever other nodes there are."""
    return int.from_bytes(sha256(node.encode()).digest()[:8]) % number + 1


def key_words(key: str) -> str:
    """Return what identifies a key and does not betray it."""
    return blake2b(b"which key", key=key.encode()[:64], digest_size=6).hexdigest()


def merge_shards(shards: Sequence[Preview]) -> Preview:
    """Return the preview of all nodes; raises InputError if the shards do not belong together, or if one is missing."""
    parts = [one.shard or Shard(1, 1, "") for one in shards]
    if problems := [Problem(f"--merge: {flaw}") for flaw in _shard_flaws(shards, parts)]:
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
        failures=tuple(_merged_failures(ordered)),
        warnings=warnings,
        unstable=unstable,
        problems=tuple(dict.fromkeys(problem for one in ordered for problem in one.problems)),
        kinds={name: kind for one in ordered for name, kind in one.kinds.items()},
        shard=None,
    )


def _shard_flaws(shards: Sequence[Preview], parts: Sequence[Shard]) -> Iterator[str]:
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


def _merged_failures(shards: Sequence[Preview]) -> Iterator[SideCause]:
    """Yield the causes as one run has them: one that nodes have with the new lock is not there again for the old one."""
    after: defaultdict[Notice, list[SideCause]] = defaultdict(list)
    before: defaultdict[Notice, list[SideCause]] = defaultdict(list)
    for one in (failure for shard in shards for failure in shard.failures):
        (before if one.side == "before" else after)[one.cause.notice].append(one)
    yield from _side_causes(
        after, lambda some: "both" if all(one.side == "both" for one in some) else "after"
    )
    yield from _side_causes(
        {notice: some for notice, some in before.items() if notice not in after}, lambda _: "before"
    )


def _side_causes(
    causes: Mapping[Notice, Sequence[SideCause]], side_of: Callable[[Sequence[SideCause]], str]
) -> Sequence[SideCause]:
    found = []
    for some in causes.values():
        nodes = tuple(sorted({node for one in some for node in one.cause.nodes}))
        found.append(SideCause(side_of(some), replace(some[0].cause, nodes=nodes)))
    return sorted(found, key=lambda one: (-len(one.cause.nodes), one.cause.nodes))
