"""Run the commands of Markdown files and compare, or write, what they print.

usage: run_readme.py [--write] [FILE...]    (default: the README and every page of docs/ that has such commands)

A block ```console after a line `<!-- run -->` is run: each line that begins with `$ ` is a command, and what follows up
to the next one is its output, stdout and stderr as a terminal shows them. A block ```sh after such a line is one command
that prints nothing: a file or a loop, without prompts, to be pasted. All blocks of a file are one session of bash, in a
new directory. Exit code 1 and the differences if an output is not as written.
"""

import difflib
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BLOCK = re.compile(r"(<!-- run -->\n```(?:console|sh)\n)(.*?)(```\n)", re.DOTALL)
COMMAND = re.compile(r"^\$ .*\n", re.MULTILINE)
TO_PASTE = "```sh\n"
SCRIPTS = Path(sys.executable).parent
CRASH = "Traceback (most recent call last)"
MARK = "__end_of_output__"


def pages_that_run() -> tuple[Path, ...]:
    """Return the README and the pages of docs/ that have commands to run, by path."""
    pages = (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
    return tuple(page for page in pages if BLOCK.search(page.read_text(encoding="utf-8")))


def as_it_runs(text: str, *, scripts: Path = SCRIPTS) -> str:
    """Return the Markdown text with the outputs that its commands have now; `scripts` has the `pinner` to run.

    Raises ValueError if a command ends with a traceback of Python, which no page is to show.
    """
    blocks = [
        [block[2]] if block[1].endswith(TO_PASTE) else COMMAND.findall(block[2])
        for block in BLOCK.finditer(text)
    ]
    commands = [command.removeprefix("$ ") for block in blocks for command in block]
    with tempfile.TemporaryDirectory() as directory:
        printed = _run(commands, Path(directory), scripts)
    if crashed := [command for command, output in zip(commands, printed, strict=True) if CRASH in output]:
        raise ValueError(f"crashed: {crashed[0]}")
    outputs = iter(printed)
    sessions = iter(["".join(f"{command}{next(outputs)}" for command in block) for block in blocks])
    return BLOCK.sub(lambda block: f"{block[1]}{next(sessions)}{block[3]}", text)


def _run(commands: list[str], directory: Path, scripts: Path) -> list[str]:
    script = "".join(f"{command}echo {MARK}\n" for command in commands)
    done = subprocess.run(
        ["bash"],
        input=script,
        cwd=directory,
        env=_surroundings(directory, scripts),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.stdout.split(f"{MARK}\n")[:-1]


def _surroundings(directory: Path, scripts: Path) -> Mapping[str, str]:
    """Return variables that keep the session to itself: the commands of `scripts` first, no user's git configuration."""
    settings = {"HOME": str(directory), "LC_ALL": "C.UTF-8", "GIT_CONFIG_NOSYSTEM": "1", "COLUMNS": "110"}
    own = {name: value for name, value in os.environ.items() if not name.startswith(("PINNER_", "GIT_"))}
    return {**own, **settings, "PATH": f"{scripts}{os.pathsep}{os.environ.get('PATH', '')}"}


def main(arguments: list[str]) -> int:
    """Compare or write; return the exit code."""
    named = [Path(argument) for argument in arguments if argument != "--write"]
    is_writing = "--write" in arguments
    return max([_treat(page, is_writing=is_writing) for page in named or pages_that_run()])


def _treat(page: Path, *, is_writing: bool) -> int:
    written = page.read_text(encoding="utf-8")
    now = as_it_runs(written)
    if is_writing:
        page.write_text(now, encoding="utf-8")
        return 0
    difference = difflib.unified_diff(
        written.splitlines(), now.splitlines(), str(page), "as it runs", lineterm=""
    )
    lines = list(difference)
    print("\n".join(lines))
    return int(bool(lines))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
