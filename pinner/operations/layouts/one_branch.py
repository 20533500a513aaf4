"""The files of a branch that all environments share: what differs between them has their names in its path.

r10k checks the same branch out once an environment. So `environment.conf` and `bin/config_version` are the same file
everywhere, and config_version finds the lock id by the name of the directory that it is run in.
"""

from collections.abc import Iterable, Iterator, Mapping

from pinner.operations.layouts.environment_files import (
    CONFIG_VERSION,
    ENVIRONMENT_CONF,
    PUPPETFILE,
    module_directories,
    render_environment_conf,
)
from pinner.operations.templates import render
from pinner.operations.workspace import Workspace
from pinner.puppet.puppetfile import HEADER_MARK
from pinner.words.control import EXECUTABLE, ControlFile
from pinner.words.pins import Lock
from pinner.words.problems import InputError, Problem

LOCK_IDS = "lock_ids"
LIST = "environments.d"
# `read` and `echo` are the shell's own: no process is started. A failure here would fail every compilation.
_CONFIG_VERSION = f"""\
#!/bin/sh
# {HEADER_MARK}: prints the lock id of the environment whose directory this is run in
CDPATH='' cd -- "${{0%/*}}/.." || exit 1
environment=${{PWD##*/}}
{{ read -r lock_id < "{LOCK_IDS}/$environment"; }} 2> /dev/null || lock_id="no-lock-of-$environment"
echo "$lock_id"
"""


def shared_files(locks: Iterable[Lock]) -> Iterator[ControlFile]:
    """Yield the files that all environments share; raises InputError where their directories do not go together."""
    locks = tuple(locks)
    _check_moduledirs(locks)
    directories = dict.fromkeys(path for lock in locks for path in module_directories(lock))
    first, *others = directories
    text = render_environment_conf([first, *sorted(others)], whose=" for all environments of this branch")
    yield ControlFile(ENVIRONMENT_CONF, text)
    yield ControlFile(CONFIG_VERSION, _CONFIG_VERSION, EXECUTABLE)


def own_files(lock: Lock, template: str, workspace: Workspace) -> Iterator[ControlFile]:
    """Yield the files that are one environment's alone."""
    yield ControlFile(puppetfile_name(lock.environment), render(lock, template, workspace))
    lock_id = f"{lock.lock_id}\n# {HEADER_MARK} for environment {lock.environment}\n"
    yield ControlFile(f"{LOCK_IDS}/{lock.environment}", lock_id)


def list_file(environment: str, source: Mapping[str, str]) -> ControlFile:
    """Return the file by which r10k's yamldir source knows an environment; YAML with every value quoted.

    The values are URLs and names that the whitelists of puppet/names.py let in: none holds a quote.
    """
    rows = "".join(f"{key}: '{value}'\n" for key, value in source.items())
    header = f"# {HEADER_MARK} for environment {environment}\n"
    return ControlFile(f"{LIST}/{environment}.yaml", f"---\n{header}{rows}")


def puppetfile_name(environment: str) -> str:
    """Return the name of an environment's own Puppetfile at the root of the branch."""
    return f"{PUPPETFILE}.{environment}"


def _check_moduledirs(locks: tuple[Lock, ...]) -> None:
    by_moduledir: dict[str, list[str]] = {}
    for lock in locks:
        by_moduledir.setdefault(lock.moduledir, []).append(lock.environment)
    if len(by_moduledir) > 1:
        rows = "; ".join(f"'{path}' in {', '.join(names)}" for path, names in sorted(by_moduledir.items()))
        message = (
            f"environments on one branch share one environment.conf, but their moduledirs differ: {rows}"
        )
        raise InputError(Problem(message, hint="give them one moduledir, or use the layout 'branches'"))
