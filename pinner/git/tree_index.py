"""Which files every commit of a mirror has, in a form that is searched in milliseconds.

Of each pair of path and blob the index has the commits that brought it and those that took it away, along the lines of
first parents; how many files of a given set a commit has is then a sum over its ancestors, for all commits in one pass.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from array import array

ID_BYTES = 20
_MASK = (1 << 64) - 1


@dataclass(frozen=True, slots=True)
class TreeIndex:
    """All commits of a mirror, parents before children, by number.

    `commits` and `trees` hold 20 bytes for each, `parents` the number of its first parent (-1: none), `counts` how many
    files it has that count, and `codes` a sum over these: equal for two commits exactly when these files are.
    `keys` are the pairs of path and blob that history knows, sorted; `steps` beside them is the number, from 1, of a
    commit that brought the pair, negative for one that took it away. `has_files` is False where history is too large
    for all but the first two.
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
        """Return the id of its tree."""
        return self.trees[number * ID_BYTES : (number + 1) * ID_BYTES].hex()

    def number(self, commit: str) -> int | None:
        """Return the number of a commit, None if the index does not have it."""
        return next(_places(self.commits, bytes.fromhex(commit)), None)

    def with_tree(self, tree: str) -> tuple[int, ...]:
        """Return the commits whose tree that is, oldest first."""
        return tuple(_places(self.trees, bytes.fromhex(tree)))

    def known(self, keys: Iterable[int]) -> frozenset[int]:
        """Return those of `keys` that any commit had."""
        return frozenset(key for key in keys if self._is_at(self._place(key), key))

    def shared(self, keys: Iterable[int]) -> list[int]:
        """Return for each commit how many of `keys` it has."""
        found = [0] * len(self)
        for key in keys:
            place = self._place(key)
            while self._is_at(place, key):
                step = self.steps[place]
                found[abs(step) - 1] += 1 if step > 0 else -1
                place += 1
        for number, parent in enumerate(self.parents):
            if parent >= 0:
                found[number] += found[parent]
        return found

    def _place(self, key: int) -> int:
        return bisect_left(self.keys, key)

    def _is_at(self, place: int, key: int) -> bool:
        return place < len(self.keys) and self.keys[place] == key


def factor_of(path: bytes) -> int:
    """Return what stands for a path in `key_of`: an odd number, so that no two blobs at one path have one key."""
    return int.from_bytes(blake2b(path, digest_size=8).digest(), "big") | 1


def key_of(factor: int, blob: bytes) -> int:
    """Return what stands for a path (by its factor) with a blob (its id as hex digits) in an index."""
    return int(blob[:16], 16) * factor & _MASK


def code_of(keys: Iterable[int]) -> int:
    """Return what `codes` holds for a commit with just these files."""
    return sum(keys) & _MASK


def _places(ids: bytes, wanted: bytes) -> Iterator[int]:
    place = ids.find(wanted)
    while place >= 0:
        if place % ID_BYTES == 0:
            yield place // ID_BYTES
        place = ids.find(wanted, place + 1)
