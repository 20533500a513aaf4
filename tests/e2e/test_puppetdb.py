"""A real PuppetDB gives the nodes: their facts are those that were stored there, and so are the catalogs."""

import json
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from pinner.cli.change.compile import read_facts
from pinner.project.foreign.node_facts import read_nodes
from tests.comparing.test_compile import CONTROL, NOVA
from tests.comparing.test_preview import write_facts
from tests.support.cloud import Cloud, Result
from tests.support.puppetdb import ALLOWED, SERVER, STRANGER, PuppetDb, run_puppetdb
from tests.support.toy_estate import write_files

pytestmark = pytest.mark.e2e

OTHERS = 501
"""Nodes that are not compiled: more than are read with one request."""
NEW = NOVA["manifests/init.pp"].replace("ensure => running", "ensure => stopped")
# what JSON has, and what a database could lose
MORE: Mapping[str, Any] = {
    "nothing": None,
    "yes": True,
    "load": 0.25,
    "bytes": 2**40,
    "negative": -1,
    "text": "é\u2028 \\ \" '",
    "empty": "",
    "mixed": [1, "1", 1.5, None, {"a": [], "b": {}}],
    "dotted.name": {"x.y": 1},
}
EXPORT: Mapping[str, Any] = {
    "type": "Notify",
    "title": "exported by api9",
    "exported": True,
    "file": "/etc/puppetlabs/code/environments/production/site/role/manifests/api.pp",
    "line": 7,
    "tags": ["audit", "class", "notify"],
    "parameters": {"message": "from another node"},
}


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Cloud:
    cloud = Cloud(tmp_path_factory.mktemp("cloud"))
    nova = cloud.upstream("nova")
    for tag, text in (("1.0.0", NOVA["manifests/init.pp"]), ("2.0.0", NEW)):
        nova.tag(tag, nova.commit("master", files={**NOVA, "manifests/init.pp": text}))
    for name, tag in (("production", "1.0.0"), ("staging", "2.0.0")):
        manifest = "modules:\n  nova: {git: 'https://opendev.org/openstack/puppet-nova', tag: " + tag + "}\n"
        cloud.project.joinpath(f"environments/{name}.yaml").write_text(manifest)
    assert cloud.run("lock").code == 0
    write_files(cloud.root / "control", CONTROL)
    for number in (1, 2):
        write_facts(cloud.root / "facts", f"api{number}.example.org", "api", f"192.0.2.{number}", more=MORE)
    for number in range(OTHERS):
        write_facts(cloud.root / "facts", f"idle{number:03}.example.org", "idle", "192.0.2.9")
    return cloud


@pytest.fixture(scope="module")
def puppetdb(cloud: Cloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PuppetDb]:
    """Facts as a Puppet Server sends them, with the trusted ones among them, and those of a node that was deactivated."""
    rows = [
        {"certname": node.name, "values": {**node.facts, "trusted": node.trusted}}
        for node in read_nodes(cloud.root / "facts").nodes
    ]
    gone = {**rows[0], "certname": "gone1.example.org"}
    catalog = {
        "certname": "api9.example.org",
        "version": "1",
        "environment": "production",
        "transaction_uuid": None,
        "catalog_uuid": None,
        "code_id": None,
        "job_id": None,
        "edges": [],
        "resources": [EXPORT],
    }
    with run_puppetdb(tmp_path_factory.mktemp("puppetdb")) as puppetdb:
        shared = {"environment": "production", "producer": SERVER}
        puppetdb.submit("replace_facts", 5, [{**row, **shared} for row in rows])
        puppetdb.export(cloud.root)  # PuppetDB 7.12 exports nothing once it has a node that was deactivated
        puppetdb.submit("replace_facts", 5, [{**gone, **shared}])
        puppetdb.submit("replace_catalog", 9, [{**catalog, **shared}])
        puppetdb.submit("deactivate_node", 3, [{"certname": "gone1.example.org"}])
        yield puppetdb


def run(cloud: Cloud, *words: str) -> Result:
    return cloud.run(
        *words, "--control", str(cloud.root / "control"), "--sandbox", "none", "--format", "json"
    )


def source(puppetdb: PuppetDb, ssldir: str = ALLOWED) -> tuple[str, ...]:
    return "--puppetdb", puppetdb.url, "--ssldir", str(puppetdb.certificates / ssldir)


