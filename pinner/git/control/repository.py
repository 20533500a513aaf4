"""Makes commits from values, and reads and pushes branches of a control repository through a temporary clone, with retries.

The temporary clone has no branches of its own and is recreated for each try, so that leftovers of a killed run have no
effect. A publication is a commit with trailers `Pinner-Lock: ENVIRONMENT LOCK-ID`, one per environment. The functions
that read history contact no remote.

Commits are also made for local branches that r10k clones, and for the demo. Local branches only grow, by one commit per
change, so that a commit that was once passed to r10k can still be fetched. The history of the demo's project is made
with GitPython's objects.
"""

import hashlib
import os
import re
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from git import Actor, Repo

from pinner.git.mirrors.batch import LOCAL_TIMEOUT, read_batch
from pinner.git.mirrors.mirrors import FIRST_PAUSE, Cache, T, locked, retry
from pinner.git.process.children import Output, ProcessGroup
from pinner.git.process.command import GitTimeoutError, in_repository, run
from pinner.git.process.failures import (
    DamagedError,
    FailureKind,
    SyncFailure,
    classify,
    failure,
    git_reason,
    printable,
)
from pinner.git.process.local_repositories import (
    find_repository,
    make_private,
    require_own_files,
    write_config,
)
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
from pinner.model.control import ControlBranch, ControlFile, LastChange
from pinner.model.errors import InputError, Problem, UnknownError
from pinner.model.lock import BRANCH, Refs
from pinner.model.manifest import Settings
from pinner.model.text import canonical_git_url, rewrite_url

_TIMEOUT = 30.0
# git must not derive a name and an address from the login and the host: they would stay in the history for
# ever.
_CONFIGURED_ONLY = ("-c", "user.useConfigOnly=true")
_PERSON = re.compile(
    r"\s*([^<>\x00-\x1f\x7f]*[^<>\x00-\x20\x7f])\s*<([^<>\x00-\x20\x7f]+@[^<>\x00-\x20\x7f]+)>\s*"
)
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Committer:
    """Author and committer of a commit, each as `NAME <EMAIL> SECONDS ZONE`."""

    author: str
    committer: str


def read_committer(directory: Path, *, author: str | None = None) -> Committer:
    """Return the author and committer that git uses in that directory.

    `author` (`NAME <EMAIL>`) replaces git's author, and git's committer if there is none. Raises InputError
    if git has no identity, or if `author` has another form.
    """
    given: dict[str, str] = {}
    if author is not None:
        match = _PERSON.fullmatch(author)
        if match is None or len(author) > _LONGEST:
            raise InputError(Problem(f"--author: {author[:_LONGEST]!r} is not of the form 'NAME <EMAIL>'"))
        given = {"GIT_AUTHOR_NAME": match[1], "GIT_AUTHOR_EMAIL": match[2]}
    found = _read_identity(directory, "AUTHOR", given)
    as_committer = {name.replace("AUTHOR", "COMMITTER"): value for name, value in given.items()}
    committer = _read_identity(directory, "COMMITTER", {}) or (
        as_committer and _read_identity(directory, "COMMITTER", as_committer)
    )
    if found and committer:
        return Committer(found, committer)
    hint = "git config --global user.name NAME; git config --global user.email EMAIL; or give --author 'NAME <EMAIL>'"
    raise InputError(Problem("git has no identity for commits", hint=hint))


def _read_identity(directory: Path, role: str, variables: dict[str, str]) -> str:
    """Return git's identity for a role, "" if it has none; raises InputError for a name that git rejects."""
    repository = find_repository(directory)
    place = [in_repository(repository.git_directory)] if repository else []
    output = run(
        [*place, *_CONFIGURED_ONLY, "var", f"GIT_{role}_IDENT"], timeout=_TIMEOUT, variables=variables
    )
    if output.status == 0:
        return output.out.decode(errors="replace").strip()
    if "auto-detection is disabled" in output.err:
        return ""
    raise InputError(
        Problem(
            f"git has no valid identity for commits: {git_reason(output)}",
            hint="see 'git var GIT_AUTHOR_IDENT'",
        )
    )


