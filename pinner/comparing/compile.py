"""`pinner compile`: find out which nodes of an environment compile."""

import json
import os
import secrets
import tempfile
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import astuple, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pinner.catalogs.causes import clean_notice, group_failures
from pinner.catalogs.environment_tree import EnvironmentTree, write_tree
from pinner.catalogs.facts import choose_classes, choose_systems, made_up_node
from pinner.catalogs.inputs import environment_digest, node_digest
from pinner.catalogs.local import compile_sides
from pinner.catalogs.masking import Masks
from pinner.catalogs.process import Compiler, directories_of, find_ruby
from pinner.catalogs.sandbox import Sandbox, wrapper_of
from pinner.git.mirrors.metadata import ObjectCache
from pinner.git.mirrors.mirrors import Cache
from pinner.git.objects.tree_store import TreeStore
from pinner.git.process.failures import SyncFailure
from pinner.model.catalogs import Catalog, Compilation, Compiled, Json, Node, NodeCounts, Notice, Resource
from pinner.model.errors import InputError, Location, Problem, UnknownError
from pinner.model.lock import ForgePin, GitPin, Lock
from pinner.project.files import read_file
from pinner.workspace.locks import hold_pins, tree_ids
from pinner.workspace.workspace import Workspace

if TYPE_CHECKING:
    from pinner.catalogs.cluster import Cluster  # loads dask

CompileSides = Callable[
    [Sequence[Compiler], Sequence[Sequence[Node]], dict[str, Resource]], Iterator[tuple[int, Compiled]]
]
"""See pinner.catalogs.local."""
_COMPILED: Final = "compiled-1"
"""The stored warnings of nodes that compile, and the version of their form."""
_LARGEST_EXPORT: Final = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class CompileOptions:
    """How nodes are compiled: `timeout` (seconds) and `memory` (bytes) are those of one node, `jobs` nodes at a time.

    `control` is the directory with site manifest, hiera data and profiles. `is_strict` makes Puppet 7 as strict as 8 is.
    `is_cached` means that nodes which an earlier run compiled with the same inputs are not compiled again. `cluster` is what
    compiles, in place of this machine.
    """

    control: Path | None = None
    sandbox: Sandbox = Sandbox.AUTO
    ruby: str | None = None
    jobs: int | None = None
    timeout: float = 300.0
    memory: int = 2 * 1024**3
    is_strict: bool = False
    exported: Path | None = None
    is_cached: bool = True
    cluster: "Cluster | None" = None


@dataclass(frozen=True, slots=True)
class Ready:
    """An environment that can be compiled, and the problems with what it lacks.

    `trees` are its modules if they come from the tree store, see `module_trees`.
    """

    compiler: Compiler
    tree: EnvironmentTree
    modules: frozenset[str]
    problems: tuple[Problem, ...]
    trees: Mapping[str, Path] | None = None
    control: Path | None = None
    cluster: "Cluster | None" = None

    def digest(self) -> str | None:
        """Return the digest of the environment; None if it is not known what decides its results."""
        if self.trees is None:
            return None
        puppet = self.cluster.puppet if self.cluster else None
        return environment_digest(self.compiler, self.tree, self.trees, self.control, puppet=puppet)

    @property
    def compile_sides(self) -> CompileSides:
        """Return what compiles this environment and others at the same time: the cluster, or this machine."""
        return self.cluster.compile_sides if self.cluster else compile_sides


@contextmanager
def prepare(
    lock: Lock,
    workspace: Workspace,
    options: CompileOptions,
    *,
    key: str | None = None,
    has_manifest: bool = True,
    trees: Mapping[str, Path] | None = None,
) -> Iterator[Ready]:
    """Yield the environment of a lock, ready to be compiled; its directory is removed afterwards.

    `trees` are the modules if they are not those of the lock, see `modules_in`.
    `key` is the key of the digests of secrets, which both sides of a comparison share. Raises UnknownError if a
    module's commit cannot be had, or if there is no Ruby or no sandbox.
    """
    cluster = options.cluster
    ruby = "" if cluster else find_ruby(options.ruby)
    stored = module_trees(lock, workspace) if trees is None else None
    trees = trees or stored or {}
    with tempfile.TemporaryDirectory(prefix="pinner-environment-") as scratch:
        control = Path(os.path.realpath(options.control)) if options.control else None
        tree = write_tree(
            Path(scratch) / "environments",
            lock.environment,
            modules=trees,
            control=control,
            has_manifest=has_manifest,
        )
        compiler = Compiler(
            tree.environmentpath,
            lock.environment,
            key or secrets.token_hex(16),
            ruby,
            jobs=options.jobs or os.cpu_count() or 1,
            timeout=options.timeout,
            memory=options.memory,
            settings={"strict": "error", "strict_variables": "true"} if options.is_strict else {},
            exported=_read_exported(options.exported),
            wrapper=()
            if cluster
            else wrapper_of(options.sandbox, (*tree.readable, *directories_of(ruby)), Path(scratch)),
        )
        lacking = [pin for _, pin in sorted(lock.pins.items()) if isinstance(pin, ForgePin)]
        problems = tuple(
            Problem(f"module '{pin.module}' is not compiled: it comes from the Forge, which is not read here")
            for pin in lacking
        )
        modules = frozenset(path.rpartition("/")[2] for path in trees)
        yield Ready(compiler, tree, modules, problems, stored, control, cluster)


