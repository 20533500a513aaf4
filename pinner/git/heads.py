"""The default branch of a repository: what a clone of it checks out."""

import re

from pinner.git.mirror import Mirror

_HEAD = re.compile(r"ref: refs/heads/(?P<branch>\S+)\n?")


def default_branch(mirror: Mirror) -> str | None:
    """Return the short name of the branch that the remote's HEAD was on when the mirror was made; None if it has none."""
    try:
        found = _HEAD.fullmatch((mirror.path / "HEAD").read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        return None
    return found["branch"] if found and mirror.refs.branch(found["branch"]) else None
