"""hiera.yaml, of Hiera 5, 4 and 3 -> its levels: which files they can read, and which read something else.

Rules: puppet/pops/lookup/hiera_config.rb and location_resolver.rb.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from pinner.puppet.names import quoted
from pinner.words.data import Array, Hash, Literal, Value, entry_of, text_of, texts_of
from pinner.words.places import Place
from pinner.words.problems import Problem

_FORMATS = {"yaml_data": "yaml", "json_data": "json", "eyaml_lookup_key": "yaml"}
_BACKENDS = {"yaml": "yaml", "eyaml": "yaml", "json": "json"}
_FUNCTIONS = ("data_hash", "lookup_key", "data_dig", "hiera3_backend")
_DATADIR_3 = "/etc/puppetlabs/code/environments/%{::environment}/hieradata"
_HIERARCHY_3 = ("nodes/%{::trusted.certname}", "common")


@dataclass(frozen=True, slots=True)
class Level:
    """Some files that Hiera reads: `paths` below `datadir`, both as they are written; `format` is yaml or json."""

    name: str
    format: str
    datadir: str
    paths: tuple[str, ...]
    is_glob: bool = False


@dataclass(frozen=True, slots=True)
class Hierarchy:
    """The levels in order. `elsewhere` tells of the levels whose data lie in no file that is read here."""

    levels: tuple[Level, ...]
    elsewhere: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class _Source:
    """The file that is read, for places."""

    path: str

    def problem(self, message: str, line: int) -> Problem:
        return Problem(message, Place(self.path, line))


def parse_hierarchy(root: Value | None, path: str) -> Hierarchy | Problem:
    """Return what hiera.yaml says, or what is wrong with it.

    `root` has every scalar as the text that stands there; `path` is how the user would type the file's name.
    """
    source = _Source(path)
    if root is None or (isinstance(root, Literal) and not root.value):
        return _hierarchy(_version_3(Hash((), 1), source))
    if not isinstance(root, Hash):
        return source.problem("hiera.yaml holds no map", root.line)
    version = entry_of(root, "version")
    number = (text_of(version) if version else None) or "3"
    read = {"5": _version_5, "4": _version_4, "3": _version_3}.get(number)
    if read is None:
        return source.problem(f"hiera.yaml has version {quoted(number)}; 5, 4 and 3 are known", root.line)
    return _hierarchy(read(root, source))


def _hierarchy(found: Iterator[Level | Problem]) -> Hierarchy:
    parts = list(found)
    levels = tuple(part for part in parts if isinstance(part, Level))
    return Hierarchy(levels, tuple(part for part in parts if isinstance(part, Problem)))


def _version_5(root: Hash, source: _Source) -> Iterator[Level | Problem]:
    defaults = entry_of(root, "defaults")
    hierarchy = entry_of(root, "hierarchy")
    if hierarchy is None:
        yield Level("Common", "yaml", _text(defaults, "datadir", "data"), ("common.yaml",))
        return
    for entry in hierarchy.items if isinstance(hierarchy, Array) else ():
        yield _level_5(entry, defaults, source)


def _level_5(entry: Value, defaults: Value | None, source: _Source) -> Level | Problem:
    name = _text(entry, "name", "without a name")
    kind, function = (
        _function(entry) or (_function(defaults) if defaults else None) or ("data_hash", "yaml_data")
    )
    known = _BACKENDS if kind == "hiera3_backend" else _FORMATS
    if function not in known:
        return source.problem(
            f"the level '{name}' is answered by '{function}': what it holds is not known here", entry.line
        )
    datadir = _text(entry, "datadir", _text(defaults, "datadir", "data"))
    paths, is_glob = _locations(entry)
    if not paths:
        return source.problem(
            f"the level '{name}' names no files: what it holds is not known here", entry.line
        )
    return Level(name, known[function], datadir, paths, is_glob)


def _function(entry: Value | None) -> tuple[str, str] | None:
    named = ((kind, text_of(entry_of(entry, kind))) for kind in _FUNCTIONS) if entry else ()
    return next(((kind, function) for kind, function in named if function), None)


def _locations(entry: Value) -> tuple[tuple[str, ...], bool]:
    for key in ("paths", "path", "globs", "glob"):
        paths = texts_of(entry_of(entry, key))
        if paths:
            return paths, key.startswith("glob")
    return texts_of(entry_of(entry, "mapped_paths"))[2:3], False


def _version_4(root: Hash, source: _Source) -> Iterator[Level | Problem]:
    hierarchy = entry_of(root, "hierarchy")
    for entry in hierarchy.items if isinstance(hierarchy, Array) else ():
        name = _text(entry, "name", "common")
        backend = _text(entry, "backend", "yaml")
        if backend not in _BACKENDS:
            yield source.problem(
                f"the level '{name}' is answered by '{backend}': what it holds is not known here", entry.line
            )
            continue
        paths = texts_of(entry_of(entry, "paths")) or (_text(entry, "path", name),)
        datadir = _text(entry, "datadir", _text(root, "datadir", "data"))
        yield Level(name, _BACKENDS[backend], datadir, _with_extension(paths, backend))


def _version_3(root: Hash, source: _Source) -> Iterator[Level | Problem]:
    paths = texts_of(entry_of(root, "hierarchy")) or _HIERARCHY_3
    for backend in texts_of(entry_of(root, "backends")) or ("yaml",):
        settings = entry_of(root, backend)
        if backend not in _BACKENDS:
            yield source.problem(
                f"the backend '{backend}' is not read: what it holds is not known here", root.line
            )
            continue
        extension = _text(settings, "extension", backend)
        datadir = _text(settings, "datadir", _DATADIR_3)
        yield Level(backend, _BACKENDS[backend], datadir, _with_extension(paths, extension))


def _with_extension(paths: tuple[str, ...], extension: str) -> tuple[str, ...]:
    return tuple(path if path.endswith(f".{extension}") else f"{path}.{extension}" for path in paths)


def _text(value: Value | None, key: str, default: str) -> str:
    return (text_of(entry_of(value, key)) if value else None) or default
