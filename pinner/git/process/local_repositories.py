"""Finds the project's git repository and refuses local repositories that others may have written.

A repository can run programs on this machine: hooks when it is pushed to and, with an old git, the programs
named in its configuration when objects are missing. So a repository among the tracked files of a checkout is
always refused, and the project's settings must not name one to push to that is inside the project or belongs
to another user.

git would also treat a directory of the project as a repository (a file HEAD beside `objects` and `refs`), and
follow a `.git` file to any place. Both can be part of a project that somebody else wrote, so pinner finds the
repository itself: a directory `.git`, which a clone cannot contain, or a `.git` file that leads out of the
work tree, as git makes them for worktrees and submodules. git decides whether its owner is trusted
(`safe.directory`).
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import unquote

from pinner.git.process.children import Output
from pinner.git.process.command import allowed_transports, in_repository, run
from pinner.git.process.failures import git_reason
from pinner.model.errors import InputError, Location, Problem, UnknownError

TIMEOUT = 60.0
_POINTER = "gitdir: "
_LONGEST_POINTER = 8192
_MAY_FETCH = {"GIT_NO_LAZY_FETCH": "0"}
_HINT = "clone the project again, or move that repository out of the project"


@dataclass(frozen=True, slots=True)
class ProjectRepository:
    """The repository around a project.

    `top` is the directory of the work tree and `git_directory` its repository, both absolute and without
    symbolic links. `prefix` is the project's path below `top`: empty, or ending in '/' (`a/b/`).
    """

    top: Path
    git_directory: Path
    prefix: str

    def read(self, *arguments: str, may_fetch: bool = False, stdin: bytes | None = None) -> Output:
        """Run a git command that only reads, and return its result; paths are relative to `top`.

        With `may_fetch`, git may fetch objects that a partial clone lacks from the remote it was cloned from.
        `stdin` is the input.
        """
        fetching: Mapping[str, str] = {**allowed_transports(os.environ), **_MAY_FETCH} if may_fetch else {}
        # Without a work tree, paths are not relative to the current directory, and no .gitattributes apply.
        place = [in_repository(self.git_directory), "--work-tree=/dev/null"]
        return run([*place, *arguments], timeout=TIMEOUT, variables=fetching, stdin=stdin)


@dataclass(frozen=True, slots=True)
class WorkTree:
    """A directory with a `.git`, and the repository that the `.git` is or points to."""

    top: Path
    git_directory: Path


def find_repository(directory: Path) -> ProjectRepository | None:
    """Return the repository around a directory, or None if there is none.

    Raises UnknownError if git does not trust its owner, or if a `.git` leads to files of the project.
    """
    place = Path(os.path.realpath(directory))
    found = find_work_tree(place)
    if found is None:
        return None
    output = run(["-C", str(found.top), "rev-parse", "--absolute-git-dir"], timeout=TIMEOUT)
    if output.status != 0:
        raise UnknownError(Problem(f"git cannot read the project's history: {git_reason(output)}"))
    meant = output.out.decode(errors="surrogateescape").removesuffix("\n")
    if Path(os.path.realpath(meant)) != found.git_directory:
        raise _untrusted(found.top / ".git", Path(meant))
    inside = place.relative_to(found.top).as_posix()
    return ProjectRepository(found.top, found.git_directory, "" if inside == "." else f"{inside}/")


def find_work_tree(directory: Path) -> WorkTree | None:
    """Return the nearest directory at or above `directory` (absolute, without links) that has a `.git`.

    Like git, the search stays on one file system and obeys GIT_CEILING_DIRECTORIES. Raises UnknownError for a
    `.git` that leads to files that a project can contain.
    """
    for folder in _folders(directory):
        entry = folder / ".git"
        if not entry.is_symlink() and is_git_directory(entry):
            return WorkTree(folder, entry)
        if (target := _target(entry)) and is_git_directory(target):
            if target.is_relative_to(folder) or tracking_work_tree(target):
                raise _untrusted(entry, target)
            return WorkTree(folder, target)
    return None


def tracking_work_tree(path: Path) -> Path | None:
    """Return the work tree whose repository tracks `path` or anything below it, or None if there is none.

    `path` is absolute. A tracked symbolic link that is part of `path` counts too. Raises UnknownError if git
    cannot read the index.
    """
    for place in dict.fromkeys((Path(os.path.abspath(path)), Path(os.path.realpath(path)))):  # noqa: PTH100 - as given, and real
        for folder in (place, *place.parents):
            entry = folder / ".git"
            git_directory = entry if is_git_directory(entry) else _target(entry)
            if git_directory and (git_directory / "index").is_file() and not place.is_relative_to(entry):
                links = [part for part in (place, *place.parents) if part.is_symlink()]
                names = [part for part in (place, *links) if part != folder and part.is_relative_to(folder)]
                if _has_files(git_directory, [part.relative_to(folder).as_posix() for part in names]):
                    return folder
    return None


def is_git_directory(path: Path) -> bool:
    """Return whether git treats the directory as a repository (git's setup.c, `is_git_directory`)."""
    if not os.path.lexists(path / "HEAD"):
        return False
    common = path
    if (path / "commondir").is_file():
        common = path / os.fsdecode((path / "commondir").read_bytes()[:_LONGEST_POINTER]).rstrip("\r\n")
    return (common / "objects").is_dir() and (common / "refs").is_dir()


def checkout_of(project: Path) -> Path:
    """Return the top directory of the checkout around a project; everything below may come from others."""
    root = Path(os.path.realpath(project))
    with suppress(UnknownError, OSError):
        if found := find_work_tree(root):
            return found.top
    return root


def _folders(directory: Path) -> Iterator[Path]:
    ceilings = {
        os.path.realpath(part) for part in os.environ.get("GIT_CEILING_DIRECTORIES", "").split(":") if part
    }
    crosses = os.environ.get("GIT_DISCOVERY_ACROSS_FILESYSTEM", "").lower() in {"1", "true", "yes", "on"}
    device = directory.stat().st_dev
    yield directory
    for folder in directory.parents:
        if str(folder) in ceilings or (not crosses and folder.stat().st_dev != device):
            return
        yield folder


def _target(entry: Path) -> Path | None:
    """Return the target of a `.git` that is a link or a file with a path; None for anything else."""
    if entry.is_symlink():
        return Path(os.path.realpath(entry))
    if not entry.is_file():
        return None
    with entry.open("rb") as opened:
        text = os.fsdecode(opened.read(_LONGEST_POINTER)).rstrip("\r\n")
    if not text.startswith(_POINTER):
        return None
    return Path(os.path.realpath(entry.parent / text.removeprefix(_POINTER)))


def _has_files(git_directory: Path, names: Iterable[str]) -> bool:
    """Return whether the index has any of `names` or files below them; no names: whether it has any file.

    The index is read through a temporary repository without configuration, so the real one's owner does not
    matter.
    """
    with TemporaryDirectory(prefix="pinner-") as made:
        scratch = Path(made)
        for name in ("objects", "refs"):
            (scratch / name).mkdir()
        (scratch / "HEAD").write_bytes(b"ref: refs/heads/none\n")
        for index in (git_directory / "index", *git_directory.glob("sharedindex.*")):
            (scratch / index.name).symlink_to(index)
        place = [in_repository(scratch), "--work-tree=/dev/null"]
        output = run([*place, "ls-files", "-z", "--", *(names or ["."])], timeout=TIMEOUT)
    if output.status != 0:
        hint = "move the cache out of the checkout: PINNER_CACHE"
        raise UnknownError(
            Problem(f"cannot read the index of {git_directory}: {git_reason(output)}", hint=hint)
        )
    return bool(output.out)


def _untrusted(entry: Path, target: Path) -> UnknownError:
    return UnknownError(Problem(f"{entry} leads to {target}, which may be part of the project", hint=_HINT))


# The order in which git looks for the repository of a path (path.c, enter_repo).
_SUFFIXES = ("/.git", "", ".git/.git", ".git")
_ELSEWHERE = "clone it to a directory outside of the project"
_YOURS = "if it is yours, name it with --control-repo or PINNER_CONTROL_REPO"


def local_path(url: str) -> Path | None:
    """Return the path that git opens for a URL, or None for a remote URL."""
    if url.startswith("/"):
        return Path(url)
    if url.lower().startswith("file://"):
        return Path(f"/{unquote(url[len('file://') :]).partition('/')[2]}")  # git ignores the host
    return None


def require_untracked(url: str) -> None:
    """Raise InputError if the URL names a local repository whose own files another repository tracks."""
    repository = _find_repository(url)
    if repository and (top := tracking_work_tree(repository)):
        raise InputError(
            Problem(f"the repository {repository} is tracked by the git repository in {top}", hint=_ELSEWHERE)
        )


def require_own_target(url: str, project: Path, *, named_at: Location | None) -> None:
    """Raise InputError if pushing to `url` is not safe.

    `project` is the project's root. `named_at` is the location of the URL in pinner.yaml, or None if the user
    gave the URL in another way.
    """
    require_untracked(url)
    path = local_path(url)
    if named_at is None or path is None:
        return
    repository = Path(os.path.realpath(_find_repository(url) or path))
    checkout = checkout_of(project)
    if any(place.is_relative_to(checkout) for place in (path, repository)):
        message = f"control_repo: {url} is in the project, and git would run its hooks"
        raise InputError(Problem(message, named_at, _YOURS))
    if repository.exists() and repository.stat().st_uid not in {0, os.geteuid()}:
        message = f"control_repo: {url} belongs to another user, and git would run its hooks"
        raise InputError(Problem(message, named_at, _YOURS))


def _find_repository(url: str) -> Path | None:
    path = local_path(url)
    if path is None:
        return None
    candidates = [Path(f"{path}{suffix}") for suffix in _SUFFIXES]
    return next((found for found in candidates if found.is_file() or is_git_directory(found)), None)
