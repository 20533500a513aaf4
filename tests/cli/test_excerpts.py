"""On a terminal, or with -v, a finding or error shows the manifest's line with a caret under its column."""

from pathlib import Path

import pytest
import yaml

from tests.support.cloud import Cloud
from tests.support.terminal import on_terminal

TEXT = "release: 2025.1\nmodules:\n  nova: {tag: 99.0.0}   # soon\n"


@pytest.fixture
def project(cloud: Cloud) -> Cloud:
    cloud.manifest("production", TEXT)
    return cloud


def column_of(text: str, value: str) -> int:
    """Return the 1-based column of a scalar, as PyYAML reports it."""
    columns: list[int] = [
        token.start_mark.column + 1
        for token in yaml.scan(text)
        if isinstance(token, yaml.ScalarToken) and token.value == value
    ]
    return columns[0]


def test_a_finding_has_its_line_and_a_caret(project: Cloud, scripts: Path) -> None:
    shown = on_terminal(
        scripts, "lock", "-q", cwd=project.project, NO_COLOR="1", COLUMNS="200"
    ).out.splitlines()
    at = shown.index("  3 |   nova: {tag: 99.0.0}   # soon")
    assert shown[at - 1] == "    |"
    place = shown[at - 2].split(": ", 1)[0].strip()
    column = int(place.rpartition(":")[2])
    assert column in {column_of(TEXT, "nova"), column_of(TEXT, "99.0.0"), TEXT.splitlines()[2].index("{") + 1}
    assert shown[at + 1] == f"    | {' ' * (column - 1)}^"
    assert shown[at + 2].startswith("    hint: ")


def test_an_error_has_it_too_and_a_pipe_has_it_with_v(project: Cloud, scripts: Path) -> None:
    project.manifest("production", "release: 2025.1\nnonsense: 1\n")
    excerpt = "  |\n2 | nonsense: 1\n  | ^\n"
    assert excerpt not in project.run("lock").err
    assert excerpt in project.run("lock", "-v").err
    assert excerpt in on_terminal(scripts, "lock", cwd=project.project, NO_COLOR="1").out


def test_json_has_no_excerpt(project: Cloud) -> None:
    assert project.run("lock", "-v", "--format", "json").json["environments"]


def test_credentials_and_data_are_not_shown(project: Cloud, scripts: Path) -> None:
    project.manifest(
        "production", "modules:\n  nova: {git: 'https://me:hunter2@git.example.org/x', branch: main}\n"
    )
    shown = project.run("lock", "-v")
    assert (shown.code, "hunter2" in shown.err + shown.out) == (2, False)
    data = project.project / "data"
    data.mkdir()
    (data / "common.yaml").write_text("nova::nothing: hunter3\n")
    project.manifest("production", "release: 2025.1\nopenstack: [nova]\n")
    project.run("lock")
    audit = on_terminal(scripts, "audit", "production", "--hiera", "data", cwd=project.project)
    assert "data/common.yaml:1" in audit.out
    assert "hunter3" not in audit.out


def test_a_line_longer_than_the_screen_is_cut_around_the_caret(project: Cloud, scripts: Path) -> None:
    line = f"  nova: {{branch: main, reason: '{'word ' * 30}', tag: 99.0.0}}"
    project.manifest("production", f"release: 2025.1\nmodules:\n{line}\n")
    shown = on_terminal(scripts, "lock", "-q", cwd=project.project, NO_COLOR="1", COLUMNS="60").out
    rows = [row for row in shown.splitlines() if " | " in row]
    assert rows
    assert all(len(row) <= 60 for row in rows)
