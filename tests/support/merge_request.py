"""A small project in git as a CI system checks it out: the branch `move` changes a lock of `main`."""

from pathlib import Path

from tests.support.cloud import Cloud
from tests.support.repositories import make_repository, run_git

MANIFEST = "release: 2025.1\nopenstack: [keystone]\n"


def make_merge_request(root: Path) -> Cloud:
    """Make the project below `root`: `move` is checked out, and upstream is a commit ahead of it already.

    The control repository, root/control.git, is empty.
    """
    cloud = Cloud(root)
    upstream = cloud.upstream("keystone")
    upstream.commit("stable/2025.1", version="26.0.0")
    cloud.manifest("production", MANIFEST)
    control = make_repository(root / "control.git")
    cloud.write_settings(f"layout: branches\ncontrol_repo: {control.path}\n")
    run_git("init", "--quiet", "--initial-branch=main", str(cloud.project))
    cloud.project.joinpath(".gitignore").write_text("/.cache\n")
    for branch in ("main", "move"):
        assert cloud.run("update").code == 0
        assert cloud.run("generate").code == 0
        run_git("-C", str(cloud.project), "switch", "--quiet", "--force-create", branch)
        commit(cloud.project, branch)
        upstream.commit("stable/2025.1", version="26.1.0", message=f"Fix what {branch} has not")
    return cloud


def commit(project: Path, message: str) -> None:
    """Commit all that is there."""
    who = ("-c", "user.name=T", "-c", "user.email=t@example.org")
    run_git("-C", str(project), "add", "--all")
    run_git("-C", str(project), *who, "commit", "--quiet", "--message", message)
