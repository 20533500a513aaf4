"""The two sides of a comparison: an environment, an environment at a revision of the project, or a lock's path."""

from dataclasses import dataclass
from pathlib import Path

from pinner.git.project_history import read_at
from pinner.operations.workspace import Workspace
from pinner.project.layout import ENVIRONMENTS, select_environments
from pinner.project.lock import read_lock, read_lock_file
from pinner.project.lock_reader import parse_lock
from pinner.words.pins import Lock
from pinner.words.problems import InputError, Problem

SUFFIX = ".lock"


@dataclass(frozen=True, slots=True)
class Side:
    """A lock with the words the user called it by."""

    label: str
    lock: Lock


def read_side(text: str, workspace: Workspace) -> Side:
    """Return the lock that `text` means; raises InputError where there is none."""
    if text.endswith(SUFFIX) or "/" in text.partition("@")[0]:
        return Side(text, _from_path(text))
    environment, at, revision = text.partition("@")
    if at:
        return Side(text, _from_revision(environment, revision, workspace))
    problems = select_environments(workspace.project, (environment,)).problems
    if problems:
        raise InputError(problems)
    lock = read_lock(workspace.project, environment)
    if lock is None:
        raise InputError(
            Problem(f"environment '{environment}' has no lock", hint=f"run 'pinner lock {environment}'")
        )
    return Side(text, lock)


def _from_path(text: str) -> Lock:
    path = Path(text)
    if not path.exists():
        raise InputError(
            Problem(f"there is no lock at {text!r}", hint="write ENV, ENV@REV, or the path of a lock")
        )
    return read_lock_file(path, environment=path.name.removesuffix(SUFFIX), shown=text)


def _from_revision(environment: str, revision: str, workspace: Workspace) -> Lock:
    project = workspace.project
    path = project.shown(project.lock(environment))
    content = read_at(project.root, revision, f"{ENVIRONMENTS}/{environment}{SUFFIX}")
    if content is None:
        message = f"there is no {path} at revision {revision!r} of this project's git"
        raise InputError(Problem(message, hint=f"see 'git log -- {path}'"))
    return parse_lock(content, path=f"{path}@{revision}", environment=environment)
