"""Run this machine's Puppet: generate the native types of a version, and print settings.

Generated types keep the native types of environments apart. Generating them runs the Ruby code of the
environment's modules: in a sandbox, because the server that serves them runs it as another user.
"""

import os
import shutil
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from pinner.catalogs.process import directories_of, ruby_environment
from pinner.catalogs.programs import finish
from pinner.catalogs.sandbox import Sandbox, wrapper_of
from pinner.git.process.children import start
from pinner.model.errors import Location, Problem, UnknownError
from pinner.model.text import visible

_PACKAGED = "/opt/puppetlabs/bin/puppet"
_SECONDS = 600.0
_LINES = 5
_DIRECTORIES = ("confdir", "vardir", "codedir", "logdir", "rundir", "publicdir")
_HINT = "fix the module, or give --no-generate-types, which leaves native types shared by all environments"


def find_puppet() -> str | None:
    """Return the path of the `puppet` of Puppet's packages or on PATH, None if there is none."""
    return _PACKAGED if Path(_PACKAGED).is_file() else shutil.which("puppet")


def puppet_version(program: str) -> str:
    """Return the version that `puppet` prints; raises UnknownError if it fails."""
    return _run([program, "--version"], "puppet --version").strip()


def print_settings(program: str, names: tuple[str, ...], options: tuple[str, ...] = ()) -> Mapping[str, str]:
    """Return the values of several settings of Puppet's configuration on this machine; raises UnknownError.

    `options` are those of `puppet config print`.
    """
    text = _run([program, "config", "print", *names, *options], f"puppet config print {' '.join(names)}")
    if len(names) == 1:  # Puppet then prints the value alone
        return {names[0]: text.strip()}
    rows = (line.partition(" = ") for line in text.splitlines())
    return {name: value for name, _, value in rows if name in names}


def generate_types(
    program: str, environment: str, environmentpath: Path, types: Path, *, trees: Path, sandbox: Sandbox
) -> None:
    """Generate the types of the environment in `environmentpath` into its directory `types`, which must exist.

    `trees` is the directory that the environment's links lead to. Puppet has no configuration of this machine but its
    `basemodulepath`. Raises UnknownError if Puppet fails, or if the sandbox does not work here.
    """
    shared = _basemodulepath(program)
    readable = (environmentpath, trees, *(path for path in map(Path, shared.split(":")) if path.is_dir()))
    with TemporaryDirectory(prefix="pinner-types-") as scratch:
        own = Path(scratch)
        wrapper = wrapper_of(sandbox, (*readable, *directories_of(program)), own, writable=(types, own))
        command = [*wrapper, program, "generate", "types", "--environment", environment]
        command += [f"--environmentpath={environmentpath}", f"--basemodulepath={shared}"]
        command += [f"--{name}={own / name}" for name in _DIRECTORIES]
        shown = f"puppet generate types --environment {environment}"
        _run(command, shown, _HINT, {**ruby_environment(), "TMPDIR": scratch})


@cache
def _basemodulepath(program: str) -> str:
    return print_settings(program, ("basemodulepath",)).get("basemodulepath", "")


def _run(
    command: list[str], shown: str, hint: str | None = None, environment: Mapping[str, str] = os.environ
) -> str:
    try:
        process = start(command, environment={**environment, "LC_ALL": "C.UTF-8"})
    except OSError as error:
        raise UnknownError(
            Problem(f"{shown} cannot be run: {error.strerror}", Location(command[0]))
        ) from error
    ended = finish(process, shown, seconds=_SECONDS)
    text = ended.out.decode(errors="replace")
    if ended.code == 0:
        return text
    lines = [visible(line.strip()) for line in f"{text}\n{ended.err}".splitlines() if "rror" in line]
    reason = "; ".join(lines[-_LINES:]) or f"exit code {ended.code}"
    raise UnknownError(Problem(f"{shown} failed: {reason}", hint=hint))
