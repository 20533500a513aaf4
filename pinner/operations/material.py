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
from pinner.words.problems import Problem
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
    """Return what lies in the directories; raises InputError where one is none, or its hiera.yaml cannot be read."""
    trees = [read_data(directory) for directory in hiera]
    sites = [read_site(directory) for directory in code]
    both: list[DataTree | SiteTree] = [*trees, *sites]
    return Material(
        tuple(file for tree in trees for file in tree.files),
        tuple(file for site in sites for file in site.files),
        tuple(one for site in sites for one in site.definitions),
        tuple(note for tree in both for note in tree.notes),
        tuple(problem for tree in both for problem in tree.problems),
    )
