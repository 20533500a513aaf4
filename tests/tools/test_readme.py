"""What the README shows is what its commands print."""

from pathlib import Path

from tools.run_readme import as_it_runs

README = Path(__file__).resolve().parents[2] / "README.md"


def test_every_output_of_the_readme_is_what_the_command_prints() -> None:
    written = README.read_text(encoding="utf-8")
    assert as_it_runs(written) == written


def test_a_wrong_output_is_seen() -> None:
    wrong = "<!-- run -->\n```console\n$ echo right\nwrong\n$ cd /; pwd\n```\n"
    assert as_it_runs(wrong) == "<!-- run -->\n```console\n$ echo right\nright\n$ cd /; pwd\n/\n```\n"
