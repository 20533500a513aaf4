"""Scratch repositories that see a mirror's objects and own a few of their own; the mirror may be read by others."""

from pathlib import Path

from pinner.git.mirror import Mirror

HEAD = b"ref: refs/heads/none\n"


def borrow(mirror: Mirror, scratch: Path) -> None:
    """Make a bare repository at `scratch`, where nothing is yet, that has all objects of the mirror.

    It is what git takes for a repository (gitrepository-layout(5)), laid down without starting git. Raises OSError.
    """
    (scratch / "objects" / "info").mkdir(parents=True)
    (scratch / "refs").mkdir()
    (scratch / "HEAD").write_bytes(HEAD)
    where = f"{mirror.path / 'objects'}\n".encode(errors="surrogateescape")
    (scratch / "objects" / "info" / "alternates").write_bytes(where)
