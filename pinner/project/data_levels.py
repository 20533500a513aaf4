"""Which files of a directory the levels of a hierarchy can read, and as what."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from pinner.project.file_tree import FileTree
from pinner.puppet.hiera.hierarchy import Hierarchy, Level
from pinner.puppet.hiera.patterns import expand, glob_pattern, join, literal_start, path_pattern
from pinner.words.places import Place
from pinner.words.problems import Problem

_FORMATS = {".yaml": "yaml", ".yml": "yaml", ".eyaml": "yaml", ".json": "json"}


@dataclass(frozen=True, slots=True)
class Reach:
    """Path to format, sorted by path; `notes` tell what lies out of reach."""

    formats: Mapping[str, str]
    notes: tuple[Problem, ...] = ()


def reach_of(hierarchy: Hierarchy | None, tree: FileTree) -> Reach:
    """Return what a hierarchy reads in `tree`; without one, everything that looks like data."""
    if hierarchy is None:
        known = {path: kind for path in tree.paths if (kind := _FORMATS.get(PurePosixPath(path).suffix))}
        return Reach(known)
    notes = list(hierarchy.elsewhere)
    formats: dict[str, str] = {}
    datadirs: set[str] = set()
    for level in hierarchy.levels:
        datadir = _datadir(level, tree.paths)
        if datadir is None:
            notes.append(_out_of_reach(level, tree))
            continue
        datadirs.add(literal_start(f"{expand(datadir)}/"))
        formats.update(
            {path: level.format for path in _paths(level, datadir, tree.paths) if path not in formats}
        )
    notes += [_unread(path, tree) for path in _beside(datadirs, tree.paths) if path not in formats]
    return Reach(dict(sorted(formats.items())), tuple(notes))


def _paths(level: Level, datadir: str, paths: Iterable[str]) -> Iterator[str]:
    joined = (join(expand(datadir), expand(path)) for path in level.paths)
    compile_ = glob_pattern if level.is_glob else path_pattern
    patterns = [compile_(path) for path in joined if path is not None]
    return (path for path in paths if any(pattern.fullmatch(path) for pattern in patterns))


def _datadir(level: Level, paths: Iterable[str]) -> str | None:
    """Return where below the directory the level's data lie.

    An absolute path is one on the server; what lies here is a copy, of which only the end of the path is the same.
    """
    if not level.datadir.startswith("/"):
        return level.datadir if join(expand(level.datadir), "") is not None else None
    parts = level.datadir.strip("/").split("/")
    ends = ["/".join(parts[start:]) for start in range(len(parts) + 1)]
    return next((end for end in ends if _has_data(level, end, paths)), None)


def _has_data(level: Level, datadir: str, paths: Iterable[str]) -> bool:
    return any(True for _ in _paths(level, datadir, paths))


def _beside(datadirs: Iterable[str], paths: Iterable[str]) -> Iterator[str]:
    """Yield the files that look like data and lie where data lie."""
    starts = tuple(f"{datadir}/" for datadir in datadirs if datadir)
    return (path for path in paths if path.startswith(starts) and PurePosixPath(path).suffix in _FORMATS)


def _unread(path: str, tree: FileTree) -> Problem:
    return Problem("no level of hiera.yaml reads this file", Place(tree.shown(path)))


def _out_of_reach(level: Level, tree: FileTree) -> Problem:
    message = f"the level '{level.name}' reads '{level.datadir}', and nothing below {tree.root} fits that"
    return Problem(message, hint="name the directory that holds its files, too")
