"""Reads the history in a mirror: ancestry, ranges and counts of commits, and searches in commit messages.

A shallow mirror lacks commits, so it can show that one commit comes after another, but never that it does
not. A question that it cannot answer raises ShallowError.

One git process reads the messages of a mirror and one its history, regardless of the number of refs.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from pinner.git.mirrors.batch import MissingCommitError, read_batch
from pinner.git.process.repository import Mirror
from pinner.model.errors import Problem, UnknownError
from pinner.model.lock import BRANCH, TAG, Commit

UNSHALLOW_HINT = "fetch the whole history there ('git fetch --unshallow'), or change `rewrite` in pinner.yaml"
_COMMIT_FORMAT = "%H%x00%P%x00%ct%x00%s"


@dataclass(frozen=True, slots=True)
class TagTime:
    """When a tag was made, in seconds since 1970.

    `is_own` is False for a tag without a date of its own (a lightweight tag): `at` is then the time of its
    commit, and the tag may have been made at any time after that.
    """

    at: int
    is_own: bool


class ShallowError(UnknownError):
    """A shallow mirror lacks the commits to answer a question about history."""


def require_history(mirror: Mirror) -> None:
    """Raise ShallowError if the mirror lacks commits."""
    if mirror.is_shallow:
        message = (
            f"{mirror.url}: the place it is fetched from is shallow, so this history could not be determined"
        )
        raise ShallowError(Problem(message, hint=UNSHALLOW_HINT))


def count_between(mirror: Mirror, a: str, b: str) -> tuple[int, int] | None:
    """Return how many commits only `a` has and how many only `b` has; None if the mirror lacks `a` or `b`."""
    if a == b:
        return 0, 0
    require_history(mirror)
    try:
        output = read_batch(
            mirror,
            ["rev-list", "--left-right", "--count", "--end-of-options", f"{a}...{b}", "--"],
            about=(a, b),
        )
    except MissingCommitError:
        return None
    left, right = output.out.split()
    return int(left), int(right)


def list_commits(mirror: Mirror, a: str, b: str) -> tuple[Commit, ...]:
    """Return the commits that `b` has and `a` lacks, with merges, children before parents."""
    require_history(mirror)
    options = ["--topo-order", f"--format=tformat:{_COMMIT_FORMAT}", "--encoding=UTF-8"]
    output = read_batch(mirror, ["rev-list", *options, "--end-of-options", b, f"^{a}", "--"], about=(a, b))
    lines = output.out.decode(errors="replace").split("\n")[1::2]
    return tuple(_commit(*line.split("\0", 3)) for line in lines)


def commits_that_changed(mirror: Mirror, tip: str, path: str, *, outside: list[str]) -> tuple[str, ...]:
    """Return the commits up to `tip`, minus the history of `outside`, that changed a file, newest first."""
    arguments = ["rev-list", "--full-history", "--end-of-options", tip, *(f"^{commit}" for commit in outside)]
    return tuple(read_batch(mirror, [*arguments, "--", path], about=(tip, *outside)).out.decode().split())


def is_ancestor(mirror: Mirror, a: str, b: str) -> bool:
    """Return whether `b` is `a` or comes after it."""
    arguments = ["merge-base", "--is-ancestor", "--end-of-options", a, b]
    return _certainly(mirror, is_so=read_batch(mirror, arguments, about=(a, b), allowed=1).status == 0)


def merge_base(mirror: Mirror, a: str, b: str) -> str | None:
    """Return the newest commit that both `a` and `b` have, or None if there is none."""
    require_history(mirror)
    found = read_batch(mirror, ["merge-base", "--end-of-options", a, b], about=(a, b), allowed=1)
    return found.out.decode().strip() or None


def is_later(mirror: Mirror, a: str, b: str) -> bool:
    """Return whether `b` is newer than `a` by committer time, and so cannot be one of its ancestors.

    This is for a shallow mirror, which cannot show how the two are connected. Returns False if the mirror
    lacks one of them.
    """
    arguments = ["log", "--no-walk=unsorted", "--format=%ct", "--end-of-options", a, b, "--"]
    try:
        times = [int(line) for line in read_batch(mirror, arguments, about=(a, b)).out.split()]
    except MissingCommitError:
        return False
    return times[-1] > times[0]


def commit_as_of(mirror: Mirror, tip: str, day: str) -> str | None:
    """Return the commit that the branch of `tip` was at when `day` (YYYY-MM-DD, UTC) ended, or None.

    That is the newest commit in `tip`'s line of first parents whose committer time is not later, as Gerrit
    commits a merge when the change is merged.
    """
    latest = end_of_day(day) - 1
    arguments = [
        "rev-list",
        "--first-parent",
        "--max-count=1",
        f"--min-age={latest}",
        "--end-of-options",
        tip,
        "--",
    ]
    found = read_batch(mirror, arguments, about=(tip,)).out.decode().strip()
    if not found:
        require_history(mirror)  # the commit of that day may be one that is missing
    return found or None


def end_of_day(day: str) -> int:
    """Return the time of the midnight that ends `day` (YYYY-MM-DD, UTC), in seconds since 1970."""
    midnight = datetime.combine(datetime.fromisoformat(day), time(), UTC) + timedelta(days=1)
    return int(midnight.timestamp())


def committed_at(mirror: Mirror, commit: str) -> datetime:
    """Return the committer time of a commit, in UTC."""
    arguments = ["log", "--no-walk", "--format=%ct", "--end-of-options", commit, "--"]
    return datetime.fromtimestamp(int(read_batch(mirror, arguments, about=(commit,)).out), UTC)


_TAG_FORMAT = "%(refname)%00%(taggerdate:unix)%00%(*committerdate:unix)%(committerdate:unix)"


def tag_times(mirror: Mirror) -> Mapping[str, TagTime]:
    """Return the full name of each tag of a commit to the time it was made."""
    lines = read_batch(mirror, ["for-each-ref", f"--format={_TAG_FORMAT}", TAG]).out.split(b"\n")[:-1]
    rows = [line.decode(errors="surrogateescape").split("\0") for line in lines]
    return {
        ref: TagTime(int(tagged or committed), is_own=bool(tagged))
        for ref, tagged, committed in rows
        if tagged or committed
    }


def is_reached(mirror: Mirror, commit: str) -> bool:
    """Return whether any branch or tag has that commit in its history."""
    refs = ["--not", "--branches", "--tags", "--not"]
    arguments = ["rev-list", "--max-count=1", *refs, "--end-of-options", commit]
    return _certainly(mirror, is_so=not read_batch(mirror, arguments, about=(commit,)).out)


def refs_containing(mirror: Mirror, commit: str) -> tuple[str, ...]:
    """Return the full names of the branches and tags that have that commit in their history, sorted."""
    arguments = ["for-each-ref", f"--contains={commit}", "--format=%(refname)", BRANCH, TAG]
    refs = read_batch(mirror, arguments, about=(commit,)).out.decode(errors="backslashreplace")
    found = tuple(sorted(refs.split("\n")[:-1]))
    _certainly(mirror, is_so=bool(found))
    return found


def _certainly(mirror: Mirror, *, is_so: bool) -> bool:
    """Return `is_so`; raises ShallowError if it is False and missing commits may be the reason."""
    if not is_so:
        require_history(mirror)
    return is_so


def _commit(name: str, parents: str, seconds: str, subject: str) -> Commit:
    return Commit(name, tuple(parents.split()), datetime.fromtimestamp(int(seconds), UTC), subject)


# Each record begins with a NUL, after rev-list's line `commit <id>`; no field can contain a NUL.
_LOG_FORMAT = "%x00%m%x00%H%x00%P%x00%ct%x00%s%x00%B%x00"
_LENGTH = 7
_AHEAD = ">"


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One commit with its full message."""

    commit: Commit
    message: str


