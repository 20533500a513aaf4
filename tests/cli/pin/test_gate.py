"""`externals: integration`: third-party modules as the Puppetfile of upstream's gate has them, or pinner's own facts."""

import pytest

from tests.support.cloud import Cloud
from tests.support.findings import codes, told
from tests.support.third_party import gate, release, upstream

TEXT = "release: 2025.1\nopenstack: [keystone]\ndependencies: {externals: integration}\n"


def tags(cloud: Cloud, environment: str = "production") -> dict[str, str]:
    """Return module to tag of the pins that the manifest does not name."""
    modules = cloud.lock(environment)["modules"]
    return {name: pin["want"]["tag"] for name, pin in modules.items() if "external" in pin}


@pytest.fixture
def gated(cloud: Cloud) -> Cloud:
    """Keystone needs stdlib and apache, apache needs stdlib and concat; the gate runs other tags than the packaged ones."""
    wanted = {"puppetlabs/stdlib": ">= 9.0.0", "puppetlabs/apache": ">= 12.0.0"}
    cloud.upstream("keystone").commit("stable/2025.1", version="26.0.0", needs=wanted)
    for version in ("9.0.0", "9.7.0"):
        release(cloud, "stdlib", version)
    for version in ("12.0.0", "12.3.1"):
        release(cloud, "apache", version, stdlib=">= 9.0.0", concat=">= 2.0.0")
    for version in ("9.0.0", "9.1.0"):
        release(cloud, "concat", version)
    gate(cloud, stdlib="v9.0.0", apache="v12.0.0", concat="v9.0.0")
    cloud.manifest("production", TEXT)
    return cloud


def test_pins_come_from_the_gates_puppetfile_at_the_release(gated: Cloud) -> None:
    result = gated.run("lock", "--format", "json")
    assert (result.code, codes(result)) == (0, [])
    assert tags(gated) == {"apache": "v12.0.0", "concat": "v9.0.0", "stdlib": "v9.0.0"}
    assert gated.run("lock", "--check").code == 0
    assert codes(gated.run("verify", "--format", "json")) == []


def test_each_pin_names_the_rule_and_everybody_who_requires_it(gated: Cloud) -> None:
    gated.run("lock")
    modules = gated.lock("production")["modules"]
    assert {name: pin["required_by"] for name, pin in modules.items() if "external" in pin} == {
        "apache": ["keystone"],
        "concat": ["apache"],
        "stdlib": ["apache", "keystone"],
    }
    assert {pin.get("external") for pin in modules.values()} == {None, "integration 2025.1"}


def test_lock_keeps_the_pins_when_the_gate_moves_on_and_update_takes_the_new_ones(gated: Cloud) -> None:
    gated.run("lock")
    before = gated.lock_path("production").read_bytes()
    gate(gated, stdlib="v9.7.0", apache="v12.3.1", concat="v9.0.0")
    assert gated.run("lock").code == 0
    assert gated.lock_path("production").read_bytes() == before
    assert gated.run("update").code == 0
    assert tags(gated) == {"apache": "v12.3.1", "concat": "v9.0.0", "stdlib": "v9.7.0"}


def test_one_third_party_module_can_be_moved_by_its_name(gated: Cloud) -> None:
    gated.run("lock")
    gate(gated, stdlib="v9.7.0", apache="v12.3.1", concat="v9.1.0")
    assert gated.run("update", "-m", "apache").code == 0
    assert tags(gated) == {"apache": "v12.3.1", "concat": "v9.0.0", "stdlib": "v9.0.0"}


def test_moving_another_module_asks_no_gate(gated: Cloud) -> None:
    gated.run("lock")
    gated.upstream("openstack-integration").path.rename(gated.root / "gone")
    result = gated.run("update", "-m", "keystone", "--format", "json")
    assert (result.code, codes(result), result.err) == (0, [], "checked 1 repository\n")


def test_a_new_release_of_the_environment_takes_that_releases_pins(gated: Cloud) -> None:
    gated.run("lock")
    gated.upstream("keystone").commit(
        "stable/2025.2", version="27.0.0", needs={"puppetlabs/stdlib": ""}, start="refs/heads/master"
    )
    gate(gated, "stable/2025.2", stdlib="v9.7.0")
    gated.manifest("production", TEXT.replace("2025.1", "2025.2"))
    assert gated.run("lock").code == 0
    assert tags(gated) == {"stdlib": "v9.7.0"}


