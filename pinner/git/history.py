"""How the commits of a mirror lie to each other, by whole ids. Never asks a remote, never decides what a move means."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from pinner.git.batch import LOCAL_TIMEOUT, ask, unreadable
from pinner.git.command import in_repository, run
from pinner.git.mirror import Mirror
from pinner.git.objects import has_commits
from pinner.words.refs import BRANCH, TAG

_FIELDS = "%H%x00%P%x00%ct%x00%s"


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit; `parents` are whole ids, `committed_at` is in UTC."""

    id: str
    parents: tuple[str, ...]
    committed_at: datetime
    subject: str

    @property
    def is_merge(self) -> bool:
        """Tell whether it has more than one parent; Gerrit makes one such commit for each review."""
        return len(self.parents) > 1


def count_between(mirror: Mirror, a: str, b: str) -> tuple[int, int] | None:
    """Return how many commits only `a` has and how many only `b` has; None if the mirror lacks one of them."""
    return count_many(mirror, [(a, b)])[a, b]


def count_many(
    mirror: Mirror, pairs: Iterable[tuple[str, str]]
) -> Mapping[tuple[str, str], tuple[int, int] | None]:
    """Return (a, b) to what `count_between` says, for each pair."""
    wanted = tuple(dict.fromkeys(pairs))
    known = has_commits(mirror, {commit for pair in wanted for commit in pair})
    return {(a, b): _count(mirror, a, b) if {a, b} <= known else None for a, b in wanted}


def list_commits(mirror: Mirror, a: str, b: str, *, limit: int | None = None) -> tuple[Commit, ...]:
    """Return the commits that `b` has and `a` has not, merges too, children before parents, at most `limit`."""
    options = ["--topo-order", f"--format=tformat:{_FIELDS}", "--encoding=UTF-8", *_at_most(limit)]
    out = ask(mirror.path, ["rev-list", *options, "--end-of-options", b, f"^{a}", "--"])
    lines = out.decode(errors="replace").split("\n")
    return tuple(_commit(line) for line in lines[1::2])


def is_ancestor(mirror: Mirror, a: str, b: str) -> bool:
    """Tell whether `b` is `a` or comes after it."""
    arguments = ["merge-base", "--is-ancestor", "--end-of-options", a, b]
    output = run([in_repository(mirror.path), *arguments], timeout=LOCAL_TIMEOUT)
    if output.status not in {0, 1}:
        raise unreadable(mirror.path, output)
    return output.status == 0


def commit_as_of(mirror: Mirror, tip: str, day: str) -> str | None:
    """Return the commit at the tip of `tip`'s first-parent line at the end of `day` (YYYY-MM-DD, UTC), None if none.

    That is the newest commit of the line whose committer time is not later: Gerrit commits a merge when it lands.
    """
    midnight = datetime.combine(datetime.fromisoformat(day), time(), UTC) + timedelta(days=1)
    latest = int(midnight.timestamp()) - 1
    arguments = [
        "rev-list",
        "--first-parent",
        "--max-count=1",
        f"--min-age={latest}",
        "--end-of-options",
        tip,
        "--",
    ]
    return ask(mirror.path, arguments).decode().strip() or None


def refs_containing(mirror: Mirror, commit: str) -> tuple[str, ...]:
    """Return the whole names of the branches and tags that have that commit in their history, sorted."""
    arguments = ["for-each-ref", f"--contains={commit}", "--format=%(refname)", BRANCH, TAG]
    return tuple(sorted(ask(mirror.path, arguments).decode(errors="backslashreplace").splitlines()))


def _count(mirror: Mirror, a: str, b: str) -> tuple[int, int]:
    if a == b:
        return 0, 0
    out = ask(mirror.path, ["rev-list", "--left-right", "--count", "--end-of-options", f"{a}...{b}", "--"])
    left, right = out.split()
    return int(left), int(right)


def _at_most(limit: int | None) -> list[str]:
    return [] if limit is None else [f"--max-count={limit}"]


def _commit(line: str) -> Commit:
    name, parents, seconds, subject = line.split("\0", 3)
    return Commit(name, tuple(parents.split()), datetime.fromtimestamp(int(seconds), UTC), subject)