def test_nodes_are_those_that_were_stored(cloud: Cloud, puppetdb: PuppetDb) -> None:
    read = read_facts(None, puppetdb.url, puppetdb.certificates / ALLOWED)
    assert read.problems == ()
    assert len(read.nodes) == OTHERS + 2
    assert read.nodes == read_nodes(cloud.root / "facts").nodes
    assert read.nodes[0].facts["more"] == MORE
    assert read.nodes[0].trusted["extensions"] == {"pp_role": "api"}


@pytest.mark.usefixtures("puppetdb")
def test_an_export_has_the_same_nodes(cloud: Cloud) -> None:
    assert read_nodes(cloud.root / "puppetdb-bak/facts").nodes == read_nodes(cloud.root / "facts").nodes


def test_a_deactivated_node_is_stored_there_and_not_read(puppetdb: PuppetDb) -> None:
    query = ["and", ["=", "certname", "gone1.example.org"], ["=", "node_state", "inactive"]]
    assert [row["certname"] for row in puppetdb.query("nodes", query)] == ["gone1.example.org"]
    names = {node.name for node in read_facts(None, puppetdb.url, puppetdb.certificates / ALLOWED).nodes}
    assert not names & {"gone1.example.org", "api9.example.org"}  # the other one has no facts


def test_the_preview_is_that_of_facts_in_files(cloud: Cloud, puppetdb: PuppetDb) -> None:
    words = ("preview", "production", "staging", "--only", "api*", "--only", "idle00[0-2]*")
    found = run(cloud, *words, *source(puppetdb))
    assert found.code == 0, found.err
    assert found.json["nodes"] == {"compiled": 5, "failed": 0, "left_out": OTHERS - 3}
    assert [one["title"] for one in found.json["changes"]] == ["nova-api"]
    assert [one["nodes"] for one in found.json["groups"]] == [["api1.example.org", "api2.example.org"]]
    files = run(cloud, *words, "--nodes", str(cloud.root / "facts"))
    assert files.json == found.json


def test_resources_that_other_nodes_export_are_collected(
    cloud: Cloud, puppetdb: PuppetDb, tmp_path: Path
) -> None:
    """The node declares one of the same title, so that the one that it collects cannot be added."""
    rows = puppetdb.query("resources", ["=", "exported", True])
    assert [row["title"] for row in rows] == [EXPORT["title"]]
    exported = tmp_path / "exported.json"
    exported.write_text(json.dumps(rows))
    role = f"class role::api {{\n  include nova\n  include nova::audit\n  notify {{ '{EXPORT['title']}': }}\n}}\n"
    write_files(tmp_path / "control", CONTROL | {"site/role/manifests/api.pp": role})
    options = (
        "--only",
        "api1.*",
        "--control",
        str(tmp_path / "control"),
        "--sandbox",
        "none",
        "--format",
        "json",
    )
    words = ("compile", "production", *options, *source(puppetdb))
    assert cloud.run(*words).code == 0
    result = cloud.run(*words, "--exported", str(exported))
    assert result.code == 1
    (failure,) = result.json["environments"][0]["failures"]
    assert failure["message"].endswith(
        f"exported resources, with the type and title Notify[{EXPORT['title']}]"
    )


@pytest.mark.parametrize(
    ("ssldir", "words"),
    [
        ("elsewhere", "certificate verify failed"),
        (STRANGER, "403 Forbidden"),
    ],
)
def test_without_trust_nothing_is_read(cloud: Cloud, puppetdb: PuppetDb, ssldir: str, words: str) -> None:
    result = run(cloud, "compile", "production", *source(puppetdb, ssldir))
    assert (result.code, puppetdb.url in result.err, words in result.err) == (3, True, True), result.err


def test_a_server_that_is_not_there_is_not_an_empty_one(cloud: Cloud, puppetdb: PuppetDb) -> None:
    with socket.socket() as nobody:  # the port is taken, and nobody listens
        nobody.bind(("127.0.0.1", 0))
        url = f"https://{SERVER}:{nobody.getsockname()[1]}"
        result = run(cloud, "compile", "production", *source(puppetdb)[2:], "--puppetdb", url)
    assert (result.code, result.out) == (3, "")
    assert f"{url}: [Errno 111] Connection refused" in result.err
