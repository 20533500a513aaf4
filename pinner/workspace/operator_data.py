"""Read the operator's Hiera data and site code, once per run, and the package repositories that they configure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from pinner.model.errors import InputError, Location, Problem
from pinner.model.findings import Finding
from pinner.model.lock import Series
from pinner.model.module_api import Definition
from pinner.model.operator_data import (
    Array,
    DataFile,
    Declaration,
    Hash,
    Literal,
    SiteFile,
    Use,
    UseOrigin,
    Value,
)
from pinner.model.rules import RULES
from pinner.openstack.catalogue import find_series, package_release
from pinner.project.operator.tree import DataTree, SiteTree, read_data, read_site, read_site_texts
from pinner.puppet.hiera.hierarchy import keys_looked_up
from pinner.puppet.platforms import PLATFORMS, Platform
from pinner.puppet.usage.codebase import Codebase, Declared, LookupOptions, read_options, uses_of
from pinner.puppet.usage.values import surroundings_of


@dataclass(frozen=True, slots=True)
class OperatorData:
    """Data files and site code in the order of the directories; `problems` are what could not be determined.

    `shows_values` allows findings to show values, except those of keys named like secrets. If `is_partial`, Hiera has
    data that pinner does not read.
    """

    files: tuple[DataFile, ...] = ()
    sites: tuple[SiteFile, ...] = ()
    definitions: tuple[Definition, ...] = ()
    notes: tuple[Problem, ...] = ()
    problems: tuple[Problem, ...] = ()
    shows_values: bool = False
    is_partial: bool = False
    platforms: tuple[Platform, ...] = PLATFORMS

    @property
    def is_empty(self) -> bool:
        """Return whether no directory was named, or nothing was found in them."""
        return not self.files and not self.sites

    @property
    def keys(self) -> int:
        """Return how many keys the data files have."""
        return sum(len(file.data) for file in self.files)

    @property
    def code_lookups(self) -> frozenset[str]:
        """Return the keys that site code looks up explicitly."""
        return frozenset(key for site in self.sites for key in site.lookups)

    @property
    def lookups(self) -> frozenset[str]:
        """Return the keys that site code or the values of other keys look up."""
        data = (datum for file in self.files for datum in file.data)
        return self.code_lookups.union(key for datum in data for key, _ in keys_looked_up(datum.value))

    def options(self) -> LookupOptions:
        """Return the lookup options that the data set."""
        return read_options(self.files)

    def uses(self, codebase: Codebase) -> Iterator[Use]:
        """Yield every place that names something defined in the code."""
        resources = [one for site in self.sites for one in site.resources]
        class_lists = frozenset(key for site in self.sites for key in site.class_lists)
        in_data = uses_of(self.files, codebase, resources, class_lists)
        empty = self._empty_hashes
        for use in (*in_data, *(use for site in self.sites for use in site.uses)):
            scope = use.scope
            if use.made_of in empty and not scope.unreached:
                scope = replace(
                    scope, unreached=f"the data do not set '{use.made_of}', and its default is empty"
                )
            module = codebase.module_of(use)
            yield replace(use, defined_in=module, scope=scope) if module or use.made_of in empty else use

    @property
    def _empty_hashes(self) -> frozenset[str]:
        """Return the keys of hashes that resources are made of and that neither data nor code give entries."""
        if not self.files:
            return frozenset()
        uses = [use for site in self.sites for use in site.uses]
        given = {use.subject for use in uses if use.value is not None}
        given.update(datum.key for file in self.files for datum in file.data)
        return frozenset(use.made_of for use in uses if use.made_of) - given

    @property
    def prefixes(self) -> tuple[str, ...]:
        """Return the beginnings of the keys that site code computes and looks up."""
        return tuple(sorted({prefix for site in self.sites for prefix in site.prefixes}))

    def declared(self, codebase: Codebase) -> Declared:
        """Return what code and data declare, and the keys that may give it values."""
        empty = self._empty_hashes
        in_code = (one for site in self.sites for one in site.declarations if one.made_of not in empty)
        in_lists = (
            Declaration(use.origin, use.owner, use.place)
            for use in self.uses(codebase)
            if use.origin is UseOrigin.LIST
        )
        keys = frozenset(datum.key for file in self.files for datum in file.data)
        return Declared(
            (*in_lists, *in_code),
            frozenset(parameter for site in self.sites for parameter in site.supplied),
            keys,
            is_partial=self.is_partial or not self.files,
        )


NOTHING = OperatorData()
"""No data and no code."""


def read_operator_data(
    hiera: Iterable[Path],
    code: Iterable[Path],
    *,
    shows_values: bool = False,
    platforms: tuple[Platform, ...] = PLATFORMS,
) -> OperatorData:
    """Return the data and code in the directories, as far as they count on `platforms`.

    Raises InputError if one of them is not a directory, if its hiera.yaml cannot be read, or if it contains
    nothing to read: then it is the wrong directory, and no finding could ever result.
    """
    data = [(directory, read_data(directory, platforms)) for directory in hiera]
    files = tuple(file for _, tree in data for file in tree.files)
    texts = [(directory, read_site_texts(directory)) for directory in code]
    with_parameters = frozenset(name for _, one in texts for name in one.with_parameters)
    surroundings = surroundings_of(files, platforms, with_parameters)
    manifests = [(directory, read_site(one, surroundings)) for directory, one in texts]
    empty = [*_empty(data, "YAML or JSON file"), *_empty(manifests, ".pp file")]
    if empty:
        raise InputError(empty)
    trees, sites = [tree for _, tree in data], [site for _, site in manifests]
    both: list[DataTree | SiteTree] = [*trees, *sites]
    return OperatorData(
        files,
        tuple(file for site in sites for file in site.files),
        tuple(one for site in sites for one in site.definitions),
        tuple(note for tree in both for note in tree.notes),
        tuple(problem for tree in both for problem in tree.problems),
        shows_values,
        any(tree.is_partial or any(file.refusal for file in tree.files) for tree in trees),
        platforms,
    )


def _empty(read: Iterable[tuple[Path, DataTree | SiteTree]], kind: str) -> Iterator[Problem]:
    """Yield a problem for each empty directory, unless something else was reported about it."""
    for directory, tree in read:
        if not (tree.files or tree.notes or tree.problems):
            yield Problem(f"there is no {kind} in this directory, or below it", Location(str(directory)))


_REPOSITORIES = "openstack_extras::repo::"
_RELEASE = "release"


@dataclass(frozen=True, slots=True)
class PackageRelease:
    """One place that configures packages of a release.

    `key` is the Hiera key or, for code, the key that would have the same effect; `text` is the part of the value
    that names the release, and `name` the release in it.
    """

    series: Series
    key: str
    text: str
    name: str
    place: Location
    is_code: bool

    def text_for(self, series: Series) -> str:
        """Return `text` for another release."""
        head, _, tail = self.text.rpartition(self.name)
        name = series.id if self.name[:1].isdigit() else series.name  # whichever `name` is of its own release
        return f"{head}{name}{tail}"


def find_package_releases(operator_data: OperatorData) -> Iterator[PackageRelease]:
    """Yield the places, data first; encrypted, interpolated and computed values are left out."""
    for file in operator_data.files:
        for datum in file.data:
            yield from _in_value(datum.value, datum.key, datum.place, is_code=False)
    for site in operator_data.sites:
        for use in site.uses:
            if use.value is not None and use.parameter is not None:
                yield from _in_value(use.value, use.subject, use.place, is_code=True)


def check_package_releases(operator_data: OperatorData, series: Series | None) -> Iterator[Finding]:
    """Yield `packages-of-other-release` for each place that configures packages of another release than `series`."""
    for found in find_package_releases(operator_data):
        if series is not None and found.series != series:
            message = f"'{found.key}' installs packages of {found.series} ({found.text}), the modules are of {series}"
            hint = f"write {found.text_for(series)}, or change the environment's release"
            rule = RULES["packages-of-other-release"]
            yield rule.finding(None, message, hint=hint, place=found.place)


def _in_value(value: Value, key: str, place: Location, *, is_code: bool) -> Iterator[PackageRelease]:
    owner, _, parameter = key.removeprefix("::").rpartition("::")
    # The release of a class such as `openstack_extras::repo::debian::ubuntu`.
    is_release = f"{owner}::".startswith(_REPOSITORIES) and parameter == _RELEASE
    for text, line in _texts(value):
        where = Location(place.path, line) if not is_code else place
        found = package_release(text)
        if found is not None:
            yield PackageRelease(found[0], key, found[1], found[2], where, is_code)
        elif is_release and (series := find_series(text)):
            yield PackageRelease(series, key, text, text, where, is_code)


def _texts(value: Value) -> Iterator[tuple[str, int]]:
    if isinstance(value, Literal) and isinstance(value.value, str | float):
        yield str(value.value), value.line
    elif isinstance(value, Array):
        for item in value.items:
            yield from _texts(item)
    elif isinstance(value, Hash):
        for _, item in value.entries:
            yield from _texts(item)
