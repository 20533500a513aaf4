"""Modules from the Forge are read in their git repositories, at the tag of their version."""

from typing import Any

import pytest

from tests.support.cloud import Cloud

APT = "class apt ( {} ) {{\n}}\n"
PARAMETERS = {
    "9.4.0": "Hash $keys = {}, Boolean $purge = false",
    "10.0.0": "Hash $sources = {}, Boolean $purge = true",
}


def fill(cloud: Cloud, *, prefix: str = "v", name: str = "puppetlabs-apt") -> None:
    """Make the repository of apt that the catalogue knows, with a tag for each version."""
    apt = cloud.upstream("apt", owner="puppetlabs", repository="puppetlabs-apt")
    for version, parameters in PARAMETERS.items():
        files = {
            "manifests/init.pp": APT.format(parameters),
            "types/when.pp": "type Apt::When = Enum['daily', 'never']\n",
        }
        apt.tag(f"{prefix}{version}", apt.commit("main", version=version, name=name, files=files))


def manifests(cloud: Cloud) -> None:
    for name, entry in {
        "old": "{forge: puppetlabs/apt, version: 9.4.0}",
        "new": "{forge: puppetlabs/apt, version: 10.0.0}",
        "git": '{git: "https://github.com/puppetlabs/puppetlabs-apt", tag: v9.4.0}',
    }.items():
        cloud.manifest(name, f"modules:\n  apt: {entry}\n")
    assert cloud.run("lock").code == 0
    (cloud.project / "data").mkdir()
    (cloud.project / "data/common.yaml").write_text("apt::purge: sometimes\napt::keys: {}\napt::nosuch: 1\n")


def findings(cloud: Cloud, environment: str) -> list[tuple[str, str | None, int | None]]:
    found = cloud.run("audit", environment, "--hiera", "data", "--format", "json").json
    return [(one["code"], one["message"], one["line"]) for one in found["environments"][0]["findings"]]


@pytest.mark.parametrize("prefix", ["v", ""])
def test_audit_finds_what_it_finds_in_the_same_version_from_git(cloud: Cloud, prefix: str) -> None:
    fill(cloud, prefix=prefix)
    cloud.upstream("apt", owner="puppetlabs", repository="puppetlabs-apt").tag("v9.4.0", "refs/heads/main~1")
    manifests(cloud)
    forge, git = findings(cloud, "old"), findings(cloud, "git")
    assert [one for one in forge if one[2]] == git
    assert [code for code, _, _ in git] == ["hiera-type", "hiera-unbound"]
    home = "https://github.com/puppetlabs/puppetlabs-apt"
    assert [one[1] for one in forge if one[0] == "forge-code"] == [
        f"module 'apt' is from the Forge: its code is read at v9.4.0 of {home}"
    ]


def reason(cloud: Cloud) -> str:
    (found,) = [text for code, text, _ in findings(cloud, "old") if code == "api-unreadable"]
    assert found is not None
    return found.partition("because ")[2]


def test_what_is_not_that_module_or_version_is_not_read(cloud: Cloud) -> None:
    fill(cloud, name="acme-apt")
    manifests(cloud)
    home = "https://github.com/puppetlabs/puppetlabs-apt"
    assert (
        reason(cloud) == f"the metadata at refs/tags/v9.4.0 of {home} are not those of puppetlabs/apt 9.4.0"
    )


def test_a_tag_of_another_version_and_none_at_all(cloud: Cloud) -> None:
    fill(cloud)
    home = "https://github.com/puppetlabs/puppetlabs-apt"
    apt = cloud.upstream("apt", owner="puppetlabs", repository="puppetlabs-apt")
    apt.tag("v9.4.1", "refs/tags/v9.4.0")
    manifests(cloud)
    for version, words in (
        ("9.4.1", f"the metadata at refs/tags/v9.4.1 of {home} are not those of puppetlabs/apt 9.4.1"),
        ("9.5.0", f"{home} has no tag of version 9.5.0"),
    ):
        cloud.manifest("old", f"modules:\n  apt: {{forge: puppetlabs/apt, version: {version}}}\n")
        assert cloud.run("lock").code == 0
        assert reason(cloud) == words


