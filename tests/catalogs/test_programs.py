"""A program that a run needs ends with pinner, and is limited in time and output."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pinner.catalogs.programs import run_program
from pinner.model.errors import UnknownError
from tests.support.processes import processes_mentioning, wait_until

RUN = """
import os
from pathlib import Path
from pinner.catalogs.programs import run_program
from pinner.git.process import children

def report(watcher, line, *, to=children._report):
    to(watcher, line)
    Path("{started}").touch()

children._report = report
run_program(["sh", "-c", "sleep 600; : {mark}"], environment=os.environ, seconds=600)
"""
"""A kill between the start of a program and the report of it to the watcher would leave the program behind."""


def test_the_output_and_the_code_are_the_programs_own() -> None:
    done = run_program(["sh", "-c", "echo out; echo err >&2; exit 3"], environment=os.environ, seconds=60)
    assert (done.code, done.out, done.reason) == (3, b"out\n", "err")
    assert run_program(["false"], environment=os.environ, seconds=60).reason == "exit code 1"


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (["/nothing", "a b"], "/nothing 'a b': No such file or directory"),
        (["sleep", "600"], "sleep 600 did not end within"),
        (["sh", "-c", "while :; do echo 0123456789; done"], "wrote too much"),
    ],
)
def test_a_program_that_never_ends_or_never_stops_writing_is_ended(command: list[str], words: str) -> None:
    with pytest.raises(UnknownError, match=words):
        run_program(command, environment=os.environ, seconds=1, largest=100_000)


def test_a_program_ends_with_pinner_even_by_kill_9(tmp_path: Path) -> None:
    started, mark = tmp_path / "started", f"mark-of-{tmp_path.name}-{os.getpid()}"
    program = RUN.format(started=started, mark=mark)
    with subprocess.Popen([sys.executable, "-c", program], cwd=Path(__file__).resolve().parents[2]) as runner:
        wait_until(started.exists)
        assert processes_mentioning(mark)
        runner.send_signal(signal.SIGKILL)
    wait_until(lambda: not processes_mentioning(mark))
