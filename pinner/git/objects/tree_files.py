"""Writes the files of a git tree to a directory exactly as git stores them, and replaces or removes whole directories.

`export-ignore` leaves nothing out, no attribute converts a line ending, a Git LFS file is its pointer, and a
submodule is an empty directory. `TreeNotes` lists what a program that reads the files would not expect.

Directories of a store appear by one rename.
"""

import ctypes
import errno
import os
import re
import shutil
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from pinner.git.mirrors.batch import damaged, read_objects, slices
from pinner.git.objects.directory_tree import (
    EXECUTABLE,
    FOLDER,
    LARGEST,
    LINK,
    PLAIN,
    PlainFile,
    tree_ids,
)
from pinner.git.objects.read import HINT, UnsafeTreeError, list_safe_tree
from pinner.git.process.local_repositories import find_others_access
from pinner.git.process.repository import Mirror
from pinner.model.errors import InputError, Location, Problem, UnknownError, exhausted

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_EXCHANGE = 2
_HERE = -100


def remove_tree(path: Path) -> None:
    """Remove a file or a directory with everything in it, read-only directories included; follows no link."""
    if path.is_symlink() or not path.is_dir():
        path.unlink(missing_ok=True)
        return
    for folder, _, _ in os.walk(path):
        with suppress(OSError):
            Path(folder).chmod(0o700)
    shutil.rmtree(path)


def exchange(new: Path, old: Path) -> None:
    """Exchange two directories by one rename if the system can (renameat2(2)), else by two."""
    libc = ctypes.CDLL(None, use_errno=True)
    names = os.fsencode(new), os.fsencode(old)
    if hasattr(libc, "renameat2") and libc.renameat2(_HERE, names[0], _HERE, names[1], _EXCHANGE) == 0:
        return
    aside = new.with_name(f"{new.name}-old")
    old.rename(aside)
    new.rename(old)


def sync_file_system(directory: Path) -> None:
    """Write everything in the file system of a directory to the disk: syncfs(2), far faster than file by file."""
    libc = ctypes.CDLL(None, use_errno=True)
    if not hasattr(libc, "syncfs"):
        os.sync()
        return
    number = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with failing(directory):
            if libc.syncfs(number) != 0:
                found = ctypes.get_errno()
                raise OSError(found, os.strerror(found))
    finally:
        os.close(number)


def sync_directory(directory: Path) -> None:
    """Write the entries of a directory to the disk, so that renames in it last."""
    number = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with suppress(OSError):  # a network file system may refuse it
            os.fsync(number)
    finally:
        os.close(number)


def require_own_directory(path: Path) -> None:
    """Raise InputError if a directory is a link, or if others than its owner can write to it or every user can replace it.

    A group that can write a directory above is accepted: those who administrate a server often share one.
    """
    flaw = "is a symbolic link" if path.is_symlink() else find_others_access(path)
    for above in path.parents:
        mode = above.stat().st_mode if above.exists() else 0
        if mode & stat.S_IWOTH and not mode & stat.S_ISVTX:
            flaw = flaw or f"can be replaced by every user, as {above} has the mode {stat.S_IMODE(mode):o}"
    if flaw:
        hint = "name a directory that only you can write"
        raise InputError(Problem(f"this directory {flaw}", Location(str(path)), hint))


@contextmanager
def failing(path: Path, what: str | None = None) -> Iterator[None]:
    """Raise a system error of the block as an UnknownError about `path`; `what` was written there."""
    try:
        yield
    except OSError as error:
        if problem := exhausted(error):
            raise UnknownError(problem) from error
        reason = error.strerror or str(error)
        hint = "make room on that disk, then run the command again" if error.errno in _FULL else None
        words = f"{what} cannot be written: {reason}" if what else f"this directory cannot be used: {reason}"
        raise UnknownError(Problem(words, Location(str(path)), hint)) from error


_SUBMODULE = "160000"
_LFS = b"version https://git-lfs.github.com/spec/v1\n"
_LARGEST_POINTER = 1024
# gitattributes(5): attributes for which `git checkout` writes other bytes than git stores. `text` alone changes
# nothing where line ends are LF, and filters are programs of the user's own configuration.
_CONVERTS = re.compile(rb"^[^#\n].*[ \t](?:eol=crlf|ident|working-tree-encoding=)", re.MULTILINE)
_DRAFT = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


