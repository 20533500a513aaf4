"""Commits made from values on top of commits that are there: no checkout, no index, nothing else of the tree touched."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pinner.git.batch import LOCAL_TIMEOUT
from pinner.git.command import NO_HOOKS, in_repository, run
from pinner.git.diagnosis import classify, essence
from pinner.git.failures import FailureKind
from pinner.git.identity import Identity
from pinner.words.control import ControlFile
from pinner.words.problems import Problem, UnknownError

_MADE = "refs/pinner/made/"


@dataclass(frozen=True, slots=True)
class CommitDraft:
    """One commit on `branch`: `parent` with `writes` laid over it and the paths `removals` taken away.

    Without a parent it is the branch's first.
    """

    branch: str
    parent: str | None
    message: str
    writes: tuple[ControlFile, ...]
    removals: tuple[str, ...] = ()


def make_commits(repository: Path, drafts: Iterable[CommitDraft], identity: Identity) -> Mapping[str, str]:
    """Return branch to the new commit's id; the commits lie in the bare repository, and no branch of it moves.

    Every other entry of the parent's tree stays as it is: modes, links, submodules. Raises UnknownError.
    """
    wanted = tuple(drafts)
    stream = b"".join(part for draft in wanted for part in _commit(draft, identity))
    _git(repository, ["fast-import", "--quiet"], given=stream)
    listed = _git(repository, ["for-each-ref", "--format=%(objectname) %(refname)", _MADE])
    rows = (line.partition(" ") for line in listed.decode().splitlines())
    return {ref.removeprefix(_MADE): commit for commit, _, ref in rows}


def _commit(draft: CommitDraft, identity: Identity) -> Iterator[bytes]:
    """Yield the commit as `git fast-import` reads it. Paths are quoted as C strings, texts counted in bytes."""
    yield f"commit {_MADE}{draft.branch}\nauthor {identity.author}\ncommitter {identity.committer}\n".encode()
    yield _data(draft.message.encode(errors="surrogateescape"))
    if draft.parent:
        yield f"from {draft.parent}\n".encode()
    for path in draft.removals:
        yield b"D %s\n" % _quoted(path)
    for file in draft.writes:
        yield b"M 100%o inline %s\n%s" % (file.mode, _quoted(file.path), _data(file.content))


def _data(raw: bytes) -> bytes:
    return b"data %d\n%s\n" % (len(raw), raw)


def _quoted(path: str) -> bytes:
    raw = path.encode(errors="surrogateescape")
    for plain, escaped in ((b"\\", b"\\\\"), (b'"', b'\\"'), (b"\n", b"\\n")):
        raw = raw.replace(plain, escaped)
    return b'"%s"' % raw


def _git(repository: Path, arguments: list[str], *, given: bytes | None = None) -> bytes:
    output = run([*NO_HOOKS, in_repository(repository), *arguments], timeout=LOCAL_TIMEOUT, given=given)
    if output.status != 0:
        is_full = classify(output.err) is FailureKind.DISK_FULL
        hint = "make room, or move the cache: PINNER_CACHE" if is_full else None
        raise UnknownError(Problem(f"git cannot make a commit: {essence(output)}", hint=hint))
    return output.out
