"""List and read the operator's data directory, through the levels of its hiera.yaml, and the site code."""

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from pinner.model.errors import InputError, Location, Problem, UnknownError
from pinner.model.module_api import Definition
from pinner.model.operator_data import EVERYWHERE, DataFile, Datum, Hash, Literal, PlaceScope, SiteFile, Value
from pinner.model.text import quoted
from pinner.project.files import Root, resolve
from pinner.project.operator.values import read_json, read_yaml
from pinner.puppet.code.read import read_manifest
from pinner.puppet.hiera.hierarchy import (
    Hierarchy,
    HierarchyLevel,
    expand,
    glob_pattern,
    join,
    literal_start,
    parse_hierarchy,
    path_pattern,
    values_in,
)
from pinner.puppet.platforms import PLATFORM_FACTS, PLATFORMS, Platform
from pinner.puppet.usage.site import read_site_file
from pinner.puppet.usage.values import Surroundings, with_parameters

MOST_FILES = 100_000


@dataclass(frozen=True, slots=True)
class FileTree:
    """The files below a directory; `paths` are relative to `root`, with `/`, sorted, not in hidden ones.

    `notes` are about links that were not followed, `problems` about directories that could not be listed.
    """

    root: Path
    paths: tuple[str, ...]
    notes: tuple[Problem, ...] = ()
    problems: tuple[Problem, ...] = ()

    def shown(self, path: str) -> str:
        """Return one of the paths as the user would type it."""
        return str(self.root / path)

    def read(self, path: str, *, limit: int) -> bytes:
        """Return the content of one of the paths; raises InputError, UnknownError."""
        root = Root(resolve(self.root), str(self.root))
        return root.read(root.path / path, shown=self.shown(path), limit=limit)


def list_files(root: Path, *, most: int = MOST_FILES) -> FileTree:
    """Return the files below a directory; raises InputError if there is none, or more than `most` files."""
    if not root.is_dir():
        raise InputError(Problem("the directory does not exist", Location(str(root))))
    problems: list[Problem] = []
    notes: list[Problem] = []
    paths: list[str] = []
    for path in _walk(root, problems, notes):
        paths.append(path.relative_to(root).as_posix())
        if len(paths) > most:
            message = f"this directory has more than {most} files"
            raise InputError(
                Problem(message, Location(str(root)), "name the directory that contains the data")
            )
    return FileTree(root, tuple(sorted(paths)), tuple(notes), tuple(problems))


def _walk(root: Path, problems: list[Problem], notes: list[Problem]) -> Iterator[Path]:
    real = Root(resolve(root), str(root))

    def fail(error: OSError) -> None:
        message = f"the directory cannot be read: {error.strerror}"
        problems.append(Problem(message, Location(str(error.filename))))

    for directory, names, files in os.walk(root, onerror=fail):
        here = Path(directory)
        names[:] = sorted(name for name in names if not name.startswith("."))
        linked = [here / name for name in names if (here / name).is_symlink()]
        notes += [Problem("a link to a directory is not followed", Location(str(link))) for link in linked]
        for path in (here / name for name in sorted(files)):
            flaw = real.find_flaw(real.path / path.relative_to(root), shown=str(path))
            if flaw:
                notes.append(Problem(f"{flaw.message}, and it is not followed", flaw.place))
            else:
                yield path


_FORMATS = {".yaml": "yaml", ".yml": "yaml", ".eyaml": "yaml", ".json": "json"}


