"""The operator's own Puppet code in a directory: what its files name, and what they define."""

from dataclasses import dataclass
from pathlib import Path

from pinner.project.file_tree import list_files
from pinner.project.text import read_bytes
from pinner.puppet.code.definitions import read_manifest
from pinner.puppet.site.declarations import read_site_file
from pinner.words.api import Definition
from pinner.words.problems import InputError, Problem, UnknownError
from pinner.words.uses import SiteFile

LARGEST = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class SiteTree:
    """What was read; `problems` tell what could not be found out."""

    files: tuple[SiteFile, ...]
    definitions: tuple[Definition, ...] = ()
    notes: tuple[Problem, ...] = ()
    problems: tuple[Problem, ...] = ()


def read_site(directory: Path) -> SiteTree:
    """Return what all `.pp` files below `directory` name; raises InputError where there is no such directory."""
    tree = list_files(directory)
    files: list[SiteFile] = []
    definitions: list[Definition] = []
    problems = list(tree.problems)
    for path in (path for path in tree.paths if path.endswith(".pp")):
        shown = tree.shown(path)
        try:
            text = read_bytes(tree.root / path, shown=shown, limit=LARGEST).decode(errors="replace")
        except InputError as error:
            files.append(SiteFile(shown, refusal=error.problems[0]))
        except UnknownError as error:
            problems += error.problems
        else:
            files.append(read_site_file(shown, text.removeprefix("\ufeff")))
            definitions += _definitions(shown, text)
    return SiteTree(tuple(files), tuple(definitions), tree.notes, tuple(problems))


def _definitions(shown: str, text: str) -> tuple[Definition, ...]:
    """Return nothing for a file that cannot be read: its refusal was told already."""
    try:
        return read_manifest(shown, text)
    except InputError:
        return ()
