"""Hiera's keys -> what they name in the modules' code."""

from collections.abc import Iterable, Iterator

from pinner.puppet.hiera.options import KEY, option_keys
from pinner.puppet.usage.codebase import Codebase
from pinner.words.data import Array, DataFile, Datum, Hash, text_of
from pinner.words.places import Place
from pinner.words.uses import Origin, Use

_LIST_OF_CLASSES = "classes"


def uses_of(files: Iterable[DataFile], codebase: Codebase) -> Iterator[Use]:
    """Yield everything that data files name, in their order.

    A class that makes resources of a hash lets the keys of that hash name parameters, too.
    """
    for file in files:
        for datum in file.data:
            if datum.key == KEY:
                yield from _of_options(datum)
            elif datum.key == _LIST_OF_CLASSES:
                yield from _of_list(datum)
            elif "::" in datum.key:
                yield from _of_key(datum, codebase)


def _of_key(datum: Datum, codebase: Codebase) -> Iterator[Use]:
    owner, _, parameter = datum.key.rpartition("::")
    yield Use(Origin.KEY, owner, parameter, datum.value, datum.place, datum.key)
    found = codebase.classes.get(owner)
    for creation in found.definition.creates if found else ():
        if creation.parameter == parameter and isinstance(datum.value, Hash):
            yield from _of_resources(datum.value, creation.type, datum)


def _of_resources(resources: Hash, type_: str, datum: Datum) -> Iterator[Use]:
    for title, attributes in resources.entries:
        if isinstance(attributes, Hash):
            for name, value in attributes.entries:
                parameter = text_of(name)
                if parameter is not None:
                    subject = f"{datum.key}.{text_of(title) or '?'}.{parameter}"
                    place = Place(datum.place.path, name.line)
                    yield Use(Origin.HASH, type_, parameter, value, place, subject)


def _of_options(datum: Datum) -> Iterator[Use]:
    for key, line in option_keys(datum.value):
        owner, _, parameter = key.rpartition("::")
        if owner:
            yield Use(Origin.OPTIONS, owner, parameter, None, Place(datum.place.path, line), key)


def _of_list(datum: Datum) -> Iterator[Use]:
    """Read the names of classes that a site includes by `lookup('classes')`, as most do that have such a key."""
    for item in datum.value.items if isinstance(datum.value, Array) else ():
        name = text_of(item)
        if name is not None:
            place = Place(datum.place.path, item.line)
            yield Use(Origin.LIST, name.removeprefix("::"), None, None, place, f"{datum.key}[{name}]")
