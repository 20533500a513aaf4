"""Reads and pushes branches of a control repository through a temporary clone, with retries, and finds pinner's publications.

The clone has no branches of its own and is recreated for each try, so that leftovers of a killed run have no
effect. A publication is a commit with trailers `Pinner-Lock: ENVIRONMENT LOCK-ID`, one per environment. The functions
that read history contact no remote.
"""

import os
import re
import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from pinner.git.mirrors.batch import LOCAL_TIMEOUT, read_batch
from pinner.git.mirrors.mirrors import FIRST_PAUSE, Cache, T, retry
from pinner.git.process.children import Output, ProcessGroup
from pinner.git.process.command import GitTimeoutError, in_repository, run
from pinner.git.process.failures import FailureKind, SyncFailure, classify, failure, git_reason, printable
from pinner.git.process.repository import (
    FETCH,
    NO_GIT,
    Connections,
    Mirror,
    Remote,
    TransportEnvironment,
    call_remote,
    is_git_server,
    serving,
)
from pinner.model.control import LastChange
from pinner.model.errors import Problem, UnknownError
from pinner.model.lock import BRANCH, Refs
from pinner.model.manifest import Settings
from pinner.model.text import canonical_git_url, rewrite_url

TIPS = "refs/pinner/tips/"

# pinner pushes from a bare repository without hooks; the options override the user's settings for a push.
_PUSH = ("push", "--porcelain", "--no-follow-tags", "--recurse-submodules=no", "--no-verify")


def push(remote: Remote, lock: int, commits: Mapping[str, str], parents: Mapping[str, str | None]) -> Output:
    """Move every branch of `commits` from its parent to its commit, or none of them.

    The server rejects the push if a branch has left its parent (None: if the branch exists).
    """
    leases = (f"--force-with-lease={BRANCH}{name}:{parents[name] or ''}" for name in commits)
    atomic = ("--atomic",) if len(commits) > 1 else ()
    refspecs = (f"{commit}:{BRANCH}{name}" for name, commit in commits.items())
    where = in_repository(remote.path)
    return call_remote(
        remote, lock, (where, *_PUSH, *atomic, *leases, "--end-of-options", remote.place, *refspecs)
    )


# `!` TAB `<from>:<to>` TAB `[rejected] (<reason>)`, git's transport.c
_REFUSED = re.compile(r"^!\t[^\t]*:([^\t]*)\t\[[a-z ]*\] \((.*)\)$", re.MULTILINE)
_FAILED_WITH_OTHERS = "atomic push fail"
_MOVED = re.compile("stale info|fetch first|non-fast-forward")
_NOT_ATOMIC = "does not support --atomic push"
_REMOTE_LINE = re.compile(r"^remote: +(.*)$", re.MULTILINE)
_MOST_LINES = 5


def why_rejected(remote: Remote, output: Output) -> SyncFailure | None:
    """Return why the server rejected the push; None if the call failed before the server decided."""
    if _NOT_ATOMIC in output.err:
        message = f"{remote.url} cannot move several branches in one step, so none was moved"
        hint = "publish one environment at a time: pinner publish ENV"
        return SyncFailure(remote.url, FailureKind.UNSUPPORTED, message, hint)
    refused = dict(_REFUSED.findall(output.out.decode(errors="replace")))
    reasons = {ref: reason for ref, reason in refused.items() if _FAILED_WITH_OTHERS not in reason} or refused
    if not reasons:
        return None
    has_moved = any(_MOVED.search(reason) for reason in reasons.values())
    kind = FailureKind.MOVED if has_moved else FailureKind.REJECTED
    words = [
        f"branch {printable(ref.removeprefix(BRANCH))}: {printable(reason)}"
        for ref, reason in sorted(reasons.items())[:_MOST_LINES]
    ]
    lines = [line.strip() for line in _REMOTE_LINE.findall(output.err)]
    shown = [printable(line) for line in lines if line and not line.startswith("error: hook declined")]
    if shown:
        words.append(f"the server's output: {' / '.join(shown[:_MOST_LINES])}")
    return failure(kind, remote.url, place=remote.place, reason="; ".join(words))


_ID = re.compile(r"[0-9a-f]{40}")
_AGAIN = "nothing was published: run the command again"
# The hints for mirrors do not apply here: a control repository needs the server, and `rewrite` is not applied
# to it.
_HINTS = {
    FailureKind.UNREACHABLE: _AGAIN,
    FailureKind.INTERRUPTED: _AGAIN,
    FailureKind.SERVER: _AGAIN,
    FailureKind.NOT_FOUND: "check the URL: --control-repo, or control_repo in pinner.yaml",
}
_HINT_IF_UNKNOWN = "run the command again: it determines whether the branches were published"
_CUT_OFF = frozenset({FailureKind.INTERRUPTED, FailureKind.SERVER})


