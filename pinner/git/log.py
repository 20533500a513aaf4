"""What lies between two commits, in one question: how many either side has alone, and the new side's commits. Never asks a remote."""

from dataclasses import dataclass
from datetime import UTC, datetime

from pinner.git.batch import ask
from pinner.git.history import Commit
from pinner.git.mirror import Mirror

# Each record begins with a NUL, after the line `commit <id>` with which rev-list announces it; no field can hold one.
_FIELDS = "%x00%m%x00%H%x00%P%x00%ct%x00%s%x00%B%x00"
_LENGTH = 7
_AHEAD = ">"


@dataclass(frozen=True, slots=True)
class Entry:
    """One commit with its whole message."""

    commit: Commit
    message: str


@dataclass(frozen=True, slots=True)
class Log:
    """`behind` counts the commits that only the old side has; `entries` are the new side's, children before parents."""

    behind: int
    entries: tuple[Entry, ...]


def read_log(mirror: Mirror, a: str, b: str) -> Log:
    """Return what lies between the commits `a` and `b` (whole ids), merges too."""
    options = ["--left-right", "--topo-order", f"--format=tformat:{_FIELDS}", "--encoding=UTF-8"]
    out = ask(mirror, ["rev-list", *options, "--end-of-options", f"{a}...{b}", "--"], about=(a, b)).out
    parts = out.decode(errors="replace").split("\0")[1:]
    rows = [parts[start : start + _LENGTH] for start in range(0, len(parts), _LENGTH)]
    ahead = tuple(_entry(*row[1:6]) for row in rows if row[0] == _AHEAD)
    return Log(len(rows) - len(ahead), ahead)


def _entry(name: str, parents: str, seconds: str, subject: str, message: str) -> Entry:
    when = datetime.fromtimestamp(int(seconds), UTC)
    return Entry(Commit(name, tuple(parents.split()), when, subject), message.rstrip("\n"))
