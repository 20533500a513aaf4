"""Read hiera.yaml of Hiera 3, 4 and 5: which paths its levels can read, and which keys its values look up.

Rules: puppet/pops/lookup/hiera_config.rb and location_resolver.rb; of the keys interpolation.rb and sub_lookup.rb.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from pinner.model.errors import Location, Problem
from pinner.model.operator_data import Array, Hash, Literal, Opaque, Value, entry_of, text_of, texts_of
from pinner.model.text import quoted

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


@dataclass(frozen=True, slots=True)
class _Source:
    """The file being read, for locations in messages."""

    path: str

    def problem(self, message: str, line: int) -> Problem:
        return Problem(message, Location(self.path, line))


def parse_hierarchy(root: Value | None, path: str) -> Hierarchy | Problem:
    """Return the hierarchy in hiera.yaml, or what is wrong with it.

    `root` has every scalar as its source text; `path` is the file's name as the user would write it.
    """
    source = _Source(path)
    if root is None or (isinstance(root, Literal) and not root.value):
        return _hierarchy(_version_3(Hash((), 1), source))
    if not isinstance(root, Hash):
        return source.problem("hiera.yaml does not contain a map", root.line)
    version = entry_of(root, "version")
    number = (text_of(version) if version else None) or "3"
    read = {"5": _version_5, "4": _version_4, "3": _version_3}.get(number)
    if read is None:
        return source.problem(f"hiera.yaml has version {quoted(number)}; supported are 5, 4 and 3", root.line)
    fallback = entry_of(root, "default_hierarchy") if number == "5" else None
    entries = fallback.items if isinstance(fallback, Array) else ()
    return _hierarchy(
        read(root, source), (_level_5(entry, entry_of(root, "defaults"), source) for entry in entries)
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


def _version_5(root: Hash, source: _Source) -> Iterator[HierarchyLevel | Problem]:
    defaults = entry_of(root, "defaults")
    hierarchy = entry_of(root, "hierarchy")
    if hierarchy is None:
        yield HierarchyLevel("Common", "yaml", _text(defaults, "datadir", "data"), ("common.yaml",))
        return
    for entry in hierarchy.items if isinstance(hierarchy, Array) else ():
        yield _level_5(entry, defaults, source)


def _level_5(entry: Value, defaults: Value | None, source: _Source) -> HierarchyLevel | Problem:
    name = _text(entry, "name", "without a name")
    kind, function = (
        _function(entry) or (_function(defaults) if defaults else None) or ("data_hash", "yaml_data")
    )
    known = _BACKENDS if kind == "hiera3_backend" else _FORMATS
    if function not in known:
        return source.problem(f"the level '{name}' uses '{function}', which pinner cannot read", entry.line)
    datadir = _text(entry, "datadir", _text(defaults, "datadir", "data"))
    paths, is_glob = _locations(entry)
    if not paths:
        return source.problem(f"the level '{name}' names no files, so its data cannot be read", entry.line)
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


def _version_4(root: Hash, source: _Source) -> Iterator[HierarchyLevel | Problem]:
    hierarchy = entry_of(root, "hierarchy")
    for entry in hierarchy.items if isinstance(hierarchy, Array) else ():
        name = _text(entry, "name", "common")
        backend = _text(entry, "backend", "yaml")
        if backend not in _BACKENDS:
            yield source.problem(f"the level '{name}' uses '{backend}', which pinner cannot read", entry.line)
            continue
        paths = texts_of(entry_of(entry, "paths")) or (_text(entry, "path", name),)
        datadir = _text(entry, "datadir", _text(root, "datadir", "data"))
        yield HierarchyLevel(name, _BACKENDS[backend], datadir, _with_extension(paths, backend))


def _version_3(root: Hash, source: _Source) -> Iterator[HierarchyLevel | Problem]:
    paths = texts_of(entry_of(root, "hierarchy")) or _HIERARCHY_3
    for backend in texts_of(entry_of(root, "backends")) or ("yaml",):
        settings = entry_of(root, backend)
        if backend not in _BACKENDS:
            yield source.problem(
                f"the backend '{backend}' is not supported, so its data cannot be read", root.line
            )
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
