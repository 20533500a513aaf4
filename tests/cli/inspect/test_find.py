"""`pinner find`: which environments contain a commit, a Gerrit change, or the fix of a bug."""

import shutil

import pytest

from tests.support.cloud import Cloud, Result
from tests.support.prepared import Prepared

CHANGE = "I" + "0123456789abcdef" * 2 + "01234567"
OTHER = "I" + "f" * 40


def lock_before_and_after_a_fix(cloud: Cloud) -> None:
    cloud.manifest("old", "release: 2025.1\nopenstack: [keystone, nova]\n")
    assert cloud.run("lock").code == 0
    land(cloud, "master", "Fix the scheduler", f"Closes-Bug: #1234567\nChange-Id: {CHANGE}")
    land(cloud, "stable/2025.1", "Fix the scheduler", f"Closes-Bug: #1234567\nChange-Id: {CHANGE}")
    land(cloud, "stable/2024.1", "Fix the scheduler", f"Closes-Bug: #1234567\nChange-Id: {CHANGE}")
    cloud.manifest("new", "release: 2025.1\nopenstack: [keystone, nova]\n")
    cloud.manifest("staging", "release: 2024.1\nopenstack: [keystone, nova]\n")
    assert cloud.run("lock").code == 0


@pytest.fixture
def clouds(cloud: Cloud, prepared: Prepared) -> Cloud:
    """Old is locked before nova's branches got a fix, new after it; staging runs 2024.1, to which it was backported."""
    return prepared(cloud, lock_before_and_after_a_fix)


def land(cloud: Cloud, branch: str, subject: str, trailers: str = "", module: str = "nova") -> str:
    version = "24.0.0" if "2024" in branch else "26.0.0"
    major = int(version.partition(".")[0])
    needs = {"openstack/keystone": f">={version} <{major + 1}.0.0"} if module == "nova" else {}
    message = f"{subject}\n\nIt was broken.\n\n{trailers}"
    return cloud.upstream(module).commit(branch, version=version, needs=needs, message=message)


def tip(cloud: Cloud, branch: str) -> str:
    return cloud.upstream("nova").id(f"refs/heads/{branch}")


def having(result: Result) -> dict[str, bool]:
    return {row["name"]: row["contains"] for row in result.json["environments"]}


@pytest.mark.parametrize(
    "query",
    [
        CHANGE,
        CHANGE.lower(),
        CHANGE[:9],
        f"change:{CHANGE}",
        f"https://review.opendev.org/q/{CHANGE}",
        "1234567",
        "#1234567",
        "bug:1234567",
        "LP#1234567",
        "https://bugs.launchpad.net/puppet-nova/+bug/1234567",
    ],
)
def test_a_change_is_found_under_the_ids_of_its_backports(clouds: Cloud, query: str) -> None:
    result = clouds.run("find", query, "--format", "json")
    assert result.code == 0
    assert having(result) == {"new": True, "old": False, "staging": True}
    assert {row["commit"] for row in result.json["commits"]} == {
        tip(clouds, branch) for branch in ("master", "stable/2025.1", "stable/2024.1")
    }


@pytest.mark.parametrize("length", [40, 12, 7])
def test_a_commit_is_found_with_the_backports_that_share_its_change_id(clouds: Cloud, length: int) -> None:
    commit = tip(clouds, "master")
    result = clouds.run("find", f"commit:{commit[:length].upper()}", "--format", "json")
    assert having(result) == {"new": True, "old": False, "staging": True}
    how = {row["commit"]: row["how"] for row in result.json["commits"]}
    assert how == {
        commit: "commit",
        tip(clouds, "stable/2025.1"): "change",
        tip(clouds, "stable/2024.1"): "change",
    }


