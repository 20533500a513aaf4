"""A machine's worth of files in one directory, and real tools run in it with nothing of the user's around them."""

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

PINNER = Path(sys.executable).with_name("pinner")
_TIME_LIMIT = 600
_KEPT = (
    "PATH",
    "CI",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "COVERAGE_PROCESS_START",
    "COVERAGE_PROCESS_CONFIG",
)


@dataclass(frozen=True, slots=True)
class Site:
    """One user on one machine: every tool has `root/home` as its HOME, with the git configuration that is there."""

    root: Path

    @property
    def home(self) -> Path:
        """HOME of everything that runs here."""
        return self.root / "home"

    def run(self, *command: str | Path, cwd: Path | None = None, expect: int | None = 0) -> str:
        """Run a tool and return its output; any other exit code than `expect` (None: any) is an error with its words."""
        done = subprocess.run(
            [str(word) for word in command],
            cwd=cwd or self.root,
            env=self._variables(),
            capture_output=True,
            text=True,
            timeout=_TIME_LIMIT,
            check=False,
        )
        if expect is not None and done.returncode != expect:
            words = " ".join(str(word) for word in command)
            raise AssertionError(f"'{words}' ended with {done.returncode}:\n{done.stdout}\n{done.stderr}")
        return done.stdout

    def pinner(self, *arguments: str | Path, cwd: Path, expect: int | None = 0) -> str:
        """Run the installed `pinner` in a directory."""
        return self.run(PINNER, *arguments, cwd=cwd, expect=expect)

    def write(self, path: str, content: str) -> Path:
        """Write a file below the root."""
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(content)
        return target

    def redirect(self, prefixes: Mapping[str, str]) -> None:
        """Let every git of this site fetch from elsewhere: URL prefix to what stands for it."""
        sections = (f'[url "{there}"]\n\tinsteadOf = {here}\n' for here, there in prefixes.items())
        self.write("home/.gitconfig", "".join(sections))

    def _variables(self) -> dict[str, str]:
        self.home.mkdir(parents=True, exist_ok=True)
        kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
        return {**kept, "HOME": str(self.home), "LC_ALL": "C.UTF-8", "GIT_CONFIG_NOSYSTEM": "1"}
