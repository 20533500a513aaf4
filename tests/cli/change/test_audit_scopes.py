"""`pinner audit` of places that count only on some machines: levels of Hiera, conditions, and several types."""

import pytest

from tests.support.cloud import Cloud

REFUSES = """class nova(
  $driver = 'a',
  $limit = 1,
) {
  if $driver == 'b' and $facts['os']['family'] == 'RedHat' { fail('not on RedHat') }
  if $facts['os']['name'] == 'Debian' and $limit =~ String { warning('A String in limit is deprecated.') }
}
"""
HIERA = """version: 5
defaults: {datadir: data}
hierarchy:
  - {name: os, path: 'os/%{facts.os.family}.yaml'}
  - {name: name, path: 'name/%{::operatingsystem}.yaml'}
  - {name: role, path: 'role/%{role}.yaml'}
  - {name: common, path: common.yaml}
"""


@pytest.fixture
def scoped(cloud: Cloud) -> Cloud:
    files = {
        "manifests/init.pp": REFUSES,
        "manifests/old.pp": "define nova::old($size = 1) { }\n",
        "manifests/fresh.pp": "define nova::fresh($size = 1, $colour = 2) { }\n",
    }
    cloud.upstream("nova").commit("stable/2025.1", version="26.0.0", files=files)
    cloud.manifest("new", "release: '2025.1'\nopenstack: [nova]\n")
    cloud.run("lock")
    write(cloud, {"hiera/hiera.yaml": HIERA, "hiera/data/common.yaml": "mine: 1\n"})
    return cloud


def write(cloud: Cloud, files: dict[str, str]) -> None:
    for path, text in files.items():
        (cloud.root / path).parent.mkdir(parents=True, exist_ok=True)
        (cloud.root / path).write_text(text)


def findings(cloud: Cloud, *more: str) -> list[tuple[str, str]]:
    """Code and message of each finding."""
    found = cloud.run("audit", "new", "--hiera", "../hiera", *more, "--format", "json").json["environments"]
    return [(one["code"], one["message"]) for one in found[0]["findings"]]


def test_a_level_for_one_platform_is_judged_on_that_platform(scoped: Cloud) -> None:
    files = {"RedHat": "nova::driver: b\nnova::limit: x\n", "Debian": "nova::driver: b\nnova::limit: x\n"}
    write(scoped, {f"hiera/data/os/{family}.yaml": text for family, text in files.items()})
    assert findings(scoped) == [
        (
            "hiera-deprecated",
            "this value of parameter 'limit' of class 'nova' is deprecated on Debian (data for os.family 'Debian')",
        ),
        ("hiera-type", "the value of 'nova::driver' stops compilation (data for os.family 'RedHat')"),
    ]


def test_data_for_other_platforms_than_the_declared_ones_are_not_reached(scoped: Cloud) -> None:
    write(scoped, {"hiera/data/os/RedHat.yaml": "nova::driver: b\nnova::lost: 1\n"})
    scoped.manifest("new", "release: '2025.1'\nopenstack: [nova]\nplatforms: {Ubuntu: ['24.04']}\n")
    (found,) = findings(scoped)
    reason = "no platform of the environment reads the data for os.family 'RedHat'"
    assert found == (
        "unreached",
        f"the key 'nova::lost' has no effect: class 'nova' has no parameter 'lost' (not reached: {reason})",
    )


def test_data_for_a_platform_that_nobody_declared_count(scoped: Cloud) -> None:
    write(
        scoped,
        {"hiera/data/os/Suse.yaml": "nova::lost: 1\n", "hiera/data/name/Gentoo.yaml": "nova::gone: 1\n"},
    )
    assert [code for code, _ in findings(scoped)] == ["hiera-unbound", "hiera-unbound"]


def test_the_role_of_a_level_is_named(scoped: Cloud) -> None:
    write(scoped, {"hiera/data/role/compute.yaml": "nova::lost: 1\n"})
    ((_, message),) = findings(scoped)
    assert message.endswith("class 'nova' has no parameter 'lost' (data for role 'compute')")


def test_a_hash_that_becomes_one_type_or_the_other_is_right_if_one_takes_it(scoped: Cloud) -> None:
    code = """class site::things {
      $things = lookup('site::all')
      if $old { create_resources('nova::old', $things) } else { create_resources('nova::fresh', $things) }
    }
    """
    write(scoped, {"site/x.pp": code})
    write(scoped, {"hiera/data/common.yaml": "site::all: {a: {size: 1, colour: 2, shape: 3}}\n"})
    assert findings(scoped, "--code", "../site") == [
        ("hiera-resource", "defined type 'nova::fresh' has no parameter 'shape'"),
        ("hiera-resource", "defined type 'nova::old' has no parameter 'shape'"),
    ]


def test_code_that_is_not_reached_is_a_note(scoped: Cloud) -> None:
    code = """class site::x($manage = false) {
  if $manage {
    include nova::lost
  }
  if $facts['os']['family'] == 'Suse' {
    nova::gone { 'x': }
  }
  unless $manage {
    nova::fresh { 'x': weight => 1 }
  }
}
"""
    write(scoped, {"site/x.pp": code})
    off = "not reached: with this data and these platforms"
    assert findings(scoped, "--code", "../site") == [
        ("unreached", f"there is no class 'nova::lost' ({off}, line 2 rules it out)"),
        ("unreached", f"there is no defined type 'nova::gone' ({off}, line 5 rules it out)"),
        ("code-unknown", "defined type 'nova::fresh' has no parameter 'weight'"),
    ]
    assert scoped.run("audit", "new", "--hiera", "../hiera", "--code", "../site").code == 1
    write(scoped, {"hiera/data/role/compute.yaml": "site::x::manage: true\n"})
    assert ("code-unknown", "there is no class 'nova::lost'") in findings(scoped, "--code", "../site")


def test_code_for_some_platforms_names_them(scoped: Cloud) -> None:
    code = "class site::x { if $facts['os']['name'] == 'Ubuntu' { include nova::lost } }\n"
    write(scoped, {"site/x.pp": code})
    assert findings(scoped, "--code", "../site") == [
        ("code-unknown", "there is no class 'nova::lost' (on Ubuntu 22.04, Ubuntu 24.04)")
    ]


@pytest.mark.parametrize(
    ("levels", "is_listed"),
    [
        (("os/RedHat",), True),
        (("os/RedHat", "os/Debian"), False),
        (("common",), False),
        (("role/compute",), False),
    ],
)
def test_a_key_for_one_platform_leaves_a_changed_default_to_the_others(
    cloud: Cloud, levels: tuple[str, ...], *, is_listed: bool
) -> None:
    nova = cloud.upstream("nova")
    for release, version, limit in (("2024.1", "24.0.0", 1), ("2025.1", "26.0.0", 2)):
        files = {"manifests/init.pp": f"class nova($limit = {limit}, $other = 1) {{ }}\n"}
        nova.commit(f"stable/{release}", version=version, files=files)
    cloud.manifest("live", "release: '2024.1'\nopenstack: [nova]\n")
    cloud.run("lock")
    write(cloud, {"hiera/hiera.yaml": HIERA, "hiera/data/common.yaml": "nova::other: 3\n"})
    for level in levels:
        write(cloud, {f"hiera/data/{level}.yaml": "nova::limit: 5\nnova::other: 3\n"})
    out = cloud.run("upgrade", "live", "--to", "2025.1", "--hiera", "../hiera", "--format", "json").json
    listed = [step for step in out["plan"] if step["kind"] == "defaults-changed"]
    assert bool(listed) == is_listed
