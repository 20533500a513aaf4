"""What is longer than the screen goes through a pager; at 40 columns no name is cut."""

import fcntl
import os
import pty
import struct
import subprocess
import termios
from pathlib import Path

import pytest

from tests.support.cloud import Cloud
from tests.support.prepared import Prepared
from tests.support.unharmed import lock_basic


@pytest.fixture
def locked(cloud: Cloud, prepared: Prepared) -> Cloud:
    return prepared(cloud, lock_basic)


def on_screen(scripts: Path, *arguments: str, cwd: Path, rows: int, columns: int, **variables: str) -> str:
    """Return what pinner writes to a terminal of this size."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    environment = {
        name: value for name, value in os.environ.items() if name not in {"COLUMNS", "LINES", "LESS"}
    }
    with subprocess.Popen(
        [scripts / "pinner", *arguments],
        cwd=cwd,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**environment, "TERM": "xterm-256color", "NO_COLOR": "1", **variables},
    ):
        os.close(theirs)
        written = b""
        while data := _read(ours):
            written += data
    os.close(ours)
    return written.decode().replace("\r\n", "\n")


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # Linux's way to say that the other side has closed
        return b""


def test_a_long_result_goes_through_the_pager_and_a_short_one_does_not(locked: Cloud, scripts: Path) -> None:
    def numbered(*words: str, rows: int) -> str:
        return on_screen(scripts, *words, "-q", rows=rows, columns=80, cwd=locked.project, PAGER="sed -n =")

    assert numbered("status", "--offline", rows=3).startswith("1\n2\n3\n")
    assert numbered("status", "--offline", rows=60).startswith("production: pin-")
    assert numbered("--no-pager", "status", "--offline", rows=3).startswith("production: pin-")


def test_a_file_and_a_pipe_have_no_pager(locked: Cloud, scripts: Path) -> None:
    shown = on_screen(
        scripts, "list", "-o", "list.txt", rows=1, columns=80, cwd=locked.project, PAGER="false"
    )
    assert shown == ""
    assert (locked.project / "list.txt").read_text() == locked.run("list").out


@pytest.mark.parametrize("columns", [40, 80])
def test_status_keeps_every_name_whole(locked: Cloud, columns: int, scripts: Path) -> None:
    shown = on_screen(scripts, "status", "--offline", "-q", rows=60, columns=columns, cwd=locked.project)
    for pin in locked.lock("production")["modules"].values():
        assert pin["ref"].removeprefix("refs/heads/") in shown
        assert pin["version"] in shown
    assert "…" not in shown
    assert max(map(len, shown.splitlines())) <= columns


def test_a_tree_keeps_its_lines_where_it_is_wrapped(cloud: Cloud, scripts: Path) -> None:
    cloud.upstream("keystone").commit(
        "stable/2025.1", version="26.0.0", needs={"openstack/openstacklib": ">=26.0.0 <27.0.0"}
    )
    cloud.upstream("nova").commit(
        "stable/2025.1",
        version="26.0.0",
        needs={"openstack/keystone": ">=26.0.0 <27.0.0", "puppetlabs/stdlib": ">=9"},
    )
    cloud.manifest("production", "release: 2025.1\nopenstack: [keystone, nova]\n")
    cloud.run("lock")
    lines = on_screen(scripts, "tree", "production", rows=60, columns=32, cwd=cloud.project).splitlines()
    assert lines[2:] == [
        "nova 26.0.0",
        "├── keystone 26.0.0  >=26.0.0",
        "│     <27.0.0",
        "│   └── openstacklib not in this",
        "│         environment  >=26.0.0",
        "│         <27.0.0",
        "└── stdlib not in this",
        "      environment  >=9",
    ]
