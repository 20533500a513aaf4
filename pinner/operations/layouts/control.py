"""What belongs on each branch of a control repository, by layout: what `generate` writes and `publish` commits."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pinner.operations.layouts.environment_files import files_of
from pinner.operations.layouts.one_branch import list_file, own_files, puppetfile_name, shared_files
from pinner.operations.workspace import Workspace
from pinner.project.layout import list_environments
from pinner.words.control import ControlBranch, ControlFile, Layout
from pinner.words.manifests import Settings
from pinner.words.pins import Lock
from pinner.words.problems import InputError, Problem

FOLDER = "puppetfiles"


@dataclass(frozen=True, slots=True)
class _Locked:
    """One environment: its lock, and the template of its Puppetfile."""

    lock: Lock
    template: str


def control_branches(
    workspace: Workspace, environments: tuple[str, ...], layout: Layout
) -> tuple[ControlBranch, ...]:
    """Return each branch with every file on it that is pinner's, for the named environments (none: all).

    Where one branch holds all environments, naming some leaves out the files of the others, which publishing must
    then leave alone: `environments` of the branch are those that were asked for. The branch is called
    `settings.control_branch`, and has the folders of `generate` under `puppetfiles/` (layout `puppetfiles`), or
    what the environments share with what is each one's own (`one-branch`, `exec`). Raises InputError where a lock is
    missing, or where `one-branch` is asked for and no `settings.control_repo` says what r10k is to clone.
    """
    locked = _read(workspace, environments)
    if layout is Layout.BRANCHES:
        return tuple(_own_branch(each, workspace) for each in locked)
    files = (
        _folders(locked, workspace)
        if layout is Layout.PUPPETFILES
        else _shared_branch(locked, workspace, layout)
    )
    return (
        ControlBranch(
            name=workspace.settings.control_branch,
            environments=tuple(each.lock.environment for each in locked),
            lock_ids=tuple(each.lock.lock_id for each in locked),
            files=tuple(files),
        ),
    )


def needed_control_repo(settings: Settings) -> str:
    """Return the URL of the control repository; raises InputError where none is set."""
    if settings.control_repo is None:
        hint = "write 'control_repo: URL' into pinner.yaml, or give --control-repo URL"
        raise InputError(
            Problem("r10k is told here what to clone, and no control repository is set", hint=hint)
        )
    return settings.control_repo


def source_of(environment: str, settings: Settings) -> Mapping[str, str]:
    """Return what r10k's yamldir and exec sources are told of an environment on the one branch; raises InputError.

    `remote` and `ref` are understood by every r10k that has these sources, `source` and `version` only from 3.9 on.
    """
    return {
        "type": "git",
        "remote": needed_control_repo(settings),
        "ref": settings.control_branch,
        "puppetfile_name": puppetfile_name(environment),
    }


def needed_locks(workspace: Workspace, environments: tuple[str, ...]) -> Mapping[str, Lock]:
    """Return environment to lock; raises InputError for all that have none."""
    locks = workspace.locks(environments)
    missing = [name for name, lock in locks.items() if lock is None]
    if missing:
        raise InputError(
            Problem(f"environment '{name}' has no lock", hint=f"run 'pinner lock {name}'") for name in missing
        )
    return {name: lock for name, lock in locks.items() if lock}


def _read(workspace: Workspace, environments: tuple[str, ...]) -> tuple[_Locked, ...]:
    templates = {
        wanted.manifest.environment: wanted.manifest.template for wanted in workspace.want(environments)
    }
    locks = needed_locks(workspace, tuple(templates))
    return tuple(_Locked(lock, templates[name]) for name, lock in locks.items())


def _own_branch(each: _Locked, workspace: Workspace) -> ControlBranch:
    lock = each.lock
    files = tuple(files_of(lock, each.template, workspace))
    return ControlBranch(lock.environment, (lock.environment,), (lock.lock_id,), files)


def _folders(locked: tuple[_Locked, ...], workspace: Workspace) -> Iterator[ControlFile]:
    for each in locked:
        under = f"{FOLDER}/{each.lock.environment}/"
        yield from files_of(each.lock, each.template, workspace, under=under)


def _shared_branch(
    locked: tuple[_Locked, ...], workspace: Workspace, layout: Layout
) -> Iterator[ControlFile]:
    """Yield what all environments of the project share, whichever were asked for, and what is those's own."""
    every = workspace.locks(list_environments(workspace.project).environments)
    yield from shared_files(lock for lock in every.values() if lock)
    for each in locked:
        yield from own_files(each.lock, each.template, workspace)
        if layout is Layout.ONE_BRANCH:
            name = each.lock.environment
            yield list_file(name, source_of(name, workspace.settings))
