"""`deploy --flush`: which caches are emptied, and what a server that does not do it means."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.deploy.test_deploy import NO_TYPES, deploy, target
from tests.support.admin_api import AdminApi, serve_admin_api
from tests.support.cloud import Cloud, Result
from tests.support.control import lock_two, move_nova
from tests.support.prepared import Prepared

CACHE = "/puppet-admin-api/v1/environment-cache?environment="
MEANING = "the server compiles code of the previous version with Hiera data of the new one; flush again"


@pytest.fixture
def api(tmp_path: Path) -> Iterator[AdminApi]:
    with serve_admin_api(tmp_path / "ssl") as api:
        yield api


def flush(cloud: Cloud, api: AdminApi, *arguments: str) -> Result:
    return deploy(cloud, "--flush", api.url, "--ssldir", str(api.ssldir), *arguments)


def test_exactly_the_changed_environments_are_flushed(
    cloud: Cloud, prepared: Prepared, api: AdminApi
) -> None:
    prepared(cloud, lock_two)
    result = flush(cloud, api)
    assert result.code == 0, result.err
    assert api.requests == [f"{CACHE}production", f"{CACHE}staging"]
    assert f"production: cache emptied on {api.url}" in result.out
    move_nova(cloud, "2025.1")
    assert flush(cloud, api, "--dry-run").code == 0
    assert flush(cloud, api).code == 0
    assert flush(cloud, api).code == 0
    assert api.requests[2:] == [f"{CACHE}staging"]
    place = ("--to", str(target(cloud)), "--flush", api.url, "--ssldir", str(api.ssldir))
    assert cloud.run("deploy", *place, "--rollback", "staging").code == 0
    assert api.requests[3:] == [f"{CACHE}staging"]


def test_a_server_that_fails_is_asked_again(cloud: Cloud, prepared: Prepared, api: AdminApi) -> None:
    prepared(cloud, lock_two)
    api.answers = [503, 500, 204]
    assert flush(cloud, api, "production", "--retries", "2").code == 0
    assert api.requests == [f"{CACHE}production"] * 3


def test_what_was_not_emptied_is_reported_and_remembered(
    cloud: Cloud, prepared: Prepared, api: AdminApi
) -> None:
    prepared(cloud, lock_two)
    api.answers = [503, 503, 204]
    result = flush(cloud, api, "--retries", "1")
    assert result.code == 3
    assert f"the cache of environment 'production' on {api.url} was not emptied: 503" in result.err
    assert MEANING in result.err
    assert f"staging: cache emptied on {api.url}" in result.out
    del api.requests[:]
    again = flush(cloud, api, "--format", "json")
    assert again.code == 0
    assert api.requests == [f"{CACHE}production"]
    assert again.json["flushes"] == [{"url": api.url, "environment": "production", "problem": None}]
    del api.requests[:]
    assert flush(cloud, api).code == 0
    assert api.requests == []


def test_a_refusal_is_not_repeated_and_names_the_rule(
    cloud: Cloud, prepared: Prepared, api: AdminApi
) -> None:
    prepared(cloud, lock_two)
    api.answers = [403]
    result = flush(cloud, api, "production")
    assert result.code == 3
    assert len(api.requests) == 1
    assert (
        "allow this machine's certificate to use /puppet-admin-api/v1/environment-cache in auth.conf"
        in result.err
    )


def test_a_server_that_nobody_can_reach_or_trust(
    cloud: Cloud, prepared: Prepared, api: AdminApi, tmp_path: Path
) -> None:
    prepared(cloud, lock_two)
    place = (
        "--to",
        str(target(cloud)),
        NO_TYPES,
        "--ssldir",
        str(api.ssldir),
        "--retries",
        "0",
        "production",
    )
    gone = cloud.run("deploy", *place, "--flush", "https://127.0.0.1:1")
    assert gone.code == 3
    assert "was not emptied: [Errno 111] Connection refused" in gone.err
    with serve_admin_api(tmp_path / "stranger") as stranger:
        untrusted = cloud.run("deploy", *place, "--flush", stranger.url)
        assert untrusted.code == 3
        assert "CERTIFICATE_VERIFY_FAILED" in untrusted.err
        assert stranger.requests == []


@pytest.mark.parametrize(
    "url",
    [
        "http://puppet",
        "puppet",
        "https://user:secret@puppet",
        "https://puppet/x",
        "https://puppet:x",
        "https://",
    ],
)
def test_what_is_not_the_url_of_a_server_is_refused_before_anything_is_done(
    cloud: Cloud, prepared: Prepared, api: AdminApi, url: str
) -> None:
    prepared(cloud, lock_two)
    result = deploy(cloud, "--flush", url, "--ssldir", str(api.ssldir))
    assert result.code == 2
    assert "is not the URL of a Puppet Server" in result.err
    assert "secret" not in result.err
    assert not target(cloud).exists()


def test_certificates_that_are_not_there(
    cloud: Cloud, prepared: Prepared, api: AdminApi, tmp_path: Path
) -> None:
    prepared(cloud, lock_two)
    (tmp_path / "none").mkdir()
    result = deploy(cloud, "--flush", api.url, "--ssldir", str(tmp_path / "none"))
    assert result.code == 2
    assert f"{tmp_path}/none/private_keys has 0 keys" in result.err
    (api.ssldir / "certs/node.pem").unlink()
    result = flush(cloud, api)
    assert f"{api.ssldir}/certs/node.pem does not exist" in result.err
    assert not target(cloud).exists()
