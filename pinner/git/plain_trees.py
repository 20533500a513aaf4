"""The files of a plain directory under git's own ids: what `git add` would store of it, without git and without a `.git`.

    tree = read_plain_tree(Path("/etc/puppetlabs/code/environments/production/modules/nova"))
    tree.tree_id == "<40 hex of the commit's tree>"

Links are not followed (but for the directory itself), devices and pipes never opened, and the memory it takes does not
depend on how large the files are. What could not be read is named; nothing is raised for it.
"""

import hashlib
import os
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

PLAIN, EXECUTABLE, LINK, FOLDER = "100644", "100755", "120000", "40000"
LARGEST = 256 * 1024 * 1024
"""Bytes of a file above which it is not read: a sparse file of terabytes would never end."""
MOST_FILES = 200_000
"""Files and directories of one tree, above which the rest is not looked at."""

_AT_ONCE = 256 * 1024
_SPECIAL = (
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISBLK, "a block device"),
    (stat.S_ISCHR, "a character device"),
)


@dataclass(frozen=True, slots=True)
class PlainFile:
    """One file or symbolic link: `mode` in octal as git writes it, `id` of the blob it would be, `size` in bytes.

    `path` is relative to the tree, with `/`; bytes of it that are no UTF-8 appear as lone surrogates.
    """

    path: str
    mode: str
    id: str
    size: int


@dataclass(frozen=True, slots=True)
class Unread:
    """A file or directory (`path` empty: the tree itself) of which could not be found out what it holds, and why."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Special:
    """What git has no way to store: `kind` in words (`a named pipe`)."""

    path: str
    kind: str


@dataclass(frozen=True, slots=True)
class PlainTree:
    """All files below a directory, sorted by path. Directories without files are nothing to git, and so not here.

    `tree_ids` maps every directory (the empty path: the tree itself) to the id of the git tree with just these `files`.
    """

    files: tuple[PlainFile, ...]
    unread: tuple[Unread, ...] = ()
    specials: tuple[Special, ...] = ()
    tree_ids: Mapping[str, str] = field(default_factory=dict)

    @property
    def tree_id(self) -> str | None:
        """Return the id of the whole tree, None where something could not be read."""
        return self.tree_id_of("")

    def tree_id_of(self, directory: str) -> str | None:
        """Return the id of the tree at that path; None where no such directory holds files, or one of them is unread."""
        is_known = not any(_touches(one.path, directory) for one in self.unread)
        return self.tree_ids.get(directory) if is_known else None


def _touches(path: str, directory: str) -> bool:
    """Tell whether one of two paths is the other, or lies below it."""
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
    """Return what lies in the directory `path`.

    Everything named `.git` is left out, as git does, and each file or directory whose path `skip` is True for.
    """
    found = _Found(skip, largest, most)
    found.walk(os.fspath(path))
    files = tuple(sorted(found.files, key=lambda file: file.path))
    unread = tuple(sorted(found.unread, key=lambda one: one.path))
    specials = tuple(sorted(found.specials, key=lambda one: one.path))
    return PlainTree(files, unread, specials, tree_ids(files))


def blob_id(content: bytes) -> str:
    """Return the id that git gives to a file of that content."""
    return hashlib.sha1(b"blob %d\0%s" % (len(content), content), usedforsecurity=False).hexdigest()


def tree_ids(files: Iterable[PlainFile]) -> Mapping[str, str]:
    """Return directory to the id of its git tree, for every directory that holds files, and the empty path for all."""
    rows: dict[str, list[tuple[bytes, bytes]]] = {"": []}
    for file in files:
        parent, _, name = file.path.rpartition("/")
        _add_directories(rows, parent)
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
            )  # git sorts a directory as if `/` ended it
    return ids


def _add_directories(rows: dict[str, list[tuple[bytes, bytes]]], directory: str) -> None:
    while directory not in rows:
        rows[directory] = []
        directory = directory.rpartition("/")[0]


def _row(mode: str, name: bytes, of: str) -> bytes:
    return b"%s %s\0%s" % (mode.encode(), name, bytes.fromhex(of))


@dataclass(slots=True)
class _Found:
    """What a walk has come by so far."""

    skip: Callable[[str], bool]
    largest: int
    most: int
    count: int = 0
    files: list[PlainFile] = field(default_factory=list)
    unread: list[Unread] = field(default_factory=list)
    specials: list[Special] = field(default_factory=list)

    def walk(self, root: str) -> None:
        """Look at everything below `root`, one directory after the other."""
        waiting = [""]
        while waiting:
            directory = waiting.pop()
            try:
                with os.scandir(f"{root}/{directory}") as entries:
                    waiting += self._look_at(entries, f"{directory}/" if directory else "")
            except OSError as error:
                self.unread.append(Unread(directory, _reason(error)))
            if self.count > self.most:
                self.unread.append(Unread("", f"it holds more than {self.most} files and directories"))
                return

    def _look_at(self, entries: Iterator[os.DirEntry[str]], prefix: str) -> Iterator[str]:
        """Take in a directory's files and yield the paths of the directories in it."""
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
                self.unread.append(Unread(path, _reason(error)))

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
            self.specials.append(Special(path, _kind(entry.stat(follow_symlinks=False).st_mode)))


def _read_file(place: str, path: str, largest: int) -> PlainFile | Unread:
    # The two flags are for a file that became a link or a pipe since the directory was listed.
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


def _kind(mode: int) -> str:
    return next((words for is_kind, words in _SPECIAL if is_kind(mode)), "something other than a file")


def _reason(error: OSError) -> str:
    return error.strerror or str(error)