@dataclass(frozen=True, slots=True)
class LevelReach:
    """Path to format of the files that the hierarchy reads, sorted by path; `notes` are about unread data.

    If `is_partial`, a level reads data that are not in this directory, or there is no hierarchy. `machines` has the
    values that the path of each file has for the interpolations of its level, empty if all machines read it.
    """

    formats: Mapping[str, str]
    notes: tuple[Problem, ...] = ()
    is_partial: bool = False
    machines: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def reach_of(hierarchy: Hierarchy | None, tree: FileTree) -> LevelReach:
    """Return what a hierarchy reads in `tree`; without a hierarchy, everything that looks like data."""
    if hierarchy is None:
        known = {path: kind for path in tree.paths if (kind := _FORMATS.get(PurePosixPath(path).suffix))}
        return LevelReach(known, is_partial=True)
    notes = list(hierarchy.elsewhere)
    is_partial = bool(notes)
    formats: dict[str, str] = {}
    datadirs: set[str] = set()
    machines: dict[str, Mapping[str, str]] = {}
    for level in hierarchy.levels:
        datadir = _datadir(level, tree.paths)
        if datadir is None:
            message = f"the level '{level.name}' reads '{level.datadir}', and nothing below {tree.root} matches that"
            is_partial = True
            notes.append(Problem(message, hint="also name the directory that contains its files"))
            continue
        datadirs.add(literal_start(f"{expand(datadir)}/"))
        found = tuple(_paths(level, datadir, tree.paths))
        is_partial = is_partial or (not found and _is_elsewhere(level, datadir, tree.paths))
        formats.update({path: level.format for path in found if path not in formats})
        for path in found:
            read_by = [values_in(level, datadir, written, path) for written in level.paths]
            names = next((one for one in read_by if one is not None), None)
            if names is not None and (path not in machines or not names):
                machines[path] = names
    starts = tuple(f"{datadir}/" for datadir in datadirs if datadir)
    looks_like_data = (path for path in tree.paths if PurePosixPath(path).suffix in _FORMATS)
    notes += [
        Problem("no level of hiera.yaml reads this file", Location(tree.shown(path)))
        for path in looks_like_data
        if path.startswith(starts) and path not in formats
    ]
    return LevelReach(dict(sorted(formats.items())), tuple(notes), is_partial, machines)


def _paths(level: HierarchyLevel, datadir: str, paths: Iterable[str]) -> Iterator[str]:
    joined = (join(expand(datadir), expand(path)) for path in level.paths)
    compile_ = glob_pattern if level.is_glob else path_pattern
    patterns = [compile_(path) for path in joined if path is not None]
    return (path for path in paths if any(pattern.fullmatch(path) for pattern in patterns))


def _is_elsewhere(level: HierarchyLevel, datadir: str, paths: Iterable[str]) -> bool:
    """Return whether the level reads a directory that is not in the tree, such as one of secrets."""
    joined = (join(expand(datadir), expand(path)) for path in level.paths)
    starts = tuple(f"{start}/" for path in joined if path and (start := literal_start(path)))
    return bool(starts) and not any(path.startswith(starts) for path in paths)


def _datadir(level: HierarchyLevel, paths: Iterable[str]) -> str | None:
    """Return the level's data directory, relative to the tree's root.

    An absolute path is a path on the server; the tree is a copy in which only the end of that path is the
    same.
    """
    if not level.datadir.startswith("/"):
        return level.datadir if join(expand(level.datadir), "") is not None else None
    parts = level.datadir.strip("/").split("/")
    ends = ["/".join(parts[start:]) for start in range(len(parts) + 1)]
    return next((end for end in ends if any(_paths(level, end, paths))), None)


CONFIG = "hiera.yaml"
LARGEST_DATA_FILE = 32 * 1024 * 1024
_READERS = {"yaml": read_yaml, "json": read_json}


@dataclass(frozen=True, slots=True)
class DataTree:
    """The data files; `notes` are about data that are elsewhere, `problems` what could not be determined."""

    files: tuple[DataFile, ...]
    notes: tuple[Problem, ...] = ()
    problems: tuple[Problem, ...] = ()
    is_partial: bool = False


def read_data(directory: Path, platforms: tuple[Platform, ...] = PLATFORMS) -> DataTree:
    """Return all data below `directory` that its hiera.yaml reads; without one, all its YAML and JSON.

    What only other platforms than `platforms` read is marked as not reached, unless these are all that pinner knows of.
    Raises InputError if the directory does not exist, or if its hiera.yaml is not valid.
    """
    tree = list_files(directory)
    reach = reach_of(_hierarchy(tree) if CONFIG in tree.paths else None, tree)
    files: list[DataFile] = []
    problems = list(tree.problems)
    for path, kind in reach.formats.items():
        try:
            file = _read_file(tree, path, kind)
            machines = reach.machines.get(path)
            scope = EVERYWHERE if machines is None else scope_of(machines, platforms)
            files.append(replace(file, scope=scope, is_everywhere=machines == {}))
        except UnknownError as error:
            problems += error.problems
    return DataTree(tuple(files), (*reach.notes, *tree.notes), tuple(problems), reach.is_partial)