_MADE = "refs/pinner/made/"


@dataclass(frozen=True, slots=True)
class CommitDraft:
    """One commit on `branch`: the tree of `parent`, without the paths `removals` and with the files `writes`.

    Without a parent, it is the first commit of the branch.
    """

    branch: str
    parent: str | None
    message: str
    writes: tuple[ControlFile, ...]
    removals: tuple[str, ...] = ()


def make_commits(repository: Path, drafts: Iterable[CommitDraft], identity: Committer) -> Mapping[str, str]:
    """Make the commits in the bare repository and return branch to commit id; no branch is moved.

    All other entries of the parent's tree are unchanged: modes, links, submodules. Raises UnknownError.
    """
    stream = b"".join(part for draft in drafts for part in _commit_command(draft, identity))
    _run_git(repository, ["fast-import", "--quiet"], stdin=stream)
    listed = _run_git(repository, ["for-each-ref", "--format=%(objectname) %(refname)", _MADE])
    rows = (line.partition(" ") for line in listed.decode().splitlines())
    return {ref.removeprefix(_MADE): commit for commit, _, ref in rows}


def _commit_command(draft: CommitDraft, identity: Committer) -> Iterator[bytes]:
    """Yield a commit for `git fast-import`: paths are quoted as C strings, texts counted in bytes."""
    yield f"commit {_MADE}{draft.branch}\nauthor {identity.author}\ncommitter {identity.committer}\n".encode()
    yield data_command(draft.message.encode(errors="surrogateescape"))
    if draft.parent:
        yield f"from {draft.parent}\n".encode()
    for path in draft.removals:
        yield b"D %s\n" % _quoted(path)
    for file in draft.writes:
        yield b"M 100%o inline %s\n%s" % (file.mode, _quoted(file.path), data_command(file.content))


def data_command(raw: bytes) -> bytes:
    """Return the `data` command of `git fast-import` for these bytes."""
    return b"data %d\n%s\n" % (len(raw), raw)


def _quoted(path: str) -> bytes:
    raw = path.encode(errors="surrogateescape")
    for plain, escaped in ((b"\\", b"\\\\"), (b'"', b'\\"'), (b"\n", b"\\n")):
        raw = raw.replace(plain, escaped)
    return b'"%s"' % raw


def _run_git(repository: Path, arguments: list[str], *, stdin: bytes | None = None) -> bytes:
    output = run([in_repository(repository), *arguments], timeout=LOCAL_TIMEOUT, stdin=stdin)
    if output.status != 0:
        is_full = classify(output.err) is FailureKind.DISK_FULL
        hint = "make room, or move the cache: PINNER_CACHE" if is_full else None
        raise UnknownError(Problem(f"git cannot make a commit: {git_reason(output)}", hint=hint))
    return output.out


_TIP = "%(objectname) %(refname) %(contents:subject)"
# A fixed name and time: the history of the project shows who changed a lock, and when.
_FIXED_IDENTITY = Committer("pinner <pinner@localhost> 0 +0000", "pinner <pinner@localhost> 0 +0000")


def keep_branches(path: Path, branches: Iterable[ControlBranch], *, timeout: float) -> Mapping[str, str]:
    """Make or extend each branch whose files or lock ids have changed, and return branch to commit for all.

    `path` is the absolute path of the repository, `timeout` the seconds to wait for another process that
    holds its lock. Raises UnknownError.
    """
    try:
        make_private(path.parent)
    except OSError as error:
        hint = "set PINNER_CACHE to a directory you may write"
        raise UnknownError(Problem(f"cannot make {path.parent}: {error.strerror}", hint=hint)) from error
    with locked(path.with_suffix(".lock"), timeout=timeout, running=ProcessGroup()):
        _prepare(path)
        return _commit_changed(path, {branch.name: branch for branch in branches})


