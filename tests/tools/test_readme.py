"""What the README and the documentation show is what their commands print, and what they link to is there."""

import re
from pathlib import Path

import pytest

from pinner.cli.root import COMMANDS
from tools.run_readme import ROOT, as_it_runs, pages_that_run


@pytest.mark.parametrize("page", pages_that_run(), ids=lambda page: str(page.relative_to(ROOT)))
def test_every_output_of_a_page_is_what_the_command_prints(page: Path) -> None:
    written = page.read_text(encoding="utf-8")
    assert as_it_runs(written) == written


def test_the_readme_is_among_them() -> None:
    assert ROOT / "README.md" in pages_that_run()


def test_a_wrong_output_is_seen() -> None:
    wrong = "<!-- run -->\n```console\n$ echo right\nwrong\n$ cd /; pwd\n```\n"
    assert as_it_runs(wrong) == "<!-- run -->\n```console\n$ echo right\nright\n$ cd /; pwd\n/\n```\n"


def test_a_command_may_go_on_over_lines() -> None:
    written = "<!-- run -->\n```console\n$ cat <<END\n> a\n>\n> b\n> END\na\n\nb\n$ true\n```\n"
    assert as_it_runs(written) == written


@pytest.mark.parametrize(
    "name", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "examples/meetup-2014/README.md"]
)
def test_every_link_leads_somewhere(name: str) -> None:
    page = ROOT / name
    links = re.findall(r"\]\((?!https?://)([^)#]+)(?:#([^)]+))?\)", page.read_text(encoding="utf-8"))
    missing = [path for path, _ in links if not (page.parent / path).exists()]
    assert missing == []
    anchors = [
        (path, anchor) for path, anchor in links if anchor and not has_heading(page.parent / path, anchor)
    ]
    assert anchors == []


def has_heading(page: Path, anchor: str) -> bool:
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return anchor in {re.sub(r"[^\w-]", "", heading.lower().replace(" ", "-")) for heading in headings}


def test_the_readme_names_every_command() -> None:
    rows = re.findall(r"^\| \[([\w-]+)\]", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(rows) == sorted(COMMANDS)