@dataclass(frozen=True, slots=True)
class Log:
    """The commits between two commits.

    `behind` is the number of commits that only the old side has; `entries` are those that only the new side
    has, children before parents.
    """

    behind: int
    entries: tuple[LogEntry, ...]


def read_log(mirror: Mirror, a: str, b: str) -> Log:
    """Return the commits between `a`, the old side, and `b`, the new side (full ids), with merges."""
    if a != b:
        require_history(mirror)
    options = ["--left-right", "--topo-order", f"--format=tformat:{_LOG_FORMAT}", "--encoding=UTF-8"]
    out = read_batch(mirror, ["rev-list", *options, "--end-of-options", f"{a}...{b}", "--"], about=(a, b)).out
    parts = out.decode(errors="replace").split("\0")[1:]
    rows = [parts[start : start + _LENGTH] for start in range(0, len(parts), _LENGTH)]
    ahead = tuple(LogEntry(_commit(*row[1:5]), row[5].rstrip("\n")) for row in rows if row[0] == _AHEAD)
    return Log(len(rows) - len(ahead), ahead)


_MESSAGE_FORMAT = "%H%x00%ct%x00%B%x00"


@dataclass(frozen=True, slots=True)
class CommitMessage:
    """One commit with its full message; `committed_at` is in UTC."""

    id: str
    committed_at: datetime
    text: str

    @property
    def subject(self) -> str:
        """Return the first line of the message."""
        return self.text.partition("\n")[0]


