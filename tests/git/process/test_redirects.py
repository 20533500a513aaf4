"""HTTP redirects: followed on the same server, reported and without credentials to another one."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pinner.git.control.repository import ControlRepository
from pinner.git.mirrors.mirrors import Mirrors
from pinner.git.process.failures import FailureKind, SyncFailure
from pinner.git.process.repository import Mirror, is_same_server, read_location, repository_at
from pinner.model.errors import UnknownError
from pinner.model.manifest import Settings
from tests.support.repositories import Repository, make_repository
from tests.support.servers import HttpGitServer, Manners, serve_http

MakeMirrors = Callable[..., Mirrors]
SECRET = "geheim"  # noqa: S105 - nobody's


@pytest.fixture
def other(tmp_path: Path) -> Iterator[HttpGitServer]:
    """Another server, which has a repository `moved.git`."""
    directory = tmp_path / "other"
    directory.mkdir()
    repository = make_repository(directory / "moved.git")
    repository.tag("2.0.0", repository.commit({"README": "moved"}))
    with serve_http(directory) as running:
        yield running


@pytest.fixture
def elsewhere(other: HttpGitServer) -> str:
    """The URL of `moved.git` under another host name."""
    return f"{other.url.replace('127.0.0.1', 'localhost')}/moved.git"


@pytest.fixture
def url(nova: Repository, server: HttpGitServer) -> str:
    return f"{server.url}/{nova.path.name}"


@pytest.fixture
def secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials of every kind that git would send to whom it is talking to."""
    askpass = tmp_path / "askpass"
    askpass.write_text(f"#!/bin/sh\necho {SECRET}\n")
    askpass.chmod(0o755)
    config = tmp_path / "gitconfig"
    config.write_text(
        f'[http]\n\textraHeader = "Authorization: Basic {SECRET}"\n\textraHeader = "Private-Token: {SECRET}"\n'
        f'[credential]\n\thelper = "!f() {{ echo username=me; echo password={SECRET}; }}; f"\n'
        f"[core]\n\taskPass = {askpass}\n"
    )
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    monkeypatch.setenv("GIT_ASKPASS", str(askpass))


def failure_of(mirrors: Mirrors, url: str) -> SyncFailure:
    answer = mirrors.sync([url])[url]
    assert isinstance(answer, SyncFailure), answer
    return answer


def test_on_the_same_server_it_is_followed_and_costs_one_look(
    nova: Repository, server: HttpGitServer, mirrors: Mirrors
) -> None:
    old = f"{server.url}/old/nova"
    server.manners["old/nova"] = Manners(location=f"/{nova.path.name}{{rest}}")
    answer = mirrors.sync([old])[old]
    assert isinstance(answer, Mirror), answer
    assert (answer.refs.tags, answer.notes) == (("1.0.0",), ())
    assert len(server.traffic.of("old/nova")) == 2
    mirrors.sync([old])
    assert len(server.traffic.of("old/nova")) == 2
    assert mirrors.cached() == (old,)


@pytest.mark.usefixtures("secrets")
def test_to_another_server_it_is_reported_and_no_credentials_go_along(
    server: HttpGitServer, other: HttpGitServer, make_mirrors: MakeMirrors, *, url: str, elsewhere: str
) -> None:
    server.manners["nova.git"] = Manners(location=f"{elsewhere}{{rest}}")
    notes: list[str] = []
    mirrors = make_mirrors(on_note=notes.append)
    for _ in ("clone", "fetch"):
        answer = mirrors.sync([url])[url]
        assert isinstance(answer, Mirror), answer
        assert answer.refs.tags == ("2.0.0",)
    assert notes[0] == (
        f"{url} is redirected to another server and was fetched from {elsewhere}, without credentials;"
        " if it has moved, use that URL, in the manifest or by `rewrite` in pinner.yaml"
    )
    assert SECRET in str(server.traffic.requests[0].headers)
    assert other.traffic.requests
    assert SECRET not in str([request.headers for request in other.traffic.requests])


