"""A relay on loopback that passes a server's answers on at a given speed, and a server that never stops sending."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator

_CHUNK = 2048


@contextlib.contextmanager
def serve_slowly(port: int, speed: int, *, seconds: float) -> Iterator[int]:
    """Pass connections on to `port` for the time of a `with` block, slowly at first.

    Answers come at `speed` bytes per second until a connection is `seconds` old, the rest as fast as it is read.
    The value is the relay's port.
    """

    def relay(client: socket.socket) -> None:
        with socket.create_connection(("127.0.0.1", port)) as server:
            threading.Thread(target=_copy, args=(client, server), daemon=True).start()
            _copy(server, client, speed=speed, seconds=seconds)

    with _serve(relay) as own:
        yield own


@contextlib.contextmanager
def serve_without_end(opening: bytes, chunk: bytes, pause: float) -> Iterator[int]:
    """Answer each connection with `opening`, then with `chunk` every `pause` seconds, until the client goes."""

    def answer(client: socket.socket) -> None:
        client.recv(4096)
        client.sendall(opening)
        while True:
            client.sendall(chunk)
            time.sleep(pause)

    with _serve(answer) as own:
        yield own


@contextlib.contextmanager
def _serve(answer: Callable[[socket.socket], None]) -> Iterator[int]:
    def take(client: socket.socket) -> None:
        with client, contextlib.suppress(OSError):
            answer(client)

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = listener.accept()
                threading.Thread(target=take, args=(client,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=accept, daemon=True).start()
        try:
            yield int(listener.getsockname()[1])
        finally:
            listener.shutdown(socket.SHUT_RDWR)


def _copy(source: socket.socket, sink: socket.socket, *, speed: int = 0, seconds: float = 0) -> None:
    end = time.monotonic() + seconds
    with contextlib.suppress(OSError):  # either side may go
        while data := source.recv(_CHUNK):
            sink.sendall(data)
            if time.monotonic() < end:
                time.sleep(len(data) / speed)
        sink.shutdown(socket.SHUT_WR)