def test_the_text_says_where_it_is_and_what_would_bring_it(clouds: Cloud) -> None:
    ids = {branch: tip(clouds, branch)[:12] for branch in ("master", "stable/2025.1", "stable/2024.1")}
    before = clouds.lock("old")["modules"]["nova"]["commit"][:12]
    result = clouds.run("find", CHANGE)
    url = "https://opendev.org/openstack/puppet-nova"
    assert result.out.splitlines() == [
        f"{ids['master']} Fix the scheduler",
        f"  2023-11-19, {url}: master",
        f"{ids['stable/2025.1']} Fix the scheduler",
        f"  2023-11-20, {url}: stable/2025.1",
        f"{ids['stable/2024.1']} Fix the scheduler",
        f"  2023-11-21, {url}: stable/2024.1",
        f"new: nova 26.0.0 (stable/2025.1, {ids['stable/2025.1']}) has it as {ids['stable/2025.1']}",
        f"old: nova 26.0.0 (stable/2025.1, {before}) does not have it yet: 'pinner update old -m nova' brings it",
        f"staging: nova 24.0.0 (stable/2024.1, {ids['stable/2024.1']}) has it as {ids['stable/2024.1']}",
        f"Change-Id {CHANGE}: in 2 of 3 environments",
    ]


def test_a_commit_without_a_change_id_is_found_by_itself(clouds: Cloud) -> None:
    commit = clouds.lock("old")["modules"]["keystone"]["commit"]
    result = clouds.run("find", commit, "--format", "json")
    assert having(result) == {"new": True, "old": True, "staging": False}
    assert [row["commit"] for row in result.json["commits"]] == [commit]


def test_environments_can_be_named(clouds: Cloud) -> None:
    result = clouds.run("find", CHANGE, "old", "--format", "json")
    assert (result.code, having(result)) == (1, {"old": False})


def test_what_is_nowhere_ends_with_one(clouds: Cloud) -> None:
    result = clouds.run("find", OTHER)
    assert (result.code, result.out.splitlines()) == (
        1,
        [
            f"Change-Id {OTHER}: not found in any repository searched",
            f"Change-Id {OTHER}: in 0 of 3 environments",
        ],
    )


def test_an_environment_without_a_lock_is_named(clouds: Cloud) -> None:
    clouds.manifest("next", "release: 2025.1\nopenstack: [nova]\n")
    result = clouds.run("find", CHANGE)
    assert "next: no lock yet" in result.out.splitlines()
    assert [row["locked"] for row in clouds.run("find", CHANGE, "--format", "json").json["environments"]] == [
        True,
        False,
        True,
        True,
    ]


def test_a_revert_takes_it_away_and_the_reverts_revert_brings_it_back(clouds: Cloud) -> None:
    fix = tip(clouds, "stable/2025.1")
    revert = land(clouds, "stable/2025.1", 'Revert "Fix the scheduler"', f"This reverts commit {fix}.")
    clouds.run("update", "new")
    result = clouds.run("find", CHANGE, "--format", "json")
    assert having(result) == {"new": False, "old": False, "staging": True}
    (nova,) = result.json["environments"][0]["modules"]
    assert (nova["commits"], nova["reverted"]) == ([fix], [{"commit": fix, "by": revert}])
    line = f"no longer has it: {fix[:12]} was reverted by {revert[:12]}"
    assert line in clouds.run("find", CHANGE).out
    land(clouds, "stable/2025.1", 'Revert "Revert"', f"This reverts commit {revert}.")
    clouds.run("update", "new")
    assert having(clouds.run("find", CHANGE, "--format", "json"))["new"]


@pytest.mark.parametrize(
    ("trailer", "how", "is_in"),
    [
        ("Closes-Bug: 7654321", "closes", True),
        ("Fixes bug #7654321", "closes", True),
        ("Closes-bug: #1111111, #7654321", "closes", True),
        ("Partial-Bug: #7654321", "partial", True),
        ("Related-Bug: #7654321", "related", False),
    ],
)
def test_what_a_commit_says_of_a_bug_decides(clouds: Cloud, trailer: str, how: str, *, is_in: bool) -> None:
    land(clouds, "stable/2025.1", "Do something", trailer)
    clouds.run("update", "new")
    result = clouds.run("find", "#7654321", "--format", "json")
    assert [row["how"] for row in result.json["commits"]] == [how]
    assert having(result)["new"] is is_in
    assert result.code == int(not is_in)


@pytest.mark.parametrize(
    "text", ["See also bug 76543210", "A debugger for 7654321", "Bugs come in 7654321 ways"]
)
def test_a_number_that_only_stands_in_a_message_is_no_fix(clouds: Cloud, text: str) -> None:
    land(clouds, "stable/2025.1", "Do something", text)
    clouds.run("update", "new")
    assert clouds.run("find", "bug:7654321").code == 1


