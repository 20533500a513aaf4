"""Read the APIs of modules at given commits, with effective defaults and with the object cache.

The modules that the control repository itself holds (roles and profiles, vendored modules) are read too if the manifest
names directories of it under `modulepath`.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, Final

from pinner.git.objects.read import TooLarge, TreeEntry, list_tree, read_blobs
from pinner.git.process.failures import SyncFailure
from pinner.git.process.repository import Mirror
from pinner.model.control import Layout
from pinner.model.errors import Location, Problem
from pinner.model.lock import GitPin, Lock
from pinner.model.manifest import Manifest
from pinner.model.module_api import (
    Arity,
    AttributeRule,
    Creation,
    Definition,
    DefinitionKind,
    EffectiveDefault,
    Evidence,
    Flow,
    Mark,
    ModuleApi,
    Needs,
    Parameter,
    Refusal,
    Unreadable,
)
from pinner.model.operator_data import Hash, SiteFile
from pinner.project.files import list_environments
from pinner.project.manifest.read import read_manifests
from pinner.project.operator.values import read_json, read_yaml
from pinner.puppet.code.defaults import ModuleSources, needed_paths, with_effective_defaults
from pinner.puppet.code.read import Role, read_file, role_of
from pinner.puppet.hiera.hierarchy import Hierarchy, ModuleData, keys_looked_up, parse_hierarchy
from pinner.puppet.platforms import Platform
from pinner.puppet.usage.site import read_site_file
from pinner.puppet.usage.values import Surroundings, surroundings_of, with_parameters
from pinner.workspace.locks import Holding, find_forge_code, hold_pins
from pinner.workspace.operator_data import OperatorData
from pinner.workspace.workspace import API, LACKING, Workspace

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


_NO_MARKS: list[Any] = [[], None, None, False]


def definitions_to_json(found: tuple[Definition, ...] | Unreadable) -> str:
    """Return the result of `read_file` as one line of JSON, without the path: equal files share one text."""
    value = (
        {"unreadable": found.reason}
        if isinstance(found, Unreadable)
        else [_definition_row(definition) for definition in found]
    )
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def definitions_from_json(path: str, text: str) -> tuple[Definition, ...] | Unreadable:
    """Return what `definitions_to_json` stored, for the file at `path`.

    Raises ValueError for any other text.
    """
    try:
        rows = json.loads(text)
        if isinstance(rows, dict):
            return Unreadable(path, str(rows["unreadable"]))
        return tuple(_definition(path, row) for row in rows)
    except (KeyError, TypeError, RecursionError) as error:
        raise ValueError(f"not stored definitions: {error}") from error


def _definition_row(one: Definition) -> list[Any]:
    return [
        one.kind.value,
        one.name,
        one.line,
        one.inherits,
        [_parameter_row(parameter) for parameter in one.parameters],
        one.target,
        _evidence_rows(one.evidence),
        one.replacement,
        one.removal,
        [[creation.parameter, creation.type] for creation in one.creates],
        list(one.lookups),
        [[flow.source, flow.target, flow.needs.value] for flow in one.flows],
        [[arity.least, arity.most] for arity in one.arities],
        one.is_open,
        [
            [one.name, one.checked, [[refusal.condition, refusal.message] for refusal in one.refusals]]
            for one in one.parameters
            if one.checked or one.refusals
        ],
    ]


def _with_guards(parameters: Iterable[Parameter], rows: Iterable[Sequence[Any]]) -> Iterator[Parameter]:
    guards = {name: (checked, refusals) for name, checked, refusals in rows}
    for one in parameters:
        checked, refusals = guards.get(one.name, (None, ()))
        yield (
            replace(one, checked=checked, refusals=tuple(Refusal(*refusal) for refusal in refusals))
            if one.name in guards
            else one
        )


def _parameter_row(one: Parameter) -> list[Any]:
    row: list[Any] = [one.name, one.line, one.type, one.default]
    marks = [_evidence_rows(one.evidence), one.replacement, one.removal, one.is_rest]
    if one.rule:
        flags = [one.rule.is_property, one.rule.is_namevar, one.rule.takes_list]
        return row + marks + [*flags, one.rule.words, one.rule.patterns, one.rule.kinds, one.rule.needed]
    return row if marks == _NO_MARKS else row + marks


def _evidence_rows(evidence: Iterable[Evidence]) -> list[Any]:
    return [[one.mark.value, one.line, one.text, one.condition] for one in evidence]


def _definition(path: str, row: Sequence[Any]) -> Definition:
    kind, name, line, inherits, parameters, target, evidence, replacement, removal, *others = row
    creates, lookups, flows, arities, is_open, guards = others
    return Definition(
        kind=DefinitionKind(kind),
        name=name,
        path=path,
        line=line,
        inherits=inherits,
        parameters=tuple(_with_guards((_parameter(*one) for one in parameters), guards)),
        target=target,
        evidence=_evidence(evidence),
        replacement=replacement,
        removal=removal,
        creates=tuple(Creation(parameter, type_) for parameter, type_ in creates),
        lookups=tuple(map(str, lookups)),
        flows=tuple(Flow(source, target, Needs(needs)) for source, target, needs in flows),
        arities=tuple(Arity(least, most) for least, most in arities),
        is_open=is_open,
    )


def _parameter(name: str, line: int, type_: str | None, default: str | None, *marks: Any) -> Parameter:
    if not marks:
        return Parameter(name, line, type_, default)
    evidence, replacement, removal, is_rest, *rule = marks
    advice = (_evidence(evidence), replacement, removal, is_rest)
    if not rule:
        return Parameter(name, line, type_, default, *advice)
    is_property, is_namevar, takes_list, words, patterns, kinds, needed = rule
    attribute = AttributeRule(
        is_property, is_namevar, takes_list, tuple(words), tuple(patterns), tuple(kinds), needed
    )
    return Parameter(name, line, type_, default, *advice, rule=attribute)


def _evidence(rows: Sequence[Any]) -> tuple[Evidence, ...]:
    return tuple(Evidence(Mark(mark), line, text, condition) for mark, line, text, condition in rows)


MAX_BYTES: Final = 4 * 1024 * 1024
_FILE_MODE: Final = "100"
_NAMED_BY_PATH: Final = frozenset({Role.EXTERNAL_FACT, Role.TASK, Role.DATA})

Found = tuple[Definition, ...] | Unreadable


@dataclass(frozen=True, slots=True)
class CodeFile:
    """One file of a module's tree that may define something; `role` follows from its path."""

    path: str
    blob: str
    role: Role

    @property
    def key(self) -> str:
        """Return the cache key of its definitions; equal texts differ in meaning by role."""
        return f"{self.blob} {self.role.name}"


