"""YAML files that other tools read, with every scalar as it is written: for them, too, nothing is guessed or expanded."""

from dataclasses import dataclass, replace
from pathlib import Path

from pinner.project.nodes import Mapping, read_nodes
from pinner.project.text import read_bytes
from pinner.words.places import Place
from pinner.words.problems import PinnerError, Problem

LONGEST = 4 * 1024 * 1024
"""Bytes of a file; one with two hundred environments has some 500,000."""


@dataclass(frozen=True, slots=True)
class ForeignFile:
    """A file's root, None where it is empty, no map or no YAML; `problems` tell what cannot be trusted in it."""

    root: Mapping | None
    problems: tuple[Problem, ...] = ()


def read_foreign(path: Path) -> ForeignFile:
    """Return what a YAML file holds. Never raises."""
    try:
        data = read_bytes(path, shown=str(path), limit=LONGEST)
    except PinnerError as error:
        return ForeignFile(None, error.problems)
    read = read_nodes(data, str(path))
    problems = tuple(_without_our_ways(problem) for problem in read.problems)
    if isinstance(read.root, Mapping):
        return ForeignFile(read.root, problems)
    return ForeignFile(None, problems or (Problem("the file holds no map", Place(str(path))),))


def _without_our_ways(problem: Problem) -> Problem:
    """Return the problem without a hint that only a manifest can follow."""
    is_ours = problem.hint is not None and "extends:" in problem.hint
    return replace(problem, hint="write the value out where it is needed") if is_ours else problem
