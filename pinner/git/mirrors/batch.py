"""Reads many objects of a mirror with one `git cat-file` process; never contacts a remote."""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from pinner.git.mirrors.metadata import forget_metadata
from pinner.git.process.children import Output, ProcessGroup
from pinner.git.process.command import OUTPUT_LIMIT, TooMuchOutputError, in_repository, run
from pinner.git.process.failures import (
    EXHAUSTED_HINT,
    DamagedError,
    FailureKind,
    classify,
    git_reason,
    has_error,
)
from pinner.git.process.repository import Mirror
from pinner.model.errors import Problem, UnknownError

T = TypeVar("T")

LOCAL_TIMEOUT = 120.0
_AT_ONCE = 16 * 1024 * 1024
_HEADER = re.compile(rb"([0-9a-f]{40}) (commit|tree|blob|tag) ([0-9]+)")


class ExhaustedGitError(UnknownError):
    """git ran out of memory, files or processes, or was killed; the mirror need not be damaged."""


class MissingCommitError(UnknownError):
    """A mirror lacks a commit that a git command needs."""


@dataclass(frozen=True, slots=True)
class GitObject:
    """One object: `kind` is commit, tree, blob or tag, `size` in bytes, `content` None if it was not read."""

    id: str
    kind: str
    size: int
    content: bytes | None = None


def read_batch(
    mirror: Mirror,
    arguments: Iterable[str],
    *,
    about: Iterable[str] = (),
    allowed: int = 0,
    limit: int = OUTPUT_LIMIT,
) -> Output:
    """Run a git command that only reads a mirror, and return its result.

    `about` are the commits that the command needs, `allowed` is an exit status besides 0 that is not a
    failure, and `limit` is as for `run`. Raises UnknownError if the mirror lacks one of the commits, and
    DamagedError if git cannot read the mirror.
    """
    output = run([in_repository(mirror.path), *arguments], timeout=LOCAL_TIMEOUT, limit=limit)
    if output.status in {0, allowed}:
        return output
    needed = set(about)
    if missing := sorted(needed - kinds_of(mirror.path, needed).keys()):
        raise missing_commit(mirror, missing[0])
    raise unreadable(mirror.path, output)


def missing_commit(mirror: Mirror, commit: str) -> UnknownError:
    """Return the error for a missing commit; the mirror is damaged if one of its refs names that commit."""
    if commit in mirror.refs.commits.values():
        return damaged(mirror.path, f"the commit {commit} is missing")
    return MissingCommitError(Problem(f"{mirror.url} has no commit {commit}", hint="was it fetched?"))


def unreadable(path: Path, output: Output) -> UnknownError:
    """Return the error for a mirror that git cannot read; if it is damaged, the next sync clones it again."""
    if output.status < 0 or classify(output.err) is FailureKind.EXHAUSTED:
        reason = git_reason(output) if output.err else f"git was killed by signal {-output.status}"
        return ExhaustedGitError(
            Problem(f"git could not read the mirror {path}: {reason}", hint=EXHAUSTED_HINT)
        )
    return damaged(path, git_reason(output))


def damaged(path: Path, reason: str) -> DamagedError:
    """Return the error for a damaged mirror after removing its metadata: the next sync clones it again."""
    forget_metadata(path)
    hint = "run again without --offline: the mirror will be cloned again"
    return DamagedError(Problem(f"the mirror {path} cannot be read: {reason}", hint=hint))


def kinds_of(path: Path, ids: Iterable[str], *, running: ProcessGroup | None = None) -> Mapping[str, str]:
    """Return object id to kind for those of `ids` that the mirror has."""
    unique = sorted(set(ids))
    out = _cat(path, ["--batch-check=%(objectname) %(objecttype)"], unique, running=running)
    rows = (line.split(" ") for line in out.decode().splitlines())
    return {name: kind for name, kind in rows if kind != "missing"}


def read_objects(path: Path, names: Iterable[str], *, max_bytes: int) -> Mapping[str, GitObject | None]:
    """Return name (`<id>`, `<commit>:<path>`, ...) to object, None if the object does not exist.

    Objects larger than `max_bytes` have no content. This usually takes one git process, and more if the
    objects are so large that their sizes must be read first.
    """
    unique = list(dict.fromkeys(names))
    try:
        found = _read(path, unique, limit=_AT_ONCE)
    except (TooMuchOutputError, ExhaustedGitError):
        lines = _cat(path, ["--batch-check"], unique).split(b"\n")
        found = {name: _header(line) for name, line in zip(unique, lines, strict=False)}
        sizes = ((name, thing.size) for name, thing in found.items() if thing and thing.size <= max_bytes)
        for some in slices(list(sizes)):
            found |= _read(path, some, limit=OUTPUT_LIMIT)
    return {
        name: thing and (thing if thing.size <= max_bytes else replace(thing, content=None))
        for name, thing in found.items()
    }


def _read(path: Path, names: list[str], *, limit: int) -> dict[str, GitObject | None]:
    out = _cat(path, ["--batch"], names, limit=limit)
    found: dict[str, GitObject | None] = {}
    start = 0
    for name in names:
        end = out.index(b"\n", start)
        found[name] = thing = _header(out[start:end])
        start = end + 1
        if thing:
            content = out[start : start + thing.size]
            header = f"{thing.kind} {thing.size}\0".encode()
            # git does not check when it reads a pack that the content is that of the id.
            if hashlib.sha1(header + content, usedforsecurity=False).hexdigest() != thing.id:
                raise damaged(path, f"the object stored as {thing.id} has another id")
            found[name] = replace(thing, content=content)
            start += thing.size + 1
    return found


def slices(sizes: Iterable[tuple[T, int]]) -> Iterator[list[T]]:
    """Yield the things, given with their sizes in bytes, in groups that fit into memory together."""
    group: list[T] = []
    room = _AT_ONCE
    for thing, size in sizes:
        if group and size > room:
            yield group
            group, room = [], _AT_ONCE
        group.append(thing)
        room -= size
    if group:
        yield group


def _cat(
    path: Path,
    options: list[str],
    names: list[str],
    *,
    limit: int = OUTPUT_LIMIT,
    running: ProcessGroup | None = None,
) -> bytes:
    if not names:
        return b""
    output = run(
        [in_repository(path), "cat-file", "--buffer", *options],
        timeout=LOCAL_TIMEOUT,
        stdin="".join(f"{name}\n" for name in names).encode(errors="surrogateescape"),
        limit=limit,
        running=running,
    )
    # For a damaged object, git prints "missing" and exits with 0, so only stderr shows the difference.
    if output.status != 0 or (b" missing\n" in output.out and has_error(output)):
        raise unreadable(path, output)
    return output.out


def _header(line: bytes) -> GitObject | None:
    """Parse `<id> <kind> <size>`; return None for any other line (missing, ambiguous, submodule)."""
    match = _HEADER.fullmatch(line)
    return GitObject(match[1].decode(), match[2].decode(), int(match[3])) if match else None
