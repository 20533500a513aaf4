"""Stores the files of git trees: one read-only directory per tree id, shared by everything that needs files.

    store = TreeStore(directory)
    stored = store.add([(mirror, commit)], jobs=16)[commit]
    stored.path  # <directory>/<40 hex digits of the commit's tree>

A directory has exactly the files that git stores: `export-ignore` leaves nothing out, no attribute converts a
line ending, a Git LFS file is its pointer, a submodule is an empty directory. `TreeNotes` lists what a program
that reads the files would not expect. Modes are 0444, 0555 for executable files, and 0555 for directories.

A tree is written under a temporary name, synced to the disk and put in place by one rename, so that a killed
process leaves temporary directories only, which the next one removes. Processes may add trees at the same
time. A tree that is already there is compared with its id before it is used; one that was altered is replaced.

Reading tens of thousands of files for that takes seconds, so that the store remembers, as git's index does, which
inodes and times the files of a tree had when they had the right contents: whoever writes to a file, exchanges it
or changes its mode also changes its ctime, which no program can set. While they are the same, nothing is read.
"""

import errno
import fcntl
import json
import os
import re
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryFile
from typing import TypeVar

from pinner.git.mirrors.metadata import read_checksummed, write_checksummed
from pinner.git.objects.directory_tree import DirectoryState, read_plain_tree, read_state
from pinner.git.objects.read import read_tree_ids
from pinner.git.objects.tree_files import (
    TreeNotes,
    WrittenTree,
    exchange,
    failing,
    remove_tree,
    require_own_directory,
    sync_directory,
    sync_file_system,
    write_tree,
)
from pinner.git.process.repository import Mirror

A = TypeVar("A")
B = TypeVar("B")

_TEMPORARY = ".new-"
_LOCK = ".lock"
_NOTES = ".notes"
_LABEL = "pinner-tree-notes 1"
_STATE = ".state"
_STATE_LABEL = "pinner-tree-state 1"
_DRAFT = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_NOT_EMPTY = frozenset({errno.ENOTEMPTY, errno.EEXIST})


class Placement(StrEnum):
    """What `TreeStore.add` did: the tree was there, was added, or replaced one that had been altered."""

    KEPT = "kept"
    ADDED = "added"
    REPAIRED = "repaired"


@dataclass(frozen=True, slots=True)
class StoredTree:
    """One tree in the store; `size` is the sum of its files' sizes in bytes."""

    tree_id: str
    path: Path
    size: int
    notes: TreeNotes = field(default=TreeNotes(), compare=False)
    placement: Placement = field(default=Placement.KEPT, compare=False)


