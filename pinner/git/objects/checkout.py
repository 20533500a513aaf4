"""Checks out and archives commits of a mirror, and refuses trees that git would not check out.

Checkouts and archives obey the commit's own .gitattributes (`eol`, `ident`, and in archives `export-ignore`),
so their files may differ from the stored ones. No remote is contacted.

    flaw_of_tree(mirror, commit).reason == "it holds '.git/config', which git refuses to check out"

A tree of ten objects can have 10^9 files, so the tree is listed up to a limit before any call that expands
it.
"""

import io
import re
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from pinner.git.mirrors.batch import LOCAL_TIMEOUT, missing_commit, read_batch, unreadable
from pinner.git.mirrors.metadata import temporary_directory, with_alternates
from pinner.git.objects.directory_tree import EXECUTABLE, LINK, PLAIN, PlainFile, blob_id, read_plain_tree
from pinner.git.process.children import Output
from pinner.git.process.command import TooMuchOutputError, in_repository, run
from pinner.git.process.failures import FailureKind, classify, git_reason
from pinner.git.process.repository import Mirror
from pinner.model.errors import Problem, UnknownError

MOST_FILES = 200_000
"""The most files and directories of a commit; the largest real module has 3,000."""
MOST_BYTES = 32 * 1024 * 1024
"""The largest size in bytes of the list of a commit's files and directories."""

HINT = "pin another commit, and report this one to the owner of the module"
_LINK = "120000"
_MALFORMED = (
    "empty filename",
    "malformed mode",
    "too-short tree",
    "truncated tree",
    "exceeded maximum allowed tree depth",
)
# Code points that HFS+ ignores in names, and names that NTFS treats as the same: git's utf8.c
# (next_hfs_char), path.c.
_IGNORED_BY_HFS = re.compile("[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]")
_DOT_GIT = re.compile(r"(?:\.git|git~1)[ .]*(?::.*)?", re.IGNORECASE | re.DOTALL)
_DOT_GITMODULES = re.compile(
    r"(?:\.gitmodules|gitmod~[1-4]|gi7eba~[0-9])[ .]*(?::.*)?", re.IGNORECASE | re.DOTALL
)


class UnsafeTreeError(UnknownError):
    """git refuses to check out a commit's tree, or the tree is too large to be expanded."""


@dataclass(frozen=True, slots=True)
class TreeFlaw:
    """Why git would not check out a tree; `is_endless` is True if its files cannot all be listed."""

    reason: str
    is_endless: bool


def require_safe_tree(mirror: Mirror, *commits: str, is_written: bool = False) -> None:
    """Raise UnsafeTreeError for a commit (40 hex digits) whose tree is too large to expand.

    With `is_written`, names that git refuses to check out raise it too.
    """
    for commit in commits:
        flaw = flaw_of_tree(mirror, commit)
        if flaw and (flaw.is_endless or is_written):
            message = f"commit {commit} of {mirror.url} cannot be read as files: {flaw.reason}"
            raise UnsafeTreeError(Problem(message, hint=HINT))


@lru_cache(maxsize=10_000)
def flaw_of_tree(mirror: Mirror, commit: str) -> TreeFlaw | None:
    """Return why git would not check out a commit's tree, or None if it would.

    Raises UnknownError if the mirror lacks the commit or cannot be read.
    """
    arguments = ["ls-tree", "-r", "-t", "-z", "--full-tree", "--end-of-options", commit]
    try:
        output = run([in_repository(mirror.path), *arguments], timeout=LOCAL_TIMEOUT, limit=MOST_BYTES)
    except TooMuchOutputError:
        return TreeFlaw(f"it has more files than pinner reads ({MOST_FILES})", is_endless=True)
    if output.status != 0:
        return _why_unlisted(mirror, commit, output)
    rows = output.out.decode(errors="surrogateescape").split("\0")[:-1]
    if len(rows) > MOST_FILES:
        return TreeFlaw(f"it has more files than pinner reads ({MOST_FILES})", is_endless=True)
    for row in rows:
        header, _, path = row.partition("\t")
        mode = header.split(" ", 1)[0]
        if any(_is_refused(name, mode) for name in path.split("/")):
            return TreeFlaw(f"it holds {path[:200]!r}, which git refuses to check out", is_endless=False)
    return None


