"""Resolve references to locks (ENV, ENV@REV, path), and read earlier locks and their tags from git's history.

The log of tags has no file of its own because it follows from the history of `environments/*.lock`. Nothing
is written. A project outside any git repository has only the locks on disk.
"""

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from pinner.git.control.user_repository import (
    Head,
    blobs_at_head,
    head_of,
    list_versions,
    read_at,
    read_versions,
)
from pinner.model.errors import InputError, Problem, UnknownError
from pinner.model.lock import TAG, GitPin, Lock, LockRef, SelectorKind
from pinner.openstack.catalogue import canonical_url
from pinner.project.files import ENVIRONMENTS, LOCK_SUFFIX, Project, select_environments
from pinner.project.manifest.lock import LONGEST, parse_lock, read_lock, read_lock_file, read_locked_tags
from pinner.workspace.workspace import CacheKey, Workspace


@dataclass(frozen=True, slots=True)
class LockHistory:
    """One repository whose history contains locks of the project.

    `places` are the paths where locks are and were, `files` the locks on disk now; both are relative to the
    top of the repository.
    """

    head: Head
    places: tuple[str, ...]
    files: tuple[str, ...]


def find_lock_histories(project: Project) -> tuple[LockHistory, ...]:
    """Return the repositories to search for earlier locks, the project's own first; empty if there are none.

    git has no history of files behind a link, nor of files in another repository inside the project, so each
    lock is looked up at its real path. Raises UnknownError if git refuses to read the repository.
    """
    places: dict[Path, set[Path]] = {project.root: {project.environments}}
    files: dict[Path, set[Path]] = {}
    folder = Path(os.path.realpath(project.environments))
    places.setdefault(folder, set()).add(folder)
    for lock in sorted(project.environments.glob(f"*{LOCK_SUFFIX}")):
        real = Path(os.path.realpath(lock))
        files.setdefault(real.parent, set()).add(real)
        if real.parent != folder or lock.is_symlink():
            places.setdefault(real.parent, set()).add(real)
    heads = {directory: head_of(directory) for directory in {**places, **files} if directory.is_dir()}
    unique = {head.repository.git_directory: head for head in heads.values() if head}
    return tuple(
        LockHistory(head, _inside(head, heads, places), _inside(head, heads, files))
        for head in unique.values()
    )


def _inside(
    head: Head, heads: Mapping[Path, Head | None], by_directory: Mapping[Path, Iterable[Path]]
) -> tuple[str, ...]:
    """Return those of the paths that are inside the repository, relative to its top."""
    here = head.repository
    own = (
        path
        for directory, paths in by_directory.items()
        if (other := heads.get(directory)) and other.repository.git_directory == here.git_directory
        for path in paths
    )
    shown = {"" if path == here.top else path.relative_to(here.top).as_posix() for path in own}
    return tuple(sorted(shown))


def read_old_locks(head: Head, *, limit: int | None = None) -> Iterator[tuple[str, Lock]]:
    """Yield blob id and lock of the readable versions, of at most `limit`; their environments are not known.

    Versions with conflict markers or in another format are skipped. Raises UnknownError if git cannot read.
    """
    versions = list_versions(head, [f"{head.prefix}{ENVIRONMENTS}"], LOCK_SUFFIX)[:limit]
    for some in read_versions(head, versions, max_bytes=LONGEST):
        for blob, content in some.items():
            with suppress(InputError):
                yield blob, parse_lock(content, environment="history", path="history")


SUFFIX = ".lock"


def read_lock_ref(text: str, workspace: Workspace) -> LockRef:
    """Return the lock that `text` refers to; raises InputError if there is none."""
    if text.endswith(SUFFIX) or "/" in text.partition("@")[0]:
        path = Path(text)
        if not path.exists():
            raise InputError(
                Problem(f"no lock found at {text!r}", hint="write ENV, ENV@REV, or the path of a lock")
            )
        return LockRef(
            text,
            read_lock_file(workspace.project, path, environment=path.name.removesuffix(SUFFIX), shown=text),
        )
    environment, at, revision = text.partition("@")
    if at:
        return LockRef(text, _from_revision(environment, revision, workspace))
    problems = select_environments(workspace.project, (environment,)).problems
    if problems:
        raise InputError(problems)
    lock = read_lock(workspace.project, environment)
    if lock is None:
        raise InputError(
            Problem(f"environment '{environment}' has no lock", hint=f"run 'pinner lock {environment}'")
        )
    return LockRef(text, lock)