@dataclass(frozen=True, slots=True)
class TreeStore:
    """The trees in the directory `root` (absolute), which is made when the first tree is added.

    Only its owner may be able to write there. Every method raises InputError if anybody else can, or if `root`
    is not a directory, and UnknownError if the disk is full or cannot be read or written.
    """

    root: Path

    def path(self, tree_id: str) -> Path:
        """Return the directory of a tree, which need not exist."""
        return self.root / tree_id

    def list(self) -> tuple[str, ...]:
        """Return the ids of the trees in the store, sorted; nothing is verified."""
        with failing(self.root):
            return tuple(sorted(name for name in _names(self.root) if re.fullmatch("[0-9a-f]{40}", name)))

    def find(self, tree_id: str) -> StoredTree | None:
        """Return a tree if the store has it unaltered, else None; nothing is written."""
        return self._recall(tree_id) or self._verify(tree_id)

    def _recall(self, tree_id: str) -> StoredTree | None:
        """Return a tree that is as it was when it was last verified; no file of it is read."""
        path = self.path(tree_id)
        if not path.is_dir() or path.is_symlink():
            return None
        require_own_directory(self.root)  # whoever else could write there could make it remember anything
        on_disk, notes = self._read_notes(tree_id)
        remembered = read_checksummed(self._state_path(tree_id), f"{_STATE_LABEL} {tree_id} {on_disk}")
        with suppress(OSError):
            state = read_state(path) if remembered else None
            if state and remembered == state.digest.encode():
                return StoredTree(tree_id, path, state.size, notes)
        return None

    def _verify(self, tree_id: str, clock: int = 0) -> StoredTree | None:
        """Return a tree if its files have the right contents, and remember its state if it is older than `clock`."""
        path = self.path(tree_id)
        if not path.is_dir() or path.is_symlink():
            return None
        with suppress(OSError):
            on_disk, notes = self._read_notes(tree_id)
            state = read_state(path)  # first: who writes to a file while it is read changes its state
            found = read_plain_tree(path)
            if not found.specials and found.tree_id == on_disk:
                self._remember(tree_id, on_disk, state, clock)
                return StoredTree(tree_id, path, state.size, notes)
        return None

    def add(self, commits: Iterable[tuple[Mirror, str]], *, jobs: int) -> Mapping[str, StoredTree]:
        """Return commit (40 hex digits) to its tree, after adding those that are missing or altered.

        `jobs` trees are read at the same time. No remote is contacted. Raises UnknownError if a mirror lacks a
        commit or cannot be read, and UnsafeTreeError for a tree that git would not check out; no tree is then
        added.
        """
        wanted = {commit: mirror for mirror, commit in commits}
        trees = read_tree_ids(wanted)
        found = self.add_trees({trees[commit]: (wanted[commit], commit) for commit in wanted}, jobs=jobs)
        return {commit: found[trees[commit]] for commit in wanted}

    def add_trees(self, sources: Mapping[str, tuple[Mirror, str]], *, jobs: int) -> Mapping[str, StoredTree]:
        """Return tree id to tree, as `add` does; `sources` has a commit of each tree, by tree id."""

        def write(tree: str, place: Path) -> WrittenTree:
            mirror, commit = sources[tree]
            with failing(self.root, f"commit {commit} of {mirror.url}"):
                return write_tree(mirror, commit, place, tree=tree)

        return self.fill(sources, write, jobs=jobs)

    def fill(
        self, trees: Iterable[str], write: Callable[[str, Path], WrittenTree], *, jobs: int
    ) -> Mapping[str, StoredTree]:
        """Return tree id to tree, after adding those that are missing or altered.

        `write` is called by `jobs` threads with an id and a new path; it makes the directory with exactly the
        files of that tree, or raises. If it raises, no tree is added.
        """
        wanted = tuple(dict.fromkeys(trees))
        clock = self._clock()
        # Threads help where files are read; they only hinder each other where the system is asked about them.
        found = {tree: stored for tree in wanted if (stored := self._recall(tree))}
        unsure = [tree for tree in wanted if tree not in found]
        verified = in_parallel(lambda tree: self._verify(tree, clock), unsure, jobs)
        found |= {stored.tree_id: stored for stored in verified if stored}
        if missing := [tree for tree in wanted if tree not in found]:
            with self._session() as session:
                places = {tree: self.root / f"{session}-{tree}" for tree in missing}
                written = in_parallel(lambda tree: write(tree, places[tree]), missing, jobs)
                sync_file_system(self.root)
                clock = self._clock()
                for tree, one in zip(missing, written, strict=True):
                    state = read_state(places[tree])
                    found[tree] = self._place(session, tree, one)
                    self._remember(tree, one.on_disk, state, clock)
                sync_directory(self.root)
        elif _names(self.root):
            with failing(self.root):
                _remove_abandoned(self.root)
        return found

    def remove(self, trees: Iterable[str]) -> None:
        """Remove trees; the caller makes sure that nothing uses them. A tree disappears by one rename."""
        with self._session() as session:
            for tree in trees:
                with suppress(FileNotFoundError):
                    self.path(tree).rename(self.root / f"{session}-old-{tree}")
                for name in (_NOTES, _STATE):
                    (self.root / f"{tree}{name}").unlink(missing_ok=True)

    def _place(self, session: str, tree: str, written: WrittenTree) -> StoredTree:
        """Put a written tree in place by one rename; an altered tree is exchanged with it."""
        path, placement = self.path(tree), Placement.ADDED
        draft = self.root / f"{session}-{tree}"
        with failing(self.root):
            if written.on_disk != tree or written.notes != TreeNotes():
                self._write_notes(session, tree, written)  # first; every process writes the same
            try:
                draft.rename(path)
            except OSError as error:
                if error.errno not in {*_NOT_EMPTY, errno.ENOTDIR}:
                    raise
                if stored := self.find(tree):  # by another process, meanwhile
                    return stored
                placement = Placement.REPAIRED
                exchange(draft, path)
        return StoredTree(tree, path, written.size, written.notes, placement)

    def _read_notes(self, tree: str) -> tuple[str, TreeNotes]:
        """Return the id that the files of a tree have on disk, and its notes."""
        content = read_checksummed(self.root / f"{tree}{_NOTES}", f"{_LABEL} {tree}")
        if content is None:
            return tree, TreeNotes()
        row = json.loads(content)
        return str(row.pop("on_disk")), TreeNotes(**{key: tuple(paths) for key, paths in row.items()})

    def _clock(self) -> int:
        """Return the time of the store's file system in nanoseconds, 0 if nothing can be written there.

        A file that is changed from now on has this time or a later one.
        """
        with suppress(OSError), TemporaryFile(dir=self.root) as file:
            return os.fstat(file.fileno()).st_mtime_ns
        return 0

    def _remember(self, tree: str, on_disk: str, state: DirectoryState, clock: int) -> None:
        """Remember that a tree whose files have the id `on_disk` has this state.

        A file as new as `clock` could have been changed since without getting a later time.
        """
        if state.newest < clock:
            with suppress(OSError):
                label = f"{_STATE_LABEL} {tree} {on_disk}"
                write_checksummed(self._state_path(tree), label, state.digest.encode())

    def _state_path(self, tree: str) -> Path:
        return self.root / f"{tree}{_STATE}"

    def _write_notes(self, session: str, tree: str, written: WrittenTree) -> None:
        content = json.dumps({"on_disk": written.on_disk, **asdict(written.notes)}, sort_keys=True).encode()
        draft = self.root / f"{session}-{tree}{_NOTES}"
        write_checksummed(draft, f"{_LABEL} {tree}", content)
        draft.chmod(0o644)
        draft.rename(self.root / f"{tree}{_NOTES}")

    @contextmanager
    def _session(self) -> Iterator[str]:
        """Make the store and yield the start of the names of this call's temporary directories.

        When the block ends, they are removed, and so are those of processes that are gone. A process that is
        still there holds a lock on the file `<name>.lock`.
        """
        with failing(self.root):
            self.root.mkdir(parents=True, exist_ok=True)
            require_own_directory(self.root)
            name, number = _open_session(self.root)
            try:
                _remove_abandoned(self.root, but=name)
                yield name
            finally:
                _remove_session(self.root, name)
                os.close(number)


