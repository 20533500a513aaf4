"""Commits that say something, and which other commits come after them. Never asks a remote.

One git process reads the messages of a mirror and one its lines of history, whatever the number of refs.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from pinner.git.batch import ask
from pinner.git.mirror import Mirror

_FIELDS = "%H%x00%ct%x00%B%x00"


@dataclass(frozen=True, slots=True)
class Message:
    """One commit with its whole message; `committed_at` is in UTC."""

    id: str
    committed_at: datetime
    text: str

    @property
    def subject(self) -> str:
        """Return the first line."""
        return self.text.partition("\n")[0]


def search_messages(
    mirror: Mirror, patterns: Iterable[str], *, beside: Iterable[str] = ()
) -> tuple[Message, ...]:
    """Return the commits whose messages match one of the patterns, newest first, merges left out.

    `patterns` are POSIX extended regular expressions, capital letters or not, against each line. All branches and tags
    are searched, and the commits `beside` (whole ids that the mirror has) with what came before them.
    """
    filters = [f"--grep={pattern}" for pattern in patterns]
    return tuple(_read(mirror, [*filters, "--extended-regexp", "--regexp-ignore-case", *_everything(beside)]))


def list_messages(mirror: Mirror, old: str, new: str) -> tuple[Message, ...]:
    """Return the commits that `new` has and `old` has not, newest first, merges left out."""
    return tuple(_read(mirror, ["--end-of-options", new, f"^{old}"], about=(old, new)))


def show_messages(mirror: Mirror, commits: Iterable[str]) -> tuple[Message, ...]:
    """Return those commits, merges too."""
    wanted = sorted(set(commits))
    return tuple(_read(mirror, ["--no-walk", "--max-parents=-1", *wanted])) if wanted else ()


def holders(
    mirror: Mirror, commits: Iterable[str], among: Iterable[str], *, beside: Iterable[str] = ()
) -> Mapping[str, frozenset[str]]:
    """Return for each of `commits` which commits of `among` are it or come after it; all are whole ids.

    `beside` are those of them that no branch or tag reaches.
    """
    bit_by_commit = {commit: 1 << number for number, commit in enumerate(sorted(set(commits)))}
    wanted = set(among)
    bits: dict[str, int] = {}
    for line in _lines(mirror, beside):
        name, *parents = line.split()
        bits[name] = bit_by_commit.get(name, 0)
        for parent in parents:
            bits[name] |= bits.get(parent, 0)
    return {
        commit: frozenset(name for name in wanted if bits.get(name, 0) & bit)
        for commit, bit in bit_by_commit.items()
    }


def _lines(mirror: Mirror, beside: Iterable[str]) -> list[str]:
    """Return `<commit> <parents>...` of all commits, parents before children."""
    options = ["--topo-order", "--reverse", "--parents", *_everything(beside)]
    return ask(mirror, ["rev-list", *options, "--"]).out.decode().splitlines()


def _everything(beside: Iterable[str]) -> list[str]:
    return ["--branches", "--tags", *sorted(set(beside))]


def _read(mirror: Mirror, arguments: list[str], *, about: tuple[str, ...] = ()) -> Iterator[Message]:
    plain = ["-c", "log.showSignature=false", "-c", "log.mailmap=false"]
    options = ["--no-merges", f"--format=tformat:{_FIELDS}", "--encoding=UTF-8", "--no-color"]
    out = ask(mirror, [*plain, "log", *options, *arguments, "--"], about=about).out.decode(errors="replace")
    fields = iter(out.split("\0")[:-1])
    for name, seconds, text in zip(fields, fields, fields, strict=True):
        yield Message(name.strip(), datetime.fromtimestamp(int(seconds), UTC), text.strip("\n"))