def scope_of(machines: Mapping[str, str], platforms: tuple[Platform, ...]) -> PlaceScope:
    """Return the scope of a level's file from what its path has for facts, such as `os.family`: `RedHat`."""
    words = ", ".join(f"{name} {quoted(value)}" for name, value in machines.items())
    known = {name: value for name, value in machines.items() if name in PLATFORM_FACTS}
    some = tuple(one for one in platforms if all(one.fact(name) == value for name, value in known.items()))
    if not known or (not some and platforms == PLATFORMS):
        return PlaceScope(words)
    reason = "" if some else f"no platform of the environment reads the data for {words}"
    return PlaceScope(words, tuple(map(str, some)), reason)


def _hierarchy(tree: FileTree) -> Hierarchy:
    shown = tree.shown(CONFIG)
    read = read_yaml(tree.read(CONFIG, limit=LARGEST_DATA_FILE), shown, is_raw=True)
    found = read.refusal or parse_hierarchy(read.root, shown)
    if isinstance(found, Problem):
        raise InputError(found)
    if found.defaults:
        message = (
            "'default_hierarchy' is only allowed in the hiera.yaml of a module: Puppet refuses this file"
        )
        raise InputError(Problem(message, Location(shown)))
    return found


def _read_file(tree: FileTree, path: str, kind: str) -> DataFile:
    shown = tree.shown(path)
    try:
        content = tree.read(path, limit=LARGEST_DATA_FILE)
    except InputError as error:
        return DataFile(shown, refusal=error.problems[0])
    read = _READERS[kind](content, shown)
    refusal = read.refusal or _flaw_of_root(read.root, shown)
    entries = read.root.entries if isinstance(read.root, Hash) else ()
    data = tuple(
        Datum(key.value, value, Location(shown, key.line))
        for key, value in entries
        if isinstance(key, Literal) and isinstance(key.value, str)
    )
    return DataFile(shown, data, read.flaws, refusal)


def _flaw_of_root(root: Value | None, shown: str) -> Problem | None:
    """Return a problem if the file has content in which Hiera finds nothing."""
    if root is None or isinstance(root, Hash) or (isinstance(root, Literal) and root.value is None):
        return None
    hint = "write 'key: value' lines; a space must follow the colon"
    return Problem("the file has no keys, so Hiera finds nothing in it", Location(shown, root.line), hint)


LARGEST_CODE_FILE = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class SiteTree:
    """The site code; `problems` are what could not be determined."""

    files: tuple[SiteFile, ...]
    definitions: tuple[Definition, ...] = ()
    notes: tuple[Problem, ...] = ()
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class SiteTexts:
    """The text of each `.pp` file below a directory, or why it cannot be read."""

    tree: FileTree
    texts: Mapping[str, str | SiteFile]
    problems: tuple[Problem, ...] = ()

    @property
    def with_parameters(self) -> frozenset[str]:
        """Return the classes that are declared as `class { 'name': }`, which can give them any values."""
        texts = (text for text in self.texts.values() if isinstance(text, str))
        return frozenset(name for text in texts for name in with_parameters(text))


def read_site_texts(directory: Path) -> SiteTexts:
    """Return the texts of all `.pp` files below `directory`; raises InputError if it does not exist."""
    tree = list_files(directory)
    texts: dict[str, str | SiteFile] = {}
    problems = list(tree.problems)
    for path in (path for path in tree.paths if path.endswith(".pp")):
        shown = tree.shown(path)
        try:
            texts[shown] = tree.read(path, limit=LARGEST_CODE_FILE).decode(errors="replace")
        except InputError as error:
            texts[shown] = SiteFile(shown, refusal=error.problems[0])
        except UnknownError as error:
            problems += error.problems
    return SiteTexts(tree, texts, tuple(problems))


def read_site(found: SiteTexts, surroundings: Surroundings) -> SiteTree:
    """Return what the files name, as far as it is reached in `surroundings`."""
    files: list[SiteFile] = []
    definitions: list[Definition] = []
    for shown, text in found.texts.items():
        if isinstance(text, SiteFile):
            files.append(text)
            continue
        files.append(read_site_file(shown, text.removeprefix("\ufeff"), surroundings))
        with suppress(InputError):  # it has been reported as the file's refusal
            definitions += read_manifest(shown, text)
    return SiteTree(tuple(files), tuple(definitions), found.tree.notes, found.problems)
