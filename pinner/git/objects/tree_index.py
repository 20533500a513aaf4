"""Indexes which files each commit of a mirror has; the index is cached in the mirror.

For each pair of path and blob, the index has the commits that added and removed it, along the lines of first
parents. The number of files of a given set in a commit is then a sum over its ancestors, computed for all
commits in one pass.

The index is written under a temporary name and then renamed, so that a reader never sees part of it. A killed
process may leave a file named `*.lock`, which the next sync removes.
"""

import sys
from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path

from pinner.git.mirrors.batch import ExhaustedGitError, read_batch
from pinner.git.mirrors.metadata import digest_of_packed_refs, read_checksummed, write_checksummed
from pinner.git.process.command import OUTPUT_LIMIT, TooMuchOutputError
from pinner.git.process.repository import Mirror

ID_BYTES = 20
_MASK = (1 << 64) - 1


@dataclass(frozen=True, slots=True)
class TreeIndex:
    """All commits of a mirror, parents before children, by number.

    `commits` and `trees` have the ids, 20 bytes per commit, and `parents` the number of the first parent (-1:
    none). `counts` is the number of the commit's files that count, and `codes` a sum over these files, which
    is equal for two commits if and only if these files are. `keys` are all pairs of path and blob in history,
    sorted. `steps` has one number for each of them: the commit (from 1) that added the pair, or the negative
    number of a commit that removed it. `has_files` is False if history is too large for `counts`, `codes`,
    `keys` and `steps`.
    """

    commits: bytes
    trees: bytes
    parents: "array[int]"
    counts: "array[int]"
    codes: "array[int]"
    keys: "array[int]"
    steps: "array[int]"
    has_files: bool = True

    def __len__(self) -> int:
        return len(self.parents)

    def commit(self, number: int) -> str:
        """Return the id of a commit."""
        return self.commits[number * ID_BYTES : (number + 1) * ID_BYTES].hex()

    def tree(self, number: int) -> str:
        """Return the id of the tree of a commit."""
        return self.trees[number * ID_BYTES : (number + 1) * ID_BYTES].hex()

    def number(self, commit: str) -> int | None:
        """Return the number of a commit, or None if the index does not have it."""
        return next(_places(self.commits, bytes.fromhex(commit)), None)

    def with_tree(self, tree: str) -> tuple[int, ...]:
        """Return the numbers of the commits with that tree, oldest first."""
        return tuple(_places(self.trees, bytes.fromhex(tree)))

    def known(self, keys: Iterable[int]) -> frozenset[int]:
        """Return those of `keys` that any commit had."""
        return frozenset(key for key in keys if self._is_at(bisect_left(self.keys, key), key))

    def shared(self, keys: Iterable[int]) -> list[int]:
        """Return for each commit how many of `keys` it has."""
        found = [0] * len(self)
        for key in keys:
            place = bisect_left(self.keys, key)
            while self._is_at(place, key):
                step = self.steps[place]
                found[abs(step) - 1] += 1 if step > 0 else -1
                place += 1
        for number, parent in enumerate(self.parents):
            if parent >= 0:
                found[number] += found[parent]
        return found

    def _is_at(self, place: int, key: int) -> bool:
        return place < len(self.keys) and self.keys[place] == key


def factor_of(path: bytes) -> int:
    """Return the factor of a path for `key_of`; it is odd, so that blobs at one path have different keys."""
    return int.from_bytes(blake2b(path, digest_size=8).digest(), "big") | 1


def key_of(factor: int, blob: bytes) -> int:
    """Return the key of a path (its factor) and a blob (its id in hex) in an index."""
    return int(blob[:16], 16) * factor & _MASK


def code_of(keys: Iterable[int]) -> int:
    """Return the value in `codes` for a commit with exactly these files."""
    return sum(keys) & _MASK


def _places(ids: bytes, one: bytes) -> Iterator[int]:
    place = ids.find(one)
    while place >= 0:
        if place % ID_BYTES == 0:
            yield place // ID_BYTES
        place = ids.find(one, place + 1)


MOST_BYTES = 96 * 1024 * 1024
"""The most bytes of git's output for one history; real modules have up to 4 MB, all of them 27 MB."""

_PLAIN = ["-c", "log.showRoot=true", "-c", "log.showSignature=false"]
_COMMITS = [
    "--branches",
    "--tags",
    "--topo-order",
    "--reverse",
    "--format=tformat:%H %T %P",
    "-z",
    "--no-color",
]
_FILES = ["--raw", "--no-abbrev", "--no-renames", "--no-ext-diff", "--diff-merges=first-parent"]
_NO_PARENT = -1
# `:<old mode> <new mode> <old id> <new id> <status>`: modes of files and links begin with 10 and 12, of
# submodules 16.
_OLD_MODE, _MODE, _OLD, _NEW = slice(1, 3), slice(8, 10), slice(15, 55), slice(56, 96)
_OF_FILES = frozenset({b"10", b"12"})


def build_index(
    mirror: Mirror, counts: Callable[[bytes], bool], *, most_bytes: int = MOST_BYTES
) -> TreeIndex:
    """Return the index of all commits that a mirror's branches and tags reach.

    `counts` returns whether a path (as git writes it) counts in the columns `counts` and `codes`. If git's
    output exceeds `most_bytes`, the index has the commits but no files. Raises UnknownError if git cannot
    read the mirror.
    """
    try:
        return _Building(counts).read(_log(mirror, _FILES, limit=most_bytes), has_files=True)
    except (TooMuchOutputError, ExhaustedGitError):
        return _Building(counts).read(_log(mirror, ["--no-patch"], limit=OUTPUT_LIMIT), has_files=False)


