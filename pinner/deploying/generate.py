"""Compute the files of each branch of a control repository by layout, and write them to a directory (`pinner generate`).

Files that pinner did not write are never overwritten without `--force`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from pinner.deploying.environment_files import (
    LIST,
    LOCK_IDS,
    PUPPETFILE,
    files_of,
    own_files,
    puppetfile_name,
    shared_files,
)
from pinner.deploying.templates import render
from pinner.locking.freshness import require_fresh
from pinner.locking.requirements import read_requirements
from pinner.model.control import ControlBranch, ControlFile, FileState, Layout
from pinner.model.errors import InputError, PinnerError, Problem
from pinner.model.lock import Lock
from pinner.model.manifest import Settings
from pinner.project.files import Project, Root, list_environments
from pinner.project.manifest.read import read_manifests
from pinner.puppet.puppetfile.writer import HEADER_MARK
from pinner.workspace.workspace import Workspace

FOLDER = "puppetfiles"


@dataclass(frozen=True, slots=True)
class Locked:
    """The lock of one environment, the text of its Puppetfile, and the module path of its manifest."""

    lock: Lock
    puppetfile: str
    modulepath: tuple[str, ...]


def control_branches(
    workspace: Workspace, environments: tuple[str, ...], layout: Layout
) -> tuple[ControlBranch, ...]:
    """Return the branches with all of pinner's files on them, for the named environments (none: all).

    In the layout `branches`, each environment has its own branch. Otherwise there is one branch, named
    `settings.control_branch`, with the folders of `generate` under `puppetfiles/` (layout `puppetfiles`), or
    with the files that all environments share and those of each environment (`one-branch`, `exec`). If only
    some environments are named, this branch is returned without the files of the others, which publishing
    must leave alone; its `environments` are the named ones. Raises InputError if a lock is missing or does not
    match its manifest, or if `one-branch` is requested and `settings.control_repo`, which r10k is to clone, is
    not set.
    """
    locked = read_locked(workspace, environments)
    if layout is Layout.BRANCHES:
        return tuple(map(own_branch, locked))
    files: list[ControlFile] = []
    if layout is Layout.PUPPETFILES:
        for each in locked:
            under = f"{FOLDER}/{each.lock.environment}/"
            files += files_of(each.lock, each.puppetfile, modulepath=each.modulepath, under=under)
    else:
        files += _shared_branch(locked, workspace, layout)
    return (
        ControlBranch(
            name=workspace.settings.control_branch,
            environments=tuple(each.lock.environment for each in locked),
            lock_ids=tuple(each.lock.lock_id for each in locked),
            files=tuple(files),
        ),
    )


def needed_control_repo(settings: Settings) -> str:
    """Return the URL of the control repository; raises InputError if none is set."""
    if settings.control_repo is None:
        hint = "write 'control_repo: URL' into pinner.yaml, or give --control-repo URL"
        raise InputError(Problem("r10k needs the URL of the control repository, and none is set", hint=hint))
    return settings.control_repo


def source_of(environment: str, settings: Settings) -> Mapping[str, str]:
    """Return the entry of an environment on the shared branch for r10k's yamldir and exec sources.

    Every r10k with these sources reads `remote` and `ref`, but `source` and `version` only from 3.9 on.
    Raises InputError if no control repository is set.
    """
    return {
        "type": "git",
        "remote": needed_control_repo(settings),
        "ref": settings.control_branch,
        "puppetfile_name": puppetfile_name(environment),
    }


def needed_locks(workspace: Workspace, environments: tuple[str, ...]) -> Mapping[str, Lock]:
    """Return the lock of each environment; raises InputError with all environments that have none."""
    locks = workspace.locks(environments)
    missing = [name for name, lock in locks.items() if lock is None]
    if missing:
        raise InputError(
            Problem(f"environment '{name}' has no lock", hint=f"run 'pinner lock {name}'") for name in missing
        )
    return {name: lock for name, lock in locks.items() if lock}


def read_locked(workspace: Workspace, environments: tuple[str, ...]) -> tuple[Locked, ...]:
    """Return the named environments (none: all) as they are locked; raises InputError as `control_branches` does."""
    sets = read_requirements(workspace, environments)
    paths = {required.manifest.environment: required.manifest.modulepath for required in sets}
    templates = {required.manifest.environment: required.manifest.template for required in sets}
    locks = needed_locks(workspace, tuple(templates))
    require_fresh(sets, locks, workspace)
    texts = render([(lock, templates[name]) for name, lock in locks.items()], workspace)
    return tuple(
        Locked(lock, text, paths[lock.environment]) for lock, text in zip(locks.values(), texts, strict=True)
    )


def own_branch(each: Locked) -> ControlBranch:
    """Return the branch of one environment, in the layout `branches`."""
    lock = each.lock
    files = tuple(files_of(lock, each.puppetfile, modulepath=each.modulepath))
    return ControlBranch(lock.environment, (lock.environment,), (lock.lock_id,), files)


def _shared_branch(locked: tuple[Locked, ...], workspace: Workspace, layout: Layout) -> Iterator[ControlFile]:
    """Yield the files that all environments of the project share, and the files of the requested ones."""
    every = workspace.locks(list_environments(workspace.project).environments)
    manifests = read_manifests(workspace.project).manifests
    paths = {manifest.environment: manifest.modulepath for manifest in manifests}
    yield from shared_files((lock for lock in every.values() if lock), paths)
    for each in locked:
        is_listed = layout is Layout.ONE_BRANCH
        source = source_of(each.lock.environment, workspace.settings) if is_listed else None
        yield from own_files(each.lock, each.puppetfile, source)


SHARED = "control"
HEADER_BYTES = 500
"""Length of the start of a file in which pinner's header is searched for."""
DIRECTORIES = {
    Layout.PUPPETFILES: FOLDER,
    Layout.BRANCHES: FOLDER,
    Layout.ONE_BRANCH: SHARED,
    Layout.EXEC: SHARED,
}
"""Default directory in the project for each layout."""


