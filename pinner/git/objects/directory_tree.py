"""Computes the git object ids of a plain directory, and compares it with trees of a mirror, counting lines as git does.

    tree = read_plain_tree(Path("/etc/puppetlabs/code/environments/production/modules/nova"))
    tree.tree_id == "<40 hex of the commit's tree>"

Links are not followed (except the directory itself), devices and pipes are never opened, and memory use does
not depend on the size of the files. Files that cannot be read are listed in the result; no exception is
raised for them. Neither the directory nor the mirror is changed.
"""

import hashlib
import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from pinner.git.mirrors.batch import LOCAL_TIMEOUT
from pinner.git.mirrors.metadata import with_alternates
from pinner.git.process.command import in_repository, run
from pinner.git.process.failures import git_reason
from pinner.git.process.repository import Mirror
from pinner.model.errors import Problem, UnknownError
from pinner.model.identification import FileDifference, Unread

PLAIN, EXECUTABLE, LINK, FOLDER = "100644", "100755", "120000", "40000"
LARGEST = 256 * 1024 * 1024
"""The largest size in bytes of a file that is read: a sparse file of terabytes would take for ever."""
MOST_FILES = 200_000
"""The most files and directories of one tree that are read."""

_AT_ONCE = 256 * 1024
_SPECIAL = (
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISBLK, "a block device"),
    (stat.S_ISCHR, "a character device"),
)


@dataclass(frozen=True, slots=True)
class PlainFile:
    """One file or symbolic link: `mode` is octal as git writes it, `id` its blob id in git, `size` in bytes.

    `path` is relative to the tree, with `/`; bytes that are not UTF-8 become lone surrogates.
    """

    path: str
    mode: str
    id: str
    size: int


@dataclass(frozen=True, slots=True)
class Special:
    """A file of a type that git cannot store; `kind` is text for a message (`a named pipe`)."""

    path: str
    kind: str


@dataclass(frozen=True, slots=True)
class PlainTree:
    """All files below a directory, sorted by path; as in git, directories without files are left out.

    `tree_ids` maps every directory (the empty path: the tree itself) to the id of the git tree with exactly
    these files.
    """

    files: tuple[PlainFile, ...]
    unread: tuple[Unread, ...] = ()
    specials: tuple[Special, ...] = ()
    tree_ids: Mapping[str, str] = field(default_factory=dict)

    @property
    def tree_id(self) -> str | None:
        """Return the id of the whole tree, or None if something could not be read."""
        return self.tree_id_of("")

    def tree_id_of(self, directory: str) -> str | None:
        """Return the id of the tree at that path; None if it has no files, or if one could not be read."""
        is_known = not any(_touches(one.path, directory) for one in self.unread)
        return self.tree_ids.get(directory) if is_known else None


def _touches(path: str, directory: str) -> bool:
    """Return whether one of two paths is equal to the other or below it."""
    if not path or not directory:
        return True
    return f"{path}/".startswith(f"{directory}/") or f"{directory}/".startswith(f"{path}/")


def read_plain_tree(
    path: Path,
    *,
    skip: Callable[[str], bool] = lambda _path: False,
    largest: int = LARGEST,
    most: int = MOST_FILES,
) -> PlainTree:
    """Return the tree of the directory `path`.

    Everything named `.git` is left out, as in git, and so is each file or directory for whose path `skip`
    returns True.
    """
    found = _Found(skip, largest, most)
    found.walk(os.fspath(path))
    files = tuple(sorted(found.files, key=lambda file: file.path))
    unread = tuple(sorted(found.unread, key=lambda one: one.path))
    specials = tuple(sorted(found.specials, key=lambda one: one.path))
    return PlainTree(files, unread, specials, tree_ids(files))


@dataclass(frozen=True, slots=True)
class DirectoryState:
    """What the system says about the files below a directory, without reading any.

    `digest` stands for their names, inodes, sizes and ctimes, `newest` is the latest ctime in nanoseconds, and
    `size` the sum of their sizes in bytes.
    """

    digest: str
    newest: int
    size: int


def read_state(path: Path) -> DirectoryState:
    """Return the state of the files and links below the directory `path`; raises OSError."""
    rows, waiting, newest, size = [], [os.fspath(path)], 0, 0
    start = len(waiting[0])
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
                else:
                    about = entry.stat(follow_symlinks=False)
                    changed = about.st_ctime_ns
                    rows.append(f"{entry.path[start:]}\0{about.st_ino} {about.st_size} {changed}")
                    size += about.st_size
                    newest = max(newest, changed)
    digest = hashlib.sha256("\0".join(sorted(rows)).encode(errors="surrogateescape")).hexdigest()
    return DirectoryState(digest, newest, size)


def blob_id(content: bytes) -> str:
    """Return git's id for a file with that content."""
    return hashlib.sha1(b"blob %d\0%s" % (len(content), content), usedforsecurity=False).hexdigest()


