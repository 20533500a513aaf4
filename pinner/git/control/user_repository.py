"""Reads the history of the user's project repository: a file at a revision, and all versions of files.

Objects that a partial clone lacks (`git clone --filter`) are fetched from the remote it was cloned from.
"""

import os
import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pinner.git.mirrors.batch import read_objects
from pinner.git.process.children import Output
from pinner.git.process.failures import DamagedError, git_reason, has_error
from pinner.git.process.local_repositories import ProjectRepository, find_repository
from pinner.model.errors import InputError, Problem, UnknownError

MOST_COMMITS = 10_000
"""The most commits of the history that are read, newest first."""
MOST_VERSIONS = 20_000
"""The most versions of files that are returned, newest first."""

_NO_COMMIT = "unknown revision"
_AT_ONCE = 200
_FILE = "100"
_LINK = "120000"
_LONGEST_PATH = 4096
_COMMIT = re.compile(r"\n?([0-9a-f]{40}) ([0-9]+)\n?")


@dataclass(frozen=True, slots=True)
class Head:
    """The checked-out commit; `is_shallow` is True for a clone that lacks older commits."""

    commit: str
    repository: ProjectRepository
    is_shallow: bool

    @property
    def prefix(self) -> str:
        """Return the project's path in the repository: empty, or ending in '/'."""
        return self.repository.prefix


@dataclass(frozen=True, slots=True)
class FileWritten:
    """A commit that gave a file its content; `committed_at` is in UTC, `name` is without the folder."""

    commit: str
    committed_at: datetime
    name: str


def head_of(directory: Path) -> Head | None:
    """Return the commit checked out around a directory; None without a git repository or a commit.

    Raises UnknownError if git cannot read the repository (it is damaged, or belongs to another user).
    """
    repository = find_repository(directory)
    if repository is None:
        return None
    output = repository.read("rev-parse", "--is-shallow-repository", "HEAD^{commit}")
    if output.status != 0:
        if _NO_COMMIT in output.err:
            return None
        raise _unreadable(output)
    shallow, commit = output.out.decode().split()
    return Head(commit, repository, shallow == "true")


def list_versions(head: Head, places: Iterable[str], suffix: str) -> tuple[str, ...]:
    """Return the blob ids of all versions of the files at `places` that end in `suffix`, newest first.

    A place is a path from the top of the repository (empty: the top itself). It names a file, or a folder,
    which stands for the files directly in it. If a place is or was a link, its target counts too. So does a
    folder of the same name elsewhere from which such a file was removed, because whole projects are moved.
    All merged lines of history count, even if a merge kept none of their changes. At most MOST_VERSIONS are
    returned, from the newest MOST_COMMITS. Raises UnknownError.
    """
    fetch_trees(head)
    found: dict[str, None] = {}
    looked_at: set[str] = set()
    places = tuple(places)
    names = {posixpath.basename(place) for place in places if place}
    removed = (row.path for row in _rows(_log(head, [""], "--format=", "--diff-filter=D")))
    former = (posixpath.dirname(path) for path in removed if path.endswith(suffix))
    former_places = (folder for folder in former if posixpath.basename(folder) in names)
    waiting = tuple(dict.fromkeys((*places, *former_places)))
    while waiting:
        looked_at.update(waiting)
        links: dict[str, set[str]] = {}
        for row in _rows(_log(head, waiting, "--format=")):
            folder, _, name = row.path.rpartition("/")
            is_version = folder in waiting and name.endswith(suffix) and name != suffix
            if is_version or row.path in waiting:
                if row.mode.startswith(_FILE):
                    found[row.blob] = None
                elif row.mode == _LINK:
                    links.setdefault(row.blob, set()).add(row.path)
        waiting = tuple(sorted(_targets(head, links) - looked_at))
    return tuple(found)[:MOST_VERSIONS]


def blobs_at_head(head: Head, paths: Iterable[str]) -> frozenset[str]:
    """Return the blob ids in the checked-out commit of those `paths` (from the top) that are files."""
    names = sorted(set(paths))
    listed = (
        head.repository.read("ls-tree", "-z", head.commit, "--", *names, may_fetch=True) if names else None
    )
    if listed and listed.status != 0:
        raise _unreadable(listed)
    rows = listed.out.split(b"\0")[:-1] if listed else []
    return frozenset(row.split()[2].decode() for row in rows if row.startswith(_FILE.encode()))


