"""Versions in a deployment directory: going back, listing, cleaning, and `verify --deployed`."""

import os
from pathlib import Path
from typing import Any

import pytest

from pinner.git.objects.tree_store import TreeStore
from tests.cli.deploy.test_deploy import deploy, locked, served, target
from tests.support.cloud import Cloud, Result
from tests.support.control import lock_two, make_control, move_nova
from tests.support.prepared import Prepared

pytestmark = pytest.mark.usefixtures("_known_committer")


def on_directory(cloud: Cloud, *arguments: str) -> Result:
    return cloud.run("deploy", "--to", str(target(cloud)), *arguments)


def current(cloud: Cloud, environment: str = "staging") -> str:
    return Path(os.readlink(target(cloud) / environment)).name  # noqa: PTH115 - the target itself


@pytest.fixture
def three(cloud: Cloud, prepared: Prepared) -> tuple[Cloud, list[str]]:
    """A project of which staging was deployed three times, and its versions, oldest first."""
    prepared(cloud, lock_two)
    versions = []
    for number in range(3):
        if number:
            move_nova(cloud, "2025.1")
        assert deploy(cloud).code == 0
        versions.append(current(cloud))
    return cloud, versions


def test_going_back_needs_nothing_but_the_directory(three: tuple[Cloud, list[str]]) -> None:
    cloud, versions = three
    production = current(cloud, "production")
    for name in ("upstreams", "cache"):
        (cloud.root / name).rename(cloud.root / f"gone-{name}")
    result = on_directory(cloud, "--rollback", "staging")
    assert result.code == 0, result.err
    assert result.out.splitlines()[-1] == f"deployed 1 environment to {target(cloud)}: 1 rolled back"
    assert "the next deployment switches to the locks again: revert them too" in result.err
    assert current(cloud) == versions[1]
    assert current(cloud, "production") == production
    assert on_directory(cloud, "--rollback", "staging").code == 0
    assert current(cloud) == versions[0]
    none = on_directory(cloud, "--rollback", "staging")
    assert none.code == 2
    assert "no version of 'staging' was served before the current one" in none.err
    assert on_directory(cloud, "--rollback", f"staging@{versions[2][:20]}").code == 0
    assert current(cloud) == versions[2]