def tree_ids(files: Iterable[PlainFile]) -> Mapping[str, str]:
    """Return directory to git tree id for every directory with files; the empty path is the whole tree."""
    rows: dict[str, list[tuple[bytes, bytes]]] = {"": []}
    for file in files:
        parent, _, name = file.path.rpartition("/")
        above = parent
        while above not in rows:
            rows[above] = []
            above = above.rpartition("/")[0]
        raw = os.fsencode(name)
        rows[parent].append((raw, _row(file.mode, raw, file.id)))
    ids: dict[str, str] = {}
    for directory in sorted(rows, key=lambda path: path.count("/") if path else -1, reverse=True):
        content = b"".join(row for _, row in sorted(rows.pop(directory)))
        header = b"tree %d\0" % len(content)
        ids[directory] = name = hashlib.sha1(header + content, usedforsecurity=False).hexdigest()
        if directory:
            parent, _, last = directory.rpartition("/")
            raw = os.fsencode(last)
            rows[parent].append(
                (raw + b"/", _row(FOLDER, raw, name))
            )  # git sorts a directory as if its name ended with `/`
    return ids


def _row(mode: str, name: bytes, of: str) -> bytes:
    return b"%s %s\0%s" % (mode.encode(), name, bytes.fromhex(of))


@dataclass(slots=True)
class _Found:
    """The files that a walk has found so far."""

    skip: Callable[[str], bool]
    largest: int
    most: int
    count: int = 0
    files: list[PlainFile] = field(default_factory=list)
    unread: list[Unread] = field(default_factory=list)
    specials: list[Special] = field(default_factory=list)

    def walk(self, root: str) -> None:
        """Read everything below `root`, one directory after the other."""
        waiting = [""]
        while waiting:
            directory = waiting.pop()
            try:
                with os.scandir(f"{root}/{directory}") as entries:
                    waiting += self._look_at(entries, f"{directory}/" if directory else "")
            except OSError as error:
                self.unread.append(Unread(directory, error.strerror or str(error)))
            if self.count > self.most:
                self.unread.append(Unread("", f"it has more than {self.most} files and directories"))
                return

    def _look_at(self, entries: Iterator[os.DirEntry[str]], prefix: str) -> Iterator[str]:
        """Add the files of a directory and yield the paths of its subdirectories."""
        for entry in entries:
            path = prefix + entry.name
            if entry.name == ".git" or self.skip(path):
                continue
            self.count += 1
            if self.count > self.most:
                return
            try:
                if entry.is_dir(follow_symlinks=False):
                    yield path
                else:
                    self._take(entry, path)
            except OSError as error:
                self.unread.append(Unread(path, error.strerror or str(error)))

    def _take(self, entry: os.DirEntry[str], path: str) -> None:
        if entry.is_symlink():
            target = os.fsencode(os.readlink(entry.path))  # noqa: PTH115 - Path would tidy up the target
            self.files.append(PlainFile(path, LINK, blob_id(target), len(target)))
        elif entry.is_file(follow_symlinks=False):
            found = _read_file(entry.path, path, self.largest)
            if isinstance(found, PlainFile):
                self.files.append(found)
            else:
                self.unread.append(found)
        else:
            mode = entry.stat(follow_symlinks=False).st_mode
            kind = next(
                (words for is_kind, words in _SPECIAL if is_kind(mode)), "something other than a file"
            )
            self.specials.append(Special(path, kind))


