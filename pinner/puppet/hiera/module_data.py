"""Look up keys in a module's own Hiera data, for one platform.

Rules: puppet/pops/lookup/{hiera_config,interpolation,lookup_adapter,location_resolver}.rb. What depends on
facts that differ between machines, or on data that is not in files, is reported as unknown.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from pinner.model.operator_data import Array, Hash, Literal, Opaque, OpaqueReason, Value, entry_of, text_of
from pinner.puppet.hiera.hierarchy import Hierarchy, HierarchyLevel, expand, glob_pattern, join, path_pattern
from pinner.puppet.language.evaluate import NotConstant, Sensitive, to_text
from pinner.puppet.language.evaluate import Value as PuppetValue

LOOKUP_OPTIONS: Final = "lookup_options"
_INTERPOLATION: Final = re.compile(r"%\{([^}]*)\}")
_CALL: Final = re.compile(
    r"(?P<method>lookup|hiera|alias|literal|scope)\((?:'(?P<one>[^']*)'|\"(?P<two>[^\"]*)\")\)"
)
_DEEPEST: Final = 20


@dataclass(frozen=True, slots=True)
class Found:
    """The value of a key, and the file and line of its most important part."""

    value: PuppetValue
    path: str
    line: int


@dataclass(frozen=True, slots=True)
class ModuleData:
    """The levels of a module's hiera.yaml and its data files, as path inside the module to content."""

    module: str
    hierarchy: Hierarchy
    files: Mapping[str, Hash]

    def lookup(self, key: str, facts: Mapping[str, object]) -> Found | None:
        """Return the value that the module's data has for `key`, None if it has none.

        Raises NotConstant if that cannot be determined from the facts.
        """
        found = _Lookup(self, facts, self.hierarchy.levels).find(key, 0)
        if found is None and self.hierarchy.defaults:
            return _Lookup(self, facts, self.hierarchy.defaults).find(key, 0)
        return found

    @property
    def keys(self) -> frozenset[str]:
        """Return all keys of all files."""
        return frozenset(
            name for content in self.files.values() for key, _ in content.entries if (name := text_of(key))
        )


@dataclass(slots=True)
class _Lookup:
    """The lookups of one module for one set of facts, in the levels of one hierarchy."""

    data: ModuleData
    facts: Mapping[str, object]
    levels: tuple[HierarchyLevel, ...]
    options: Mapping[str, Hash] = field(default_factory=dict)

    def find(self, key: str, depth: int) -> Found | None:
        if depth > _DEEPEST:
            raise NotConstant("a lookup that refers to itself")
        option = self._option(key)
        merge = _merge_of(option)
        found: list[Found] = []
        for path, value in self._values(key):
            found.append(Found(self._plain(value, depth), path, value.line))
            if merge == "first":
                break
        if not found:
            return None
        merged = (
            found[0] if merge == "first" else Found(merge_values(found, merge), found[0].path, found[0].line)
        )
        return Found(_converted(merged.value, option), merged.path, merged.line)

    def _option(self, key: str) -> Hash | None:
        """Return the lookup options of a key; those of a pattern if none are its own."""
        if key == LOOKUP_OPTIONS:
            return None
        own: Hash | None = None
        by_pattern: Hash | None = None
        for _, value in self._values(LOOKUP_OPTIONS):
            for name, options in value.entries if isinstance(value, Hash) else ():
                text = text_of(name) or ""
                if not isinstance(options, Hash):
                    continue
                if text == key:
                    own = own or options
                elif text.startswith("^") and re.match(text, key):
                    by_pattern = by_pattern or options
        return own or by_pattern

    def _values(self, key: str) -> Iterator[tuple[str, Value]]:
        """Yield the path and value of each file that has the key, the most important first."""
        for level in self.levels:
            for path in self._paths(level, key):
                value = entry_of(self.data.files[path], key)
                if value is not None:
                    yield path, value
        if self.data.hierarchy.elsewhere:
            raise NotConstant("a level of the module's hiera.yaml that is not in files")

    def _paths(self, level: HierarchyLevel, key: str) -> Iterator[str]:
        for written in level.paths:
            try:
                path = join(self._text(level.datadir, 0), self._text(written, 0))
            except NotConstant:
                self._refuse_possible(level, written, key)
                continue
            if level.is_glob and path is not None:
                pattern = glob_pattern(path)
                yield from (one for one in sorted(self.data.files) if pattern.fullmatch(one))
            elif path is not None and path in self.data.files:
                yield path

    def _refuse_possible(self, level: HierarchyLevel, written: str, key: str) -> None:
        """Raise NotConstant if a file that the level may read on some machine has the key."""
        path = join(expand(level.datadir), expand(written))
        if path is None:
            return
        pattern = glob_pattern(path) if level.is_glob else path_pattern(path)
        for name, content in self.data.files.items():
            if pattern.fullmatch(name) and entry_of(content, key) is not None:
                raise NotConstant(f"{name}, which only some machines read")

    def _plain(self, value: Value, depth: int) -> PuppetValue:
        match value:
            case Literal():
                return value.value
            case Array():
                return tuple(self._plain(one, depth) for one in value.items)
            case Hash():
                return {self._key(key, depth): self._plain(one, depth) for key, one in value.entries}
            case Opaque(why=OpaqueReason.INTERPOLATED):
                whole = _INTERPOLATION.fullmatch(value.text)
                call = _CALL.fullmatch(whole[1].strip()) if whole else None
                if call and call["method"] == "alias":
                    return self._looked_up(call["one"] or call["two"] or "", depth)
                return self._text(value.text, depth)
        raise NotConstant(f"a value that is {value.why}")

    def _key(self, key: Value, depth: int) -> PuppetValue:
        found = self._plain(key, depth)
        if isinstance(found, dict | tuple):
            raise NotConstant("a key that is not a scalar")
        return found

    def _text(self, text: str, depth: int) -> str:
        return _INTERPOLATION.sub(lambda match: to_text(self._expression(match[1].strip(), depth)), text)

    def _expression(self, expression: str, depth: int) -> PuppetValue:
        call = _CALL.fullmatch(expression)
        if call is None:
            return self._variable(expression)
        argument = call["one"] or call["two"] or ""
        match call["method"]:
            case "literal":
                return argument
            case "scope":
                return self._variable(argument)
        return self._looked_up(argument, depth)

    def _looked_up(self, key: str, depth: int) -> PuppetValue:
        if not key.startswith(f"{self.data.module}::"):
            raise NotConstant(f"the key {key}")
        name, *rest = key.split(".")
        found = self.find(name, depth + 1)
        if found is None:
            raise NotConstant(f"the key {key}")
        return _dig(found.value, rest, key)

    def _variable(self, name: str) -> PuppetValue:
        name = name.removeprefix("::").removeprefix("facts.")
        if name in {"", "module_name"}:
            return self.data.module if name else ""
        first, *rest = name.split(".")
        if first not in self.facts:
            raise NotConstant(f"the fact {name}")
        return _dig(self.facts[first], rest, name)


