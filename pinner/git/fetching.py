"""One remote and its mirror on disk: made by one clone, kept fresh by one fetch, made anew when damaged.

Everything here runs while the mirror's lock is held. A mirror is a bare repository with the remote's branches and tags
under their own names, and, under refs/pinner/commits/, single commits that no branch or tag reaches. It never
garbage-collects, so that readers need no lock.
"""

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from pinner.git import stored
from pinner.git.batch import DamagedError, kinds_of
from pinner.git.command import Output, in_repository, run
from pinner.git.failures import FailureKind, SyncFailure, classify, essence, failure
from pinner.git.mirror import Mirror
from pinner.git.remote import Remote
from pinner.words.problems import Problem
from pinner.words.refs import BRANCH, Refs

KEPT_COMMITS = "refs/pinner/commits/"
_NO_VARIABLES: Mapping[str, str] = {}
_REFSPECS = ("+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")
# Not --atomic: with it git cannot replace the branch `stable` by `stable/2025.1`. A fetch that was killed half-way is
# not seen by readers, who take the refs from pinner's note of the last whole sync.
_FETCH = (
    "fetch",
    "--quiet",
    "--prune",
    "--no-tags",
    "--no-write-fetch-head",
    "--no-auto-maintenance",
    "--no-recurse-submodules",
    "--no-show-forced-updates",
)
# The user's configuration counts, but these would run the user's hooks, or leave thousands of small files.
_OPTIONS = (
    "-c",
    "core.hooksPath=/dev/null",
    "-c",
    "fetch.unpackLimit=1",
    "-c",
    "fetch.writeCommitGraph=false",
)
_CLONE = (
    "clone",
    "--bare",
    "--quiet",
    "--template=",
    "--no-local",
    "--config=gc.auto=0",
    "--config=maintenance.auto=0",
)


def sync(remote: Remote, lock: int) -> Mirror | SyncFailure:
    """Return the mirror as the remote is now. Raises UnknownError for a timeout, OSError when the disk refuses."""
    _clear_leftovers(remote.path)
    if not remote.path.exists():
        return _make(remote, lock)
    try:
        return _refresh(remote, lock)
    except DamagedError as damage:
        return _make_anew(remote, lock, damage)


def _refresh(remote: Remote, lock: int) -> Mirror | SyncFailure:
    note = _whole_note(remote.path)
    output = _fetch(remote, lock, _REFSPECS)
    if output.status == 0:
        return _fetched(remote, note)
    if classify(output.err) is FailureKind.CORRUPT:
        raise DamagedError(Problem(essence(output.err)))
    return _failed(remote, output)


def _fetched(remote: Remote, note: stored.Note) -> Mirror | SyncFailure:
    if stored.is_current(remote.path, note) and note.refs.commits:
        return Mirror(remote.url, remote.path, note.refs)
    if stored.is_empty(remote.path) and not _speaks_git(remote):
        return _no_git(remote)
    return Mirror(remote.url, remote.path, _note_refs(remote.path, remote))


def _speaks_git(remote: Remote) -> bool:
    """Tell whether a remote that has no refs really said so.

    git takes a web page of one line for the list of refs of a "dumb" server, and finds none in it. Only the trace
    tells; no harm in a second connection, as it is asked for empty repositories alone.
    """
    if not remote.place.startswith("http"):
        return True
    output = _talk(remote, None, ("ls-remote", "--end-of-options", remote.place), {"GIT_TRACE_PACKET": "1"})
    return "packet:" in output.err


def _no_git(remote: Remote) -> SyncFailure:
    reason = "the answer holds no ref and is not git's"
    return failure(FailureKind.PROTOCOL, remote.url, place=remote.place, reason=reason)


def read(remote: Remote) -> Mirror:
    """Return the mirror as the last whole sync left it; raises DamagedError if that cannot be told."""
    return Mirror(remote.url, remote.path, _whole_note(remote.path).refs)


def fetch_commit(remote: Remote, commit: str, lock: int) -> bool | SyncFailure:
    """Return whether the remote gave that commit, which no branch or tag reaches; it is kept under a ref."""
    output = _fetch(remote, lock, (f"{commit}:{KEPT_COMMITS}{commit}",), prune=False)
    if output.status == 0:
        return True
    if "not our ref" in output.err or "unadvertised object" in output.err:
        return False
    return _failed(remote, output)


