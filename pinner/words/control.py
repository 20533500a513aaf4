"""What a control repository holds of pinner's: the branches, and on each the files that were generated for it."""

from dataclasses import dataclass
from enum import StrEnum

PLAIN = 0o644
EXECUTABLE = 0o755


class Layout(StrEnum):
    """How environments lie in a control repository, and which of r10k's sources finds them there."""

    PUPPETFILES = "puppetfiles"
    BRANCHES = "branches"
    ONE_BRANCH = "one-branch"
    EXEC = "exec"


@dataclass(frozen=True, slots=True)
class ControlFile:
    """One file: `path` is relative to the repository's root, with slashes; `mode` is PLAIN or EXECUTABLE."""

    path: str
    text: str
    mode: int = PLAIN

    @property
    def content(self) -> bytes:
        """Return its bytes; lone surrogates are those of a path that is no UTF-8."""
        return self.text.encode(errors="surrogateescape")


@dataclass(frozen=True, slots=True)
class ControlBranch:
    """One branch, and every file on it that is pinner's; what others keep beside them is none of pinner's business.

    `environments` are those whose code the branch decides: one where each environment has a branch, else all.
    `lock_ids` are theirs, in the same order.
    """

    name: str
    environments: tuple[str, ...]
    lock_ids: tuple[str, ...]
    files: tuple[ControlFile, ...]
