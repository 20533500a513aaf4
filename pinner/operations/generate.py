"""`pinner generate`: what r10k reads, from the locks, in a directory; never over somebody else's files."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from pinner.operations.layouts.control import FOLDER, control_branches
from pinner.operations.layouts.environment_files import PUPPETFILE
from pinner.operations.layouts.one_branch import LIST, LOCK_IDS, puppetfile_name
from pinner.operations.workspace import Workspace
from pinner.project.atomic import write_atomically
from pinner.project.layout import list_environments
from pinner.puppet.puppetfile import HEADER_MARK
from pinner.words.control import ControlBranch, ControlFile, Layout
from pinner.words.problems import InputError, Problem

SHARED = "control"
DIRECTORIES = {
    Layout.PUPPETFILES: FOLDER,
    Layout.BRANCHES: FOLDER,
    Layout.ONE_BRANCH: SHARED,
    Layout.EXEC: SHARED,
}
"""Where in the project each layout is written, if nobody says otherwise."""


@dataclass(frozen=True, slots=True)
class Written:
    """What became of one generated file: `is_current` tells that it already was as it should be."""

    path: Path
    is_current: bool


def generate(
    workspace: Workspace, environments: tuple[str, ...], layout: Layout = Layout.PUPPETFILES
) -> tuple[ControlFile, ...]:
    """Return the files of the named environments (none: all), their paths relative to the directory to write to.

    Where environments have folders or branches, each has a directory of its name there. In the layout `exec` there is
    nothing to publish without a control repository, and so there are no files. Raises InputError where a lock is missing.
    """
    if layout is Layout.EXEC and workspace.settings.control_repo is None:
        return ()
    branches = control_branches(workspace, environments, layout)
    return tuple(file for branch in branches for file in _in_directory(branch, layout))


def puppetfile(workspace: Workspace, environment: str) -> str:
    """Return the text of one environment's Puppetfile."""
    files = generate(workspace, (environment,))
    return next(file.text for file in files if file.path == f"{environment}/{PUPPETFILE}")


def _in_directory(branch: ControlBranch, layout: Layout) -> Iterator[ControlFile]:
    for file in branch.files:
        path = f"{branch.name}/{file.path}" if layout is Layout.BRANCHES else file.path
        yield replace(file, path=path.removeprefix(f"{FOLDER}/") if layout is Layout.PUPPETFILES else path)


def check_files(files: tuple[ControlFile, ...], directory: Path) -> tuple[Written, ...]:
    """Tell which files under `directory` are as they should be; nothing is written."""
    return tuple(Written(path, _is_current(path, file)) for file in files for path in [directory / file.path])


def write_files(
    files: tuple[ControlFile, ...], directory: Path, *, is_forced: bool = False
) -> tuple[Written, ...]:
    """Write the files under `directory`; raises InputError, before any is written, where one is not pinner's."""
    states = check_files(files, directory)
    if not is_forced:
        foreign = [state.path for state in states if not state.is_current and _is_foreign(state.path)]
        if foreign:
            hint = "move it away, or overwrite it with --force"
            raise InputError(Problem(f"{path} was not written by pinner", hint=hint) for path in foreign)
    for state, file in zip(states, files, strict=True):
        if not state.is_current:
            state.path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(state.path, file.content, shown=str(state.path))
            state.path.chmod(file.mode)
    return states


def orphans(workspace: Workspace, directory: Path, layout: Layout = Layout.PUPPETFILES) -> tuple[Path, ...]:
    """Return what was generated under `directory` for environments that the project no longer has, sorted."""
    known = set(list_environments(workspace.project).environments)
    if DIRECTORIES[layout] == FOLDER:
        rows = ((path.parent.name, path, path.parent) for path in directory.glob(f"*/{PUPPETFILE}"))
    else:
        patterns = (puppetfile_name("*"), f"{LIST}/*.yaml", f"{LOCK_IDS}/*")
        found = (path for pattern in patterns for path in directory.glob(pattern))
        rows = ((_environment_of(path), path, path) for path in found)
    return tuple(sorted(shown for name, path, shown in rows if name not in known and not _is_foreign(path)))


def _environment_of(path: Path) -> str:
    """Return the environment in the name of a file on the shared branch; no environment's name holds a dot."""
    return path.name.removeprefix(puppetfile_name("")).removesuffix(".yaml")


def _is_current(path: Path, file: ControlFile) -> bool:
    try:
        return path.read_bytes() == file.content and path.stat().st_mode & 0o111 == file.mode & 0o111
    except OSError:
        return False


def _is_foreign(path: Path) -> bool:
    """Tell whether something is there that pinner's header does not mark as its own."""
    try:
        return HEADER_MARK.encode() not in path.read_bytes()[:500]
    except IsADirectoryError:
        return True
    except FileNotFoundError:
        return False
