"""What lies between the two commits of a module that moved: the commits of each side, and where the sides part."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import ceil, log2

from pinner.git.history import Commit, list_commits, merge_base
from pinner.operations.bisect.changes import PinChange
from pinner.operations.cached import hold_commits
from pinner.operations.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Between:
    """`base` is the newest commit that both have; `ahead` has only the bad side, `behind` only the good, newest first."""

    base: str
    ahead: tuple[Commit, ...]
    behind: tuple[Commit, ...]

    @property
    def most_runs(self) -> int:
        """Return how many runs a search among them takes, where none is skipped."""
        return runs_for(max(len(self.ahead), len(self.behind))) + bool(self.behind)


def runs_for(number: int) -> int:
    """Return how often a number of candidates must be halved until one is left."""
    return ceil(log2(number)) if number > 1 else 0


def histories_of(changes: Iterable[PinChange], workspace: Workspace) -> Mapping[str, Between]:
    """Return module to what lies between, without those of which a commit or a common history could not be had."""
    moves = {change.module: change.moved for change in changes if change.moved}
    commits: dict[str, set[str]] = {}
    for pair in moves.values():
        commits.setdefault(pair[0].git, set()).update(pin.commit for pin in pair)
    holdings = hold_commits(commits, workspace)
    found: dict[str, Between] = {}
    for module, (old, new) in moves.items():
        mirror = holdings[old.git].with_commits(old.commit, new.commit)
        base = mirror and merge_base(mirror, old.commit, new.commit)
        if mirror and base:
            ahead = list_commits(mirror, old.commit, new.commit)
            found[module] = Between(base, ahead, list_commits(mirror, new.commit, old.commit))
    return found