def search_messages(
    mirror: Mirror, patterns: Iterable[str], *, beside: Iterable[str] = ()
) -> tuple[CommitMessage, ...]:
    """Return the commits whose messages match one of the patterns, newest first, without merges.

    `patterns` are POSIX extended regular expressions, matched against each line and ignoring case. The
    history of all branches and tags is searched, and that of the commits `beside` (full ids that the mirror
    has).
    """
    filters = [*(f"--grep={pattern}" for pattern in patterns), "--extended-regexp", "--regexp-ignore-case"]
    return tuple(_read(mirror, [*filters, "--branches", "--tags", *sorted(set(beside))]))


def list_messages(mirror: Mirror, old: str, new: str) -> tuple[CommitMessage, ...]:
    """Return the commits that `new` has and `old` lacks, newest first, without merges."""
    require_history(mirror)
    return tuple(_read(mirror, ["--end-of-options", new, f"^{old}"], about=(old, new)))


def show_messages(mirror: Mirror, commits: Iterable[str]) -> tuple[CommitMessage, ...]:
    """Return `commits` with their messages; merges are included."""
    unique = sorted(set(commits))
    return tuple(_read(mirror, ["--no-walk", "--max-parents=-1", *unique])) if unique else ()


def holders(
    mirror: Mirror, commits: Iterable[str], among: Iterable[str], *, beside: Iterable[str] = ()
) -> Mapping[str, frozenset[str]]:
    """Return for each of `commits` those of `among` that are it or come after it; all are full ids.

    `beside` are those of them that no branch or tag reaches.
    """
    bit_by_commit = {commit: 1 << number for number, commit in enumerate(sorted(set(commits)))}
    candidates = set(among)
    bits: dict[str, int] = {}
    options = ["--topo-order", "--reverse", "--parents"]  # parents before children
    tips = ["--branches", "--tags", *sorted(set(beside))]
    for line in read_batch(mirror, ["rev-list", *options, *tips, "--"]).out.decode().splitlines():
        name, *parents = line.split()
        bits[name] = bit_by_commit.get(name, 0)
        for parent in parents:
            bits[name] |= bits.get(parent, 0)
    return {
        commit: frozenset(name for name in candidates if bits.get(name, 0) & bit)
        for commit, bit in bit_by_commit.items()
    }


def _read(mirror: Mirror, arguments: list[str], *, about: tuple[str, ...] = ()) -> Iterator[CommitMessage]:
    plain = ["-c", "log.showSignature=false", "-c", "log.mailmap=false"]
    options = ["--no-merges", f"--format=tformat:{_MESSAGE_FORMAT}", "--encoding=UTF-8", "--no-color"]
    out = read_batch(mirror, [*plain, "log", *options, *arguments, "--"], about=about).out.decode(
        errors="replace"
    )
    fields = iter(out.split("\0")[:-1])
    for name, seconds, text in zip(fields, fields, fields, strict=True):
        yield CommitMessage(name.strip(), datetime.fromtimestamp(int(seconds), UTC), text.strip("\n"))
