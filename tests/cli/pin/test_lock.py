"""`pinner lock`: pins what is new or changed, keeps the rest, writes whole locks or nothing."""

from tests.support.cloud import Cloud

BASIC = "release: 2025.1\nopenstack: [keystone, nova]\n"


def test_a_lock_says_exactly_what_was_found(cloud: Cloud) -> None:
    cloud.manifest("production", BASIC)
    result = cloud.run("lock")
    assert result.code == 0, result.err
    keystone = cloud.upstream("keystone").id("refs/heads/stable/2025.1")
    assert cloud.lock("production")["modules"]["keystone"] == {
        "commit": keystone,
        "git": "https://opendev.org/openstack/puppet-keystone",
        "name": "openstack-keystone",
        "ref": "refs/heads/stable/2025.1",
        "status": "maintained",
        "version": "26.0.0",
        "want": {"release": "2025.1"},
    }
    assert cloud.lock("production")["modules"]["nova"]["dependencies"] == {
        "openstack/keystone": ">=26.0.0 <27.0.0"
    }


def test_locking_twice_changes_no_byte(cloud: Cloud) -> None:
    cloud.manifest("production", BASIC)
    cloud.run("lock")
    before = cloud.lock_path("production").read_bytes()
    result = cloud.run("lock")
    assert (result.code, cloud.lock_path("production").read_bytes()) == (0, before)
    assert "written" not in result.out


def test_lock_keeps_a_pin_whose_want_is_unchanged(cloud: Cloud) -> None:
    cloud.manifest("production", BASIC)
    cloud.run("lock")
    pinned = cloud.upstream("nova").id("refs/heads/stable/2025.1")
    cloud.upstream("nova").commit("stable/2025.1", version="26.0.1")
    cloud.upstream("glance").commit("stable/2025.1", version="26.0.0")
    cloud.manifest("production", "release: 2025.1\nopenstack: [glance, keystone, nova]\n")
    assert cloud.run("lock").code == 0
    assert cloud.lock("production")["modules"]["nova"]["commit"] == pinned
    assert "glance" in cloud.lock("production")["modules"]


def test_lock_drops_what_the_manifest_no_longer_asks_for(cloud: Cloud) -> None:
    cloud.manifest("production", BASIC)
    cloud.run("lock")
    cloud.manifest("production", "release: 2025.1\nopenstack: [keystone]\n")
    result = cloud.run("lock")
    assert "- nova" in result.out
    assert set(cloud.lock("production")["modules"]) == {"keystone"}


def test_a_changed_want_is_resolved_anew(cloud: Cloud) -> None:
    cloud.manifest("production", BASIC)
    cloud.run("lock")
    cloud.manifest("production", "release: 2024.1\nopenstack: [keystone, nova]\n")
    assert cloud.run("lock").code == 0
    assert cloud.lock("production")["modules"]["nova"]["version"] == "24.0.0"


def test_a_missing_ref_names_place_and_near_misses_and_stops_no_other_environment(cloud: Cloud) -> None:
    cloud.manifest("production", BASIC)
    cloud.manifest("broken", "release: 2025.1\nmodules:\n  nova: {branch: stable/2025.3}\n")
    result = cloud.run("lock")
    assert result.code == 2
    assert (
        "environments/broken.yaml:3:3: error: module 'nova': no branch 'stable/2025.3' in "
        "https://opendev.org/openstack/puppet-nova [ref-missing]\n    hint: there is 'stable/2025.1', 'stable/2024.1'\n"
    ) in result.out
    assert result.out.endswith("locked 1 of 2 environments: 1 error, 0 warnings\n")
    assert not cloud.lock_path("broken").exists()
    assert cloud.lock_path("production").exists()


def test_a_name_without_near_misses_is_told_what_there_is(cloud: Cloud) -> None:
    cloud.manifest("one", "modules:\n  nova: {branch: xyz}\n")
    cloud.manifest("two", "modules:\n  nova: {tag: xyz}\n")
    cloud.upstream("nova").delete("refs/tags/24.0.0")
    cloud.upstream("nova").delete("refs/tags/26.0.0")
    result = cloud.run("lock")
    assert "hint: its branches are 'master', 'stable/2024.1', 'stable/2025.1'\n" in result.out
    assert "hint: it has no tags\n" in result.out


def test_an_empty_repository_is_called_so(cloud: Cloud) -> None:
    cloud.upstream("glance")
    cloud.manifest("production", BASIC)
    cloud.run("lock")
    before = cloud.lock_path("production").read_bytes()
    for wish in ("release: 2025.1", "branch: main", "tag: 1.0.0", "version: '>= 1'", f"commit: {'0' * 40}"):
        cloud.manifest("production", f"{BASIC}modules:\n  glance: {{{wish}}}\n")
        result = cloud.run("lock")
        assert (result.code, cloud.lock_path("production").read_bytes()) == (2, before)
        assert "hint: the repository is empty\n" in result.out