@dataclass(frozen=True, slots=True)
class Destination:
    """A directory to generate files in: `directory` as the user typed it, `path` the same below `root`."""

    directory: Path
    root: Root
    path: Path

    @classmethod
    def at(cls, project: Project, directory: Path) -> "Destination":
        """Return the destination for a directory inside or outside the project."""
        return cls(directory, *project.locate(directory))

    def find_flaw(self, path: str) -> Problem | None:
        """Return why the file must not be read or written."""
        return self.root.find_flaw(self.path / path, shown=str(self.directory / path))

    def holds(self, file: ControlFile) -> bool:
        """Return whether the file exists with this content and mode."""
        shown = str(self.directory / file.path)
        return self.root.holds(self.path / file.path, file.content, shown=shown, mode=file.mode)

    def is_certainly_ours(self, path: str) -> bool:
        """Return whether the path is a readable file, and no link to outside, with pinner's header."""
        try:
            return HEADER_MARK.encode() in (self._start(path) or b"")
        except PinnerError:
            return False

    def is_foreign(self, path: str) -> bool:
        """Return whether the file exists and does not have pinner's header."""
        start = self._start(path)
        return start is not None and HEADER_MARK.encode() not in start

    def write(self, file: ControlFile) -> None:
        """Write the file with its mode."""
        shown = str(self.directory / file.path)
        self.root.write(self.path / file.path, file.content, shown=shown, mode=file.mode)

    def _start(self, path: str) -> bytes | None:
        return self.root.read_part(self.path / path, HEADER_BYTES, shown=str(self.directory / path))


def generate(
    workspace: Workspace, environments: tuple[str, ...], layout: Layout = Layout.PUPPETFILES
) -> tuple[ControlFile, ...]:
    """Return the files of the named environments (none: all), with paths relative to the destination.

    In the layouts `puppetfiles` and `branches`, each environment has a directory with its name. In the layout
    `exec` without a control repository, nothing is published, so there are no files. Raises InputError if a
    lock is missing or does not match its manifest.
    """
    if layout is Layout.EXEC and workspace.settings.control_repo is None:
        return ()
    files = []
    for branch in control_branches(workspace, environments, layout):
        for file in branch.files:
            path = f"{branch.name}/{file.path}" if layout is Layout.BRANCHES else file.path
            path = path.removeprefix(f"{FOLDER}/") if layout is Layout.PUPPETFILES else path
            files.append(replace(file, path=path))
    return tuple(files)


def puppetfile(workspace: Workspace, environment: str) -> str:
    """Return the text of one environment's Puppetfile."""
    files = generate(workspace, (environment,))
    return next(file.text for file in files if file.path == f"{environment}/{PUPPETFILE}")


def check_files(files: tuple[ControlFile, ...], place: Destination) -> tuple[FileState, ...]:
    """Return which files are up to date; nothing is written.

    Raises InputError for links that lead out of the project, and for anything that is not a regular file.
    """
    if flaws := tuple(dict.fromkeys(flaw for file in files if (flaw := place.find_flaw(file.path)))):
        raise InputError(flaws)
    return tuple(FileState(str(place.directory / file.path), place.holds(file)) for file in files)


def write_files(
    files: tuple[ControlFile, ...], place: Destination, *, is_forced: bool = False
) -> tuple[FileState, ...]:
    """Write the files that are not up to date, and return the states before that.

    Raises InputError, before any file is written, for a file that is not pinner's, and like `check_files`.
    """
    states = check_files(files, place)
    changed = [file for state, file in zip(states, files, strict=True) if not state.is_current]
    if foreign := [file.path for file in changed if not is_forced and place.is_foreign(file.path)]:
        hint = "move it away, or overwrite it with --force"
        raise InputError(
            Problem(f"{place.directory / path} was not written by pinner", hint=hint) for path in foreign
        )
    for file in changed:
        place.write(file)
    return states


def orphans(
    workspace: Workspace, place: Destination, layout: Layout = Layout.PUPPETFILES
) -> tuple[Path, ...]:
    """Return the sorted paths generated for environments that the project no longer has."""
    known = set(list_environments(workspace.project).environments)
    has_folders = DIRECTORIES[layout] == FOLDER
    patterns = (
        (f"*/{PUPPETFILE}",) if has_folders else (puppetfile_name("*"), f"{LIST}/*.yaml", f"{LOCK_IDS}/*")
    )
    found = [path.relative_to(place.path) for pattern in patterns for path in place.path.glob(pattern)]
    names = [
        path.parent.name if has_folders else path.name.removeprefix(puppetfile_name("")).removesuffix(".yaml")
        for path in found
    ]
    gone = [path for name, path in zip(names, found, strict=True) if name not in known]
    ours = [path for path in gone if place.is_certainly_ours(path.as_posix())]
    return tuple(sorted(place.directory / (path.parent if has_folders else path) for path in ours))