DIRECTORY_MODE, FILE_MODE, EXECUTABLE_MODE = 0o555, 0o444, 0o555


@dataclass(frozen=True, slots=True)
class TreeNotes:
    """The paths in a tree that are not what a program reading the files would expect, each list sorted.

    `submodules` are empty directories, `lfs_pointers` stand for the content of large files, `outward_links` are
    symbolic links that lead out of the tree, and `converting` are .gitattributes files for which a checkout
    would write other bytes than git stores.
    """

    submodules: tuple[str, ...] = ()
    lfs_pointers: tuple[str, ...] = ()
    outward_links: tuple[str, ...] = ()
    converting: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Entry:
    """One row of a tree: the paths of directories are among them."""

    path: str
    mode: str
    id: str
    size: int

    @property
    def is_file(self) -> bool:
        """Return whether this is a file or a symbolic link."""
        return self.mode == LINK or self.mode.startswith("100")


def tree_size(mirror: Mirror, commit: str) -> int:
    """Return the sum of the sizes of a commit's files, in bytes."""
    return sum(entry.size for entry in _list(mirror, commit))


@dataclass(frozen=True, slots=True)
class WrittenTree:
    """A tree that was written.

    `size` is the sum of the files' sizes in bytes, `on_disk` the id that `read_plain_tree` computes from the
    directory: it differs from the tree's own id if the tree has submodules or modes of old versions of git.
    """

    size: int
    on_disk: str
    notes: TreeNotes


def write_tree(mirror: Mirror, commit: str, place: Path, *, tree: str | None = None) -> WrittenTree:
    """Write the tree of `commit` (40 hex digits) to the new directory `place`, and make it read-only.

    `tree` is the id that the tree must have, None for any.

    All directories are made before any link, and every file and link is new, so that no name of a malformed
    tree is written through a link. Every object is compared with its id. Raises UnsafeTreeError for a tree
    that git would not check out, UnknownError if the mirror lacks an object, and OSError.
    """
    entries = _list(mirror, commit, is_written=True)
    blobs = [entry for entry in entries if entry.is_file]
    folders = [entry for entry in entries if not entry.is_file]
    place.mkdir()
    for folder in folders:
        Path(place, folder.path).mkdir()
    root = f"{commit}^{{tree}}"
    _verify_trees(
        mirror, {entry.id: entry.id for entry in folders if entry.mode != _SUBMODULE} | {root: tree}
    )
    files = _FileWriter(mirror, place)
    for some in slices((entry, entry.size) for entry in blobs):
        files.write(some)
    for path, target in files.links.items():
        Path(place, path).symlink_to(target)
    for path in (*(folder.path for folder in reversed(folders)), ""):
        Path(place, path).chmod(DIRECTORY_MODE)
    submodules = tuple(entry.path for entry in entries if entry.mode == _SUBMODULE)
    outward = tuple(path for path in files.links if leads_out(path, files.links))
    notes = TreeNotes(submodules, tuple(files.lfs_pointers), outward, tuple(files.converting))
    return WrittenTree(sum(entry.size for entry in blobs), tree_ids(map(_as_found, blobs))[""], notes)


def _list(mirror: Mirror, commit: str, *, is_written: bool = False) -> Sequence[_Entry]:
    """Return all entries of a commit's tree, those of a directory after the directory itself."""
    entries = []
    for row in list_safe_tree(mirror, commit, is_written=is_written):
        about, _, path = row.partition("\t")
        mode, _kind, name, size = about.split()
        entries.append(_Entry(path, mode, name, 0 if size == "-" else int(size)))
    return entries


def _as_found(entry: _Entry) -> PlainFile:
    """Return a file as `read_plain_tree` finds it, which sees none of the modes of old versions of git."""
    is_executable = entry.mode != LINK and int(entry.mode, 8) & stat.S_IXUSR
    mode = LINK if entry.mode == LINK else EXECUTABLE if is_executable else PLAIN
    return PlainFile(entry.path, mode, entry.id, entry.size)


