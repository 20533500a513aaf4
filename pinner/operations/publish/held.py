"""Which modules an environment held before this publication: by the lock that was published, wherever it can be found."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pinner.git.file_versions import head_of
from pinner.operations.old_locks import read_old_locks
from pinner.operations.workspace import Workspace
from pinner.puppet.names import check_commit, check_forge_version, check_module_name, check_ref_name
from pinner.puppet.puppetfile import ModuleKind, PuppetfileModule, read_puppetfile
from pinner.puppet.versions import parse_version
from pinner.words.pins import ForgePin, Lock, Pin
from pinner.words.problems import UnknownError
from pinner.words.refs import short_name

MOST_VERSIONS = 400
"""Versions of locks in the project's history that are looked through, newest first."""

_SHORT = 12


@dataclass(frozen=True, slots=True)
class Held:
    """One module: `source` is its git URL or Forge name, `code` its commit or version.

    All but `source`, which is never shown, are made of characters that a whitelist lets in.
    """

    source: str
    code: str
    version: str | None = None
    ref: str | None = None

    def __str__(self) -> str:
        if not check_commit(self.code):
            where = f"{self.ref}, {self.code[:_SHORT]}" if self.ref else self.code[:_SHORT]
            return f"{self.version} ({where})" if self.version else where
        return self.code


def modules_of(lock: Lock) -> Mapping[str, Held]:
    """Return module to what the lock says of it."""
    return {name: _of_pin(pin) for name, pin in lock.pins.items()}


def modules_in(puppetfile: str) -> Mapping[str, Held]:
    """Return module to what a Puppetfile says of it; versions of git modules do not stand there."""
    modules = read_puppetfile(puppetfile).puppetfile.modules
    rows = ((module.directory, _of_module(module)) for module in modules)
    return {name: held for name, held in rows if held and not check_module_name(name)}


def find_locks(workspace: Workspace, lock_ids: Iterable[str]) -> Mapping[str, Lock]:
    """Return lock id to lock for those that the project's git history has; a project without one has none."""
    wanted = set(lock_ids)
    found: dict[str, Lock] = {}
    try:
        head = head_of(workspace.project.root) if wanted else None
        for _, lock in read_old_locks(head, limit=MOST_VERSIONS) if head else ():
            found[lock.lock_id] = lock
            if wanted <= found.keys():
                break
    except UnknownError:
        pass  # the message then has no versions
    return found


def _of_pin(pin: Pin) -> Held:
    if isinstance(pin, ForgePin):
        return Held(pin.forge, pin.version)
    version = pin.version if pin.version and parse_version(pin.version) else None
    ref = short_name(pin.ref) if pin.ref else None
    return Held(pin.git, pin.commit, version, ref if ref and not check_ref_name(ref) else None)


def _of_module(module: PuppetfileModule) -> Held | None:
    if module.kind is ModuleKind.GIT and module.git and module.ref and not check_commit(module.ref):
        return Held(module.git, module.ref)
    if module.kind is ModuleKind.FORGE and module.version and not check_forge_version(module.version):
        return Held(module.name, module.version)
    return None
