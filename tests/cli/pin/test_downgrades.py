"""A pin that went back in a lock alone: reported offline against the lock before, and shown by diff."""

import json
import shutil

import pytest

from tests.support.cloud import Cloud, Result
from tests.support.findings import codes, told, verify
from tests.support.project_history import commit, git

BASIC = "release: 2025.1\nopenstack: [keystone, nova]\n"


def check(cloud: Cloud, *more: str) -> Result:
    return cloud.run("lock", "--check", "--format", "json", *more)


@pytest.fixture
def locked(cloud: Cloud) -> Cloud:
    """Two locks in the project's history, the second with a newer nova, keystone the same; `old` holds the first."""
    git(cloud, "init", "--quiet", "--initial-branch=main")
    cloud.manifest("production", BASIC)
    assert cloud.run("lock").code == 0
    commit(cloud, "first")
    git(cloud, "tag", "first")
    shutil.copy(cloud.lock_path("production"), cloud.root / "old")
    cloud.upstream("nova").commit("stable/2025.1", version="26.0.1")
    assert cloud.run("update").code == 0
    commit(cloud, "second")
    return cloud


def roll_back(cloud: Cloud) -> None:
    shutil.copy(cloud.root / "old", cloud.lock_path("production"))


def test_a_lock_that_goes_forward(locked: Cloud) -> None:
    assert (check(locked).code, told(check(locked)), told(verify(locked))) == (0, [], [])


def test_a_pin_that_went_back_since_head(locked: Cloud) -> None:
    newer = locked.lock("production")["modules"]["nova"]["commit"]
    roll_back(locked)
    older = locked.lock("production")["modules"]["nova"]["commit"]
    result = check(locked)
    assert (result.code, told(result)) == (
        1,
        [
            (
                "error",
                "pin-downgraded",
                "nova",
                (
                    f"module 'nova': went back from 26.0.1 ({newer[:12]}) in the lock at HEAD to the older 26.0.0 "
                    f"({older[:12]}), although its selector in the manifest is the same"
                ),
                (
                    "'pinner update -m nova' returns to the newer commit; if it is intended, name it in the manifest (commit, tag or "
                    "as_of), or accept it: 'pinner lock --check --allow-older nova'"
                ),
            )
        ],
    )
    assert codes(verify(locked)) == [("pin-downgraded", "nova")]
    assert (check(locked, "--allow-older", "nova").code, check(locked, "--allow-older", "keystone").code) == (
        0,
        1,
    )


def test_a_pin_that_went_back_in_the_newest_commit(locked: Cloud) -> None:
    roll_back(locked)
    commit(locked, "third")
    result = check(locked)
    assert (result.code, codes(result)) == (1, [("pin-downgraded", "nova")])
    assert "in the lock at HEAD^ to the older" in told(result)[0][3]


def test_a_pin_that_went_back_some_commits_ago_against_the_target(locked: Cloud) -> None:
    git(locked, "branch", "target")
    roll_back(locked)
    commit(locked, "third")
    locked.project.joinpath("README").write_text("something else\n")
    locked.upstream("keystone").commit("stable/2025.1", version="26.0.1")
    locked.run("update", "-m", "keystone")
    commit(locked, "fourth")
    assert check(locked).code == 0
    assert codes(check(locked, "--against", "target")) == [("pin-downgraded", "nova")]
    assert check(locked, "--against", "first").code == 0


def test_a_target_that_is_not_there(locked: Cloud) -> None:
    result = check(locked, "--against", "nowhere")
    assert (result.code, "nowhere" in result.err) == (2, True)


def test_a_pin_that_the_manifest_holds_back(locked: Cloud) -> None:
    locked.manifest("production", BASIC + "modules:\n  nova: {tag: 26.0.0}\n")
    assert locked.run("lock").code == 0
    assert (check(locked).code, told(check(locked))) == (0, [])


@pytest.mark.parametrize("is_higher", [True, False])
def test_without_a_cache_the_versions_decide(locked: Cloud, *, is_higher: bool) -> None:
    shutil.rmtree(locked.root / "cache")
    if is_higher:
        git(locked, "checkout", "--quiet", "--detach", "first")
        git(locked, "checkout", "--quiet", "main", "--", "environments/production.lock")
    else:
        roll_back(locked)
    assert codes(check(locked)) == ([] if is_higher else [("pin-downgraded", "nova")])


def test_what_nothing_at_hand_can_decide_is_left_to_verify(locked: Cloud) -> None:
    locked.upstream("nova").commit("stable/2025.1", version="26.0.1")
    locked.run("update")
    commit(locked, "third")
    git(locked, "revert", "--no-edit", "HEAD")
    shutil.rmtree(locked.root / "cache")
    result = check(locked)
    assert (result.code, told(result)[0][1:4]) == (
        0,
        (
            "downgrade-unchecked",
            None,
            "whether pins went back since the lock at HEAD^ could not be determined from the cache: nova",
        ),
    )
    assert codes(verify(locked)) == [("pin-downgraded", "nova")]


def test_a_clone_without_history(locked: Cloud) -> None:
    clone = locked.root / "clone"
    git(locked, "clone", "--quiet", "--depth", "1", f"file://{locked.project}", str(clone))
    locked.project = clone
    assert (check(locked).code, codes(check(locked))) == (0, [("history-incomplete", None)])


def test_a_project_without_git_and_one_without_commits(cloud: Cloud) -> None:
    cloud.manifest("production", BASIC)
    assert cloud.run("lock").code == 0
    assert told(check(cloud)) == []
    git(cloud, "init", "--quiet")
    assert told(check(cloud)) == []
    commit(cloud)
    assert told(check(cloud)) == []


def test_a_third_party_module_that_was_taken_out(cloud: Cloud) -> None:
    git(cloud, "init", "--quiet")
    stdlib = cloud.upstream("stdlib", owner="puppetlabs", repository="puppetlabs-stdlib")
    stdlib.commit("main", version="9.7.0", name="puppetlabs-stdlib")
    stdlib.tag("v9.7.0", "refs/heads/main")
    cloud.upstream("nova").commit("stable/2025.1", version="26.0.1", needs={"puppetlabs/stdlib": ">=9.0.0"})
    cloud.manifest(
        "production", "release: 2025.1\nopenstack: [nova]\ndependencies: {externals: integration}\n"
    )
    assert cloud.run("lock").code == 0
    commit(cloud)
    lock = cloud.lock("production")
    del lock["modules"]["stdlib"]
    cloud.lock_path("production").write_text(json.dumps(lock))
    assert [row[:4] for row in told(check(cloud))] == [
        (
            "warning",
            "pin-dropped",
            "stdlib",
            "module 'stdlib': the lock at HEAD has it and this one does not, although nova requires it",
        )
    ]


def test_diff_shows_a_downgrade(locked: Cloud) -> None:
    result = locked.run("diff", "production", "production@first")
    assert "nova: moved down" in result.out
    assert "  downgrade: 0 commits ahead, 1 behind" in result.out.splitlines()
    rows = {
        row["name"]: (row["direction"], row["downgrade"], row["ahead"], row["behind"])
        for row in locked.run("diff", "production", "production@first", "--format", "json").json["modules"]
    }
    assert rows["nova"] == ("down", True, 0, 1)
    assert rows["keystone"][1] is False
    assert "downgrade: " in locked.run("diff", "production", "production@first", "--format", "markdown").out
    assert "downgrade: " not in locked.run("diff", "production@first", "production").out
