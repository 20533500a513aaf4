"""Markdown of comparisons: what upstream wrote stays text, names in its release notes are code, commits are links."""

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinner.model.comparison import ModuleChange, ReleaseNote
from pinner.model.lock import Commit
from pinner.report.ci.markdown import LARGEST, comparison_markdown, prose
from tests.support.comparisons import HOSTILE, comparison, moved


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("The ``nova::api_x`` parameter *was* removed.", r"The `nova::api_x` parameter \*was\* removed."),
        ("``x``\n  and ``$y``", "`x` and `$y`"),
        ("``a`](http://evil.example)``", r"\`\`a\`\](http://evil.example)\`\`"),
        ("`` ``", r"\`\` \`\`"),
        ("plain_text", r"plain\_text"),
    ],
)
def test_literals_of_notes_are_code_and_all_else_is_text(text: str, shown: str) -> None:
    assert prose(text) == shown


@given(st.text(st.sampled_from("`*_[]<>!ab :\n")))
def test_nothing_but_names_is_ever_left_unescaped(text: str) -> None:
    rest = re.sub(r"`[\w: ]+`", "", prose(text), flags=re.ASCII)
    assert not re.search(r"(?<!\\)[`*_\[\]<!]", rest.replace(r"\\", ""))


def test_commits_are_links_and_notes_are_listed() -> None:
    note = ReleaseNote("upgrade", "``nova::cert`` was removed.", "releasenotes/notes/x.yaml")
    lines = list(comparison_markdown(comparison(moved("nova", HOSTILE, notes=(note,)))))
    address = f"https://opendev.org/openstack/puppet-nova/commit/{'c' * 40}"
    (commit,) = (line for line in lines if address in line)
    assert commit.startswith(f"  - [`{'c' * 12}`]({address}) ")
    assert "- upgrade (new): `nova::cert` was removed." in lines
    assert not any("<script" in line.replace(r"\<script", "") for line in lines)


def long(name: str, commits: int, *, notes: int = 0) -> ModuleChange:
    """Return a module with this many commits and notes, of 100 characters each and more."""
    made = tuple(
        Commit(f"{number:040x}", (), datetime(2026, 1, 1, tzinfo=UTC), f"{name} {number} {'é' * 100}")
        for number in range(commits)
    )
    texts = tuple(
        ReleaseNote("fixes", f"{number} {'x' * 150}", f"notes/{number}.yaml") for number in range(notes)
    )
    return moved(name, commits=made, notes=texts)


def test_a_long_report_is_cut_and_counts_what_is_left_out() -> None:
    modules = [long("nova", 2_000), long("aodh", 3), long("heat", 400, notes=900)]
    lines = list(comparison_markdown(comparison(*modules)))
    size = len("\n".join(lines).encode()) + 1
    assert 50_000 < size <= LARGEST
    for name in ("nova", "aodh", "heat"):
        assert f"## {name}" in lines
        assert any(line.startswith(f"| {name} | moved") for line in lines)
    assert sum(" aodh " in line and "é" in line for line in lines) == 3
    cut = [int(found[1]) for line in lines if (found := re.fullmatch("- … ([0-9]+) more", line))]
    assert len(cut) == 3
    shown = sum("é" in line or "x" * 150 in line for line in lines)
    assert sum(cut) == 2_000 + 3 + 400 + 900 - shown
    assert lines[-1].startswith(f"{sum(cut)} lines are left out, to stay below 60,000 bytes")


def test_a_short_report_is_whole() -> None:
    lines = list(comparison_markdown(comparison(long("nova", 20))))
    assert not any("more" in line or "left out" in line for line in lines)


@pytest.mark.parametrize("number", [300, 3_000])
def test_a_report_of_many_modules_stays_below_the_limit(number: int) -> None:
    modules = [long(f"m{each}", 3, notes=2) for each in range(number)]
    lines = list(comparison_markdown(comparison(*modules)))
    assert len("\n".join(lines).encode()) < LARGEST
    assert "left out" in lines[-1]
