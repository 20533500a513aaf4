"""What lies in a commit's tree and what differs between two: paths, kinds and ids, never contents."""

from collections.abc import Iterator
from dataclasses import dataclass

from pinner.git.batch import ask
from pinner.git.mirror import Mirror


@dataclass(frozen=True, slots=True)
class TreeEntry:
    """One file: `mode` in octal as git writes it (120000: symbolic link), `kind` is blob, or commit for a submodule."""

    path: str
    mode: str
    kind: str
    id: str


@dataclass(frozen=True, slots=True)
class Change:
    """One file that differs: `status` A (added), D (deleted), M (modified), T (its type changed).

    The id of the side that has no such file is None, its mode 000000.
    """

    status: str
    path: str
    old_id: str | None
    new_id: str | None
    old_mode: str
    new_mode: str


def list_tree(mirror: Mirror, commit: str, *, under: str | None = None) -> tuple[TreeEntry, ...]:
    """Return all files of a commit (40 hex digits), or those at or below the path `under`, sorted by path.

    Bytes of a path that are no UTF-8 appear as lone surrogates (`os.fsencode` gives them back).
    """
    where = ["--", under] if under else []
    output = ask(
        mirror, ["ls-tree", "-r", "-z", "--full-tree", "--end-of-options", commit, *where], about=(commit,)
    )
    return tuple(_entry(row) for row in _rows(output.out))


def changed_paths(mirror: Mirror, a: str, b: str, *, under: str | None = None) -> tuple[Change, ...]:
    """Return the files that differ from commit `a` to commit `b`, sorted by path; a rename is a deletion and an addition."""
    where = [under] if under else []
    options = ["-r", "-z", "--raw", "--no-renames", "--no-ext-diff", "--no-abbrev", "--end-of-options"]
    rows = _rows(ask(mirror, ["diff-tree", *options, a, b, "--", *where], about=(a, b)).out)
    return tuple(_change(header, path) for header, path in zip(rows, rows, strict=True))


def _rows(out: bytes) -> Iterator[str]:
    return iter(out.decode(errors="surrogateescape").split("\0")[:-1])


def _entry(row: str) -> TreeEntry:
    header, _, path = row.partition("\t")
    mode, kind, name = header.split(" ")
    return TreeEntry(path, mode, kind, name)


def _change(header: str, path: str) -> Change:
    """Parse `:<old mode> <new mode> <old id> <new id> <status>`."""
    old_mode, new_mode, old, new, status = header.removeprefix(":").split(" ")
    return Change(status, path, _known(old), _known(new), old_mode, new_mode)


def _known(name: str) -> str | None:
    return name if name.strip("0") else None
