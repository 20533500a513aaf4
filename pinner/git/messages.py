"""The whole messages of commits. Never asks a remote."""

from collections.abc import Mapping

from pinner.git.batch import ask
from pinner.git.mirror import Mirror


def read_messages(mirror: Mirror, a: str, b: str) -> Mapping[str, str]:
    """Return the id and message of each commit that `b` has and `a` has not; all are whole ids.

    Each message stands between a NUL and the line `commit <id>` with which git announces the next one.
    """
    options = ["--format=tformat:%x00%H%n%B", "--encoding=UTF-8"]
    out = ask(mirror, ["rev-list", *options, "--end-of-options", b, f"^{a}", "--"], about=(a, b)).out
    *others, last = out.decode(errors="replace").split("\0")
    parts = [*(part.rpartition("commit ")[0] for part in others), last]
    told = (part.partition("\n") for part in parts[1:])
    return {commit: message.rstrip("\n") for commit, _, message in told}
