"""`pinner preview`: what changes on every node from one lock to another."""

import os
import secrets
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import Path

from pinner.catalogs.causes import clean_notice, group_failures
from pinner.catalogs.effects import compare_catalogs
from pinner.catalogs.environment_tree import changed_files
from pinner.catalogs.grouping import Grouping, Identity, generic_change, identity_of
from pinner.catalogs.local import compile_sides
from pinner.catalogs.masking import Masks
from pinner.comparing.compile import CompileOptions, prepare
from pinner.comparing.target import aim
from pinner.comparing.upgrade import try_target
from pinner.locking.lock import urls_of
from pinner.locking.requirements import read_requirements
from pinner.locking.resolve import Progress, fetch_all
from pinner.model.catalogs import Catalog, Compiled, Node, NodeCounts, Notice
from pinner.model.errors import InputError, Problem
from pinner.model.lock import GitPin, Lock, LockRef, Pin, Series
from pinner.model.preview import CatalogChange, Preview, PreviewSide, SideCause
from pinner.workspace.workspace import Workspace

_UNSEEN = ("lib/facter", "facts.d", "lib/puppet/provider", "lib/puppet/type")
Unstable = tuple[str, str, str | None]
"""Type, title and parameter of a value."""


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


@dataclass(slots=True)
class _Run:
    """What is collected while the nodes are compiled.

    `first` holds one side of a node until the other is there, `twice` the catalogs that are compiled a second time.
    """

    identities: dict[str, Identity]
    repeated: frozenset[str]
    first: dict[str, tuple[int, Compiled]] = field(default_factory=dict)
    twice: dict[tuple[int, str], Catalog] = field(default_factory=dict)
    grouping: Grouping = field(default_factory=Grouping)
    unstable: set[Unstable] = field(default_factory=set)
    masks: Masks = field(default_factory=Masks)
    failed: tuple[list[Compiled], list[Compiled]] = field(default_factory=lambda: ([], []))
    warnings: tuple[Counter[Notice], Counter[Notice]] = field(default_factory=lambda: (Counter(), Counter()))
    puppet: dict[int, str | None] = field(default_factory=dict)
    compiled: int = 0

    def take(self, side: int, one: Compiled) -> None:
        """Take one side of a node; when both are there, compare them."""
        self.puppet[side] = one.puppet or self.puppet.get(side)
        if isinstance(one.result, Catalog):
            self.masks.add(one.result.secrets)
            if one.node in self.repeated:
                if earlier := self.twice.pop((side, one.node), None):
                    self._find_unstable(one.node, earlier, one.result)
                    return
                self.twice[side, one.node] = one.result
        elif one.node in self.repeated and any(one.node == other.node for other in self.failed[side]):
            return
        else:
            self.failed[side].append(one)
        self.warnings[side].update({clean_notice(notice, one.node) for notice in one.warnings})
        other = self.first.pop(one.node, None)
        if other is None:
            self.first[one.node] = (side, one)
            return
        before, after = (one, other[1]) if side == 0 else (other[1], one)
        self._compare(before, after)

    def _compare(self, before: Compiled, after: Compiled) -> None:
        self.compiled += isinstance(after.result, Catalog)
        if isinstance(before.result, Catalog) and isinstance(after.result, Catalog):
            own = Masks()
            own.add({**before.result.secrets, **after.result.secrets})
            changes = map(own.mask, compare_catalogs(before.result, after.result))
            identity = self.identities[after.node]
            self.grouping.add(after.node, [generic_change(change, identity) for change in changes])

    def _find_unstable(self, node: str, one: Catalog, other: Catalog) -> None:
        identity = self.identities[node]
        self.unstable |= {
            (change.type, identity.generic(change.title), change.parameter)
            for change in compare_catalogs(one, other)
        }


def preview(
    before: LockRef,
    after: LockRef,
    workspace: Workspace,
    nodes: Sequence[Node],
    options: tuple[CompileOptions, CompileOptions],
    *,
    ignore: Iterable[str] = (),
    left_out: int = 0,
) -> Preview:
    """Return what changes on the nodes from one lock to another; `options` are those of the two sides.

    One node of each kind is compiled twice on both sides: what differs between the two is unstable and no change.
    `ignore` are patterns of changes, such as `File[/etc/motd]::content`. Raises UnknownError as `prepare` does.
    """
    locks, key = (before.lock, after.lock), secrets.token_hex(16)
    repeated = {node.kind: node for node in reversed(nodes)}
    names = frozenset(node.name for node in repeated.values())
    run = _Run({node.name: identity_of(node) for node in nodes}, names)
    with ExitStack() as stack:
        sides = [
            stack.enter_context(prepare(lock, workspace, one, key=key))
            for lock, one in zip(locks, options, strict=True)
        ]
        jobs = max((options[1].jobs or os.cpu_count() or 1) // 2, 1)
        compilers = [replace(side.compiler, jobs=jobs) for side in sides]
        for index, one in compile_sides(compilers, [*_rarest_first(nodes), *repeated.values()]):
            run.take(index, one)
        modules = [(side.modules, side.tree.find_ignored()) for side in sides]
        trees = [side.trees or {} for side in sides]
        problems = tuple(dict.fromkeys(problem for side in sides for problem in side.problems))
    patterns = tuple(ignore)
    groups = run.grouping.groups(lambda change: _finish(change, run, patterns))
    failures = tuple(_failures(run, modules))
    counts = NodeCounts(run.compiled, len(run.failed[1]), left_out)
    new_warnings = {one: number for one, number in run.warnings[1].items() if one not in run.warnings[0]}
    labels = (before.label, after.label)
    described = [
        PreviewSide(label, lock.lock_id, str(one.control) if one.control else None, run.puppet.get(side))
        for side, (label, lock, one) in enumerate(zip(labels, locks, options, strict=True))
    ]
    return Preview(
        described[0],
        described[1],
        counts,
        groups,
        failures,
        {run.masks.mask_notice(notice): number for notice, number in new_warnings.items()},
        tuple(sorted(_shown(one) for one in run.unstable)),
        dict(_not_seen(*trees)),
        dict(_moves(before.lock, after.lock)),
        problems,
    )


def _rarest_first(nodes: Sequence[Node]) -> list[Node]:
    """Return the nodes in the order to compile them: the first of each kind takes longest."""
    number = Counter(node.kind for node in nodes)
    return sorted(nodes, key=lambda node: (number[node.kind], node.kind, node.name))


def _finish(change: CatalogChange, run: _Run, ignore: Sequence[str]) -> CatalogChange | None:
    if run.unstable & {(change.type, change.title, change.parameter), (change.type, change.title, None)}:
        return None
    words = f"{change.resource}::{change.parameter}" if change.parameter else change.resource
    if any(fnmatchcase(words, pattern.replace("[", "[[]")) for pattern in ignore):
        return None
    return run.masks.mask(change)


def _shown(one: Unstable) -> str:
    return f"{one[0]}[{one[1]}]::{one[2]}" if one[2] else f"{one[0]}[{one[1]}]"


def _failures(run: _Run, modules: Sequence[tuple[frozenset[str], Mapping[str, str]]]) -> Iterator[SideCause]:
    """Yield the causes, those of the new lock first; a node that fails in the same way on both sides is there once."""
    by_side = [run.masks.mask_causes(group_failures(run.failed[side], *modules[side])) for side in (0, 1)]
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
