"""A real ssh server on loopback, with keys of its own."""

import contextlib
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from socket import create_connection

from tests.support.oracles import give_up
from tests.support.ports import free_port


@dataclass(frozen=True, slots=True)
class SshServer:
    """`command` is the ssh command line that knows the host and has the key."""

    port: int
    command: str


@contextlib.contextmanager
def serve_ssh(directory: Path) -> Iterator[SshServer]:
    """Let whoever runs the tests log in over ssh for the time of a `with` block; gives the test up where there is no sshd."""
    daemon = shutil.which("sshd") or shutil.which("/usr/sbin/sshd")
    if not daemon or not shutil.which("ssh"):
        give_up("there is no sshd here (Debian's package openssh-server)")
    with contextlib.suppress(OSError):
        Path("/run/sshd").mkdir(
            mode=0o755
        )  # where sshd drops its privileges; a service that never ran lacks it
    directory.mkdir(mode=0o700)
    for name in ("host", "user"):
        subprocess.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(directory / name)], check=True
        )
    port = free_port()
    known = directory / "known_hosts"
    known.write_text(f"[127.0.0.1]:{port} {(directory / 'host.pub').read_text()}")
    options = {
        "HostKey": directory / "host",
        "AuthorizedKeysFile": directory / "user.pub",
        "PidFile": "none",
        "StrictModes": "no",
        "UsePAM": "no",
        "PasswordAuthentication": "no",
    }
    settings = [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
    address = ["-o", "ListenAddress=127.0.0.1", "-p", str(port)]
    with subprocess.Popen(
        [daemon, "-D", "-f", "/dev/null", *address, *settings], stderr=subprocess.DEVNULL
    ) as server:
        try:
            _wait_for(port, server)
            yield SshServer(
                port, f"ssh -F none -i {directory}/user -o UserKnownHostsFile={known} -o BatchMode=yes"
            )
        finally:
            server.terminate()


def _wait_for(port: int, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if server.poll() is not None:
            give_up("sshd does not start here")
        with contextlib.suppress(ConnectionRefusedError), create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.02)
    raise TimeoutError
