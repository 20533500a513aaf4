"""`demo`: the first steps."""

import shutil
import sys
from pathlib import Path

import click

from pinner.cli.options import example
from pinner.cli.output import say
from pinner.cli.root import pinner
from pinner.operations.demo import ENVIRONMENTS, make_demo


@click.command("demo", epilog=example("pinner demo", "pinner demo /tmp/try-pinner"))
@click.argument("directory", metavar="[DIR]", default="pinner-demo", type=click.Path(path_type=Path))
def demo_command(directory: Path) -> int:
    """Make a small project with upstreams of its own, and try pinner.

    Shows lock, diff and generate on it. Needs no network; nothing outside DIR is touched.
    """
    demo = make_demo(directory)
    say([f"made a project with two environments, and five upstreams for it, in {directory}"])
    steps = (("lock",), ("diff", *ENVIRONMENTS), ("generate",))
    for step in steps:
        say(["", f"$ pinner -C {directory} {' '.join(step)}"])
        code = int(
            pinner.main(["-C", str(demo.directory), *step], prog_name="pinner", standalone_mode=False) or 0
        )
        if code:
            return code
    say(["", "and this is what r10k reads:", "", f"$ pinner -C {directory} generate --stdout production"])
    pinner.main(["-C", str(demo.directory), "generate", "--stdout", "production"], standalone_mode=False)
    say(
        [
            "",
            "what to try next:",
            f"  cd {directory}",
            *_how_to_call_pinner(),
            "  pinner status                       how far each environment is behind",
            "  pinner why production stdlib        where a pin comes from",
            "  pinner audit production --hiera data",
            "                                      keys that bind to nothing, values that do not fit",
            "  pinner diff production staging --hiera data",
            "                                      what the move changes for this operator's own data",
            "  edit environments/staging.yaml, then 'pinner lock' and 'pinner diff production staging'",
            "  r10k puppetfile check --puppetfile puppetfiles/production/Puppetfile",
        ]
    )
    return 0


def _how_to_call_pinner() -> tuple[str, ...]:
    """Return what to type first where the shell does not know `pinner` yet, as after `make demo`."""
    if shutil.which("pinner"):
        return ()
    return (f'  PATH="{Path(sys.executable).parent}:$PATH"   so that your shell finds pinner',)
