"""What lies between two commits, cached: the second look says the same, and needs no repository."""

import json
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinner.comparing.changes import range_from_json, range_to_json
from pinner.git.mirrors.metadata import ObjectCache
from pinner.model.comparison import CommitRange
from pinner.puppet.platforms import PLATFORMS
from pinner.workspace.workspace import COMMIT_RANGES
from tests.support.cloud import Cloud

CLASS = "class nova (\n{}) {{\n}}\n"
NOTE = '{{"{section}": ["{text}"]}}\n'


@pytest.fixture
def moved(tmp_path: Path) -> Cloud:
    """`before` and `after`, between which everything that is told of a move happens."""
    cloud = Cloud(tmp_path)
    nova = cloud.upstream("nova")
    nova.commit(
        "stable/2024.1", version="24.0.0", files={"manifests/init.pp": CLASS.format("  $gone = 1,\n")}
    )
    files = {
        "manifests/init.pp": CLASS.format("  $come,\n"),
        "manifests/odd.pp": "class {",
        "releasenotes/notes/a-0123456789abcdef.yaml": "---\nupgrade: [nova::gone went.]\n",
        "releasenotes/notes/b-0123456789abcdef.yaml": "--- [",
    }
    message = "Take gone away\n\nCVE-2024-1234\n\nCloses-Bug: #1234567\nChange-Id: I" + "a" * 40
    nova.commit(
        "stable/2025.1", version="26.0.0", files=files, start="refs/heads/stable/2024.1", message=message
    )
    ignored = "findings: {ignore: [end-of-life, dependency-missing]}\n"
    cloud.manifest("before", f"release: 2024.1\nopenstack: [nova]\n{ignored}")
    cloud.manifest("after", f"release: 2025.1\nopenstack: [nova]\n{ignored}")
    assert cloud.run("lock").code == 0
    return cloud


def test_the_second_look_says_the_same_and_needs_no_repository(moved: Cloud) -> None:
    first = moved.run("diff", "before", "after", "-v", "--format", "json")
    shutil.rmtree(moved.root / "upstreams")
    for mirror in (moved.root / "cache").iterdir():
        if mirror.is_dir():
            shutil.rmtree(mirror)
    again = moved.run("diff", "before", "after", "-v", "--format", "json")
    assert (first.code, again.out, again.err) == (0, first.out, first.err)
    row = first.json["modules"][0]
    assert {change["kind"] for change in row["api"]} >= {"parameter-removed", "parameter-required"}
    assert (row["ahead"], row["behind"], len(row["notes"])) == (1, 0, 1)


def test_what_is_cached_in_another_form_is_worked_out_again(moved: Cloud) -> None:
    first = moved.run("diff", "before", "after", "--format", "json")
    locks = [json.loads(moved.lock_path(name).read_text()) for name in ("before", "after")]
    old, new = (lock["modules"]["nova"]["commit"] for lock in locks)
    memory = ObjectCache(moved.root / "cache")
    key = f"{old}..{new} module {', '.join(map(str, PLATFORMS))}"
    assert memory.get(COMMIT_RANGES, [key], str)
    for text in ("", "null", "[1, 2, 3, 4]", "[null, [[]], [], []]", '["a", [], [], []]'):
        memory.put(COMMIT_RANGES, {key: text})
        assert moved.run("diff", "before", "after", "--format", "json").out == first.out


def test_data_repositories_are_not_looked_through_for_code(moved: Cloud) -> None:
    git = 'git: "https://opendev.org/openstack/puppet-nova"'
    for name, release in (("before", "2024.1"), ("after", "2025.1")):
        moved.manifest(
            name,
            f"modules:\n  nova: {{{git}, branch: stable/{release}, module: false, install_path: hiera}}\n",
        )
    assert moved.run("lock").code == 0
    row = moved.run("diff", "before", "after", "--format", "json").json["modules"][0]
    assert (row["change"], row["ahead"], row["api"], row["notes"]) == ("moved", 1, [], [])


@given(st.text())
def test_no_text_is_taken_for_a_commit_range_by_mistake(text: str) -> None:
    try:
        found = range_from_json(text)
    except ValueError:
        return
    assert range_from_json(range_to_json(found)) == found


def test_an_empty_commit_range_goes_and_comes() -> None:
    assert range_from_json(range_to_json(CommitRange())) == CommitRange()
