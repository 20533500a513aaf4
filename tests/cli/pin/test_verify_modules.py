"""`pinner verify`: whether a commit is the module, and of the release, that it is used for."""

import pytest

from tests.support.cloud import Cloud
from tests.support.findings import codes, told

BASIC = "release: 2025.1\nopenstack: [keystone]\n"
KEYSTONE = "https://opendev.org/openstack/puppet-keystone"


def lock(cloud: Cloud, text: str) -> list[tuple[str, str, str | None, str, str | None]]:
    cloud.manifest("production", text)
    return told(cloud.run("lock", "--format", "json"))


def test_a_retired_repository(cloud: Cloud) -> None:
    murano = cloud.upstream("murano")
    murano.commit("stable/2023.2", version="23.0.0")
    gone = murano.commit("master", files={"README.rst": "This project is no longer maintained.\n"})
    assert lock(cloud, "modules:\n  murano: {branch: master}\n") == [
        (
            "error",
            "not-a-module",
            "murano",
            f"module 'murano': commit {gone} has no metadata.json, Modulefile, manifests/ or lib/: puppet-murano is retired, its last release is 2023.2",
            "use that release (murano: {release: 2023.2}), or leave it out (murano: false)",
        )
    ]


def test_a_commit_without_a_module(cloud: Cloud) -> None:
    gone = cloud.upstream("keystone").commit("stable/2025.1", files={"README.md": "nothing\n"})
    assert lock(cloud, BASIC) == [
        (
            "error",
            "not-a-module",
            "keystone",
            f"module 'keystone': commit {gone} has no metadata.json, Modulefile, manifests/ or lib/",
            "is the repository retired? if it is not a Puppet module, set 'module: false'",
        )
    ]


@pytest.mark.parametrize(
    "file", ["manifests/compute.pp", "lib/facter/rack.rb", "lib/puppet/functions/role/of.rb"]
)
def test_code_without_metadata_is_a_module(cloud: Cloud, file: str) -> None:
    cloud.upstream("role", owner="private", repository="role").commit("main", files={file: "# role\n"})
    assert lock(cloud, 'modules:\n  role: {git: "https://git.example.net/role", branch: main}\n') == []
    pin = cloud.lock("production")["modules"]["role"]
    assert not {"module", "name", "version"} & pin.keys()


@pytest.mark.parametrize("file", ["data/manifests/a.pp", "manifests", "lib.rb", "hiera/lib/a.yaml"])
def test_files_named_like_the_directories_of_a_module_are_not_one(cloud: Cloud, file: str) -> None:
    cloud.upstream("role", owner="private", repository="role").commit("main", files={file: "# role\n"})
    found = lock(cloud, 'modules:\n  role: {git: "https://git.example.net/role", branch: main}\n')
    assert [row[1] for row in found] == ["not-a-module"]


def test_a_repository_that_is_no_module_and_says_so(cloud: Cloud) -> None:
    cloud.upstream("hieradata", owner="private", repository="hieradata").commit("main")
    url = "https://git.example.net/hieradata"
    entry = f'hieradata: {{git: "{url}", branch: main, install_path: hiera, module: false}}'
    assert lock(cloud, f"modules:\n  {entry}\n") == []


def test_the_repository_of_neutron_holds_quantum_at_grizzly(cloud: Cloud) -> None:
    neutron = cloud.upstream("neutron")
    files = {"Modulefile": "name 'puppetlabs-quantum'\nversion '2.2.0'\n"}
    old = neutron.commit("master", files=files)
    neutron.tag("2.2.0", "refs/heads/master")
    neutron.tag("grizzly-eol", "refs/heads/master")
    assert lock(cloud, "modules:\n  neutron: {tag: 2.2.0}\n") == [
        (
            "error",
            "name-mismatch",
            "neutron",
            f"module 'neutron': Modulefile at {old} is the metadata of the module 'quantum'",
            "Puppet finds a module by its directory: name it 'quantum' in the manifest",
        )
    ]
    found = lock(cloud, "release: grizzly\nopenstack: [quantum]\nfindings: {ignore: [end-of-life]}\n")
    assert (found, list(cloud.lock("production")["modules"])) == ([], ["quantum"])


def test_a_branch_of_the_release_with_code_of_another_one(cloud: Cloud) -> None:
    cloud.upstream("keystone").commit("stable/2025.1", version="24.1.0")
    assert lock(cloud, BASIC) == [
        (
            "warning",
            "version-unexpected",
            "keystone",
            "module 'keystone': its version 24.1.0 is that of release 2024.1; release 2025.1 has 26.x",
            f"does refs/heads/stable/2025.1 of {KEYSTONE} follow upstream's? compare them",
        )
    ]


@pytest.mark.parametrize("version", ["26.0.0", "26.0.1", "26.7.0"])
def test_a_branch_goes_on_after_its_last_known_version(cloud: Cloud, version: str) -> None:
    cloud.upstream("keystone").commit("stable/2025.1", version=version)
    assert lock(cloud, BASIC) == []


def test_a_tag_of_another_release_in_an_environment(cloud: Cloud) -> None:
    assert lock(cloud, BASIC + "modules:\n  keystone: {tag: 24.0.0}\n") == [
        (
            "warning",
            "version-unexpected",
            "keystone",
            "module 'keystone': its version 24.0.0 is that of release 2024.1; release 2025.1 has 26.x",
            "use the ref of 2025.1, or set the release that is intended (keystone: {release: 2024.1})",
        )
    ]
    assert lock(cloud, BASIC + "modules:\n  keystone: {release: 2024.1}\n") == []


def test_a_version_of_no_release(cloud: Cloud) -> None:
    cloud.upstream("keystone").commit("acme", version="99.0.0", start="refs/heads/master")
    found = lock(cloud, BASIC + "modules:\n  keystone: {branch: acme}\n")
    assert [row[3:] for row in found] == [
        (
            "module 'keystone': its version 99.0.0 is of no release that is known; release 2025.1 has 26.x",
            "use the ref of 2025.1, or set the release that is intended",
        )
    ]


def test_an_environment_without_a_release_expects_no_version(cloud: Cloud) -> None:
    assert lock(cloud, "modules:\n  keystone: {tag: 24.0.0}\n") == []


def test_a_release_that_has_no_versions_yet_expects_none(cloud: Cloud) -> None:
    cloud.upstream("keystone").commit("stable/2027.1", version="26.0.0")
    assert lock(cloud, "release: 2027.1\nopenstack: [keystone]\n") == []


def test_broken_metadata_is_read_as_far_as_it_goes(cloud: Cloud) -> None:
    commit = cloud.upstream("keystone").commit("stable/2025.1", files={"metadata.json": "{"})
    cloud.manifest("production", BASIC)
    result = cloud.run("lock", "--format", "json")
    assert (result.code, set(codes(result))) == (0, {("metadata-flawed", "keystone")})
    assert told(result)[0][3].startswith(f"module 'keystone': metadata.json at {commit}: ")
