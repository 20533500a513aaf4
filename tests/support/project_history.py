"""The git repository of a project, as its owner works in it."""

import os
import subprocess

from tests.support.cloud import NO_CONFIG, Cloud

WHO = ("-c", "user.name=T", "-c", "user.email=t@example.org", "-c", "protocol.file.allow=always")


def git(cloud: Cloud, *arguments: str) -> str:
    """Return what git prints in the project, without the blanks at both ends."""
    done = subprocess.run(
        ["git", "-C", str(cloud.project), *WHO, *arguments],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, **NO_CONFIG},
    )
    return done.stdout.strip()


def commit(cloud: Cloud, message: str = "lock") -> None:
    """Commit everything in the project."""
    git(cloud, "add", "--all")
    git(cloud, "commit", "--quiet", "--message", message)
