"""A server's directory of environments, made as the tools of the field make it: by a checkout, or from an archive."""

import os
import subprocess
from pathlib import Path

from tests.support.cloud import NO_CONFIG, Cloud, Upstream


def commit_directory(upstream: Upstream, directory: Path, branch: str) -> str:
    """Commit a directory as it lies there, with links and executable bits, on top of a branch; return the commit."""
    upstream.days += 1
    when = f"{1_700_000_000 + upstream.days * 86_400} +0000"
    place = [f"--git-dir={upstream.path}", f"--work-tree={directory}"]
    _git(*place, "read-tree", "--empty")
    _git(*place, "-C", str(directory), "add", "--all", "--force", ".")
    tree = _git(*place, "write-tree")
    parents = ["-p", upstream.id(f"refs/heads/{branch}")] if upstream.has(f"refs/heads/{branch}") else []
    commit = _git(*place, "commit-tree", *parents, "-m", f"Change {upstream.days}", tree, when=when)
    upstream.move(f"refs/heads/{branch}", commit)
    return commit


def check_out(cloud: Cloud, environment: str, directory: Path) -> Path:
    """Put an environment where r10k would: a clone of each module at its commit, detached, with its `.git`."""
    for module, pin in cloud.lock(environment)["modules"].items():
        place = directory / environment / pin.get("install_path", "modules") / module
        _git("clone", "--quiet", "--no-checkout", str(_upstream(cloud, pin["git"])), str(place))
        _git("-C", str(place), "checkout", "--quiet", "--detach", pin["commit"])
    return directory / environment


def unpack(cloud: Cloud, environment: str, directory: Path) -> Path:
    """Put an environment where g10k would: each module's archive unpacked, without a `.git`, with its note."""
    for module, pin in cloud.lock(environment)["modules"].items():
        place = directory / environment / pin.get("install_path", "modules") / module
        command = ["git", "--git-dir", str(_upstream(cloud, pin["git"])), "archive", pin["commit"]]
        packed = subprocess.run(
            command, check=True, capture_output=True, env={**os.environ, **NO_CONFIG}
        ).stdout
        place.mkdir(parents=True, exist_ok=True)
        subprocess.run(["tar", "--extract", "--directory", str(place)], input=packed, check=True)
        (place / ".latest_commit").write_text(pin["commit"])
    return directory / environment


def _upstream(cloud: Cloud, git: str) -> Path:
    upstreams = cloud.root / "upstreams"
    path = git.replace("https://git.example.net/", "private/").partition("://")[2].partition("/")[2]
    return upstreams / f"{path or git.replace('https://git.example.net/', 'private/')}.git"


def _git(*arguments: str, when: str = "1700000000 +0000") -> str:
    who = {
        f"GIT_{role}_{what}": value
        for role in ("AUTHOR", "COMMITTER")
        for what, value in (("NAME", "Upstream"), ("EMAIL", "upstream@example.org"), ("DATE", when))
    }
    done = subprocess.run(
        ["git", *arguments],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, **NO_CONFIG, **who},
    )
    return done.stdout.strip()
