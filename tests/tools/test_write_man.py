"""Man pages are current, and readable by what reads them."""

import subprocess
from pathlib import Path

import pytest

from pinner.cli.root import COMMANDS
from tests.support.oracles import find_tool
from tools.commands import Command, Option
from tools.write_man import OUTPUT, render_manual, render_manuals

PAGES = sorted(OUTPUT.iterdir())


def test_the_man_pages_say_what_the_commands_take() -> None:
    written = {page.name: page.read_text(encoding="utf-8") for page in PAGES}
    assert written == render_manuals(), "run 'make generated'"


def test_every_command_has_a_page() -> None:
    assert {page.name for page in PAGES} == {"pinner.1", *(f"pinner-{name}.1" for name in COMMANDS)}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_groff_has_no_complaint(page: Path) -> None:
    groff = find_tool("groff", "groff-base")
    command = [groff, "-man", "-Tutf8", "-ww", "-z", str(page)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_what_looks_like_a_request_or_an_escape_is_shown_as_text(tmp_path: Path) -> None:
    hostile = Command(
        "pinner x", ".so", (r".SH a\fB b - c", "'br d"), (Option((".x",), r"\n", ".e", ""),), (".f",)
    )
    (tmp_path / "x.1").write_text(render_manual(hostile), encoding="utf-8")
    groff = find_tool("groff", "groff-base")
    command = [groff, "-man", "-Tascii", "-P-cbou", str(tmp_path / "x.1")]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    lines = {" ".join(line.split()) for line in shown.splitlines()}
    assert {"pinner x .so", r".SH a\fB b - c", "'br d", r".x \n .e", ".f"} <= lines
