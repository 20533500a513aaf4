"""Reads files, trees and commits of a mirror in batches, checks commits out, and refuses trees that git would refuse.

Checkouts and archives obey the commit's own .gitattributes (`eol`, `ident`, and in archives `export-ignore`),
so their files may differ from the stored ones. No remote is contacted.

    flaw_of_tree(mirror, commit).reason == "it holds '.git/config', which git refuses to check out"

A tree of ten objects can have 10^9 files, so the tree is listed up to a limit before any call that expands
it.
"""

import hashlib
import io
import re
import tarfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from pinner.git.mirrors.batch import (
    LOCAL_TIMEOUT,
    GitObject,
    damaged,
    kinds_of,
    missing_commit,
    read_batch,
    read_objects,
    unreadable,
)
from pinner.git.mirrors.metadata import temporary_directory, with_alternates
from pinner.git.objects.directory_tree import EXECUTABLE, LINK, PLAIN, PlainFile, blob_id, read_plain_tree
from pinner.git.process.children import Output
from pinner.git.process.command import TooMuchOutputError, in_repository, run
from pinner.git.process.failures import FailureKind, classify, git_reason
from pinner.git.process.repository import Mirror
from pinner.model.errors import InputError, Problem, UnknownError

DEEPEST = 200
"""The most directories above a file: functions that walk a tree call themselves for each."""
MOST_FILES = 200_000
"""The most files and directories of a commit; the largest real module has 3,000."""
MOST_BYTES = 32 * 1024 * 1024
"""The largest size in bytes of the list of a commit's files and directories."""

_SIZE_WIDTH = 8  # the least that `ls-tree -l` adds to a row

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
        _require_safe(flaw_of_tree(mirror, commit), mirror, commit, is_written=is_written)


def list_safe_tree(mirror: Mirror, commit: str, *, is_written: bool = False) -> list[str]:
    """Return mode, kind, id and size, a tab and the path of everything in a commit's tree; raises as `require_safe_tree`.

    A directory comes before what is in it; its size is `-`.
    """
    rows, flaw = _list_tree(mirror, commit, "-l")
    _require_safe(flaw, mirror, commit, is_written=is_written)
    return rows


@lru_cache(maxsize=10_000)
def flaw_of_tree(mirror: Mirror, commit: str) -> TreeFlaw | None:
    """Return why git would not check out a commit's tree, or None if it would.

    Raises UnknownError if the mirror lacks the commit or cannot be read.
    """
    return _list_tree(mirror, commit)[1]


def _require_safe(flaw: TreeFlaw | None, mirror: Mirror, commit: str, *, is_written: bool) -> None:
    if flaw and (flaw.is_endless or is_written):
        message = f"commit {commit} of {mirror.url} cannot be read as files: {flaw.reason}"
        raise UnsafeTreeError(Problem(message, hint=HINT))


def _list_tree(mirror: Mirror, commit: str, *options: str) -> tuple[list[str], TreeFlaw | None]:
    """Return the rows that git lists, and the first flaw; raises as `flaw_of_tree`."""
    arguments = ["ls-tree", "-r", "-t", *options, "-z", "--full-tree", "--end-of-options", commit]
    endless = TreeFlaw(f"it has more files than pinner reads ({MOST_FILES})", is_endless=True)
    limit = MOST_BYTES + len(options) * MOST_FILES * _SIZE_WIDTH
    try:
        output = run([in_repository(mirror.path), *arguments], timeout=LOCAL_TIMEOUT, limit=limit)
    except TooMuchOutputError:
        return [], endless
    if output.status != 0:
        return [], _why_unlisted(mirror, commit, output)
    rows = output.out.decode(errors="surrogateescape").split("\0")[:-1]
    if len(rows) > MOST_FILES:
        return [], endless
    for row in rows:
        header, _, path = row.partition("\t")
        mode = header.split(" ", 1)[0]
        if path.count("/") > DEEPEST:
            reason = f"it has directories more than {DEEPEST} deep, as {path[:200]!r}"
            return rows, TreeFlaw(reason, is_endless=True)
        if any(_is_refused(name, mode) for name in path.split("/")):
            return rows, TreeFlaw(
                f"it holds {path[:200]!r}, which git refuses to check out", is_endless=False
            )
    return rows, None


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


@lru_cache(maxsize=10_000)
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
    arguments = (*place, *_PLAIN, "read-tree", "--reset", "-u", "--end-of-options", commit)
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


_HEAD = re.compile(r"ref: refs/heads/(?P<branch>\S+)\n?")


def default_branch(mirror: Mirror) -> str | None:
    """Return the short name of the remote's default branch when the mirror was made, or None."""
    try:
        found = _HEAD.fullmatch((mirror.path / "HEAD").read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        return None
    return found["branch"] if found and mirror.refs.branch(found["branch"]) else None


_SHORT_ID = re.compile(r"[0-9a-f]{4,40}")
_ID = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True, slots=True)
class TooLarge:
    """A file larger than the caller's limit; `size` is in bytes."""

    size: int


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """Several commits begin with a short id."""

    candidates: tuple[str, ...]


