"""One mirror on disk: made by one clone, kept fresh by one fetch, made anew when damaged.

Everything here but `read` runs while the mirror's lock is held. A mirror never drops an object, so readers need no lock
and a commit that was once pinned stays when its branch is rewritten.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path

from pinner.git import stored, transport
from pinner.git.batch import DamagedError, kinds_of
from pinner.git.command import Output, in_repository, run
from pinner.git.diagnosis import classify, essence
from pinner.git.failures import FailureKind, SyncFailure, failure
from pinner.git.mirror import Mirror
from pinner.git.remote import Remote
from pinner.words.problems import Problem
from pinner.words.refs import BRANCH, Refs

# Each fetch that brings something leaves a pack; git looks every object up in all of them.
_MANY_PACKS = 20
_NO_SUCH_COMMIT = ("not our ref", "unadvertised object", "couldn't find remote ref")


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
    output = transport.fetch(remote, lock)
    if output.status == 0:
        return _fetched(remote, note)
    if classify(output.err) is FailureKind.DAMAGED_MIRROR:
        raise DamagedError(Problem(essence(output)))
    return _failed(remote, output)


def _fetched(remote: Remote, note: stored.Note) -> Mirror | SyncFailure:
    if stored.is_current(remote.path, note) and note.refs.commits:
        return Mirror(remote.url, remote.path, note.refs)
    if stored.is_empty(remote.path) and not transport.speaks_git(remote):
        return _no_git(remote)
    _join_packs(remote)
    return Mirror(remote.url, remote.path, _note_refs(remote.path, remote))


def _no_git(remote: Remote) -> SyncFailure:
    return failure(FailureKind.PROTOCOL, remote.url, place=remote.place, reason=transport.NO_GIT)


def read(remote: Remote) -> Mirror:
    """Return the mirror as the last whole sync left it; raises DamagedError if that cannot be told."""
    return Mirror(remote.url, remote.path, _whole_note(remote.path).refs)


def fetch_commit(remote: Remote, commit: str, lock: int) -> bool | SyncFailure:
    """Return whether the remote gave that commit, which no branch or tag reaches; it is kept under a ref."""
    output = transport.fetch_commit(remote, lock, commit)
    if output.status == 0:
        return True
    return False if any(words in output.err for words in _NO_SUCH_COMMIT) else _failed(remote, output)


def _whole_note(path: Path) -> stored.Note:
    note = stored.read_note(path)
    if note is None:
        raise DamagedError(Problem("pinner's note of its refs is missing"))
    if not stored.is_whole(path, note):
        raise DamagedError(Problem("a pack is missing or cut off"))
    return note


def _failed(remote: Remote, output: Output) -> SyncFailure:
    return failure(classify(output.err), remote.url, place=remote.place, reason=essence(output))


def _make_anew(remote: Remote, lock: int, damage: DamagedError) -> Mirror | SyncFailure:
    made = _make(remote, lock)
    if isinstance(made, SyncFailure):
        return made
    note = f"the mirror of {remote.url} was damaged ({damage.problems[0].message}) and has been made anew"
    return Mirror(made.url, made.path, made.refs, (note,))


def _make(remote: Remote, lock: int) -> Mirror | SyncFailure:
    """Clone beside the mirror, then put it in place; whatever stood there stays until the clone is whole."""
    new, old = _beside(remote.path)
    output = transport.clone(remote, lock, new)
    if output.status != 0:
        shutil.rmtree(new, ignore_errors=True)
        kind = classify(output.err)
        kind = FailureKind.CORRUPT if kind is FailureKind.DAMAGED_MIRROR else kind  # there was no mirror yet
        return failure(kind, remote.url, place=remote.place, reason=essence(output))
    if flaw := _flaw(new, remote):
        shutil.rmtree(new)
        return flaw
    if remote.path.exists():
        remote.path.rename(old)
    new.rename(remote.path)
    shutil.rmtree(old, ignore_errors=True)
    return read(remote)


def _flaw(new: Path, remote: Remote) -> SyncFailure | None:
    """Return why a fresh clone cannot be used; if nothing, its refs are noted."""
    if stored.is_empty(new) and not transport.speaks_git(remote):
        return _no_git(remote)
    if stored.holds_sha256(new):
        reason = "the ids of its commits are SHA-256"
        return failure(FailureKind.UNSUPPORTED, remote.url, place=remote.place, reason=reason)
    try:
        _note_refs(new, remote)
    except DamagedError as error:
        return failure(FailureKind.CORRUPT, remote.url, place=remote.place, reason=error.problems[0].message)
    return None


def _note_refs(path: Path, remote: Remote) -> Refs:
    """Read the refs, leave out what is no commit, and note them."""
    if stored.has_loose_refs(path):
        packed = run(
            [in_repository(path), "pack-refs", "--all"], timeout=remote.timeout, running=remote.running
        )
        if packed.status != 0:
            raise DamagedError(Problem(essence(packed)))
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


def _join_packs(remote: Remote) -> None:
    """Join small packs once there are many; every object stays, reachable or not. That it fails harms nothing."""
    if stored.count_packs(remote.path) > _MANY_PACKS:
        arguments = ["repack", "--geometric=2", "-d", "-n", "--quiet"]
        run([in_repository(remote.path), *arguments], timeout=remote.timeout, running=remote.running)


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
