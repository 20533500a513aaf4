"""A catalog that a server sends is reduced as compile.rb reduces it, and what a server refuses is an answer."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pinner.catalogs.effects import normal_parameters
from pinner.catalogs.process import compile_nodes
from pinner.catalogs.server import CompilingServer
from pinner.deploying.versions.flush import client_context, find_certificates
from pinner.model.catalogs import Catalog, Failure, Resource
from pinner.model.errors import UnknownError
from tests.support.admin_api import AdminApi, serve_admin_api
from tests.support.toy_estate import KEY, compile_whole, make_compiler, make_node, write_environment

NODE = make_node("api1.example.org")
SMALL: dict[str, dict[str, list[Any]]] = {"catalog": {"resources": [], "edges": []}}


@pytest.fixture
def api(tmp_path: Path) -> Iterator[AdminApi]:
    with serve_admin_api(tmp_path / "api") as api:
        yield api


def server_of(api: AdminApi) -> CompilingServer:
    return CompilingServer(api.url, client_context(find_certificates(api.ssldir)), KEY, timeout=30)


def compile_on(api: AdminApi) -> Any:
    rows: dict[str, Resource] = {}
    ((side, compiled),) = server_of(api).compile_sides(["production"], [[NODE]], rows)
    assert side == 0
    return compiled


def compared(one: Resource) -> dict[str, Any]:
    """Return the parameters in one form; a server does not send the content of files."""
    found = normal_parameters(one)
    return {name: value for name, value in found.items() if name != "source (content)"}


def test_a_catalog_is_reduced_as_compile_rb_reduces_it(api: AdminApi, tmp_path: Path) -> None:
    """Puppet's own catalog, as a server sends it, against what compile.rb makes of the same."""
    path = write_environment(tmp_path / "environments")
    whole = compile_whole(make_compiler(path, is_whole=True), [NODE])[NODE.name]["catalog"]
    (local,) = compile_nodes(make_compiler(path), [NODE])
    log = {
        "level": "warning",
        "message": "careful",
        "file": f"{path}/production/manifests/site.pp",
        "line": 1,
    }
    api.catalogs.append((200, json.dumps({"catalog": whole, "logs": [log, {"level": "info"}]}).encode()))
    found = compile_on(api)
    assert isinstance(found.result, Catalog)
    assert isinstance(local.result, Catalog)
    assert found.result.secrets == local.result.secrets
    theirs = {(one.type, one.title): one for one in local.result.resources}
    ours = {(one.type, one.title): one for one in found.result.resources}
    assert ours.keys() == theirs.keys()
    for title in ("binary", "later"):  # whose values Puppet sends as text unless its setting rich_data is on
        del theirs["Notify", title]
    for key, one in theirs.items():
        assert ours[key]._replace(parameters={}) == one._replace(parameters={})
        assert compared(ours[key]) == compared(one)
    assert [(one.message, one.path, one.line) for one in found.warnings] == [
        ("careful", "manifests/site.pp", 1)
    ]


def test_the_request_stores_nothing_on_the_server(api: AdminApi) -> None:
    api.catalogs.append((200, json.dumps(SMALL).encode()))
    compile_on(api)
    request = json.loads(api.requests[0])
    assert request["persistence"] == {"facts": False, "catalog": False}
    assert (request["certname"], request["environment"]) == (NODE.name, "production")
    assert request["facts"]["values"]["networking"]["hostname"] == "api1"
    assert request["trusted_facts"]["values"]["extensions"] == {"pp_role": "api"}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            b'{"kind": "x", "msg": "no class (file: /e/production/modules/a/manifests/b.pp, line: 2)"}',
            "no class (file: modules/a/manifests/b.pp, line: 2)",
        ),
        (b"out of order", "out of order"),
    ],
)
def test_a_node_that_the_server_cannot_compile_is_a_failure(api: AdminApi, body: bytes, message: str) -> None:
    api.catalogs.append((500, body))
    found = compile_on(api).result
    assert isinstance(found, Failure)
    assert found.notice.message == message


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (403, b"", "403 Forbidden"),
        (200, b'{"catalog": {}}', "cannot be read"),
        (200, b"[]", "cannot be read"),
        (200, b"[" * 100_000, "cannot be read"),
    ],
)
def test_an_answer_that_is_no_catalog_ends_the_run(
    api: AdminApi, status: int, body: bytes, words: str
) -> None:
    api.catalogs.append((status, body))
    with pytest.raises(UnknownError, match=words):
        compile_on(api)


def test_a_server_that_is_away_ends_the_run(api: AdminApi) -> None:
    away = CompilingServer("https://localhost:1", server_of(api).context, KEY)
    with pytest.raises(UnknownError, match="https://localhost:1: "):
        list(away.compile_sides(["production"], [[NODE]], {}))


def test_values_of_puppets_own_types_are_plain(api: AdminApi) -> None:
    parameters = {
        "a": {"__ptype": "Sensitive", "__pvalue": ["first secret", {"k": "second secret"}]},
        "b": {"__ptype": "Timestamp", "__pvalue": "2024"},
        "c": {"__ptype": "Deferred", "name": "f", "arguments": [1]},
        "d": "undef",
        "password": "<SERVICE DEFAULT>",
        "token": {"__ptype": "Sensitive", "__pvalue": "third secret"},
    }
    rows = [
        {"type": "Holder", "title": "h", "parameters": parameters},
        {"type": "Notify", "title": "n", "exported": True},
        {"type": "Stage", "title": "main"},
        {"type": "Notify", "title": "in", "file": "/etc/other/modules/a/manifests/b.pp", "line": 3},
    ]
    edges = [{"source": "Holder[h]", "target": "Notify[in]"}]
    api.catalogs.append((200, json.dumps({"catalog": {"resources": rows, "edges": edges}}).encode()))
    found = compile_on(api).result
    holder, inside = found.resources
    assert (holder.kind, inside.kind, inside.path) == ("define", "native", "modules/a/manifests/b.pp")
    assert holder.parameters["b"] == "2024"
    assert holder.parameters["c"] == {"__deferred__": ["f", [1]]}
    assert holder.parameters.get("password") == "<SERVICE DEFAULT>"
    assert "d" not in holder.parameters
    assert set(found.secrets) == {"first secret", "second secret", "third secret"}
