"""`pinner status`, `id` and `why`: the commands that only look."""

import pytest

from tests.support.cloud import Cloud


@pytest.fixture
def locked(cloud: Cloud) -> Cloud:
    cloud.manifest("_base", "release: 2025.1\nopenstack: [keystone, nova]\n")
    cloud.manifest("production", "extends: _base\nmodules:\n  facts: {forge: acme/facts, version: 1.2.3}\n")
    assert cloud.run("lock").code == 0
    return cloud


def test_status_counts_the_commits_behind(locked: Cloud) -> None:
    for _ in range(2):
        locked.upstream("nova").commit("stable/2025.1", version="26.0.1")
    result = locked.run("status")
    assert result.code == 0
    assert result.out.splitlines()[1:] == [
        "  module    version  ref               status      behind",
        "  facts     1.2.3    forge acme/facts  -           -",
        "  keystone  26.0.0   stable/2025.1     maintained  0",
        "  nova      26.0.0   stable/2025.1     maintained  2",
    ]


def test_status_as_json(locked: Cloud) -> None:
    found = locked.run("status", "production", "--format", "json").json
    (production,) = found["environments"]
    nova = production["modules"][2]
    assert (found["format"], production["name"]) == (1, "production")
    assert production["lock_id"] == locked.run("id").out.split()[1]
    assert nova == {
        "name": "nova",
        "version": "26.0.0",
        "commit": locked.upstream("nova").id("refs/heads/stable/2025.1"),
        "ref": "refs/heads/stable/2025.1",
        "status": "maintained",
        "behind": 0,
    }


def test_status_says_what_could_not_be_found_out(locked: Cloud) -> None:
    locked.upstream("nova").path.rename(locked.root / "gone")
    result = locked.run("status", "--format", "json")
    behind = {row["name"]: row["behind"] for row in result.json["environments"][0]["modules"]}
    assert (result.code, behind) == (3, {"facts": None, "keystone": 0, "nova": None})


def test_status_says_once_what_several_environments_could_not_ask(locked: Cloud) -> None:
    locked.manifest("staging", "extends: _base\n")
    assert locked.run("lock").code == 0
    for module in ("keystone", "nova"):
        locked.upstream(module).path.rename(locked.root / module)
    result = locked.run("status")
    assert result.code == 3
    assert result.err.count("error: module 'nova'") == 1
    assert result.err.count("hint:") == 1


def test_status_of_an_environment_without_a_lock(cloud: Cloud) -> None:
    cloud.manifest("production", "release: 2025.1\nopenstack: [nova]\n")
    assert cloud.run("status").out == "production: no lock yet: run 'pinner lock production'\n"


def test_two_environments_with_one_id_run_the_same_code(locked: Cloud) -> None:
    locked.manifest(
        "twin",
        "modules:\n  keystone: {branch: stable/2025.1}\n  nova: {branch: stable/2025.1}\n"
        "  facts: {forge: acme/facts, version: 1.2.3}\n",
    )
    locked.run("lock", "twin")
    production, twin = (line.split() for line in locked.run("id").out.splitlines())
    assert production[1] == twin[1]
    locked.manifest("twin", "moduledir: site\nmodules:\n  keystone: {branch: stable/2025.1}\n")
    locked.run("lock", "twin")
    assert locked.run("id", "twin").out.split()[1] != production[1]


def test_id_of_an_environment_without_a_lock(cloud: Cloud) -> None:
    cloud.manifest("production", "release: 2025.1\nopenstack: [nova]\n")
    assert cloud.run("id").out == "production  no lock\n"


def test_why_goes_from_the_line_in_the_base_to_the_commit(locked: Cloud) -> None:
    commit = locked.upstream("keystone").id("refs/heads/stable/2025.1")
    assert locked.run("why", "production", "keystone").out.splitlines() == [
        "keystone in production",
        "  asked for by 'openstack' at environments/_base.yaml:2:13, a base of this environment",
        "  wants release 2025.1 of https://opendev.org/openstack/puppet-keystone",
        "  found refs/heads/stable/2025.1 (maintained)",
        f"  pinned at {commit}, openstack-keystone 26.0.0",
        "  nova depends on it: >=26.0.0 <27.0.0",
    ]


def test_why_names_the_override_and_not_the_list_it_overrides(cloud: Cloud) -> None:
    cloud.manifest(
        "production", "release: 2025.1\nopenstack: [keystone]\nmodules:\n  keystone: {tag: 26.0.0}\n"
    )
    assert cloud.run("why", "production", "keystone").out.splitlines()[1:3] == [
        "  asked for by 'modules' at environments/production.yaml:4:3",
        "  not pinned yet: run 'pinner lock production'",
    ]


def test_why_of_a_mistyped_module_says_what_was_meant(locked: Cloud) -> None:
    assert locked.run("why", "production", "keystoen").err == (
        "environment 'production' has no module 'keystoen'\n  hint: did you mean 'keystone'?\n"
    )


def test_why_of_a_module_that_is_not_there(locked: Cloud) -> None:
    result = locked.run("why", "production", "swift")
    assert (result.code, result.err) == (
        2,
        "environment 'production' has no module 'swift'\n  hint: it has facts, keystone, nova\n",
    )
