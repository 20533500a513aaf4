"""Run an external node classifier: a program that prints the classes and parameters of a node as YAML.

https://www.puppet.com/docs/puppet/latest/nodes_external.html
"""

import shlex
import shutil
import subprocess
from typing import Final

from pinner.model.errors import InputError, Problem, UnknownError

_SECONDS: Final = 60.0
_LONGEST: Final = 16 * 1024 * 1024


def split_command(text: str) -> tuple[str, ...]:
    """Return the words of a command; raises InputError if its program does not exist. No shell is involved."""
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise InputError(Problem(f"--enc: {error} in {text!r}")) from error
    if not words or shutil.which(words[0]) is None:
        raise InputError(Problem(f"--enc: there is no program {text!r}", hint="give its path and arguments"))
    return tuple(words)


def classify(command: tuple[str, ...], node: str) -> bytes:
    """Return what the command prints with the node's name as its last argument.

    Raises UnknownError if it fails, does not end within a minute or prints too much.
    """
    shown = shlex.join((*command, node))
    try:
        done = subprocess.run(  # noqa: S603 - the user's own command, without a shell
            [*command, node], stdin=subprocess.DEVNULL, capture_output=True, timeout=_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UnknownError(Problem(f"{shown}: {error}")) from error
    if done.returncode or len(done.stdout) > _LONGEST:
        lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
        why = f": {lines[-1]}" if lines else ""
        raise UnknownError(Problem(f"{shown} ended with exit code {done.returncode}{why}"))
    return done.stdout
