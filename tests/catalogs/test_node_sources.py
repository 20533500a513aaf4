"""The inventory of PuppetDB is read page by page, and what is no inventory ends the run."""

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from pinner.catalogs.node_sources import PATH, fetch_inventory
from pinner.deploying.versions.flush import client_context, find_certificates
from pinner.model.errors import UnknownError
from tests.support.admin_api import AdminApi, serve_admin_api


@pytest.fixture
def api(tmp_path: Path) -> Iterator[AdminApi]:
    with serve_admin_api(tmp_path) as api:
        yield api


def fetch(api: AdminApi) -> list[bytes]:
    return list(fetch_inventory(api.url, client_context(find_certificates(api.ssldir)), timeout=30))


def test_pages_follow_each_other_until_one_is_not_full(api: AdminApi) -> None:
    pages = [json.dumps([{"certname": f"n{number}"} for number in range(size)]).encode() for size in (500, 3)]
    api.pages += [(200, page) for page in pages]
    assert fetch(api) == pages
    addresses = [urlsplit(request) for request in api.requests]
    assert {address.path for address in addresses} == {PATH}
    queries = [parse_qs(address.query) for address in addresses]
    assert [(query["limit"], query["offset"]) for query in queries] == [(["500"], ["0"]), (["500"], ["500"])]
    assert json.loads(queries[0]["order_by"][0]) == [{"field": "certname", "order": "asc"}]


def test_no_nodes_are_an_answer(api: AdminApi) -> None:
    api.pages.append((200, b"[]"))
    assert fetch(api) == []


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (403, b"", "403 Forbidden"),
        (200, b"{}", "is not a list of nodes"),
        (200, b"<html>", "is not a list of nodes"),
        (200, b"[" * 100_000, "is not a list of nodes"),
        (200, json.dumps([{"certname": "a"}] * 501).encode(), "is not a list of nodes"),
    ],
)
def test_what_is_no_inventory_ends_the_run(api: AdminApi, status: int, body: bytes, words: str) -> None:
    api.pages.append((status, body))
    with pytest.raises(UnknownError, match=words):
        fetch(api)