def read_apis(commits: Mapping[Mirror, Iterable[str]], workspace: Workspace) -> Mapping[str, ModuleApi]:
    """Return commit to API, for the commits of each mirror; only files that are not cached are read."""
    pairs = [(mirror, commit) for mirror, ids in commits.items() for commit in sorted(set(ids))]
    listed = workspace.map(lambda pair: list_code(*pair), pairs)
    files: dict[Mirror, list[CodeFile]] = {mirror: [] for mirror in commits}
    for (mirror, _), some in zip(pairs, listed, strict=True):
        files[mirror] += some
    found = read_definitions(files, workspace)
    return {commit: assemble(some, found) for (_, commit), some in zip(pairs, listed, strict=True)}


def list_code(mirror: Mirror, commit: str) -> tuple[CodeFile, ...]:
    """Return the files of a commit that make up its API, without links and submodules."""
    found = (code_file(entry.path, entry.mode, entry.id) for entry in list_tree(mirror, commit))
    return tuple(file for file in found if file)


def code_file(path: str, mode: str, blob: str | None) -> CodeFile | None:
    """Return a file of a tree if it is part of an API, else None.

    Bytes of its path that are not valid UTF-8 are escaped.
    """
    if blob is None or not mode.startswith(_FILE_MODE):
        return None
    shown = path.encode(errors="surrogateescape").decode(errors="backslashreplace")
    role = role_of(shown)
    return CodeFile(shown, blob, role) if role else None


