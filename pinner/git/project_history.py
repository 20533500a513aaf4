"""The git repository that a user's project lies in: what a file was at a revision. Only reads."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pinner.git.command import Output, run
from pinner.git.diagnosis import essence
from pinner.words.problems import InputError, Problem, UnknownError

_TIMEOUT = 60.0
_NOT_THERE = re.compile(r"does not exist in|exists on disk, but not in")


@dataclass(frozen=True, slots=True)
class FileVersion:
    """One commit that changed a file; `committed_at` is in UTC."""

    commit: str
    committed_at: datetime


def read_at(directory: Path, revision: str, path: str) -> bytes | None:
    """Return a file's content at a revision (whatever git takes for one), None if it was not there.

    `path` is relative to `directory`. Raises InputError if there is no such revision or no git repository.
    """
    commit = _ask(
        directory, ["rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}"]
    )
    if commit.status != 0:
        raise InputError(_not_found(directory, revision, commit))
    name = f"{commit.out.decode().strip()}:./{path}"
    kind = _ask(directory, ["cat-file", "-t", name])
    if kind.status != 0 and not _NOT_THERE.search(kind.err):
        raise UnknownError(Problem(f"git cannot read {path} at {revision}: {essence(kind)}"))
    if kind.out.strip() != b"blob":
        return None
    found = _ask(directory, ["cat-file", "blob", name])
    if found.status != 0:
        raise UnknownError(Problem(f"git cannot read {path} at {revision}: {essence(found)}"))
    return found.out


def revisions_of(directory: Path, path: str, *, limit: int | None = None) -> tuple[FileVersion, ...]:
    """Return the commits of the current branch that changed a file, newest first, at most `limit`."""
    options = ["--format=tformat:%H %ct", *([] if limit is None else [f"--max-count={limit}"])]
    listed = _ask(directory, ["rev-list", *options, "HEAD", "--", path])
    if listed.status != 0:
        raise InputError(_not_found(directory, "HEAD", listed))
    rows = (line.split(" ") for line in listed.out.decode().split("\n")[1::2])
    return tuple(FileVersion(name, datetime.fromtimestamp(int(seconds), UTC)) for name, seconds in rows)


def _ask(directory: Path, arguments: list[str]) -> Output:
    return run(["-C", str(directory), *arguments], timeout=_TIMEOUT)


def _not_found(directory: Path, revision: str, output: Output) -> Problem:
    if "not a git repository" in output.err:
        return Problem(
            f"{directory} is in no git repository",
            hint="old revisions are looked up in the project's own git",
        )
    if output.err.strip():
        return Problem(f"git cannot look up {revision!r}: {essence(output)}")
    return Problem(f"the project's git has no revision {revision!r}", hint="see 'git log' and 'git tag'")