def _why_unlisted(mirror: Mirror, commit: str, output: Output) -> TreeFlaw:
    if output.status < 0:
        return TreeFlaw(
            f"git was killed by signal {-output.status} when it listed the files", is_endless=True
        )
    if any(words in output.err for words in _MALFORMED):
        return TreeFlaw(f"git cannot read it: {git_reason(output)}", is_endless=True)
    if "not a tree object" in output.err or "Not a valid object name" in output.err:
        raise missing_commit(mirror, commit)
    raise unreadable(mirror.path, output)


def _is_refused(name: str, mode: str) -> bool:
    r"""Return whether git's verify_path (read-cache.c) rejects a name in a path on any file system.

    Other file systems ignore some code points, and treat `\` as a separator.
    """
    spellings = (name, _IGNORED_BY_HFS.sub("", name), *(part or name for part in name.split("\\")[1:]))
    return any(
        part in {"", ".", ".."}
        or _DOT_GIT.fullmatch(part)
        or (mode == _LINK and _DOT_GITMODULES.fullmatch(part))
        for part in spellings
    )


# git-lfs would download large files from a server; only the content of the mirror is used.
_VARIABLES = {"GIT_LFS_SKIP_SMUDGE": "1"}
_PLAIN = ["-c", "core.autocrlf=false", "-c", "advice.detachedHead=false"]


def check_out(mirror: Mirror, commit: str, directory: Path, *, scratch: Path) -> None:
    """Write the files of `commit` (40 hex digits) to the new directory `directory`.

    `scratch` is a path that must not exist. A repository with the mirror's objects is made there, because git
    needs an index and other processes may be reading the mirror. Raises UnknownError if git fails.
    """
    require_safe_tree(mirror, commit, is_written=True)
    directory.mkdir(parents=True)
    with_alternates(mirror.path, scratch)
    place = [f"--git-dir={scratch}", f"--work-tree={directory}"]
    _git(*place, *_PLAIN, "read-tree", "--reset", "-u", "--end-of-options", commit)


def _git(*arguments: str) -> None:
    output = run(arguments, timeout=LOCAL_TIMEOUT, variables=_VARIABLES)
    if output.status != 0:
        is_full = classify(output.err) is FailureKind.DISK_FULL
        hint = "make room, or set TMPDIR to another directory" if is_full else None
        raise UnknownError(
            Problem(f"git cannot write the files of a commit: {git_reason(output)}", hint=hint)
        )


def checked_out(mirror: Mirror, commit: str) -> tuple[PlainFile, ...]:
    """Return the files that `git checkout` writes for a commit (40 hex digits), sorted by path."""
    with temporary_directory("pinner-") as place:
        check_out(mirror, commit, place / "files", scratch=place / "scratch")
        return read_plain_tree(place / "files").files


def archived(mirror: Mirror, commit: str) -> tuple[PlainFile, ...]:
    """Return the files that `git archive` writes for a commit (40 hex digits), sorted by path."""
    require_safe_tree(mirror, commit)
    plain = ["-c", "core.autocrlf=false"]  # the user's setting would convert line ends
    packed = read_batch(mirror, [*plain, "archive", "--format=tar", commit], about=(commit,)).out
    with tarfile.open(fileobj=io.BytesIO(packed), errors="surrogateescape", encoding="utf-8") as archive:
        return tuple(sorted(_files(archive), key=lambda file: file.path))


def _files(archive: tarfile.TarFile) -> Iterator[PlainFile]:
    for member in archive:
        if member.issym():
            target = member.linkname.encode(errors="surrogateescape")
            yield PlainFile(member.name, LINK, blob_id(target), len(target))
        elif (stream := archive.extractfile(member)) is not None:
            mode = EXECUTABLE if member.mode & 0o100 else PLAIN
            yield PlainFile(member.name, mode, blob_id(stream.read()), member.size)
