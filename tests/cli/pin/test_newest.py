"""`externals: newest`: release tags that satisfy everybody, or the demands that collide, in words."""

import pytest

from tests.support.cloud import Cloud
from tests.support.findings import codes, told
from tests.support.prepared import Prepared
from tests.support.third_party import release, upstream

NEWEST = "release: 2025.1\nopenstack: [keystone, nova]\ndependencies: {externals: newest}\n"
KEYSTONE = {"puppetlabs/stdlib": ">= 8.0.0", "puppetlabs/apache": ">= 5.0.0 < 13.0.0"}


@pytest.fixture
def market(cloud: Cloud, prepared: Prepared) -> Cloud:
    """Keystone asks for stdlib and apache; apache 12 needs a newer stdlib than apache 11, and concat."""
    return prepared(cloud, fill_market)


def fill_market(cloud: Cloud) -> None:
    needs(cloud, "keystone", KEYSTONE)
    for version in ("8.6.0", "9.0.0", "9.7.0"):
        release(cloud, "stdlib", version)
    release(cloud, "apache", "11.0.0", stdlib=">= 8.0.0 < 9.0.0")
    release(cloud, "apache", "12.0.0", stdlib=">= 9.0.0 < 10.0.0", concat=">= 2.0.0")
    release(cloud, "concat", "9.1.0", stdlib=">= 9.0.0")
    cloud.manifest("production", NEWEST)


def needs(cloud: Cloud, module: str, wanted: dict[str, str]) -> None:
    wanted = {"openstack/keystone": ">=26.0.0 <27.0.0", **wanted} if module == "nova" else wanted
    cloud.upstream(module).commit("stable/2025.1", version="26.0.0", needs=wanted)


def externals(cloud: Cloud) -> dict[str, str]:
    """Return module to tag of the pins that the manifest does not name."""
    modules = cloud.lock("production")["modules"]
    return {name: pin["want"]["tag"] for name, pin in modules.items() if pin.get("external") == "newest"}


def conflict(cloud: Cloud) -> tuple[str, str | None]:
    """Return the message and the hint of the one finding, which keeps the lock from being written."""
    result = cloud.run("lock", "--format", "json")
    ((level, code, _, message, hint),) = told(result)
    assert (result.code, level, code) == (1, "error", "dependency-conflict")
    assert not cloud.lock_path("production").exists()
    return message, hint


def test_the_newest_releases_come_in_with_what_they_need(market: Cloud) -> None:
    result = market.run("lock", "--format", "json")
    assert (result.code, codes(result)) == (0, [])
    assert externals(market) == {"apache": "v12.0.0", "concat": "v9.1.0", "stdlib": "v9.7.0"}
    assert codes(market.run("verify", "--format", "json")) == []
    assert market.run("lock", "--check").code == 0


def test_each_pin_says_by_which_rule_and_for_whom_it_came_in(market: Cloud) -> None:
    needs(market, "nova", {"puppetlabs/stdlib": ">= 8.0.0"})
    market.run("lock")
    stdlib = market.lock("production")["modules"]["stdlib"]
    assert (stdlib["external"], stdlib["required_by"]) == ("newest", ["apache", "concat", "keystone", "nova"])
    assert (
        "added because apache, concat, keystone, nova required it"
        in market.run("why", "production", "stdlib").out
    )


def test_a_newer_release_that_others_cannot_live_with_is_not_taken(market: Cloud) -> None:
    needs(market, "nova", {"puppetlabs/stdlib": "< 9.0.0"})
    assert market.run("lock").code == 0
    assert externals(market) == {"apache": "v11.0.0", "stdlib": "v8.6.0"}


def test_lock_keeps_what_still_satisfies_everybody_and_update_takes_what_is_new(market: Cloud) -> None:
    market.run("lock")
    before = market.lock_path("production").read_bytes()
    release(market, "stdlib", "9.8.0")
    assert market.run("lock").code == 0
    assert market.lock_path("production").read_bytes() == before
    assert market.run("update").code == 0
    assert externals(market)["stdlib"] == "v9.8.0"


