"""`pinner diff` and `audit` with defaults that are in a params class or in the module's own Hiera data."""

import pytest

from tests.support.cloud import Cloud
from tests.support.code import make_environments

INIT = """class nova(
  Integer $port = $nova::params::port,
  String $package = $nova::params::package,
  Boolean $tls,
  String $level,
) inherits nova::params { }
"""
HIERA = "version: 5\nhierarchy: [{name: common, path: common.yaml}]\n"


def params(port: int, package: str) -> str:
    branch = f"case $facts['os']['family'] {{ 'RedHat': {{ $package = 'nova' }} default: {{ $package = '{package}' }} }}"
    return f"class nova::params {{\n  $port = {port}\n  {branch}\n}}\n"


@pytest.fixture
def moved(cloud: Cloud) -> Cloud:
    """Only the params class and the data differ between the releases."""
    nova = cloud.upstream("nova")
    files = {"manifests/init.pp": INIT, "hiera.yaml": HIERA}
    old = {
        "manifests/params.pp": params(1, "nova-a"),
        "data/common.yaml": "nova::tls: false\nnova::level: warn\n",
    }
    new = {"manifests/params.pp": params(2, "nova-b"), "data/common.yaml": "nova::tls: true\n"}
    nova.commit("stable/2024.1", version="24.0.0", files=files | old)
    nova.commit("stable/2025.1", version="26.0.0", files=files | new)
    make_environments(cloud)
    return cloud


def test_what_changes_behind_an_unchanged_header(moved: Cloud) -> None:
    found = moved.run("diff", "old", "new", "--format", "json").json["modules"]
    rows = {
        row["parameter"]: (row["kind"], row["severity"], row["old"], row["new"], row["hint"])
        for module in found
        for row in module["api"]
    }
    assert rows["port"] == ("default-changed", "behaviour", "1", "2", "from manifests/params.pp")
    assert rows["tls"] == ("default-changed", "behaviour", "false", "true", "from data/common.yaml:1")
    assert rows["level"][:3] == ("parameter-required", "breaks", "'warn'")
    assert rows["package"][1] == "behaviour"
    assert rows["package"][4] == "on Debian and Ubuntu, from manifests/params.pp"


def test_the_same_from_the_cache(moved: Cloud) -> None:
    arguments = ("diff", "old", "new", "--format", "json")
    first = moved.run(*arguments).json["modules"]
    assert moved.run(*arguments, "--offline").json["modules"] == first


def test_the_way_back(moved: Cloud) -> None:
    found = moved.run("diff", "new", "old", "--format", "json").json["modules"]
    rows = {row["parameter"]: (row["kind"], row["severity"]) for module in found for row in module["api"]}
    assert rows["level"] == ("default-changed", "info")
    assert rows["port"] == ("default-changed", "behaviour")


@pytest.mark.parametrize(
    ("platforms", "hint"),
    [
        ('{Ubuntu: ["24.04"]}', "on Ubuntu 24.04, from manifests/params.pp"),
        ('{Ubuntu: ["24.04"], redhat: ["9"]}', "on Ubuntu, from manifests/params.pp"),
        ("{Debian: [], CentOS: ['9']}", "on Debian, from manifests/params.pp"),
        ('{RedHat: ["9"]}', None),
    ],
)
def test_the_platforms_of_the_manifest_are_those_that_count(
    moved: Cloud, platforms: str, hint: str | None
) -> None:
    for name, release in (("old", "2024.1"), ("new", "2025.1")):
        moved.manifest(name, f"release: '{release}'\nopenstack: [nova, keystone]\nplatforms: {platforms}\n")
    found = moved.run("diff", "old", "new", "--format", "json").json["modules"]
    hints = [row["hint"] for module in found for row in module["api"] if row["parameter"] == "package"]
    assert hints == ([hint] if hint else [])


def test_defaults_of_one_platform_are_not_those_of_another_from_the_cache(moved: Cloud) -> None:
    diff = ("diff", "old", "new", "--format", "json")
    before = moved.run(*diff).json["modules"]
    manifest = (moved.project / "environments/new.yaml").read_text()
    moved.manifest("new", f"{manifest}\nplatforms: {{RedHat: ['9']}}\n")
    after = moved.run(*diff).json["modules"]
    rows = [[row["parameter"] for module in side for row in module["api"]] for side in (before, after)]
    assert "package" in rows[0]
    assert "package" not in rows[1]
