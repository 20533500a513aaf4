"""Read hiera.yaml of Hiera 3, 4 and 5, and look up keys in a module's own data, for one platform.

The levels have the paths that they can read, values the keys that they look up. What depends on facts that differ
between machines, or on data that is not in files, is reported as unknown.

Rules: puppet/pops/lookup/{hiera_config,interpolation,lookup_adapter,location_resolver,sub_lookup}.rb.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from pinner.model.errors import Location, Problem
from pinner.model.operator_data import (
    Array,
    Hash,
    Literal,
    Opaque,
    OpaqueReason,
    Value,
    entry_of,
    text_of,
    texts_of,
)
from pinner.model.text import quoted
from pinner.puppet.language.evaluate import NotConstant, Sensitive, to_text
from pinner.puppet.language.evaluate import Value as PuppetValue

_FORMATS = {"yaml_data": "yaml", "json_data": "json", "eyaml_lookup_key": "yaml"}
_BACKENDS = {"yaml": "yaml", "eyaml": "yaml", "json": "json"}
_FUNCTIONS = ("data_hash", "lookup_key", "data_dig", "hiera3_backend")
_DATADIR_3 = "/etc/puppetlabs/code/environments/%{::environment}/hieradata"
_HIERARCHY_3 = ("nodes/%{::trusted.certname}", "common")


@dataclass(frozen=True, slots=True)
class HierarchyLevel:
    """A set of files that Hiera reads: `paths` below `datadir`, both as written.

    `format` is yaml or json.
    """

    name: str
    format: str
    datadir: str
    paths: tuple[str, ...]
    is_glob: bool = False


@dataclass(frozen=True, slots=True)
class Hierarchy:
    """The levels in order; `elsewhere` reports levels whose data is not in files that pinner reads.

    `defaults` are the levels of `default_hierarchy`, which only a module may have: they count if no other
    level of the module has the key.
    """

    levels: tuple[HierarchyLevel, ...]
    elsewhere: tuple[Problem, ...] = ()
    defaults: tuple[HierarchyLevel, ...] = ()


def parse_hierarchy(root: Value | None, path: str) -> Hierarchy | Problem:
    """Return the hierarchy in hiera.yaml, or what is wrong with it.

    `root` has every scalar as its source text; `path` is the file's name as the user would write it.
    """
    if root is None or (isinstance(root, Literal) and not root.value):
        return _hierarchy(_version_3(Hash((), 1), path))
    place = Location(path, root.line)
    if not isinstance(root, Hash):
        return Problem("hiera.yaml does not contain a map", place)
    version = entry_of(root, "version")
    number = (text_of(version) if version else None) or "3"
    read = {"5": _version_5, "4": _version_4, "3": _version_3}.get(number)
    if read is None:
        return Problem(f"hiera.yaml has version {quoted(number)}; supported are 5, 4 and 3", place)
    fallback = entry_of(root, "default_hierarchy") if number == "5" else None
    entries = fallback.items if isinstance(fallback, Array) else ()
    return _hierarchy(
        read(root, path), (_level_5(entry, entry_of(root, "defaults"), path) for entry in entries)
    )


def _hierarchy(
    found: Iterator[HierarchyLevel | Problem], fallback: Iterable[HierarchyLevel | Problem] = ()
) -> Hierarchy:
    parts, others = list(found), list(fallback)
    return Hierarchy(
        tuple(part for part in parts if isinstance(part, HierarchyLevel)),
        tuple(part for part in (*parts, *others) if isinstance(part, Problem)),
        tuple(part for part in others if isinstance(part, HierarchyLevel)),
    )


def _version_5(root: Hash, file: str) -> Iterator[HierarchyLevel | Problem]:
    defaults = entry_of(root, "defaults")
    hierarchy = entry_of(root, "hierarchy")
    if hierarchy is None:
        yield HierarchyLevel("Common", "yaml", _text(defaults, "datadir", "data"), ("common.yaml",))
        return
    for entry in hierarchy.items if isinstance(hierarchy, Array) else ():
        yield _level_5(entry, defaults, file)


def _level_5(entry: Value, defaults: Value | None, file: str) -> HierarchyLevel | Problem:
    name, place = _text(entry, "name", "without a name"), Location(file, entry.line)
    kind, function = (
        _function(entry) or (_function(defaults) if defaults else None) or ("data_hash", "yaml_data")
    )
    known = _BACKENDS if kind == "hiera3_backend" else _FORMATS
    if function not in known:
        return Problem(f"the level '{name}' uses '{function}', which pinner cannot read", place)
    datadir = _text(entry, "datadir", _text(defaults, "datadir", "data"))
    paths, is_glob = _locations(entry)
    if not paths:
        return Problem(f"the level '{name}' names no files, so its data cannot be read", place)
    return HierarchyLevel(name, known[function], datadir, paths, is_glob)


def _function(entry: Value | None) -> tuple[str, str] | None:
    named = ((kind, text_of(entry_of(entry, kind))) for kind in _FUNCTIONS) if entry else ()
    return next(((kind, function) for kind, function in named if function), None)


def _locations(entry: Value) -> tuple[tuple[str, ...], bool]:
    for key in ("paths", "path", "globs", "glob"):
        paths = texts_of(entry_of(entry, key))
        if paths:
            return paths, key.startswith("glob")
    return texts_of(entry_of(entry, "mapped_paths"))[2:3], False


def _version_4(root: Hash, file: str) -> Iterator[HierarchyLevel | Problem]:
    hierarchy = entry_of(root, "hierarchy")
    for entry in hierarchy.items if isinstance(hierarchy, Array) else ():
        name = _text(entry, "name", "common")
        backend = _text(entry, "backend", "yaml")
        if backend not in _BACKENDS:
            message = f"the level '{name}' uses '{backend}', which pinner cannot read"
            yield Problem(message, Location(file, entry.line))
            continue
        paths = texts_of(entry_of(entry, "paths")) or (_text(entry, "path", name),)
        datadir = _text(entry, "datadir", _text(root, "datadir", "data"))
        yield HierarchyLevel(name, _BACKENDS[backend], datadir, _with_extension(paths, backend))


def _version_3(root: Hash, file: str) -> Iterator[HierarchyLevel | Problem]:
    paths = texts_of(entry_of(root, "hierarchy")) or _HIERARCHY_3
    for backend in texts_of(entry_of(root, "backends")) or ("yaml",):
        settings = entry_of(root, backend)
        if backend not in _BACKENDS:
            message = f"the backend '{backend}' is not supported, so its data cannot be read"
            yield Problem(message, Location(file, root.line))
            continue
        extension = _text(settings, "extension", backend)
        datadir = _text(settings, "datadir", _DATADIR_3)
        yield HierarchyLevel(backend, _BACKENDS[backend], datadir, _with_extension(paths, extension))


def _with_extension(paths: tuple[str, ...], extension: str) -> tuple[str, ...]:
    return tuple(path if path.endswith(f".{extension}") else f"{path}.{extension}" for path in paths)


def _text(value: Value | None, key: str, default: str) -> str:
    return (text_of(entry_of(value, key)) if value else None) or default


_INTERPOLATION = re.compile(r"%\{([^}]*)\}")
_LITERAL = re.compile(r"literal\((?:\"([^\"]*)\"|'([^']*)')\)")
_EMPTY = frozenset({"", "::", '""', "''", '"::"', "'::'"})
_ANY = "\0"
_MOST_WILDCARDS = 4
_MOST_BRACES = 64
_BRACES = re.compile(r"\{([^{}]*)\}")
_GLOB_PIECE = re.compile(r"\*\*/|\*+|\?|\[!?\^?[^\]/]+\]|\0|[^*?\[\0]+|\[")


_GLOB_WORDS = {"**/": "(?:.*/)?", "?": "[^/]", _ANY: ".*"}


def expand(text: str) -> str:
    """Return a path with each interpolation replaced by a character that matches anything, even slashes."""
    return _INTERPOLATION.sub(lambda match: _value_of(match[1].strip()), text.replace(_ANY, ""))


def values_in(level: HierarchyLevel, datadir: str, path: str, found: str) -> Mapping[str, str] | None:
    """Return what each interpolation in one of a level's paths is, if Hiera reads the file `found` by it.

    Interpolations without a character between them are one, named `a, b`. None if the file is not of that path or if
    that cannot be determined, as for globs with braces.
    """
    joined = join(expand(datadir), expand(path))
    words = [match[1].strip() for match in _INTERPOLATION.finditer(f"{datadir}/{path}")]
    names = [word.removeprefix("::").removeprefix("facts.") for word in words if _value_of(word) == _ANY]
    is_simple = joined is not None and joined.count(_ANY) == len(names) and len(names) <= _MOST_WILDCARDS
    if joined is None or not is_simple or (level.is_glob and "{" in joined):
        return None
    keys: list[str] = []
    pattern: list[str] = []
    for piece in re.split(f"({_ANY}+)", joined):
        if piece.startswith(_ANY):
            keys.append(", ".join(names[: len(piece)]))
            names = names[len(piece) :]
            pattern.append("(.+?)")
        else:
            pattern.append("".join(_glob_parts(piece)) if level.is_glob else re.escape(piece))
    match = re.fullmatch("".join(pattern), found, re.DOTALL)
    return dict(zip(keys, match.groups(), strict=True)) if match else None


def literal_start(path: str) -> str:
    """Return the leading directories of an expanded path that contain no interpolation."""
    return path.partition(_ANY)[0].rpartition("/")[0]


def join(datadir: str, path: str) -> str | None:
    """Return the normalized path below a data directory; None if it leaves their common root."""
    parts: list[str] = []
    for part in f"{datadir}/{path}".split("/"):
        if part == ".." and not parts:
            return None
        if part == "..":
            parts.pop()
        elif part not in {"", "."}:
            parts.append(part)
    return "/".join(parts)


def path_pattern(path: str) -> re.Pattern[str]:
    """Return a pattern for all files that an expanded path may name."""
    return _compile([".*" if part == _ANY else re.escape(part) for part in re.split(f"({_ANY})", path)])


def glob_pattern(path: str) -> re.Pattern[str]:
    """Return a pattern for all files that an expanded path with Ruby's wildcards may name."""
    choices = [_compile(list(_glob_parts(choice))).pattern for choice in _without_braces(path)]
    return re.compile("|".join(f"(?:{choice})" for choice in choices), re.DOTALL)