def read_definitions(
    files: Mapping[Mirror, Iterable[CodeFile]], workspace: Workspace
) -> Mapping[CodeFile, Found]:
    """Return what each file defines; cached values in an outdated form are read again."""
    wanted = {mirror: tuple(dict.fromkeys(some)) for mirror, some in files.items()}
    everything = dict.fromkeys(file for some in wanted.values() for file in some)
    found = {file: read_file(file.path, b"") for file in everything if file.role in _NAMED_BY_PATH}
    keys = {file.key for file in everything if file not in found}
    texts = workspace.objects.get(API, keys, str)
    for file in everything:
        if file not in found and file.key in texts:
            with suppress(ValueError):
                found[file] = definitions_from_json(file.path, texts[file.key])
    missing = {mirror: [file for file in some if file not in found] for mirror, some in wanted.items()}
    loaded = workspace.map(_load, [(mirror, some) for mirror, some in missing.items() if some])
    fresh = {file: read for part in loaded for file, read in part.items()}
    stored = {
        file.key: definitions_to_json(read)
        for file, read in fresh.items()
        if not (isinstance(read, Unreadable) and read.reason == LACKING)
    }
    workspace.objects.put(API, stored)
    return {**found, **fresh}


def _load(request: tuple[Mirror, Sequence[CodeFile]]) -> Mapping[CodeFile, Found]:
    """Read and parse the files while blobs of other repositories arrive.

    Parsing in a second process would cost more time than parsing takes.
    """
    mirror, files = request
    blobs = read_blobs(mirror, [file.blob for file in files], max_bytes=MAX_BYTES)
    found: dict[CodeFile, Found] = {}
    for file in files:
        blob = blobs[file.blob]
        if isinstance(blob, bytes):
            found[file] = read_file(file.path, blob)
        else:
            # A file that only the mirror lacks is not cached, because it is not at fault.
            size = (
                f"the file cannot be read: {blob.size} bytes, {MAX_BYTES} at most are read"
                if blob
                else LACKING
            )
            found[file] = Unreadable(file.path, size)
    return found


def assemble(files: Iterable[CodeFile], found: Mapping[CodeFile, Found]) -> ModuleApi:
    """Return one API made from the definitions of its files."""
    parts = [found[file] for file in files]
    return ModuleApi(
        tuple(one for part in parts if not isinstance(part, Unreadable) for one in part),
        tuple(part for part in parts if isinstance(part, Unreadable)),
    )


@dataclass(frozen=True, slots=True)
class PinnedApis:
    """The APIs of a lock's modules, by module name.

    `unread` maps the modules from the Forge whose code was not found in a git repository to the reasons, `forge`
    those whose code was found to the pins that it was read at. `problems` are what failed.
    """

    apis: Mapping[str, ModuleApi]
    unread: Mapping[str, str] = field(default_factory=dict)
    forge: Mapping[str, GitPin] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()


def read_pinned_apis(lock: Lock, workspace: Workspace) -> PinnedApis:
    """Return what all Puppet modules of a lock define, those from the Forge as their git repositories have them.

    A remote is contacted only for commits that the cache lacks.
    """
    forge = find_forge_code(lock.pins.values(), workspace)
    code = {name: forge.pin(pin) for name, pin in lock.pins.items()}
    pins = {name: pin for name, pin in code.items() if isinstance(pin, GitPin) and pin.is_module}
    holdings = hold_pins(pins.values(), workspace)
    ready = {
        name: mirror for name, pin in pins.items() if (mirror := holdings[pin.git].with_commits(pin.commit))
    }
    wanted: dict[Mirror, set[str]] = {}
    for name, mirror in ready.items():
        wanted.setdefault(mirror, set()).add(pins[name].commit)
    read = read_apis(wanted, workspace)
    modules = {name: ModuleCommit(name, mirror, pins[name].commit) for name, mirror in ready.items()}
    complete = complete_apis({module: read[module.commit] for module in modules.values()}, workspace)
    return PinnedApis(
        {name: complete[module] for name, module in modules.items()},
        {pin.module: reason for pin, reason in forge.reasons.items()},
        {pin.module: found for pin, found in forge.pins.items()},
        tuple(_failure(pin, holdings[pin.git]) for name, pin in pins.items() if name not in ready),
    )


def _failure(pin: GitPin, holding: Holding) -> Problem:
    if isinstance(holding.mirror, SyncFailure):
        return Problem(f"module '{pin.module}': {holding.mirror.message}", hint=holding.mirror.hint)
    message = f"module '{pin.module}': {pin.git} has no commit {pin.commit}"
    return Problem(message, hint="see 'pinner verify'")


