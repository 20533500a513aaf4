"""Packages beside modules: `audit`, `verify` and `upgrade` compare the repositories that data and site code configure."""

from pathlib import Path

import pytest

from tests.support.cloud import Cloud
from tests.support.prepared import Prepared

PLACES = {
    "openstack_extras::repo::debian::ubuntu::release: caracal\n": "caracal",
    "openstack_extras::repo::redhat::redhat::release: '2024.1'\n": "2024.1",
    "openstack_extras::repo::debian::debian::release: 2024.1\n": "2024.1",
    "apt::sources:\n  uca: {location: http://ubuntu-cloud.archive.canonical.com/ubuntu, release: jammy-updates/caracal}\n": (
        "jammy-updates/caracal"
    ),
    "ours::repositories: ['cloud-archive:caracal']\n": "cloud-archive:caracal",
    "yum::repos:\n  rdo: {baseurl: 'http://mirror.example.org/9-stream/cloud/x86_64/openstack-caracal/'}\n": (
        "/openstack-caracal"
    ),
    "ours::rdo: https://trunk.rdoproject.org/centos9-caracal/current\n": "trunk.rdoproject.org/centos9-caracal",
    "ours::suite: bookworm-caracal-backports\n": "bookworm-caracal-backports",
    "ours::packages: [centos-release-openstack-caracal]\n": "centos-release-openstack-caracal",
}
OTHERS = (
    "openstack_extras::repo::debian::ubuntu::release: epoxy\n",
    "openstack_extras::repo::debian::ubuntu::uca_location: http://mirror.example.org/ubuntu\n",
    "openstack_extras::repo::debian::ubuntu::release: '%{facts.release}'\n",
    "ours::suite: bookworm-backports\n",
    "ours::pocket: jammy-updates/main\n",
    "ours::release: caracal\n",
    "ours::image: registry.example.org/openstack-caracal-nova\n",
)


def lock_live(cloud: Cloud) -> None:
    cloud.manifest("live", "release: 2025.1\nopenstack: [keystone, nova]\n")
    assert cloud.run("lock").code == 0
    (cloud.project / "data").mkdir()


@pytest.fixture
def live(cloud: Cloud, prepared: Prepared) -> Cloud:
    return prepared(cloud, lock_live)


def write(cloud: Cloud, text: str) -> Path:
    path = cloud.project / "data/common.yaml"
    path.write_text(text)
    return path


def errors(cloud: Cloud, *arguments: str) -> list[tuple[str, int, str]]:
    found = cloud.run(*arguments, "--hiera", "data", "--format", "json").json["environments"][0]["findings"]
    return [
        (one["path"], one["line"], one["message"])
        for one in found
        if one["code"] == "packages-of-other-release"
    ]


@pytest.mark.parametrize(("text", "named"), PLACES.items())
def test_packages_of_another_release_are_an_error(live: Cloud, text: str, named: str) -> None:
    write(live, text)
    key = text.partition(": ")[0].partition(":\n")[0]
    line = 2 if text.count("\n") == 2 else 1
    message = f"'{key}' installs packages of 2024.1 ({named}), the modules are of 2025.1"
    assert errors(live, "audit", "live") == [("data/common.yaml", line, message)]
    assert errors(live, "verify", "live") == [("data/common.yaml", line, message)]
    assert live.run("verify", "live", "--hiera", "data").code == 1


@pytest.mark.parametrize("text", OTHERS)
def test_what_is_of_the_release_or_names_none_is_not(live: Cloud, text: str) -> None:
    write(live, text)
    assert errors(live, "audit", "live") == []
    assert live.run("verify", "live", "--hiera", "data").code == 0


def test_site_code(live: Cloud) -> None:
    write(live, "a: 1\n")
    (live.project / "site").mkdir()
    (live.project / "site/repo.pp").write_text(
        "class repo {\n"
        "  class { 'openstack_extras::repo::debian::ubuntu': release => 'caracal' }\n"
        "  apt::source { 'uca': location => 'http://a.example.org', release => 'jammy-updates/epoxy' }\n"
        "  apt::source { 'old': location => 'http://a.example.org', release => 'jammy-updates/bobcat' }\n"
        "}\n"
    )
    found = errors(live, "audit", "live", "--code", "site")
    assert [(path, line) for path, line, _ in found] == [("site/repo.pp", 2), ("site/repo.pp", 4)]


def test_an_environment_without_a_release_has_none_to_compare_with(live: Cloud) -> None:
    live.manifest("live", "modules:\n  nova: {tag: 24.0.0}\n")
    assert live.run("lock").code == 0
    write(live, next(iter(PLACES)))
    assert errors(live, "audit", "live") == []


def test_it_can_be_ignored(live: Cloud) -> None:
    write(live, next(iter(PLACES)))
    assert errors(live, "verify", "live", "--ignore", "packages-of-other-release") == []


@pytest.mark.parametrize(
    ("text", "old", "new"),
    [
        ("openstack_extras::repo::debian::ubuntu::release: caracal\n", "caracal", "epoxy"),
        ("openstack_extras::repo::redhat::redhat::release: '2024.1'\n", "2024.1", "2025.1"),
        (
            "ours::suite: bookworm-caracal-backports\n",
            "bookworm-caracal-backports",
            "bookworm-epoxy-backports",
        ),
    ],
)
def test_the_plan_of_an_upgrade_has_the_edit_before_the_new_modules_run(
    cloud: Cloud, text: str, old: str, new: str
) -> None:
    cloud.manifest("live", "release: 2024.1\nopenstack: [keystone, nova]\n")
    assert cloud.run("lock").code == 0
    (cloud.project / "data").mkdir()
    before = write(cloud, text).read_bytes()
    options = ["upgrade", "live", "--to", "2025.1", "--hiera", "data"]
    plan = cloud.run(*options, "--write-hiera", "--format", "json").json["plan"]
    (step,) = [one for one in plan if one["kind"] == "packages-release"]
    assert (step["stage"], step["old"], step["new"], step["path"], step["line"]) == (
        "before",
        old,
        new,
        "data/common.yaml",
        1,
    )
    assert (cloud.project / "data/common.yaml").read_bytes() == before
    assert "then upgrade the packages of each service" in cloud.run(*options).out


def test_each_leg_of_an_upgrade_moves_the_packages_on(cloud: Cloud) -> None:
    for module in ("keystone", "nova"):
        cloud.upstream(module).commit("stable/2024.2", version="25.0.0")
    cloud.manifest("live", "release: 2024.1\nopenstack: [keystone, nova]\n")
    assert cloud.run("lock").code == 0
    (cloud.project / "data").mkdir()
    write(cloud, next(iter(PLACES)))
    found = cloud.run("upgrade", "live", "--to", "2025.1", "--through", "--hiera", "data", "--format", "json")
    steps = [one for leg in found.json["legs"] for one in leg["plan"] if one["kind"] == "packages-release"]
    assert [(one["old"], one["new"]) for one in steps] == [("caracal", "dalmatian"), ("dalmatian", "epoxy")]
