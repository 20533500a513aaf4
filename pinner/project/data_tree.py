"""The operator's data directory: which of its files Hiera can read, and what stands in them. Nothing is passed over in silence."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pinner.project.data_json import read_json
from pinner.project.data_levels import Reach, reach_of
from pinner.project.data_yaml import read_yaml
from pinner.project.file_tree import FileTree, list_files
from pinner.project.text import read_bytes
from pinner.puppet.hiera.hierarchy import Hierarchy, parse_hierarchy
from pinner.words.data import DataFile, Datum, Hash, Literal, Value
from pinner.words.places import Place
from pinner.words.problems import InputError, Problem, UnknownError

CONFIG = "hiera.yaml"
LARGEST = 32 * 1024 * 1024
_READERS = {"yaml": read_yaml, "json": read_json}


@dataclass(frozen=True, slots=True)
class DataTree:
    """What was read. `notes` tell which data lie elsewhere; `problems` what could not be found out."""

    files: tuple[DataFile, ...]
    notes: tuple[Problem, ...] = ()
    problems: tuple[Problem, ...] = ()


def read_data(directory: Path) -> DataTree:
    """Return all data below `directory` that its hiera.yaml can reach; without one, all its YAML and JSON.

    Raises InputError where there is no such directory, or where its hiera.yaml is none.
    """
    tree = list_files(directory)
    reach = _reach(tree)
    files: list[DataFile] = []
    problems = list(tree.problems)
    for path, kind in reach.formats.items():
        try:
            files.append(_read_file(tree, path, kind))
        except UnknownError as error:
            problems += error.problems
    return DataTree(tuple(files), (*reach.notes, *tree.notes), tuple(problems))


def _reach(tree: FileTree) -> Reach:
    hierarchy = _hierarchy(tree) if CONFIG in tree.paths else None
    return reach_of(hierarchy, tree)


def _hierarchy(tree: FileTree) -> Hierarchy:
    shown = tree.shown(CONFIG)
    read = read_yaml(read_bytes(tree.root / CONFIG, shown=shown, limit=LARGEST), shown, is_raw=True)
    found = read.refusal or parse_hierarchy(read.root, shown)
    if isinstance(found, Problem):
        raise InputError(found)
    return found


def _read_file(tree: FileTree, path: str, kind: str) -> DataFile:
    shown = tree.shown(path)
    try:
        content = read_bytes(tree.root / path, shown=shown, limit=LARGEST)
    except InputError as error:
        return DataFile(shown, refusal=error.problems[0])
    read = _READERS[kind](content, shown)
    refusal = read.refusal or _flaw_of_root(read.root, shown)
    data = tuple(_data(read.root, shown)) if isinstance(read.root, Hash) else ()
    return DataFile(shown, data, read.flaws, refusal)


def _flaw_of_root(root: Value | None, shown: str) -> Problem | None:
    """Say whether something stands in a file in which Hiera finds nothing."""
    if root is None or isinstance(root, Hash) or (isinstance(root, Literal) and root.value is None):
        return None
    hint = "write 'key: value' lines; a blank must follow the colon"
    return Problem("the file holds no keys, so Hiera finds nothing in it", Place(shown, root.line), hint)


def _data(root: Hash, shown: str) -> Iterator[Datum]:
    for key, value in root.entries:
        if isinstance(key, Literal) and isinstance(key.value, str):
            yield Datum(key.value, value, Place(shown, key.line))
