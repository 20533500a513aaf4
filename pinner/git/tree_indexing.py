"""Builds the index of a mirror's trees: one git process reads all of its history. Never asks a remote."""

from array import array
from collections.abc import Callable
from dataclasses import dataclass, field

from pinner.git.batch import ask
from pinner.git.command import OUTPUT_LIMIT, TooMuchOutputError
from pinner.git.mirror import Mirror
from pinner.git.tree_index import TreeIndex, code_of, factor_of, key_of

MOST_BYTES = 96 * 1024 * 1024
"""What git may say of one history; the largest of real modules' take 4 MB, a collection of all of them 27 MB."""

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
# `:<old mode> <new mode> <old id> <new id> <status>`: files and links have modes from 10 and 12, submodules from 16.
_OLD_MODE, _MODE, _OLD, _NEW = slice(1, 3), slice(8, 10), slice(15, 55), slice(56, 96)
_OF_FILES = frozenset({b"10", b"12"})


def build_index(
    mirror: Mirror, counts: Callable[[bytes], bool], *, most_bytes: int = MOST_BYTES
) -> TreeIndex:
    """Return the index of all that a mirror's branches and tags reach.

    `counts` says which paths (as git writes them) count for `counts` and `codes`. Where git needs more than
    `most_bytes` to tell history, the index has the commits and no files. Raises UnknownError.
    """
    try:
        return _Building(counts).read(_log(mirror, _FILES, limit=most_bytes), has_files=True)
    except TooMuchOutputError:
        return _Building(counts).read(_log(mirror, ["--no-patch"], limit=OUTPUT_LIMIT), has_files=False)


def _log(mirror: Mirror, options: list[str], *, limit: int) -> list[bytes]:
    return ask(mirror, [*_PLAIN, "log", *_COMMITS, *options, "--"], limit=limit).out.split(b"\0")


@dataclass(slots=True)
class _Building:
    """An index on its way. `gains` and `sums` are what each commit changes of `counts` and `codes`.

    `events` are steps with their keys in one number each, which sort fast; `paths` has what is known of each path.
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
        """Read the ids of a commit and of its tree and parents, then for each file that it changes a row and a path."""
        fields = iter(rows)
        for text in fields:
            row = text.removeprefix(b"\n")  # a line break ends what is said of a commit
            if row.startswith(b":"):
                self._take_file(row, next(fields))
            elif row:
                self._take_commit(row)
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

    def _take_commit(self, row: bytes) -> None:
        commit, tree, *parents = row.split()
        self.numbers[commit] = len(self.commits)
        self.commits.append(bytes.fromhex(commit.decode()))
        self.trees.append(bytes.fromhex(tree.decode()))
        self.parents.append(self.numbers.get(parents[0], _NO_PARENT) if parents else _NO_PARENT)
        self.gains.append(0)
        self.sums.append(0)

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
    """Return the number of the commit, negative where it took the file away."""
    number = (event & 0xFFFFFFFF) >> 1
    return number if event & 1 else -number
