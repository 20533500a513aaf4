"""The completions that the wheel brings, in real shells: what is typed up to TAB is gone on with."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.cloud import Cloud
from tests.support.oracles import find_tool
from tests.support.unharmed import lock_basic

SHARE = Path(__file__).resolve().parents[2] / "share"
SHELLS = {
    "bash": ("bash --norc --noprofile -i", f"source {SHARE}/bash-completion/completions/pinner"),
    "zsh": (
        "zsh -f -i",
        f"fpath=({SHARE}/zsh/site-functions $fpath); autoload -Uz compinit; compinit -u -D",
    ),
    "fish": ("fish --no-config -i", f"source {SHARE}/fish/vendor_completions.d/pinner.fish"),
}


@pytest.fixture
def locked(cloud: Cloud) -> Cloud:
    lock_basic(cloud)
    return cloud


@pytest.mark.parametrize("name", SHELLS)
def test_a_shell_goes_on_with_what_was_typed(name: str, locked: Cloud, tmp_path: Path) -> None:
    find_tool(name, name)
    command, setup = SHELLS[name]
    typed = ("pinner wh\tprod\tno\t", "exit")
    said = type_into(command, (setup, *typed), cwd=locked.project, directory=tmp_path)
    assert "nova in production" in said


def type_into(command: str, lines: tuple[str, ...], *, cwd: Path, directory: Path) -> str:
    """Return all that a shell on a terminal says while the lines are typed into it."""
    ours, theirs = pty.openpty()
    path = f"{on_path(directory)}{os.pathsep}{os.environ['PATH']}"
    variables = {"PATH": path, "HOME": str(directory), "TERM": "xterm", "LC_ALL": "C.UTF-8"}
    its_own = (find_tool("setsid", "util-linux"), "--ctty", "--wait", *command.split())
    with subprocess.Popen(its_own, cwd=cwd, stdin=theirs, stdout=theirs, stderr=theirs, env=variables):
        os.close(theirs)
        os.write(ours, "".join(f"{line}\r" for line in lines).encode())
        said = b"".join(iter(lambda: read(ours), b""))
    os.close(ours)
    return said.decode(errors="replace")


def read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # Linux's way to say that the other side has closed
        return b""


def on_path(directory: Path) -> Path:
    """Return a directory that has this pinner under its name."""
    script = directory / "bin" / "pinner"
    script.parent.mkdir()
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m pinner "$@"\n')
    script.chmod(0o755)
    return script.parent
