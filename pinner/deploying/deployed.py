"""`pinner verify --deployed`: compare the environments that are deployed on a server with their locks.

Generated files are compared by meaning, not by text, which differs between templates and versions of pinner.
A file without pinner's header is not checked, and a missing one is not reported, because it may not be
needed.
"""

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from pinner.deploying.deployed_modules import (
    DeployedModule,
    TreeIds,
    compare_module,
    flaw_of_place,
    tree_ids_of,
)
from pinner.deploying.environment_files import CONFIG_VERSION, LOCK_IDS, PUPPETFILE, puppetfile_name
from pinner.deploying.file_differences import deployed_finding, plain_text, shown_path
from pinner.git.objects.directory_tree import PlainTree
from pinner.locking.freshness import missing_lock
from pinner.locking.requirements import EnvironmentRequirements, read_requirements
from pinner.model.errors import InputError, Location, Problem, UnknownError
from pinner.model.findings import EnvironmentResult, Finding, as_errors, drop_ignored, limit_repeats
from pinner.model.lock import GitPin, Lock
from pinner.model.text import quoted
from pinner.project.files import list_environments, read_file, resolve
from pinner.puppet.names import LOCK_ID, check_module_name
from pinner.puppet.puppetfile.writer import HEADER_MARK, as_puppetfile, check_puppetfile
from pinner.workspace.workspace import Workspace

LARGEST = 1024 * 1024
_LOCK_ID = re.compile(rf"\b{LOCK_ID.pattern}\b")


def check_generated(lock: Lock, place: Path) -> Iterator[Finding]:
    """Yield a finding for each generated file in an environment's directory that contradicts the lock."""
    names = (PUPPETFILE, puppetfile_name(lock.environment), CONFIG_VERSION, f"{LOCK_IDS}/{lock.environment}")
    for name in names:
        path = place / name
        if _is_absent(path):
            continue
        try:
            text = read_file(path, shown=shown_path(path), limit=LARGEST).decode(errors="replace")
        except (InputError, UnknownError) as error:
            yield deployed_finding("deployed-unread", None, f"'{name}': {error.problems[0].message}", path)
            continue
        if HEADER_MARK in text and (words := _contradiction(text, lock, name, shown_path(path))):
            yield deployed_finding(
                "deployed-generated", None, f"'{name}' was made from another lock: {words}", path
            )


def _is_absent(path: Path) -> bool:
    """Return whether the path certainly does not exist; `os.path.lexists` is False without permission too."""
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False
    return False


def _contradiction(text: str, lock: Lock, name: str, path: str) -> str | None:
    if not name.startswith(PUPPETFILE):
        others = sorted({*_LOCK_ID.findall(text)} - {lock.lock_id})
        return f"reports will contain {others[0]} instead of {lock.lock_id}" if others else None
    problems = check_puppetfile(text, as_puppetfile(lock), path=path)
    more = f", and {len(problems) - 1} more" if len(problems) > 1 else ""
    return f"{problems[0].message}{more}" if problems else None


MOST_STRANGERS = 1000
MOST_UNKNOWN = 50


def verify_deployed(
    workspace: Workspace,
    directory: Path,
    environments: tuple[str, ...],
    *,
    ignore: frozenset[tuple[str, str | None]] = frozenset(),
    is_strict: bool = False,
) -> tuple[EnvironmentResult, ...]:
    """Compare `directory`/ENV with the lock of each environment (none named: all).

    Nothing is written, and no remote is contacted. If no environment is named, directories that are not
    environments of the project come last. Raises InputError if the directory does not exist, or if it is
    itself an environment.
    """
    there = _subdirectories(directory)
    sets = read_requirements(workspace, environments)
    locks = workspace.locks(tuple(required.manifest.environment for required in sets))
    _refuse_an_environment(directory, there, locks)
    pins = [pin for lock in locks.values() if lock for pin in lock.pins.values() if isinstance(pin, GitPin)]
    ids = tree_ids_of(pins, workspace)
    outcomes: list[EnvironmentResult] = []
    shared: dict[str, PlainTree] = {}
    for required in sets:
        lock = locks[required.manifest.environment]
        found = _check(required, lock, directory, ids, shared=shared, workspace=workspace)
        reported = tuple(drop_ignored(limit_repeats(found), required.ignored_findings | ignore))
        findings = as_errors(reported) if is_strict else reported
        outcomes.append(EnvironmentResult(required.manifest.environment, lock, lock, findings))
    known = {required.manifest.environment for required in sets} | {
        *list_environments(workspace.project).environments
    }
    strangers = [] if environments else [name for name in there if name not in known]
    return (*outcomes, *(_stranger(directory, name, ignore) for name in strangers[:MOST_STRANGERS]))


