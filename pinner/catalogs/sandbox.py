"""Keep the code of modules, which compiling and generating types run, away from this machine.

With bubblewrap, Puppet has namespaces of its own: no network, no other processes, an empty /tmp, no home, no
environment, and what it may read is read-only. Without it, `unshare` (util-linux) takes away the network alone.
"""

import os
import shutil
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import Final

from pinner.catalogs.programs import run_program
from pinner.model.errors import Problem, UnknownError

_SYSTEM: Final = (
    "/usr",
    "/bin",
    "/lib",
    "/lib64",
    "/opt/puppetlabs",
    "/etc/alternatives",
    "/etc/ld.so.cache",
)
_UNSHARE: Final = ("unshare", "--user", "--map-root-user", "--net", "--ipc", "--")
_ACCOUNTS: Final = {"passwd": "root:x:0:0:root:/:/bin/sh\n", "group": "root:x:0:\n"}
"""Puppet looks up user 0."""
_TRIAL_SECONDS: Final = 20


class Sandbox(StrEnum):
    """The ways to keep the code of modules apart; AUTO is the first that works on this machine."""

    AUTO = "auto"
    BWRAP = "bwrap"
    UNSHARE = "unshare"
    NONE = "none"


def wrapper_of(
    sandbox: Sandbox, readable: Iterable[Path], scratch: Path, writable: tuple[Path, ...] = ()
) -> tuple[str, ...]:
    """Return the words to put before a command; `readable` are directories that it may read, at the same paths.

    `scratch` is a directory for the list of accounts in the sandbox. `writable` are directories, also in `readable` ones,
    that the command may write. Raises UnknownError if the sandbox does not work
    here, or for AUTO if none does.
    """
    if sandbox is Sandbox.NONE:
        return ()
    flaws = []
    for kind in (Sandbox.BWRAP, Sandbox.UNSHARE) if sandbox is Sandbox.AUTO else (sandbox,):
        words = _bubblewrap(readable, scratch, writable) if kind is Sandbox.BWRAP else _UNSHARE
        flaw = _flaw_of(words)
        if flaw is None:
            return words
        flaws.append(f"{words[0]}: {flaw}")
    hint = "install bubblewrap, or give --sandbox none if you trust all modules: their code is run"
    raise UnknownError(Problem(f"no sandbox works here: {'; '.join(flaws)}", hint=hint))


def _flaw_of(words: tuple[str, ...]) -> str | None:
    """Return why a command cannot be run in the sandbox, None if it can."""
    if shutil.which(words[0]) is None:
        return "not installed"
    try:
        tried = run_program([*words, "true"], environment=os.environ, seconds=_TRIAL_SECONDS)
    except UnknownError as error:
        return str(error)
    return None if tried.code == 0 else tried.reason


def _bubblewrap(readable: Iterable[Path], scratch: Path, writable: tuple[Path, ...]) -> tuple[str, ...]:
    words = ["bwrap", "--unshare-all", "--die-with-parent", "--cap-drop", "ALL", "--uid", "0", "--gid", "0"]
    words += ["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "--dir", "/etc"]  # noqa: S108 - inside the sandbox
    for name in _SYSTEM:
        path = Path(name)
        if path.is_symlink() and name in {"/bin", "/lib", "/lib64"}:
            words += ["--symlink", str(path.readlink()), name]
        elif path.exists():
            words += ["--ro-bind", name, name]
    for name, text in _ACCOUNTS.items():
        (scratch / name).write_text(text)
        words += ["--ro-bind", str(scratch / name), f"/etc/{name}"]
    for path in dict.fromkeys((*readable, Path(__file__).parent)):  # compile.rb, too
        words += ["--ro-bind", str(path), str(path)]
    for path in writable:
        words += ["--bind", str(path), str(path)]
    return (*words, "--chdir", "/", "--")
