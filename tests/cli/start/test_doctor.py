"""`pinner doctor` and `pinner config`: what works here, and which settings are in force."""

import subprocess
from pathlib import Path

import pytest

from tests.support.cloud import Cloud
from tests.support.shell import shell
from tests.support.unharmed import lock_basic


@pytest.fixture
def locked(cloud: Cloud) -> Cloud:
    return lock_basic(cloud)


def states(cloud: Cloud, *options: str) -> dict[str, str]:
    checks = cloud.run("doctor", "--format", "json", *options).json["checks"]
    return {check["subject"]: check["state"] for check in checks}


def settings(cloud: Cloud, *options: str) -> dict[str, tuple[str, str]]:
    rows = cloud.run("config", "--format", "json", *options).json["settings"]
    return {row["name"]: (row["value"], row["origin"]) for row in rows}


def test_all_is_well(locked: Cloud) -> None:
    shown = locked.run("doctor")
    assert shown.code == 0
    assert set(states(locked).values()) == {"ok"}
    version = subprocess.run(["git", "version"], capture_output=True, text=True, check=True).stdout
    assert f"  {version.strip().removeprefix('git version ')}\n" in shown.out


def test_a_server_that_does_not_answer_is_named_with_the_reason(locked: Cloud) -> None:
    locked.manifest("staging", "modules:\n  mine: {git: 'https://127.0.0.1:9/puppet-mine', branch: main}\n")
    shown = locked.run("doctor", "--retries", "0")
    assert shown.code == 1
    assert "failed   127.0.0.1:9" in shown.out
    assert states(locked)["127.0.0.1:9"] == "failed"
    assert states(locked, "--offline")["127.0.0.1:9"] == "skipped"


def test_a_gone_repository_fails_the_check(locked: Cloud) -> None:
    for module in ("keystone", "nova"):
        path = locked.upstream(module).path
        path.rename(path.with_name("gone"))
        path = path.with_name("gone")
        path.rename(path.with_name(f"{module}-gone"))
    assert "failed" in states(locked).values()


def test_wrong_settings_and_manifests_are_checks_that_fail(locked: Cloud) -> None:
    locked.manifest("production", "nonsense: 1\n")
    shown = locked.run("doctor")
    assert (shown.code, "environments/production.yaml:1:1: " in shown.out) == (1, True)
    locked.write_settings("jobs: many\n")
    shown = locked.run("doctor")
    assert (shown.code, "failed   settings" in shown.out) == (1, True)


def test_outside_of_a_project(tmp_path: Path) -> None:
    shown = shell("pinner doctor", cwd=tmp_path)
    assert (shown.code, "run 'pinner init' to start a project here" in shown.out) == (1, True)
    assert shell("pinner config", cwd=tmp_path).code == 0


def test_each_setting_has_its_origin(locked: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    locked.write_settings(
        "layout: branches\nhiera: [data, more]\nmodules: {mine: 'https://git.example.org/mine'}\n"
    )
    monkeypatch.setenv("PINNER_RETRIES", "2")
    found = settings(locked, "--jobs", "3")
    text = (locked.project / "pinner.yaml").read_text().splitlines()
    line = next(number for number, row in enumerate(text, 1) if row.startswith("layout"))
    assert found["jobs"] == ("3", "--jobs")
    assert found["retries"] == ("2", "PINNER_RETRIES")
    assert found["layout"] == ("branches", f"pinner.yaml:{line}:9")
    assert found["control_branch"] == ("production", "default")
    assert found["hiera"][0] == "data, more"
    assert found["modules.mine"][0] == "https://git.example.org/mine"
