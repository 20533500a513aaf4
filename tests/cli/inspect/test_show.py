"""`pinner status`, `id` and `why`: the commands that only look."""

import shutil

import pytest

from pinner.openstack.catalogue import find_series, modules_in
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
        "  module    version  ref               status        behind",
        "  facts     1.2.3    forge acme/facts  -             -",
        "  keystone  26.0.0   stable/2025.1     unmaintained  0",
        "  nova      26.0.0   stable/2025.1     unmaintained  2",
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
        "phase": "unmaintained",
        "behind": 0,
        "ref_now": "refs/heads/stable/2025.1",
        "release": "2025.1",
        "end_of_life": None,
        "override": False,
        "until": None,
        "fork": False,
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
        "  required by 'openstack' at environments/_base.yaml:2:13, a base of this environment",
        "  selector: release 2025.1 of https://opendev.org/openstack/puppet-keystone",
        "  resolved to refs/heads/stable/2025.1 (unmaintained)",
        f"  pinned at {commit}, openstack-keystone 26.0.0",
        "  nova depends on it: >=26.0.0 <27.0.0",
    ]


def test_why_names_the_override_and_not_the_list_it_overrides(cloud: Cloud) -> None:
    cloud.manifest(
        "production", "release: 2025.1\nopenstack: [keystone]\nmodules:\n  keystone: {tag: 26.0.0}\n"
    )
    assert cloud.run("why", "production", "keystone").out.splitlines()[1:3] == [
        "  required by 'modules' at environments/production.yaml:4:3",
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


def unmaintained(cloud: Cloud) -> Cloud:
    """Rename a branch as OpenStack does at the end of a release's maintenance."""
    keystone = cloud.upstream("keystone")
    keystone.commit("unmaintained/2024.1", version="24.0.0", start="refs/heads/stable/2024.1")
    keystone.delete("refs/heads/stable/2024.1")
    return cloud


def test_status_and_outdated_show_the_release_as_it_is_now(cloud: Cloud) -> None:
    cloud.manifest("production", "release: 2024.1\nopenstack: [keystone]\n")
    assert cloud.run("lock").code == 0
    unmaintained(cloud)
    assert cloud.run("status").out.splitlines()[1:] == [
        "  module    version  ref                                   status        behind",
        "  keystone  24.0.0   stable/2024.1 -> unmaintained/2024.1  unmaintained  1",
    ]
    (found,) = cloud.run("status", "--format", "json").json["environments"]
    (row,) = found["modules"]
    assert (row["ref"], row["ref_now"], row["status"], row["release"]) == (
        "refs/heads/stable/2024.1",
        "refs/heads/unmaintained/2024.1",
        "unmaintained",
        "2024.1",
    )
    words = "release 2024.1 is unmaintained: its ref is unmaintained/2024.1 now"
    assert words in cloud.run("outdated").out
    assert "(unmaintained)" in cloud.run("verify").out


def test_status_shows_the_end_of_life_of_the_release(cloud: Cloud) -> None:
    cloud.upstream("keystone").commit("stable/2024.2", version="25.0.0", start="refs/heads/master")
    cloud.manifest("production", "release: 2024.2\nopenstack: [keystone]\n")
    assert cloud.run("lock").code == 0
    title = cloud.run("status").out.splitlines()[0]
    assert title.endswith(", 1 module, 2024.2 (end of life since 2026-04-29)")  # releases.openstack.org
    (found,) = cloud.run("status", "--format", "json").json["environments"]
    assert (found["release"], found["end_of_life"]) == ("2024.2", "2026-04-29")


def test_a_release_that_has_ended_by_date_is_at_its_end_everywhere(cloud: Cloud) -> None:
    """Its branch may be called stable for months after that."""
    cloud.upstream("keystone").commit("stable/2024.2", version="25.0.0", start="refs/heads/master")
    cloud.manifest("production", "release: 2024.2\nopenstack: [keystone]\n")
    assert (
        "release 2024.2 has reached its end of life on 2026-04-29: stable/2024.2 gets"
        in cloud.run("lock").out
    )
    assert "keystone  25.0.0   stable/2024.2  end of life  0" in cloud.run("status").out
    assert "release 2024.2 is at its end of life since 2026-04-29" in cloud.run("outdated").out
    assert (
        "resolved to refs/heads/stable/2024.2 (end of life)" in cloud.run("why", "production", "keystone").out
    )
    assert "[end-of-life]" in cloud.run("verify").out
    tile = '<b>1</b> <span><a href="#only=el">with modules at their end of life</a></span>'
    assert tile in cloud.run("status", "--format", "html").out


def test_modules_that_all_leaves_out_are_no_errors(cloud: Cloud) -> None:
    series = find_series("2023.1")
    for entry in modules_in(series) if series else ():
        upstream = cloud.upstream(entry.name)
        branch = "stable/2023.1" if entry.seen_ref else "master"
        upstream.commit(branch, version="22.0.0", name=entry.forge_name.replace("/", "-"))
    cloud.manifest("production", "release: 2023.1\nopenstack: all\n")
    assert cloud.run("lock").code == 0
    assert "rally" not in cloud.lock("production")["modules"]
    for command in ("status", "outdated"):
        result = cloud.run(command, "--format", "json")
        assert (result.code, result.json["environments"][0]["unknown"]) == (0, [])


def test_equal_problems_of_environments_are_reported_once(cloud: Cloud) -> None:
    for name in ("one", "two", "three"):
        cloud.manifest(name, f"# {name}\nrelease: 2025.1\nopenstack: [keystone, nova]\n")
    assert cloud.run("lock").code == 0
    cloud.upstream("nova").path.rename(cloud.root / "gone")
    for command in ("status", "outdated"):
        result = cloud.run(command)
        assert (result.code, result.err.count("error: module 'nova'")) == (3, 1)
        assert "(in 3 files, also " in result.err


COMPUTE = """\
# @summary Compute
class nova::compute (
  $enabled = true,
  Integer $workers,
) { }
"""


@pytest.fixture
def compute(cloud: Cloud) -> Cloud:
    cloud.upstream("nova").commit("stable/2025.1", version="26.0.0", files={"manifests/compute.pp": COMPUTE})
    cloud.manifest("production", "release: 2025.1\nopenstack: [keystone, nova]\n")
    assert cloud.run("lock").code == 0
    return cloud


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (
            "nova::compute::enabled",
            "nova::compute::enabled is a parameter of class nova::compute (default true, manifests/compute.pp:3)",
        ),
        (
            "::nova::compute::workers",
            "nova::compute::workers is a parameter of class nova::compute (Integer, required, manifests/compute.pp:4)",
        ),
        ("nova::compute", "nova::compute is a class of nova (manifests/compute.pp:2)"),
        (
            "nova::compute::gone",
            "nova::compute::gone would belong to nova, but the pinned code has nothing of that name",
        ),
    ],
)
def test_why_of_a_key_or_class_begins_with_what_it_is(compute: Cloud, name: str, words: str) -> None:
    whole = compute.run("why", "production", "nova").out.splitlines()
    shown = compute.run("why", "production", name).out.splitlines()
    assert (shown[0], shown[1], shown[2:]) == (whole[0], f"  {words}", whole[1:])


def test_why_of_a_key_as_json(compute: Cloud) -> None:
    found = compute.run("why", "production", "nova::compute::workers", "--format", "json").json
    assert (found["module"], found["key"]["definition"], found["key"]["parameter"]) == (
        "nova",
        "nova::compute",
        "workers",
    )
    assert (found["key"]["type"], found["key"]["default"], found["key"]["line"]) == ("Integer", None, 4)
    assert compute.run("why", "production", "nova", "--format", "json").json["key"] is None


def test_why_of_a_key_whose_code_is_not_at_hand_is_no_wrong_answer(compute: Cloud) -> None:
    shutil.rmtree(compute.root / "cache")
    shown = compute.run("why", "production", "nova::compute::workers")
    assert shown.code == 0
    assert "nova::compute::workers belongs to nova; whether the pinned code has it could not be" in shown.out


def test_why_of_a_key_of_no_module(compute: Cloud) -> None:
    shown = compute.run("why", "production", "novva::compute::workers")
    assert (shown.code, "did you mean 'nova'?" in shown.err) == (2, True)
