"""Files, objects and commits of a mirror, read in batches: one git process a repository. Never asks a remote."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pinner.git.batch import GitObject, MissingCommitError, ask, kinds_of, read_objects
from pinner.git.mirror import Mirror
from pinner.words.problems import InputError, Problem

_SHORT_ID = re.compile(r"[0-9a-f]{4,40}")
_ID = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True, slots=True)
class TooLarge:
    """A file that is larger than the caller reads; `size` in bytes."""

    size: int


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """A short id that several commits begin with."""

    candidates: tuple[str, ...]


def read_files(
    mirror: Mirror, requests: Iterable[tuple[str, str]], *, max_bytes: int
) -> Mapping[tuple[str, str], bytes | TooLarge | None]:
    """Return (commit, path) to content; None where the commit has no file there, TooLarge above `max_bytes`.

    A symbolic link's content is its target. Raises UnknownError if the mirror lacks a commit, InputError for a path
    with a line break: `read_blobs` reads such a file by its id.
    """
    wanted = tuple(dict.fromkeys(requests))
    if bad := next((path for _, path in wanted if "\n" in path), None):
        raise InputError(Problem(f"a path with a line break cannot be asked for: {bad!r}"))
    trees = {commit: f"{commit}^{{tree}}" for commit, _ in wanted}
    names = {request: f"{request[0]}:{request[1]}" for request in wanted}
    found = read_objects(mirror.path, [*trees.values(), *names.values()], max_bytes=max_bytes)
    if missing := [commit for commit, tree in trees.items() if found[tree] is None]:
        raise MissingCommitError(Problem(f"{mirror.url} has no commit {missing[0]}", hint="was it fetched?"))
    return {request: _content(found[name]) for request, name in names.items()}


def read_blobs(
    mirror: Mirror, ids: Iterable[str], *, max_bytes: int
) -> Mapping[str, bytes | TooLarge | None]:
    """Return blob id to content; None where the mirror has no such blob, TooLarge above `max_bytes`."""
    found = read_objects(mirror.path, ids, max_bytes=max_bytes)
    return {name: _content(thing) for name, thing in found.items()}


def has_commits(mirror: Mirror, ids: Iterable[str]) -> frozenset[str]:
    """Return those of `ids` (40 hex digits) that are commits in the mirror."""
    kinds = kinds_of(mirror.path, (name for name in ids if _ID.fullmatch(name)))
    return frozenset(name for name, kind in kinds.items() if kind == "commit")


def expand_commit(mirror: Mirror, text: str) -> str | Ambiguous | None:
    """Return the whole id of the one commit whose id begins with `text` (4 to 40 small hex digits).

    None if there is none. A branch or tag of that name is not looked at.
    """
    if not _SHORT_ID.fullmatch(text):
        return None
    listed = ask(mirror, ["rev-parse", f"--disambiguate={text}"]).out.decode().split()
    commits = sorted(has_commits(mirror, listed))
    return commits[0] if len(commits) == 1 else Ambiguous(tuple(commits)) if commits else None


def commit_of(mirror: Mirror, object_id: str) -> str | None:
    """Return the commit that a whole object id means: itself, or what the annotated tag of that id names; else None."""
    if not _ID.fullmatch(object_id):
        return None
    wanted = f"{object_id}^{{commit}}"
    answer = ask(mirror, ["rev-parse", "--verify", "--quiet", "--end-of-options", wanted], allowed=1)
    return answer.out.decode().strip() or None


def _content(found: GitObject | None) -> bytes | TooLarge | None:
    if found is None or found.kind != "blob":
        return None
    return TooLarge(found.size) if found.content is None else found.content
