"""`demo`: the first steps."""

import shlex
import shutil
import sys
from collections.abc import Callable, Sequence
from contextlib import chdir
from pathlib import Path

import click

from pinner.adopting.demo import ENVIRONMENTS, commit_locks, make_demo
from pinner.cli.options import PinnerCommand, example
from pinner.cli.output import captured_data, print_data
from pinner.cli.root import pinner

STEPS: tuple[tuple[tuple[str, ...], str, Callable[[Sequence[str]], Sequence[str]]], ...] = (
    (("lock",), "grep -v '^ '", lambda lines: [line for line in lines if not line.startswith(" ")]),
    (("diff", *ENVIRONMENTS, "--hiera", "data"), "tail -n 1", lambda lines: lines[-1:]),
    (("generate",), "grep Puppetfile", lambda lines: [line for line in lines if "Puppetfile" in line]),
)
"""What the demo runs: arguments, the filter that shortens the output in a shell, and the same filter here."""


@click.command("demo", cls=PinnerCommand, epilog=example("pinner demo", "pinner demo /tmp/try-pinner"))
@click.argument("directory", metavar="[DIR]", default="pinner-demo", type=click.Path(path_type=Path))
def demo_command(directory: Path) -> int:
    """Create a small project with its own upstreams, to try pinner.

    The project is a git repository. Runs lock, diff and generate in it. Requires no network.
    """
    demo = make_demo(directory)
    print_data([f"made {directory}: a git repository with two environments and five upstreams"])
    for arguments, shown_filter, keep in STEPS:
        print_data(["", f"$ pinner {shlex.join(arguments)} | {shown_filter}"])
        with chdir(demo.directory), captured_data() as printed:
            code = int(pinner.main([*arguments], prog_name="pinner", standalone_mode=False) or 0)
        lines = "".join(printed).splitlines()
        print_data(keep(lines) if code == 0 else lines)
        if code:
            return code
    commit_locks(demo)
    print_data(
        [
            "",
            "try next:",
            f"  {_path_to_pinner()}cd {shlex.quote(str(directory))}",
            f"  pinner diff {' '.join(ENVIRONMENTS)} --hiera data",
            "  pinner dashboard -o dashboard.html",
        ]
    )
    return 0


def _path_to_pinner() -> str:
    """Return the assignment to type first if `pinner` is not on PATH, as after `make demo`."""
    if shutil.which("pinner"):
        return ""
    scripts = Path(sys.executable).parent
    here = Path.cwd()
    shown = f"$PWD/{scripts.relative_to(here)}" if scripts.is_relative_to(here) else str(scripts)
    return f'PATH="{shown}:$PATH"; '