def test_a_wrong_release_is_not_told_as_a_missing_one(cloud: Cloud) -> None:
    cloud.manifest(
        "production",
        "release: --output=x\nopenstack: [nova, nvoa]\nmodules:\n  horizon: {as_of: 2025-01-01}\n",
    )
    result = cloud.run("lock")
    places = [line.partition(": ")[0] for line in result.err.splitlines() if line.startswith("environments/")]
    assert places == [f"environments/production.yaml:{place}" for place in ("1:10", "2:19")]


def test_a_remote_that_is_not_there_is_told_apart_from_a_ref_that_is_not_there(cloud: Cloud) -> None:
    cloud.manifest("production", BASIC)
    cloud.manifest("broken", "release: 2025.1\nopenstack: [glance]\n")
    result = cloud.run("lock", "--format", "json")
    assert result.code == 3
    broken, production = result.json["environments"]
    assert [finding["code"] for finding in broken["findings"]] == ["remote-unreachable"]
    assert (broken["lock_id"], production["findings"]) == (None, [])
    assert cloud.lock_path("production").exists()


def test_an_unsatisfied_dependency_keeps_the_lock_from_being_written(cloud: Cloud) -> None:
    cloud.manifest("production", BASIC)
    cloud.run("lock")
    before = cloud.lock_path("production").read_bytes()
    cloud.manifest(
        "production",
        "release: 2025.1\nopenstack: [keystone, nova]\nmodules:\n  keystone: {release: 2024.1}\n",
    )
    result = cloud.run("lock")
    assert result.code == 1
    assert "requires openstack/keystone >=26.0.0 <27.0.0, but 'keystone' is pinned at 24.0.0" in result.out
    assert cloud.lock_path("production").read_bytes() == before


def test_every_selector(cloud: Cloud) -> None:
    nova = cloud.upstream("nova")
    stdlib = cloud.upstream("stdlib", owner="puppetlabs", repository="puppetlabs-stdlib")
    for version in ("8.6.0", "9.0.0", "9.10.0", "10.0.0"):
        stdlib.commit("main", version=version, name="puppetlabs-stdlib")
        stdlib.tag(f"v{version}", "refs/heads/main")
    stdlib.commit("main", version="9.11.0-rc1", name="puppetlabs-stdlib")
    stdlib.tag("v9.11.0-rc1", "refs/heads/main")
    old = nova.id("refs/tags/24.0.0")
    cloud.manifest(
        "production",
        "modules:\n"
        "  keystone: {tag: 26.0.0}\n"
        f"  nova: {{commit: {old}}}\n"
        '  stdlib: {version: ">= 9.0.0 < 10.0.0"}\n'
        "  facts: {forge: acme/facts, version: 1.2.3}\n"
        'findings: {ignore: ["dependency-unsatisfied:nova"]}\n',
    )
    result = cloud.run("lock")
    assert result.code == 0, result.out + result.err
    modules = cloud.lock("production")["modules"]
    assert modules["keystone"]["commit"] == cloud.upstream("keystone").id("refs/tags/26.0.0")
    assert (modules["nova"]["commit"], modules["nova"].get("ref")) == (old, None)
    assert (modules["stdlib"]["ref"], modules["stdlib"]["version"]) == ("refs/tags/v9.10.0", "9.10.0")
    assert modules["facts"] == {"forge": "acme/facts", "version": "1.2.3"}


def test_as_of_takes_the_branch_as_it_stood_at_the_end_of_that_day(cloud: Cloud) -> None:
    nova = cloud.upstream("nova")
    then = nova.id("refs/heads/stable/2025.1")
    nova.commit("stable/2025.1", version="26.0.1")
    when = nova.git("show", "--no-patch", "--date=format-local:%Y-%m-%d", "--format=%cd", then)
    cloud.manifest("production", f"release: 2025.1\nmodules:\n  nova: {{as_of: {when}}}\n")
    cloud.run("lock")
    assert cloud.lock("production")["modules"]["nova"]["commit"] == then
    assert cloud.lock("production")["modules"]["nova"]["want"] == {"as_of": when, "release": "2025.1"}


def test_a_branch_and_a_tag_of_one_name_are_told_apart(cloud: Cloud) -> None:
    nova = cloud.upstream("nova")
    branch = nova.commit("twice", version="26.0.0", start="refs/heads/master")
    tag = nova.tag("twice", "refs/tags/24.0.0", is_annotated=False)
    cloud.manifest("one", "modules:\n  nova: {branch: twice}\n")
    cloud.manifest("two", "modules:\n  nova: {tag: twice}\n")
    assert cloud.run("lock").code == 0
    assert [cloud.lock(name)["modules"]["nova"]["commit"] for name in ("one", "two")] == [branch, tag]


