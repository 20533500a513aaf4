"""Makes the repositories of the demo: its upstreams from values, and the history of its project with GitPython's objects."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from git import Actor, Repo

from pinner.git.control.commits import data_command
from pinner.git.process.command import in_repository, run
from pinner.model.errors import Problem, UnknownError

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
    _run_git(["init", "--quiet", "--bare", "--initial-branch=master", "--end-of-options", str(path)])
    stream = b"".join(part for commit in commits for part in _commit_command(commit))
    _run_git([in_repository(path), "fast-import", "--quiet"], stdin=stream)


def _commit_command(commit: DemoCommit) -> Iterator[bytes]:
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


def _run_git(arguments: list[str], *, stdin: bytes | None = None) -> None:
    """Run a git command that makes a repository of pinner's own; raises UnknownError if it fails."""
    output = run(arguments, timeout=SECONDS, stdin=stdin)
    if output.status != 0:
        raise UnknownError(Problem(f"git {arguments[0]} failed: {output.err}"))


def init_project(directory: Path) -> None:
    """Make an empty repository in `directory`, on the branch `main` and without the user's template of hooks."""
    place = [in_repository(directory / ".git"), f"--work-tree={directory}"]
    _run_git([*place, "init", "--quiet", "--initial-branch=main", "--template="])


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
