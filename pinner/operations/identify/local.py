"""Modules as they lie in a directory, without any history: what their files are, and what they say of themselves."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from pinner.git.plain_contents import read_contents
from pinner.git.plain_trees import PlainTree, Unread, read_plain_tree
from pinner.operations.facts import FILES, MAX_BYTES, choose_metadata
from pinner.puppet.module_files import DIRECTORIES, is_read
from pinner.puppet.names import check_module_name
from pinner.words.metadata import Metadata
from pinner.words.places import Place
from pinner.words.problems import InputError, Problem, UnknownError

SIGNS = ("manifests", "lib")
"""Directories by which a module without metadata is known."""
MOST_FILES = 20_000
"""Files and directories of one module; puppet-nova, a large one, has some 900. `/usr` looks like a module, too."""
LARGEST = 16 * 1024 * 1024
"""Bytes of a module's file above which it is not read."""


@dataclass(frozen=True, slots=True)
class LocalModule:
    """One module: `directory` is the name of its directory, `path` where it lies as the user would type it."""

    directory: str
    path: Path
    tree: PlainTree
    metadata: Metadata

    @property
    def name(self) -> str:
        """Return what its classes are called by: the name in its metadata, else its directory's."""
        return next((name for name in self.names if check_module_name(name) is None), self.directory)

    @property
    def unread(self) -> tuple[Unread, ...]:
        """Return what could not be read, and what git has no way to store."""
        return (*self.tree.unread, *(Unread(one.path, f"it is {one.kind}") for one in self.tree.specials))

    @property
    def hidden_paths(self) -> frozenset[str]:
        """Return the paths of which cannot be told what is there."""
        return frozenset(one.path for one in self.unread)

    @property
    def hides_what_is_read(self) -> bool:
        """Tell whether some of what Puppet reads is among that: then nobody can say that it is all there."""
        return any(not path or path in DIRECTORIES or is_read(path) for path in self.hidden_paths)

    @property
    def names(self) -> tuple[str, ...]:
        """Return every name it may go by upstream, the likeliest first."""
        named = (self.metadata.name or "").partition("-")[2]
        without_owner = self.directory.partition("-")[2]
        found = (named, self.directory, without_owner, self.directory.removeprefix("puppet-"))
        return tuple(dict.fromkeys(name.replace("-", "_") for name in found if name))


@dataclass(frozen=True, slots=True)
class LocalModules:
    """The modules by directory, and the names of the directories beside them that are none."""

    modules: tuple[LocalModule, ...]
    others: tuple[str, ...] = ()


def read_local_modules(directory: Path, *, jobs: int, most: int = MOST_FILES) -> LocalModules:
    """Return the modules in a directory, or the one that the directory is.

    A module has metadata, or a directory `manifests` or `lib`; links to modules are followed. Raises InputError where
    there is no module, UnknownError where the directory cannot be listed. Of a directory with more than `most` files and
    directories the rest is not looked at.
    """
    if _has_metadata(directory):
        return LocalModules((_read(directory, most),))
    below = _list(directory)
    found = [path for path in below if _is_module(path)]
    if not found and _is_module(directory):
        return LocalModules((_read(directory, most),))
    if not found:
        raise InputError(_no_module(directory, below))
    with ThreadPoolExecutor(max_workers=jobs) as pool:
        modules = tuple(pool.map(lambda path: _read(path, most), found))
    return LocalModules(modules, tuple(path.name for path in below if path not in found))


def _list(directory: Path) -> list[Path]:
    """Return the directories in a directory, by name, hidden ones left out."""
    try:
        return sorted(path for path in directory.iterdir() if not path.name.startswith(".") and path.is_dir())
    except NotADirectoryError:
        raise InputError(Problem("this is no directory", Place(str(directory)))) from None
    except FileNotFoundError:
        raise InputError(Problem("there is no such directory", Place(str(directory)))) from None
    except OSError as error:
        message = f"the directory cannot be read: {error.strerror}"
        raise UnknownError(Problem(message, Place(str(directory)))) from error


def _has_metadata(path: Path) -> bool:
    return any(os.path.isfile(path / name) for name in FILES)  # noqa: PTH113 - False where it must not be looked at


def _is_module(path: Path) -> bool:
    return _has_metadata(path) or any(os.path.isdir(path / name) for name in SIGNS)  # noqa: PTH112 - the same


def _no_module(directory: Path, below: list[Path]) -> Problem:
    hint = "a module has metadata.json, Modulefile, manifests/ or lib/"
    deeper = next((path for path in below if any(_is_module(one) for one in _subdirectories(path))), None)
    return Problem("there is no module", Place(str(directory)), f"did you mean {deeper}?" if deeper else hint)


def _subdirectories(path: Path) -> Iterator[Path]:
    try:
        yield from sorted(path.iterdir())
    except OSError:
        return


def _read(path: Path, most: int) -> LocalModule:
    tree = read_plain_tree(path, largest=LARGEST, most=most)
    said = [file for file in tree.files if file.path in FILES]
    contents = read_contents(path, said, largest=MAX_BYTES)
    metadata = choose_metadata([(name, contents.get(name)) for name in FILES])
    return LocalModule(path.resolve().name if path.name in {"", ".."} else path.name, path, tree, metadata)
