"""A YAML file of the project -> its root map and all its problems, against a description of what may stand in it."""

from dataclasses import dataclass
from pathlib import Path

from pinner.project.check import check, position_of
from pinner.project.kinds import Record
from pinner.project.layout import Project, flaw_of_way
from pinner.project.nodes import Mapping, read_nodes
from pinner.project.text import read_bytes
from pinner.words.places import Place
from pinner.words.problems import PinnerError, Problem

LONGEST = 1024 * 1024
"""Bytes of a file that a user writes."""


@dataclass(frozen=True, slots=True)
class DescribedFile:
    """What a file holds; `root` is None where it is empty or no map, and not to be trusted with problems."""

    root: Mapping | None
    problems: tuple[Problem, ...] = ()


def read_described(project: Project, path: Path, record: Record) -> DescribedFile:
    """Return the file's root and its problems, in the order of its text. Never raises on what the file holds."""
    shown = project.shown(path)
    if flaw := flaw_of_way(project, path):
        hint = "put a file here, or a link that stays inside the project"
        return DescribedFile(None, (Problem(flaw, Place(shown), hint),))
    try:
        data = read_bytes(path, shown=shown, limit=LONGEST)
    except PinnerError as error:
        return DescribedFile(None, error.problems)
    read = read_nodes(data, shown)
    flaws = check(record, read.root) if read.root else ()
    problems = tuple(sorted((*read.problems, *flaws), key=position_of))
    return DescribedFile(read.root if isinstance(read.root, Mapping) else None, problems)