def _from_revision(environment: str, revision: str, workspace: Workspace) -> Lock:
    project = workspace.project
    path = project.shown(project.lock(environment))
    content = read_at(project.root, revision, f"{ENVIRONMENTS}/{environment}{SUFFIX}")
    if content is None:
        message = f"there is no {path} at revision {revision!r} of this project's git"
        raise InputError(Problem(message, hint=f"see 'git log -- {path}'"))
    return parse_lock(content, path=f"{path}@{revision}", environment=environment)


SHALLOW = "this clone of the project is shallow"


@dataclass(frozen=True, slots=True, order=True)
class Meaning:
    """The commit that a tag (full name) of a repository (its present URL) once named."""

    git: str
    ref: str
    commit: str


@dataclass(frozen=True, slots=True)
class TagLog:
    """The commits that tags named; `gap` is why the log is incomplete, None if it is complete."""

    commits: Mapping[tuple[str, str], frozenset[str]] = field(default_factory=dict)
    gap: str | None = None

    def others(self, pin: GitPin) -> frozenset[str]:
        """Return the commits the pin's tag named in any lock, without the pinned one and `moved_from`."""
        meaning = meaning_of(pin)
        if meaning is None:
            return frozenset()
        known = self.commits.get((meaning.git, meaning.ref), frozenset())
        return known - {pin.commit} - frozenset(pin.moved_from)


def meaning_of(pin: GitPin) -> Meaning | None:
    """Return the commit that a tag named according to the pin.

    None for a branch, a bare commit, and an ancestor selected by `as_of`.
    """
    is_older = pin.want.as_of is not None and pin.want.selector is not SelectorKind.VERSION
    if pin.ref is None or not pin.ref.startswith(TAG) or is_older:
        return None
    return Meaning(_home(pin.git), pin.ref, pin.commit)


def has_tags(lock: Lock) -> bool:
    """Return whether any pin of the lock was taken from a tag; the log concerns only such pins."""
    return any(isinstance(pin, GitPin) and meaning_of(pin) for pin in lock.pins.values())


def read_tag_log(workspace: Workspace, locks: Iterable[Lock]) -> TagLog:
    """Return the log of the project's git history together with `locks`, the locks now on disk."""
    pins = (pin for lock in locks for pin in lock.pins.values() if isinstance(pin, GitPin))
    now = {meaning for pin in pins if (meaning := meaning_of(pin))}
    earlier: set[Meaning] = set()
    gap = None
    try:
        for history in find_lock_histories(workspace.project):
            earlier |= _of_history(history, workspace)
            gap = SHALLOW if history.head.is_shallow else gap
    except UnknownError as error:
        gap = error.problems[0].message
    found: dict[tuple[str, str], set[str]] = {}
    for meaning in now | earlier:
        found.setdefault((meaning.git, meaning.ref), set()).add(meaning.commit)
    return TagLog({key: frozenset(commits) for key, commits in found.items()}, gap)


def _of_history(history: LockHistory, workspace: Workspace) -> frozenset[Meaning]:
    head = history.head
    key = " ".join([head.commit, *history.places, *history.files])

    def read(_unread: Sequence[str]) -> Mapping[str, frozenset[Meaning]]:
        versions = list_versions(head, history.places, LOCK_SUFFIX)
        if not blobs_at_head(head, history.files) <= set(versions):
            raise UnknownError(Problem("git's history of locks lacks some that the checked-out commit has"))
        by_version = workspace.cached(_OF_A_LOCK, versions, lambda ids: _of_versions(head, ids))
        return {key: frozenset(meaning for meanings in by_version.values() for meaning in meanings)}

    return workspace.cached(_OF_A_HISTORY, [key], read)[key]


def _of_versions(head: Head, ids: Sequence[str]) -> Mapping[str, frozenset[Meaning]]:
    return {
        name: frozenset(
            Meaning(_home(tag.git), tag.ref, tag.commit)
            for tag in read_locked_tags(content)
            if not tag.is_older
        )
        for some in read_versions(head, ids, max_bytes=LONGEST)
        for name, content in some.items()
    }


@cache
def _home(git: str) -> str:
    """Return a repository's present URL, which is the same for all of its addresses."""
    return canonical_url(git) or git


def _to_json(meanings: Iterable[Meaning]) -> str:
    rows = [[meaning.git, meaning.ref, meaning.commit] for meaning in sorted(meanings)]
    return json.dumps(rows, ensure_ascii=False, separators=(",", ":"))


def _from_json(text: str) -> frozenset[Meaning]:
    return frozenset(Meaning(*row) for row in json.loads(text))


_OF_A_LOCK = CacheKey("tags-of-a-lock-1", _to_json, _from_json)
_OF_A_HISTORY = CacheKey("tags-of-a-history-2", _to_json, _from_json)
