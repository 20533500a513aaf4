"""What a branch of a control repository says of its own past: which commits are publications, who changed what since.

A publication is known by its trailers, `Pinner-Lock: ENVIRONMENT LOCK-ID`, one for each environment. Never asks a remote.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from pinner.git.batch import ask
from pinner.git.diagnosis import fit_to_show
from pinner.git.mirror import Mirror

TRAILER = "Pinner-Lock"
_OF_ANY = re.compile(rf"^{TRAILER}: [a-z]", re.MULTILINE)
_NOBODY = ".*"
_FIELDS = "%x00%an%x00%as%x00%s%x00%B"


@dataclass(frozen=True, slots=True)
class LastChange:
    """The newest commit that changed a path: `day` is the author's, YYYY-MM-DD; both texts are fit to be shown."""

    commit: str
    author: str
    day: str
    subject: str
    is_publication: bool

    def __str__(self) -> str:
        return f"by {self.author} on {self.day} in commit {self.commit[:12]} '{self.subject}'"


def find_publication(mirror: Mirror, tip: str, environments: Iterable[str] = ()) -> str | None:
    """Return the newest commit at or before `tip` that published one of those environments (none named: any)."""
    names = "|".join(re.escape(name) for name in environments) or _NOBODY
    options = ["--topo-order", "--max-count=1", "--extended-regexp", f"--grep=^{TRAILER}: ({names}) pin-"]
    return (
        ask(mirror, ["rev-list", *options, "--end-of-options", tip, "--"], about=(tip,)).out.decode().strip()
        or None
    )


def last_change(mirror: Mirror, tip: str, path: str, *, since: str | None = None) -> LastChange | None:
    """Return the newest commit up to `tip`, and after the commit `since`, that changed the path; None without one."""
    options = ["--max-count=1", f"--format=tformat:{_FIELDS}", "--encoding=UTF-8"]
    excluded = [f"^{since}"] if since else []
    asked = ["rev-list", *options, "--end-of-options", tip, *excluded, "--", path]
    out = ask(mirror, asked, about=(tip,)).out.decode(errors="replace")
    if not out:
        return None
    announced, author, day, subject, message = out.split("\0", 4)
    commit = announced.split()[1]
    return LastChange(
        commit, fit_to_show(author), fit_to_show(day), fit_to_show(subject), bool(_OF_ANY.search(message))
    )


def first_commits(mirror: Mirror, tip: str) -> frozenset[str]:
    """Return the commits up to `tip` that have no parent here: where the branch began, or where it was cut off."""
    asked = ["rev-list", "--max-parents=0", "--end-of-options", tip, "--"]
    return frozenset(ask(mirror, asked, about=(tip,)).out.decode().split())
