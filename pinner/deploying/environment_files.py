"""Generate the files of one environment, and the files of a branch that all environments share.

r10k checks out the shared branch once per environment. Therefore all environments have the same
`environment.conf` and `bin/config_version`, which finds the lock id by the name of the directory it is run
in.
"""

from collections.abc import Iterable, Iterator, Mapping

from pinner.model.control import ENVIRONMENT_CONF, EXECUTABLE, ControlFile
from pinner.model.errors import InputError, Problem
from pinner.model.lock import Lock
from pinner.puppet.puppetfile.writer import HEADER_MARK

PUPPETFILE = "Puppetfile"
CONFIG_VERSION = "bin/config_version"


def files_of(
    lock: Lock, puppetfile: str, *, modulepath: Iterable[str] = (), under: str = ""
) -> Iterator[ControlFile]:
    """Yield Puppetfile, environment.conf and config_version, with the prefix `under` on all paths.

    `modulepath` are the first directories of the module path.
    """
    directories = dict.fromkeys((*modulepath, *module_directories(lock)))
    yield ControlFile(f"{under}{PUPPETFILE}", puppetfile)
    yield ControlFile(
        f"{under}{ENVIRONMENT_CONF}",
        render_environment_conf(directories, whose=f" for environment {lock.environment}"),
    )
    yield ControlFile(
        f"{under}{CONFIG_VERSION}",
        f"#!/bin/sh\n# {HEADER_MARK} for environment {lock.environment}\necho {lock.lock_id}\n",
        EXECUTABLE,
    )


def module_directories(lock: Lock) -> list[str]:
    """Return the moduledir, then every other directory with a Puppet module."""
    others = {pin.install_path for pin in lock.pins.values() if getattr(pin, "is_module", True)}
    return [lock.moduledir, *sorted(others - {lock.moduledir})]


def render_environment_conf(directories: Iterable[str], *, whose: str) -> str:
    """Return the text of an environment.conf; `whose` is appended to its header."""
    return (
        f"# {HEADER_MARK}{whose}\n"
        f"modulepath = {':'.join(directories)}:$basemodulepath\n"
        f"config_version = {CONFIG_VERSION}\n"
    )


LOCK_IDS = "lock_ids"
LIST = "environments.d"
# `read` and `echo` are shell built-ins: no process is started. A failure would make every compilation fail.
_CONFIG_VERSION = f"""\
#!/bin/sh
# {HEADER_MARK}: prints the lock id of the environment whose directory this is run in
CDPATH='' cd -- "${{0%/*}}/.." || exit 1
environment=${{PWD##*/}}
{{ read -r lock_id < "{LOCK_IDS}/$environment"; }} 2> /dev/null || lock_id="no-lock-of-$environment"
echo "$lock_id"
"""


def shared_files(locks: Iterable[Lock], modulepaths: Mapping[str, tuple[str, ...]]) -> Iterator[ControlFile]:
    """Yield the files that all environments share; `modulepaths` are those of the manifests, by environment.

    Raises InputError if the moduledirs or the module paths of the environments differ.
    """
    locks = tuple(locks)
    _check_alike({lock.environment: lock.moduledir for lock in locks}, "moduledir")
    paths = {name: ":".join(path) for name, path in modulepaths.items() if path}
    _check_alike(paths, "modulepath")
    directories = dict.fromkeys(path for lock in locks for path in module_directories(lock))
    first, *others = directories
    own = next((path for path in modulepaths.values() if path), ())
    path = dict.fromkeys((*own, first, *sorted(others)))
    text = render_environment_conf(path, whose=" for all environments of this branch")
    yield ControlFile(ENVIRONMENT_CONF, text)
    yield ControlFile(CONFIG_VERSION, _CONFIG_VERSION, EXECUTABLE)


def own_files(lock: Lock, puppetfile: str, source: Mapping[str, str] | None = None) -> Iterator[ControlFile]:
    """Yield the files that belong to one environment only, with `source` also the one that declares it to r10k.

    That is for r10k's yamldir source: YAML with every value quoted. The values are URLs and names that passed the
    whitelists of puppet/names.py, so none contains a quote.
    """
    header = f"# {HEADER_MARK} for environment {lock.environment}\n"
    yield ControlFile(puppetfile_name(lock.environment), puppetfile)
    yield ControlFile(f"{LOCK_IDS}/{lock.environment}", f"{lock.lock_id}\n{header}")
    if source is not None:
        rows = "".join(f"{key}: '{value}'\n" for key, value in source.items())
        yield ControlFile(f"{LIST}/{lock.environment}.yaml", f"---\n{header}{rows}")


def puppetfile_name(environment: str) -> str:
    """Return the name of an environment's own Puppetfile at the root of the branch."""
    return f"{PUPPETFILE}.{environment}"


def _check_alike(value_by_environment: Mapping[str, str], what: str) -> None:
    environments: dict[str, list[str]] = {}
    for environment, value in value_by_environment.items():
        environments.setdefault(value, []).append(environment)
    if len(environments) > 1:
        rows = "; ".join(f"'{value}' in {', '.join(names)}" for value, names in sorted(environments.items()))
        message = f"environments on one branch share one environment.conf, but their {what}s differ: {rows}"
        raise InputError(Problem(message, hint=f"give them one {what}, or use the layout 'branches'"))
