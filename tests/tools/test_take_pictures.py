"""The pictures of the README and the documentation: there, small, described, and of what pinner prints."""

import re
import struct
from pathlib import Path

import pytest

from tools.run_readme import ROOT
from tools.take_pictures import DIRECTORY, NAMES, TERMINAL, WIDTH, make_project, terminal_picture

PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
IMAGE = re.compile(r"!\[([^\]]*)\]\(([^)]+)\)")
TEXT = re.compile("<text[^>]*>([^<]*)</text>")


def test_the_pictures_are_those_that_the_script_takes() -> None:
    assert sorted(path.name for path in DIRECTORY.iterdir()) == sorted(NAMES)


def test_every_picture_of_a_page_is_there_and_described_and_every_picture_is_shown() -> None:
    shown = [(page, *found) for page in PAGES for found in IMAGE.findall(page.read_text(encoding="utf-8"))]
    assert [(page, target) for page, _, target in shown if not (page.parent / target).is_file()] == []
    assert [(page, target) for page, text, target in shown if len(text) < 40] == []
    assert {Path(target).name for _, _, target in shown} == set(NAMES)


@pytest.mark.parametrize("name", [name for name in NAMES if name.endswith(".png")])
def test_a_page_is_a_small_picture(name: str) -> None:
    content = (DIRECTORY / name).read_bytes()
    assert content[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">I", content[16:20]) == (WIDTH,)
    assert len(content) < 150_000


@pytest.mark.parametrize("name", TERMINAL)
def test_a_terminal_shows_what_is_printed_now_and_loads_nothing(name: str, tmp_path: Path) -> None:
    stored = (DIRECTORY / name).read_text(encoding="utf-8")
    now = terminal_picture(make_project(tmp_path), TERMINAL[name])
    assert _lines(stored) == _lines(now) != []
    assert "url(http" not in stored
    assert "@import" not in stored


def _lines(picture: str) -> list[str]:
    """Return the lines of text in a picture; newer versions of rich end the last line, too."""
    return "".join(TEXT.findall(picture)).splitlines()
