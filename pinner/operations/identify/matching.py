"""One module against some repositories: the commit that it is, or that comes nearest to it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from pinner.operations.identify.differences import Compared, Differences, compare
from pinner.operations.identify.local import LocalModule
from pinner.operations.identify.nearness import Holder, Near, nearest, shares_enough, with_tree
from pinner.operations.identify.prints import Prints, take_prints, with_line_ends


class Match(StrEnum):
    """How sure it is that a module is a commit.

    `exact`: every file is the same, and there are no others. `same`: every file that Puppet reads is the same but for
    line ends and executable bits, and what else is missing or was left by tools Puppet does not read. What could not be
    read is the same as nothing.
    """

    EXACT = "exact"
    SAME = "same"
    NEAREST = "nearest"
    UNKNOWN = "unknown"


NOTHING = Differences()


@dataclass(frozen=True, slots=True)
class Found:
    """The commits of `holder` that a module is or comes nearest to, which is `lines` of what Puppet reads away.

    `elsewhere` are other repositories that have the very same tree.
    """

    match: Match
    holder: Holder
    near: Near
    differences: Differences = NOTHING
    lines: int = 0
    elsewhere: tuple[str, ...] = ()

    @property
    def is_settled(self) -> bool:
        """Tell whether no other repository, and no newer state of this one, can do better in what Puppet reads."""
        return self.match is not Match.NEAREST


def find_commit(module: LocalModule, named: Sequence[Holder], others: Sequence[Holder]) -> Found | None:
    """Return what a module is, None where nothing is alike.

    `named` are the repositories that go by the module's name, and win where others have it as well; `others` are only
    looked into where those do not have the same files.
    """
    if not module.unread and (exact := _exact(module, [*named, *others])):
        return exact
    prints = take_prints(module)
    best = _best(module, prints, named)
    if best and best.is_settled:
        return best
    rest = _best(module, prints, [holder for holder in others if shares_enough(holder, prints)])
    found = [one for one in (best, rest) if one]
    return min(found, key=_distance, default=None)


def _exact(module: LocalModule, holders: Iterable[Holder]) -> Found | None:
    found = [
        (holder, near)
        for holder in holders
        if (near := with_tree(holder, module.tree.tree_id, module.metadata.version))
    ]
    if not found:
        return None
    (holder, near), *rest = found
    return Found(Match.EXACT, holder, near, elsewhere=tuple(other.mirror.url for other, _ in rest))


def _best(module: LocalModule, prints: Prints, holders: Sequence[Holder]) -> Found | None:
    """Return the best of what some repositories have; of equals the first repository's."""
    searched = [holder for holder in holders if holder.index.has_files and len(holder.index)]
    wider = with_line_ends(prints, module, [holder.index for holder in searched])
    compared = [(_compare(module, prints, wider, holder), holder) for holder in searched]
    alike = [row for row in compared if row[0].measure.is_alike or not row[0].differences.files]
    if not alike:
        return None
    best, holder = min(alike, key=lambda row: (bool(row[0].differences.files), row[0].measure.lines))
    is_same = not best.differences.files and not module.hides_what_is_read
    match = Match.SAME if is_same else Match.NEAREST
    return Found(match, holder, best.near, best.differences, best.measure.lines)


def _compare(module: LocalModule, prints: Prints, wider: Prints, holder: Holder) -> Compared:
    nears = nearest(holder, wider, module.metadata.version)
    return compare(module, prints, holder, nears[:1] if nears[0].read_off == 0 else nears)


def _distance(found: Found) -> tuple[bool, int]:
    return found.match is Match.NEAREST, found.lines
