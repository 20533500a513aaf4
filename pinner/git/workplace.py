"""Where a control repository is worked on: a bare repository of its own, with the newest commits of the branches needed.

It never has a branch itself and is made anew for each try, so that nothing a killed run left behind can matter.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from pinner.git import control_transport as transport
from pinner.git.batch import LOCAL_TIMEOUT
from pinner.git.command import GitTimeoutError, Output, in_repository, run
from pinner.git.diagnosis import classify, essence
from pinner.git.failures import FailureKind, SyncFailure, failure
from pinner.git.mirror import Mirror
from pinner.git.rejections import why_rejected
from pinner.git.remote import Remote
from pinner.git.transport import NO_GIT, speaks_git
from pinner.words.problems import Problem, UnknownError
from pinner.words.refs import BRANCH, Refs

_ID = re.compile(r"[0-9a-f]{40}")
_AGAIN = "nothing was published: run it again"
# What helps with a mirror is of no use here: there is no way without the server, and `rewrite` is not applied.
_HINTS = {
    FailureKind.UNREACHABLE: _AGAIN,
    FailureKind.INTERRUPTED: _AGAIN,
    FailureKind.SERVER: _AGAIN,
    FailureKind.NOT_FOUND: "check the URL: --control-repo, or control_repo in pinner.yaml",
}
_EITHER = "run it again: by then either all branches have moved or none, and it tells which"
_CUT_OFF = frozenset({FailureKind.INTERRUPTED, FailureKind.SERVER})


class TroubleError(UnknownError):
    """The control repository's server did not do what it was asked for; `failure` says why."""

    def __init__(self, trouble: SyncFailure) -> None:
        super().__init__(Problem(trouble.message, hint=trouble.hint))
        self.failure = trouble


@dataclass(frozen=True, slots=True)
class Workplace:
    """The repository at `remote.path`; `lock` is the descriptor that git keeps open. All methods raise TroubleError."""

    remote: Remote
    lock: int

    def make(self) -> None:
        """Make the repository, empty."""
        output = run(
            ["init", "--quiet", "--bare", "--template=", "--end-of-options", str(self.remote.path)],
            timeout=LOCAL_TIMEOUT,
        )
        if output.status != 0:
            raise TroubleError(self._failed(FailureKind.CACHE, essence(output)))

    def list_branches(self) -> Mapping[str, str]:
        """Return short name to commit of every branch there is now."""
        output = self._asked(transport.list_branches(self.remote, self.lock))
        rows = (line.partition("\t") for line in output.out.decode(errors="surrogateescape").splitlines())
        found = {ref.removeprefix(BRANCH): commit for commit, _, ref in rows}
        if not all(_ID.fullmatch(commit) for commit in found.values()):
            raise TroubleError(self._failed(FailureKind.UNSUPPORTED, "the ids of its commits are SHA-256"))
        if not found and not speaks_git(self.remote):
            raise TroubleError(self._failed(FailureKind.PROTOCOL, NO_GIT))
        return found

    def fetch(self, branches: Iterable[str], *, depth: int | None) -> Mirror:
        """Return the branches as they are now, with `depth` of their newest commits; None: with all."""
        if wanted := tuple(branches):
            self._asked(transport.fetch_tips(self.remote, self.lock, wanted, depth=depth))
        tips = f"--format=%(objectname) {BRANCH}%(refname:lstrip=3)"
        output = run(
            [in_repository(self.remote.path), "for-each-ref", tips, transport.TIPS], timeout=LOCAL_TIMEOUT
        )
        rows = (line.partition(" ") for line in output.out.decode(errors="surrogateescape").splitlines())
        return Mirror(self.remote.url, self.remote.path, Refs({ref: commit for commit, _, ref in rows}))

    @property
    def boundary(self) -> frozenset[str]:
        """Return the commits whose parents were not fetched."""
        shallow = self.remote.path / "shallow"
        return frozenset(shallow.read_text().split()) if shallow.exists() else frozenset()

    def push(self, commits: Mapping[str, str], parents: Mapping[str, str | None]) -> None:
        """Move every branch of `commits` from its parent to its commit, or none.

        Where the server's answer is lost, it is asked what has become of it.
        """
        try:
            output = transport.push(self.remote, self.lock, commits, parents)
        except GitTimeoutError as error:
            self._look(commits, parents, self._failed(FailureKind.TIMEOUT, error.problems[0].message))
        else:
            if output.status != 0:
                self._look(commits, parents, why_rejected(self.remote, output) or self._why(output))

    def _look(
        self, commits: Mapping[str, str], parents: Mapping[str, str | None], trouble: SyncFailure
    ) -> None:
        """Raise unless all branches are where they were pushed to."""
        try:
            now = self.list_branches()
        except (TroubleError, GitTimeoutError):
            message = f"{trouble.message}; whether it was published could not be found out"
            raise TroubleError(replace(trouble, message=message, hint=_EITHER)) from None
        if all(now.get(name) == commit for name, commit in commits.items()):
            return
        if moved := sorted(name for name in commits if now.get(name) != parents[name]):
            raise TroubleError(self._failed(FailureKind.MOVED, ", ".join(moved)))
        # A server that was cut off may still be judging what it has.
        raise TroubleError(replace(trouble, hint=_EITHER) if trouble.kind in _CUT_OFF else trouble)

    def _asked(self, output: Output) -> Output:
        if output.status != 0:
            is_gone = "couldn't find remote ref" in output.err
            trouble = self._failed(FailureKind.MOVED, essence(output)) if is_gone else self._why(output)
            raise TroubleError(trouble)
        return output

    def _why(self, output: Output) -> SyncFailure:
        return self._failed(classify(output.err), essence(output))

    def _failed(self, kind: FailureKind, reason: str) -> SyncFailure:
        found = failure(kind, self.remote.url, place=self.remote.place, reason=reason)
        return replace(found, hint=_HINTS.get(kind, found.hint))
