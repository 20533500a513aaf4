"""Report Ruby files that have the same name but different content in several environments."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache

from pinner.git.objects.read import list_tree, read_blobs
from pinner.git.process.repository import Mirror
from pinner.locking.requirements import PinnedEnvironment
from pinner.locking.resolve import RefResolver
from pinner.model.errors import InputError, Location, UnknownError
from pinner.model.findings import Finding
from pinner.model.lock import ForgePin, GitPin, Lock
from pinner.model.rules import RULES
from pinner.model.text import join_words, quoted
from pinner.project.files import list_environments
from pinner.project.manifest.lock import read_lock
from pinner.puppet.code.ruby import Plugin, PluginKind, Requirement, plugin_of, requirements
from pinner.workspace.workspace import CacheKey, Workspace

MOST_BYTES = 1024 * 1024
_FILE = "100"

Opener = Callable[[str], Mirror | None]


@dataclass(frozen=True, slots=True)
class RubyFile:
    """A Ruby file that Puppet loads by name; `git` is the repository that contains the blob."""

    plugin: Plugin
    module: str
    git: str
    blob: str


@dataclass(frozen=True, slots=True)
class RubyCode:
    """All Ruby files of one environment by path.

    `unread` names the modules whose commits could not be read; `closed` maps Forge modules to their versions.
    """

    environment: str
    files: Mapping[str, RubyFile]
    unread: tuple[str, ...] = ()
    closed: Mapping[str, str] = field(default_factory=dict)


def read_code(locks: Iterable[Lock], open_mirror: Opener, workspace: Workspace) -> tuple[RubyCode, ...]:
    """Return the code of each lock.

    No remote is contacted. Each commit is read once and then cached.
    """
    locks = tuple(locks)
    pins = {pin.commit: pin for lock in locks for pin in _modules(lock)}

    def read(unread: Sequence[str]) -> Mapping[str, Mapping[str, str]]:
        found = workspace.map(lambda commit: _list(pins[commit], open_mirror), unread)
        return {commit: files for commit, files in zip(unread, found, strict=True) if files is not None}

    known = workspace.cached(_FILES, pins, read)
    return tuple(_code(lock, known) for lock in locks)


def _modules(lock: Lock) -> list[GitPin]:
    return [pin for _, pin in sorted(lock.pins.items()) if isinstance(pin, GitPin) and pin.is_module]


def _list(pin: GitPin, open_mirror: Opener) -> Mapping[str, str] | None:
    mirror = open_mirror(pin.git)
    if mirror is None:
        return None
    try:
        entries = list_tree(mirror, pin.commit, under="lib")
    except UnknownError:
        return None
    return {one.path: one.id for one in entries if one.mode.startswith(_FILE) and plugin_of(one.path)}


def _code(lock: Lock, known: Mapping[str, Mapping[str, str]]) -> RubyCode:
    files: dict[str, RubyFile] = {}
    for pin in _modules(lock):
        for path, blob in known.get(pin.commit, {}).items():
            if plugin := plugin_of(path):
                files.setdefault(path, RubyFile(plugin, pin.module, pin.git, blob))
    unread = tuple(pin.module for pin in _modules(lock) if pin.commit not in known)
    closed = {pin.forge: pin.version for pin in lock.pins.values() if isinstance(pin, ForgePin)}
    return RubyCode(lock.environment, files, unread, closed)


def helpers_of_functions(
    codes: Iterable[RubyCode], open_mirror: Opener, workspace: Workspace
) -> Mapping[str, frozenset[str]]:
    """Return environment to the paths of the helpers that its functions load, directly or indirectly.

    This includes helpers that the server loads by itself.
    """
    codes = tuple(codes)
    loading = {PluginKind.FUNCTION, PluginKind.HELPER}
    files = [file for code in codes for file in code.files.values() if file.plugin.kind in loading]
    loads = _read_loads(files, open_mirror, workspace)
    return {code.environment: _reached(code, loads) for code in codes}


def _reached(code: RubyCode, loads: Mapping[str, tuple[Requirement, ...]]) -> frozenset[str]:
    helpers = [file for file in code.files.values() if file.plugin.kind is PluginKind.HELPER]
    resolved = {one for some in loads.values() for one in some}
    unmet: dict[tuple[Requirement, str | None], list[RubyFile]] = {}
    for helper in helpers:
        for one in helper.plugin.meant_by():
            if one in resolved:
                unmet.setdefault(_key(one, helper), []).append(helper)
    waiting = [file for file in code.files.values() if file.plugin.kind is PluginKind.FUNCTION]
    waiting += [helper for helper in helpers if helper.plugin.is_global]
    reached = {file.plugin.path for file in waiting if file.plugin.is_global}
    while waiting:
        file = waiting.pop()
        for one in loads.get(file.blob, ()):
            for helper in unmet.pop(_key(one, file), ()):  # a second request adds nothing
                if helper.plugin.path not in reached:
                    reached.add(helper.plugin.path)
                    waiting.append(helper)
    return frozenset(reached)


def _key(requirement: Requirement, file: RubyFile) -> tuple[Requirement, str | None]:
    return requirement, file.module if requirement.is_relative else None


def _read_loads(
    files: Iterable[RubyFile], open_mirror: Opener, workspace: Workspace
) -> Mapping[str, tuple[Requirement, ...]]:
    """Return blob to what it loads; each distinct file is read once and then cached."""
    homes = {file.blob: file.git for file in files}

    def read(unread: Sequence[str]) -> Mapping[str, tuple[Requirement, ...]]:
        blobs_by_git: dict[str, list[str]] = {}
        for blob in unread:
            blobs_by_git.setdefault(homes[blob], []).append(blob)
        found: dict[str, tuple[Requirement, ...]] = {}
        for git, blobs in blobs_by_git.items():
            mirror = open_mirror(git)
            for blob, content in (read_blobs(mirror, blobs, max_bytes=MOST_BYTES) if mirror else {}).items():
                text = content.decode(errors="replace") if isinstance(content, bytes) else ""
                found[blob] = tuple(requirements(text))
        return found

    return workspace.cached(_LOADS, homes, read)


_FILES: CacheKey[Mapping[str, str]] = CacheKey(
    "ruby-files-1",
    json.dumps,
    lambda text: {str(path): str(blob) for path, blob in json.loads(text).items()},
)
_LOADS: CacheKey[tuple[Requirement, ...]] = CacheKey(
    "ruby-loads-1",
    lambda loads: json.dumps([[one.path, one.is_relative] for one in loads]),
    lambda text: tuple(Requirement(path, is_relative) for path, is_relative in json.loads(text)),
)


SHOWN = 5
SHOWN_ENVIRONMENTS = 3
_TYPES_HINT = "generate types on the server (r10k: generate_types), so that each environment has its own"
_HELPERS_HINT = (
    "they cannot be separated: pin one commit of the module in all environments, or use several servers"
)


@dataclass(frozen=True, slots=True)
class Clash:
    """A Ruby file that has other content under the same name in the environments `others`."""

    file: RubyFile
    others: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EnvironmentView:
    """An environment with its clashes by path.

    `loaded` holds the paths of clashing helpers that functions load in this environment and in another one.
    """

    code: RubyCode
    clashes: tuple[Clash, ...]
    loaded: frozenset[str] = frozenset()


def check_isolation(
    environments: Iterable[PinnedEnvironment], resolver: RefResolver, *, is_detailed: bool
) -> Mapping[str, tuple[Finding, ...]]:
    """Return environment to its findings.

    A clash of two checked environments is reported once, for the later one. All locked environments of the
    project are compared. Helpers that functions load are listed, types only counted. `is_detailed` lists
    everything, including what could not be read because it is not in the cache.
    """
    environments = tuple(environments)
    locks = {each.name: each.lock for each in environments}
    everything = {**_other_locks(resolver, locks), **locks}

    @cache
    def open_mirror(git: str) -> Mirror | None:
        return resolver.mirror(git) or resolver.workspace.mirrors.open(git)

    codes = read_code(everything.values(), open_mirror, resolver.workspace)
    views = _views(codes, checked=list(locks))
    if any(clash.file.plugin.kind is PluginKind.HELPER for view in views for clash in view.clashes):
        views = _with_loaded(views, helpers_of_functions(codes, open_mirror, resolver.workspace))
    places = {each.name: Location(each.required.manifest.path) for each in environments}
    findings_of = _details if is_detailed else _summary
    found = {view.code.environment: [*findings_of(view, places[view.code.environment])] for view in views}
    if is_detailed and found:
        first = next(iter(found))
        found[first] += _gaps(codes, places[first])
    return {name: tuple(findings) for name, findings in found.items()}


def _other_locks(resolver: RefResolver, locks: Mapping[str, Lock]) -> Mapping[str, Lock]:
    """Return the locks of the other environments, skipping unreadable ones, which are reported elsewhere."""
    project = resolver.workspace.project
    found: dict[str, Lock] = {}
    for name in list_environments(project).environments:
        if name not in locks:
            with suppress(InputError):
                if lock := read_lock(project, name):
                    found[name] = lock
    return found


def _views(codes: Iterable[RubyCode], *, checked: list[str]) -> tuple[EnvironmentView, ...]:
    """Return a view of each checked environment.

    Clashes of code identical to that of an earlier environment are not repeated.
    """
    codes = tuple(codes)
    by_name = {code.environment: code for code in codes}
    seen: set[frozenset[tuple[str, str]]] = set()
    views = []
    for position, name in enumerate(checked):
        code, later = by_name[name], set(checked[position:])
        blobs = frozenset((path, file.blob) for path, file in code.files.items())
        others = [other for other in codes if other.environment not in later and blobs not in seen]
        views.append(EnvironmentView(code, tuple(_clashes(code, others))))
        seen.add(blobs)
    return tuple(views)


def _clashes(code: RubyCode, others: Iterable[RubyCode]) -> Iterator[Clash]:
    others = sorted(others, key=lambda other: other.environment)
    for path, file in sorted(code.files.items()):
        names = tuple(
            other.environment
            for other in others
            if (same := other.files.get(path)) and same.blob != file.blob
        )
        if names:
            yield Clash(file, names)


def _with_loaded(
    views: tuple[EnvironmentView, ...], loaded: Mapping[str, frozenset[str]]
) -> tuple[EnvironmentView, ...]:
    """Return the views with `loaded` set: two versions can conflict only if functions load both."""
    return tuple(
        EnvironmentView(
            view.code,
            view.clashes,
            frozenset(
                clash.file.plugin.path
                for clash in view.clashes
                if clash.file.plugin.path in loaded[view.code.environment]
                and any(clash.file.plugin.path in loaded[other] for other in clash.others)
            ),
        )
        for view in views
    )


def _summary(view: EnvironmentView, place: Location) -> Iterator[Finding]:
    yield from _helpers(view, place)
    types = [clash for clash in view.clashes if clash.file.plugin.kind is PluginKind.TYPE]
    if types:
        modules = len({clash.file.module for clash in types})
        what = f"{_count(len(types), 'native type')} of {_count(modules, 'module')}"
        message = f"{what} {_differ(types)}: a server uses the first one that is loaded for all environments"
        hint = f"{_TYPES_HINT}; 'pinner verify --isolation' names them"
        yield RULES["isolation-types"].finding(None, message, hint=hint, place=place)


def _details(view: EnvironmentView, place: Location) -> Iterator[Finding]:
    for module, clashes in _by_module(view, PluginKind.TYPE):
        message = f"module '{module}': {_named(clashes)} {_differ(clashes)}"
        yield RULES["isolation-types"].finding(module, message, hint=_TYPES_HINT, place=place)
    yield from _helpers(view, place)
    hint = (
        "they run on agents, which have one environment each, and on the server only if its code calls them"
    )
    for module, clashes in _by_module(view, PluginKind.PROVIDER, PluginKind.HELPER):
        if rest := [clash for clash in clashes if clash.file.plugin.path not in view.loaded]:
            message = f"module '{module}': {_named(rest)} {_differ(rest)}"
            yield RULES["isolation-providers"].finding(module, message, hint=hint, place=place)
    for module, clashes in _by_module(view, PluginKind.FUNCTION):
        message = f"module '{module}': {_named(clashes)} {_differ(clashes)}"
        hint = "nothing to do: Puppet separates the functions of environments"
        yield RULES["isolation-functions"].finding(module, message, hint=hint, place=place)


def _helpers(view: EnvironmentView, place: Location) -> Iterator[Finding]:
    for module, clashes in _by_module(view, PluginKind.HELPER):
        if loaded := [clash for clash in clashes if clash.file.plugin.path in view.loaded]:
            meets = "functions load it, and a server uses one of them for all environments"
            message = f"module '{module}': {_named(loaded)} {_differ(loaded)}: {meets}"
            yield RULES["isolation-helpers"].finding(module, message, hint=_HELPERS_HINT, place=place)


def _gaps(codes: tuple[RubyCode, ...], place: Location) -> Iterator[Finding]:
    """Yield what could not be read; Forge modules only if another environment lacks the same version."""
    for code in codes if len(codes) > 1 else ():
        if code.unread:
            message = (
                f"{_count(len(code.unread), 'module')} of environment '{code.environment}' could not be read"
            )
            hint = "run 'pinner verify' once with access to its remotes"
            yield RULES["isolation-unread"].finding(None, message, hint=hint, place=place)
        others = [other.closed.items() for other in codes]
        if closed := [one for one in code.closed.items() if any(one not in other for other in others)]:
            verb = "comes" if len(closed) == 1 else "come"
            message = f"{_count(len(closed), 'module')} of environment '{code.environment}' {verb} from the Forge and could not be read"
            yield RULES["isolation-unread"].finding(None, message, place=place)


def _by_module(view: EnvironmentView, *kinds: PluginKind) -> Iterator[tuple[str, list[Clash]]]:
    found: dict[str, list[Clash]] = {}
    for clash in view.clashes:
        if clash.file.plugin.kind in kinds:
            found.setdefault(clash.file.module, []).append(clash)
    yield from sorted(found.items())


def _named(clashes: list[Clash]) -> str:
    names_by_kind: dict[PluginKind, list[str]] = {}
    for clash in clashes:
        names_by_kind.setdefault(clash.file.plugin.kind, []).append(quoted(clash.file.plugin.name))
    phrases = []
    for kind, names in names_by_kind.items():
        more = [f"{len(names) - SHOWN} more"] if len(names) > SHOWN else []
        plural = "s" if len(names) > 1 else ""
        phrases.append(f"the {kind}{plural} {join_words([*names[:SHOWN], *more], last='and')}")
    return join_words(phrases, last="and")


def _differ(clashes: list[Clash]) -> str:
    others = sorted({other for clash in clashes for other in clash.others})
    more = [f"{len(others) - SHOWN_ENVIRONMENTS} more"] if len(others) > SHOWN_ENVIRONMENTS else []
    where = join_words([*others[:SHOWN_ENVIRONMENTS], *more], last="and")
    return f"{'differs' if len(clashes) == 1 else 'differ'} in {where}"


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
