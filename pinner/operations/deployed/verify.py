"""`pinner verify --deployed`: the environments below a directory against their locks."""

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from pinner.operations.deployed.commits import TreeIds, tree_ids_of
from pinner.operations.deployed.generated import check_generated
from pinner.operations.deployed.modules import Compared, DeployedModule, compare_module, flaw_of_place
from pinner.operations.deployed.telling import plain, shown, tell
from pinner.operations.inspection import at_most, keep_audible
from pinner.operations.lock import Outcome, strict
from pinner.operations.verify import missing_lock
from pinner.operations.wanted import WantedSet
from pinner.operations.workspace import Workspace
from pinner.project.layout import list_environments
from pinner.project.quoting import quote
from pinner.puppet.names import check_module_name
from pinner.words.findings import Finding
from pinner.words.pins import GitPin, Lock, Pin
from pinner.words.places import Place
from pinner.words.problems import InputError, Problem, UnknownError

MOST_STRANGERS = 1000
MOST_UNKNOWN = 50


def verify_deployed(
    workspace: Workspace,
    directory: Path,
    environments: tuple[str, ...],
    *,
    ignore: frozenset[tuple[str, str | None]] = frozenset(),
    is_strict: bool = False,
) -> tuple[Outcome, ...]:
    """Compare `directory`/ENV with the lock of each environment (none named: all); nothing is written or asked.

    Raises InputError where there is no such directory. Where all are meant, directories that are no environment of the
    project come last.
    """
    there = _subdirectories(directory)
    sets = workspace.want(environments)
    locks = workspace.locks(tuple(wanted.manifest.environment for wanted in sets))
    _refuse_an_environment(directory, there, locks)
    pins = [pin for lock in locks.values() if lock for pin in lock.pins.values() if isinstance(pin, GitPin)]
    ids = tree_ids_of(pins, workspace)
    outcomes: list[Outcome] = []
    for wanted in sets:
        lock = locks[wanted.manifest.environment]
        found = _check(wanted, lock, directory, ids, workspace)
        audible = [one for one in keep_audible(at_most(found), wanted) if not _is_ignored(one, ignore)]
        told = tuple(strict(one) for one in audible) if is_strict else tuple(audible)
        outcomes.append(Outcome(wanted.manifest.environment, lock, lock, told))
    known = {wanted.manifest.environment for wanted in sets} | {
        *list_environments(workspace.project).environments
    }
    strangers = [] if environments else [name for name in there if name not in known]
    return (*outcomes, *(_stranger(directory, name, ignore) for name in strangers[:MOST_STRANGERS]))


def _check(
    wanted: WantedSet, lock: Lock | None, directory: Path, ids: Mapping[str, TreeIds], workspace: Workspace
) -> Iterator[Finding]:
    name = wanted.manifest.environment
    if lock is None:
        yield missing_lock(wanted)
        return
    place = directory / name
    if flaw_of_place(place) is not None:
        yield tell("deployed-missing", None, f"environment '{name}' is not in {shown(directory)}", place)
        return
    # One after the other: threads make it slower, for small files cost more in Python than on the disk.
    modules = [_module(pin, place, ids) for _, pin in sorted(lock.pins.items())]
    compared = [compare_module(module, workspace) for module in modules]
    if compared and not any(one.is_there for one in compared):
        words = f"none of the {len(compared)} modules of environment '{name}' is deployed"
        yield tell("deployed-missing", None, words, place)
    else:
        yield from (finding for one in compared for finding in one.findings)
    yield from _unknown_modules(lock, place)
    yield from check_generated(lock, place)
    yield from _without_spec(compared, place)


def _module(pin: Pin, place: Path, ids: Mapping[str, TreeIds]) -> DeployedModule:
    path = place / pin.install_path / pin.module
    return DeployedModule(pin, path, ids.get(pin.commit) if isinstance(pin, GitPin) else None)


def _without_spec(compared: Iterable[Compared], place: Path) -> Iterator[Finding]:
    if count := sum(one.lacks_spec for one in compared):
        words = (
            f"{count} {'module is' if count == 1 else 'modules are'} deployed without 'spec', as r10k does"
        )
        yield tell("deployed-without-spec", None, words, place)


def _unknown_modules(lock: Lock, place: Path) -> Iterator[Finding]:
    """Yield the directories beside the lock's modules, in every directory that Puppet finds modules in."""
    pins = lock.pins.values()
    paths = {lock.moduledir} | {pin.install_path for pin in pins if getattr(pin, "is_module", True)}
    known = {place / pin.install_path / pin.module for pin in pins}
    known |= {above for path in known for above in path.parents}
    for path in sorted(paths - {"."}):
        try:
            names = _list_directories(place / path)
        except FileNotFoundError:
            continue
        except OSError as error:
            words = f"{shown(place / path)} cannot be read: {plain(error.strerror or str(error))}"
            yield tell("deployed-unread", None, words, place / path)
            continue
        unknown = [place / path / name for name in names if place / path / name not in known]
        yield from map(_unknown_module, unknown[:MOST_UNKNOWN])
        if len(unknown) > MOST_UNKNOWN:
            words = (
                f"{len(unknown) - MOST_UNKNOWN} more directories are among the modules, and not in the lock"
            )
            yield tell("deployed-unknown-module", None, words, place / path)


def _unknown_module(path: Path) -> Finding:
    is_module = check_module_name(path.name) is None
    what = "it" if is_module else quote(path.name)
    words = f"{what} is among the modules, and not in the lock"
    return tell("deployed-unknown-module", path.name if is_module else None, words, path)


def _stranger(directory: Path, name: str, ignore: frozenset[tuple[str, str | None]]) -> Outcome:
    words = f"the project has no environment {quote(name)}"
    finding = tell("deployed-not-locked", None, words, directory / name)
    called = name if name.isprintable() else quote(name)
    return Outcome(called, None, None, () if _is_ignored(finding, ignore) else (finding,))


def _is_ignored(finding: Finding, ignore: frozenset[tuple[str, str | None]]) -> bool:
    return bool({(finding.code, None), (finding.code, finding.module)} & ignore)


def _subdirectories(directory: Path) -> list[str]:
    try:
        return _list_directories(directory)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise InputError(Problem("there is no such directory", Place(shown(directory)))) from error
    except OSError as error:
        message = f"the directory cannot be read: {error.strerror}"
        raise UnknownError(Problem(message, Place(shown(directory)))) from error


def _list_directories(path: Path) -> list[str]:
    """Return the names of the directories in a directory, and of links to some, sorted; hidden ones left out."""
    with os.scandir(path) as entries:
        return sorted(
            entry.name for entry in entries if not entry.name.startswith(".") and _is_directory(entry)
        )


def _is_directory(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _refuse_an_environment(directory: Path, there: list[str], locks: Mapping[str, Lock | None]) -> None:
    """Raise InputError where the directory is itself an environment: the user meant the one above."""
    moduledirs = {lock.moduledir.partition("/")[0] for lock in locks.values() if lock}
    if not set(there) & locks.keys() and moduledirs & set(there) and directory.resolve().name in locks:
        hint = f"name the directory that holds environments: {shown(directory.resolve().parent)}"
        raise InputError(Problem("this is one environment", Place(shown(directory)), hint))