def _value_of(expression: str) -> str:
    if expression in _EMPTY:
        return ""
    literal = _LITERAL.fullmatch(expression)
    return (literal[1] or literal[2] or "") if literal else _ANY


def _compile(parts: list[str]) -> re.Pattern[str]:
    """Compile the parts to a pattern.

    If there are too many wildcards, everything between the outer ones becomes one wildcard, to keep matching
    fast.
    """
    wild = [index for index, part in enumerate(parts) if part in {".*", "[^/]*", "(?:.*/)?"}]
    if len(wild) > _MOST_WILDCARDS:
        parts = [*parts[: wild[0]], ".*", *parts[wild[-1] + 1 :]]
    return re.compile("".join(parts), re.DOTALL)


def _glob_parts(path: str) -> Iterator[str]:
    for piece in _GLOB_PIECE.findall(path):
        if piece in _GLOB_WORDS:
            yield _GLOB_WORDS[piece]
        elif piece[0] == "*":
            yield "[^/]*"
        elif piece[0] == "[" and len(piece) > 1:
            yield _character_class(piece[1:-1])
        else:
            yield re.escape(piece)


def _character_class(text: str) -> str:
    negation = "^" if text[0] in "!^" else ""
    members = re.escape(text.lstrip("!^")).replace(r"\-", "-")
    try:
        return re.compile(f"[{negation}{members}]").pattern
    except re.error:
        return "[^/]"


