"""Run an external node classifier: a program that prints the classes and parameters of a node as YAML.

https://www.puppet.com/docs/puppet/latest/nodes_external.html
"""

import os
import shlex
import shutil
from typing import Final

from pinner.catalogs.programs import run_program
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
    done = run_program((*command, node), environment=os.environ, seconds=_SECONDS, largest=_LONGEST)
    if done.code:
        lines = done.err.strip().splitlines()
        why = f": {lines[-1]}" if lines else ""
        raise UnknownError(Problem(f"{shlex.join((*command, node))} ended with exit code {done.code}{why}"))
    return done.out
