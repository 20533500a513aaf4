"""Run this machine's Puppet: generate the native types of a version, and print settings.

Generated types keep the native types of environments apart. Generating them runs the Ruby code of the
environment's modules, as the server does that serves them.
"""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from pinner.git.process.children import (
    FixedDeadline,
    OutputTooLargeError,
    OverdueError,
    ProcessIO,
    end_session,
    forget,
    start,
)
from pinner.model.errors import Location, Problem, UnknownError
from pinner.model.text import visible

_PACKAGED = "/opt/puppetlabs/bin/puppet"
_SECONDS = 600.0
_MOST_BYTES = 16 * 1024 * 1024
_LINES = 5
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
    rows = (line.partition(" = ") for line in text.splitlines())
    return {name: value for name, _, value in rows if name in names}


def generate_types(program: str, environment: str, environmentpath: Path) -> None:
    """Generate the types of the environment in `environmentpath`; raises UnknownError if Puppet fails."""
    command = [program, "generate", "types", "--environment", environment, "--environmentpath"]
    _run([*command, str(environmentpath)], f"puppet generate types --environment {environment}", _HINT)


def _run(command: list[str], shown: str, hint: str | None = None) -> str:
    try:
        process = start(command, environment={**os.environ, "LC_ALL": "C.UTF-8"})
    except OSError as error:
        raise UnknownError(
            Problem(f"{shown} cannot be run: {error.strerror}", Location(command[0]))
        ) from error
    with process:
        try:
            out, err = ProcessIO(process, b"", limit=_MOST_BYTES).communicate(FixedDeadline(_SECONDS))
        except (OverdueError, OutputTooLargeError) as error:
            raise UnknownError(Problem(f"{shown} {error}")) from None
        finally:
            end_session(process.pid)
            forget(process)
    text = out.decode(errors="replace")
    if process.returncode == 0:
        return text
    lines = [visible(line.strip()) for line in f"{text}\n{err}".splitlines() if "rror" in line]
    reason = "; ".join(lines[-_LINES:]) or f"exit code {process.returncode}"
    raise UnknownError(Problem(f"{shown} failed: {reason}", hint=hint))
