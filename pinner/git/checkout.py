"""The files of a commit on disk, as git itself writes them. Never asks a remote, never touches the mirror."""

from pathlib import Path

from pinner.git.batch import LOCAL_TIMEOUT
from pinner.git.borrowing import borrow
from pinner.git.command import NO_HOOKS, run
from pinner.git.diagnosis import essence
from pinner.git.mirror import Mirror
from pinner.words.problems import Problem, UnknownError

# Large files of git-lfs would come from a server; what is read here is what the mirror has.
_VARIABLES = {"GIT_LFS_SKIP_SMUDGE": "1"}
_PLAIN = [*NO_HOOKS, "-c", "core.autocrlf=false", "-c", "advice.detachedHead=false"]


def check_out(mirror: Mirror, commit: str, directory: Path, *, scratch: Path) -> None:
    """Write the files of `commit` (40 hex digits) into `directory`, which is made.

    `scratch` is a path where nothing is yet: a repository that borrows the mirror's objects lies there afterwards,
    because an index has to lie somewhere and the mirror may be read by others. Raises UnknownError if git can't.
    """
    directory.mkdir(parents=True)
    borrow(mirror, scratch)
    place = [f"--git-dir={scratch}", f"--work-tree={directory}"]
    _git(*place, *_PLAIN, "read-tree", "--reset", "-u", "--end-of-options", commit)


def _git(*arguments: str) -> None:
    output = run(arguments, timeout=LOCAL_TIMEOUT, variables=_VARIABLES)
    if output.status != 0:
        raise UnknownError(Problem(f"git cannot write the files of a commit: {essence(output)}"))
