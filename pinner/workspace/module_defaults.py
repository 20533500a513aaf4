"""Complete the APIs of modules at given commits with effective defaults, with the object cache."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from pinner.git.objects.read import TooLarge, list_tree, read_blobs
from pinner.git.process.repository import Mirror
from pinner.model.errors import Problem
from pinner.model.module_api import Definition, EffectiveDefault, ModuleApi, Parameter
from pinner.model.operator_data import Hash
from pinner.project.operator.values import read_json, read_yaml
from pinner.puppet.code.defaults import ModuleSources, needed_paths, with_effective_defaults
from pinner.puppet.hiera.hierarchy import Hierarchy, keys_looked_up, parse_hierarchy
from pinner.puppet.hiera.module_data import ModuleData
from pinner.puppet.platforms import Platform
from pinner.workspace.workspace import Workspace

READER: Final = "defaults-5"
"""The reader of effective defaults and of lookups in the module's data, and its version; cached by commit, module name and platforms."""
_MAX_DATA_BYTES: Final = 1024 * 1024
_HIERA: Final = "hiera.yaml"
_DATA_ENDINGS: Final = (".yaml", ".yml", ".json")
_NEVER_DATA: Final = (".", "spec/", "releasenotes/", "examples/", "tests/", "files/", "templates/", "doc/")


@dataclass(frozen=True, slots=True)
class ModuleCommit:
    """A module at one commit: its name in the lock and the mirror that has the commit."""

    name: str
    mirror: Mirror
    commit: str

    def key(self, platforms: Sequence[Platform]) -> str:
        """Return the cache key of its effective defaults."""
        return f"{self.commit} {self.name} {', '.join(map(str, platforms))}"


def complete_apis(
    apis: Mapping[ModuleCommit, ModuleApi], workspace: Workspace
) -> Mapping[ModuleCommit, ModuleApi]:
    """Return the APIs with the effective defaults for the platforms of the workspace."""
    keys = {module: module.key(workspace.platforms) for module in apis}
    known = workspace.objects.get(READER, keys.values(), _rows)
    found: dict[ModuleCommit, ModuleApi] = {}
    fresh: dict[str, str] = {}
    for module, api in apis.items():
        if keys[module] in known:
            found[module] = _with_rows(api, known[keys[module]])
            continue
        sources = _read_sources(module, api)
        lookups = (
            frozenset((key for content in sources.data.files.values() for key, _ in keys_looked_up(content)))
            if sources.data
            else frozenset[str]()
        )
        complete = with_effective_defaults(api, sources, workspace.platforms)
        found[module] = replace(complete, lookups=lookups)
        fresh[keys[module]] = _to_json(found[module])
    workspace.objects.put(READER, fresh)
    return found


def _read_sources(module: ModuleCommit, api: ModuleApi) -> ModuleSources:
    entries = {
        entry.path: entry
        for entry in list_tree(module.mirror, module.commit)
        if entry.kind == "blob" and entry.mode.startswith("100")
    }
    code = [path for path in needed_paths(api) if path in entries]
    data = [path for path in entries if path == _HIERA or _may_be_data(path)]
    ids = {path: entries[path].id for path in (*code, *data)}
    blobs = read_blobs(module.mirror, ids.values(), max_bytes=_MAX_DATA_BYTES)
    contents = {path: blobs[name] for path, name in ids.items()}
    texts = {
        path: content.decode(errors="replace")
        for path in code
        if isinstance(content := contents[path], bytes)
    }
    return ModuleSources(texts, _module_data(module.name, {path: contents[path] for path in data}))


def _may_be_data(path: str) -> bool:
    return path.endswith(_DATA_ENDINGS) and "/" in path and not path.startswith(_NEVER_DATA)


def may_decide_defaults(path: str) -> bool:
    """Return whether a file may decide on defaults of other files: Hiera data or a params class."""
    return path == _HIERA or _may_be_data(path) or path.endswith("params.pp")


def _module_data(name: str, contents: Mapping[str, bytes | TooLarge | None]) -> ModuleData | None:
    """Return the module's data; a module without hiera.yaml has the one level that Puppet gives it."""
    files: dict[str, Hash] = {}
    for path, content in contents.items():
        if path != _HIERA and isinstance(content, bytes):
            read = read_json if path.endswith(".json") else read_yaml
            root = read(content, path).root
            if isinstance(root, Hash):
                files[path] = root
    hierarchy = _hierarchy(contents.get(_HIERA))
    return ModuleData(name, hierarchy, files) if files or hierarchy.elsewhere else None


def _hierarchy(content: bytes | TooLarge | None) -> Hierarchy:
    if content is None:
        content = b"version: 5"
    if not isinstance(content, bytes):
        return Hierarchy((), (Problem(f"{_HIERA} cannot be read"),))
    found = parse_hierarchy(read_yaml(content, _HIERA, is_raw=True).root, _HIERA)
    return Hierarchy((), (found,)) if isinstance(found, Problem) else found


@dataclass(frozen=True, slots=True)
class _Rows:
    """What is cached: the effective defaults by definition and parameter, and the keys that data look up."""

    defaults: Mapping[tuple[str, str], tuple[EffectiveDefault, ...]]
    lookups: frozenset[str]


def _to_json(api: ModuleApi) -> str:
    rows = [
        [one.name, parameter.name, [[e.value, e.platforms, e.source, e.unknown] for e in parameter.effective]]
        for one in api.definitions
        for parameter in one.parameters
        if parameter.effective
    ]
    return json.dumps([rows, sorted(api.lookups)], ensure_ascii=False, separators=(",", ":"))


def _rows(text: str) -> _Rows:
    """Return what `_to_json` stored; raises ValueError or TypeError for any other text."""
    rows, lookups = json.loads(text)
    defaults = {
        (definition, parameter): tuple(
            EffectiveDefault(value, tuple(platforms), source, unknown)
            for value, platforms, source, unknown in effective
        )
        for definition, parameter, effective in rows
    }
    return _Rows(defaults, frozenset(lookups))


def _with_rows(api: ModuleApi, rows: _Rows) -> ModuleApi:
    def complete(owner: Definition, parameter: Parameter) -> Parameter:
        effective = rows.defaults.get((owner.name, parameter.name))
        return replace(parameter, effective=effective) if effective else parameter

    names = {name for name, _ in rows.defaults}
    return replace(
        api,
        lookups=rows.lookups,
        definitions=tuple(
            replace(one, parameters=tuple(complete(one, each) for each in one.parameters))
            if one.name in names
            else one
            for one in api.definitions
        ),
    )