def _read_file(place: str, path: str, largest: int) -> PlainFile | Unread:
    # O_NOFOLLOW and O_NONBLOCK are for a file that became a link or a pipe since the directory was listed.
    descriptor = os.open(place, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        about = os.fstat(descriptor)
        if not stat.S_ISREG(about.st_mode):
            return Unread(path, "it changed while it was read")
        if about.st_size > largest:
            return Unread(path, f"it is larger than {largest // 1024 // 1024} MiB")
        digest, read = hashlib.sha1(b"blob %d\0" % about.st_size, usedforsecurity=False), 0
        while read <= about.st_size and (some := os.read(descriptor, _AT_ONCE)):
            digest.update(some)
            read += len(some)
    finally:
        os.close(descriptor)
    if read != about.st_size:
        return Unread(path, "it changed while it was read")
    mode = EXECUTABLE if about.st_mode & stat.S_IXUSR else PLAIN
    return PlainFile(path, mode, digest.hexdigest(), read)


def read_contents(
    root: Path, files: Iterable[PlainFile], *, largest: int, most: int | None = None
) -> Mapping[str, bytes]:
    """Return path to content for those of `files` that have at most `largest` bytes and have not changed.

    `most` limits the total of bytes read (None: no limit); files that would exceed it are left out.
    """
    contents: dict[str, bytes] = {}
    room = most
    for file in files:
        if file.size <= largest and (room is None or file.size <= room):
            room = None if room is None else room - file.size
            with suppress(OSError):
                content = _read(f"{root}/{file.path}", file)
                if blob_id(content) == file.id:
                    contents[file.path] = content
    return contents


def _read(place: str, file: PlainFile) -> bytes:
    if file.mode == LINK:
        return os.fsencode(os.readlink(place))  # noqa: PTH115 - Path would tidy up the target
    descriptor = os.open(place, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as opened:
        return opened.read(file.size + 1)


EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"

_DIFF = ["diff-tree", "--stdin", "-r", "-z", "--raw", "--no-abbrev", "--numstat", "--no-renames"]
_PLAINLY = ["--ignore-cr-at-eol", "--no-ext-diff", "--no-textconv", "--no-color"]
_PAIR = re.compile(rb"([0-9a-f]{40}) ([0-9a-f]{40})\n")
_OLD_MODE, _MODE, _OLD, _NEW = slice(1, 7), slice(8, 14), slice(15, 55), slice(56, 96)
_ODD = re.compile(rb"[^A-Za-z0-9._/-]")
_NOTHING = b"000000"


class DirectoryComparison:
    """A comparison of a directory's `files` with trees of a mirror.

    `contents` has the content of the files that the mirror lacks, by path. `scratch` is a path that must not
    exist; a small repository is made there. Raises UnknownError if git cannot store the files, and OSError if
    the repository cannot be made.
    """

    def __init__(
        self, mirror: Mirror, files: Iterable[PlainFile], contents: Mapping[str, bytes], *, scratch: Path
    ) -> None:
        self._mirror = mirror
        self._scratch = scratch
        with_alternates(mirror.path, scratch)
        self._here = _store(tuple(files), contents, scratch)

    def differences(
        self, trees: Iterable[str], *, only: Iterable[str] = ()
    ) -> Mapping[str, tuple[FileDifference, ...]]:
        """Return tree id to the differences between that tree and the directory, ordered by path.

        `only` limits the comparison to these files and directories (empty: all). Raises UnknownError if git
        fails.
        """
        unique = tuple(dict.fromkeys(trees))
        stdin = "".join(f"{tree} {self._here}\n" for tree in unique).encode()
        found = _parse_diff(_git(self._scratch, [*_DIFF, *_PLAINLY, "--", *only], stdin))
        if missing := [
            tree for tree in unique if tree not in found
        ]:  # git prints no error for a tree that it cannot read
            raise UnknownError(Problem(f"the mirror {self._mirror.path} has no tree {missing[0]}"))
        return {tree: tuple(found[tree]) for tree in unique}


def _store(files: tuple[PlainFile, ...], contents: Mapping[str, bytes], scratch: Path) -> str:
    """Write the directory's tree into the scratch repository and return its id."""
    lines = [b"commit refs/heads/here\ncommitter pinner <> 0 +0000\ndata 0\n"]
    for file in files:
        content = contents.get(file.path)
        # fast-import reads each byte that is not a plain character as `\nnn`.
        name = b'"%s"' % _ODD.sub(lambda found: b"\\%03o" % found[0][0], os.fsencode(file.path))
        if content is None:
            lines.append(b"M %s %s %s\n" % (file.mode.encode(), file.id.encode(), name))
        else:
            lines.append(b"M %s inline %s\ndata %d\n%s\n" % (file.mode.encode(), name, len(content), content))
    _git(scratch, ["fast-import", "--quiet", "--done"], b"".join([*lines, b"done\n"]))
    return tree_ids(files)[""]


def _git(scratch: Path, arguments: list[str], stdin: bytes) -> bytes:
    plain = ["-c", "core.attributesFile=/dev/null", "-c", "fastimport.unpackLimit=0", "-c", "core.fsync=none"]
    output = run([in_repository(scratch), *plain, *arguments], timeout=LOCAL_TIMEOUT, stdin=stdin)
    if output.status != 0:
        raise UnknownError(Problem(f"git cannot compare a directory with a commit: {git_reason(output)}"))
    return output.out


def _parse_diff(out: bytes) -> Mapping[str, list[FileDifference]]:
    """Parse the output of `git diff-tree`: tree id to differences.

    For each pair of trees, the output has the two ids, then `:<modes> <ids> <status>` and a path for each
    file, then the line counts of each file. A file that differs only in its line ends has no line counts.
    """
    found: dict[str, list[FileDifference]] = {}
    rows: dict[bytes, bytes] = {}
    lines: dict[bytes, tuple[bytes, bytes]] = {}
    tree = ""
    fields = iter(out.split(b"\0"))
    for header in fields:
        rest = header
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


def _differences(
    rows: Mapping[bytes, bytes], lines: Mapping[bytes, tuple[bytes, bytes]]
) -> list[FileDifference]:
    found: list[FileDifference] = []
    for path, row in rows.items():
        added, removed = lines.get(path, (b"0", b"0"))
        old_mode, mode = row[_OLD_MODE], row[_MODE]
        difference = FileDifference(
            path=os.fsdecode(path),
            is_here=mode != _NOTHING,
            is_there=old_mode != _NOTHING,
            added=int(added) if added.isdigit() else None,
            removed=int(removed) if removed.isdigit() else None,
            has_same_bytes=row[_OLD] == row[_NEW],
            is_other_kind=_NOTHING not in {old_mode, mode} and old_mode[:2] != mode[:2],
        )
        found.append(difference)
    return found