@dataclass(slots=True)
class _FileWriter:
    """Writes the files of a tree below `place`, and collects its links and what its notes list."""

    mirror: Mirror
    place: Path
    links: dict[str, str] = field(default_factory=dict)
    lfs_pointers: list[str] = field(default_factory=list)
    converting: list[str] = field(default_factory=list)

    def write(self, entries: Sequence[_Entry]) -> None:
        """Write files whose contents fit into memory together; the links among them are only collected."""
        contents = read_objects(self.mirror.path, (entry.id for entry in entries), max_bytes=LARGEST)
        for entry in entries:
            found = contents[entry.id]
            if found is None:
                raise damaged(self.mirror.path, f"the object of {entry.path!r} is missing")
            if found.content is None:
                message = f"{entry.path!r} in {self.mirror.url} has {found.size} bytes, more than {LARGEST}"
                raise UnsafeTreeError(Problem(message, hint=HINT))
            if entry.mode == LINK:
                self.links[entry.path] = os.fsdecode(found.content)
            else:
                self._write(entry, found.content)

    def _write(self, entry: _Entry, content: bytes) -> None:
        mode = EXECUTABLE_MODE if int(entry.mode, 8) & stat.S_IXUSR else FILE_MODE
        number = os.open(f"{self.place}/{entry.path}", _DRAFT, mode)
        try:
            rest = memoryview(content)
            while rest:
                rest = rest[os.write(number, rest) :]
            if stat.S_IMODE(os.fstat(number).st_mode) != mode:  # an unusual umask
                os.fchmod(number, mode)
        finally:
            os.close(number)
        if len(content) < _LARGEST_POINTER and content.startswith(_LFS):
            self.lfs_pointers.append(entry.path)
        if entry.path.rpartition("/")[2] == ".gitattributes" and _CONVERTS.search(content):
            self.converting.append(entry.path)


def _verify_trees(mirror: Mirror, ids: Mapping[str, str | None]) -> None:
    """Raise DamagedError if a tree is not the one expected; `ids` has the id by name, None for any.

    read_objects compares the contents with the ids.
    """
    found = read_objects(mirror.path, ids, max_bytes=LARGEST)
    for name, expected in ids.items():
        thing = found[name]
        if thing is None:
            raise damaged(mirror.path, f"the tree {name} is missing")
        if expected not in {None, thing.id}:
            raise damaged(mirror.path, f"{name} is {thing.id}, and was {expected}")


def leads_out(path: str, links: Mapping[str, str]) -> bool:
    """Return whether a link of a tree leads out of it, also by other links, or leads in a circle."""
    waiting, here, steps = links[path].split("/"), path.split("/")[:-1], 0
    if links[path].startswith("/"):
        return True
    while waiting:
        part = waiting.pop(0)
        if part == "..":
            if not here:
                return True
            here.pop()
        elif part not in {"", "."}:
            here.append(part)
            if (further := links.get("/".join(here))) is not None:
                steps += 1
                if further.startswith("/") or steps > len(links):
                    return True
                here.pop()
                waiting = [*further.split("/"), *waiting]
    return False


def list_unusual(mirror: Mirror, commit: str) -> Mapping[str, str]:
    """Return path to mode and id of the entries that a directory on disk does not show: submodules.

    With them and the files on disk, the tree's id can be computed; see `id_of_directory`.
    """
    usual = {LINK, PLAIN, EXECUTABLE, FOLDER}
    entries = (entry for entry in _list(mirror, commit) if entry.mode.lstrip("0") not in usual)
    return {entry.path: f"{entry.mode} {entry.id}" for entry in entries}


def id_of_directory(files: Iterable[PlainFile], unusual: Mapping[str, str]) -> str:
    """Return the id of the tree with the files found on disk and the entries that `list_unusual` returned."""
    by_path = {file.path: file for file in files}
    for path, row in unusual.items():
        mode, _, name = row.partition(" ")
        is_submodule = mode == _SUBMODULE
        if is_submodule or (path in by_path and by_path[path].id == name):
            by_path[path] = PlainFile(path, mode, name, 0)
    return tree_ids(by_path.values())[""]
