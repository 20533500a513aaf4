"""The git calls that talk to a remote. Never decides what their failures mean, never looks into a mirror.

A mirror holds the remote's branches and tags under their own names and, under refs/pinner/commits/, single commits that
no branch or tag reaches.
"""

from collections.abc import Mapping
from pathlib import Path

from pinner.git.command import NO_HOOKS, Output, in_repository, run
from pinner.git.diagnosis import classify
from pinner.git.failures import FailureKind
from pinner.git.remote import Remote

NO_GIT = "the answer holds no ref and is not git's"
KEPT_COMMITS = "refs/pinner/commits/"
_NO_VARIABLES: Mapping[str, str] = {}
_REFSPECS = ("+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")

# The user's configuration counts, but these would run the user's hooks, or leave thousands of small files.
_OPTIONS = (*NO_HOOKS, "-c", "fetch.unpackLimit=1", "-c", "fetch.writeCommitGraph=false")

# Not --atomic: with it git cannot replace the branch `stable` by `stable/2025.1`. A fetch that was killed half-way is
# not seen by readers, who take the refs from pinner's note of the last whole sync.
FETCH = (
    "fetch",
    "--quiet",
    "--no-tags",
    "--no-write-fetch-head",
    "--no-auto-maintenance",
    "--no-recurse-submodules",
    "--no-show-forced-updates",
)

# A clone costs a third less than a fetch into an empty repository: index-pack proves that the objects are connected,
# and the refs are written in one file.
_CLONE = (
    "clone",
    "--quiet",
    "--bare",
    "--no-local",
    "--template=",
    "--config=gc.auto=0",
    "--config=maintenance.auto=0",
)


def clone(remote: Remote, lock: int, new: Path) -> Output:
    """Make a mirror of the remote in the directory `new`; `lock` is the descriptor that git keeps open."""
    return talk(remote, lock, (*_CLONE, "--end-of-options", remote.place, str(new)))


def fetch(remote: Remote, lock: int) -> Output:
    """Make the mirror's branches and tags those of the remote."""
    where = in_repository(remote.path)
    return talk(remote, lock, (where, *FETCH, "--prune", "--end-of-options", remote.place, *_REFSPECS))


def fetch_commit(remote: Remote, lock: int, commit: str) -> Output:
    """Get one commit, by its whole id, and keep it under a ref."""
    refspec = f"{commit}:{KEPT_COMMITS}{commit}"
    return talk(remote, lock, (in_repository(remote.path), *FETCH, "--end-of-options", remote.place, refspec))


def speaks_git(remote: Remote) -> bool:
    """Tell whether a remote that showed no refs really said so.

    git takes a web page of one line for the list of refs of a "dumb" server, and finds none in it. Only the trace
    tells; the second connection does no harm, as it is for empty repositories alone.
    """
    if not remote.place.startswith("http"):
        return True
    output = talk(remote, None, ("ls-remote", "--end-of-options", remote.place), {"GIT_TRACE_PACKET": "1"})
    return "packet:" in output.err


def talk(
    remote: Remote, lock: int | None, arguments: tuple[str, ...], extra: Mapping[str, str] = _NO_VARIABLES
) -> Output:
    """Return how a git call that talks to the remote ended."""
    variables = remote.speech.variables(remote.place, timeout=remote.timeout)
    output = run(
        [*_OPTIONS, *arguments],
        timeout=remote.timeout,
        variables={**variables, **extra},
        keep_open=() if lock is None else (lock,),
        running=remote.running,
    )
    if "GIT_SSL_CAPATH" not in variables or classify(output.err) is not FailureKind.CERTIFICATE:
        return output
    remote.speech.trust_as_git_does()
    return talk(remote, lock, arguments, extra)
