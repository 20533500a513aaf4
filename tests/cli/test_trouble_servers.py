"""Servers that want a password, hang, break off or are none: told apart, and the other environments are locked."""

from collections.abc import Iterator

import pytest

from tests.support.cloud import Cloud
from tests.support.noise import noise
from tests.support.servers import HttpGitServer, Manners, serve_http
from tests.support.unharmed import BASIC, contents, lock_basic

GLANCE = "openstack/puppet-glance"
LOGIN = "me:geheim"
URL = "https://opendev.org/openstack/puppet-glance"


@pytest.fixture
def server(cloud: Cloud) -> Iterator[HttpGitServer]:
    with serve_http(cloud.root / "upstreams") as server:
        yield server


@pytest.fixture
def wide(cloud: Cloud, server: HttpGitServer) -> Cloud:
    """A locked project on that server, whose manifest now asks for glance too, and a second environment without."""
    rewrite = f'rewrite: {{"https://opendev.org/": "{server.url}/"}}\n'
    (cloud.project / "pinner.yaml").write_text(f"{rewrite}cache: {cloud.root / 'cache'}\nretries: 0\n")
    lock_basic(cloud)
    cloud.upstream("glance").commit("stable/2025.1", version="26.0.0", files={"noise": noise(300_000).hex()})
    cloud.manifest("production", "release: 2025.1\nopenstack: [keystone, nova, glance]\n")
    cloud.manifest("staging", BASIC)
    return cloud


@pytest.mark.parametrize(
    ("manners", "told", "hint"),
    [
        (
            Manners(password=LOGIN),
            f"no access to {URL} (fetched from ",
            "pinner never asks for passwords: set up a git credential helper",
        ),
        (
            Manners(hangs=True),
            "did not respond in time: git clone received ",
            "if the server or the connection is slow, raise `timeout` in pinner.yaml",
        ),
        (
            Manners(stall_after=100_000),
            "did not respond in time: git clone received ",
            "if the server or the connection is slow, raise `timeout` in pinner.yaml",
        ),
        (Manners(cut_after=100_000), " was interrupted: ", "try again later, or use --offline"),
        (
            Manners(page="<html><script>alert(1)</script>Log in</html>"),
            "does not respond like a git server: the response has no refs and is not from git",
            "check that the URL is the repository's, not that of a web page about it",
        ),
        (Manners(failures=9), "is temporarily unavailable: ", "try again later"),
        (Manners(failures=9, failure_status=404), f"no git repository at {URL} ", "check the URL"),
    ],
    ids=["password", "hangs", "stalls in mid-pack", "closes in mid-pack", "HTML", "503", "404"],
)
def test_what_could_not_be_found_out_is_told_and_nothing_is_lost(
    wide: Cloud, server: HttpGitServer, manners: Manners, told: str, hint: str
) -> None:
    before = contents(wide.project)
    server.manners[GLANCE] = manners
    result = wide.run("lock", "--timeout", "10" if manners.hangs or manners.stall_after else "60")
    assert result.code == 3
    place = "environments/production.yaml:2:29: error: module 'glance': "
    (line,) = (line for line in result.out.splitlines() if place in line)
    assert told in line
    assert line.endswith(" [remote-unreachable]")
    assert f"    hint: {hint}" in result.out
    assert "production: lock unchanged because of the errors below\n" in result.out
    assert result.out.endswith("locked 1 of 2 environments: 1 error, 0 warnings\n")
    after = contents(wide.project)
    assert after.pop(wide.lock_path("staging"))
    assert after == before
    server.manners.clear()
    assert wide.run("lock").code == 0
    assert "glance" in wide.lock("production")["modules"]


def test_a_script_tells_a_dead_server_from_a_missing_ref(wide: Cloud, server: HttpGitServer) -> None:
    server.manners[GLANCE] = Manners(failures=9)
    unreachable = wide.run("lock", "--format", "json")
    server.manners.clear()
    wide.upstream("glance").move("refs/heads/main", wide.upstream("glance").id("refs/heads/stable/2025.1"))
    wide.upstream("glance").delete("refs/heads/stable/2025.1")
    missing = wide.run("lock", "--format", "json")
    codes = [result.json["environments"][0]["findings"][0]["code"] for result in (unreachable, missing)]
    assert (codes, unreachable.code, missing.code) == (["remote-unreachable", "ref-missing"], 3, 2)


def test_a_password_that_a_server_wants_comes_from_gits_helpers(
    wide: Cloud, server: HttpGitServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.manners[GLANCE] = Manners(password=LOGIN)
    helper = "!f() { echo username=me; echo password=geheim; }; f"
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "credential.helper")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", helper)
    result = wide.run("lock")
    assert (result.code, "geheim" in result.out + result.err) == (0, False)
    assert b"geheim" not in b"".join(contents(wide.root / "cache").values())


def test_a_server_that_is_not_there_at_all(cloud: Cloud) -> None:
    (cloud.project / "pinner.yaml").write_text(
        f'rewrite: {{"https://opendev.org/": "http://127.0.0.1:9/"}}\ncache: {cloud.root / "cache"}\nretries: 1\n'
    )
    cloud.manifest("production", "release: 2025.1\nopenstack: [nova]\n")
    result = cloud.run("lock", "--timeout", "5")
    assert (result.code, "(tried 2 times) [remote-unreachable]\n" in result.out) == (3, True)
    assert not cloud.lock_path("production").exists()
