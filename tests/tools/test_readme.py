"""What the README and the documentation show is what their commands print."""

from pathlib import Path

import pytest

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