def read_files(
    mirror: Mirror, requests: Iterable[tuple[str, str]], *, max_bytes: int
) -> Mapping[tuple[str, str], bytes | TooLarge | None]:
    """Return (commit, path) to content; None if the commit has no such file, TooLarge above `max_bytes`.

    The content of a symbolic link is its target. Raises UnknownError if the mirror lacks a commit, and
    InputError for a path with a line break; `read_blobs` can read such a file by its id.
    """
    unique = tuple(dict.fromkeys(requests))
    if bad := next((path for _, path in unique if "\n" in path), None):
        raise InputError(Problem(f"a path with a line break cannot be requested: {bad!r}"))
    trees = {commit: f"{commit}^{{tree}}" for commit, _ in unique}
    names = {request: f"{request[0]}:{request[1]}" for request in unique}
    found = read_objects(mirror.path, [*trees.values(), *names.values()], max_bytes=max_bytes)
    if missing := [commit for commit, tree in trees.items() if found[tree] is None]:
        raise missing_commit(mirror, missing[0])
    for commit, path in (request for request in unique if found[names[request]] is None):
        # git prints "missing" both for a file that the commit lacks and for an object that the mirror lacks.
        if path in _names_in(found[trees[commit]]):
            raise damaged(mirror.path, f"the object of {path} in {commit} is missing")
    return {request: _content(found[name]) for request, name in names.items()}


def read_blobs(
    mirror: Mirror, ids: Iterable[str], *, max_bytes: int
) -> Mapping[str, bytes | TooLarge | None]:
    """Return blob id to content; None if the mirror has no such blob, TooLarge above `max_bytes`."""
    found = read_objects(mirror.path, ids, max_bytes=max_bytes)
    return {name: _content(thing) for name, thing in found.items()}


def read_tree_ids(commits: Mapping[str, Mirror]) -> Mapping[str, str]:
    """Return commit to the id of its tree; raises UnknownError if its mirror lacks the commit."""
    by_mirror: dict[Mirror, list[str]] = {}
    for commit, mirror in commits.items():
        by_mirror.setdefault(mirror, []).append(commit)
    trees: dict[str, str] = {}
    for mirror, some in by_mirror.items():
        found = read_objects(mirror.path, (f"{commit}^{{tree}}" for commit in some), max_bytes=0)
        for commit, tree in zip(some, found.values(), strict=True):
            if tree is None:
                raise missing_commit(mirror, commit)
            trees[commit] = tree.id
    return trees


def has_commits(mirror: Mirror, ids: Iterable[str]) -> frozenset[str]:
    """Return those of `ids` (40 hex digits) that are commits in the mirror.

    A commit that a ref names is one: that was checked when the mirror's refs were recorded.
    """
    wanted = {name for name in ids if _ID.fullmatch(name)}
    named = wanted.intersection(mirror.refs.commits.values())
    kinds = kinds_of(mirror.path, wanted - named)
    return frozenset(named.union(name for name, kind in kinds.items() if kind == "commit"))


def with_directories(mirror: Mirror, commits: Iterable[str], names: Iterable[str]) -> frozenset[str]:
    """Return the commits (40 hex digits) that have at least one of these directories at their top."""
    specs = {f"{commit}:{name}": commit for commit in commits for name in names}
    found = read_objects(mirror.path, specs, max_bytes=0) if specs else {}
    return frozenset(specs[spec] for spec, thing in found.items() if thing and thing.kind == "tree")


def expand_commit(mirror: Mirror, text: str) -> str | Ambiguous | None:
    """Return the full id of the only commit whose id begins with `text` (4 to 40 lowercase hex digits).

    Returns None if no commit matches, and Ambiguous if several do. Branches and tags with that
    name are ignored.
    """
    if not _SHORT_ID.fullmatch(text):
        return None
    listed = read_batch(mirror, ["rev-parse", f"--disambiguate={text}"]).out.decode().split()
    commits = sorted(has_commits(mirror, listed))
    return commits[0] if len(commits) == 1 else Ambiguous(tuple(commits)) if commits else None


def commit_of(mirror: Mirror, object_id: str) -> str | None:
    """Return the commit of a full object id (of a commit or an annotated tag); None for other objects."""
    if not _ID.fullmatch(object_id):
        return None
    name = f"{object_id}^{{commit}}"
    output = read_batch(mirror, ["rev-parse", "--verify", "--quiet", "--end-of-options", name], allowed=1)
    return output.out.decode().strip() or None


def _names_in(tree: GitObject | None) -> frozenset[str]:
    """Return the names in a tree object, without submodules.

    Each entry is `<mode> <name>`, NUL and an id of 20 bytes.
    """
    content = tree.content if tree and tree.content else b""
    rows = re.findall(rb"(?!160000)[0-7]+ ([^\0]+)\0.{20}", content, re.DOTALL)
    return frozenset(name.decode(errors="surrogateescape") for name in rows)


