"""A bare repository on this machine whose branches hold given files: what r10k clones where nobody keeps a control repo.

Branches only grow, a commit for each change, so that a commit once told to r10k can still be fetched.
"""

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path

from pinner.git.batch import LOCAL_TIMEOUT
from pinner.git.command import NO_HOOKS, in_repository, run
from pinner.git.commits import CommitDraft, make_commits
from pinner.git.diagnosis import essence
from pinner.git.identity import Identity
from pinner.git.locks import held
from pinner.git.running import Running
from pinner.words.control import ControlBranch
from pinner.words.problems import Problem, UnknownError
from pinner.words.refs import BRANCH

_TIP = "%(objectname) %(refname) %(contents:subject)"
# Nobody's name and no time: who changed a lock, and when, is told by the history of the project that it lies in.
_NOBODY = Identity("pinner <pinner@localhost> 0 +0000", "pinner <pinner@localhost> 0 +0000")


def keep_branches(path: Path, branches: Iterable[ControlBranch], *, timeout: float) -> Mapping[str, str]:
    """Return branch to commit, after seeing to it that each has its files as they are now.

    `path` is absolute; `timeout` is how many seconds to wait for another process that is at it. Raises UnknownError.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        hint = "set PINNER_CACHE to a directory you may write"
        raise UnknownError(Problem(f"cannot make {path.parent}: {error.strerror}", hint=hint)) from error
    with held(path.with_suffix(".lock"), timeout=timeout, running=Running()):
        _git(["init", "--quiet", "--bare", "--template=", "--end-of-options", str(path)])
        return _bring(path, {branch.name: branch for branch in branches})


def _bring(path: Path, branches: Mapping[str, ControlBranch]) -> Mapping[str, str]:
    # What a killed run left beside the branches would be in the way of the new commits.
    _forget_all_but_branches(path)
    tips = {ref.removeprefix(BRANCH): (commit, subject) for commit, ref, subject in _refs(path)}
    drafts = [
        CommitDraft(name, tips[name][0] if name in tips else None, _subject(branch), branch.files)
        for name, branch in branches.items()
        if name not in tips or tips[name][1] != _subject(branch)
    ]
    if drafts:
        made = make_commits(path, drafts, _NOBODY)
        _update(path, (f"update {BRANCH}{name} {commit}" for name, commit in made.items()))
        _forget_all_but_branches(path)
        return {name: made[name] if name in made else tips[name][0] for name in branches}
    return {name: tips[name][0] for name in branches}


def _refs(path: Path) -> list[tuple[str, str, str]]:
    """Return commit, whole name and subject of every ref."""
    lines = _git([in_repository(path), "for-each-ref", f"--format={_TIP}"]).splitlines()
    return [(commit, ref, subject) for commit, ref, subject in (line.split(" ", 2) for line in lines)]


def _forget_all_but_branches(path: Path) -> None:
    _update(path, (f"delete {ref}" for _, ref, _ in _refs(path) if not ref.startswith(BRANCH)))


def _subject(branch: ControlBranch) -> str:
    """Return a message by which a commit is known to hold just these files."""
    digest = hashlib.sha256(repr(branch.files).encode()).hexdigest()
    return f"{' '.join(branch.lock_ids)} {digest}"


def _update(path: Path, lines: Iterable[str]) -> None:
    text = "".join(f"{line}\n" for line in lines)
    _git([in_repository(path), "update-ref", "--stdin"], given=text.encode())


def _git(arguments: list[str], *, given: bytes | None = None) -> str:
    output = run([*NO_HOOKS, *arguments], timeout=LOCAL_TIMEOUT, given=given)
    if output.status != 0:
        raise UnknownError(Problem(f"git cannot keep what r10k is to clone: {essence(output)}"))
    return output.out.decode()