def _without_braces(path: str) -> list[str]:
    """Return one path for each choice of `{a,b}`; if there are too many, one that matches anything."""
    done: list[str] = []
    waiting = [path]
    while waiting:
        text = waiting.pop()
        match = _BRACES.search(text)
        if match is None:
            done.append(text)
        elif len(done) + len(waiting) > _MOST_BRACES:
            return [_BRACES.sub(_ANY, path)]
        else:
            waiting += [
                text[: match.start()] + choice + text[match.end() :] for choice in match[1].split(",")
            ]
    return done


_CALL: Final = re.compile(r"%\{\s*(?:lookup|hiera|alias)\(\s*(?:\"([^\"]*)\"|'([^']*)')\s*\)\s*\}")
_SEGMENT: Final = re.compile(r"\s*(?:'([^']*)'|\"([^\"]*)\"|([^.'\"]+))\s*(?:\.|\Z)")


def root_key(key: str) -> str:
    """Return the key that is looked up for a dotted one; a quoted segment may contain dots.

    >>> root_key("nova::hosts.first.port"), root_key("'a.b'.c")
    ('nova::hosts', 'a.b')
    """
    match = _SEGMENT.match(key)
    return next((part for part in match.groups() if part is not None), key).strip() if match else key


def keys_looked_up(value: Value) -> Iterator[tuple[str, int]]:
    """Yield each key that a value looks up, with the line, in the order of the file."""
    if isinstance(value, Opaque):
        for call in _CALL.finditer(value.text):
            yield root_key(call[1] if call[1] is not None else call[2]), value.line
    elif isinstance(value, Array):
        for item in value.items:
            yield from keys_looked_up(item)
    elif isinstance(value, Hash):
        for name, held in value.entries:
            yield from keys_looked_up(name)
            yield from keys_looked_up(held)


LOOKUP_OPTIONS: Final = "lookup_options"
_METHOD: Final = re.compile(
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
                call = _METHOD.fullmatch(whole[1].strip()) if whole else None
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
        call = _METHOD.fullmatch(expression)
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
