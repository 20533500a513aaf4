"""`pinner preview --server`: two environments of a server are compared, with its catalogs as they arrive."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.comparing.test_compile import NOVA
from tests.comparing.test_preview import write_facts
from tests.support.admin_api import serve_admin_api
from tests.support.cloud import Cloud


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Cloud:
    cloud = Cloud(tmp_path_factory.mktemp("cloud"))
    nova = cloud.upstream("nova")
    for tag, facts in (("1.0.0", "# 1\n"), ("2.0.0", "# 2\n")):
        nova.tag(tag, nova.commit("master", files={**NOVA, "lib/facter/nova.rb": facts}))
    for name, tag in (("production", "1.0.0"), ("staging", "2.0.0")):
        manifest = "modules:\n  nova: {git: 'https://opendev.org/openstack/puppet-nova', tag: " + tag + "}\n"
        cloud.project.joinpath(f"environments/{name}.yaml").write_text(manifest)
    assert cloud.run("lock").code == 0
    write_facts(cloud.root / "facts", "api1.example.org", "api", "192.0.2.1")
    return cloud


def catalog(password: str, message: str) -> tuple[int, bytes]:
    resources = [
        {"type": "Notify", "title": "a", "parameters": {"message": message}, "line": 3, "file": PLACE},
        {
            "type": "Nova_config",
            "title": "a/b",
            "parameters": {"value": password},
            "sensitive_parameters": ["value"],
        },
    ]
    logs = [{"level": "warning", "message": message}]
    return 200, json.dumps({"catalog": {"resources": resources, "edges": []}, "logs": logs}).encode()


PLACE = "/etc/puppetlabs/code/environments/staging_0c8e/modules/nova/manifests/init.pp"


def preview(cloud: Cloud, tmp_path: Path, answers: list[tuple[int, bytes]]) -> Any:
    """Return the result; with one request at a time, the old side is asked first, and each node twice."""
    with serve_admin_api(tmp_path) as api:
        api.catalogs += answers
        words = ("--nodes", str(cloud.root / "facts"), "--server", api.url, "--ssldir", str(api.ssldir))
        return cloud.run("preview", "production", "staging", *words, "--workers", "1", "--format", "json")


def test_what_the_catalogs_of_both_environments_differ_in_is_shown(cloud: Cloud, tmp_path: Path) -> None:
    old, new = catalog("first secret", "hello"), catalog("second secret", "bye, first secret")
    result = preview(cloud, tmp_path, [old, old, new, new])
    assert result.code == 0, result.err
    changes = {one["title"]: one for one in result.json["changes"]}
    assert changes.keys() == {"a", "a/b"}
    assert changes["a"]["old"] == "hello"
    assert changes["a"]["new"].startswith("bye, (secret ")
    assert (changes["a"]["path"], changes["a"]["line"]) == ("modules/nova/manifests/init.pp", 3)
    assert changes["a/b"]["secret"]
    assert "first secret" not in result.out
    assert result.json["not_seen"] == [{"module": "nova", "paths": ["lib/facter/nova.rb"]}]
    assert result.json["nodes"] == {"compiled": 1, "failed": 0, "left_out": 0}


def test_a_node_that_only_the_new_environment_refuses_is_a_failure(cloud: Cloud, tmp_path: Path) -> None:
    old, refused = catalog("first secret", "hello"), (500, b'{"msg": "no such class"}')
    result = preview(cloud, tmp_path, [old, old, refused, refused])
    assert result.code == 1
    (failure,) = result.json["failures"]
    assert (failure["side"], failure["message"]) == ("after", "no such class")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("production", "production"), "which the server serves once"),
        (("production", "staging", "--shard", "1/2"), "--server compiles what is deployed there"),
    ],
)
def test_what_a_server_cannot_do_is_refused(
    cloud: Cloud, tmp_path: Path, words: tuple[str, ...], message: str
) -> None:
    with serve_admin_api(tmp_path) as api:
        more = ("--nodes", str(cloud.root / "facts"), "--server", api.url, "--ssldir", str(api.ssldir))
        result = cloud.run("preview", *words, *more)
    assert (result.code, message in result.err) == (2, True), result.err