def _targets(head: Head, links: Mapping[str, set[str]]) -> set[str]:
    """Return the targets of links inside the repository; `links` maps their blobs to the paths they had."""
    found: set[str] = set()
    for some in read_versions(head, links, max_bytes=_LONGEST_PATH):
        for blob, content in some.items():
            target = os.fsdecode(content)
            meant = (
                posixpath.normpath(posixpath.join(posixpath.dirname(path), target)) for path in links[blob]
            )
            found.update(
                "" if place == "." else place for place in meant if not place.startswith(("..", "/"))
            )
    return found


def commits_that_wrote(head: Head, folder: str, blob: str) -> tuple[FileWritten, ...]:
    """Return at most MOST_COMMITS commits that gave a file in `folder` that content, newest first."""
    fetch_trees(head)
    output = _log(head, [f"{head.prefix}{folder}"], "--format=%H %ct", f"--find-object={blob}")
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
    """Yield mappings of blob id to content, in batches; blobs larger than `max_bytes` are left out.

    Blobs that a partial clone lacks are fetched first, all in one call. Raises UnknownError if a blob cannot
    be read.
    """
    blobs = list(ids)
    _fetch(head, blobs)
    for start in range(0, len(blobs), _AT_ONCE):
        try:
            found = read_objects(
                head.repository.git_directory, blobs[start : start + _AT_ONCE], max_bytes=max_bytes
            )
        except DamagedError as error:
            reason = error.problems[0].message.partition(" cannot be read: ")[2]
            raise UnknownError(Problem(f"git cannot read the project's history: {reason}")) from None
        if missing := [name for name, thing in found.items() if thing is None]:
            message = f"git cannot read the project's history: it lacks the object {missing[0]}"
            raise UnknownError(Problem(message, hint="see 'git fsck' there"))
        yield {name: thing.content for name, thing in found.items() if thing and thing.content is not None}


def fetch_trees(head: Head) -> None:
    """Fetch the trees of all commits in one call, for a clone without trees (`--filter=tree:0`)."""
    name = _promisor(head)
    if name and head.repository.read("config", "--get", f"remote.{name}.partialclonefilter").out.startswith(
        b"tree"
    ):
        limit = f"--max-count={MOST_COMMITS}"
        shown = ["rev-list", "--objects", "--missing=print", "--filter=tree:1", limit, head.commit]
        listed = head.repository.read(*shown)
        if listed.status != 0:
            raise _unreadable(listed)
        _fetch(head, [line[1:] for line in listed.out.decode().splitlines() if line.startswith("?")])


def _promisor(head: Head) -> str | None:
    """Return the name of the remote that a partial clone was made from, or None for a full clone."""
    rows = head.repository.read(
        "config", "--get-regexp", r"^(extensions\.partialclone|remote\..*\.promisor)$"
    ).out
    for key, _, value in (line.partition(" ") for line in rows.decode(errors="surrogateescape").splitlines()):
        if key == "extensions.partialclone":
            return value
        if value == "true":
            return key.removeprefix("remote.").removesuffix(".promisor")
    return None


def _fetch(head: Head, ids: Iterable[str]) -> None:
    """Fetch missing objects as git does for a partial clone, but in one call; do nothing for a full clone."""
    missing_ids = "".join(f"{name}\n" for name in dict.fromkeys(ids)).encode()
    name = _promisor(head) if missing_ids else None
    if name is None:
        return
    options = [
        "--quiet",
        "--no-tags",
        "--no-write-fetch-head",
        "--no-recurse-submodules",
        "--no-auto-maintenance",
    ]
    arguments = ["fetch", *options, "--filter=blob:none", "--stdin", "--end-of-options", name]
    output = head.repository.read(
        "-c", "fetch.negotiationAlgorithm=noop", *arguments, may_fetch=True, stdin=missing_ids
    )
    if output.status != 0:
        raise _unreadable(output)


