"""A proxy on loopback that cuts every connection once a number of bytes has passed, in either direction."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass
class Line:
    """A line to a server: `passed` counts bytes; it breaks after `length` (None: never), and stays so unless `mends`."""

    port: int
    length: int | None
    mends: bool
    passed: int = 0
    is_broken: bool = False
    _sockets: list[socket.socket] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def accept(self, client: socket.socket) -> None:
        """Connect a client with the server, if the line is whole."""
        if self.is_broken and not self.mends:
            client.close()
            return
        server = socket.create_connection(("127.0.0.1", self.port))
        self._sockets += [client, server]
        for source, sink in ((client, server), (server, client)):
            threading.Thread(target=self._pass_on, args=(source, sink), daemon=True).start()

    def _pass_on(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while chunk := source.recv(65536):
                allowed = self._take(len(chunk))
                sink.sendall(chunk[:allowed])
                if allowed < len(chunk):
                    self.hang_up()
                    return
            sink.shutdown(socket.SHUT_WR)

    def _take(self, size: int) -> int:
        """Return how many of the next bytes still pass."""
        with self._lock:
            room = size if self.length is None or self.is_broken else max(0, self.length - self.passed)
            allowed = min(size, room)
            self.passed += allowed
            self.is_broken = self.is_broken or allowed < size
            return allowed

    def hang_up(self) -> None:
        """Close all connections."""
        while self._sockets:
            one = self._sockets.pop()
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()


@contextlib.contextmanager
def cut(port: int, *, after: int | None = None, mends: bool = False) -> Iterator[tuple[int, Line]]:
    """Pass connections on to `port` for the time of a `with` block; the value is the proxy's port, and the line."""
    line = Line(port, after, mends)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=_serve, args=(listener, line), daemon=True)
        thread.start()
        try:
            yield int(listener.getsockname()[1]), line
        finally:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            line.hang_up()
            thread.join()


def _serve(listener: socket.socket, line: Line) -> None:
    with contextlib.suppress(OSError):
        while True:
            client, _ = listener.accept()
            line.accept(client)
