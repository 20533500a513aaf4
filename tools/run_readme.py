"""Run the commands of a Markdown file and compare, or write, what they print.

usage: run_readme.py FILE [--write]

A block ```console after a line `<!-- run -->` is run: each line that begins with `$ ` is a command, what follows it up to
the next one is its output, stdout and stderr as a terminal shows them. All blocks of a file are one session of bash, in
a new directory. Exit code 1 and the differences if an output is not as written.
"""

import difflib
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

BLOCK = re.compile(r"(<!-- run -->\n```console\n)(.*?)(```\n)", re.DOTALL)
PROMPT = "$ "
MARK = "__end_of_output__"


def as_it_runs(text: str) -> str:
    """Return the Markdown text with the outputs that its commands have now."""
    with tempfile.TemporaryDirectory() as directory:
        commands = [_commands(block[2]) for block in BLOCK.finditer(text)]
        outputs = iter(_run([command for block in commands for command in block], Path(directory)))
        sessions = iter(
            ["".join(f"{PROMPT}{command}\n{next(outputs)}" for command in block) for block in commands]
        )
    return BLOCK.sub(lambda block: f"{block[1]}{next(sessions)}{block[3]}", text)


def _commands(block: str) -> list[str]:
    return [line.removeprefix(PROMPT) for line in block.splitlines() if line.startswith(PROMPT)]


def _run(commands: list[str], directory: Path) -> list[str]:
    script = "".join(f"{command}\necho {MARK}\n" for command in commands)
    done = subprocess.run(
        ["bash"],
        input=script,
        cwd=directory,
        env=_surroundings(directory),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.stdout.split(f"{MARK}\n")[:-1]


def _surroundings(directory: Path) -> Mapping[str, str]:
    """Return variables that keep the session to itself: this Python's pinner first, no user's git configuration."""
    scripts = str(Path(sys.executable).parent)
    settings = {"HOME": str(directory), "LC_ALL": "C.UTF-8", "GIT_CONFIG_NOSYSTEM": "1", "COLUMNS": "110"}
    own = {name: value for name, value in os.environ.items() if not name.startswith(("PINNER_", "GIT_"))}
    return {**own, **settings, "PATH": f"{scripts}{os.pathsep}{os.environ.get('PATH', '')}"}


def main(arguments: list[str]) -> int:
    """Compare or write; return the exit code."""
    path = Path(arguments[0])
    written = path.read_text(encoding="utf-8")
    now = as_it_runs(written)
    if "--write" in arguments[1:]:
        path.write_text(now, encoding="utf-8")
        return 0
    difference = difflib.unified_diff(
        written.splitlines(), now.splitlines(), str(path), "as it runs", lineterm=""
    )
    lines = list(difference)
    print("\n".join(lines))
    return int(bool(lines))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
