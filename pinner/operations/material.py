"""What the operator wrote: hiera data and site code, read once for whatever it is held against."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pinner.project.data_tree import DataTree, read_data
from pinner.project.site_tree import SiteTree, read_site
from pinner.puppet.hiera.keys import uses_of
from pinner.puppet.hiera.options import LookupOptions, read_options
from pinner.puppet.usage.codebase import Codebase
from pinner.words.api import Definition
from pinner.words.data import DataFile
from pinner.words.places import Place
from pinner.words.problems import InputError, Problem
from pinner.words.uses import SiteFile, Use


@dataclass(frozen=True, slots=True)
class Material:
    """Data files and site code in the order of the directories. `problems` tell what could not be found out."""

    files: tuple[DataFile, ...] = ()
    sites: tuple[SiteFile, ...] = ()
    definitions: tuple[Definition, ...] = ()
    notes: tuple[Problem, ...] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Return whether no directory was named, or nothing was in them."""
        return not self.files and not self.sites

    @property
    def keys(self) -> int:
        """Return how many keys the data files have."""
        return sum(len(file.data) for file in self.files)

    @property
    def lookups(self) -> frozenset[str]:
        """Return the keys that site code looks up by itself."""
        return frozenset(key for site in self.sites for key in site.lookups)

    def options(self) -> LookupOptions:
        """Return what the data say of how values are looked up."""
        return read_options(self.files)

    def uses(self, codebase: Codebase) -> Iterator[Use]:
        """Yield every place that names something of the code."""
        yield from uses_of(self.files, codebase)
        for site in self.sites:
            yield from site.uses


NOTHING = Material()
"""No data and no code."""


def read_material(hiera: Iterable[Path], code: Iterable[Path]) -> Material:
    """Return what lies in the directories.

    Raises InputError where one is none, or has nothing to read (it is the wrong one, and nothing would be found wrong), or
    its hiera.yaml cannot be read.
    """
    data = [(directory, read_data(directory)) for directory in hiera]
    manifests = [(directory, read_site(directory)) for directory in code]
    empty = [*_empty(data, "YAML or JSON file"), *_empty(manifests, ".pp file")]
    if empty:
        raise InputError(empty)
    trees, sites = [tree for _, tree in data], [site for _, site in manifests]
    both: list[DataTree | SiteTree] = [*trees, *sites]
    return Material(
        tuple(file for tree in trees for file in tree.files),
        tuple(file for site in sites for file in site.files),
        tuple(one for site in sites for one in site.definitions),
        tuple(note for tree in both for note in tree.notes),
        tuple(problem for tree in both for problem in tree.problems),
    )


def _empty(read: Iterable[tuple[Path, DataTree | SiteTree]], kind: str) -> Iterator[Problem]:
    """Yield the directories that had nothing, where nothing else was told of them."""
    for directory, tree in read:
        if not (tree.files or tree.notes or tree.problems):
            yield Problem(f"there is no {kind} in this directory, or below it", Place(str(directory)))
