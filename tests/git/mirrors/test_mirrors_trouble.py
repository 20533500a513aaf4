"""Mirrors of remotes that misbehave: what could not be found out is said, told apart, and harms nothing else."""

import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from pinner.git.mirrors.mirrors import Mirrors
from pinner.git.process.failures import FailureKind, SyncFailure
from pinner.git.process.repository import Mirror
from pinner.model.errors import InputError, UnknownError
from tests.support.noise import noise
from tests.support.processes import processes_mentioning, wait_until
from tests.support.repositories import Repository, make_repository, run_git
from tests.support.servers import HttpGitServer, Manners, serve_daemon, serve_http
from tests.support.users import only_root

MakeMirrors = Callable[..., Mirrors]
LOGIN_HINT = (
    "pinner never asks for passwords: set up a git credential helper, or an ssh key in your agent and the host in"
    " known_hosts; some servers also respond like this when the repository does not exist"
)


@pytest.fixture
def url(nova: Repository, server: HttpGitServer) -> str:
    return f"{server.url}/{nova.path.name}"


def fail(mirrors: Mirrors, url: str) -> SyncFailure:
    answer = mirrors.sync([url])[url]
    assert isinstance(answer, SyncFailure), answer
    return answer


def test_no_such_repository(url: str, mirrors: Mirrors) -> None:
    url = url.replace("nova", "noova")
    assert fail(mirrors, url) == SyncFailure(
        url,
        FailureKind.NOT_FOUND,
        f"no git repository at {url}: repository '{url}/' not found",
        "check the URL, and `rewrite` in pinner.yaml",
    )


def test_no_such_path(tmp_path: Path, mirrors: Mirrors) -> None:
    failure = fail(mirrors, str(tmp_path / "nothing"))
    assert failure.kind is FailureKind.NOT_FOUND


def test_no_such_repository_of_a_daemon(nova: Repository, mirrors: Mirrors) -> None:
    with serve_daemon(nova.path.parent) as url:
        assert fail(mirrors, f"{url}/nothing.git").kind in {FailureKind.NOT_FOUND, FailureKind.AUTHENTICATION}


def test_the_place_is_told_where_a_rewrite_was_in_force(url: str, make_mirrors: MakeMirrors) -> None:
    mirrors = make_mirrors(rewrite={"https://opendev.org/": url.removesuffix("nova.git")})
    failure = fail(mirrors, "https://opendev.org/puppet-nova")
    assert failure.message.startswith(
        "no git repository at https://opendev.org/puppet-nova"
        f" (fetched from {url.removesuffix('nova.git')}puppet-nova): "
    )


def test_a_repository_that_needs_a_password(url: str, server: HttpGitServer, mirrors: Mirrors) -> None:
    server.manners["nova.git"] = Manners(password="anna:secret")  # noqa: S106 - nobody's
    assert fail(mirrors, url) == SyncFailure(
        url,
        FailureKind.AUTHENTICATION,
        f"no access to {url}: could not read Username for '{server.url}': terminal prompts disabled",
        LOGIN_HINT,
    )
    assert server.traffic.connections == 1


