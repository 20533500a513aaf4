"""Repositories with objects that git itself would not write: any name in a tree, any nesting, any number."""

import hashlib
import os
import subprocess
import zlib
from collections.abc import Iterable
from pathlib import Path

FILE, FOLDER, LINK = "100644", "40000", "120000"


class HostileRepository:
    """A bare repository whose objects are written byte by byte, without git's checks."""

    def __init__(self, path: Path) -> None:
        self.path = path
        if not path.exists():
            subprocess.run(["git", "init", "--quiet", "--bare", str(path)], check=True)

    def object(self, kind: str, content: bytes) -> str:
        """Store an object of any content and return its id."""
        data = b"%s %d\0%s" % (kind.encode(), len(content), content)
        name = hashlib.sha1(data, usedforsecurity=False).hexdigest()
        place = self.path / "objects" / name[:2] / name[2:]
        if not place.exists():
            place.parent.mkdir(exist_ok=True)
            place.write_bytes(zlib.compress(data, 1))
        return name

    def blob(self, content: bytes) -> str:
        return self.object("blob", content)

    def tree(self, rows: Iterable[tuple[str, bytes, str]]) -> str:
        """Store a tree of (mode, name, object), in this order."""
        return self.object(
            "tree",
            b"".join(b"%s %s\0%s" % (mode.encode(), name, bytes.fromhex(of)) for mode, name, of in rows),
        )

    def nest(self, of: str, mode: str, levels: int) -> str:
        """Store a directory in a directory, so many times, and return the outermost."""
        for _ in range(levels):
            of, mode = self.tree([(mode, b"d", of)]), FOLDER
        return of

    def commit(self, tree: str, *, ref: str | None = None, parent: str | None = None) -> str:
        """Store a commit of that tree; `ref` is made to name it."""
        who = "Hostile <hostile@example.org> 1700000000 +0000"
        before = f"parent {parent}\n" if parent else ""
        name = self.object(
            "commit", f"tree {tree}\n{before}author {who}\ncommitter {who}\n\nA small change\n".encode()
        )
        if ref:
            subprocess.run(
                ["git", f"--git-dir={self.path}", "update-ref", ref, name],
                check=True,
                env={**os.environ, "GIT_CONFIG_GLOBAL": os.devnull},
            )
        return name
