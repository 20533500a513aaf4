"""Read the Hiera keys that use module code, and lookup_options."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from pinner.model.errors import Location
from pinner.model.operator_data import (
    EVERYWHERE,
    Array,
    DataFile,
    DataResources,
    Datum,
    Hash,
    Use,
    UseOrigin,
    Value,
    entry_of,
    text_of,
)
from pinner.puppet.types.regex import finds
from pinner.puppet.usage.codebase import Codebase

KEY = "lookup_options"


@dataclass(frozen=True, slots=True)
class LookupOptions:
    """The keys whose values Hiera changes, and the regular expressions (starting with `^`) for such keys."""

    keys: frozenset[str] = frozenset()
    patterns: tuple[str, ...] = ()

    def change(self, key: str) -> bool:
        """Return whether the parameter may receive a value other than the one in a data file."""
        return key in self.keys or any(finds(pattern, key) is not False for pattern in self.patterns)


def read_options(files: Iterable[DataFile]) -> LookupOptions:
    """Return the combined options of all files."""
    names = {name for file in files for name in _changed(file)}
    patterns = sorted(name for name in names if name.startswith("^"))
    return LookupOptions(frozenset(names.difference(patterns)), tuple(patterns))


def option_keys(value: Value) -> Iterator[tuple[str, int]]:
    """Yield the keys in one `lookup_options` with their lines, without the regular expressions."""
    for key, _ in value.entries if isinstance(value, Hash) else ():
        name = text_of(key)
        if name and not name.startswith("^"):
            yield name, key.line


def _changed(file: DataFile) -> Iterator[str]:
    for datum in file.data:
        if datum.key == KEY and isinstance(datum.value, Hash):
            yield from (
                name for key, held in datum.value.entries if (name := text_of(key)) and _is_changing(held)
            )


def _is_changing(options: Value) -> bool:
    merge = entry_of(options, "merge")
    is_merged = merge is not None and text_of(merge) != "first"
    return is_merged or entry_of(options, "convert_to") is not None


_LIST_OF_CLASSES = "classes"


def uses_of(
    files: Iterable[DataFile],
    codebase: Codebase,
    resources: Iterable[DataResources] = (),
    class_lists: frozenset[str] = frozenset(),
) -> Iterator[Use]:
    """Yield all names that data files use, in file order.

    If a class or the site code creates resources from a hash, the keys inside that hash also name parameters.
    `class_lists` are the keys, beside `classes`, whose classes the site code includes.
    """
    types_by_key: dict[str, list[str]] = {}
    for one in resources:
        types_by_key.setdefault(one.key, []).append(one.type)
    for file in files:
        for datum in file.data:
            types: Iterable[str] = types_by_key.get(datum.key, ())
            found: Iterable[Use] = ()
            if datum.key == KEY:
                found = _of_options(datum)
            elif datum.key == _LIST_OF_CLASSES or datum.key in class_lists:
                found = _of_list(datum)
            elif "::" in datum.key:
                owner, _, parameter = datum.key.rpartition("::")
                found = (Use(UseOrigin.KEY, owner, parameter, datum.value, datum.place, datum.key),)
                types = (*types, *_created(datum.key, codebase))
            if isinstance(datum.value, Hash):
                found = (*found, *_of_resources(datum.value, tuple(dict.fromkeys(types)), datum))
            for use in found:
                yield replace(use, scope=file.scope) if file.scope != EVERYWHERE else use


def _created(key: str, codebase: Codebase) -> Iterator[str]:
    """Yield the types of the resources that a class creates from its parameter."""
    owner, _, parameter = key.rpartition("::")
    found = codebase.classes.get(owner)
    for creation in found.definition.creates if found else ():
        if creation.parameter == parameter:
            yield creation.type


def _of_resources(resources: Hash, types: tuple[str, ...], datum: Datum) -> Iterator[Use]:
    """Yield the attributes, one of each type that the code makes of the hash next to each other."""
    for title, attributes in resources.entries:
        if isinstance(attributes, Hash):
            for name, value in attributes.entries:
                parameter = text_of(name)
                if parameter is not None:
                    subject = f"{datum.key}.{text_of(title) or '?'}.{parameter}"
                    place = Location(datum.place.path, name.line)
                    for type_ in types:
                        yield Use(UseOrigin.HASH, type_, parameter, value, place, subject)


def _of_options(datum: Datum) -> Iterator[Use]:
    for key, line in option_keys(datum.value):
        owner, _, parameter = key.rpartition("::")
        if owner:
            yield Use(UseOrigin.OPTIONS, owner, parameter, None, Location(datum.place.path, line), key)


def _of_list(datum: Datum) -> Iterator[Use]:
    """Read the classes that a site includes with `lookup('classes')`, the usual purpose of this key."""
    for item in datum.value.items if isinstance(datum.value, Array) else ():
        name = text_of(item)
        if name is not None:
            place = Location(datum.place.path, item.line)
            yield Use(UseOrigin.LIST, name.removeprefix("::"), None, None, place, f"{datum.key}[{name}]")
