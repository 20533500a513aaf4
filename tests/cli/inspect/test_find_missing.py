"""`pinner find --missing ENV MODULE`: what a newer branch has that the pin has not."""

from typing import Any

import pytest

from tests.support.cloud import Cloud, Result


def land(cloud: Cloud, branch: str, subject: str, trailers: str) -> str:
    message = f"{subject}\n\n{trailers}\n"
    return cloud.upstream("nova").commit(branch, version="24.0.0", message=message)


def change(letter: str) -> str:
    return f"Change-Id: I{letter * 40}"


@pytest.fixture
def cloud_behind(cloud: Cloud) -> Cloud:
    """2024.1 got one of 2025.1's fixes before it was locked, and one after."""
    land(cloud, "stable/2024.1", "Fix one", change("1"))
    cloud.manifest("production", "release: 2024.1\nopenstack: [nova]\n")
    assert cloud.run("lock").code == 0
    land(cloud, "stable/2024.1", "Fix two", change("2"))
    land(cloud, "stable/2025.1", "Fix one", change("1"))
    land(cloud, "stable/2025.1", "Fix two", f"Closes-Bug: #1234567\n{change('2')}")
    land(cloud, "stable/2025.1", "Fix three", change("3"))
    land(cloud, "stable/2025.1", "Support something new", change("4"))
    land(cloud, "stable/2025.1", "Check the token", f"SecurityImpact\n{change('5')}")
    return cloud


def rows(result: Result) -> list[tuple[str, Any, Any]]:
    found = result.json["changes"]
    return [
        (row["subject"], row["fix"], row["state"])
        for row in found
        if not row["subject"].startswith("Change ")
    ]


def test_changes_are_told_apart_by_change_id_and_holes_come_first(cloud_behind: Cloud) -> None:
    result = cloud_behind.run("find", "--missing", "production", "nova", "--format", "json")
    assert (result.code, result.json["branch"]) == (0, "stable/2025.1")
    assert rows(result) == [
        ("Check the token", True, "missing"),
        ("Fix three", True, "missing"),
        ("Fix two", True, "waiting"),
        ("Support something new", False, "missing"),
    ]
    two = next(row for row in result.json["changes"] if row["subject"] == "Fix two")
    assert (two["bugs"], two["change_id"], two["security"]) == (["1234567"], "I" + "2" * 40, False)


def test_the_text_shows_the_fixes_and_what_update_would_bring(cloud_behind: Cloud) -> None:
    result = cloud_behind.run("find", "--missing", "production", "nova")
    lines = result.out.splitlines()
    nova = cloud_behind.upstream("nova")
    pinned = cloud_behind.lock("production")["modules"]["nova"]["commit"][:12]
    assert lines[0] == (
        f"nova in production is pinned at 24.0.0 (stable/2024.1, {pinned}); stable/2025.1 has 6 more changes, "
        "3 fixes among them"
    )
    two = nova.git("log", "--format=%h", "--abbrev=12", "--grep=Fix two", "stable/2025.1")
    assert lines[3] == f"  * {two} 2023-11-22 Fix two (bug 1234567)"
    assert lines[1].endswith("Check the token (security)")
    assert lines[-2:] == [
        "  … 3 more changes (--all shows them)",
        "  * is on stable/2024.1: 'pinner update production -m nova' brings it",
    ]
    everything = cloud_behind.run("find", "--missing", "production", "nova", "--all").out.splitlines()
    assert len(everything) == 1 + 6 + 1


def test_on_the_newest_stable_branch_the_main_one_is_newer(cloud_behind: Cloud) -> None:
    cloud_behind.manifest("next", "release: 2025.1\nopenstack: [nova]\n")
    cloud_behind.run("lock", "next")
    land(cloud_behind, "master", "Fix four", change("6"))
    result = cloud_behind.run("find", "--missing", "next", "nova", "--format", "json")
    assert (result.json["branch"], rows(result)) == ("master", [("Fix four", True, "missing")])


def test_the_branch_can_be_named(cloud_behind: Cloud) -> None:
    land(cloud_behind, "topic", "Fix five", change("7"))
    result = cloud_behind.run(
        "find", "--missing", "production", "nova", "--branch", "topic", "--format", "json"
    )
    assert rows(result) == [("Fix five", True, "missing")]
    wrong = cloud_behind.run("find", "--missing", "production", "nova", "--branch", "stable/2025.2")
    assert wrong.code == 2
    assert wrong.err.splitlines()[1:] == [
        "no branch 'stable/2025.2' in https://opendev.org/openstack/puppet-nova",
        "  hint: name one that is there: --branch stable/2025.1, --branch stable/2024.1",
    ]
    odd = cloud_behind.run("find", "--missing", "production", "nova", "--branch", "x")
    assert odd.err.splitlines()[2].startswith("  hint: name one that is there: --branch master, --branch ")


@pytest.mark.parametrize("want", ["{branch: stable/2024.1}", "{tag: 2024.1-eol}"])
def test_a_pin_that_follows_no_release_has_the_release_that_its_ref_names(
    cloud_behind: Cloud, want: str
) -> None:
    cloud_behind.upstream("nova").tag("2024.1-eol", "refs/heads/stable/2024.1")
    cloud_behind.manifest("other", f"release: 2025.1\nmodules: {{nova: {want}}}\n")
    assert cloud_behind.run("lock", "other").code == 0
    result = cloud_behind.run("find", "--missing", "other", "nova", "--format", "json")
    assert result.json["branch"] == "stable/2025.1"


def test_a_third_party_modules_newer_branch_is_its_main_one(cloud: Cloud) -> None:
    upstream = cloud.upstream("stdlib", owner="puppetlabs", repository="puppetlabs-stdlib")
    upstream.commit("main", version="9.0.0", name="puppetlabs-stdlib")
    upstream.tag("v9.0.0", "refs/heads/main")
    upstream.commit("main", version="9.0.1", name="puppetlabs-stdlib", message="(MAINT) Fix merge\n")
    cloud.manifest("production", "modules: {stdlib: {tag: v9.0.0}}\n")
    cloud.run("lock")
    result = cloud.run("find", "--missing", "production", "stdlib", "--format", "json")
    assert (result.json["branch"], rows(result)) == ("main", [("(MAINT) Fix merge", True, "missing")])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ("--missing", "production"),
            "--missing requires an environment and one of its modules: ENV MODULE\n",
        ),
        (("--branch", "x", "1234567"), "--branch and --all require --missing\n"),
        (
            ("--missing", "production", "nva"),
            "environment 'production' has no module 'nva' that is pinned by git\n  hint: did you mean 'nova'?\n",
        ),
        (
            ("--missing", "staging", "nova"),
            "environment 'staging' has no lock\n  hint: run 'pinner lock staging'\n",
        ),
    ],
)
def test_what_is_asked_wrongly_is_told(cloud_behind: Cloud, words: tuple[str, ...], message: str) -> None:
    cloud_behind.manifest("staging", "release: 2024.1\nopenstack: [nova]\n")
    result = cloud_behind.run("find", *words)
    assert (result.code, result.err) == (2, message)


def test_a_remote_that_cannot_be_asked_is_told(cloud_behind: Cloud) -> None:
    cloud_behind.upstream("nova").path.rename(cloud_behind.root / "gone")
    assert cloud_behind.run("find", "--missing", "production", "nova").code == 3
    assert cloud_behind.run("find", "--missing", "production", "nova", "--offline").code == 0
