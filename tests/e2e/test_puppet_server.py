"""The Puppet Server that tests start never outlives them."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.processes import processes_mentioning, wait_until

pytestmark = pytest.mark.e2e

STARTER = """
import sys, time
from pathlib import Path
from tests.support.puppet_server import start_puppet_server

start_puppet_server(Path(sys.argv[1]))
print("started", flush=True)
time.sleep(600)
"""


def test_a_server_ends_with_whoever_started_it_even_by_kill_9(tmp_path: Path) -> None:
    root = tmp_path / "orphan"
    with subprocess.Popen(
        [sys.executable, "-c", STARTER, str(root)],
        stdout=subprocess.PIPE,
        cwd=Path(__file__).resolve().parents[2],
    ) as starter:
        assert starter.stdout
        assert starter.stdout.readline() == b"started\n"
        wait_until(lambda: bool(processes_mentioning(f"{root}/conf.d")))
        starter.kill()
    wait_until(lambda: not processes_mentioning(f"{root}/conf.d"))
