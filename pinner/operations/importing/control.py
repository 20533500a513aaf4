"""Control repositories: a branch is an environment, and its Puppetfile what runs in it. Read from the mirror, never checked out."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from pinner.git.mirrors import Mirror, SyncFailure
from pinner.git.objects import TooLarge, expand_commit, read_files
from pinner.openstack.moved import current_home
from pinner.operations.answers import Answers, ask
from pinner.operations.importing.declared import Declared, read_declared
from pinner.operations.importing.joining import joined
from pinner.operations.importing.puppetfiles import as_environment
from pinner.operations.workspace import Workspace
from pinner.puppet.git_urls import check_git_url
from pinner.puppet.names import check_install_path, quoted
from pinner.puppet.puppetfile.reader import LONGEST
from pinner.puppet.r10k import PUPPETFILE, Naming
from pinner.words.imports import Found
from pinner.words.places import Place
from pinner.words.problems import InputError, Problem, UnknownError

SOURCE: Final = "r10k"
MOST_BRANCHES: Final = 500
_SHOWN: Final = 5
"""Names in one message; of the others only the number."""
_URL: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://.+|[\w.-]+@[\w.-]+:.+", re.ASCII)
_BRANCH_AFTER: Final = "#"


def is_control_repository(source: str) -> bool:
    """Tell whether the source is a URL or a bare repository, perhaps with #BRANCH, or a clone with it."""
    text, hashed, _ = source.partition(_BRANCH_AFTER)
    path = Path(text)
    is_bare = all((path / name).exists() for name in ("HEAD", "objects", "refs"))
    return _URL.fullmatch(text) is not None or is_bare or (bool(hashed) and (path / ".git").exists())


def read_control_repository(source: str, workspace: Workspace) -> Found:
    """Return an environment for each branch that has a Puppetfile; for one, where the source ends with #BRANCH.

    Raises InputError where there is none, UnknownError where the repository could not be asked.
    """
    text, _, branch = source.partition(_BRANCH_AFTER)
    is_url = _URL.fullmatch(text) is not None
    url = current_home(text) if is_url else str(Path(text).resolve())
    if flaw := check_git_url(url):
        raise InputError(Problem(flaw))
    shown = url if is_url else text
    mirror = require_mirror(ask(workspace, [url]), url, Place(shown))
    branches = (branch,) if branch else mirror.refs.branches
    found = read_branches(mirror, branches, shown=shown, naming=Naming())
    if not found.environments:
        what = f"branch {quoted(branch)}" if branch else "no branch"
        message = f"{what} has {'no' if branch else 'a'} {PUPPETFILE}"
        known = f"its branches are {', '.join(mirror.refs.branches[:10])}"
        raise InputError(Problem(message, Place(shown), known))
    return found


def require_mirror(answers: Answers, url: str, place: Place) -> Mirror:
    """Return the mirror of a control repository; raises UnknownError where it could not be asked."""
    mirror = answers.mirrors[url]
    if isinstance(mirror, SyncFailure):
        raise UnknownError(Problem(mirror.message, place, mirror.hint))
    return mirror


def read_branches(
    mirror: Mirror, branches: tuple[str, ...], *, shown: str, naming: Naming, puppetfile: str = PUPPETFILE
) -> Found:
    """Return an environment for each of the branches, named as r10k does."""
    if len(branches) > MOST_BRANCHES:
        message = f"there are {len(branches)} branches: pinner takes at most {MOST_BRANCHES} at once"
        raise InputError(Problem(message, Place(shown), "name one with #BRANCH"))
    found = joined(_read_branch(mirror, branch, shown, naming, puppetfile) for branch in branches)
    notes = (*_renamed(branches, naming, Place(shown)), *found.notes)
    return Found(found.environments, found.problems, notes)


def _renamed(branches: tuple[str, ...], naming: Naming, place: Place) -> Iterator[Problem]:
    """Yield one note of all branches whose environments r10k calls otherwise."""
    named = [(branch, naming.of_branch(branch)) for branch in branches]
    others = [f"{branch} is '{name}'" for branch, name in named if name not in {None, branch}]
    if others:
        more = [f"and {len(others) - _SHOWN} more"] if len(others) > _SHOWN else []
        words = ", ".join((*others[:_SHOWN], *more))
        yield Problem(f"r10k calls the environments of some branches otherwise: {words}", place)


def _read_branch(mirror: Mirror, branch: str, shown: str, naming: Naming, puppetfile: str) -> Found:
    place = Place(f"{shown}{_BRANCH_AFTER}{branch}")
    name = naming.of_branch(branch)
    if name is None:
        note = Problem(
            "r10k leaves the branch out: its name is no environment's, and 'invalid_branches' is 'error'",
            place,
        )
        return Found((), notes=(note,))
    declared = read_at(mirror, mirror.refs.branch(branch), puppetfile, shown=str(place), branch=branch)
    if declared is None:
        return Found((), notes=(Problem(f"there is no {puppetfile} on this branch", place),))
    return as_environment([declared], name=name, source=SOURCE)


def read_at(
    mirror: Mirror, commit: str | None, puppetfile: str, *, shown: str, branch: str | None = None
) -> Declared | None:
    """Return what the Puppetfile of a commit declares, None where there is none."""
    path = f"{shown}:{puppetfile}"
    if flaw := check_install_path(puppetfile):
        return Declared((), problems=(Problem(flaw, Place(shown)),))
    content = (
        read_files(mirror, [(commit, puppetfile)], max_bytes=LONGEST)[commit, puppetfile] if commit else None
    )
    if isinstance(content, TooLarge):
        problem = Problem(f"this is longer than {LONGEST} bytes: no Puppetfile is", Place(path))
        return Declared((), problems=(problem,))
    return None if content is None else read_declared(content, path, branch=branch)


def find_commit(mirror: Mirror, ref: str) -> str | None:
    """Return the commit that a ref names, in git's own order: a tag, a branch, a commit or the start of its id."""
    found = mirror.refs.tag(ref) or mirror.refs.branch(ref)
    if found:
        return found
    commit = expand_commit(mirror, ref.lower())
    return commit if isinstance(commit, str) else None


def without_ignored(mirror: Mirror, prefixes: tuple[str, ...]) -> Iterator[str]:
    """Yield the branches that begin with none of r10k's `ignore_branch_prefixes`."""
    yield from (branch for branch in mirror.refs.branches if not branch.startswith(prefixes))