def pin_with_data(cloud: Cloud, name: str, release: str, data: str) -> None:
    """Lock one Forge module at a release, and write hiera data for it."""
    forge, version = release.split()
    cloud.manifest("old", f"modules:\n  {name}: {{forge: {forge}, version: {version}}}\n")
    assert cloud.run("lock").code == 0
    (cloud.project / "data").mkdir()
    (cloud.project / "data/common.yaml").write_text(data)


def test_a_module_that_no_repository_is_known_of_and_one_that_the_settings_name(cloud: Cloud) -> None:
    oven = cloud.upstream("oven", owner="private", repository="oven")
    files = {"manifests/init.pp": "class oven (Integer $heat = 1) {\n}\n"}
    oven.tag("1.0.0", oven.commit("main", version="1.0.0", name="acme-oven", files=files))
    pin_with_data(cloud, "oven", "acme/oven 1.0.0", "oven::heat: hot\n")
    assert reason(cloud) == "the catalogue has no repository of acme/oven, and pinner.yaml names none"
    cloud.write_settings('modules: {oven: "https://git.example.net/oven"}\n')
    assert [code for code, _, _ in findings(cloud, "old")] == ["forge-code", "hiera-type"]


def test_a_module_of_a_known_publisher(cloud: Cloud) -> None:
    clock = cloud.upstream("clock", owner="voxpupuli", repository="puppet-clock")
    files = {"manifests/init.pp": "class clock (Array[String] $servers = []) {\n}\n"}
    clock.tag("v5.0.0", clock.commit("main", version="5.0.0", name="puppet-clock", files=files))
    pin_with_data(cloud, "clock", "puppet/clock 5.0.0", "clock::servers: one\nclock::pool: two\n")
    assert [code for code, _, _ in findings(cloud, "old")] == ["forge-code", "hiera-type", "hiera-unbound"]


def changes(cloud: Cloud, *sides: str) -> dict[str, Any]:
    found = cloud.run("diff", *sides, "--hiera", "data", "--format", "json").json
    (module,) = found["modules"]
    return dict(module)


@pytest.mark.parametrize("old", ["old", "git"])
def test_diff_compares_their_code(cloud: Cloud, old: str) -> None:
    fill(cloud)
    manifests(cloud)
    module = changes(cloud, old, "new")
    assert (module["code_from"], module["ahead"], module["to"]) == (
        "https://github.com/puppetlabs/puppetlabs-apt",
        1,
        {"forge": "puppetlabs/apt", "version": "10.0.0", "install_path": "modules"},
    )
    assert {one["kind"] for one in module["api"]} == {
        "parameter-added",
        "parameter-removed",
        "default-changed",
    }
    assert [one["key"] for one in module["hiera"]] == ["apt::keys"]
    text = cloud.run("diff", old, "new").out
    assert "  from the Forge; code read from https://github.com/puppetlabs/puppetlabs-apt\n" in text


def test_diff_without_the_repository_compares_the_versions_only(cloud: Cloud) -> None:
    manifest = "modules:\n  oven: {{forge: acme/oven, version: {version}}}\n"
    for name, version in (("old", "1.0.0"), ("new", "2.0.0")):
        cloud.manifest(name, manifest.format(version=version))
    assert cloud.run("lock").code == 0
    (cloud.project / "data").mkdir()
    (cloud.project / "data/common.yaml").write_text("oven::heat: hot\n")
    module = changes(cloud, "old", "new")
    assert (module["change"], module["code_from"], module["api"], module["hiera"]) == ("moved", None, [], [])


def test_outdated_reports_newer_versions_and_where_they_are(cloud: Cloud) -> None:
    fill(cloud)
    manifests(cloud)
    found = cloud.run("outdated", "old", "new", "--format", "json").json["environments"]
    news = {
        one["name"]: [(new["kind"], new["message"]) for row in one["modules"] for new in row["news"]]
        for one in found
    }
    assert news == {
        "old": [("newer-major", "newest tag is v10.0.0 in https://github.com/puppetlabs/puppetlabs-apt")],
        "new": [],
    }


def test_a_home_that_cannot_be_reached_is_no_failure(cloud: Cloud) -> None:
    cloud.manifest("old", "modules:\n  apt: {forge: puppetlabs/apt, version: 9.4.0}\n")
    assert cloud.run("lock").code == 0
    (cloud.project / "data").mkdir()
    (cloud.project / "data/common.yaml").write_text("apt::purge: sometimes\n")
    assert reason(cloud).startswith("its repository could not be read: ")
    assert cloud.run("outdated").code == 0