def _prepare(path: Path) -> None:
    """Make the repository unless it exists; raises UnknownError if it has files that pinner does not make."""
    hint = f"remove {path}: pinner makes it again"
    try:
        if path.exists():
            require_own_files(path)
        _run_branch_git(["init", "--quiet", "--bare", "--template=", "--end-of-options", str(path)])
        write_config(path)
    except DamagedError as error:
        message = f"git cannot store the branches for r10k: in {path}, {error.problems[0].message}"
        raise UnknownError(Problem(message, hint=hint)) from None
    except OSError as error:
        raise UnknownError(Problem(f"cannot write {path}: {error.strerror}", hint=hint)) from error


def _commit_changed(path: Path, branches: Mapping[str, ControlBranch]) -> Mapping[str, str]:
    # Refs that a killed run left beside the branches would be mixed up with those of the new commits.
    _forget_all_but_branches(path)
    tips = {ref.removeprefix(BRANCH): (commit, subject) for commit, ref, subject in _refs(path)}
    drafts = [
        CommitDraft(name, tips[name][0] if name in tips else None, _subject(branch), branch.files)
        for name, branch in branches.items()
        if name not in tips or tips[name][1] != _subject(branch)
    ]
    if drafts:
        made = make_commits(path, drafts, _FIXED_IDENTITY)
        _update(path, (f"update {BRANCH}{name} {commit}" for name, commit in made.items()))
        _forget_all_but_branches(path)
        return {name: made[name] if name in made else tips[name][0] for name in branches}
    return {name: tips[name][0] for name in branches}


def _refs(path: Path) -> list[tuple[str, str, str]]:
    """Return the commit, the full name and the subject of every ref."""
    lines = _run_branch_git([in_repository(path), "for-each-ref", f"--format={_TIP}"]).splitlines()
    return [(commit, ref, subject) for commit, ref, subject in (line.split(" ", 2) for line in lines)]


def _forget_all_but_branches(path: Path) -> None:
    _update(path, (f"delete {ref}" for _, ref, _ in _refs(path) if not ref.startswith(BRANCH)))


def _subject(branch: ControlBranch) -> str:
    """Return a commit subject that identifies the lock ids and the exact files of a branch."""
    digest = hashlib.sha256(repr(branch.files).encode()).hexdigest()
    return f"{' '.join(branch.lock_ids)} {digest}"


def _update(path: Path, lines: Iterable[str]) -> None:
    text = "".join(f"{line}\n" for line in lines)
    _run_branch_git([in_repository(path), "update-ref", "--stdin"], stdin=text.encode())


def _run_branch_git(arguments: list[str], *, stdin: bytes | None = None) -> str:
    output = run([*arguments], timeout=LOCAL_TIMEOUT, stdin=stdin)
    if output.status != 0:
        raise UnknownError(Problem(f"git cannot store the branches for r10k: {git_reason(output)}"))
    return output.out.decode()


SECONDS = 60.0
AUTHOR = "Demo Upstream <upstream@example.org>"


@dataclass(frozen=True, slots=True)
class DemoCommit:
    """One commit of a demo repository, with all its files by path.

    A new `branch` starts at the branch `parent`. `when` is the date in seconds since 1970, UTC; fixed dates
    make the same commit ids everywhere. `tag` is the name of an annotated tag for the commit.
    """

    branch: str
    message: str
    when: int
    files: Mapping[str, str]
    parent: str | None = None
    tag: str | None = None


def make_upstream(path: Path, commits: Iterable[DemoCommit]) -> None:
    """Make a bare repository at an absolute path with these commits, in this order; raises UnknownError."""
    _run_in(["init", "--quiet", "--bare", "--initial-branch=master", "--end-of-options", str(path)])
    stream = b"".join(part for commit in commits for part in _upstream_commit(commit))
    _run_in([in_repository(path), "fast-import", "--quiet"], stdin=stream)


