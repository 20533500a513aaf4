"""`pinner status` and `pinner id`: what each environment runs, and how far that is behind what it asks for."""

from collections.abc import Mapping
from dataclasses import dataclass

from pinner.operations.answers import Progress, ask
from pinner.operations.externals import with_locked_externals
from pinner.operations.resolve import Found
from pinner.operations.wanted import WantedGit, WantedSet
from pinner.operations.workspace import Workspace
from pinner.project.layout import select_environments
from pinner.words.findings import Finding
from pinner.words.pins import GitPin, Lock, Pin
from pinner.words.problems import InputError


@dataclass(frozen=True, slots=True)
class ModuleStatus:
    """One pin; `behind` counts the commits its want has moved on by, None where that could not be found out."""

    name: str
    pin: Pin
    behind: int | None


@dataclass(frozen=True, slots=True)
class EnvironmentStatus:
    """One environment; `lock` is None where there is none yet. `unknown` says what could not be found out."""

    name: str
    lock: Lock | None
    modules: tuple[ModuleStatus, ...] = ()
    unknown: tuple[Finding, ...] = ()


def read_statuses(
    workspace: Workspace, environments: tuple[str, ...], *, on_done: Progress | None = None
) -> tuple[EnvironmentStatus, ...]:
    """Return the state of each environment against its remotes (against the cache when offline)."""
    asked = workspace.want(environments)
    locks = workspace.locks(tuple(wanted.manifest.environment for wanted in asked))
    sets = tuple(with_locked_externals(wanted, locks[wanted.manifest.environment]) for wanted in asked)
    urls = (module.git for wanted in sets for module in _git_modules(wanted).values())
    answers = ask(workspace, urls, on_done=on_done)
    replies = {
        wanted.manifest.environment: {
            name: answers.answer(module) for name, module in _git_modules(wanted).items()
        }
        for wanted in sets
    }
    pairs = {
        (name, module): (pin.git, pin.commit, answer.commit)
        for name, found in replies.items()
        for module, answer in found.items()
        if isinstance(answer, Found) and isinstance(pin := _pin(locks[name], module), GitPin)
    }
    positions = answers.positions(pairs.values())
    behinds = {
        key: 0 if pair[1] == pair[2] else positions[pair].behind if pair in positions else None
        for key, pair in pairs.items()
    }
    return tuple(_status(name, locks[name], found, behinds) for name, found in replies.items())


def _git_modules(wanted: WantedSet) -> Mapping[str, WantedGit]:
    return {name: module for name, module in wanted.modules.items() if isinstance(module, WantedGit)}


def _pin(lock: Lock | None, module: str) -> Pin | None:
    return lock.pins.get(module) if lock else None


def _status(
    name: str,
    lock: Lock | None,
    replies: Mapping[str, Found | Finding],
    behinds: Mapping[tuple[str, str], int | None],
) -> EnvironmentStatus:
    unknown = tuple(reply for reply in replies.values() if isinstance(reply, Finding))
    pins = lock.pins.items() if lock else ()
    modules = tuple(ModuleStatus(module, pin, behinds.get((name, module))) for module, pin in pins)
    return EnvironmentStatus(name, lock, modules, unknown)


def read_lock_ids(workspace: Workspace, environments: tuple[str, ...]) -> tuple[tuple[str, str | None], ...]:
    """Return (environment, lock id) for the named environments (none: all), None where there is no lock yet."""
    listing = select_environments(workspace.project, environments)
    if listing.problems:
        raise InputError(listing.problems)
    names = listing.environments
    return tuple((name, lock.lock_id if lock else None) for name, lock in workspace.locks(names).items())
