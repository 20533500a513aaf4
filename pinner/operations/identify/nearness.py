"""Which commits of one repository come near to a module, by how many files they share; and what each is best called."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from heapq import nsmallest

from pinner.git.mirror import Mirror
from pinner.git.tree_index import TreeIndex
from pinner.operations.identify.prints import Prints
from pinner.puppet.versions import Version, version_of_tag
from pinner.words.refs import BRANCH, TAG, short_name

MOST = 24
"""Commits that are compared with a module line by line."""
SLACK = 8
"""Files by which such a commit may differ more than twice as many as the first does."""
_FIRST_BRANCHES = ("stable/", "unmaintained/")


@dataclass(frozen=True)
class Holder:
    """A repository that is looked into: its mirror and the index of its trees."""

    mirror: Mirror
    index: TreeIndex

    @cached_property
    def refs(self) -> Mapping[int, tuple[str, ...]]:
        """Return the numbers of commits that branches and tags name, with the whole names of these, sorted."""
        found: dict[int, list[str]] = {}
        numbers = {commit: self.index.number(commit) for commit in self.mirror.refs.commits.values()}
        for ref, commit in sorted(self.mirror.refs.commits.items()):
            if (number := numbers[commit]) is not None:
                found.setdefault(number, []).append(ref)
        return {number: tuple(refs) for number, refs in found.items()}

    @cached_property
    def trunk(self) -> frozenset[int]:
        """Return the numbers of all commits that a branch once was: those on the lines of first parents."""
        tips = (number for number, refs in self.refs.items() if any(ref.startswith(BRANCH) for ref in refs))
        found: set[int] = set()
        for tip in tips:
            number = tip
            while number >= 0 and number not in found:
                found.add(number)
                number = self.index.parents[number]
        return frozenset(found)


@dataclass(frozen=True, slots=True)
class Near:
    """Commits that have the same files of those that Puppet reads, and equally many of the module's others.

    `number` is the one of them that is taken, `ref` the best name of it (None: it has none), `alike` are all refs at any
    of them. `read_off` counts the files that Puppet reads and only one side has, `beside_off` the module's others that
    the commits do not have.
    """

    number: int
    ref: str | None
    alike: tuple[str, ...]
    read_off: int
    beside_off: int


def with_tree(holder: Holder, tree: str | None, version: str | None) -> Near | None:
    """Return the commits that have exactly that tree, None if there are none."""
    numbers = holder.index.with_tree(tree) if tree else ()
    return _near(holder, numbers, version, 0, 0) if numbers else None


def nearest(holder: Holder, prints: Prints, version: str | None) -> tuple[Near, ...]:
    """Return the commits that come nearest to the prints, best first, at most MOST and those of the tag of `version`.

    `version` is what the module's metadata claims.
    """
    groups = _groups(holder.index, prints)
    chosen = nsmallest(MOST, groups.values(), key=lambda group: (group.read_off, group.beside_off))
    enough = 2 * chosen[0].read_off + SLACK if chosen else 0
    claimed = [groups[holder.index.codes[number]] for number in _tagged(holder, version)]
    rows = [group for group in chosen if group.read_off <= enough]
    rows += [group for group in claimed if group not in rows]
    return tuple(_near(holder, group.numbers, version, group.read_off, group.beside_off) for group in rows)


@dataclass(slots=True)
class _Group:
    """Commits with the same files of those that Puppet reads, that have the most of the module's others."""

    read_off: int
    beside_off: int
    numbers: list[int]


def _groups(index: TreeIndex, prints: Prints) -> Mapping[int, _Group]:
    """Return the groups by the codes of what they share."""
    read = index.shared({*prints.read, *prints.others_read})
    beside = index.shared({*prints.beside, *prints.others_beside})
    groups: dict[int, _Group] = {}
    for number, code in enumerate(index.codes):
        beside_off = len(prints.beside) - beside[number]
        best = groups.get(code)
        if best is None or beside_off < best.beside_off:
            read_off = len(prints.read) + index.counts[number] - 2 * read[number]
            groups[code] = _Group(read_off, beside_off, [number])
        elif beside_off == best.beside_off:
            best.numbers.append(number)
    return groups


def shares_enough(holder: Holder, prints: Prints) -> bool:
    """Tell whether a repository knows at least half of the files that Puppet reads: whether it is worth a look."""
    keys = {*prints.read, *prints.others_read}
    return 2 * len(holder.index.known(keys)) >= len(prints.read) > 0


def tag_of(holder: Holder, version: str | None) -> str | None:
    """Return the whole name of the tag that names a version (as text), None if there is none."""
    number = next(_tagged(holder, version), None)
    return None if number is None else _best_name(holder.refs[number], version)


def _tagged(holder: Holder, version: str | None) -> Iterator[int]:
    wanted = version_of_tag(version) if version else None
    for number, refs in holder.refs.items() if wanted else ():
        if any(_version(ref) == wanted for ref in refs):
            yield number


def _near(
    holder: Holder, numbers: Sequence[int], version: str | None, read_off: int, beside_off: int
) -> Near:
    refs = holder.refs
    ranks = [(_rank(ref, version), number, ref) for number in numbers for ref in refs.get(number, ())]
    if not ranks:
        first = next((number for number in numbers if number in holder.trunk), numbers[0])
        return Near(first, None, (), read_off, beside_off)
    _, number, ref = min(ranks)
    return Near(number, ref, tuple(sorted({ref for _, _, ref in ranks})), read_off, beside_off)


def _best_name(refs: Iterable[str], version: str | None) -> str:
    return min(refs, key=lambda ref: _rank(ref, version))


def _rank(ref: str, version: str | None) -> tuple[int, tuple[int, ...], str]:
    """Return what is least for the best name.

    A tag of the version that is claimed, then the newest release tag, then other tags, release branches, branches.
    """
    tagged = _version(ref)
    if tagged is not None:
        is_claimed = version is not None and tagged == version_of_tag(version)
        newest_first = tuple(-part for part in tagged.release)
        return (0 if is_claimed else 2 if tagged.pre_release else 1), newest_first, ref
    if ref.startswith(TAG):
        return 3, (), ref
    return (4 if short_name(ref).startswith(_FIRST_BRANCHES) else 5), (), ref


def _version(ref: str) -> Version | None:
    return None if ref.startswith(BRANCH) else version_of_tag(short_name(ref))
