"""`pinner verify`: each finding on a real repository in which that very thing happened."""

import pytest

from tests.support.cloud import Cloud, Result

BASIC = "release: 2025.1\nopenstack: [keystone, nova]\n"


@pytest.fixture
def locked(cloud: Cloud) -> Cloud:
    cloud.manifest("production", BASIC)
    assert cloud.run("lock").code == 0
    return cloud


def codes(result: Result) -> list[tuple[str, str | None]]:
    return [(found["code"], found["module"]) for found in result.json["environments"][0]["findings"]]


def verify(cloud: Cloud, *more: str) -> Result:
    return cloud.run("verify", "--format", "json", *more)


def test_a_fresh_lock_has_no_findings(locked: Cloud) -> None:
    result = verify(locked)
    assert (result.code, codes(result)) == (0, [])
    assert result.json["format"] == 1
    assert result.json["environments"][0]["lock_id"].startswith("pin-")


def test_being_behind_is_no_finding(locked: Cloud) -> None:
    locked.upstream("nova").commit("stable/2025.1", version="26.0.1")
    assert codes(verify(locked)) == []


def test_platforms_and_puppet(cloud: Cloud) -> None:
    cloud.upstream("nova").commit(
        "stable/2025.1",
        version="26.0.0",
        metadata={
            "operatingsystem_support": [{"operatingsystem": "Ubuntu", "operatingsystemrelease": ["22.04"]}],
            "requirements": [{"name": "puppet", "version_requirement": ">= 7.9.0 < 8.0.0"}],
        },
    )
    text = 'release: 2025.1\nplatforms: {Ubuntu: ["24.04"]}\npuppet: 8.10.0\nopenstack: [nova]\n'
    cloud.manifest("production", text)
    result = cloud.run("lock", "--format", "json")
    assert (result.code, codes(result)) == (
        1,
        [("platform-unsupported", "nova"), ("puppet-unsupported", "nova")],
    )


def test_an_override_past_its_day(cloud: Cloud) -> None:
    cloud.manifest(
        "production", "modules:\n  keystone: {branch: stable/2025.1, reason: patch, until: 2020-01-31}\n"
    )
    cloud.run("lock")
    assert codes(verify(cloud)) == [("override-expired", "keystone")]


def test_a_stale_lock_and_a_missing_one(locked: Cloud) -> None:
    locked.manifest("production", "release: 2024.1\nopenstack: [keystone, nova]\n")
    assert ("lock-stale", "nova") in codes(verify(locked))
    locked.lock_path("production").unlink()
    assert codes(verify(locked)) == [("lock-missing", None)]


def test_a_mistyped_code_is_not_taken_for_silence(locked: Cloud) -> None:
    result = locked.run("verify", "--ignore", "end-of-lfie")
    assert result.code == 2
    assert result.err.endswith(
        "Error: Invalid value for '--ignore': no finding has the code 'end-of-lfie'; did you mean 'end-of-life'?\n"
    )


def test_a_dead_remote_cannot_be_found_out(locked: Cloud) -> None:
    locked.upstream("nova").path.rename(locked.root / "gone")
    result = verify(locked)
    assert (result.code, codes(result)) == (3, [("remote-unreachable", "nova")])


def test_verify_writes_nothing(locked: Cloud) -> None:
    before = {path: path.read_bytes() for path in locked.project.rglob("*") if path.is_file()}
    locked.upstream("nova").commit("stable/2025.1", version="26.0.1")
    verify(locked)
    assert {path: path.read_bytes() for path in locked.project.rglob("*") if path.is_file()} == before
