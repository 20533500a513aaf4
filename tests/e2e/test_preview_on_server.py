"""A real Puppet Server compiles two environments: the preview of its catalogs is that of catalogs compiled here."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from pinner.catalogs.environment_tree import write_tree
from pinner.cli.workspace import open_workspace
from pinner.comparing.compile import module_trees
from pinner.workspace.locks import read_lock_ref
from tests.comparing.test_compile import CONTROL, NOVA
from tests.comparing.test_preview import write_facts
from tests.support.cloud import Cloud
from tests.support.puppet_server import PuppetServer, run_puppet_server
from tests.support.toy_estate import write_files

pytestmark = pytest.mark.e2e

OLD = NOVA["manifests/init.pp"]
NEW = OLD.replace("ensure => running", "ensure => stopped").replace("nova is loud", "nova is very loud")
# the server has no hiera-eyaml
HIERA = "version: 5\nhierarchy: [{name: all, path: common.yaml}]\n"


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Cloud:
    cloud = Cloud(tmp_path_factory.mktemp("cloud"))
    nova = cloud.upstream("nova")
    for tag, text in (("1.0.0", OLD), ("2.0.0", NEW)):
        nova.tag(tag, nova.commit("master", files={**NOVA, "manifests/init.pp": text}))
    for name, tag in (("production", "1.0.0"), ("staging", "2.0.0")):
        manifest = "modules:\n  nova: {git: 'https://opendev.org/openstack/puppet-nova', tag: " + tag + "}\n"
        cloud.project.joinpath(f"environments/{name}.yaml").write_text(manifest)
    assert cloud.run("lock").code == 0
    data = f"{CONTROL['data/common.yaml']}nova::sealed: open\n"
    write_files(cloud.root / "control", CONTROL | {"hiera.yaml": HIERA, "data/common.yaml": data})
    for number in (1, 2):
        write_facts(cloud.root / "facts", f"api{number}.example.org", "api", f"192.0.2.{number}")
    write_facts(cloud.root / "facts", "lost1.example.org", "lost", "192.0.2.9")
    return cloud


@pytest.fixture(scope="module")
def server(cloud: Cloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PuppetServer]:
    with run_puppet_server(tmp_path_factory.mktemp("server")) as server:
        workspace = open_workspace(str(cloud.project))
        for name in ("production", "staging"):
            trees = module_trees(read_lock_ref(name, workspace).lock, workspace)
            write_tree(server.tree.environments, name, modules=trees, control=cloud.root / "control")
        server.wait_until_ready()
        yield server


def run(cloud: Cloud, *more: str) -> Any:
    words = ("preview", "production", "staging", "--nodes", str(cloud.root / "facts"), "--format", "json")
    result = cloud.run(*words, *more)
    assert result.code == 1, result.err
    return result.json


def test_the_preview_is_that_of_catalogs_compiled_here(cloud: Cloud, server: PuppetServer) -> None:
    url = f"https://localhost:{server.tree.port}"
    there = run(cloud, "--server", url, "--ssldir", str(server.tree.ssl))
    here = run(cloud, "--control", str(cloud.root / "control"), "--sandbox", "none")
    assert [one["title"] for one in here["changes"]] == ["nova-api"]
    for key in ("nodes", "groups", "changes", "unstable", "modules", "kinds"):
        assert there[key] == here[key]
    assert [one["message"] for one in there["warnings"]] == ["nova is very loud"]
    (failure,) = there["failures"]
    assert (failure["side"], failure["nodes"]) == ("both", ["lost1.example.org"])
    assert "role::lost" in failure["message"] or "elsewhere" in failure["message"]
    stored = [*(server.tree.root / "var").rglob("api1.example.org*")]
    assert stored == []
    assert "hunter2hunter2" not in json.dumps(there)


def test_what_the_server_cannot_compile_apart_is_refused(cloud: Cloud, server: PuppetServer) -> None:
    words = ("--nodes", str(cloud.root / "facts"), "--server", f"https://localhost:{server.tree.port}")
    certificates = ("--ssldir", str(server.tree.ssl))
    for sides, message in (
        (("production", "production"), "which the server serves once"),
        (("production", "--to", "2025.1"), "--server compiles what is deployed there"),
    ):
        result = cloud.run("preview", *sides, *words, *certificates)
        assert (result.code, message in result.err) == (2, True), result.err
