"""`pinner r10k-environments`: what r10k's exec source reads, and the program without arguments that it runs for it."""

import shlex
from collections.abc import Mapping
from pathlib import Path

from pinner.git.cache import Cache
from pinner.git.kept_branches import keep_branches
from pinner.operations.layouts.control import control_branches, needed_locks, source_of
from pinner.operations.workspace import Workspace
from pinner.puppet.puppetfile import HEADER_MARK
from pinner.words.control import EXECUTABLE, ControlFile, Layout

PROGRAM = "r10k-environments"


def r10k_environments(workspace: Workspace) -> Mapping[str, Mapping[str, str]]:
    """Return environment to what r10k is told of it; all environments, for r10k removes what is not in the list.

    With a control repository in the settings that is its one branch, with the environment's own Puppetfile. Without
    one, it is a repository in the cache that has exactly the generated files, each environment at a commit. Raises
    InputError where a lock is missing, so that nothing is deployed and nothing removed.
    """
    settings = workspace.settings
    names = needed_locks(workspace, tuple(wanted.manifest.environment for wanted in workspace.want(())))
    if settings.control_repo is not None:
        return {name: source_of(name, settings) for name in names}
    path = Cache.at(Path(settings.cache)).control(f"exec://{workspace.project.root}")
    branches = control_branches(workspace, (), Layout.BRANCHES)
    commits = keep_branches(path, branches, timeout=settings.timeout)
    return {
        branch.name: {"type": "git", "remote": str(path), "ref": commits[branch.name]} for branch in branches
    }


def program(workspace: Workspace, directory: Path) -> ControlFile:
    """Return the program that r10k runs, for a directory inside the project or elsewhere."""
    root = workspace.project.root
    is_inside = directory.resolve().is_relative_to(root)
    # `exec`, so that r10k gets the exit code; the variable, as cron and systemd have a PATH of their own.
    start = "CDPATH='' cd -- \"${0%/*}\" && " if is_inside else ""
    where = "" if is_inside else f" -C {shlex.quote(str(root))}"
    text = f'#!/bin/sh\n# {HEADER_MARK}: r10k\'s exec source runs this\n{start}exec "${{PINNER:-pinner}}"{where} {PROGRAM}\n'
    return ControlFile(PROGRAM, text, EXECUTABLE)