def in_parallel(function: Callable[[B], A], items: Iterable[B], jobs: int) -> list[A]:
    """Return the results in the order of `items`, computed by `jobs` threads; after an error, no more are started."""
    pool = ThreadPoolExecutor(max_workers=max(1, jobs))
    try:
        return list(pool.map(function, items))
    finally:
        pool.shutdown(cancel_futures=True)


def _names(directory: Path) -> list[str]:
    try:
        return os.listdir(directory)  # noqa: PTH208 - names, not paths
    except FileNotFoundError:
        return []


def _open_session(root: Path) -> tuple[str, int]:
    """Return the name of a new session and the descriptor of its lock, which is held."""
    while True:
        name = f"{_TEMPORARY}{secrets.token_hex(8)}"
        lock = root / f"{name}{_LOCK}"
        number = os.open(lock, _DRAFT, 0o600)
        fcntl.flock(number, fcntl.LOCK_EX)
        # Another process may have seen the file before it was locked, and removed it.
        if lock.exists():
            return name, number
        os.close(number)


def _remove_abandoned(root: Path, *, but: str | None = None) -> None:
    """Remove the temporary directories of all processes that are gone, except those of the session `but`.

    A process that is still there holds its lock.
    """
    found = (re.match(rf"{re.escape(_TEMPORARY)}[0-9a-f]{{16}}", name) for name in _names(root))
    for session in {match[0] for match in found if match} - {but}:
        try:
            number = os.open(root / f"{session}{_LOCK}", os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
        except FileNotFoundError:  # it was removed last, or the process was killed while it removed it
            _remove_session(root, session)
            continue
        try:
            fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _remove_session(root, session)
        except BlockingIOError:
            pass
        finally:
            os.close(number)


def _remove_session(root: Path, session: str) -> None:
    for name in _names(root):
        if name.startswith(f"{session}-"):
            remove_tree(root / name)
    (root / f"{session}{_LOCK}").unlink(missing_ok=True)
