"""The git calls that read branches of a control repository and move them. Never decides what their failures mean."""

from collections.abc import Iterable, Mapping

from pinner.git.command import Output, in_repository
from pinner.git.remote import Remote
from pinner.git.transport import FETCH, talk
from pinner.words.refs import BRANCH

TIPS = "refs/pinner/tips/"

# A bare repository without hooks pushes, whatever the user's configuration adds to a push of their own.
_PUSH = ("push", "--porcelain", "--no-follow-tags", "--recurse-submodules=no", "--no-verify")


def list_branches(remote: Remote, lock: int) -> Output:
    """Ask for all branches; stdout has a line `<id> TAB <whole ref name>` for each."""
    return talk(remote, lock, ("ls-remote", "--heads", "--end-of-options", remote.place))


def fetch_tips(remote: Remote, lock: int, branches: Iterable[str], *, depth: int | None) -> Output:
    """Get the branches, under TIPS, with that many of their newest commits (None: all)."""
    limit = (f"--depth={depth}",) if depth else ("--unshallow",)
    refspecs = (f"+{BRANCH}{name}:{TIPS}{name}" for name in branches)
    where = in_repository(remote.path)
    return talk(remote, lock, (where, *FETCH, *limit, "--end-of-options", remote.place, *refspecs))


def push(remote: Remote, lock: int, commits: Mapping[str, str], parents: Mapping[str, str | None]) -> Output:
    """Move every branch of `commits` from its parent to its commit, or none of them.

    The server compares and swaps: a branch that is not at its parent any more (None: must not be there) is not moved.
    """
    leases = (f"--force-with-lease={BRANCH}{name}:{parents[name] or ''}" for name in commits)
    atomic = ("--atomic",) if len(commits) > 1 else ()
    refspecs = (f"{commit}:{BRANCH}{name}" for name, commit in commits.items())
    where = in_repository(remote.path)
    return talk(remote, lock, (where, *_PUSH, *atomic, *leases, "--end-of-options", remote.place, *refspecs))
