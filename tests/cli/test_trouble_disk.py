"""Disks that are full or read-only, under the project and under the cache: told with exit code 3, nothing lost."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.cloud import Cloud
from tests.support.disks import fill, make_read_only, small_disk
from tests.support.noise import noise
from tests.support.unharmed import BASIC, lock_basic, unharmed

MEND = "  hint: the file is unchanged; fix the cause and run the command again\n"


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "disk", size="512k") as disk:
        yield disk


@pytest.fixture
def cramped(cloud: Cloud, disk: Path) -> Cloud:
    """A locked project on the small disk, its cache elsewhere, with a manifest that asks for one module less."""
    lock_basic(cloud)
    shutil.copytree(cloud.project, disk / "project")
    cloud.project = disk / "project"
    cloud.manifest("production", "release: 2025.1\nopenstack: [keystone]\n")
    return cloud


def test_no_room_for_the_lock(cramped: Cloud, disk: Path) -> None:
    ballast = fill(disk)
    with unharmed(cramped.project):
        result = cramped.run("lock")
    assert (result.code, result.err) == (
        3,
        (
            "checked 1 repository\n"
            f"environments/production.lock: the file cannot be written: No space left on device\n{MEND}"
        ),
    )
    ballast.unlink()
    assert cramped.run("lock").code == 0
    assert list(cramped.lock("production")["modules"]) == ["keystone"]


def test_no_room_for_a_puppetfile(cramped: Cloud, disk: Path) -> None:
    assert cramped.run("lock").code == 0
    assert cramped.run("generate").code == 0
    cramped.upstream("keystone").commit("stable/2025.1", version="26.0.1")
    assert cramped.run("update").code == 0
    ballast = fill(disk)
    with unharmed(cramped.project):
        result = cramped.run("generate")
    assert (result.code, result.err) == (
        3,
        f"puppetfiles/production/Puppetfile: the file cannot be written: No space left on device\n{MEND}",
    )
    ballast.unlink()
    assert cramped.run("generate").code == 0
    assert cramped.run("generate", "--check").code == 0


def test_no_room_for_the_cache(cloud: Cloud, disk: Path) -> None:
    lock_basic(cloud)
    cloud.upstream("glance").commit(
        "stable/2025.1", version="26.0.0", files={"noise": noise(1_000_000).hex()}
    )
    cloud.manifest("production", "release: 2025.1\nopenstack: [keystone, nova, glance]\n")
    with unharmed(cloud.project):
        result = cloud.run("lock", "--cache", str(disk / "cache"))
    assert result.code == 3
    assert (
        "module 'glance': no space left on the disk for the mirror of https://opendev.org/openstack/puppet-glance "
        in result.out
    )
    assert "    hint: make room, or move the cache: PINNER_CACHE\n" in result.out
    assert cloud.run("lock").code == 0


def test_a_cache_on_a_disk_without_any_room(cloud: Cloud, disk: Path) -> None:
    cloud.manifest("production", BASIC)
    fill(disk)
    with unharmed(cloud.project):
        result = cloud.run("lock", "--cache", str(disk / "cache"))
    assert (result.code, result.out) == (3, "")
    assert result.err.startswith(f"cannot make the cache {disk / 'cache'}: No space left on device\n")


def test_a_project_that_cannot_be_written(cramped: Cloud, disk: Path) -> None:
    make_read_only(disk)
    with unharmed(cramped.project):
        result = cramped.run("lock")
        looked = [
            cramped.run(*command).code for command in (("status",), ("id",), ("why", "production", "nova"))
        ]
    assert (result.code, looked) == (3, [0, 0, 0])
    assert result.err.endswith(
        f"environments/production.lock: the file cannot be written: Read-only file system\n{MEND}"
    )


def test_nothing_to_write_is_no_trouble_on_a_disk_that_cannot_be_written(cramped: Cloud, disk: Path) -> None:
    cramped.run("lock")
    cramped.run("generate")
    make_read_only(disk)
    assert [cramped.run(*command).code for command in (("lock",), ("update",), ("generate",))] == [0, 0, 0]


def test_a_manifest_and_a_lock_that_cannot_be_read(cloud: Cloud) -> None:
    lock_basic(cloud)
    for name in ("production.lock", "production.yaml"):
        path = cloud.project / "environments" / name
        kept = path.read_bytes()
        path.unlink()
        path.mkdir()
        result = cloud.run("lock")
        assert (result.code, result.out) == (2, "")
        assert (
            result.err
            == f"environments/{name}: this is not a regular file\n  hint: put a regular file here\n"
        )
        path.rmdir()
        path.write_bytes(kept)
    assert cloud.run("lock").code == 0
