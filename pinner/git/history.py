"""How the commits of a mirror lie to each other, by whole ids. Never asks a remote, never decides what a move means."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from pinner.git.batch import MissingCommitError, ask
from pinner.git.mirror import Mirror
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
    if a == b:
        return 0, 0
    try:
        output = ask(
            mirror,
            ["rev-list", "--left-right", "--count", "--end-of-options", f"{a}...{b}", "--"],
            about=(a, b),
        )
    except MissingCommitError:
        return None
    left, right = output.out.split()
    return int(left), int(right)


def list_commits(mirror: Mirror, a: str, b: str, *, limit: int | None = None) -> tuple[Commit, ...]:
    """Return the commits that `b` has and `a` has not, merges too, children before parents, at most `limit`."""
    options = ["--topo-order", f"--format=tformat:{_FIELDS}", "--encoding=UTF-8", *_at_most(limit)]
    output = ask(mirror, ["rev-list", *options, "--end-of-options", b, f"^{a}", "--"], about=(a, b))
    lines = output.out.decode(errors="replace").split("\n")
    return tuple(_commit(line) for line in lines[1::2])


def is_ancestor(mirror: Mirror, a: str, b: str) -> bool:
    """Tell whether `b` is `a` or comes after it."""
    arguments = ["merge-base", "--is-ancestor", "--end-of-options", a, b]
    return ask(mirror, arguments, about=(a, b), allowed=1).status == 0


def merge_base(mirror: Mirror, a: str, b: str) -> str | None:
    """Return the newest commit that both `a` and `b` have, None if there is none."""
    found = ask(mirror, ["merge-base", "--end-of-options", a, b], about=(a, b), allowed=1)
    return found.out.decode().strip() or None


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
    return ask(mirror, arguments, about=(tip,)).out.decode().strip() or None


def is_reached(mirror: Mirror, commit: str) -> bool:
    """Tell whether any branch or tag has that commit in its history."""
    refs = ["--not", "--branches", "--tags", "--not"]
    arguments = ["rev-list", "--max-count=1", *refs, "--end-of-options", commit]
    return not ask(mirror, arguments, about=(commit,)).out


def refs_containing(mirror: Mirror, commit: str) -> tuple[str, ...]:
    """Return the whole names of the branches and tags that have that commit in their history, sorted."""
    arguments = ["for-each-ref", f"--contains={commit}", "--format=%(refname)", BRANCH, TAG]
    refs = ask(mirror, arguments, about=(commit,)).out.decode(errors="backslashreplace")
    return tuple(sorted(refs.split("\n")[:-1]))


def _at_most(limit: int | None) -> list[str]:
    return [] if limit is None else [f"--max-count={limit}"]


def _commit(line: str) -> Commit:
    name, parents, seconds, subject = line.split("\0", 3)
    return Commit(name, tuple(parents.split()), datetime.fromtimestamp(int(seconds), UTC), subject)