def _check(
    required: EnvironmentRequirements,
    lock: Lock | None,
    directory: Path,
    ids: Mapping[str, TreeIds],
    *,
    shared: dict[str, PlainTree],
    workspace: Workspace,
) -> Iterator[Finding]:
    name = required.manifest.environment
    if lock is None:
        yield missing_lock(required)
        return
    place = directory / name
    if flaw_of_place(place) is not None:
        yield deployed_finding(
            "deployed-missing", None, f"environment '{name}' is not in {shown_path(directory)}", place
        )
        return
    # Not in threads, which are slower here: small files take more time in Python than on the disk.
    compared = []
    for _, pin in sorted(lock.pins.items()):
        path = place / pin.install_path / pin.module
        module = DeployedModule(pin, path, ids.get(pin.commit) if isinstance(pin, GitPin) else None)
        compared.append(compare_module(module, shared, workspace))
    if compared and not any(one.is_there for one in compared):
        words = f"none of the {len(compared)} modules of environment '{name}' is deployed"
        yield deployed_finding("deployed-missing", None, words, place)
    else:
        yield from (finding for one in compared for finding in one.findings)
    yield from _unknown_modules(lock, place)
    yield from check_generated(lock, place)
    if count := sum(one.lacks_spec for one in compared):
        are = "module is" if count == 1 else "modules are"
        words = f"{count} {are} deployed without 'spec', as r10k does"
        yield deployed_finding("deployed-without-spec", None, words, place)


def _unknown_modules(lock: Lock, place: Path) -> Iterator[Finding]:
    """Yield the directories that are not in the lock, in every directory where Puppet finds modules."""
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
            words = f"{shown_path(place / path)} cannot be read: {plain_text(error.strerror or str(error))}"
            yield deployed_finding("deployed-unread", None, words, place / path)
            continue
        unknown = [place / path / name for name in names if place / path / name not in known]
        yield from map(_unknown_module, unknown[:MOST_UNKNOWN])
        if len(unknown) > MOST_UNKNOWN:
            words = f"{len(unknown) - MOST_UNKNOWN} more directories beside the modules are not in the lock"
            yield deployed_finding("deployed-unknown-module", None, words, place / path)


def _unknown_module(path: Path) -> Finding:
    is_module = check_module_name(path.name) is None
    what = "it" if is_module else quoted(path.name)
    words = f"{what} is among the modules, and not in the lock"
    return deployed_finding("deployed-unknown-module", path.name if is_module else None, words, path)


def _stranger(directory: Path, name: str, ignore: frozenset[tuple[str, str | None]]) -> EnvironmentResult:
    words = f"the project has no environment {quoted(name)}"
    finding = deployed_finding("deployed-not-locked", None, words, directory / name)
    called = name if name.isprintable() else quoted(name)
    return EnvironmentResult(called, None, None, tuple(drop_ignored([finding], ignore)))


def _subdirectories(directory: Path) -> list[str]:
    try:
        return _list_directories(directory)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise InputError(Problem("the directory does not exist", Location(shown_path(directory)))) from error
    except OSError as error:
        message = f"the directory cannot be read: {error.strerror}"
        raise UnknownError(Problem(message, Location(shown_path(directory)))) from error


def _list_directories(path: Path) -> list[str]:
    """Return the sorted names of the directories in a directory, links included and hidden ones left out."""
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
    """Raise InputError if the directory is itself an environment, because its parent is meant."""
    moduledirs = {lock.moduledir.partition("/")[0] for lock in locks.values() if lock}
    if not set(there) & locks.keys() and moduledirs & set(there) and resolve(directory).name in locks:
        hint = f"name the directory that holds environments: {shown_path(resolve(directory).parent)}"
        raise InputError(Problem("this is one environment", Location(shown_path(directory)), hint))