def test_lock_moves_only_what_a_new_demand_excludes(market: Cloud) -> None:
    market.run("lock")
    release(market, "stdlib", "9.8.0")
    release(market, "concat", "9.2.0", stdlib=">= 9.0.0")
    needs(market, "nova", {"puppetlabs/stdlib": ">= 9.8.0"})
    assert market.run("update", "-m", "nova").code == 1  # stdlib stays as it is, and nova does not want it
    assert market.run("update", "-m", "nova", "-m", "stdlib").code == 0
    assert externals(market) == {"apache": "v12.0.0", "concat": "v9.1.0", "stdlib": "v9.8.0"}


def test_one_third_party_module_can_be_moved_by_its_name(market: Cloud) -> None:
    market.run("lock")
    release(market, "stdlib", "9.8.0")
    release(market, "apache", "12.1.0", stdlib=">= 9.0.0", mysql=">= 1.0.0")
    release(market, "mysql", "16.0.0")
    assert market.run("update", "-m", "apache").code == 0
    assert externals(market) == {
        "apache": "v12.1.0",
        "concat": "v9.1.0",
        "stdlib": "v9.7.0",
        "mysql": "v16.0.0",
    }
    assert market.lock("production")["modules"]["mysql"]["required_by"] == ["apache"]


def test_what_the_manifest_names_is_fixed(market: Cloud) -> None:
    market.manifest("production", NEWEST + "modules:\n  stdlib: {tag: v8.6.0}\n")
    assert market.run("lock").code == 0
    assert externals(market) == {"apache": "v11.0.0"}


def test_overrides_and_ignored_dependencies_count(market: Cloud) -> None:
    market.manifest(
        "production",
        "release: 2025.1\nopenstack: [keystone]\n"
        'dependencies: {externals: newest, ignore: [concat], override: {keystone: {apache: "< 12.0.0"}, '
        'apache: {stdlib: "< 9.7.0"}}}\n',
    )
    assert market.run("lock").code == 0
    assert externals(market) == {"apache": "v11.0.0", "stdlib": "v9.0.0"}


def test_releases_that_do_not_run_on_the_environments_puppet_are_passed_over(market: Cloud) -> None:
    release(market, "stdlib", "9.9.0", puppet=">= 9.0.0")
    release(market, "stdlib", "9.8.0", puppet=">= 7.0.0 < 9.0.0")
    market.manifest("production", NEWEST + "puppet: 8.10.0\n")
    assert market.run("lock").code == 0
    assert externals(market)["stdlib"] == "v9.8.0"


def test_releases_that_have_dropped_puppet_are_passed_over_unless_openvox_runs(market: Cloud) -> None:
    openvox = [{"name": "openvox", "version_requirement": ">= 8.19.0 < 9.0.0"}]
    stdlib = upstream(market, "stdlib")
    stdlib.commit("main", version="9.9.0", name="puppetlabs-stdlib", metadata={"requirements": openvox})
    stdlib.tag("v9.9.0", "refs/heads/main")
    for runs, tag in (
        ("puppet: 8.10.0", "v9.7.0"),
        ("openvox: 8.18.0", "v9.7.0"),
        ("openvox: 8.19.0", "v9.9.0"),
    ):
        market.manifest("production", f"{NEWEST}{runs}\n")
        assert market.run("update").code == 0
        assert externals(market)["stdlib"] == tag
    needs(market, "keystone", {"puppetlabs/stdlib": ">= 9.9.0"})
    market.lock_path("production").unlink()
    market.manifest("production", NEWEST + "puppet: 8.10.0\n")
    assert conflict(market)[0] == (
        "module 'stdlib': no release of puppetlabs/stdlib satisfies all requirements: keystone requires puppetlabs/stdlib >= 9.9.0, "
        "stdlib 9.9.0 requires openvox >= 8.19.0 < 9.0.0, the environment runs Puppet 8.10.0"
    )


def test_tags_that_are_no_releases_of_the_module_are_passed_over(market: Cloud) -> None:
    stdlib = upstream(market, "stdlib")
    stdlib.commit("main", files={"README.md": "nothing\n"})
    stdlib.tag("v9.8.0", "refs/heads/main")
    stdlib.commit("main", version="9.9.0", name="puppetlabs-other")
    stdlib.tag("v9.9.0", "refs/heads/main")
    stdlib.commit("main", version="9.6.0", name="puppetlabs-stdlib")
    stdlib.tag("v10.0.0-rc1", "refs/heads/main")
    assert market.run("lock").code == 0
    assert externals(market)["stdlib"] == "v9.7.0"