def test_a_change_id_in_the_middle_of_a_message_is_not_the_commits_own(clouds: Cloud) -> None:
    land(clouds, "stable/2025.1", "Depend on another", f"Depends-On: {OTHER}\nChange-Id: I{'a' * 40}")
    clouds.run("update", "new")
    assert clouds.run("find", OTHER).code == 1


def test_a_fork_has_a_change_under_another_id(clouds: Cloud) -> None:
    fork = clouds.upstream("nova", owner="private", repository="puppet-nova")
    picked = fork.commit(
        "acme", version="26.0.0", message=f"Fix the scheduler\n\nfrom upstream\n\nChange-Id: {CHANGE}"
    )
    clouds.manifest("acme", 'modules:\n  nova: {git: "https://git.example.net/puppet-nova", branch: acme}\n')
    assert clouds.run("lock", "acme").code == 0
    result = clouds.run("find", tip(clouds, "master"), "--format", "json")
    assert having(result)["acme"]
    assert picked in {row["commit"] for row in result.json["commits"]}


def test_a_pinned_commit_that_no_ref_reaches_is_looked_at_too(clouds: Cloud) -> None:
    upstream = clouds.upstream("nova")
    commit = land(clouds, "review", "Try something", f"Change-Id: {OTHER}")
    clouds.manifest(
        "trial", f"release: 2025.1\nopenstack: [keystone]\nmodules:\n  nova: {{commit: {commit}}}\n"
    )
    assert clouds.run("lock", "trial").code == 0
    upstream.delete("refs/heads/review")
    result = clouds.run("find", OTHER, "--format", "json")
    assert having(result) == {"new": False, "old": False, "staging": False, "trial": True}
    assert result.json["commits"][0]["refs"] == []
    assert "nova: on no branch or tag" in clouds.run("find", OTHER).out


def test_what_could_not_be_looked_at_is_told(clouds: Cloud) -> None:
    clouds.upstream("nova").path.rename(clouds.root / "gone")
    result = clouds.run("find", CHANGE, "--format", "json")
    assert result.code == 3
    assert [flaw["module"] for flaw in result.json["unknown"]] == ["nova"]
    assert "remote-unreachable" in result.err
    assert clouds.run("find", CHANGE, "--offline").code == 0


def test_a_pinned_commit_that_is_nowhere_any_more_is_told(clouds: Cloud) -> None:
    commit = land(clouds, "review", "Try something", f"Change-Id: {OTHER}")
    clouds.manifest(
        "trial", f"release: 2025.1\nopenstack: [keystone]\nmodules: {{nova: {{commit: {commit}}}}}\n"
    )
    assert clouds.run("lock", "trial").code == 0
    nova = clouds.upstream("nova")
    nova.delete("refs/heads/review")
    nova.git("reflog", "expire", "--expire=now", "--all")
    nova.git("gc", "--quiet", "--prune=now")
    shutil.rmtree(clouds.root / "cache")
    result = clouds.run("find", OTHER, "--format", "json")
    assert result.code == 3
    assert [(flaw["code"], flaw["module"]) for flaw in result.json["unknown"]] == [
        ("commit-unreachable", "nova")
    ]


def test_the_same_question_asks_git_nothing(clouds: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    assert clouds.run("update").code == 0
    answer = clouds.run("find", CHANGE, "--format", "json").out
    monkeypatch.setenv("PATH", "")
    assert clouds.run("find", CHANGE, "--offline", "--format", "json").out == answer
    assert clouds.run("find", OTHER, "--offline").code == 3


@pytest.mark.parametrize("query", ["", "nova", "2025.1", "abc", "commit:12", "I12", "1" * 41, "bug:x", "-"])
def test_what_is_neither_commit_nor_change_nor_bug(clouds: Cloud, query: str) -> None:
    result = clouds.run("find", "--", query)
    hint = (
        "write a commit id of 4 digits or more, a Change-Id (I and hex digits), or a bug's number (#1234567)"
    )
    assert (result.code, result.err) == (2, f"{query!r} is not a commit, Change-Id or bug\n  hint: {hint}\n")
