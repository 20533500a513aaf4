"""`pinner diff`: what changes between two locks, wherever they are."""

import subprocess

import pytest

from tests.support.cloud import Cloud
from tests.support.prepared import Prepared


def lock_two_releases(cloud: Cloud) -> None:
    cloud.upstream("glance").commit("stable/2025.1", version="26.0.0")
    cloud.manifest("old", "release: 2024.1\nopenstack: [keystone, nova]\n")
    cloud.manifest("new", "release: 2025.1\nopenstack: [glance, keystone]\nmodules:\n  nova: {tag: 26.0.0}\n")
    assert cloud.run("lock").code == 0


@pytest.fixture
def two(cloud: Cloud, prepared: Prepared) -> Cloud:
    """Two environments on two releases; glance is only in the new one, a tag and a fork differ in selector only."""
    return prepared(cloud, lock_two_releases)


def test_the_text_counts_first_and_folds_nothing_that_matters(two: Cloud) -> None:
    result = two.run("diff", "old", "new")
    lines = result.out.splitlines()
    assert result.code == 0
    assert lines[1] == "1 added, 0 removed, 2 moved, 0 same"
    assert any(line.startswith("glance: added at 26.0.0 (stable/2025.1, ") for line in lines)
    assert any(line.startswith("nova: moved up 24.0.0 (stable/2024.1, ") for line in lines)
    assert "  want: release 2024.1 -> tag 26.0.0" in lines
    assert "  1 commit ahead, 1 behind" in lines


def test_json_has_the_documented_keys(two: Cloud) -> None:
    found = two.run("diff", "old", "new", "--format", "json").json
    glance, keystone, nova = found["modules"]
    assert (found["format"], found["from"]["name"], found["to"]["name"]) == (1, "old", "new")
    assert (glance["change"], glance["from"], glance["to"]["version"]) == ("added", None, "26.0.0")
    assert (nova["change"], nova["ahead"], nova["behind"]) == ("moved", 1, 1)
    assert [commit["subject"] for commit in nova["commits"]] == ["Change 3"]
    assert keystone["from"]["want"] == {"release": "2024.1"}
    assert {"api", "notes", "hiera"} <= nova.keys()


@pytest.mark.parametrize("form", ["text", "json", "markdown", "html"])
def test_named_modules_are_shown_alone_in_every_format(two: Cloud, form: str) -> None:
    shown = two.run("diff", "old", "new", "-m", "nova", "--format", form)
    assert (shown.code, "nova" in shown.out, "glance" in shown.out) == (0, True, False)


def test_a_module_that_neither_side_has_is_told(two: Cloud) -> None:
    result = two.run("diff", "old", "new", "-m", "nvoa")
    assert (result.code, result.out, result.err) == (
        2,
        "",
        "neither side has a module 'nvoa'\n  hint: did you mean 'nova'?\n",
    )


def test_the_way_back_is_down_and_removes(two: Cloud) -> None:
    result = two.run("diff", "new", "old")
    assert "1 removed" in result.out
    assert "nova: moved down 26.0.0" in result.out


def test_merges_are_folded(two: Cloud) -> None:
    nova = two.upstream("nova")
    tip = nova.id("refs/heads/stable/2025.1")
    side = nova.commit("side", version="26.0.1", start="refs/heads/stable/2025.1", message="Fix a bug")
    tree = nova.git("rev-parse", f"{side}^{{tree}}")
    who = ("-c", "user.name=U", "-c", "user.email=u@example.org")
    merge = nova.git(*who, "commit-tree", "-p", tip, "-p", side, "-m", "Merge change", tree)
    nova.move("refs/heads/stable/2025.1", merge)
    two.manifest("newer", "release: 2025.1\nopenstack: [keystone, nova]\n")
    two.manifest("base", f"modules:\n  nova: {{commit: {tip}}}\n  keystone: {{branch: stable/2025.1}}\n")
    two.run("lock", "newer", "base")
    result = two.run("diff", "base", "newer", "-m", "nova")
    assert "  2 commits ahead (1 merge not listed)" in result.out
    assert "Fix a bug" in result.out
    assert "Merge change" not in result.out


def test_exit_code_tells_whether_two_environments_run_the_same_code(two: Cloud) -> None:
    assert two.run("diff", "old", "new").code == 0
    assert two.run("diff", "old", "new", "--exit-code").code == 1
    assert two.run("diff", "old", "old", "--exit-code").code == 0


def test_an_environment_at_a_revision_of_the_project(two: Cloud) -> None:
    who = ["-c", "user.name=U", "-c", "user.email=u@example.org"]
    for command in (["init", "-q"], ["add", "."], [*who, "commit", "-qm", "locks"]):
        subprocess.run(["git", *command], cwd=two.project, check=True)
    two.manifest("old", "release: 2024.1\nopenstack: [keystone]\n")
    two.run("lock", "old")
    result = two.run("diff", "old@HEAD", "old")
    assert (result.code, "nova: removed, was 24.0.0" in result.out) == (0, True)
    missing = two.run("diff", "old@nowhere", "old")
    assert (missing.code, "nowhere" in missing.err) == (2, True)


def test_a_path_to_a_lock_is_a_side_too(two: Cloud) -> None:
    assert two.run("diff", "environments/old.lock", "old", "--exit-code").code == 0
    assert two.run("diff", "environments/none.lock", "old").code == 2


def test_markdown_shows_subjects_as_they_are_written(two: Cloud) -> None:
    two.upstream("nova").commit("stable/2024.1", version="24.0.0", message="Fix <b>`x`</b> | [y](z) #1")
    two.manifest("newest", "release: 2024.1\nopenstack: [keystone, nova]\n")
    two.run("lock", "newest")
    result = two.run("diff", "old", "newest", "--format", "markdown")
    assert r"Fix \<b>\`x\`\</b> \| \[y\](z) \#1" in result.out


def test_a_side_that_is_no_environment_is_wrong_input(two: Cloud) -> None:
    result = two.run("diff", "old", "nwe")
    assert (result.code, "nwe" in result.err) == (2, True)


def test_what_no_repository_at_hand_knows_is_said(two: Cloud) -> None:
    fork = two.upstream("nova", owner="private")
    fork.commit("main", version="26.0.0")
    two.manifest("forked", 'modules:\n  nova: {git: "https://git.example.net/puppet-nova", branch: main}\n')
    two.run("lock", "forked")
    result = two.run("diff", "new", "forked", "-m", "nova")
    assert "the number of commits in between could not be determined" in result.out
    assert (
        "  git: https://opendev.org/openstack/puppet-nova -> https://git.example.net/puppet-nova"
        in result.out
    )