def test_the_version_in_the_metadata_counts_where_the_tag_says_otherwise(market: Cloud) -> None:
    stdlib = upstream(market, "stdlib")
    stdlib.commit("main", version="7.0.0", name="puppetlabs-stdlib")
    stdlib.tag("v9.9.0", "refs/heads/main")
    assert market.run("lock").code == 0
    assert externals(market)["stdlib"] == "v9.7.0"


def test_a_dependency_that_nobody_knows_a_home_for_is_told_and_done_without(market: Cloud) -> None:
    needs(market, "keystone", KEYSTONE | {"acme/secret": ">= 1.0.0"})
    result = market.run("lock", "--format", "json")
    assert (result.code, codes(result)) == (0, [("dependency-missing", "keystone")])
    assert set(externals(market)) == {"apache", "concat", "stdlib"}


def test_pinner_yaml_gives_a_home_to_what_the_catalogue_does_not_know(market: Cloud) -> None:
    needs(market, "keystone", {"acme/secret": ">= 1.0.0"})
    secret = market.upstream("secret", owner="private")
    secret.commit("main", version="1.2.0", name="acme-secret")
    secret.tag("1.2.0", "refs/heads/main")
    market.write_settings("modules: {secret: 'https://git.example.net/puppet-secret'}\n")
    assert market.run("lock").code == 0
    assert externals(market) == {"secret": "1.2.0"}


def test_a_home_that_is_gone_is_told_and_done_without(market: Cloud) -> None:
    upstream(market, "concat").path.rename(market.root / "gone")
    result = market.run("lock", "--format", "json")
    assert codes(result) == [("external-not-found", "concat"), ("dependency-missing", "apache")]
    assert set(externals(market)) == {"apache", "stdlib"}
    assert market.run("lock", "--offline").code == 0


def test_a_home_that_the_cache_lacks_is_not_taken_for_one_that_is_gone(market: Cloud) -> None:
    market.manifest("production", "release: 2025.1\nopenstack: [keystone, nova]\n")
    market.run("lock")
    market.lock_path("production").unlink()
    market.manifest("production", NEWEST)
    result = market.run("lock", "--offline", "--format", "json")
    assert (result.code, codes(result)) == (
        3,
        [("remote-unreachable", "apache"), ("remote-unreachable", "stdlib")],
    )


def test_two_modules_that_exclude_each_others_wishes_are_named_with_them(market: Cloud) -> None:
    release(market, "stdlib", "7.1.0")
    needs(market, "nova", {"puppetlabs/stdlib": "< 8.0.0"})
    message, hint = conflict(market)
    assert message == (
        "module 'stdlib': no release of puppetlabs/stdlib satisfies all requirements: keystone requires puppetlabs/stdlib >= 8.0.0, "
        "nova requires puppetlabs/stdlib < 8.0.0"
    )
    assert hint == (
        "name a version of 'stdlib' under 'modules', or, if upstream's range is wrong, override it: "
        'dependencies: {override: {keystone: {stdlib: "…"}}}'
    )


def test_a_range_without_any_release_is_told_with_the_newest_there_is(market: Cloud) -> None:
    needs(market, "keystone", {"puppetlabs/stdlib": ">= 10.0.0"})
    assert conflict(market)[0] == (
        "module 'stdlib': no release of puppetlabs/stdlib is in the range: keystone requires puppetlabs/stdlib >= 10.0.0; "
        "the newest is 9.7.0"
    )


def test_a_module_without_releases_is_told(market: Cloud) -> None:
    upstream(market, "rsync").commit("main", version="1.0.0", name="puppetlabs-rsync")
    needs(market, "keystone", {"puppetlabs/rsync": ">= 1.0.0"})
    assert conflict(market)[0].endswith("keystone requires puppetlabs/rsync >= 1.0.0; it has no releases")