def with_control_code(operator_data: OperatorData, workspace: Workspace, lock: Lock) -> OperatorData:
    """Return the data with the code that the control repository has for the lock's environment.

    Modules in the moduledir are read for what they define, all others as site code too. Pinned modules are left
    out. Nothing is read if the manifest has no `modulepath`, or the settings have no `control_repo`.
    """
    manifest = _manifest(workspace, lock.environment)
    url = workspace.settings.control_repo
    if manifest is None or not manifest.modulepath or url is None:
        return operator_data
    mirror = workspace.mirrors.current(url)
    if isinstance(mirror, SyncFailure):
        message = f"the control repository could not be read: {mirror.message}"
        problem = Problem(message, Location(manifest.path), mirror.hint)
        return replace(operator_data, problems=(*operator_data.problems, problem))
    is_own = workspace.settings.layout is Layout.BRANCHES
    branch = lock.environment if is_own else workspace.settings.control_branch
    tip = mirror.refs.branch(branch)
    if tip is None:
        return operator_data
    entries = tuple(_entries(mirror, tip, manifest, lock))
    site = {
        path: entry
        for path, entry in entries
        if (path[0] != lock.moduledir and path[2].startswith("manifests/") and path[2].endswith(".pp"))
    }
    surroundings = surroundings_of(operator_data.files, workspace.platforms)
    return replace(
        operator_data,
        sites=(*operator_data.sites, *_sites(mirror, site, branch, surroundings)),
        definitions=(*operator_data.definitions, *_definitions(mirror, entries, branch, workspace)),
    )


def _manifest(workspace: Workspace, environment: str) -> Manifest | None:
    if environment not in list_environments(workspace.project).environments:
        return None
    return next(iter(read_manifests(workspace.project, (environment,)).manifests), None)


def _entries(
    mirror: Mirror, tip: str, manifest: Manifest, lock: Lock
) -> Iterator[tuple[tuple[str, str, str], TreeEntry]]:
    """Yield each file of a module that is not pinned, with its directory, its module and its path in the module."""
    pinned = {(pin.install_path, name) for name, pin in lock.pins.items()}
    for directory in dict.fromkeys((*manifest.modulepath, lock.moduledir)):
        for entry in list_tree(mirror, tip, under=directory):
            module, _, path = entry.path.removeprefix(f"{directory}/").partition("/")
            if path and (directory, module) not in pinned:
                yield (directory, module, path), entry


def _shown(branch: str, path: tuple[str, str, str]) -> str:
    return f"{branch}:{'/'.join(path)}"


def _sites(
    mirror: Mirror,
    entries: Mapping[tuple[str, str, str], TreeEntry],
    branch: str,
    surroundings: Surroundings,
) -> Iterator[SiteFile]:
    blobs = read_blobs(mirror, [entry.id for entry in entries.values()], max_bytes=MAX_BYTES)
    texts = {
        entry.id: content.decode(errors="replace").removeprefix("\ufeff")
        for entry in entries.values()
        if isinstance(content := blobs[entry.id], bytes)
    }
    declared = frozenset(name for text in texts.values() for name in with_parameters(text))
    known = replace(surroundings, with_parameters=declared)
    for path, entry in entries.items():
        shown = _shown(branch, path)
        if entry.id in texts:
            yield read_site_file(shown, texts[entry.id], known)
        elif isinstance(blobs[entry.id], TooLarge):
            yield SiteFile(shown, refusal=Problem("the file is too large to be read", Location(shown)))


def _definitions(
    mirror: Mirror,
    entries: tuple[tuple[tuple[str, str, str], TreeEntry], ...],
    branch: str,
    workspace: Workspace,
) -> Iterator[Definition]:
    files: dict[CodeFile, str] = {}
    for path, entry in entries:
        file = code_file(path[2], entry.mode, entry.id)
        if file is not None:
            files[file] = _shown(branch, path)
    for file, found in read_definitions({mirror: files}, workspace).items():
        if not isinstance(found, Unreadable):
            yield from (replace(one, path=files[file]) for one in found)
