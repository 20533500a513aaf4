"""Real peers that tests compare with: a missing one skips on a developer's machine and fails in CI."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NoReturn

import pytest

RUBY_SCRIPTS = Path(__file__).parent


def give_up(reason: str) -> NoReturn:
    """Skip the test, or fail it where the environment variable CI is set."""
    if os.environ.get("CI"):
        pytest.fail(f"{reason}; CI must have it")
    pytest.skip(reason)


def find_tool(name: str, package: str) -> str:
    """Return the path of a program that a Debian package brings."""
    path = shutil.which(name)
    if path is None:
        give_up(f"needs {name} (Debian's package {package})")
    return str(path)


class RubyOracle:
    """One Ruby process that answers JSON lines with JSON lines."""

    def __init__(self, script: str, package: str) -> None:
        command = [find_tool("ruby", "ruby"), "-EUTF-8:UTF-8", "-W0", str(RUBY_SCRIPTS / script)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if self.ask("are you there?") != "yes":
            self.process.wait()
            give_up(f"{script} cannot run (Debian's package {package})")

    def ask(self, question: Any) -> Any:
        """Return the answer, None if the process is gone."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        try:
            self.process.stdin.write(json.dumps(question) + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            return None
        line = self.process.stdout.readline()
        return json.loads(line) if line else None

    def close(self) -> None:
        """Let the process end."""
        self.process.communicate()


def run_oracle(script: str, package: str) -> Iterator[RubyOracle]:
    """Yield a running oracle, for a fixture."""
    with closing(RubyOracle(script, package)) as oracle:
        yield oracle
