"""`pinner api`: what one module defines at one commit."""

import re
from dataclasses import dataclass
from pathlib import Path

from pinner.git.mirrors import Mirror, SyncFailure
from pinner.git.objects import Ambiguous, expand_commit, has_commits
from pinner.openstack.catalogue import find_module
from pinner.operations.apis import read_apis
from pinner.operations.workspace import Workspace
from pinner.words.api import ModuleApi
from pinner.words.manifests import Settings
from pinner.words.problems import InputError, Problem, UnknownError

_COMMIT = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True, slots=True)
class CommitApi:
    """The API of the repository `git` at `commit` (40 hex digits)."""

    git: str
    commit: str
    api: ModuleApi


def read_api(workspace: Workspace, git: str, name: str) -> CommitApi:
    """Return the API of a repository, given by URL, path or the name of its module, at a commit.

    `name` is a commit id or the start of one, a branch or tag, or the whole name of a ref. The remote is not asked for
    a commit that the cache has. Raises InputError where there is no such commit, UnknownError where nobody can tell.
    """
    url = _url(git, workspace.settings)
    cached = workspace.mirrors.open(url)
    if cached and _COMMIT.fullmatch(name) and has_commits(cached, [name]):
        return _api(workspace, cached, name)
    mirror = _sync(url, workspace)
    return _api(workspace, mirror, _find_commit(mirror, name, workspace))


def _url(git: str, settings: Settings) -> str:
    """Return what git is asked for: a directory is meant where there is one, then a module where that is one's name."""
    path = Path(git)
    if path.is_dir():
        return path.resolve().as_uri()
    known = find_module(git, None)
    return settings.modules.get(git) or (known.git if known else git)


def _sync(url: str, workspace: Workspace) -> Mirror:
    found = (
        workspace.mirrors.open_or_fail(url) if workspace.is_offline else workspace.mirrors.sync([url])[url]
    )
    if isinstance(found, SyncFailure):
        raise UnknownError(Problem(found.message, hint=found.hint))
    return found


def _api(workspace: Workspace, mirror: Mirror, commit: str) -> CommitApi:
    read = read_apis({mirror: [commit]}, memory=workspace.memory, jobs=1)
    return CommitApi(mirror.url, commit, read[commit])


def _find_commit(mirror: Mirror, name: str, workspace: Workspace) -> str:
    refs = [
        commit
        for commit in (mirror.refs.commits.get(name), mirror.refs.branch(name), mirror.refs.tag(name))
        if commit
    ]
    if len(set(refs)) > 1:
        hint = f"write 'refs/heads/{name}' or 'refs/tags/{name}'"
        raise InputError(Problem(f"{mirror.url} has a branch and a tag '{name}'", hint=hint))
    if refs:
        return refs[0]
    found = expand_commit(mirror, name)
    if isinstance(found, Ambiguous):
        raise InputError(
            Problem(f"'{name}' begins the ids of {len(found.candidates)} commits of {mirror.url}")
        )
    if found or (_COMMIT.fullmatch(name) and workspace.mirrors.fetch_commit(mirror, name)):
        return found or name
    raise InputError(Problem(f"{mirror.url} has no commit, branch or tag {name!r}"))