def test_what_the_manifest_fixes_is_named_where_it_is_in_the_way(market: Cloud) -> None:
    needs(market, "keystone", {"puppetlabs/apache": ">= 12.0.0"})
    market.manifest("production", NEWEST + "modules:\n  stdlib: {tag: v8.6.0}\n")
    assert conflict(market)[0] == (
        "module 'apache': no release of puppetlabs/apache satisfies all requirements: keystone requires puppetlabs/apache >= 12.0.0, "
        "apache 12.0.0 requires puppetlabs/stdlib >= 9.0.0 < 10.0.0, 'stdlib' is pinned at 8.6.0"
    )


def test_the_environments_puppet_is_named_where_it_is_in_the_way(market: Cloud) -> None:
    release(market, "mysql", "16.0.0", puppet=">= 7.0.0 < 8.0.0")
    needs(market, "keystone", {"puppetlabs/mysql": ">= 1.0.0"})
    market.manifest("production", NEWEST + "puppet: 8.10.0\n")
    assert conflict(market)[0] == (
        "module 'mysql': no release of puppetlabs/mysql satisfies all requirements: keystone requires puppetlabs/mysql >= 1.0.0, "
        "mysql 16.0.0 requires puppet >= 7.0.0 < 8.0.0, the environment runs Puppet 8.10.0"
    )


def test_wishes_that_collide_only_through_what_others_need_are_told_with_those(market: Cloud) -> None:
    needs(market, "keystone", {"puppetlabs/apache": ">= 12.0.0"})
    needs(market, "nova", {"puppetlabs/stdlib": "< 9.0.0"})
    assert conflict(market)[0] == (
        "module 'apache': no set of releases satisfies all requirements: keystone requires puppetlabs/apache >= 12.0.0, "
        "nova requires puppetlabs/stdlib < 9.0.0, apache 12.0.0 requires puppetlabs/stdlib >= 9.0.0 < 10.0.0"
    )


def test_every_module_that_has_no_solution_is_told_in_one_run(market: Cloud) -> None:
    needs(market, "keystone", {"puppetlabs/stdlib": ">= 10.0.0", "puppetlabs/apache": ">= 13.0.0"})
    result = market.run("lock", "--format", "json")
    assert codes(result) == [("dependency-conflict", "apache"), ("dependency-conflict", "stdlib")]


def test_the_rule_that_brought_a_pin_in_is_part_of_what_makes_a_lock_fresh(market: Cloud) -> None:
    market.run("lock")
    market.manifest("production", NEWEST.replace("newest", "integration"))
    stale = told(market.run("lock", "--check", "--format", "json"))
    assert [message for *_, message, _ in stale] == [
        f"module '{name}': was added by newest, but modules are now added by integration 2025.1"
        for name in ("apache", "concat", "stdlib")
    ]


def test_a_pin_that_only_ignored_dependencies_asked_for_is_stale(market: Cloud) -> None:
    market.run("lock")
    market.manifest("production", NEWEST.replace("newest", "newest, ignore: [concat]"))
    ((_, code, module, message, _),) = told(market.run("verify", "--format", "json"))
    assert (code, module) == ("lock-stale", "concat")
    assert message == "module 'concat': is in the lock, but nothing requires it any more"
    market.run("lock")
    assert set(externals(market)) == {"apache", "stdlib"}


def test_a_set_is_found_although_most_ways_lead_nowhere(market: Cloud) -> None:
    """Every newer release of three modules wants a newer stdlib than rsync can live with."""
    release(market, "rsync", "1.2.0", stdlib="< 9.0.0")
    for minor in range(12):
        for name in ("mysql", "concat", "memcached"):
            release(market, name, f"10.{minor}.0", stdlib=">= 9.0.0")
    for name in ("mysql", "memcached"):
        release(market, name, "9.0.0", stdlib=">= 8.0.0")
    release(market, "concat", "8.0.0")
    wanted = {f"puppetlabs/{name}": "" for name in ("mysql", "concat", "rsync")}
    needs(market, "keystone", wanted | {"saz/memcached": ""})
    assert market.run("lock").code == 0
    assert externals(market) == {
        "concat": "v8.0.0",
        "memcached": "v9.0.0",
        "mysql": "v9.0.0",
        "rsync": "v1.2.0",
        "stdlib": "v8.6.0",
    }