def _log(head: Head, places: Iterable[str], *options: str) -> bytes:
    """Return `git log` of changes at `places`: `:<modes and ids> <status>`, `<path>`, each ended by NUL."""
    shape = ["--full-history", "--diff-merges=first-parent", "--raw", "--no-abbrev", "--no-renames", "-z"]
    plain = ["-c", "log.showRoot=true", "-c", "log.showSignature=false"]
    limits = ["--no-ext-diff", "--no-color", f"--max-count={MOST_COMMITS}"]
    paths = [] if "" in places else list(places)
    output = head.repository.read(
        *plain, "log", *shape, *limits, *options, head.commit, "--", *paths, may_fetch=True
    )
    if output.status != 0:
        raise _unreadable(output)
    return output.out


@dataclass(frozen=True, slots=True)
class _Row:
    mode: str
    blob: str
    path: str


def _rows(out: bytes) -> Iterator[_Row]:
    """Yield the new mode and blob, and the path, of each change in the output of `_log`.

    A change is `:<old mode> <new mode> <old id> <new id> <status>` and `<path>`, both ended by NUL.
    """
    fields = iter(out.decode(errors="surrogateescape").split("\0")[:-1])
    for header, path in zip(fields, fields, strict=True):
        _, mode, _, blob, _ = header.split(" ")
        yield _Row(mode, blob, path)


def _unreadable(output: Output) -> UnknownError:
    return UnknownError(Problem(f"git cannot read the project's history: {git_reason(output)}"))


_BLOB = re.compile(rb"[0-9a-f]{40} blob ([0-9]+)")
# git's errors (builtin/fetch.c, packfile.c, object-file.c): with any of these, "missing" does not mean absent
_FAILED = re.compile(r"^(fatal|error): ", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class FileVersion:
    """One commit that changed a file; `committed_at` is in UTC."""

    commit: str
    committed_at: datetime


def read_at(directory: Path, revision: str, path: str) -> bytes | None:
    """Return a file's content at a revision (any form that git accepts); None if it did not exist then.

    `path` is relative to `directory`; links inside the repository are followed as of that revision. Raises
    InputError if the revision or a git repository does not exist.
    """
    repository = _repository(directory)
    words = ["rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}"]
    commit = repository.read(*words)
    if commit.status != 0:
        raise InputError(_not_found(revision, commit))
    name = f"{commit.out.decode().strip()}:{repository.prefix}{path}\n".encode(errors="surrogateescape")
    # A partial clone has only the checked-out objects; others are fetched from the remote it was cloned from.
    found = repository.read("cat-file", "--batch", "--follow-symlinks", stdin=name, may_fetch=True)
    header, _, rest = found.out.partition(b"\n")
    if match := _BLOB.fullmatch(header):
        return rest[: int(match[1])]
    if found.status != 0 or _FAILED.search(found.err):
        raise UnknownError(Problem(f"git cannot read {path} at {revision}: {git_reason(found)}"))
    return None


def revisions_of(
    directory: Path, path: str, *, limit: int | None = None, revision: str = "HEAD"
) -> tuple[FileVersion, ...]:
    """Return at most `limit` commits up to `revision` that changed a file, newest first."""
    repository = _repository(directory)
    options = ["--format=tformat:%H %ct", *([] if limit is None else [f"--max-count={limit}"])]
    places = ("--end-of-options", revision, "--", f"{repository.prefix}{path}")
    listed = repository.read("rev-list", *options, *places)
    if listed.status != 0:
        raise InputError(_not_found(revision, listed))
    rows = (line.split(" ") for line in listed.out.decode().split("\n")[1::2])
    return tuple(FileVersion(name, datetime.fromtimestamp(int(seconds), UTC)) for name, seconds in rows)


def _repository(directory: Path) -> ProjectRepository:
    found = find_repository(directory)
    if found is None:
        hint = "old revisions are read from the project's git repository"
        raise InputError(Problem(f"{directory} is not in a git repository", hint=hint))
    return found


def _not_found(revision: str, output: Output) -> Problem:
    if has_error(output):
        return Problem(f"git cannot look up {revision!r}: {git_reason(output)}")
    return Problem(
        f"the project's git repository has no revision {revision!r}", hint="see 'git log' and 'git tag'"
    )
