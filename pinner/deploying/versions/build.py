"""Write a version directory from the store of trees, and compare one with what it should be.

Directories and files of a version are read-only, so that an edit is made on purpose, and then found.
"""

import filecmp
import os
import stat
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path

from pinner.deploying.versions.content import Content, Entry, entries_of
from pinner.git.objects.tree_files import failing
from pinner.git.objects.tree_store import StoredTree
from pinner.model.control import EXECUTABLE, PLAIN
from pinner.model.deployment import LinkMode, Version

DIRECTORY_MODE, FILE_MODE, EXECUTABLE_MODE = 0o555, 0o444, 0o555


def write_version(place: Path, content: Content, stored: Mapping[str, StoredTree], link: LinkMode) -> None:
    """Write a version to the new directory `place`, which stays writable, as generated types are to come.

    Raises OSError, and InputError as `entries_of` does.
    """
    for entry in _expand(entries_of(content.trees, content.files, stored), link):
        path = place / entry.path
        if entry.is_file:
            file = content.files[entry.path]
            path.write_bytes(file.content)
            path.chmod(EXECUTABLE_MODE if file.mode == EXECUTABLE else FILE_MODE)
        elif entry.source is None or _is_real_directory(entry.source, link):
            path.mkdir()
        elif entry.source.is_symlink():
            path.symlink_to(os.readlink(entry.source))  # noqa: PTH115 - Path would tidy up the target
        elif link is LinkMode.SYMLINK:
            path.symlink_to(entry.source)
        elif link is LinkMode.HARD:
            path.hardlink_to(entry.source)
        else:
            with entry.source.open("rb") as original, path.open("xb") as copy:
                while some := original.read(1024 * 1024):
                    copy.write(some)
            path.chmod(stat.S_IMODE(entry.source.stat().st_mode))


def digest(path: Path) -> str:
    """Return the octal mode and SHA-256 of a file, as the record of a version has them."""
    mode = EXECUTABLE if path.stat().st_mode & stat.S_IXUSR else PLAIN
    return f"{mode:o} {sha256(path.read_bytes()).hexdigest()}"


def make_read_only(place: Path) -> None:
    """Take away the permission to write from all directories of a version, and from generated types."""
    for folder, _, names in os.walk(place):
        for name in names:
            path = Path(folder, name)
            if not path.is_symlink() and path.stat().st_mode & 0o222:
                path.chmod(FILE_MODE)
        Path(folder).chmod(DIRECTORY_MODE)


def find_difference(place: Path, version: Version, stored: Mapping[str, StoredTree]) -> str | None:
    """Return how a version directory differs from its record, None if it does not.

    Trees that links lead to are those of the store, which verifies them itself. Raises UnknownError if
    something cannot be read.
    """
    if not place.is_dir() or place.is_symlink():
        return "its directory is missing"
    expected: dict[str, set[str]] = {}
    with failing(place):
        for entry in _expand(entries_of(version.trees, version.files, stored), version.link):
            if entry.path:
                above, _, name = entry.path.rpartition("/")
                expected.setdefault(above, set()).add(name)
            if _is_made_directory(entry, version.link):
                expected.setdefault(entry.path, set())
            if not _is_as_expected(place / entry.path, entry, version):
                return f"'{entry.path or '.'}' differs"
        for directory, names in expected.items():
            there = set(os.listdir(place / directory))  # noqa: PTH208 - names, not paths
            if added := sorted(there - names):
                return f"'{f'{directory}/{added[0]}'.lstrip('/')}' was added"
    return None


def _expand(entries: Iterator[Entry], link: LinkMode) -> Iterator[Entry]:
    """Yield the entries, with everything below the directories of trees unless a link stands for each."""
    for entry in entries:
        yield entry
        if entry.source and _is_real_directory(entry.source, link):
            for name in sorted(os.listdir(entry.source)):  # noqa: PTH208 - names, not paths
                yield from _expand(iter([Entry(f"{entry.path}/{name}", entry.source / name)]), link)


def _is_real_directory(source: Path, link: LinkMode) -> bool:
    """Return whether a stored directory is made as a directory, and not as a link to it."""
    return link is not LinkMode.SYMLINK and source.is_dir() and not source.is_symlink()


def _is_made_directory(entry: Entry, link: LinkMode) -> bool:
    return _is_real_directory(entry.source, link) if entry.source else not entry.is_file


def _is_as_expected(path: Path, entry: Entry, version: Version) -> bool:
    try:
        found = path.lstat()
    except OSError:
        return False
    source = entry.source
    if _is_made_directory(entry, version.link):
        return stat.S_ISDIR(found.st_mode)
    if source and (version.link is LinkMode.SYMLINK or source.is_symlink()):
        target = os.readlink(source) if source.is_symlink() else str(source)  # noqa: PTH115 - byte by byte
        return stat.S_ISLNK(found.st_mode) and os.readlink(path) == target  # noqa: PTH115 - the text of the link itself
    return stat.S_ISREG(found.st_mode) and _is_same_file(path, entry, version)


def _is_same_file(path: Path, entry: Entry, version: Version) -> bool:
    if entry.source is None:
        return digest(path) == version.files[entry.path]
    found, original = path.stat(), entry.source.stat()
    if version.link is LinkMode.HARD:
        return os.path.samestat(found, original)
    is_alike = not (found.st_mode ^ original.st_mode) & stat.S_IXUSR
    return is_alike and filecmp.cmp(path, entry.source, shallow=False)