def test_of_a_long_log_of_switches_the_newest_count(three: tuple[Cloud, list[str]]) -> None:
    cloud, versions = three
    log = target(cloud) / ".pinner/switches"
    newest = log.read_bytes()
    other = (
        newest.splitlines(keepends=True)[0]
        .replace(b'"staging"', b'"gone"')
        .replace(b'"production"', b'"gone"')
    )
    log.write_bytes(other * (17 * 1024 * 1024 // len(other)) + newest)
    assert on_directory(cloud, "--rollback", "staging").code == 0
    assert current(cloud) == versions[1]


def test_a_deployment_after_going_back_serves_the_lock_again(three: tuple[Cloud, list[str]]) -> None:
    cloud, versions = three
    assert on_directory(cloud, "--rollback", "staging").code == 0
    assert deploy(cloud).code == 0
    assert current(cloud) == versions[2]
    assert served(cloud, "staging") == locked(cloud, "staging")


def test_nobody_goes_back_to_an_altered_version(three: tuple[Cloud, list[str]]) -> None:
    cloud, versions = three
    older = target(cloud) / ".pinner/versions/staging" / versions[1]
    init = (older / "modules/nova").resolve() / "manifests/init.pp"
    init.chmod(0o644)
    init.write_text("class evil {}\n")
    result = on_directory(cloud, "--rollback", "staging", "--rollback", "production@pin")
    assert result.code == 3
    assert (
        f"version {versions[1]} of 'staging' cannot be served: the stored files of 'modules/nova'"
        in result.err
    )
    assert current(cloud) == versions[2]


def test_the_versions_are_listed_with_when_and_by_whom(three: tuple[Cloud, list[str]]) -> None:
    cloud, versions = three
    assert on_directory(cloud, "--rollback", f"staging@{versions[0]}").code == 0
    lines = on_directory(cloud, "--list", "staging").out.splitlines()
    assert lines[0] == "staging:"
    assert lines[1].startswith(f"* {versions[0]}  made 20")
    assert {line.split()[0] for line in lines[2:]} == set(versions[1:])
    listed: Any = on_directory(cloud, "--list", "--format", "json").json
    assert [one["name"] for one in listed["environments"]] == ["production", "staging"]
    (staging,) = (one["versions"] for one in listed["environments"] if one["name"] == "staging")
    assert [one["current"] for one in staging] == [True, False, False]
    assert staging[0]["lock_id"] == versions[0].rpartition("-")[0]
    assert staging[0]["made_by"]
    assert on_directory(cloud, "--list", "other").code == 2


def test_cleaning_removes_old_versions_and_the_trees_that_only_they_have(
    three: tuple[Cloud, list[str]],
) -> None:
    cloud, versions = three
    store = TreeStore(target(cloud) / ".pinner/trees")
    before = len(store.list())
    young = on_directory(cloud, "--clean", "--keep", "0")
    assert young.out == "removed 0 versions of 4, 0 trees of 0 bytes\n"
    result = on_directory(cloud, "--clean", "--keep", "2", "--min-age", "0")
    assert result.code == 0, result.err
    assert result.out.splitlines()[0].startswith(f"removed staging {versions[0]}, made 20")
    assert result.out.splitlines()[-1].startswith("removed 1 version of 4, 1 tree of ")
    assert len(store.list()) == before - 1
    assert on_directory(cloud, "--rollback", "staging").code == 0
    assert on_directory(cloud, "--clean", "--keep", "0", "--min-age", "0").code == 0
    assert current(cloud) == versions[1]
    assert deploy(cloud, "--dry-run").code == 0
    for environment in ("production", "staging"):
        assert (target(cloud) / environment / "modules/nova/metadata.json").is_file()


def test_versions_of_an_environment_that_is_gone_are_removed(three: tuple[Cloud, list[str]]) -> None:
    cloud, _ = three
    for suffix in ("yaml", "lock"):
        (cloud.project / f"environments/staging.{suffix}").unlink()
    note = deploy(cloud)
    assert note.code == 0
    assert f"{target(cloud) / 'staging'}: the project no longer has this environment" in note.err
    (target(cloud) / "staging").unlink()
    assert "removed 3 versions of 4" in on_directory(cloud, "--clean", "--min-age", "0").out


def test_verify_knows_environments_that_pinner_put_in_place(cloud: Cloud) -> None:
    control = make_control(cloud)
    lock_two(cloud)
    for branch in ("production", "staging"):
        control.repository.commit({"data/common.yaml": "a: 1\n"}, branch=branch)
    assert deploy(cloud, "--link", "copy").code == 0
    fine = cloud.run("verify", "--deployed", str(target(cloud)))
    assert fine.code == 0, fine.out
    data = target(cloud) / "staging/data/common.yaml"
    data.chmod(0o644)
    data.write_text("a: 2\n")
    result = cloud.run("verify", "--deployed", str(target(cloud)))
    assert result.code == 1
    assert f"version {current(cloud)}: 'data/common.yaml' differs [deployed-version]" in result.out
    assert "production" not in "".join(line for line in result.out.splitlines() if "error: " in line)
    assert cloud.run("verify", "--deployed", str(target(cloud)), "--ignore", "deployed-version").code == 0
    assert deploy(cloud, "--link", "copy").code == 0
    assert cloud.run("verify", "--deployed", str(target(cloud))).code == 0
    elsewhere = target(cloud).with_name("elsewhere")
    version = (target(cloud) / "staging").resolve()
    version.chmod(0o755)  # whoever is not root cannot move a directory that is read-only
    version.rename(elsewhere)
    (target(cloud) / "staging").unlink()
    (target(cloud) / "staging").symlink_to(elsewhere)
    result = cloud.run("verify", "--deployed", str(target(cloud)))
    assert "environment 'staging' is a link to a directory that is not a version" in result.out


def test_options_that_exclude_each_other(cloud: Cloud) -> None:
    for arguments in (
        ("--list", "--clean"),
        ("--check", "--dry-run"),
        ("--clean", "production"),
        ("--keep", "3"),
    ):
        assert on_directory(cloud, *arguments).code == 2


def test_a_directory_that_pinner_did_not_deploy_to(cloud: Cloud) -> None:
    target(cloud).mkdir()
    result = on_directory(cloud, "--list")
    assert result.code == 2
    assert "nothing was deployed here by pinner" in result.err
