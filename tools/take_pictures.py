"""Take the pictures of the README and the documentation: two pages in Chromium, and a terminal.

usage: python -m tools.take_pictures [DIR]    (default: docs/assets/pictures)

All show the project of `pinner demo`, as it is printed and rendered now.
"""

import fcntl
import os
import pty
import struct
import subprocess
import sys
import tempfile
import termios
from collections.abc import Sequence
from io import StringIO
from pathlib import Path

from rich.console import Console
from rich.text import Text

from tests.support.browser import open_page, run_browser
from tools.run_readme import ROOT, SCRIPTS

DIRECTORY = ROOT / "docs" / "assets" / "pictures"
PAGES = {
    "review.png": (("diff", "production", "staging", "--hiera", "data", "--format", "html"), 1080),
    "dashboard.png": (("dashboard",), 1160),
}
"""By name: the command that writes the page, and the height of the picture in pixels."""
TERMINAL = {"terminal.svg": ("audit", "staging", "--hiera", "data")}
NAMES = (*PAGES, *TERMINAL)
WIDTH = 1080
"""Of a picture of a page, in pixels."""
COLUMNS, ROWS = 92, 40
"""Of the terminal."""
# The template of rich without its web fonts: a page that shows the picture loads nothing from elsewhere.
SVG = """\
<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{ font-family: "DejaVu Sans Mono", Menlo, Consolas, monospace; font-size: {char_height}px;
  line-height: {line_height}px; font-variant-east-asian: full-width; }}
.{unique_id}-title {{ font-size: 18px; font-weight: bold; font-family: arial, sans-serif; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" />
</clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""


def make_project(directory: Path) -> Path:
    """Make the demo's project below a directory; return where it is."""
    _run(("demo", "demo"), directory)
    return directory / "demo"


def page_pictures(project: Path, directory: Path) -> None:
    """Write the pictures of the HTML pages: the upper part of each, in light colours."""
    with run_browser() as browser:
        for name, (arguments, height) in PAGES.items():
            page = project.parent / f"{name}.html"
            _run((*arguments, "-o", str(page)), project)
            with open_page(browser, page, viewport={"width": WIDTH, "height": height}) as opened:
                opened.page.screenshot(path=directory / name)


def terminal_picture(project: Path, arguments: Sequence[str]) -> str:
    """Return an SVG of what a command prints on a terminal."""
    printed = _run_on_terminal(arguments, project)
    console = Console(
        record=True, width=COLUMNS, file=StringIO(), force_terminal=True, color_system="truecolor"
    )
    console.print(Text(f"$ pinner {' '.join(arguments)}", style="bold"))
    console.print(Text.from_ansi(printed), end="")
    drawn = console.export_svg(title="pinner", code_format=SVG, unique_id="terminal")
    return "".join(f"{line.rstrip()}\n" for line in drawn.splitlines() if line.strip())


def _run(arguments: Sequence[str], directory: Path) -> None:
    subprocess.run(
        [SCRIPTS / "pinner", "--no-pager", *arguments],
        cwd=directory,
        env=_surroundings(directory),
        check=True,
        stdout=subprocess.DEVNULL,
    )


def _run_on_terminal(arguments: Sequence[str], directory: Path) -> str:
    """Return what a command prints on a terminal of this size, with its codes for colours."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    started = subprocess.Popen(
        [SCRIPTS / "pinner", "--no-pager", *arguments],
        cwd=directory,
        env=_surroundings(directory),
        stdin=subprocess.DEVNULL,
        stdout=theirs,
    )
    os.close(theirs)
    chunks = []
    while chunk := _read(ours):
        chunks.append(chunk)
    os.close(ours)
    started.wait()
    return b"".join(chunks).decode().replace("\r\n", "\n")


def _read(terminal: int) -> bytes:
    """Return the next bytes; none when the other end is closed, which Linux reports as an error."""
    try:
        return os.read(terminal, 65536)
    except OSError:
        return b""


def _surroundings(directory: Path) -> dict[str, str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith(("PINNER_", "GIT_"))}
    for name in ("NO_COLOR", "COLUMNS"):
        own.pop(name, None)
    return {
        **own,
        "HOME": str(directory),
        "LC_ALL": "C.UTF-8",
        "TERM": "xterm-256color",
        "GIT_CONFIG_NOSYSTEM": "1",
    }


def main(arguments: list[str]) -> int:
    """Write all pictures; return the exit code."""
    directory = Path(arguments[0]) if arguments else DIRECTORY
    directory.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as parent:
        project = make_project(Path(parent))
        for name, command in TERMINAL.items():
            (directory / name).write_text(terminal_picture(project, command), encoding="utf-8")
        page_pictures(project, directory)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
