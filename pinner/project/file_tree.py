"""A directory the operator names: which files lie below it. Links that lead out of it are told, not followed."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pinner.words.places import Place
from pinner.words.problems import InputError, Problem

MOST_FILES = 100_000


@dataclass(frozen=True, slots=True)
class FileTree:
    """`paths` are relative to `root`, with `/`, sorted; hidden directories are left out.

    `notes` tell what was not followed, `problems` what could not be listed.
    """

    root: Path
    paths: tuple[str, ...]
    notes: tuple[Problem, ...] = ()
    problems: tuple[Problem, ...] = ()

    def shown(self, path: str) -> str:
        """Return one of the paths as the user would type it."""
        return str(self.root / path)


def list_files(root: Path, *, most: int = MOST_FILES) -> FileTree:
    """Return the files below a directory; raises InputError if it is none, or holds more than `most`."""
    if not root.is_dir():
        raise InputError(Problem("there is no such directory", Place(str(root))))
    problems: list[Problem] = []
    notes: list[Problem] = []
    paths: list[str] = []
    for path in _walk(root, problems, notes):
        paths.append(path.relative_to(root).as_posix())
        if len(paths) > most:
            message = f"more than {most} files lie below this directory"
            raise InputError(Problem(message, Place(str(root)), "name the directory that holds the data"))
    return FileTree(root, tuple(sorted(paths)), tuple(notes), tuple(problems))


def _walk(root: Path, problems: list[Problem], notes: list[Problem]) -> Iterator[Path]:
    real = root.resolve()

    def fail(error: OSError) -> None:
        message = f"the directory cannot be read: {error.strerror}"
        problems.append(Problem(message, Place(str(error.filename))))

    for directory, names, files in os.walk(root, onerror=fail):
        here = Path(directory)
        names[:] = sorted(name for name in names if not name.startswith("."))
        linked = [here / name for name in names if (here / name).is_symlink()]
        notes += [Problem("a link to a directory is not followed", Place(str(link))) for link in linked]
        for path in (here / name for name in sorted(files)):
            if path.is_symlink() and not path.resolve().is_relative_to(real):
                notes.append(Problem(f"a link that leads out of {root} is not followed", Place(str(path))))
            else:
                yield path