def test_an_end_of_life_tag_gives_its_status_and_a_warning(cloud: Cloud) -> None:
    nova = cloud.upstream("nova")
    nova.commit("stable/2023.2", version="23.0.0")
    nova.tag("2023.2-eol", "refs/heads/stable/2023.2")
    nova.delete("refs/heads/stable/2023.2")
    cloud.manifest("production", "release: bobcat\nopenstack: [nova]\n")
    result = cloud.run("lock")
    assert result.code == 0
    assert cloud.lock("production")["modules"]["nova"]["status"] == "end of life"
    assert cloud.lock("production")["modules"]["nova"]["want"] == {"release": "2023.2"}
    assert "[end-of-life]" in result.out
    assert cloud.run("lock", "--strict").code == 1


def test_check_is_offline_and_tells_stale_missing_and_fresh_apart(cloud: Cloud) -> None:
    cloud.manifest("production", BASIC)
    missing = cloud.run("lock", "--check")
    assert (missing.code, "environment 'production' has no lock" in missing.out) == (1, True)
    assert missing.out.endswith("checked 1 environment: 1 error, 0 warnings\n")
    cloud.run("lock")
    cloud.upstream("keystone").path.rename(cloud.root / "gone")
    assert cloud.run("lock", "--check").code == 0
    cloud.manifest("production", "release: 2024.1\nopenstack: [glance, keystone]\n")
    stale = cloud.run("lock", "--check")
    assert stale.code == 1
    assert "module 'glance': is not in the lock yet" in stale.out
    assert (
        "module 'keystone': the manifest requires release 2024.1; the lock was made for release 2025.1"
        in stale.out
    )
    assert "module 'nova': is in the lock, but the manifest no longer requires it" in stale.out


def test_offline_works_from_the_cache_only(cloud: Cloud) -> None:
    cloud.manifest("production", BASIC)
    assert cloud.run("lock", "--offline").code == 3
    cloud.run("lock")
    (cloud.root / "upstreams").rename(cloud.root / "gone")
    assert cloud.run("lock", "--offline").code == 0
    assert cloud.run("lock").code == 3


def test_all_wrong_input_of_all_manifests_is_told_in_one_run(cloud: Cloud) -> None:
    cloud.manifest("one", "release: 2025.3\nopenstack: [keystone]\n")
    cloud.manifest("two", "release: grizzly\nopenstack: [neutron, nvoa]\nmodules:\n  apache: {}\n")
    result = cloud.run("lock")
    assert result.code == 2
    lines = [line for line in result.err.splitlines() if not line.startswith("  hint")]
    assert [line.partition(": ")[0] for line in lines] == [
        "environments/one.yaml:1:10",
        "environments/two.yaml:2:13",
        "environments/two.yaml:2:22",
        "environments/two.yaml:4:3",
    ]
    assert "'quantum'" in lines[1]


def test_syntax_and_meaning_are_judged_in_one_run(cloud: Cloud) -> None:
    cloud.manifest(
        "one",
        "release: 2025.3\n"
        "openstack: [keystone, nvoa, ../x]\n"
        "colour: red\n"
        "modules:\n"
        "  nova: {branch: a, tag: b}\n"
        "  glance: {}\n"
        "  zzz: {branch: main}\n"
        "  swift: {release: icehous}\n",
    )
    result = cloud.run("lock")
    places = [line.partition(": ")[0] for line in result.err.splitlines() if line.startswith("environments/")]
    assert result.code == 2
    assert places == [
        f"environments/one.yaml:{place}" for place in ("1:10", "2:23", "2:29", "3:1", "5:21", "7:3", "8:20")
    ]


def test_a_mirror_that_was_damaged_is_made_anew_and_told(cloud: Cloud) -> None:
    cloud.upstream("nova").commit("stable/2025.1", version="26.0.0")
    cloud.manifest("production", "release: 2025.1\nopenstack: [nova]\n")
    assert cloud.run("lock").code == 0
    (head,) = (cloud.root / "cache").rglob("HEAD")
    head.write_text("garbage")
    result = cloud.run("verify")
    told = [line for line in result.err.splitlines() if "was cloned again" in line]
    assert result.code == 0
    assert [line.partition(" (")[0] for line in told] == [
        "the mirror of https://opendev.org/openstack/puppet-nova was damaged"
    ]


def test_the_id_of_an_annotated_tag_is_no_commit(cloud: Cloud) -> None:
    upstream = cloud.upstream("nova")
    tag, commit = upstream.git("rev-parse", "refs/tags/26.0.0"), upstream.id("refs/tags/26.0.0")
    cloud.manifest("production", f"modules: {{nova: {{commit: {tag}}}}}\n")
    done = cloud.run("lock")
    assert done.code == 2
    assert f"module 'nova': {tag} is not a commit in https://opendev.org/openstack/puppet-nova" in done.out
    assert f"hint: it is an annotated tag's own id: write 'commit: {commit}'" in done.out
