"""Scratch repositories that see a mirror's objects and own a few of their own; the mirror may be read by others."""

from pathlib import Path

from pinner.git.command import run
from pinner.git.diagnosis import essence
from pinner.git.mirror import Mirror
from pinner.words.problems import Problem, UnknownError

_TIMEOUT = 60.0


def borrow(mirror: Mirror, scratch: Path) -> None:
    """Make a bare repository at `scratch`, where nothing is yet, that has all objects of the mirror; raises UnknownError."""
    output = run(["init", "--quiet", "--bare", "--template=", "--", str(scratch)], timeout=_TIMEOUT)
    if output.status != 0:
        raise UnknownError(Problem(f"git cannot make a scratch repository: {essence(output)}"))
    borrowed = scratch / "objects" / "info" / "alternates"
    borrowed.parent.mkdir(exist_ok=True)
    borrowed.write_bytes(f"{mirror.path / 'objects'}\n".encode(errors="surrogateescape"))