def test_a_wrong_password_is_not_shown(
    url: str, server: HttpGitServer, mirrors: Mirrors, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "gitconfig"
    config.write_text(
        f'[url "{server.url.replace("//", "//anna:hunter2@")}/"]\n\tinsteadOf = {server.url}/\n'
    )
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    server.manners["nova.git"] = Manners(password="anna:secret")  # noqa: S106 - nobody's
    failure = fail(mirrors, url)
    assert failure.kind is FailureKind.AUTHENTICATION
    assert "hunter2" not in failure.message


def test_a_web_page_is_no_repository(url: str, server: HttpGitServer, mirrors: Mirrors) -> None:
    server.manners["nova.git"] = Manners(page="<!DOCTYPE html>\n<title>Sign in</title>\n")
    assert fail(mirrors, url) == SyncFailure(
        url,
        FailureKind.PROTOCOL,
        f"{url} does not respond like a git server: {url}/info/refs not valid: is this a git repository?",
        "check that the URL is the repository's, not that of a web page about it",
    )


def test_a_web_page_that_git_takes_for_an_empty_repository_is_none(
    url: str, server: HttpGitServer, mirrors: Mirrors
) -> None:
    before = mirrors.sync([url])[url]
    assert isinstance(before, Mirror)
    server.manners["nova.git"] = Manners(page="<!DOCTYPE html><title>Sign in</title>")
    assert fail(mirrors, url) == SyncFailure(
        url,
        FailureKind.PROTOCOL,
        f"{url} does not respond like a git server: the response has no refs and is not from git",
        "check that the URL is the repository's, not that of a web page about it",
    )
    kept = mirrors.open(url)
    assert kept is not None
    assert kept.refs == before.refs
    del server.manners["nova.git"]
    again = mirrors.sync([url])[url]
    assert isinstance(again, Mirror)
    assert again.refs == before.refs


def test_an_empty_repository_over_http_is_one(
    upstreams: Path, server: HttpGitServer, mirrors: Mirrors
) -> None:
    make_repository(upstreams / "empty.git")
    answer = mirrors.sync([f"{server.url}/empty.git"])[f"{server.url}/empty.git"]
    assert isinstance(answer, Mirror)
    assert answer.refs.commits == {}


def test_a_certificate_that_nobody_vouches_for(nova: Repository, certificate: Path, mirrors: Mirrors) -> None:
    with serve_http(nova.path.parent, certificate=certificate) as server:
        assert fail(mirrors, f"{server.url}/nova.git").kind is FailureKind.CERTIFICATE


def test_nobody_listens(mirrors: Mirrors, upstreams: Path) -> None:
    with serve_http(upstreams) as server:
        gone = f"{server.url}/nova.git"
    assert fail(mirrors, gone).kind is FailureKind.UNREACHABLE


def test_a_busy_server_is_asked_again(url: str, server: HttpGitServer, make_mirrors: MakeMirrors) -> None:
    server.manners["nova.git"] = Manners(failures=2)
    assert isinstance(make_mirrors(retries=2).sync([url])[url], Mirror)
    assert [request.status for request in server.traffic.requests][:3] == [503, 503, 200]


def test_a_server_that_stays_busy_is_given_up(
    url: str, server: HttpGitServer, make_mirrors: MakeMirrors
) -> None:
    server.manners["nova.git"] = Manners(failures=100)
    assert fail(make_mirrors(retries=2), url) == SyncFailure(
        url,
        FailureKind.SERVER,
        f"{url} is temporarily unavailable: unable to access '{url}/': The requested URL returned error: 503 (tried 3 times)",
        "try again later, or use --offline to work from the cache",
    )
    assert len(server.traffic.requests) == 3


def test_what_will_not_pass_is_tried_once(url: str, server: HttpGitServer, make_mirrors: MakeMirrors) -> None:
    server.manners["nova.git"] = Manners(failures=100, failure_status=403)
    assert fail(make_mirrors(retries=5), url).kind is FailureKind.AUTHENTICATION
    assert len(server.traffic.requests) == 1


def test_a_hung_server_costs_its_timeout_and_leaves_no_process(
    url: str, server: HttpGitServer, make_mirrors: MakeMirrors
) -> None:
    server.manners["nova.git"] = Manners(hangs=True)
    failure = fail(make_mirrors(timeout=0.5), url)
    # a git that starts slowly may have read a few bytes of its own files
    told = rf"{url} did not respond in time: git clone received (no data|only \d+ bytes) for 0.5 s"
    assert re.fullmatch(told, failure.message), failure.message
    assert (failure.url, failure.kind, failure.hint) == (
        url,
        FailureKind.TIMEOUT,
        "if the server or the connection is slow, raise `timeout` in pinner.yaml",
    )
    # Killed is not yet gone: git's children take a moment. One that was not killed would wait for the server for ever.
    wait_until(lambda: processes_mentioning(url) == ())


def test_one_dead_remote_does_not_stop_the_others(
    url: str, server: HttpGitServer, upstreams: Path, make_mirrors: MakeMirrors
) -> None:
    other = make_repository(upstreams / "glance.git")
    other.commit({"README": ""})
    server.manners["nova.git"] = Manners(hangs=True)
    glance = f"{server.url}/glance.git"
    answers = make_mirrors(timeout=10.0).sync([url, glance])
    assert isinstance(answers[url], SyncFailure)
    assert isinstance(answers[glance], Mirror)


def test_a_connection_that_breaks_in_mid_pack_is_tried_again_and_told(
    nova: Repository, url: str, server: HttpGitServer, make_mirrors: MakeMirrors
) -> None:
    nova.commit({"big": noise(200_000)})
    server.manners["nova.git"] = Manners(cut_after=50_000)
    failure = fail(make_mirrors(retries=1), url)
    assert failure.kind is FailureKind.INTERRUPTED
    assert failure.message.startswith(f"the connection to {url} was interrupted: ")
    assert failure.message.endswith(" (tried 2 times)")
    del server.manners["nova.git"]
    assert isinstance(make_mirrors().sync([url])[url], Mirror)


def test_a_fetch_that_breaks_leaves_the_mirror_as_it_was(
    nova: Repository, url: str, server: HttpGitServer, mirrors: Mirrors
) -> None:
    before = mirrors.sync([url])[url]
    assert isinstance(before, Mirror)
    nova.commit({"big": noise(200_000)})
    server.manners["nova.git"] = Manners(cut_after=50_000)
    assert fail(mirrors, url).kind is FailureKind.INTERRUPTED
    after = mirrors.open(url)
    assert after is not None
    assert after.refs == before.refs


def test_ctrl_c_ends_every_git_process(
    url: str, server: HttpGitServer, upstreams: Path, make_mirrors: MakeMirrors
) -> None:
    make_repository(upstreams / "glance.git")
    server.manners["nova.git"] = Manners(hangs=True)

    def interrupt(_url: str, _answer: object) -> None:
        assert server.stalled.wait(120)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_mirrors(retries=3).sync([url, f"{server.url}/glance.git"], on_done=interrupt)
    # Killed is not yet gone: git's children take a moment. One that was not killed would wait for the server for ever.
    wait_until(lambda: processes_mentioning(url) == ())


@pytest.mark.parametrize(
    "url", ["ext::sh -c 'touch /tmp/x'", "fd::3", "--upload-pack=touch /tmp/x", "https://a:b@example.org/x"]
)
def test_hostile_urls_reach_no_git(url: str, mirrors: Mirrors, tmp_path: Path) -> None:
    with pytest.raises(InputError):
        mirrors.sync([url])
    assert not (tmp_path / "cache").exists()


def test_no_git_is_said_so(
    nova: Repository, mirrors: Mirrors, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UnknownError) as caught:
        mirrors.sync([nova.url])
    assert str(caught.value) == "git is not installed\n  hint: install git >= 2.31 or put it on PATH"


def test_a_commit_that_cannot_be_asked_for_is_unknown(
    url: str, server: HttpGitServer, mirrors: Mirrors
) -> None:
    mirror = mirrors.sync([url])[url]
    assert isinstance(mirror, Mirror)
    server.manners["nova.git"] = Manners(failures=100)
    with pytest.raises(UnknownError) as caught:
        mirrors.fetch_commit(mirror, "0123456789abcdef0123456789abcdef01234567")
    assert str(caught.value) == (
        f"{url} is temporarily unavailable: unable to access '{url}/': The requested URL returned error: 503\n"
        "  hint: try again later, or use --offline to work from the cache"
    )


def test_a_repository_with_other_ids_is_told(upstreams: Path, mirrors: Mirrors) -> None:
    path = upstreams / "modern.git"
    run_git("init", "--quiet", "--bare", "--object-format=sha256", str(path))
    Repository(path).commit({"README": "1"})
    assert fail(mirrors, path.as_uri()) == SyncFailure(
        path.as_uri(),
        FailureKind.UNSUPPORTED,
        f"{path.as_uri()} cannot be pinned: the ids of its commits are SHA-256",
        "pinner needs git >= 2.31 and repositories with SHA-1 ids",
    )


def test_a_remote_that_changes_to_other_ids_is_told(nova: Repository, mirrors: Mirrors) -> None:
    mirrors.sync([nova.url])
    shutil.rmtree(nova.path)
    run_git("init", "--quiet", "--bare", "--object-format=sha256", str(nova.path))
    nova.commit({"README": "1"})
    assert fail(mirrors, nova.url).kind is FailureKind.UNSUPPORTED


@only_root
def test_a_repository_of_somebody_else_is_told(nova: Repository, mirrors: Mirrors) -> None:
    os.chown(nova.path, 65534, 65534)
    failure = fail(mirrors, str(nova.path))
    assert failure.kind is FailureKind.UNTRUSTED
    assert failure.hint == "if you do: git config --global --add safe.directory PATH"
