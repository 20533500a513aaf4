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
        path = f"{place}/{entry.path}"
        if entry.is_file:
            file = content.files[entry.path]
            Path(path).write_bytes(file.content)
            os.chmod(path, EXECUTABLE_MODE if file.mode == EXECUTABLE else FILE_MODE)
        elif entry.source is None or _is_real_directory(entry.source, link):
            os.mkdir(path)
        elif os.path.islink(entry.source):
            os.symlink(os.readlink(entry.source), path)
        elif link is LinkMode.SYMLINK:
            os.symlink(entry.source, path)
        elif link is LinkMode.HARD:
            os.link(entry.source, path)
        else:
            with entry.source.open("rb") as original, open(path, "xb") as copy:
                while some := original.read(1024 * 1024):
                    copy.write(some)
            os.chmod(path, stat.S_IMODE(entry.source.stat().st_mode))


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
            is_directory = (
                _is_real_directory(entry.source, version.link) if entry.source else not entry.is_file
            )
            if is_directory:
                expected.setdefault(entry.path, set())
            if not _is_as_expected(f"{place}/{entry.path}", entry, version, is_directory=is_directory):
                return f"'{entry.path or '.'}' differs"
        for directory, names in expected.items():
            there = set(os.listdir(f"{place}/{directory}"))
            if added := sorted(there - names):
                return f"'{f'{directory}/{added[0]}'.lstrip('/')}' was added"
    return None


def _expand(entries: Iterator[Entry], link: LinkMode) -> Iterator[Entry]:
    """Yield the entries, with everything below the directories of trees unless a link stands for each."""
    for entry in entries:
        yield entry
        if entry.source and _is_real_directory(entry.source, link):
            for name in sorted(os.listdir(entry.source)):
                yield from _expand(iter([Entry(f"{entry.path}/{name}", entry.source / name)]), link)


def _is_real_directory(source: Path, link: LinkMode) -> bool:
    """Return whether a stored directory is made as a directory, and not as a link to it."""
    return link is not LinkMode.SYMLINK and source.is_dir() and not source.is_symlink()


def _is_as_expected(path: str, entry: Entry, version: Version, *, is_directory: bool) -> bool:
    source = entry.source
    try:
        if source and not is_directory:
            if os.path.islink(source):
                return os.readlink(path) == os.readlink(source)
            if version.link is LinkMode.SYMLINK:
                return os.readlink(path) == str(source)
        mode = os.lstat(path).st_mode
    except OSError:  # it is missing, or no link
        return False
    return (
        stat.S_ISDIR(mode)
        if is_directory
        else stat.S_ISREG(mode) and _is_same_file(Path(path), entry, version)
    )


def _is_same_file(path: Path, entry: Entry, version: Version) -> bool:
    if entry.source is None:
        return digest(path) == version.files[entry.path]
    found, original = path.stat(), entry.source.stat()
    if version.link is LinkMode.HARD:
        return os.path.samestat(found, original)
    is_alike = not (found.st_mode ^ original.st_mode) & stat.S_IXUSR
    return is_alike and filecmp.cmp(path, entry.source, shallow=False)
