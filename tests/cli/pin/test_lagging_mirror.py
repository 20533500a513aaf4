"""A mirror that is behind the lock: it is named, the pins stay, and nothing goes back unless that is asked for."""

import shutil
from pathlib import Path

import pytest

from tests.support.cloud import Cloud
from tests.support.findings import codes, told, verify

BASIC = "release: 2025.1\nopenstack: [keystone, nova]\n"
RANGE = 'modules:\n  keystone: {version: ">= 24.0.0"}\n'


def pinned(cloud: Cloud, module: str = "nova") -> str:
    return str(cloud.lock("production")["modules"][module]["commit"])


def lag(cloud: Cloud, behind: Path, *, is_cached: bool = True) -> Path:
    """Fetch from the old copy from now on, and return where nova lies there; without a cache, nothing newer is known."""
    settings = cloud.project / "pinner.yaml"
    settings.write_text(settings.read_text().replace(f"{cloud.root / 'upstreams'}/", f"{behind}/"))
    if not is_cached:
        shutil.rmtree(cloud.root / "cache")
    return behind / "openstack" / "puppet-nova"


@pytest.fixture
def behind(cloud: Cloud) -> Path:
    """A copy of all upstreams, made before they go on: two commits of nova, a tag of keystone."""
    copy = cloud.root / "mirror"
    shutil.copytree(cloud.root / "upstreams", copy)
    for version in ("26.0.1", "26.0.2"):
        cloud.upstream("nova").commit("stable/2025.1", version=version)
    cloud.upstream("keystone").commit("master", version="27.0.0")
    cloud.upstream("keystone").tag("27.0.0", "refs/heads/master")
    return copy


@pytest.fixture
def locked(cloud: Cloud, behind: Path) -> Cloud:
    assert behind.is_dir()
    cloud.manifest("production", BASIC)
    assert cloud.run("lock").code == 0
    return cloud


def test_the_mirror_is_named_and_nothing_is_called_rewritten(locked: Cloud, behind: Path) -> None:
    mirror = lag(locked, behind)
    result = verify(locked)
    assert (result.code, told(result)) == (
        0,
        [
            (
                "warning",
                "older-than-locked",
                "nova",
                (
                    f"module 'nova': 'stable/2025.1' of the mirror {mirror} is older than the locked commit "
                    f"{pinned(locked)}, by 2 commits"
                ),
                (
                    f"bring the mirror {mirror} up to date; 'pinner update -m nova --allow-older nova' goes back to its "
                    "commit"
                ),
            )
        ],
    )


@pytest.mark.parametrize("command", [("lock",), ("update",), ("update", "-m", "nova")])
def test_no_pin_goes_back_by_itself(locked: Cloud, behind: Path, command: tuple[str, ...]) -> None:
    before = locked.lock_path("production").read_bytes()
    lag(locked, behind)
    result = locked.run(*command, "--format", "json")
    assert (result.code, codes(result)) == (0, [("older-than-locked", "nova")])
    assert locked.lock_path("production").read_bytes() == before


def test_a_pin_goes_back_if_that_is_asked_for(locked: Cloud, behind: Path) -> None:
    lag(locked, behind)
    result = locked.run("update", "-m", "nova", "--allow-older", "nova")
    assert result.code == 0, result.err
    assert locked.lock("production")["modules"]["nova"]["version"] == "26.0.0"
    assert told(verify(locked)) == []


def test_the_others_of_the_set_go_on(locked: Cloud, behind: Path) -> None:
    keystone = locked.upstream("keystone")
    newer = keystone.commit("stable/2025.1", version="26.0.5")
    shutil.rmtree(behind / "openstack" / "puppet-keystone.git")
    shutil.copytree(keystone.path, behind / "openstack" / "puppet-keystone.git")
    held = pinned(locked)
    lag(locked, behind)
    result = locked.run("update", "--format", "json")
    assert (result.code, codes(result)) == (0, [("older-than-locked", "nova")])
    assert (pinned(locked), pinned(locked, "keystone")) == (held, newer)


@pytest.mark.parametrize("command", [("lock",), ("update",), ("update", "-m", "nova")])
def test_what_the_mirror_lacks_it_cannot_deny(locked: Cloud, behind: Path, command: tuple[str, ...]) -> None:
    before = locked.lock_path("production").read_bytes()
    mirror = lag(locked, behind, is_cached=False)
    result = locked.run(*command, "--format", "json")
    assert (result.code, codes(result)) == (1, [("commit-unreachable", "nova")])
    assert told(result)[0][3] == (
        f"module 'nova': the pinned commit {pinned(locked)} is not in the mirror {mirror}, which may be behind"
    )
    assert locked.lock_path("production").read_bytes() == before


def test_what_the_mirror_lacks_is_given_up_if_that_is_asked_for(locked: Cloud, behind: Path) -> None:
    lag(locked, behind, is_cached=False)
    assert locked.run("update", "--allow-older", "nova").code == 0
    assert locked.lock("production")["modules"]["nova"]["version"] == "26.0.0"


def test_a_true_rewrite_on_a_mirror_is_still_one(locked: Cloud) -> None:
    nova = locked.upstream("nova")
    nova.commit("other", version="26.0.9", start="refs/tags/26.0.0")
    nova.move("refs/heads/stable/2025.1", nova.id("refs/heads/other"))
    assert codes(verify(locked)) == [("branch-rewritten", "nova")]
    assert locked.run("update").code == 0
    assert locked.lock("production")["modules"]["nova"]["version"] == "26.0.9"