class ControlRepositoryError(UnknownError):
    """A call to the control repository's server failed; `failure` is the reason."""

    def __init__(self, trouble: SyncFailure) -> None:
        super().__init__(Problem(trouble.message, hint=trouble.hint))
        self.failure = trouble


@dataclass(frozen=True, slots=True)
class ControlClone:
    """The temporary clone at `remote.path`; git inherits the descriptor `lock`.

    All methods that contact the remote, and `make`, raise ControlRepositoryError.
    """

    remote: Remote
    lock: int

    def make(self) -> None:
        """Make the empty repository."""
        output = run(
            ["init", "--quiet", "--bare", "--template=", "--end-of-options", str(self.remote.path)],
            timeout=LOCAL_TIMEOUT,
        )
        if output.status != 0:
            raise ControlRepositoryError(self._failed(FailureKind.CACHE, git_reason(output)))

    def list_branches(self) -> Mapping[str, str]:
        """Return short name to commit for every branch that the remote has now."""
        arguments = ("ls-remote", "--heads", *serving(self.remote), "--end-of-options", self.remote.place)
        output = self._checked(call_remote(self.remote, self.lock, arguments))
        rows = (line.partition("\t") for line in output.out.decode(errors="surrogateescape").splitlines())
        found = {ref.removeprefix(BRANCH): commit for commit, _, ref in rows}
        if not all(_ID.fullmatch(commit) for commit in found.values()):
            raise ControlRepositoryError(
                self._failed(FailureKind.UNSUPPORTED, "the ids of its commits are SHA-256")
            )
        if not found and not is_git_server(self.remote):
            raise ControlRepositoryError(self._failed(FailureKind.PROTOCOL, NO_GIT))
        return found

    def fetch(self, branches: Iterable[str], *, depth: int | None) -> Mirror:
        """Fetch the branches with `depth` of their newest commits (None: all) and return a mirror of them."""
        if names := tuple(branches):
            limit = (f"--depth={depth}",) if depth else ("--unshallow",)
            options = (in_repository(self.remote.path), *FETCH, *serving(self.remote), *limit)
            refspecs = (f"+{BRANCH}{name}:{TIPS}{name}" for name in names)
            arguments = (*options, "--end-of-options", self.remote.place, *refspecs)
            self._checked(call_remote(self.remote, self.lock, arguments, into=self.remote.path))
        tips = f"--format=%(objectname) {BRANCH}%(refname:lstrip=3)"
        output = run([in_repository(self.remote.path), "for-each-ref", tips, TIPS], timeout=LOCAL_TIMEOUT)
        rows = (line.partition(" ") for line in output.out.decode(errors="surrogateescape").splitlines())
        return Mirror(self.remote.url, self.remote.path, Refs({ref: commit for commit, _, ref in rows}))

    @property
    def boundary(self) -> frozenset[str]:
        """Return the commits whose parents were not fetched."""
        shallow = self.remote.path / "shallow"
        return frozenset(shallow.read_text().split()) if shallow.exists() else frozenset()

    def push(self, commits: Mapping[str, str], parents: Mapping[str, str | None]) -> None:
        """Move every branch of `commits` from its parent to its commit, or none of them.

        If the server's response is lost, its branches are listed to determine whether they moved.
        """
        try:
            output = push(self.remote, self.lock, commits, parents)
        except GitTimeoutError as error:
            self._look(commits, parents, self._failed(FailureKind.TIMEOUT, error.problems[0].message))
        else:
            if output.status != 0:
                self._look(commits, parents, why_rejected(self.remote, output) or self._why(output))

    def _look(
        self, commits: Mapping[str, str], parents: Mapping[str, str | None], trouble: SyncFailure
    ) -> None:
        """Raise ControlRepositoryError unless every branch is at its pushed commit."""
        try:
            now = self.list_branches()
        except (ControlRepositoryError, GitTimeoutError):
            message = f"{trouble.message}; could not determine whether it was published"
            raise ControlRepositoryError(replace(trouble, message=message, hint=_HINT_IF_UNKNOWN)) from None
        if all(now.get(name) == commit for name, commit in commits.items()):
            return
        if moved := sorted(name for name in commits if now.get(name) != parents[name]):
            raise ControlRepositoryError(self._failed(FailureKind.MOVED, ", ".join(moved)))
        # After a lost connection, the server may still be processing the push.
        raise ControlRepositoryError(
            replace(trouble, hint=_HINT_IF_UNKNOWN) if trouble.kind in _CUT_OFF else trouble
        )

    def _checked(self, output: Output) -> Output:
        if output.status != 0:
            is_gone = "couldn't find remote ref" in output.err
            trouble = (
                self._failed(FailureKind.MOVED, git_reason(output, self._urls))
                if is_gone
                else self._why(output)
            )
            raise ControlRepositoryError(trouble)
        return output

    @property
    def _urls(self) -> tuple[str, str]:
        return self.remote.url, self.remote.place

    def _why(self, output: Output) -> SyncFailure:
        return self._failed(classify(output.err), git_reason(output, self._urls))

    def _failed(self, kind: FailureKind, reason: str) -> SyncFailure:
        found = failure(kind, self.remote.url, place=self.remote.place, reason=reason)
        return replace(found, hint=_HINTS.get(kind, found.hint))


