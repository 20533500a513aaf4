"""Index the definitions of an environment by name, and find what Hiera keys use of them.

This includes `lookup_options`, declarations that lack a required value, and similar names. The search for similar
names is bounded: each name is searched once, and no searches are made after a fixed number.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from functools import cached_property
from typing import Final

from pinner.model.errors import Location
from pinner.model.module_api import Arity, Definition, DefinitionKind, ModuleApi, Parameter
from pinner.model.operator_data import (
    EVERYWHERE,
    Array,
    DataFile,
    DataResources,
    Datum,
    Declaration,
    Hash,
    Use,
    UseOrigin,
    Value,
    entry_of,
    text_of,
)
from pinner.puppet.ruby.regex import finds


@dataclass(frozen=True, slots=True)
class Owner:
    """A class, defined type, native type, function or data type, with its parameters by name.

    `module` has it, "" for the operator's own code. `arities` are those of all functions of that name, empty if
    one is not known.
    """

    definition: Definition
    parameters: Mapping[str, Parameter]
    module: str = ""
    arities: tuple[Arity, ...] = ()


@dataclass(frozen=True, slots=True)
class Codebase:
    """All definitions of an environment by name.

    `modules` are those whose code was read completely, `site_modules` those that only the operator's own code
    defines; `aliases` maps a type alias in lower case to its type; `lookups` are the Hiera keys that the
    modules' code and data look up.
    """

    modules: frozenset[str] = frozenset()
    classes: Mapping[str, Owner] = field(default_factory=dict)
    defines: Mapping[str, Owner] = field(default_factory=dict)
    types: Mapping[str, Owner] = field(default_factory=dict)
    functions: Mapping[str, Owner] = field(default_factory=dict)
    data_types: Mapping[str, Owner] = field(default_factory=dict)
    aliases: Mapping[str, str] = field(default_factory=dict)
    site_modules: frozenset[str] = frozenset()
    lookups: frozenset[str] = frozenset()

    def module_of(self, use: Use) -> str:
        """Return the module that has a native type or function that is used; "" if its name has the module."""
        if "::" in use.owner:
            return ""
        if use.origin is UseOrigin.FUNCTION:
            found = self.functions.get(use.owner)
        elif use.origin in {UseOrigin.HASH, UseOrigin.RESOURCE} and use.owner not in self.defines:
            found = self.types.get(use.owner)
        else:
            return ""
        return found.module if found else ""

    def definitions_of(self, module: str) -> tuple[Definition, ...]:
        """Return a module's classes and defined types."""
        owners = (*self.classes.values(), *self.defines.values())
        return tuple(one.definition for one in owners if one.definition.name.partition("::")[0] == module)


def make_codebase(apis: Mapping[str, ModuleApi], site: Iterable[Definition] = ()) -> Codebase:
    """Return the definitions of the modules (by name) and of site code."""
    of_site = tuple(site)
    named = [(name, one) for name in sorted(apis) for one in apis[name].definitions]
    named += [("", one) for one in of_site]
    definitions = [one for _, one in named]
    lookups = {key for api in apis.values() for key in api.lookups}
    return Codebase(
        frozenset(apis),
        _owners(named, DefinitionKind.CLASS),
        _owners(named, DefinitionKind.DEFINE),
        _owners(named, DefinitionKind.TYPE),
        _functions(named),
        {name.lower(): owner for name, owner in _owners(named, DefinitionKind.TYPE_ALIAS).items()},
        {
            one.name.lower(): one.target
            for one in definitions
            if one.kind is DefinitionKind.TYPE_ALIAS and one.target
        },
        frozenset(one.name.partition("::")[0] for one in of_site) - apis.keys(),
        frozenset(lookups.union(*(one.lookups for one in definitions))),
    )


def _owners(definitions: Iterable[tuple[str, Definition]], kind: DefinitionKind) -> dict[str, Owner]:
    found: dict[str, Owner] = {}
    for module, one in definitions:
        if one.kind is kind and one.name not in found:
            found[one.name] = Owner(one, {parameter.name: parameter for parameter in one.parameters}, module)
    return found


_OLD_API: Final = "lib/puppet/parser/functions/"


def _functions(definitions: Iterable[tuple[str, Definition]]) -> dict[str, Owner]:
    """Return the functions by name; one of the old API counts only without another of its name."""
    by_name: dict[str, list[tuple[str, Definition]]] = {}
    for module, one in definitions:
        if one.kind is DefinitionKind.FUNCTION:
            by_name.setdefault(one.name.lower(), []).append((module, one))
    found: dict[str, Owner] = {}
    for name, every in by_name.items():
        some = [pair for pair in every if not pair[1].path.startswith(_OLD_API)] or every
        arities = [_arities(one) for _, one in some]
        known = tuple(arity for each in arities for arity in each) if all(arities) else ()
        module, one = some[0]
        found[name] = Owner(one, {}, module, known)
    return found


def _arities(one: Definition) -> tuple[Arity, ...]:
    """Return the numbers of arguments; those of a function in the Puppet language follow from its parameters."""
    if not one.path.endswith(".pp"):
        return one.arities
    required = sum(parameter.default is None and not parameter.is_rest for parameter in one.parameters)
    is_endless = any(parameter.is_rest for parameter in one.parameters)
    return (Arity(required, None if is_endless else len(one.parameters)),)


_MOST_SEARCHES = 300
_MOST_SHOWN = 3
_LIKENESS = 0.75


