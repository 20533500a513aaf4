"""A real ssh server on loopback, with keys of its own."""

import contextlib
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from socket import create_connection

from tests.support.oracles import give_up
from tests.support.ports import NotListeningError, listen


@dataclass(frozen=True, slots=True)
class SshServer:
    """`command` is the ssh command line that knows the host and has the key."""

    port: int
    command: str


@contextlib.contextmanager
def serve_ssh(directory: Path, **more: str) -> Iterator[SshServer]:
    """Let whoever runs the tests log in over ssh for the time of a `with` block; gives the test up where there is no sshd.

    `more` are settings of sshd_config(5).
    """
    daemon = shutil.which("sshd") or shutil.which("/usr/sbin/sshd")
    if not daemon or not shutil.which("ssh"):
        give_up("needs sshd (Debian's package openssh-server)")
    with contextlib.suppress(OSError):
        Path("/run/sshd").mkdir(
            mode=0o755
        )  # where sshd drops its privileges; a service that never ran lacks it
    directory.mkdir(mode=0o700)
    for name in ("host", "user"):
        subprocess.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(directory / name)], check=True
        )
    options = {
        "HostKey": directory / "host",
        "AuthorizedKeysFile": directory / "user.pub",
        "PidFile": "none",
        "StrictModes": "no",
        "UsePAM": "no",
        "PasswordAuthentication": "no",
        "LoginGraceTime": "0",
        **more,
    }
    settings = [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
    command = [daemon, "-D", "-e", "-f", "/dev/null", "-o", "ListenAddress=127.0.0.1", *settings]
    known = directory / "known_hosts"
    try:
        with listen(lambda port: [*command, "-p", str(port)], b"Server listening on ") as port:
            known.write_text(f"[127.0.0.1]:{port} {(directory / 'host.pub').read_text()}")
            yield SshServer(
                port, f"ssh -F none -i {directory}/user -o UserKnownHostsFile={known} -o BatchMode=yes"
            )
    except NotListeningError as error:
        give_up(f"sshd does not start here: {error}")


@contextlib.contextmanager
def occupied(port: int, connections: int) -> Iterator[None]:
    """Hold connections that never log in, for the time of a `with` block."""
    with contextlib.ExitStack() as stack:
        for _ in range(connections):
            connection = stack.enter_context(create_connection(("127.0.0.1", port)))
            assert connection.recv(64).startswith(b"SSH-")
        yield