@pytest.mark.usefixtures("secrets")
def test_another_server_that_wants_a_login(
    server: HttpGitServer, other: HttpGitServer, mirrors: Mirrors, *, url: str, elsewhere: str
) -> None:
    server.manners["nova.git"] = Manners(location=f"{elsewhere}{{rest}}")
    other.manners["moved.git"] = Manners(password=f"me:{SECRET}")
    assert failure_of(mirrors, url) == SyncFailure(
        url,
        FailureKind.REDIRECTED,
        f"{url} is redirected to a URL that pinner does not follow: {elsewhere} is another server and requires a login;"
        " no credentials were sent there",
        "if the repository has moved, use its new URL, in the manifest or by `rewrite` in pinner.yaml",
    )
    assert SECRET not in str([request.headers for request in other.traffic.requests])


@pytest.mark.parametrize(
    ("location", "reason"),
    [
        ("https://login.example.org/?next={rest}", "https://login.example.org/?next="),
        ("ftp://example.org/nova{rest}", "ftp://example.org/nova/info/refs"),
        ("file:///srv/nova{rest}", "file:///srv/nova/info/refs"),
        ("https://me:geheim@example.org/nova{rest}", "https://***@example.org/nova has credentials in it"),
        ("/nova.git{rest}", "after 5 redirects in a row"),
        ("http://[::1/nova{rest}", "http://[::1/nova/info/refs"),
        ("http://host:port/nova{rest}", "http://host:***/nova/info/refs"),
        ("https://example.org/\x1b[31m{rest}", "https://example.org/[31m/info/refs"),
        ("/" + 9000 * "a", "…"),
    ],
)
def test_what_is_not_followed(
    server: HttpGitServer, mirrors: Mirrors, url: str, *, location: str, reason: str
) -> None:
    server.manners["nova.git"] = Manners(location=location)
    failure = failure_of(mirrors, url)
    assert failure.kind is FailureKind.REDIRECTED
    assert failure.message.startswith(f"{url} is redirected to a URL that pinner does not follow: ")
    assert reason in failure.message
    assert SECRET not in failure.message
    assert failure.message.isprintable()
    assert len(failure.message) < 500


def test_a_request_after_the_first_is_not_followed_nor_repeated(
    server: HttpGitServer, make_mirrors: MakeMirrors, url: str, elsewhere: str
) -> None:
    server.manners["nova.git"] = Manners(location_of_posts=f"{elsewhere}{{rest}}")
    failure = failure_of(make_mirrors(retries=3), url)
    assert (failure.kind, len([one for one in server.traffic.requests if one.method == "POST"])) == (
        FailureKind.REDIRECTED,
        1,
    )


def test_a_user_who_switched_redirects_off(
    server: HttpGitServer, mirrors: Mirrors, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "gitconfig"
    config.write_text("[http]\n\tfollowRedirects = false\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    server.manners["old.git"] = Manners(location="/nova.git{rest}")
    failure = failure_of(mirrors, f"{server.url}/old.git")
    assert failure.message.endswith(f"{url}, because http.followRedirects is off in git's configuration")


def test_a_control_repository_is_not_written_elsewhere(
    server: HttpGitServer, other: HttpGitServer, *, url: str, elsewhere: str, tmp_path: Path
) -> None:
    server.manners["nova.git"] = Manners(location=f"{elsewhere}{{rest}}")
    control = ControlRepository(url, Settings(cache=str(tmp_path / "cache"), retries=0))
    with pytest.raises(UnknownError, match=f"{elsewhere} is another server"):
        control.work(lambda place: place.list_branches())
    assert other.traffic.requests == []


@pytest.mark.parametrize(
    ("a", "b", "is_same"),
    [
        ("http://host/a", "https://host/b", True),
        ("https://host/a", "https://HOST:443/b", True),
        ("https://host/a", "http://host/a", False),
        ("https://host/a", "https://host:8443/a", False),
        ("https://host/a", "https://host.example.org/a", False),
        ("http://host:8080/a", "https://host:8443/a", False),
    ],
)
def test_servers(a: str, b: str, *, is_same: bool) -> None:
    assert is_same_server(a, b) is is_same


def test_the_last_location_of_a_trace_counts() -> None:
    trace = (
        "16:32:48.1 http.c:684              <= Recv header: Location: /b/info/refs?service=git-upload-pack\n"
        "16:32:48.2 http.c:684              <= Recv header: location: ../../c/info/refs\n"
    )
    assert read_location(trace, "https://host/x/a") == "https://host/x/c/info/refs"
    assert read_location("", "https://host/a") is None
    assert repository_at("https://host/c/info/refs?service=git-upload-pack") == "https://host/c"
    assert repository_at("https://host:port/c/info/refs") is None
