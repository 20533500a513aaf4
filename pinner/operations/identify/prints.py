"""What a module is known by in an index of trees: its files by path and blob id, also with line ends as upstream's."""

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from pinner.git.plain_contents import read_contents
from pinner.git.plain_trees import LINK, PlainFile, blob_id
from pinner.git.tree_index import TreeIndex, factor_of, key_of
from pinner.operations.identify.local import LocalModule
from pinner.puppet.module_files import is_read

READER = "read-by-puppet-1"
"""Raised when another set of files counts, so that indexes are built anew."""
LARGEST = 4 * 1024 * 1024
"""Bytes of a file that is looked into; the lines of a larger one are not counted."""
_CRLF, _LF = b"\r\n", b"\n"


@dataclass(frozen=True, slots=True)
class Prints:
    """The keys of a module's files, those that Puppet reads apart from those beside them.

    `others` are further keys that some of the files have as well; a commit never has both of one file.
    """

    read: Mapping[int, PlainFile]
    beside: Mapping[int, PlainFile]
    others_read: frozenset[int] = frozenset()
    others_beside: frozenset[int] = frozenset()

    def missing_in(self, indexes: Iterable[TreeIndex]) -> tuple[PlainFile, ...]:
        """Return the files that no commit of the indexes has."""
        files = {**self.read, **self.beside}
        for index in indexes:
            for key in index.known(files):
                del files[key]
        return tuple(files.values())


def counts(path: bytes) -> bool:
    """Tell whether a file counts in the indexes that prints are compared with."""
    return is_read(os.fsdecode(path))


def take_prints(module: LocalModule) -> Prints:
    """Return the prints of a module's files as they are."""
    keys = {_key(file, file.id): file for file in module.tree.files}
    read = {key: file for key, file in keys.items() if is_read(file.path)}
    return Prints(read, {key: file for key, file in keys.items() if key not in read})


def with_line_ends(prints: Prints, module: LocalModule, indexes: Iterable[TreeIndex]) -> Prints:
    """Return the prints with those that the unknown among the files have with line feeds alone at the ends of lines."""
    found = dict(_line_fed(module, prints.missing_in(indexes)))
    read = frozenset(key for path, key in found.items() if is_read(path))
    return Prints(prints.read, prints.beside, read, frozenset(found.values()) - read)


def _line_fed(module: LocalModule, files: Iterable[PlainFile]) -> Iterator[tuple[str, int]]:
    for file in files:
        if file.mode != LINK:
            content = read_contents(module.path, [file], largest=LARGEST).get(file.path, b"")
            if _CRLF in content:
                yield file.path, _key(file, blob_id(content.replace(_CRLF, _LF)))


def _key(file: PlainFile, blob: str) -> int:
    return key_of(factor_of(os.fsencode(file.path)), blob.encode())