def module_trees(lock: Lock, workspace: Workspace) -> Mapping[str, Path]:
    """Return path in the environment (`modules/nova`) to the directory with a module's files, for all git pins.

    Raises UnknownError, with a problem for each, if commits cannot be had.
    """
    pins = [pin for _, pin in sorted(lock.pins.items()) if isinstance(pin, GitPin)]
    holdings = hold_pins(pins, workspace)
    found = []
    problems = []
    for pin in pins:
        mirror = holdings[pin.git].with_commits(pin.commit)
        failure = holdings[pin.git].mirror
        if mirror is not None:
            found.append((pin, mirror))
        elif isinstance(failure, SyncFailure):
            problems.append(Problem(f"module '{pin.module}': {failure.message}", hint=failure.hint))
        else:
            problems.append(Problem(f"module '{pin.module}': {pin.git} has no commit {pin.commit}"))
    if problems:
        raise UnknownError(problems)
    store = TreeStore(Cache.at(Path(workspace.settings.cache)).trees)
    mirrors = {pin.commit: mirror for pin, mirror in found}
    ids = tree_ids(mirrors, workspace)
    stored = store.add_trees(
        {ids[commit]: (mirror, commit) for commit, mirror in mirrors.items()}, jobs=workspace.settings.jobs
    )
    return {f"{pin.install_path}/{pin.module}": stored[ids[pin.commit]].path for pin, _ in found}


def _read_exported(path: Path | None) -> Sequence[Json]:
    if path is None:
        return ()
    hint = 'PuppetDB\'s /pdb/query/v4/resources with ["=", "exported", true] returns them'
    try:
        rows: Any = json.loads(read_file(path, shown=str(path), limit=_LARGEST_EXPORT))
    except (ValueError, RecursionError) as error:
        raise InputError(
            Problem(f"exported resources cannot be read: {error}", Location(str(path)), hint)
        ) from error
    keys = ("certname", "type", "title")
    if not isinstance(rows, list) or not all(
        isinstance(row, dict) and all(isinstance(row.get(key), str) for key in keys) for row in rows
    ):
        raise InputError(Problem("not a list of exported resources", Location(str(path)), hint))
    return [row for row in rows if row.get("exported", True)]


def compile_environment(
    lock: Lock,
    workspace: Workspace,
    nodes: Sequence[Node],
    options: CompileOptions,
    *,
    left_out: int = 0,
    trees: Mapping[str, Path] | None = None,
) -> Compilation:
    """Return which of the nodes compile with the lock's modules, and why the others do not; see `prepare`."""
    with prepare(lock, workspace, options, trees=trees) as ready:
        objects = workspace.objects if options.is_cached else None
        return summarize(ready, lock, nodes, objects, left_out=left_out)


def summarize(
    ready: Ready, lock: Lock, nodes: Sequence[Node], objects: ObjectCache | None, *, left_out: int = 0
) -> Compilation:
    """Compile the nodes and return what was found.

    Of nodes that compile, `objects` keeps the warnings, so that the same node is not compiled twice with the same
    inputs. Nodes that fail are compiled again: a limit, or a library that was missing, may be the cause. Nodes with a
    secret in a warning are compiled again, too, because secrets are not stored.
    """
    digest = ready.digest() if objects else None
    ids = {node.name: node_digest(digest, node) for node in nodes} if digest else {}
    known = objects.get(_COMPILED, ids.values(), _decode) if objects else {}
    warnings: Counter[Notice] = Counter()
    for found in known.values():
        warnings.update(found)
    failed, found_now = [], {}
    waiting = [node for node in nodes if ids.get(node.name) not in known]
    for _, one in ready.compile_sides([ready.compiler], [waiting], {}) if waiting else ():
        cleaned = {clean_notice(notice, one.node) for notice in one.warnings}
        warnings.update(cleaned)
        if isinstance(one.result, Catalog):
            masks = Masks()
            masks.add(one.result.secrets)
            if one.node in ids and all(masks.mask_notice(notice) == notice for notice in cleaned):
                found_now[ids[one.node]] = json.dumps(
                    [astuple(notice) for notice in sorted(cleaned, key=repr)]
                )
        else:
            failed.append(one)
    if objects:
        objects.put(_COMPILED, found_now)
    reused = len(nodes) - len(waiting)
    counts = NodeCounts(len(nodes) - len(failed), len(failed), left_out)
    causes = group_failures(failed, ready.modules, ready.tree.find_ignored() if failed else {})
    return Compilation(lock.environment, lock.lock_id, counts, causes, warnings, ready.problems, reused)


def _decode(text: str) -> Collection[Notice]:
    return {Notice(str(message), path, line) for message, path, line in json.loads(text)}


def compile_classes(
    lock: Lock,
    workspace: Workspace,
    patterns: Sequence[str],
    systems: Sequence[str],
    options: CompileOptions,
    *,
    has_legacy_facts: bool = True,
    trees: Mapping[str, Path] | None = None,
) -> Compilation:
    """Return which classes compile on which packaged systems; nodes are called `role::compute on debian-13`.

    The site manifest is not evaluated: it assigns classes to nodes, and these have theirs already. Raises InputError
    for a pattern that no class matches, and for a system without facts.
    """
    chosen = choose_systems(systems)
    with prepare(lock, workspace, options, has_manifest=False, trees=trees) as ready:
        labels: dict[str, str] = {}
        nodes = []
        for name in choose_classes(patterns, ready.tree.find_classes()):
            for system in chosen:
                node = made_up_node(name, system, has_legacy_facts=has_legacy_facts)
                labels[node.name] = f"{name} on {system}"
                nodes.append(node)
        found = summarize(ready, lock, nodes, workspace.objects if options.is_cached else None)
    causes = (replace(one, nodes=tuple(sorted(labels[name] for name in one.nodes))) for one in found.causes)
    return replace(found, causes=tuple(causes))
