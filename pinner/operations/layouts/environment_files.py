"""The files of an environment that has a directory, or a branch, of its own; each is made from the lock alone."""

from collections.abc import Iterable, Iterator

from pinner.operations.templates import render
from pinner.operations.workspace import Workspace
from pinner.puppet.puppetfile import HEADER_MARK
from pinner.words.control import EXECUTABLE, ControlFile
from pinner.words.pins import Lock

PUPPETFILE = "Puppetfile"
ENVIRONMENT_CONF = "environment.conf"
CONFIG_VERSION = "bin/config_version"


def files_of(lock: Lock, template: str, workspace: Workspace, *, under: str = "") -> Iterator[ControlFile]:
    """Yield Puppetfile, environment.conf and config_version, all paths with `under` before them."""
    yield ControlFile(f"{under}{PUPPETFILE}", render(lock, template, workspace))
    yield ControlFile(f"{under}{ENVIRONMENT_CONF}", _environment_conf(lock))
    yield ControlFile(f"{under}{CONFIG_VERSION}", _config_version(lock), EXECUTABLE)


def module_directories(lock: Lock) -> list[str]:
    """Return the moduledir first, then every other directory that holds a Puppet module."""
    others = {pin.install_path for pin in lock.pins.values() if getattr(pin, "is_module", True)}
    return [lock.moduledir, *sorted(others - {lock.moduledir})]


def render_environment_conf(directories: Iterable[str], *, whose: str) -> str:
    """Return an environment.conf; `whose` goes into its header."""
    return (
        f"# {HEADER_MARK}{whose}\n"
        f"modulepath = {':'.join(directories)}:$basemodulepath\n"
        f"config_version = {CONFIG_VERSION}\n"
    )


def _environment_conf(lock: Lock) -> str:
    return render_environment_conf(module_directories(lock), whose=f" for environment {lock.environment}")


def _config_version(lock: Lock) -> str:
    """Puppet runs this at each compilation, so it asks nobody: the lock id is written into it."""
    return f"#!/bin/sh\n# {HEADER_MARK} for environment {lock.environment}\necho {lock.lock_id}\n"
