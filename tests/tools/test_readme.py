"""What the README and the documentation show is what their commands print, and what they link to is there."""

import re
from pathlib import Path

import pytest

from pinner.cli.root import COMMANDS
from tools.run_readme import ROOT, as_it_runs, pages_that_run

README = ROOT / "README.md"


def test_every_output_of_the_readme_is_what_the_installed_command_prints() -> None:
    written = README.read_text(encoding="utf-8")
    assert as_it_runs(written) == written


@pytest.mark.parametrize(
    "page",
    [page for page in pages_that_run() if page != README],
    ids=lambda page: str(page.relative_to(ROOT)),
)
def test_every_output_of_a_page_is_what_the_command_prints(page: Path, scripts: Path) -> None:
    written = page.read_text(encoding="utf-8")
    assert as_it_runs(written, scripts=scripts) == written


def test_the_readme_is_among_them() -> None:
    assert ROOT / "README.md" in pages_that_run()


def test_a_wrong_output_is_seen() -> None:
    wrong = "<!-- run -->\n```console\n$ echo right\nwrong\n$ cd /; pwd\n```\n"
    assert as_it_runs(wrong) == "<!-- run -->\n```console\n$ echo right\nright\n$ cd /; pwd\n/\n```\n"


def test_a_traceback_is_never_an_output() -> None:
    crashing = "<!-- run -->\n```console\n$ python3 -c 'import no_such_module'\n```\n"
    with pytest.raises(ValueError, match="crashed: python3 -c 'import no_such_module'"):
        as_it_runs(crashing)


def test_a_file_to_paste_has_no_prompts_and_is_written_as_it_stands() -> None:
    written = (
        "<!-- run -->\n```sh\ncat > file <<'END'\n> a\n\n$ b\nEND\n```\n\n"
        "<!-- run -->\n```console\n$ sed 's/^[$]/in file:/' file\n> a\n\nin file: b\n$ true\n```\n"
    )
    assert as_it_runs(written) == written


def test_a_block_to_paste_that_prints_is_seen() -> None:
    printing = "<!-- run -->\n```sh\necho right\n```\n"
    assert as_it_runs(printing) != printing


@pytest.mark.parametrize("page", pages_that_run(), ids=lambda page: str(page.relative_to(ROOT)))
def test_no_command_needs_a_prompt_within_to_be_removed_before_it_is_pasted(page: Path) -> None:
    blocks = re.findall(r"^```console\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert [block for block in blocks if re.search(r"^\$ .*(<<|\bdo$)", block, re.MULTILINE)] == []


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
    text = README.read_text(encoding="utf-8").split("\n## Commands\n")[1].split("\n## ")[0]
    named = re.findall(r"\[([\w-]+)\]\(docs/reference/commands\.md#pinner-([\w-]+)\)", text)
    assert sorted(named) == sorted((name, name) for name in COMMANDS)


def test_the_changelog_has_each_group_once_and_no_line_twice() -> None:
    unreleased = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8").split("\n## ")[1]
    lines = [line for line in unreleased.splitlines() if line]
    assert [line for line in lines if lines.count(line) > 1] == []
