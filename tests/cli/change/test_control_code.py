"""Roles, profiles and vendored modules of the control repository: `audit`, `diff` and `upgrade` read them there."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.support.cloud import Cloud
from tests.support.control import make_control

OWN = {
    "site-modules/profile/manifests/base.pp": (
        "class profile::base (Integer $size = 1) {\n  class { 'nova': debug => true }\n  include nova::gone\n}\n"
    ),
    "site-modules/profile/lib/puppet/functions/profile/name.rb": (
        "Puppet::Functions.create_function(:'profile::name') do\n  def name\n    1\n  end\nend\n"
    ),
    "modules/oven/manifests/init.pp": "class oven (Integer $heat = 1) {\n  include nowhere::at::all\n}\n",
    "modules/nova/manifests/init.pp": "class nova (String $stale = '') {\n}\n",
}
DATA = "profile::base::size: big\noven::heat: hot\noven::nosuch: 1\nnova::debug: true\n"


def make(cloud: Cloud, layout: str, path: str = "modulepath: [site-modules]\n") -> None:
    nova = cloud.upstream("nova")
    for release, version, parameter in (("2024.1", "24.0.0", "debug"), ("2025.1", "26.0.1", "verbose")):
        files = {"manifests/init.pp": f"class nova (Boolean ${parameter} = false) {{\n}}\n"}
        nova.commit(f"stable/{release}", version=version, start="refs/heads/master", files=files)
    control = make_control(cloud, layout=layout)
    cloud.manifest("production", f"release: 2024.1\nopenstack: [nova]\n{path}")
    cloud.manifest("later", f"release: 2025.1\nopenstack: [nova]\n{path}")
    assert cloud.run("lock").code == 0
    for branch in ("production", "later"):
        control.repository.commit(dict(OWN), branch=branch)
    (cloud.project / "data").mkdir()
    (cloud.project / "data/common.yaml").write_text(DATA)


def found(cloud: Cloud, *more: str) -> list[tuple[str, str, int]]:
    result = cloud.run("audit", "production", "--hiera", "data", "--format", "json", *more)
    rows = result.json["environments"][0]["findings"]
    return [(one["code"], one["path"], one["line"]) for one in rows if one["path"]]


IN_DATA = [
    ("hiera-type", "data/common.yaml", 1),
    ("hiera-type", "data/common.yaml", 2),
    ("hiera-unbound", "data/common.yaml", 3),
]


@pytest.mark.parametrize("layout", ["branches", "one-branch", "exec", "puppetfiles"])
def test_audit_reads_them_on_the_environments_branch(cloud: Cloud, layout: str) -> None:
    make(cloud, layout)
    base = "production:site-modules/profile/manifests/base.pp"
    assert found(cloud) == [*IN_DATA, ("code-unknown", base, 3)]


def test_the_cache_is_enough_offline_and_code_given_by_option_replaces_it(cloud: Cloud) -> None:
    make(cloud, "branches")
    online = found(cloud)
    (cloud.root / "control.git").rename(cloud.root / "gone")
    assert found(cloud, "--offline") == online
    result = cloud.run("audit", "production", "--hiera", "data")
    assert (result.code, "the control repository could not be read: " in result.err) == (3, True)
    own = cloud.project / "own"
    write(own, {"manifests/base.pp": "class profile::base {\n  include nova\n}\n"})
    assert not [row for row in found(cloud, "--code", "own") if row[1].startswith("production:")]


def write(directory: Path, files: Mapping[str, str]) -> None:
    for path, text in files.items():
        (directory / path).parent.mkdir(parents=True, exist_ok=True)
        (directory / path).write_text(text)


def test_without_a_module_path_the_control_repository_is_not_contacted(cloud: Cloud) -> None:
    make(cloud, "branches", path="")
    (cloud.root / "control.git").rename(cloud.root / "gone")
    assert not [row for row in found(cloud) if row[1].startswith("production:")]


def test_diff_and_upgrade_report_what_breaks_there(cloud: Cloud) -> None:
    make(cloud, "branches")
    result = cloud.run("diff", "production", "later", "--hiera", "data", "--format", "json").json
    (nova,) = result["modules"]
    places = [(row["key"], row["path"], row["effect"]) for row in nova["hiera"]]
    base = "{}:site-modules/profile/manifests/base.pp"
    assert ("nova::debug", base.format("later"), "breaks") in places
    plan = cloud.run("upgrade", "production", "--to", "2025.1", "--hiera", "data", "--format", "json").json[
        "plan"
    ]
    steps = [(one["path"], one["line"], one["stage"]) for one in plan if one["kind"] == "code-breaks"]
    assert steps == [(base.format("production"), 2, "before")]


def test_a_directory_that_the_branch_does_not_have_is_passed_over(cloud: Cloud) -> None:
    make(cloud, "branches")
    cloud.manifest("production", "release: 2024.1\nopenstack: [nova]\nmodulepath: [elsewhere]\n")
    assert not [row for row in found(cloud) if row[1].startswith("production:")]