@dataclass
class Nearby:
    """Finds similar names in one codebase."""

    codebase: Codebase
    _searches: int = field(default=0, init=False)
    _hints: dict[tuple[str, str | None], str | None] = field(default_factory=dict, init=False)

    def hint(self, owner: str, parameter: str | None) -> str | None:
        """Return a hint that lists similar names ("did you mean ..."), None without any."""
        key = owner, parameter
        if key not in self._hints:
            self._hints[key] = self._look(owner, parameter)
        return self._hints[key]

    def _look(self, owner: str, parameter: str | None) -> str | None:
        native = self.codebase.types.get(owner)
        known = self._owners.get(owner)
        siblings = self._names_by_module.get(owner.partition("::")[0], [])
        holders = [name for name in siblings if parameter in {None, *self._owners[name].parameters}]
        if native and parameter:
            names = self._close(parameter, native.parameters)
        elif known and parameter:
            names = [f"{owner}::{name}" for name in self._close(parameter, known.parameters)]
            if not names and len(holders) <= _MOST_SHOWN:
                names = [f"{name}::{parameter}" for name in holders]
        else:
            names = [
                name if parameter is None else f"{name}::{parameter}" for name in self._close(owner, holders)
            ]
        return f"did you mean {' or '.join(repr(name) for name in names)}?" if names else None

    def _close(self, word: str, known: Iterable[str]) -> list[str]:
        self._searches += 1
        if self._searches > _MOST_SEARCHES:
            return []
        return get_close_matches(word, sorted(known), n=_MOST_SHOWN, cutoff=_LIKENESS)

    @cached_property
    def _owners(self) -> Mapping[str, Owner]:
        return {**self.codebase.defines, **self.codebase.classes}

    @cached_property
    def _names_by_module(self) -> Mapping[str, list[str]]:
        names: dict[str, list[str]] = {}
        for name in sorted(self._owners):
            names.setdefault(name.partition("::")[0], []).append(name)
        return names


_ANY = "*"


@dataclass(frozen=True, slots=True)
class Declared:
    """What the operator's code and data declare.

    `supplied` are the parameters, as `type::parameter`, that resource defaults and overrides give a value, `keys`
    the keys of Hiera; if `is_partial`, Hiera may have others.
    """

    declarations: tuple[Declaration, ...] = ()
    supplied: frozenset[str] = frozenset()
    keys: frozenset[str] = frozenset()
    is_partial: bool = True


@dataclass(frozen=True, slots=True)
class MissingValue:
    """A required parameter that a declaration gives no value; `is_certain` unless Hiera may have one."""

    declaration: Declaration
    owner: Owner
    parameter: Parameter
    is_certain: bool = True

    @property
    def key(self) -> str:
        """Return the parameter as a Hiera key."""
        return f"{self.declaration.owner}::{self.parameter.name}"

    @property
    def platforms(self) -> tuple[str, ...]:
        """Return the platforms without a default, empty if there is none on any."""
        effective = self.parameter.effective
        without = [one for one in effective if one.value is None and not one.unknown]
        return (
            () if len(without) == len(effective) else tuple(name for one in without for name in one.platforms)
        )


def missing_values(declared: Declared, codebase: Codebase) -> Iterator[MissingValue]:
    """Yield the required parameters without a value, in the order of the declarations.

    A class that is included in several places is reported once, and not if it is declared with parameters
    elsewhere: then its values are there.
    """
    with_parameters = {one.owner for one in declared.declarations if one.origin is UseOrigin.CLASS}
    seen: set[str] = set()
    for one in declared.declarations:
        if one.is_open:
            continue
        if one.origin is UseOrigin.RESOURCE:
            yield from _of_resource(one, declared, codebase)
            continue
        is_included = one.origin is not UseOrigin.CLASS
        owner = codebase.classes.get(one.owner)
        if owner is None or (is_included and one.owner in seen | with_parameters):
            continue
        seen |= {one.owner} if is_included else set()
        is_certain = not declared.is_partial
        found = (MissingValue(one, owner, parameter, is_certain) for parameter in _required(owner, one))
        yield from (missing for missing in found if missing.key not in declared.keys)


def _required(owner: Owner, one: Declaration) -> Iterator[Parameter]:
    for parameter in owner.parameters.values():
        if parameter.is_required and not parameter.is_rest and parameter.name not in one.given:
            yield parameter


def _of_resource(one: Declaration, declared: Declared, codebase: Codebase) -> Iterator[MissingValue]:
    define, native = codebase.defines.get(one.owner), codebase.types.get(one.owner)
    if f"{one.owner}::{_ANY}" in declared.supplied:
        return
    if define:
        found = (MissingValue(one, define, parameter) for parameter in _required(define, one))
    elif native:
        needs = {"always", "present"} if one.ensure == "present" else {"always"}
        found = (
            MissingValue(one, native, parameter)
            for parameter in native.parameters.values()
            if parameter.rule and parameter.rule.needed in needs and parameter.name not in one.given
        )
    else:
        return
    yield from (missing for missing in found if missing.key not in declared.supplied)


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
    names = {
        name
        for file in files
        for datum in file.data
        if datum.key == KEY and isinstance(datum.value, Hash)
        for key, options in datum.value.entries
        if (name := text_of(key)) and _is_changing(options)
    }
    patterns = sorted(name for name in names if name.startswith("^"))
    return LookupOptions(frozenset(names.difference(patterns)), tuple(patterns))


def option_keys(value: Value) -> Iterator[tuple[str, int]]:
    """Yield the keys in one `lookup_options` with their lines, without the regular expressions."""
    for key, _ in value.entries if isinstance(value, Hash) else ():
        name = text_of(key)
        if name and not name.startswith("^"):
            yield name, key.line


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