Round = Callable[[ControlClone], T]


@dataclass(frozen=True, slots=True)
class ControlRepository:
    """The control repository at `url`.

    As pinner writes to it, `rewrite` is not applied; git's own `insteadOf` is. `pause` is the time in seconds
    before the second try; it doubles for each further try.
    """

    url: str
    settings: Settings
    pause: float = FIRST_PAUSE

    def work(self, action: Round[T]) -> T:
        """Return the result of `action`, repeating it with a new clone after transient failures.

        Raises UnknownError if the last try fails, and InputError for a URL that must not be passed to git.
        """
        cache = Cache.at(Path(self.settings.cache))
        remote = self._remote(cache)
        cache.make()
        result = retry(
            remote,
            lambda _remote, lock: _try(remote, lock, action),
            retries=self.settings.retries,
            pause=self.pause,
        )
        if isinstance(result, SyncFailure):
            raise UnknownError(Problem(result.message, hint=result.hint))
        return result

    def _remote(self, cache: Cache) -> Remote:
        path = cache.control(canonical_git_url(self.url))
        place = rewrite_url(self.url, {})
        transport = TransportEnvironment(os.environ, cache.no_authorities)
        connections = Connections(self.settings.jobs)
        timeout = self.settings.timeout
        return Remote(
            self.url, place, path, timeout, ProcessGroup(), transport, connections, is_written_to=True
        )


def _try(remote: Remote, lock: int, action: Round[T]) -> T | SyncFailure:
    """Call the action with a new clone and return its result; leftovers of it or a killed run are removed."""
    if remote.path.exists():
        shutil.rmtree(remote.path)
    clone = ControlClone(remote, lock)
    try:
        clone.make()
        return action(clone)
    except ControlRepositoryError as error:
        return error.failure
    finally:
        shutil.rmtree(remote.path, ignore_errors=True)


TRAILER = "Pinner-Lock"
_ANY_TRAILER = re.compile(rf"^{TRAILER}: [a-z]", re.MULTILINE)
_ANY_ENVIRONMENT = ".*"
_FIELDS = "%x00%an%x00%as%x00%s%x00%B"


def find_publication(mirror: Mirror, tip: str, environments: Iterable[str] = ()) -> str | None:
    """Return the newest commit up to `tip` that published one of `environments` (if empty: any), or None."""
    names = "|".join(re.escape(name) for name in environments) or _ANY_ENVIRONMENT
    options = ["--topo-order", "--max-count=1", "--extended-regexp", f"--grep=^{TRAILER}: ({names}) pin-"]
    return (
        read_batch(mirror, ["rev-list", *options, "--end-of-options", tip, "--"], about=(tip,))
        .out.decode()
        .strip()
        or None
    )


def last_change(mirror: Mirror, tip: str, path: str, *, since: str | None = None) -> LastChange | None:
    """Return the newest commit up to `tip`, minus the history of `since`, that changed the path, or None."""
    options = ["--max-count=1", f"--format=tformat:{_FIELDS}", "--encoding=UTF-8"]
    excluded = [f"^{since}"] if since else []
    arguments = ["rev-list", *options, "--end-of-options", tip, *excluded, "--", path]
    out = read_batch(mirror, arguments, about=(tip,)).out.decode(errors="replace")
    if not out:
        return None
    header, author, day, subject, message = out.split("\0", 4)
    commit = header.split()[1]
    return LastChange(
        commit, printable(author), printable(day), printable(subject), bool(_ANY_TRAILER.search(message))
    )


def first_commits(mirror: Mirror, tip: str) -> frozenset[str]:
    """Return the commits up to `tip` that have no parent here: root commits, or the shallow boundary."""
    arguments = ["rev-list", "--max-parents=0", "--end-of-options", tip, "--"]
    return frozenset(read_batch(mirror, arguments, about=(tip,)).out.decode().split())
