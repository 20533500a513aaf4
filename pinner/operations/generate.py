"""`pinner generate`: the files of an r10k environment from its lock, proved by reading them back."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pinner.operations.templates import render
from pinner.operations.workspace import Workspace
from pinner.project.atomic import write_atomically
from pinner.puppet.names import check_install_path
from pinner.puppet.puppetfile import HEADER_MARK
from pinner.words.pins import Lock
from pinner.words.problems import InputError, Problem

PUPPETFILE = "Puppetfile"
ENVIRONMENT_CONF = "environment.conf"
CONFIG_VERSION = "bin/config_version"
EXECUTABLE = 0o755
PLAIN = 0o644


@dataclass(frozen=True, slots=True)
class GeneratedFile:
    """One file of one environment: `path` relative to the environment's directory."""

    environment: str
    path: str
    text: str
    mode: int = PLAIN


@dataclass(frozen=True, slots=True)
class Written:
    """What became of one generated file: `is_current` tells that it already was as it should be."""

    path: Path
    is_current: bool


def generate(workspace: Workspace, environments: tuple[str, ...]) -> tuple[GeneratedFile, ...]:
    """Return the files of the named environments (none: all); raises InputError where a lock is missing."""
    sets = workspace.want(environments)
    locks = workspace.locks(tuple(wanted.manifest.environment for wanted in sets))
    missing = [name for name, lock in locks.items() if lock is None]
    if missing:
        raise InputError(
            Problem(f"environment '{name}' has no lock", hint=f"run 'pinner lock {name}'") for name in missing
        )
    templates = {wanted.manifest.environment: wanted.manifest.template for wanted in sets}
    return tuple(
        file for name, lock in locks.items() if lock for file in _files(lock, templates[name], workspace)
    )


def puppetfile(workspace: Workspace, environment: str) -> str:
    """Return the text of one environment's Puppetfile."""
    return next(file.text for file in generate(workspace, (environment,)) if file.path == PUPPETFILE)


def _files(lock: Lock, template: str, workspace: Workspace) -> Iterator[GeneratedFile]:
    name = lock.environment
    yield GeneratedFile(name, PUPPETFILE, render(lock, template, workspace))
    yield GeneratedFile(name, ENVIRONMENT_CONF, _environment_conf(lock))
    yield GeneratedFile(name, CONFIG_VERSION, _config_version(lock), EXECUTABLE)


def _environment_conf(lock: Lock) -> str:
    return (
        f"# {HEADER_MARK} for environment {lock.environment}\n"
        f"modulepath = {':'.join(_module_directories(lock))}:$basemodulepath\n"
        f"config_version = {CONFIG_VERSION}\n"
    )


def _module_directories(lock: Lock) -> list[str]:
    """Return the moduledir first, then every other directory that holds a Puppet module."""
    others = {pin.install_path for pin in lock.pins.values() if getattr(pin, "is_module", True)}
    directories = [lock.moduledir, *sorted(others - {lock.moduledir})]
    flaws = [flaw for directory in directories if (flaw := check_install_path(directory))]
    if flaws:
        raise InputError(Problem(flaw) for flaw in flaws)
    return directories


def _config_version(lock: Lock) -> str:
    """Puppet runs this at each compilation, so it asks nobody: the lock id is written into it."""
    return f"#!/bin/sh\n# {HEADER_MARK} for environment {lock.environment}\necho {lock.lock_id}\n"


def check_files(files: tuple[GeneratedFile, ...], directory: Path) -> tuple[Written, ...]:
    """Tell which files under `directory` are as they should be; nothing is written."""
    return tuple(
        Written(path, _is_current(path, file)) for file in files for path in [_path(directory, file)]
    )


def write_files(
    files: tuple[GeneratedFile, ...], directory: Path, *, is_forced: bool = False
) -> tuple[Written, ...]:
    """Write the files under `directory`; raises InputError, before any is written, where one is not pinner's."""
    states = check_files(files, directory)
    if not is_forced:
        foreign = [state.path for state in states if not state.is_current and _is_foreign(state.path)]
        if foreign:
            hint = "move it away, or overwrite it with --force"
            raise InputError(Problem(f"{path} was not written by pinner", hint=hint) for path in foreign)
    for state, file in zip(states, files, strict=True):
        if not state.is_current:
            state.path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(state.path, file.text.encode(), shown=str(state.path))
            state.path.chmod(file.mode)
    return states


def orphans(environments: Mapping[str, object], directory: Path) -> tuple[Path, ...]:
    """Return the generated environments under `directory` that the project no longer has, sorted."""
    found = (path.parent for path in sorted(directory.glob(f"*/{PUPPETFILE}")))
    return tuple(
        path for path in found if path.name not in environments and not _is_foreign(path / PUPPETFILE)
    )


def _path(directory: Path, file: GeneratedFile) -> Path:
    return directory / file.environment / file.path


def _is_current(path: Path, file: GeneratedFile) -> bool:
    try:
        return path.read_bytes() == file.text.encode() and path.stat().st_mode & 0o111 == file.mode & 0o111
    except OSError:
        return False


def _is_foreign(path: Path) -> bool:
    """Tell whether a file is there that pinner's header does not mark as its own."""
    try:
        return HEADER_MARK.encode() not in path.read_bytes()[:500]
    except FileNotFoundError:
        return False