def _dig(value: PuppetValue, keys: list[str], name: str) -> PuppetValue:
    for key in keys:
        if isinstance(value, Mapping) and key in value:
            value = value[key]
        elif isinstance(value, tuple) and key.isdecimal() and int(key) < len(value):
            value = value[int(key)]
        else:
            raise NotConstant(name)
    return value


def _merge_of(option: Hash | None) -> str:
    """Return the merge of a key: first, unique, hash or deep."""
    merge = entry_of(option, "merge") if option else None
    strategy = text_of(entry_of(merge, "strategy")) if isinstance(merge, Hash) else text_of(merge)
    return strategy if strategy in {"unique", "hash", "deep"} else "first"


def merge_values(found: list[Found], merge: str) -> PuppetValue:
    """Return the values, the most important first, merged as Hiera does; raises NotConstant if they do not fit."""
    values = [one.value for one in found]
    if merge == "unique":
        return _unique(values)
    if not all(isinstance(one, dict) for one in values):
        if merge == "deep" and all(isinstance(one, tuple) for one in values):
            return _unique(values)
        raise NotConstant("a merge of values that are not hashes")
    result: PuppetValue = {}
    for value in reversed(values):
        if merge == "deep":
            result = _deep(result, value)
        elif isinstance(result, dict) and isinstance(value, dict):
            result = {**result, **value}
        else:
            result = value
    return result


def _unique(values: list[PuppetValue]) -> tuple[PuppetValue, ...]:
    found: list[PuppetValue] = []
    for value in values:
        for one in value if isinstance(value, tuple) else (value,):
            if one not in found:
                found.append(one)
    return tuple(found)


def _deep(lower: PuppetValue, higher: PuppetValue) -> PuppetValue:
    if isinstance(lower, dict) and isinstance(higher, dict):
        both = {key: _deep(lower[key], higher[key]) if key in higher else lower[key] for key in lower}
        return {**both, **{key: value for key, value in higher.items() if key not in lower}}
    if isinstance(lower, tuple) and isinstance(higher, tuple):
        return _unique([lower, higher])
    return higher


def _converted(value: PuppetValue, option: Hash | None) -> PuppetValue:
    """Return the value after `convert_to` of the lookup options; raises NotConstant for other types."""
    target = entry_of(option, "convert_to") if option else None
    if target is None:
        return value
    name = text_of(target) or (
        text_of(target.items[0]) if isinstance(target, Array) and target.items else None
    )
    if name == "Sensitive":
        return Sensitive(value)
    if name == "String" and isinstance(value, str | int | bool):
        return to_text(value)
    if name == "Integer" and isinstance(value, str) and value.isdecimal():
        return int(value)
    if name == "Integer" and type(value) is int:
        return value
    if name == "Array" and not isinstance(value, dict):
        return value if isinstance(value, tuple) else (value,)
    raise NotConstant(f"a conversion to {name}")
