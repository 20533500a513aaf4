"""Real git servers on loopback: smart HTTP and HTTPS over `git http-backend`, and `git daemon`.

They count what reaches them, and on demand behave as badly as servers in the world do. As a program, for benchmarks:

    python -m tests.support.servers ROOT [--tls] [--latency MILLISECONDS] [--log FILE]

serves ROOT until its stdin is closed; its first line of output is JSON with the URL and the certificate to trust.
"""

import argparse
import base64
import contextlib
import dataclasses
import json
import os
import re
import select
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import IO, Any

from tests.support.latency import delay
from tests.support.oracles import find_tool
from tests.support.ports import listen

_CHUNK = 65536


@dataclass(slots=True)
class Manners:
    """How a server answers for one repository; the default is well.

    `password` is USER:PASSWORD; `failures` counts how many requests to answer with `failure_status` first; `page` is HTML to serve instead;
    `location` is where to redirect to, with `{rest}` for what follows the repository in the path, `location_of_posts` the same for the
    requests after the list of refs;
    `cut_after` closes the connection after so many bytes of an answer to a POST, `stall_after` falls silent there.
    """

    password: str | None = None
    failures: int = 0
    failure_status: int = 503
    page: str | None = None
    location: str | None = None
    location_of_posts: str | None = None
    hangs: bool = False
    cut_after: int | None = None
    stall_after: int | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """One request as the server saw it; `sent` counts the bytes of the answer's body."""

    connection: int
    method: str
    path: str
    status: int
    sent: int
    headers: dict[str, str] = field(default_factory=dict, compare=False)

    @property
    def repository(self) -> str:
        """The path below the root, with `.git` if it was asked for so."""
        return re.split("/info/refs|/git-(?:upload|receive)-pack", self.path, maxsplit=1)[0].strip("/")


@dataclass(slots=True)
class Traffic:
    """What reached a server. `connections` are TCP connections."""

    connections: int = 0
    requests: list[Request] = field(default_factory=list)

    def forget(self) -> None:
        """Count anew."""
        self.connections = 0
        self.requests.clear()

    def of(self, repository: str) -> list[Request]:
        """Return the requests for one repository."""
        return [request for request in self.requests if request.repository == repository]

    def connections_of(self, repository: str) -> int:
        """Return over how many connections one repository was asked for."""
        return len({request.connection for request in self.of(repository)})


