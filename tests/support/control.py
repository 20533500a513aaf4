"""A control repository that a project publishes to, and what others do to it: commits, hooks, races."""

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.support.cloud import Cloud
from tests.support.repositories import Repository, make_repository, run_git
from tests.support.trees import tree_of

WHO = {
    f"GIT_{role}_{what}": value
    for role in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "Olga Operator"), ("EMAIL", "olga@example.org"))
}
TWO = {
    "production": "release: 2024.1\nopenstack: [keystone, nova]\n",
    "staging": "release: 2025.1\nopenstack: [keystone, nova]\n",
}
# A hook may not move refs while it judges a push, except by pretending that it is no hook.
_OUTSIDE = "env -u GIT_QUARANTINE_PATH -u GIT_OBJECT_DIRECTORY -u GIT_ALTERNATE_OBJECT_DIRECTORIES git"


@dataclass(frozen=True, slots=True)
class Control:
    """A bare repository; `repository` makes commits in it as other people do."""

    repository: Repository

    @property
    def path(self) -> Path:
        return self.repository.path

    def tips(self) -> Mapping[str, str]:
        """Return branch to commit."""
        listed = self.repository.git(
            "for-each-ref", "--format=%(refname:lstrip=2) %(objectname)", "refs/heads"
        )
        return dict(line.split() for line in listed.splitlines())

    def tree(self, branch: str) -> Mapping[str, tuple[str, str]]:
        """Return path to (mode, blob id)."""
        return tree_of(self.path, f"refs/heads/{branch}")

    def read(self, branch: str, path: str) -> str:
        return self.repository.git("show", f"refs/heads/{branch}:{path}")

    def message(self, branch: str) -> str:
        return self.repository.git("log", "-1", "--format=%B", f"refs/heads/{branch}")

    def parents(self, branch: str) -> list[str]:
        return self.repository.git("log", "-1", "--format=%P", f"refs/heads/{branch}").split()

    def count(self, branch: str) -> int:
        return int(self.repository.git("rev-list", "--count", f"refs/heads/{branch}"))

    def hook(self, name: str, script: str) -> None:
        """Install a hook of the server's: lines of shell."""
        hooks = self.path / "hooks"
        hooks.mkdir(exist_ok=True)
        (hooks / name).write_text(f"#!/bin/sh\n{script}\n")
        (hooks / name).chmod(0o755)

    def unhook(self) -> None:
        for path in (self.path / "hooks").iterdir():
            path.unlink()

    def race(self, branch: str, files: Mapping[str, str], *, message: str = "In between") -> str:
        """Let another commit reach the branch while the server judges the next push, and return it."""
        before = self.tips().get(branch)
        commit = self.repository.commit(files, branch=branch, message=message)
        ref = f"refs/heads/{branch}"
        self.repository.git("update-ref", "refs/hidden/next", commit)
        if before:
            self.repository.branch(branch, before)
        else:
            self.repository.delete(ref)
        self.hook(
            "pre-receive",
            f"test -e raced || {{ touch raced; {_OUTSIDE} update-ref {ref} {commit}; }}; exit 0",
        )
        return commit


def control_of(cloud: Cloud) -> Control:
    """Return the control repository that the project has already."""
    return Control(Repository(cloud.root / "control.git"))


def make_control(cloud: Cloud, *, layout: str = "branches") -> Control:
    """Return an empty control repository that the project's settings name."""
    control = Control(make_repository(cloud.root / "control.git"))
    cloud.write_settings(f"layout: {layout}\ncontrol_repo: {control.path}\n")
    return control


def lock_two(cloud: Cloud) -> Cloud:
    """Return the project with two environments on two releases, locked."""
    for environment, text in TWO.items():
        cloud.manifest(environment, text)
    assert cloud.run("lock").code == 0
    return cloud


def move_nova(cloud: Cloud, *releases: str) -> None:
    """Give nova's branches of those releases a new commit, and update the locks."""
    for release, version in (("2024.1", "24.1.0"), ("2025.1", "26.1.0")):
        if release in releases:
            cloud.upstream("nova").commit(f"stable/{release}", version=version)
    assert cloud.run("update").code == 0


def introduce(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let git know who commits, as a user's configuration does."""
    for name, value in WHO.items():
        monkeypatch.setenv(name, value)


def keep_history(cloud: Cloud, message: str) -> None:
    """Commit the project to a git repository of its own."""
    if not (cloud.project / ".git").exists():
        run_git("-C", str(cloud.project), "init", "--quiet")
    run_git("-C", str(cloud.project), "add", "environments")
    given = ("-c", "user.name=Me", "-c", "user.email=me@example.org")
    run_git("-C", str(cloud.project), *given, "commit", "--quiet", "-m", message)


@dataclass(frozen=True, slots=True)
class Stages:
    """A project with two environments as it stands before its first publication, after it, and when nova has moved since.

    Made once and copied for each test.
    """

    locked: Cloud
    published: Cloud
    moved: Cloud

    @classmethod
    def make(cls, root: Path, cloud: Cloud) -> "Stages":
        """Make the stages below `root`, from a project that has upstreams."""
        locked = copy_cloud(lock_two(cloud), root / "locked")
        published = copy_cloud(locked, root / "published")
        make_control(published)
        assert published.run("publish").code == 0
        moved = copy_cloud(published, root / "moved")
        move_nova(moved, "2024.1", "2025.1")
        return cls(locked, published, moved)


def copy_cloud(cloud: Cloud, root: Path) -> Cloud:
    """Return a copy of the project, its upstreams, its cache and its control repository, if it has one, below `root`."""
    copy = Cloud(root)
    shutil.copytree(cloud.root, root, dirs_exist_ok=True)
    copy.upstreams = {
        str(path): replace(upstream, path=path)
        for upstream in cloud.upstreams.values()
        for path in [root / upstream.path.relative_to(cloud.root)]
    }
    copy.write_settings()
    if control_of(copy).path.exists():
        copy.write_settings(f"layout: branches\ncontrol_repo: {control_of(copy).path}\n")
    return copy


def surroundings() -> dict[str, str]:
    """Return the variables of a process that commits."""
    return {**os.environ, **WHO}
