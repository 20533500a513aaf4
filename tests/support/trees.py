"""Files on disk against the tree of a commit: path to mode and blob id, computed from both sides independently."""

import hashlib
from collections.abc import Collection, Mapping
from pathlib import Path

from tests.support.repositories import run_git

SYMLINK, EXECUTABLE, PLAIN = "120000", "100755", "100644"


def tree_of(repository: Path, commit: str) -> Mapping[str, tuple[str, str]]:
    """Return path to (mode, blob id) for every file that git has in that commit."""
    listed = run_git("--git-dir", str(repository), "ls-tree", "-r", "-z", commit)
    rows = (row.partition("\t") for row in listed.split("\0") if row)
    return {path: (about.split()[0], about.split()[2]) for about, _, path in rows}


def files_in(directory: Path, *, without: Collection[str] = ()) -> Mapping[str, tuple[str, str]]:
    """Return the same for a directory, leaving out the names `without` at its top."""
    paths = (path for path in sorted(directory.rglob("*")) if path.is_symlink() or path.is_file())
    named = ((path.relative_to(directory), path) for path in paths)
    return {name.as_posix(): _entry(path) for name, path in named if name.parts[0] not in without}


def _entry(path: Path) -> tuple[str, str]:
    if path.is_symlink():
        return SYMLINK, _blob_id(str(path.readlink()).encode())
    mode = EXECUTABLE if path.stat().st_mode & 0o100 else PLAIN
    return mode, _blob_id(path.read_bytes())


def _blob_id(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0%s" % (len(content), content), usedforsecurity=False).hexdigest()
