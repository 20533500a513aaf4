"""One `git cat-file` process answering many questions about objects. Reads mirrors only, never a remote."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from pinner.git import stored
from pinner.git.command import OUTPUT_LIMIT, Output, TooMuchOutputError, in_repository, run
from pinner.git.diagnosis import essence
from pinner.git.mirror import Mirror
from pinner.git.running import Running
from pinner.words.problems import Problem, UnknownError

LOCAL_TIMEOUT = 120.0
_AT_ONCE = 16 * 1024 * 1024
_HEADER = re.compile(rb"([0-9a-f]{40}) (commit|tree|blob|tag) ([0-9]+)")


class DamagedError(UnknownError):
    """A mirror is not what git and pinner left there."""


class MissingCommitError(UnknownError):
    """A mirror lacks a commit that it was asked about."""


@dataclass(frozen=True, slots=True)
class GitObject:
    """One object: its id, its kind (commit, tree, blob, tag), its size in bytes; `content` None if not asked for."""

    id: str
    kind: str
    size: int
    content: bytes | None = None


def ask(
    mirror: Mirror,
    arguments: Iterable[str],
    *,
    about: Iterable[str] = (),
    allowed: int = 0,
    limit: int = OUTPUT_LIMIT,
) -> Output:
    """Return what a git command that only reads says about a mirror.

    `about` are the commits it is asked about, `allowed` a status that is an answer beside 0, `limit` as for `run`.
    Raises UnknownError if the mirror lacks one of the commits, DamagedError if git cannot read the mirror.
    """
    output = run([in_repository(mirror.path), *arguments], timeout=LOCAL_TIMEOUT, limit=limit)
    if output.status in {0, allowed}:
        return output
    wanted = set(about)
    if missing := sorted(wanted - kinds_of(mirror.path, wanted).keys()):
        raise MissingCommitError(Problem(f"{mirror.url} has no commit {missing[0]}", hint="was it fetched?"))
    raise unreadable(mirror.path, output)


def unreadable(path: Path, output: Output) -> DamagedError:
    """Return the error for a mirror that git cannot read, after seeing to it that the next sync makes it anew."""
    stored.forget_note(path)
    hint = "run again without --offline: the mirror will be made anew"
    return DamagedError(Problem(f"the mirror {path} cannot be read: {essence(output)}", hint=hint))


def kinds_of(path: Path, ids: Iterable[str], *, running: Running | None = None) -> Mapping[str, str]:
    """Return object id to kind for those that the mirror has."""
    wanted = sorted(set(ids))
    out = _cat(path, ["--batch-check=%(objectname) %(objecttype)"], wanted, running=running)
    rows = (line.split(" ") for line in out.decode().splitlines())
    return {name: kind for name, kind in rows if kind != "missing"}


def read_objects(path: Path, names: Iterable[str], *, max_bytes: int) -> Mapping[str, GitObject | None]:
    """Return name (`<id>`, `<commit>:<path>`, ...) to object, None for what is not there.

    Objects above `max_bytes` come without content. Usually one git process; more if the objects are so large that
    their sizes must be known first.
    """
    wanted = list(dict.fromkeys(names))
    try:
        found = _read(path, wanted, limit=_AT_ONCE)
    except TooMuchOutputError:
        found = _look_up(path, wanted)
        for some in _slices(found, max_bytes):
            found |= _read(path, some, limit=OUTPUT_LIMIT)
    return {
        name: thing and (thing if thing.size <= max_bytes else replace(thing, content=None))
        for name, thing in found.items()
    }


def _look_up(path: Path, names: list[str]) -> dict[str, GitObject | None]:
    lines = _cat(path, ["--batch-check"], names).split(b"\n")
    return {name: _header(line) for name, line in zip(names, lines, strict=False)}


def _read(path: Path, names: list[str], *, limit: int) -> dict[str, GitObject | None]:
    out = _cat(path, ["--batch"], names, limit=limit)
    found: dict[str, GitObject | None] = {}
    start = 0
    for name in names:
        end = out.index(b"\n", start)
        found[name] = thing = _header(out[start:end])
        start = end + 1
        if thing:
            found[name] = replace(thing, content=out[start : start + thing.size])
            start += thing.size + 1
    return found


def _slices(found: Mapping[str, GitObject | None], max_bytes: int) -> Iterator[list[str]]:
    """Yield the names of what is small enough, in groups that one process can print within the limit."""
    group: list[str] = []
    room = _AT_ONCE
    for name, thing in found.items():
        if thing is None or thing.size > max_bytes:
            continue
        if group and thing.size > room:
            yield group
            group, room = [], _AT_ONCE
        group.append(name)
        room -= thing.size
    if group:
        yield group


def _cat(
    path: Path,
    options: list[str],
    names: list[str],
    *,
    limit: int = OUTPUT_LIMIT,
    running: Running | None = None,
) -> bytes:
    if not names:
        return b""
    output = run(
        [in_repository(path), "cat-file", "--buffer", *options],
        timeout=LOCAL_TIMEOUT,
        given="".join(f"{name}\n" for name in names).encode(errors="surrogateescape"),
        limit=limit,
        running=running,
    )
    if output.status != 0 or output.err:  # a damaged object is called missing, and only stderr tells
        raise unreadable(path, output)
    return output.out


def _header(line: bytes) -> GitObject | None:
    """Parse `<id> <kind> <size>`; any other answer (missing, ambiguous, submodule) is None."""
    match = _HEADER.fullmatch(line)
    return GitObject(match[1].decode(), match[2].decode(), int(match[3])) if match else None