def test_without_the_gate_pinners_own_facts_stand_in_and_that_is_told_once(gated: Cloud) -> None:
    gated.upstream("openstack-integration").path.rename(gated.root / "gone")
    gated.manifest("staging", TEXT)
    result = gated.run("lock", "--format", "json")
    assert (codes(result), codes(result, "staging")) == ([("gate-unread", None)], [])
    ((level, _, _, message, _),) = told(result)
    assert level == "info"
    assert message.startswith(
        "third-party modules of release 2025.1 are pinned as in pinner's packaged data, because what upstream's gate "
        "runs could not be read: no git repository at "
        "https://opendev.org/openstack/puppet-openstack-integration"
    )
    assert (
        tags(gated) == tags(gated, "staging") == {"apache": "v12.3.1", "concat": "v9.1.0", "stdlib": "v9.7.0"}
    )
    assert codes(gated.run("lock", "--format", "json")) == []


def test_without_the_gate_update_leaves_what_was_pinned(gated: Cloud) -> None:
    gated.run("lock")
    before = gated.lock_path("production").read_bytes()
    gated.upstream("openstack-integration").path.rename(gated.root / "gone")
    assert gated.run("update").code == 0
    assert gated.lock_path("production").read_bytes() == before


def test_offline_the_gate_is_read_from_the_cache(gated: Cloud) -> None:
    gated.run("lock")
    gated.lock_path("production").unlink()
    result = gated.run("lock", "--offline", "--format", "json")
    assert codes(result) == []
    assert tags(gated) == {"apache": "v12.0.0", "concat": "v9.0.0", "stdlib": "v9.0.0"}


def test_a_release_that_the_gate_has_no_ref_for_has_pinners_own_facts(gated: Cloud) -> None:
    gated.upstream("openstack-integration").delete("refs/heads/stable/2025.1")
    ((_, code, _, message, _),) = told(gated.run("lock", "--format", "json"))
    assert code == "gate-unread"
    assert message.endswith(
        "no ref of release '2025.1' in https://opendev.org/openstack/puppet-openstack-integration"
    )


@pytest.mark.parametrize("puppetfile", [None, "mod 'stdlib', :git => `id`\n", "x" * 2_000_000])
def test_a_puppetfile_that_nothing_can_be_read_of_is_told(gated: Cloud, puppetfile: str | None) -> None:
    files = {"README.md": "moved\n"} if puppetfile is None else {"Puppetfile": puppetfile}
    gated.upstream("openstack-integration").commit("stable/2025.1", files=files)
    ((_, code, _, message, _),) = told(gated.run("lock", "--format", "json"))
    assert code == "gate-unread"
    assert message.endswith(
        "no readable Puppetfile at refs/heads/stable/2025.1 of "
        "https://opendev.org/openstack/puppet-openstack-integration"
    )


def test_the_gate_may_pin_a_commit_or_a_branch(gated: Cloud) -> None:
    commit = upstream(gated, "stdlib").id("refs/tags/v9.0.0")
    upstream(gated, "concat").git("branch", "9.1.x", "v9.1.0")
    gate(gated, stdlib=commit, apache="v12.0.0", concat="9.1.x")
    assert gated.run("lock").code == 0
    modules = gated.lock("production")["modules"]
    assert modules["stdlib"]["want"] == {"commit": commit}
    assert (modules["concat"]["want"], modules["concat"]["ref"]) == ({"branch": "9.1.x"}, "refs/heads/9.1.x")
    assert gated.run("lock", "--check").code == 0


def test_what_the_gate_takes_from_a_main_branch_is_not_pinned(gated: Cloud) -> None:
    gate(gated, stdlib="v9.0.0", apache="v12.0.0", concat="master")
    result = gated.run("lock", "--format", "json")
    assert codes(result) == [("dependency-missing", "apache")]
    assert set(tags(gated)) == {"apache", "stdlib"}


def test_what_a_lock_could_not_hold_is_left_out(gated: Cloud) -> None:
    bad = "mod 'stdlib', :git => 'ext::sh -c id', :ref => 'v9.0.0'\nmod 'concat', :git => 'https://github.com/a/b', :ref => '--x'\n"
    gate(gated, apache="v12.0.0", more=bad)
    result = gated.run("lock", "--format", "json")
    assert codes(result) == [
        ("dependency-missing", "apache"),
        ("dependency-missing", "apache"),
        ("dependency-missing", "keystone"),
    ]
    assert set(tags(gated)) == {"apache"}


def test_before_there_was_a_gate_nothing_comes_in_and_nothing_is_noted(cloud: Cloud) -> None:
    gate(cloud)
    keystone = cloud.upstream("keystone")
    keystone.commit(
        "havana", version="3.3.0", name="puppetlabs-keystone", needs={"puppetlabs/stdlib": ">= 4.0.0"}
    )
    keystone.tag("havana-eol", "refs/heads/havana")
    cloud.manifest("production", TEXT.replace("2025.1", "havana"))
    result = cloud.run("lock", "--format", "json")
    assert codes(result) == [("dependency-missing", "keystone"), ("end-of-life", "keystone")]
