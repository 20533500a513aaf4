"""How git is made to speak to remotes, shown on real servers."""

import getpass
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pinner.git.mirrors.mirrors import Mirrors
from pinner.git.process.failures import FailureKind, SyncFailure
from pinner.git.process.repository import Mirror
from tests.support.oracles import find_tool
from tests.support.repositories import Repository, run_git
from tests.support.servers import HttpGitServer, serve_http
from tests.support.ssh import SshServer, serve_ssh

Configure = Callable[[str, str], None]


@pytest.fixture
def configure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Configure:
    """Set a key of the user's git configuration."""
    config = tmp_path / "gitconfig"
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))

    def set_key(key: str, value: str) -> None:
        run_git("config", "--file", str(config), key, value)

    return set_key


@pytest.fixture
def secure(nova: Repository, certificate: Path) -> Iterator[HttpGitServer]:
    with serve_http(nova.path.parent, certificate=certificate) as running:
        yield running


@pytest.fixture
def hashed(certificate: Path, tmp_path: Path) -> Path:
    """A directory of authorities that trusts the server, as `openssl rehash` makes it."""
    directory = tmp_path / "authorities"
    directory.mkdir()
    text = certificate.read_text()
    (directory / "server.pem").write_text(text[text.index("-----BEGIN CERTIFICATE") :])
    subprocess.run(
        [find_tool("openssl", "openssl"), "rehash", str(directory)], check=True, capture_output=True
    )
    return directory


def test_an_authority_in_the_users_own_directory_counts(
    secure: HttpGitServer, hashed: Path, mirrors: Mirrors, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_SSL_CAPATH", str(hashed))
    assert isinstance(mirrors.sync([f"{secure.url}/nova.git"])[f"{secure.url}/nova.git"], Mirror)
    assert secure.traffic.connections == 1


@pytest.mark.parametrize("key", ["http.sslCAPath", "http.{url}.sslCAPath"])
def test_an_authority_in_a_configured_directory_counts(
    secure: HttpGitServer, hashed: Path, mirrors: Mirrors, configure: Configure, key: str
) -> None:
    configure(key.format(url=secure.url), str(hashed))
    assert isinstance(mirrors.sync([f"{secure.url}/nova.git"])[f"{secure.url}/nova.git"], Mirror)
    assert secure.traffic.connections == 1


def test_a_certificate_that_is_not_trusted_is_looked_at_again_as_git_does(
    secure: HttpGitServer, mirrors: Mirrors
) -> None:
    answer = mirrors.sync([f"{secure.url}/nova.git"])[f"{secure.url}/nova.git"]
    assert isinstance(answer, SyncFailure)
    assert answer.kind is FailureKind.CERTIFICATE
    assert secure.traffic.connections == 2
    mirrors.sync([f"{secure.url}/nova.git"])
    assert secure.traffic.connections == 3


@pytest.fixture
def ssh(tmp_path: Path) -> Iterator[SshServer]:
    with serve_ssh(tmp_path / "ssh") as running:
        yield running


def test_ssh_with_the_users_own_command(
    ssh: SshServer, nova: Repository, mirrors: Mirrors, configure: Configure
) -> None:
    configure("core.sshCommand", ssh.command)
    url = f"ssh://{getpass.getuser()}@127.0.0.1:{ssh.port}{nova.path}"
    answer = mirrors.sync([url])[url]
    assert isinstance(answer, Mirror), answer
    assert answer.refs.tags == ("1.0.0",)


def test_ssh_asks_nothing_about_an_unknown_host(ssh: SshServer, nova: Repository, mirrors: Mirrors) -> None:
    url = f"ssh://{getpass.getuser()}@127.0.0.1:{ssh.port}{nova.path}"
    answer = mirrors.sync([url])[url]
    assert isinstance(answer, SyncFailure)
    assert answer.kind is FailureKind.AUTHENTICATION
    assert answer.message.startswith(f"no access to {url}: Host key verification failed.")
