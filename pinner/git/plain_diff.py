"""How a plain directory differs from trees of a mirror, line by line as git counts. Touches neither of the two."""

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pinner.git.batch import LOCAL_TIMEOUT
from pinner.git.borrowing import borrow
from pinner.git.command import in_repository, run
from pinner.git.diagnosis import essence
from pinner.git.mirror import Mirror
from pinner.git.plain_trees import PlainFile, tree_ids
from pinner.words.problems import Problem, UnknownError

EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"

_DIFF = ["diff-tree", "--stdin", "-r", "-z", "--raw", "--no-abbrev", "--numstat", "--no-renames"]
_PLAINLY = ["--ignore-cr-at-eol", "--no-ext-diff", "--no-textconv", "--no-color"]
_PAIR = re.compile(rb"([0-9a-f]{40}) ([0-9a-f]{40})\n")
_OLD_MODE, _MODE, _OLD, _NEW = slice(1, 7), slice(8, 14), slice(15, 55), slice(56, 96)
_ODD = re.compile(rb"[^A-Za-z0-9._/-]")
_NOTHING = b"000000"


@dataclass(frozen=True, slots=True)
class Difference:
    """One file that differs: `is_here` and `is_there` tell whether the directory and the tree have it.

    `added` and `removed` count the lines that only the directory's, and only the tree's file has, None where they are
    no lines (binary) or the file was too large; a carriage return at a line's end is not looked at. `has_same_bytes`
    is True where only the executable bit differs, `is_other_kind` where one of the two is a symbolic link.
    """

    path: str
    is_here: bool
    is_there: bool
    added: int | None
    removed: int | None
    has_same_bytes: bool = False
    is_other_kind: bool = False

    @property
    def lines(self) -> int:
        """Return how many lines differ; what has no lines counts as one."""
        return 1 if self.added is None or self.removed is None else self.added + self.removed


class Comparison:
    """A directory's `files` held against trees of a mirror; `contents` has those files that the mirror does not have.

    `scratch` is a path where nothing is yet and a small repository lies afterwards. Raises UnknownError if git can't
    store the files, OSError where the scratch can't be made.
    """

    def __init__(
        self, mirror: Mirror, files: Iterable[PlainFile], contents: Mapping[str, bytes], *, scratch: Path
    ) -> None:
        self._mirror = mirror
        self._scratch = scratch
        borrow(mirror, scratch)
        self._here = _store(tuple(files), contents, scratch)

    def differences(
        self, trees: Iterable[str], *, only: Iterable[str] = ()
    ) -> Mapping[str, tuple[Difference, ...]]:
        """Return tree id to how the directory differs from that tree of the mirror, each by path.

        `only` are the paths of files and directories to look at, none: all. Raises UnknownError if git can't.
        """
        wanted = tuple(dict.fromkeys(trees))
        given = "".join(f"{tree} {self._here}\n" for tree in wanted).encode()
        found = _read(_git(self._scratch, [*_DIFF, *_PLAINLY, "--", *only], given))
        if missing := [
            tree for tree in wanted if tree not in found
        ]:  # git is silent about what it cannot read
            raise UnknownError(Problem(f"the mirror {self._mirror.path} has no tree {missing[0]}"))
        return {tree: tuple(found[tree]) for tree in wanted}


def _store(files: tuple[PlainFile, ...], contents: Mapping[str, bytes], scratch: Path) -> str:
    """Write the directory's tree into the scratch repository and return its id."""
    lines = [b"commit refs/heads/here\ncommitter pinner <> 0 +0000\ndata 0\n"]
    for file in files:
        content = contents.get(file.path)
        name = _quoted(file.path)
        if content is None:
            lines.append(b"M %s %s %s\n" % (file.mode.encode(), file.id.encode(), name))
        else:
            lines.append(b"M %s inline %s\ndata %d\n%s\n" % (file.mode.encode(), name, len(content), content))
    _git(scratch, ["fast-import", "--quiet", "--done"], b"".join([*lines, b"done\n"]))
    return tree_ids(files)[""]


def _quoted(path: str) -> bytes:
    r"""Return a path as fast-import takes any: in quotes, each byte that is no plain character as `\nnn`."""
    return b'"%s"' % _ODD.sub(lambda found: b"\\%03o" % found[0][0], os.fsencode(path))


def _git(scratch: Path, arguments: list[str], given: bytes) -> bytes:
    plain = ["-c", "core.attributesFile=/dev/null", "-c", "fastimport.unpackLimit=0", "-c", "core.fsync=none"]
    output = run([in_repository(scratch), *plain, *arguments], timeout=LOCAL_TIMEOUT, given=given)
    if output.status != 0:
        raise UnknownError(Problem(f"git cannot compare a directory with a commit: {essence(output)}"))
    return output.out


def _read(out: bytes) -> Mapping[str, list[Difference]]:
    """Read for each pair of trees its two ids, then `:<modes> <ids> <status>` and a path for each file, then its lines.

    A file that differs in nothing but the ends of its lines has a row and no lines.
    """
    found: dict[str, list[Difference]] = {}
    rows: dict[bytes, bytes] = {}
    lines: dict[bytes, tuple[bytes, bytes]] = {}
    tree = ""
    fields = iter(out.split(b"\0"))
    for field in fields:
        rest = field
        while match := _PAIR.match(rest):
            found[tree] = _differences(rows, lines)
            tree, rows, lines, rest = match[1].decode(), {}, {}, rest[match.end() :]
        if rest.startswith(b":"):
            rows[next(fields)] = rest
        elif rest:
            added, removed, path = rest.split(b"\t", 2)
            lines[path] = added, removed
    found[tree] = _differences(rows, lines)
    return found


def _differences(rows: Mapping[bytes, bytes], lines: Mapping[bytes, tuple[bytes, bytes]]) -> list[Difference]:
    return [_difference(path, row, *lines.get(path, (b"0", b"0"))) for path, row in rows.items()]


def _difference(path: bytes, row: bytes, added: bytes, removed: bytes) -> Difference:
    old_mode, mode = row[_OLD_MODE], row[_MODE]
    return Difference(
        path=os.fsdecode(path),
        is_here=mode != _NOTHING,
        is_there=old_mode != _NOTHING,
        added=int(added) if added.isdigit() else None,
        removed=int(removed) if removed.isdigit() else None,
        has_same_bytes=row[_OLD] == row[_NEW],
        is_other_kind=_NOTHING not in {old_mode, mode} and old_mode[:2] != mode[:2],
    )
