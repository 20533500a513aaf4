"""The git server of the tests as a process of its own, so that what it uses is nobody else's CPU time."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_CHECKOUT = Path(__file__).resolve().parents[2]
_PATIENCE = 10


@dataclass(frozen=True, slots=True)
class Traffic:
    """What reached a server: TCP connections, requests, and bytes of answers."""

    connections: int
    requests: int
    sent: int

    def __str__(self) -> str:
        return f"{self.connections} connections, {self.requests} requests, {self.sent / 1000:.0f} KB down"


@dataclass(frozen=True, slots=True)
class Server:
    """A running server: its URL and the certificate to trust."""

    url: str
    certificate: str
    log: Path

    def forget(self) -> None:
        """Count anew."""
        with self.log.open("r+b") as log:
            log.truncate(0)

    @property
    def traffic(self) -> Traffic:
        """Return what was counted since the start or `forget`."""
        rows = [json.loads(line.lstrip("\0")) for line in self.log.read_text().splitlines()]
        connections = {row["connection"] for row in rows}
        return Traffic(len(connections), len(rows), sum(row["sent"] for row in rows))


@contextmanager
def serve(root: Path, log: Path, *, latency: int = 0) -> Iterator[Server]:
    """Serve `root` over HTTPS for the time of a `with` block; `latency` in milliseconds is added to each round trip."""
    command = [sys.executable, "-m", "tests.support.servers", str(root), "--tls", f"--latency={latency}"]
    process = subprocess.Popen(
        [*command, f"--log={log}"], cwd=_CHECKOUT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with process:
        try:
            assert process.stdout  # noqa: S101 - it was asked for above
            greeting = json.loads(process.stdout.readline())
            yield Server(greeting["url"], greeting["ca"], log)
        finally:
            assert process.stdin  # noqa: S101 - the same
            process.stdin.close()
            _end(process)


def _end(process: "subprocess.Popen[str]") -> None:
    try:
        process.wait(_PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