def _upstream_commit(commit: DemoCommit) -> Iterator[bytes]:
    yield f"commit refs/heads/{commit.branch}\ncommitter {AUTHOR} {commit.when} +0000\n".encode()
    yield data_command(commit.message.encode())
    if commit.parent:
        yield f"from refs/heads/{commit.parent}\n".encode()
    yield b"deleteall\n"
    for name, text in sorted(commit.files.items()):
        yield f"M 100644 inline {name}\n".encode() + data_command(text.encode())
    if commit.tag:
        tagger = f"tagger {AUTHOR} {commit.when} +0000\n"
        yield f"tag {commit.tag}\nfrom refs/heads/{commit.branch}\n{tagger}".encode()
        yield data_command(commit.tag.encode())


def _run_in(arguments: list[str], *, stdin: bytes | None = None) -> None:
    """Run a git command that makes a repository of pinner's own; raises UnknownError if it fails."""
    output = run(arguments, timeout=SECONDS, stdin=stdin)
    if output.status != 0:
        raise UnknownError(Problem(f"git {arguments[0]} failed: {output.err}"))


def init_project(directory: Path) -> None:
    """Make an empty repository in `directory`, on the branch `main` and without the user's template of hooks."""
    place = [in_repository(directory / ".git"), f"--work-tree={directory}"]
    _run_in([*place, "init", "--quiet", "--initial-branch=main", "--template="])


def commit_files(
    directory: Path, paths: Iterable[Path], message: str, *, author: tuple[str, str], when: int
) -> str:
    """Commit files of the repository in `directory` and return the commit's id; no hook runs.

    `author` is the name and address of author and committer; `when` is in seconds since the epoch. The same files make the same id.
    """
    person = Actor(*author)
    date = datetime.fromtimestamp(when, UTC)
    with Repo(directory) as repository:
        # GitPython reads objects with a git process, which must not look at a GIT_DIR of the caller.
        repository.git.update_environment(GIT_DIR=str(directory / ".git"), GIT_WORK_TREE=str(directory))
        repository.index.add([str(path.relative_to(directory)) for path in sorted(paths)])
        return repository.index.commit(
            message, author=person, committer=person, author_date=date, commit_date=date, skip_hooks=True
        ).hexsha


TIPS = "refs/pinner/tips/"

# pinner pushes from a bare repository without hooks; the options override the user's settings for a push.
_PUSH = ("push", "--porcelain", "--no-follow-tags", "--recurse-submodules=no", "--no-verify")

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

        The server rejects the push if a branch has left its parent (None: if the branch exists). If the
        server's response is lost, its branches are listed to determine whether they moved.
        """
        leases = (f"--force-with-lease={BRANCH}{name}:{parents[name] or ''}" for name in commits)
        atomic = ("--atomic",) if len(commits) > 1 else ()
        refspecs = (f"{commit}:{BRANCH}{name}" for name, commit in commits.items())
        options = (in_repository(self.remote.path), *_PUSH, *atomic, *leases)
        arguments = (*options, "--end-of-options", self.remote.place, *refspecs)
        try:
            output = call_remote(self.remote, self.lock, arguments)
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
            raise ControlRepositoryError(self._why(output, FailureKind.MOVED if is_gone else None))
        return output

    def _why(self, output: Output, kind: FailureKind | None = None) -> SyncFailure:
        reason = git_reason(output, (self.remote.url, self.remote.place))
        return self._failed(kind or classify(output.err), reason)

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
        remote = Remote(
            self.url,
            rewrite_url(self.url, {}),
            cache.control(canonical_git_url(self.url)),
            self.settings.timeout,
            ProcessGroup(),
            TransportEnvironment(os.environ, cache.no_authorities),
            Connections(self.settings.jobs),
            is_written_to=True,
        )
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