@dataclass(slots=True)
class HttpGitServer:
    """A running server; `url` has no slash at its end, `ca` is the certificate to trust (None: plain HTTP).

    `stalled` is set when an answer hangs, and setting `released` ends all hanging answers, with the connection.
    """

    url: str
    ca: Path | None
    traffic: Traffic
    manners: dict[str, Manners]
    stalled: threading.Event
    released: threading.Event


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 512

    def __init__(self, root: Path, tls: ssl.SSLContext | None, on_request: Callable[[Request], None]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.root = root
        self.tls = tls
        self.traffic = Traffic()
        self.manners: dict[str, Manners] = {}
        self.stalled = threading.Event()
        self.released = threading.Event()
        self.lock = threading.Lock()
        self.here = threading.local()
        self.on_request = on_request

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Shake hands in the connection's own thread, so that a slow client keeps nobody waiting."""
        with self.lock:
            self.traffic.connections += 1
            self.here.number = self.traffic.connections
        if self.tls:
            request = self.tls.wrap_socket(request, server_side=True, do_handshake_on_connect=False)
            with contextlib.suppress(OSError):
                request.do_handshake()
        try:
            super().finish_request(request, client_address)
        except OSError:
            pass
        finally:
            if self.tls:
                request.close()

    def count(self, request: Request) -> None:
        with self.lock:
            self.traffic.requests.append(request)
        self.on_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that went away; anything else is a fault of this file."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: _Server
    connection_number = 0

    def setup(self) -> None:
        super().setup()
        self.connection_number = self.server.here.number

    def log_message(self, *_args: Any, **_kwargs: Any) -> None:
        """Stay silent."""

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def _answer(self) -> None:
        body = self._read_body()
        request = Request(self.connection_number, self.command, self.path, 0, 0)
        manners = self.server.manners.get(request.repository, Manners())
        if manners.hangs:
            self.server.count(request)
            self.server.stalled.set()
            self.server.released.wait()
            self.close_connection = True
        elif manners.failures > 0:
            manners.failures -= 1
            self._send(manners.failure_status, b"busy\n", "text/plain")
        elif manners.password and not self._knows(manners.password):
            self._send(401, b"who are you?\n", "text/plain", ("WWW-Authenticate", 'Basic realm="git"'))
        elif location := manners.location_of_posts if self.command == "POST" else manners.location:
            rest = self.path.removeprefix(f"/{request.repository}")
            self._send(301, b"", "text/plain", ("Location", location.format(rest=rest)))
        elif manners.page is not None:
            self._send(200, manners.page.encode(), "text/html")
        else:
            self._run_backend(body, manners)

    def _knows(self, password: str) -> bool:
        expected = base64.b64encode(password.encode()).decode()
        return self.headers.get("Authorization", "") == f"Basic {expected}"

    def _read_body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _send(self, status: int, body: bytes, kind: str, *headers: tuple[str, str]) -> None:
        self.send_response(status)
        for name, value in (("Content-Type", kind), ("Content-Length", str(len(body))), *headers):
            self.send_header(name, value)
        self.end_headers()
        self._count(status, len(body))
        self.wfile.write(body)
        self.wfile.flush()

    def _count(self, status: int, sent: int) -> None:
        headers = dict(self.headers)
        self.server.count(Request(self.connection_number, self.command, self.path, status, sent, headers))

    def _run_backend(self, body: bytes, manners: Manners) -> None:
        backend = subprocess.Popen(
            ["git", "http-backend"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=self._environment(len(body)),
        )
        with backend, contextlib.suppress(BrokenPipeError, ConnectionError):
            if backend.stdin and backend.stdout:
                backend.stdin.write(body)
                backend.stdin.close()
                self._pass_on(backend.stdout, manners)
            backend.kill()

    def _pass_on(self, out: IO[bytes], manners: Manners) -> None:
        status, headers = 200, []
        while line := out.readline().strip():
            name, _, value = line.decode().partition(": ")
            if name == "Status":
                status = int(value.split()[0])
            else:
                headers.append((name, value))
        self.send_response(status)
        for name, value in (*headers, ("Transfer-Encoding", "chunked")):
            self.send_header(name, value)
        self.end_headers()
        sent, end = self._pass_on_body(out, manners if self.command == "POST" else Manners())
        # counted before its end is sent: a client that has the whole answer finds it counted
        self._count(status, sent)
        self.wfile.write(end)
        self.wfile.flush()

    def _pass_on_body(self, out: IO[bytes], manners: Manners) -> tuple[int, bytes]:
        """Send the body; return its size, and the bytes that end it: none if it was broken off."""
        sent = 0
        end = manners.cut_after if manners.cut_after is not None else manners.stall_after
        while chunk := out.read1(_CHUNK):  # type: ignore[attr-defined]  # a BufferedReader, which typeshed calls IO
            if end is not None and sent + len(chunk) > end:
                self._break_off(chunk, end - sent, stalls=manners.cut_after is None)
                return end, b""
            self.wfile.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))
            self.wfile.flush()
            sent += len(chunk)
        return sent, b"0\r\n\r\n"

    def _break_off(self, chunk: bytes, length: int, *, stalls: bool) -> None:
        self.wfile.write(b"%x\r\n%s" % (len(chunk), chunk[:length]))
        self.wfile.flush()
        if stalls:
            self.server.stalled.set()
            self.server.released.wait()
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def _environment(self, length: int) -> dict[str, str]:
        path, _, query = self.path.partition("?")
        return {
            "PATH": os.environ["PATH"],
            "GIT_PROJECT_ROOT": str(self.server.root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": "safe.directory",
            "GIT_CONFIG_VALUE_0": "*",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "REQUEST_METHOD": self.command,
            "REMOTE_ADDR": "127.0.0.1",
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(length),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
        }


@contextlib.contextmanager
def serve_http(
    root: Path,
    *,
    certificate: Path | None = None,
    on_request: Callable[[Request], None] = lambda _request: None,
) -> Iterator[HttpGitServer]:
    """Serve the bare repositories below `root` for the time of a `with` block; over TLS if there is a certificate."""
    server = _Server(root, _context(certificate), on_request)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    scheme = "https" if certificate else "http"
    try:
        url = f"{scheme}://127.0.0.1:{server.server_port}"
        yield HttpGitServer(url, certificate, server.traffic, server.manners, server.stalled, server.released)
    finally:
        server.released.set()
        server.shutdown()
        server.server_close()
        thread.join()


def make_certificate(directory: Path) -> Path:
    """Make a certificate for 127.0.0.1 that is its own authority, its key in the same file."""
    path = directory / "server.pem"
    key = directory / "server.key"
    subprocess.run(
        [
            *(
                find_tool("openssl", "openssl"),
                "req",
                "-x509",
                "-nodes",
                "-days",
                "2",
                "-subj",
                "/CN=pinner test",
            ),
            *("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"),
            *("-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(path)),
        ],
        check=True,
        capture_output=True,
    )
    path.write_text(key.read_text() + path.read_text())
    return path


def _context(certificate: Path | None) -> ssl.SSLContext | None:
    if certificate is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


@contextlib.contextmanager
def serve_daemon(root: Path) -> Iterator[str]:
    """Serve the repositories below `root` by `git daemon` for the time of a `with` block; the value is its URL."""
    command = ["git", "-c", "safe.directory=*", "daemon", "--verbose", "--export-all", f"--base-path={root}"]
    with listen(
        lambda port: [*command, "--listen=127.0.0.1", f"--port={port}", "--reuseaddr"], b"Ready to rumble"
    ) as port:
        yield f"git://127.0.0.1:{port}"


def main() -> None:
    """Serve one directory until stdin is closed."""
    parser = argparse.ArgumentParser(prog="python -m tests.support.servers", description=main.__doc__)
    parser.add_argument("root", type=Path, help="the directory that holds the bare repositories")
    parser.add_argument("--tls", action="store_true", help="serve HTTPS with a certificate made now")
    parser.add_argument("--latency", type=float, default=0, help="milliseconds to add to each round trip")
    parser.add_argument("--log", type=Path, help="write one line of JSON for each request")
    options = parser.parse_args()
    with contextlib.ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        log = stack.enter_context(options.log.open("w", buffering=1)) if options.log else None
        certificate = make_certificate(directory) if options.tls else None
        server = stack.enter_context(
            serve_http(options.root, certificate=certificate, on_request=_logger(log))
        )
        scheme, _, address = server.url.partition("://")
        port = int(address.rpartition(":")[2])
        if options.latency:
            port = stack.enter_context(delay(port, options.latency / 1000))
        greeting = {"url": f"{scheme}://127.0.0.1:{port}", "ca": str(certificate) if certificate else None}
        sys.stdout.write(json.dumps(greeting) + "\n")
        sys.stdout.flush()
        select.select([sys.stdin], [], [])


def _logger(log: IO[str] | None) -> Callable[[Request], None]:
    if log is None:
        return lambda _request: None

    def write(request: Request) -> None:
        log.write(json.dumps(dataclasses.asdict(request)) + "\n")

    return write


if __name__ == "__main__":
    main()
