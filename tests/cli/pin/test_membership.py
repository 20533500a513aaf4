"""`pinner add` and `pinner remove`: the manifest with its comments, and what `lock` would do."""

import pytest
import yaml

from tests.support.cloud import Cloud
from tests.support.prepared import Prepared
from tests.support.unharmed import unharmed

TEXT = """# The live cloud
release: 2025.1   # until autumn

openstack:
  - keystone   # first
  # compute
  - nova

findings:
  ignore: [end-of-life]  # we know
"""


def lock_text(cloud: Cloud) -> None:
    cloud.manifest("production", TEXT)
    assert cloud.run("lock").code == 0
    cloud.upstream("glance").commit("stable/2025.1", version="26.0.0")


@pytest.fixture
def project(cloud: Cloud, prepared: Prepared) -> Cloud:
    return prepared(cloud, lock_text)


def text(cloud: Cloud, environment: str = "production") -> str:
    return (cloud.project / f"environments/{environment}.yaml").read_text()


def test_add_appends_to_the_list_and_keeps_all_comments(project: Cloud) -> None:
    before = project.lock_path("production").read_bytes()
    shown = project.run("add", "glance")
    assert text(project) == TEXT.replace("  - nova\n", "  - nova\n  - glance\n")
    assert "  + glance 26.0.0 (stable/2025.1" in shown.out
    assert (shown.code, shown.err.splitlines()[0]) == (0, "edited environments/production.yaml")
    assert project.lock_path("production").read_bytes() == before
    assert project.run("lock").code == 0
    assert set(project.lock("production")["modules"]) == {"glance", "keystone", "nova"}


@pytest.mark.parametrize(
    ("line", "after"),
    [
        ("openstack: [keystone, nova]", "openstack: [keystone, nova, glance]"),
        ("openstack: [keystone, nova]  # a [list]", "openstack: [keystone, nova, glance]  # a [list]"),
        ("openstack: [ keystone ,\n  nova ]", "openstack: [ keystone ,\n  nova, glance ]"),
        ("openstack:\n- keystone\n- nova", "openstack:\n- keystone\n- nova\n- glance"),
        ("openstack:\n    -   nova", "openstack:\n    -   nova\n    -   glance"),
        ("openstack: []\nmodules: {nova: {}}", "openstack: [glance]\nmodules: {nova: {}}"),
    ],
)
def test_add_writes_as_the_list_is_written(project: Cloud, line: str, after: str) -> None:
    project.manifest("production", f"release: 2025.1\n{line}\n")
    project.run("add", "glance")
    assert text(project) == f"release: 2025.1\n{after}\n"


def test_add_with_a_selector_goes_to_modules(project: Cloud) -> None:
    project.upstream("nova").tag("26.0.0", "refs/heads/stable/2025.1")
    assert project.run("add", "glance", "--branch", "stable/2025.1").code == 0
    read = yaml.safe_load(text(project))
    assert read["modules"] == {"glance": {"branch": "stable/2025.1"}}
    assert "# compute" in text(project)
    project.run("add", "mine", "--git", "https://git.example.org/puppet-mine", "--tag", "1.0")
    assert yaml.safe_load(text(project))["modules"]["mine"] == {
        "git": "https://git.example.org/puppet-mine",
        "tag": "1.0",
    }


def test_a_module_of_a_base_or_of_all_is_neither_lost_nor_added_twice(project: Cloud) -> None:
    project.manifest("_base", "release: 2025.1\nopenstack: [keystone, nova]\n")
    project.manifest("staging", "extends: _base\n")
    project.run("add", "glance", "--env", "staging")
    assert yaml.safe_load(text(project, "staging")) == {"extends": "_base", "modules": {"glance": {}}}
    project.run("remove", "nova", "--env", "staging")
    assert yaml.safe_load(text(project, "staging"))["modules"] == {"glance": {}, "nova": False}
    project.run("add", "nova", "--env", "staging")
    assert yaml.safe_load(text(project, "staging")) == {"extends": "_base", "modules": {"glance": {}}}
    assert text(project, "_base") == "release: 2025.1\nopenstack: [keystone, nova]\n"


def test_remove_takes_the_line_alone(project: Cloud) -> None:
    shown = project.run("remove", "keystone")
    assert text(project) == TEXT.replace("  - keystone   # first\n", "")
    assert (shown.code, "  - keystone 26.0.0" in shown.out) == (0, True)


def test_remove_takes_the_last_of_modules_with_its_key(project: Cloud) -> None:
    project.manifest("production", f"{TEXT}modules:\n  glance:\n    branch: stable/2025.1\n")
    project.run("remove", "glance")
    assert text(project) == TEXT


def test_nothing_is_written_if_the_manifest_would_be_invalid(project: Cloud) -> None:
    for words in (
        ("add", "novva"),
        ("add", "stdlib"),
        ("add", "nova"),
        ("add", "glance", "--tag", "a b"),
        ("remove", "glance"),
        ("remove", "keystone", "nova"),
        ("add", "glance", "novva"),
    ):
        with unharmed(project.project):
            shown = project.run(*words)
        assert (shown.code, shown.out) == (2, ""), words


def test_what_the_errors_name(project: Cloud) -> None:
    assert "has module 'nova' already" in project.run("add", "nova").err
    assert "did you mean" in project.run("remove", "novva").err
    assert "give one of --release" in project.run("add", "glance", "--tag", "1", "--branch", "x").err


def test_several_environments_require_a_choice_and_are_edited_together(project: Cloud) -> None:
    project.manifest("staging", "release: 2025.1\nopenstack: [nova]\n")
    refused = project.run("add", "glance")
    assert (refused.code, "name one with --env ENV" in refused.err) == (2, True)
    project.run("add", "glance", "--env", "staging", "--env", "production")
    assert "glance" in text(project)
    assert "glance" in text(project, "staging")
    with unharmed(project.project):
        assert project.run("add", "keystone", "--env", "staging", "--env", "production").code == 2


def test_line_ends_and_a_mark_at_the_start_are_kept(project: Cloud) -> None:
    path = project.project / "environments/production.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + TEXT.replace("\n", "\r\n").encode())
    project.run("add", "glance")
    assert (
        path.read_bytes()
        == b"\xef\xbb\xbf"
        + TEXT.replace("  - nova\n", "  - nova\n  - glance\n").replace("\n", "\r\n").encode()
    )


@pytest.mark.parametrize(
    ("entry", "after"),
    [
        ("{glance: {branch: stable/2025.1}, ceph: false}", "{ceph: false}"),
        ("{ceph: false, glance: {branch: stable/2025.1}}", "{ceph: false}"),
        ("{ceph: false, glance: {}, swift: false}", "{ceph: false, swift: false}"),
        ("{\n    ceph: false,\n    glance: {}\n  }", "{\n    ceph: false,\n  }"),
    ],
)
def test_remove_from_a_map_on_one_line(project: Cloud, entry: str, after: str) -> None:
    project.manifest("production", f"release: 2025.1\nopenstack: [nova]\nmodules: {entry}  # these\n")
    project.run("remove", "glance")
    assert text(project) == f"release: 2025.1\nopenstack: [nova]\nmodules: {after}  # these\n"
