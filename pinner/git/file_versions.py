"""Every version that files of the user's project ever had in its own git history. Only reads, and asks no remote."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pinner.git.batch import DamagedError, read_objects
from pinner.git.command import Output, run
from pinner.git.diagnosis import essence
from pinner.words.problems import Problem, UnknownError

TIMEOUT = 60.0
MOST_COMMITS = 10_000
"""Commits of the history that are looked at, newest first."""
MOST_VERSIONS = 20_000
"""Versions of files that come back, newest first."""

_NO_HISTORY = ("not a git repository", "unknown revision")
_AT_ONCE = 200
_FILE = "100"
_COMMIT = re.compile(r"\n?([0-9a-f]{40}) ([0-9]+)\n?")


@dataclass(frozen=True, slots=True)
class Head:
    """What is checked out: the commit, the repository's git directory, and where in it the project lies (`a/b/`).

    `is_shallow` is True for a clone that lacks its older commits.
    """

    commit: str
    git_directory: Path
    prefix: str
    is_shallow: bool


@dataclass(frozen=True, slots=True)
class FileWritten:
    """A commit that gave a file its content; `committed_at` is in UTC, `name` without the folder."""

    commit: str
    committed_at: datetime
    name: str


def head_of(directory: Path) -> Head | None:
    """Return what is checked out around a directory, None where there is no git repository or no commit yet.

    Raises UnknownError where git refuses to look (a repository of another owner, a damaged one).
    """
    asked = ["rev-parse", "--is-shallow-repository", "--absolute-git-dir", "--show-prefix", "HEAD^{commit}"]
    output = run(["-C", str(directory), *asked], timeout=TIMEOUT)
    if output.status != 0:
        if any(words in output.err for words in _NO_HISTORY):
            return None
        raise _unreadable(output)
    shallow, git_directory, prefix, commit = output.out.decode(errors="surrogateescape").split("\n")[:4]
    return Head(commit, Path(git_directory), prefix, shallow == "true")


def list_versions(head: Head, folder: str, suffix: str) -> tuple[str, ...]:
    """Return the blob ids of all versions of the files directly in `folder` that end in `suffix`, newest first.

    All lines of history that were merged count, also where a merge kept nothing of them; renames are not followed. At
    most MOST_VERSIONS, from the newest MOST_COMMITS.
    """
    rows = _rows(_log(head, folder, "--format="), f"{head.prefix}{folder}/", suffix)
    return tuple(dict.fromkeys(rows))[:MOST_VERSIONS]


def commits_that_wrote(head: Head, folder: str, blob: str) -> tuple[FileWritten, ...]:
    """Return the commits that gave a file in `folder` that content, newest first, from the newest MOST_COMMITS."""
    output = _log(head, folder, "--format=%H %ct", f"--find-object={blob}")
    found: list[FileWritten] = []
    commit, seconds = "", 0
    fields = iter(output.decode(errors="surrogateescape").split("\0"))
    for field in fields:
        if header := _COMMIT.fullmatch(field):
            commit, seconds = header[1], int(header[2])
        elif field.strip("\n").startswith(":"):
            path = next(fields)
            if field.split(" ")[3] == blob:
                name = path.removeprefix(f"{head.prefix}{folder}/")
                found.append(FileWritten(commit, datetime.fromtimestamp(seconds, UTC), name))
    return tuple(found)


def read_versions(head: Head, ids: Iterable[str], *, max_bytes: int) -> Iterator[Mapping[str, bytes]]:
    """Yield blob id to content, some at a time; blobs that are missing or larger than `max_bytes` are left out."""
    wanted = list(ids)
    for start in range(0, len(wanted), _AT_ONCE):
        try:
            found = read_objects(head.git_directory, wanted[start : start + _AT_ONCE], max_bytes=max_bytes)
        except DamagedError as error:
            reason = error.problems[0].message.partition(" cannot be read: ")[2]
            raise UnknownError(Problem(f"git cannot read the project's history: {reason}")) from None
        yield {name: thing.content for name, thing in found.items() if thing and thing.content is not None}


def _log(head: Head, folder: str, *options: str) -> bytes:
    """Return what `git log` says of the changes below `folder`, each `:<modes and ids> <status>`, `<path>`, by NUL."""
    shape = ["--full-history", "--diff-merges=first-parent", "--raw", "--no-abbrev", "--no-renames", "-z"]
    plain = ["-c", "log.showRoot=true", "-c", "log.showSignature=false"]
    limits = ["--no-ext-diff", "--no-color", f"--max-count={MOST_COMMITS}"]
    output = run(
        [
            *(f"--git-dir={head.git_directory}", *plain, "log", *shape, *limits, *options),
            *(head.commit, "--", f"{head.prefix}{folder}"),
        ],
        timeout=TIMEOUT,
    )
    if output.status != 0:
        raise _unreadable(output)
    return output.out


def _rows(out: bytes, folder: str, suffix: str) -> Iterator[str]:
    """Yield the new blob of each `:<old mode> <new mode> <old id> <new id> <status>`, `<path>`, both ended by NUL."""
    fields = iter(out.decode(errors="surrogateescape").split("\0")[:-1])
    for header, path in zip(fields, fields, strict=True):
        _, mode, _, blob, _ = header.split(" ")
        name = path.removeprefix(folder)
        if mode.startswith(_FILE) and path != name and name.endswith(suffix) and "/" not in name:
            yield blob


def _unreadable(output: Output) -> UnknownError:
    return UnknownError(Problem(f"git cannot read the project's history: {essence(output)}"))