def _whole_note(path: Path) -> stored.Note:
    note = stored.read_note(path)
    if note is None:
        raise DamagedError(Problem("pinner's note of its refs is missing"))
    if not stored.is_whole(path, note):
        raise DamagedError(Problem("a pack is missing or cut off"))
    return note


def _fetch(remote: Remote, lock: int, refspecs: tuple[str, ...], *, prune: bool = True) -> Output:
    arguments = [argument for argument in _FETCH if prune or argument != "--prune"]
    return _talk(
        remote, lock, (in_repository(remote.path), *arguments, "--end-of-options", remote.place, *refspecs)
    )


def _talk(
    remote: Remote, lock: int | None, arguments: tuple[str, ...], extra: Mapping[str, str] = _NO_VARIABLES
) -> Output:
    variables = remote.speech.variables(remote.place, timeout=remote.timeout)
    output = _run(remote, lock, arguments, {**variables, **extra})
    if "GIT_SSL_CAPATH" not in variables or classify(output.err) is not FailureKind.CERTIFICATE:
        return output
    remote.speech.trust_as_git_does()
    return _talk(remote, lock, arguments, extra)


def _run(
    remote: Remote, lock: int | None, arguments: tuple[str, ...], variables: Mapping[str, str]
) -> Output:
    return run(
        [*_OPTIONS, *arguments],
        timeout=remote.timeout,
        variables=variables,
        keep_open=() if lock is None else (lock,),
        running=remote.running,
    )


def _failed(remote: Remote, output: Output) -> SyncFailure:
    return failure(classify(output.err), remote.url, place=remote.place, reason=essence(output.err))


def _make_anew(remote: Remote, lock: int, damage: DamagedError) -> Mirror | SyncFailure:
    made = _make(remote, lock)
    if isinstance(made, SyncFailure):
        return made
    note = f"the mirror of {remote.url} was damaged ({damage.problems[0].message}) and has been made anew"
    return Mirror(made.url, made.path, made.refs, (note,))


def _make(remote: Remote, lock: int) -> Mirror | SyncFailure:
    """Clone beside the mirror, then put it in place; whatever stood there stays until the clone is whole."""
    new, old = _beside(remote.path)
    output = _talk(remote, lock, (*_CLONE, "--end-of-options", remote.place, str(new)))
    if output.status != 0:
        shutil.rmtree(new, ignore_errors=True)
        return _failed(remote, output)
    if stored.is_empty(new) and not _speaks_git(remote):
        shutil.rmtree(new)
        return _no_git(remote)
    refs = _note_refs(new, remote)
    if remote.path.exists():
        remote.path.rename(old)
    new.rename(remote.path)
    shutil.rmtree(old, ignore_errors=True)
    return Mirror(remote.url, remote.path, refs)


def _note_refs(path: Path, remote: Remote) -> Refs:
    """Read the refs, leave out what is no commit, and note them."""
    if stored.has_loose_refs(path):
        packed = run(
            [in_repository(path), "pack-refs", "--all"], timeout=remote.timeout, running=remote.running
        )
        if packed.status != 0:
            raise DamagedError(Problem(essence(packed.err)))
    try:
        content = (path / "packed-refs").read_bytes() if (path / "packed-refs").exists() else b""
        peeled = stored.parse_packed_refs(content)
    except ValueError as error:
        raise DamagedError(Problem(f"packed-refs holds {str(error)!r}")) from None
    kinds = kinds_of(path, set(peeled.values()), running=remote.running)
    if missing := [ref for ref, commit in peeled.items() if commit not in kinds]:
        raise DamagedError(Problem(f"the object of {missing[0]} is missing"))
    refs = Refs(
        {ref: commit for ref, commit in peeled.items() if kinds[commit] == "commit" or ref.startswith(BRANCH)}
    )
    stored.write_note(path, refs)
    return refs


def _clear_leftovers(path: Path) -> None:
    """Remove what a killed run left: with the lock held, no living process owns it."""
    for directory in _beside(path):
        if directory.exists():
            shutil.rmtree(directory)
    for leftover in _leftovers(path):
        leftover.unlink(missing_ok=True)


def _leftovers(path: Path) -> Iterator[Path]:
    yield from path.glob("*.lock")
    yield from path.glob("packed-refs.new")
    yield from (path / "refs").glob("**/*.lock")
    yield from (path / "objects" / "pack").glob("tmp_*")


def _beside(path: Path) -> tuple[Path, Path]:
    return path.with_name(f"{path.name}.new"), path.with_name(f"{path.name}.old")
