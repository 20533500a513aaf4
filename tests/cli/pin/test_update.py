"""`pinner update`: exactly the named modules move, and no other remote is asked."""

import pytest

from tests.support.cloud import Cloud

BASIC = "release: 2025.1\nopenstack: [keystone, nova]\n"


@pytest.fixture
def moved(cloud: Cloud) -> Cloud:
    """The project locked, and both upstreams one commit further."""
    cloud.manifest("production", BASIC)
    cloud.run("lock")
    cloud.upstream("keystone").commit("stable/2025.1", version="26.0.1")
    cloud.upstream("nova").commit(
        "stable/2025.1", version="26.0.1", needs={"openstack/keystone": ">=26.0.0 <27.0.0"}
    )
    return cloud


def commit_of(cloud: Cloud, module: str) -> str:
    return str(cloud.lock("production")["modules"][module]["commit"])


def test_update_moves_everything(moved: Cloud) -> None:
    result = moved.run("update")
    assert result.code == 0
    assert "~ nova 26.0.0" in result.out
    for module in ("keystone", "nova"):
        assert commit_of(moved, module) == moved.upstream(module).id("refs/heads/stable/2025.1")


def test_update_of_one_module_moves_that_one_and_asks_no_other_remote(moved: Cloud) -> None:
    before = commit_of(moved, "keystone")
    moved.upstream("keystone").path.rename(moved.root / "gone")
    result = moved.run("update", "-m", "nova")
    assert result.code == 0, result.err
    assert commit_of(moved, "keystone") == before
    assert commit_of(moved, "nova") == moved.upstream("nova").id("refs/heads/stable/2025.1")


def test_update_of_one_module_changes_no_other_line_of_a_stale_lock(moved: Cloud) -> None:
    before = moved.lock("production")["modules"]["keystone"]
    moved.manifest(
        "production", "release: 2024.1\nopenstack: [keystone]\nmodules:\n  nova: {branch: stable/2025.1}\n"
    )
    moved.run("update", "-m", "nova")
    assert moved.lock("production")["modules"]["keystone"] == before


def test_update_of_a_module_that_breaks_the_set_writes_nothing(moved: Cloud) -> None:
    before = moved.lock_path("production").read_bytes()
    moved.upstream("nova").commit("stable/2025.1", version="27.0.0", needs={"openstack/keystone": ">=27.0.0"})
    result = moved.run("update", "-m", "nova")
    assert (result.code, moved.lock_path("production").read_bytes()) == (1, before)


def test_an_unknown_module_is_wrong_input(moved: Cloud) -> None:
    result = moved.run("update", "-m", "nvoa")
    assert (result.code, result.err) == (
        2,
        "no environment has a module 'nvoa'\n  hint: did you mean 'nova'?\n",
    )


def test_one_module_of_an_environment_without_a_lock_is_wrong_input(cloud: Cloud) -> None:
    cloud.manifest("production", BASIC)
    result = cloud.run("update", "-m", "nova")
    assert (result.code, result.err) == (
        2,
        "environment 'production' has no lock yet\n  hint: run 'pinner lock production' first\n",
    )