def _content(found: GitObject | None) -> bytes | TooLarge | None:
    if found is None or found.kind != "blob":
        return None
    return TooLarge(found.size) if found.content is None else found.content


_LARGEST_TREE = 4 * 1024 * 1024
_ID_BYTES = 20


def commits_by_tree(mirror: Mirror) -> Mapping[str, tuple[str, ...]]:
    """Return tree id to the commits with that top-level tree, newest first."""
    options = ["-c", "log.showSignature=false", "log", "--all", "--format=%T %H"]
    found: dict[str, list[str]] = {}
    for line in read_batch(mirror, options).out.decode().splitlines():
        tree, _, commit = line.partition(" ")
        found.setdefault(tree, []).append(commit)
    return {tree: tuple(commits) for tree, commits in found.items()}


def commits_with_tree(mirror: Mirror, tree_id: str, *, without: str | None = None) -> tuple[str, ...]:
    """Return the commits whose top-level tree has that id, newest first.

    With `without`, return those whose tree would have that id without the entry of that name at its top.
    """
    by_tree = commits_by_tree(mirror)
    if without is None:
        return by_tree.get(tree_id, ())
    smaller = trees_without(mirror, by_tree, without)
    alike = (tree for tree in by_tree if smaller.get(tree) == tree_id)
    return tuple(commit for tree in alike for commit in by_tree[tree])


def trees_without(mirror: Mirror, trees: Iterable[str], name: str) -> Mapping[str, str]:
    """Return tree id to the id that the tree would have without the entry `name` at its top."""
    read = read_objects(mirror.path, trees, max_bytes=_LARGEST_TREE)
    contents = {tree: thing.content for tree, thing in read.items() if thing and thing.content is not None}
    ids: dict[str, str] = {}
    for tree, content in contents.items():
        rest = b"".join(row for row, entry in _raw_entries(content) if entry != name.encode())
        ids[tree] = hashlib.sha1(b"tree %d\0%s" % (len(rest), rest), usedforsecurity=False).hexdigest()
    return ids


def _raw_entries(tree: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield each entry of a tree object (`<mode> <name>`, NUL and the bytes of the id) and its name."""
    start = 0
    while start < len(tree):
        end = tree.index(b"\0", start)
        name = tree[start:end].partition(b" ")[2]
        yield tree[start : end + 1 + _ID_BYTES], name
        start = end + 1 + _ID_BYTES


@dataclass(frozen=True, slots=True)
class TreeEntry:
    """One file of a tree.

    `mode` is octal as git writes it (120000: symbolic link); `kind` is blob, or commit for a submodule.
    """

    path: str
    mode: str
    kind: str
    id: str


@dataclass(frozen=True, slots=True)
class TreeChange:
    """One changed file: `status` is A (added), D (deleted), M (modified) or T (type changed).

    If a side has no such file, its id is None and its mode 000000.
    """

    status: str
    path: str
    old_id: str | None
    new_id: str | None
    old_mode: str
    new_mode: str


def list_tree(mirror: Mirror, commit: str, *, under: str | None = None) -> tuple[TreeEntry, ...]:
    """Return all files of a commit (40 hex digits), or those at or below the path `under`, sorted by path.

    Bytes of a path that are not UTF-8 become lone surrogates (`os.fsencode` restores them).
    """
    require_safe_tree(mirror, commit)
    where = ["--", under] if under else []
    output = read_batch(
        mirror, ["ls-tree", "-r", "-z", "--full-tree", "--end-of-options", commit, *where], about=(commit,)
    )
    rows = output.out.decode(errors="surrogateescape").split("\0")[:-1]
    return tuple(
        TreeEntry(path, *header.split(" ")) for header, _, path in (row.partition("\t") for row in rows)
    )


def changed_paths(mirror: Mirror, a: str, b: str) -> tuple[TreeChange, ...]:
    """Return the files that differ between the commits `a` and `b`, sorted by path.

    A rename is reported as a deletion and an addition.
    """
    require_safe_tree(mirror, a, b)
    options = ["-r", "-z", "--raw", "--no-renames", "--no-ext-diff", "--no-abbrev", "--end-of-options"]
    out = read_batch(mirror, ["diff-tree", *options, a, b, "--"], about=(a, b)).out
    fields = iter(out.decode(errors="surrogateescape").split("\0")[:-1])
    changes: list[TreeChange] = []
    for header, path in zip(fields, fields, strict=True):
        # `:<old mode> <new mode> <old id> <new id> <status>`; the id of a missing file is all zeros
        old_mode, new_mode, *ids, status = header.removeprefix(":").split(" ")
        old, new = (name if name.strip("0") else None for name in ids)
        changes.append(TreeChange(status, path, old, new, old_mode, new_mode))
    return tuple(changes)
