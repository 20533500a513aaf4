"""Jens' metadata on disk: repositories.yaml and a directory of environments become environments."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from pinner.operations.importing.joining import joined
from pinner.project.jens_files import DefinitionFile, read_definition, read_library
from pinner.puppet.jens import Library, read_environment
from pinner.words.imports import Found
from pinner.words.places import Place
from pinner.words.problems import InputError, Problem

LIBRARY: Final = "repositories.yaml"
ENVIRONMENTS: Final = "environments"
_LAYOUT: Final = (
    "Jens links code/ and data/ out of each repository, r10k installs it whole: bring the modules' files to where"
    " Puppet looks for them, and hiera.yaml to where the data then are"
)


def is_jens(path: Path) -> bool:
    """Tell whether the directory holds Jens' library, here or one directory below, and its environments."""
    return path.is_dir() and (path / ENVIRONMENTS).is_dir() and next(_libraries(path), None) is not None


def read_jens(path: Path) -> Found:
    """Return every environment of Jens' metadata. Raises InputError where there is no library, or more than one."""
    libraries = list(_libraries(path))
    if len(libraries) != 1:
        what = "more than one" if libraries else "no"
        message = f"there is {what} {LIBRARY} here or one directory below"
        raise InputError(Problem(message, Place(str(path))))
    library, problems = read_library(libraries[0])
    files = sorted(file for file in (path / ENVIRONMENTS).glob("*.yaml") if file.is_file())
    if not files:
        raise InputError(
            Problem("there is no environment in this directory", Place(str(path / ENVIRONMENTS)))
        )
    found = joined(_read(read_definition(file), library) for file in files)
    return Found(
        found.environments, (*problems, *found.problems), (Problem(_LAYOUT, Place(str(path))), *found.notes)
    )


def _libraries(path: Path) -> Iterator[Path]:
    yield from (file for file in (path / LIBRARY, *sorted(path.glob(f"*/{LIBRARY}"))) if file.is_file())


def _read(file: DefinitionFile, library: Library) -> Found:
    found = read_environment(file.definition, library)
    return Found(found.environments, (*file.problems, *found.problems), (*file.notes, *found.notes))