def _log(mirror: Mirror, options: list[str], *, limit: int) -> list[bytes]:
    return read_batch(mirror, [*_PLAIN, "log", *_COMMITS, *options, "--"], limit=limit).out.split(b"\0")


@dataclass(slots=True)
class _Building:
    """An index under construction.

    `gains` and `sums` are the changes that each commit makes to `counts` and `codes`. `events` are keys and
    steps, each pair packed into one number, which sorts fast. `paths` maps each path to its factor and
    whether it counts.
    """

    counts: Callable[[bytes], bool]
    commits: list[bytes] = field(default_factory=list)
    trees: list[bytes] = field(default_factory=list)
    parents: list[int] = field(default_factory=list)
    gains: list[int] = field(default_factory=list)
    sums: list[int] = field(default_factory=list)
    events: list[int] = field(default_factory=list)
    numbers: dict[bytes, int] = field(default_factory=dict)
    paths: dict[bytes, tuple[int, bool]] = field(default_factory=dict)

    def read(self, rows: list[bytes], *, has_files: bool) -> TreeIndex:
        """Read `git log`: the ids of a commit, its tree and parents, then a row and a path for each file."""
        fields = iter(rows)
        for text in fields:
            row = text.removeprefix(b"\n")  # a line break separates a commit from its files
            if row.startswith(b":"):
                self._take_file(row, next(fields))
            elif row:
                commit, tree, *parents = row.split()
                self.numbers[commit] = len(self.commits)
                self.commits.append(bytes.fromhex(commit.decode()))
                self.trees.append(bytes.fromhex(tree.decode()))
                self.parents.append(self.numbers.get(parents[0], _NO_PARENT) if parents else _NO_PARENT)
                self.gains.append(0)
                self.sums.append(0)
        self.events.sort()
        return TreeIndex(
            commits=b"".join(self.commits),
            trees=b"".join(self.trees),
            parents=array("i", self.parents),
            counts=array("i", self._along_parents(self.gains)),
            codes=array("Q", (code_of((code,)) for code in self._along_parents(self.sums))),
            keys=array("Q", (event >> 32 for event in self.events)),
            steps=array("i", map(_step, self.events)),
            has_files=has_files,
        )

    def _take_file(self, row: bytes, path: bytes) -> None:
        known = self.paths.get(path)
        if known is None:
            known = self.paths[path] = factor_of(path), self.counts(path)
        factor, is_counted = known
        if row[_OLD_MODE] in _OF_FILES:
            self._take_step(key_of(factor, row[_OLD]), -1, is_counted=is_counted)
        if row[_MODE] in _OF_FILES:
            self._take_step(key_of(factor, row[_NEW]), 1, is_counted=is_counted)

    def _take_step(self, key: int, sign: int, *, is_counted: bool) -> None:
        self.events.append(key << 32 | len(self.commits) << 1 | (sign > 0))
        if is_counted:
            self.gains[-1] += sign
            self.sums[-1] += sign * key

    def _along_parents(self, steps: list[int]) -> list[int]:
        for number, parent in enumerate(self.parents):
            if parent >= 0:
                steps[number] += steps[parent]
        return steps


def _step(event: int) -> int:
    """Return the number of the commit, negative if it removed the file."""
    number = (event & 0xFFFFFFFF) >> 1
    return number if event & 1 else -number


FILE = "pinner-trees"
FORMAT = 2
"""The version of the file's format; raise it when the format or the keys change."""


def read_index(mirror: Mirror, counts: Callable[[bytes], bool], *, reader: str) -> TreeIndex:
    """Return the index for a mirror's current refs, from the cached file or built and cached now.

    `counts` is passed to `build_index`; `reader` is its name (one word), which must change whenever its
    results do. Raises UnknownError if git cannot read the mirror.
    """
    path = mirror.path / FILE
    head = f"{FILE} {FORMAT} {sys.byteorder} {reader} {digest_of_packed_refs(mirror.path)}"
    kept = _read(path, head)
    if kept is None:
        kept = build_index(mirror, counts)
        _write(path, head, kept)
    return kept


def _read(path: Path, head: str) -> TreeIndex | None:
    """Return the index in the file; None if it is missing, damaged, or for other refs."""
    content = read_checksummed(path, head)
    if content is None:
        return None
    counts, _, body = content.partition(b"\n")
    try:
        commits, steps, has_files = map(int, counts.split())
        return _Reading(body).index(commits, steps, has_files=bool(has_files))
    except ValueError:
        return None


def _write(path: Path, head: str, index: TreeIndex) -> None:
    columns = (index.parents, index.counts, index.codes, index.keys, index.steps)
    body = b"".join([index.commits, index.trees, *(column.tobytes() for column in columns)])
    counts = f"{len(index)} {len(index.keys)} {int(index.has_files)}\n"
    with suppress(OSError):
        write_checksummed(path, head, counts.encode() + body)


@dataclass(slots=True)
class _Reading:
    """Reads the parts of the file in the order of `_write`."""

    _body: bytes
    _place: int = 0

    def index(self, commits: int, steps: int, *, has_files: bool) -> TreeIndex:
        return TreeIndex(
            commits=self._take(commits * ID_BYTES),
            trees=self._take(commits * ID_BYTES),
            parents=self._column("i", commits),
            counts=self._column("i", commits),
            codes=self._column("Q", commits),
            keys=self._column("Q", steps),
            steps=self._column("i", steps),
            has_files=has_files,
        )

    def _column(self, kind: str, count: int) -> "array[int]":
        column: array[int] = array(kind)
        column.frombytes(self._take(count * column.itemsize))
        return column

    def _take(self, size: int) -> bytes:
        part = self._body[self._place : self._place + size]
        self._place += size
        return part
