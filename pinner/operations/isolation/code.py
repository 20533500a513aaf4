"""The Ruby code of locked environments: which file of which module is behind each name, by blob id."""

import json
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from pinner.git.mirror import Mirror
from pinner.git.objects import read_blobs
from pinner.git.trees import list_tree
from pinner.operations.workspace import Workspace
from pinner.puppet.plugins import Plugin, PluginKind, Requirement, plugin_of, requirements
from pinner.words.pins import ForgePin, GitPin, Lock
from pinner.words.problems import UnknownError

FILES = "ruby-files-1"
LOADS = "ruby-loads-1"
MOST_BYTES = 1024 * 1024
_FILE = "100"

Opener = Callable[[str], Mirror | None]


@dataclass(frozen=True, slots=True)
class RubyFile:
    """One file behind a name: `git` is the repository that has the blob."""

    plugin: Plugin
    module: str
    git: str
    blob: str


@dataclass(frozen=True, slots=True)
class RubyCode:
    """All Ruby files of one environment by path.

    `unread` names the modules whose commits could not be looked at, `closed` maps those of the Forge to their versions.
    """

    environment: str
    files: Mapping[str, RubyFile]
    unread: tuple[str, ...] = ()
    closed: Mapping[str, str] = field(default_factory=dict)


def read_code(locks: Iterable[Lock], open_mirror: Opener, workspace: Workspace) -> tuple[RubyCode, ...]:
    """Return the code of each lock; no remote is asked, and a commit that was seen before is not read again."""
    locks = tuple(locks)
    pins = {pin.commit: pin for lock in locks for pin in _modules(lock)}
    recalled = workspace.memory.recall(FILES, pins)
    known = {commit: json.loads(text) for commit, text in recalled.items()}
    unknown = [pin for commit, pin in sorted(pins.items()) if commit not in known]
    with ThreadPoolExecutor(max_workers=workspace.settings.jobs) as pool:
        rows = zip(unknown, pool.map(lambda pin: _list(pin, open_mirror), unknown), strict=True)
        read = {pin.commit: files for pin, files in rows if files is not None}
    workspace.memory.remember(FILES, {commit: json.dumps(files) for commit, files in read.items()})
    return tuple(_code(lock, known | read) for lock in locks)


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
    """Return environment to the paths of the helpers that its functions load, directly or through other helpers.

    A helper that the server loads of its own accord is among them.
    """
    codes = tuple(codes)
    loading = {PluginKind.FUNCTION, PluginKind.HELPER}
    files = [file for code in codes for file in code.files.values() if file.plugin.kind in loading]
    loads = _read_loads(files, open_mirror, workspace)
    return {code.environment: _reached(code, loads) for code in codes}


def _reached(code: RubyCode, loads: Mapping[str, tuple[Requirement, ...]]) -> frozenset[str]:
    helpers = [file for file in code.files.values() if file.plugin.kind is PluginKind.HELPER]
    unmet = _by_requirement(helpers, {one for some in loads.values() for one in some})
    waiting = [file for file in code.files.values() if file.plugin.kind is PluginKind.FUNCTION]
    waiting += [helper for helper in helpers if helper.plugin.is_global]
    reached = {file.plugin.path for file in waiting if file.plugin.is_global}
    while waiting:
        file = waiting.pop()
        for one in loads.get(file.blob, ()):
            for helper in unmet.pop(_key(one, file), ()):  # whoever else asks for them learns nothing new
                if helper.plugin.path not in reached:
                    reached.add(helper.plugin.path)
                    waiting.append(helper)
    return frozenset(reached)


def _by_requirement(
    helpers: Iterable[RubyFile], asked: set[Requirement]
) -> dict[tuple[Requirement, str | None], list[RubyFile]]:
    found: dict[tuple[Requirement, str | None], list[RubyFile]] = {}
    for helper in helpers:
        for one in helper.plugin.meant_by():
            if one in asked:
                found.setdefault(_key(one, helper), []).append(helper)
    return found


def _key(requirement: Requirement, file: RubyFile) -> tuple[Requirement, str | None]:
    return requirement, file.module if requirement.is_relative else None


def _read_loads(
    files: Iterable[RubyFile], open_mirror: Opener, workspace: Workspace
) -> Mapping[str, tuple[Requirement, ...]]:
    """Return blob to what it loads; each distinct file is read once ever."""
    homes = {file.blob: file.git for file in files}
    known = {blob: _from_json(text) for blob, text in workspace.memory.recall(LOADS, homes).items()}
    unread: dict[str, list[str]] = {}
    for blob, git in sorted(homes.items()):
        if blob not in known:
            unread.setdefault(git, []).append(blob)
    read: dict[str, tuple[Requirement, ...]] = {}
    for git, blobs in unread.items():
        if mirror := open_mirror(git):
            contents = read_blobs(mirror, blobs, max_bytes=MOST_BYTES)
            for blob, content in contents.items():
                text = content.decode(errors="replace") if isinstance(content, bytes) else ""
                read[blob] = tuple(requirements(text))
    workspace.memory.remember(LOADS, {blob: _to_json(loads) for blob, loads in read.items()})
    return known | read


def _to_json(loads: Iterable[Requirement]) -> str:
    return json.dumps([[one.path, one.is_relative] for one in loads])


def _from_json(text: str) -> tuple[Requirement, ...]:
    return tuple(Requirement(path, is_relative) for path, is_relative in json.loads(text))