def test_a_branch_that_was_set_back_upstream_itself(locked: Cloud) -> None:
    nova = locked.upstream("nova")
    locked.manifest("production", f'modules:\n  nova: {{git: "{nova.path}", branch: stable/2025.1}}\n')
    assert locked.run("lock").code == 0
    held = pinned(locked)
    nova.move("refs/heads/stable/2025.1", nova.id("refs/tags/26.0.0"))
    result = verify(locked)
    assert (result.code, codes(result)) == (1, [("branch-rewritten", "nova")])
    assert "--allow-older nova" in (told(result)[0][4] or "")
    assert (locked.run("update").code, pinned(locked)) == (1, held)
    assert (locked.run("update", "--allow-older", "nova").code, pinned(locked) == held) == (0, False)


def test_the_newest_tag_of_a_range_that_a_mirror_lacks(cloud: Cloud, behind: Path) -> None:
    cloud.manifest("production", RANGE)
    assert cloud.run("lock").code == 0
    before = cloud.lock_path("production").read_bytes()
    mirror = lag(cloud, behind).parent / "puppet-keystone"
    assert told(verify(cloud))[0][3] == (
        f"module 'keystone': tag '27.0.0' is not in the mirror {mirror}; >= 24.0.0 means '26.0.0' there"
    )
    result = cloud.run("update", "--format", "json")
    assert ("older-than-locked", "keystone") in codes(result)
    assert cloud.lock_path("production").read_bytes() == before
    cloud.run("update", "--allow-older", "keystone")
    assert cloud.lock("production")["modules"]["keystone"]["version"] == "26.0.0"


def test_a_tag_that_a_mirror_lacks(cloud: Cloud, behind: Path) -> None:
    cloud.manifest("production", "modules:\n  keystone: {tag: 27.0.0}\n")
    assert cloud.run("lock").code == 0
    mirror = lag(cloud, behind).parent / "puppet-keystone"
    assert [row[1:4] for row in told(verify(cloud))] == [
        (
            "ref-missing",
            "keystone",
            f"module 'keystone': tag '27.0.0', which is locked, is not in the mirror {mirror}, which may be behind",
        )
    ]


def test_another_way_to_name_the_branch_does_not_move_it_back(locked: Cloud, behind: Path) -> None:
    held = pinned(locked)
    lag(locked, behind)
    locked.manifest("production", BASIC + "modules:\n  nova: {branch: stable/2025.1}\n")
    result = locked.run("lock", "--format", "json")
    assert (result.code, codes(result), pinned(locked)) == (0, [("older-than-locked", "nova")], held)
    assert locked.lock("production")["modules"]["nova"]["want"] == {"branch": "stable/2025.1"}


@pytest.mark.parametrize("older", ["{tag: 26.0.0}", "{release: 2024.1}", "{as_of: 2023-11-18}"])
def test_what_the_manifest_names_may_be_older(locked: Cloud, older: str) -> None:
    locked.manifest("production", BASIC + f"modules:\n  nova: {older}\n")
    held = pinned(locked)
    result = locked.run("lock", "--format", "json")
    assert "older-than-locked" not in [code for code, _ in codes(result)]
    assert result.code in {0, 1}
    assert result.code == 1 or pinned(locked) != held


def test_a_cache_that_is_behind_the_lock(locked: Cloud) -> None:
    nova = locked.upstream("nova")
    newer = nova.commit("stable/2025.1", version="26.0.3")
    path = locked.lock_path("production")
    path.write_text(path.read_text().replace(pinned(locked), newer).replace("26.0.2", "26.0.3"))
    before = path.read_bytes()
    result = locked.run("update", "--offline", "--format", "json")
    assert (result.code, codes(result)) == (1, [("commit-unreachable", "nova")])
    assert f"the pinned commit {newer} is not in the cache" in told(result)[0][3]
    assert path.read_bytes() == before


def test_a_module_that_no_environment_has_cannot_go_back(locked: Cloud) -> None:
    result = locked.run("update", "--allow-older", "nuva")
    assert (result.code, "did you mean 'nova'?" in result.err) == (2, True)


def test_a_mirror_of_the_gate_that_is_behind(cloud: Cloud, behind: Path) -> None:
    stdlib = cloud.upstream("stdlib", owner="puppetlabs", repository="puppetlabs-stdlib")
    for version in ("9.6.0", "9.7.0"):
        stdlib.commit("main", version=version, name="puppetlabs-stdlib")
        stdlib.tag(f"v{version}", "refs/heads/main")
    gate = cloud.upstream("integration", repository="puppet-openstack-integration")
    row = "mod 'stdlib',\n  :git => 'https://github.com/puppetlabs/puppetlabs-stdlib',\n  :ref => '{}'\n"
    gate.commit("stable/2025.1", files={"Puppetfile": row.format("v9.6.0")})
    for name in ("puppetlabs/puppetlabs-stdlib.git", "openstack/puppet-openstack-integration.git"):
        shutil.copytree(cloud.root / "upstreams" / name, behind / name)
    gate.commit("stable/2025.1", files={"Puppetfile": row.format("v9.7.0")})
    cloud.upstream("nova").commit("stable/2025.1", version="26.0.3", needs={"puppetlabs/stdlib": ">=9.0.0"})
    cloud.manifest(
        "production", "release: 2025.1\nopenstack: [nova]\ndependencies: {externals: integration}\n"
    )
    assert cloud.run("lock").code == 0
    before = cloud.lock_path("production").read_bytes()
    lag(cloud, behind)
    result = cloud.run("update", "--format", "json")
    assert result.code == 0
    assert set(codes(result)) == {("older-than-locked", "nova"), ("older-than-locked", "stdlib")}
    assert cloud.lock_path("production").read_bytes() == before
