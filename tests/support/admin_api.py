"""A TLS server that answers requests to empty caches as it is told to, and requires a client's certificate."""

import contextlib
import http.server
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.servers import make_certificate

NO_CONTENT = 204
NOT_FOUND = 404


@dataclass
class AdminApi:
    """What the server was asked, and what it answers next (204 when nothing is left)."""

    url: str
    ssldir: Path
    answers: list[int] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    catalogs: list[tuple[int, bytes]] = field(default_factory=list)
    """What POST requests are answered with: status and body."""
    pages: list[tuple[int, bytes]] = field(default_factory=list)
    """What GET requests are answered with."""


def make_ssldir(directory: Path) -> Path:
    """Make an agent's ssldir whose certificate is its own authority, and return it."""
    for name in ("certs", "private_keys"):
        (directory / name).mkdir(parents=True)
    made = make_certificate(directory)
    key, certificate = made.read_text().split("-----BEGIN CERTIFICATE-----")
    (directory / "private_keys/node.pem").write_text(key)
    for name in ("node", "ca"):
        (directory / f"certs/{name}.pem").write_text(f"-----BEGIN CERTIFICATE-----{certificate}")
    return directory


@contextlib.contextmanager
def serve_admin_api(directory: Path) -> Iterator[AdminApi]:
    """Serve on loopback for the time of a `with` block."""
    ssldir = make_ssldir(directory)
    api = AdminApi("", ssldir)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_DELETE(self) -> None:
            api.requests.append(self.path)
            self.send_response(api.answers.pop(0) if api.answers else NO_CONTENT)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def do_GET(self) -> None:
            api.requests.append(self.path)
            self.reply(*(api.pages.pop(0) if api.pages else (NOT_FOUND, b"")))

        def do_POST(self) -> None:
            api.requests.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
            self.reply(*(api.catalogs.pop(0) if api.catalogs else (NOT_FOUND, b"")))

        def reply(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_words: object) -> None:
            pass

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(directory / "server.pem")
    context.load_verify_locations(directory / "certs/ca.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    api.url = f"https://127.0.0.1:{server.server_address[1]}"
    try:
        yield api
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
