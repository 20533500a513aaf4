"""Ports on loopback, and programs that listen on one."""

import contextlib
import os
import signal
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import IO

_TRIES = 20
_START_LIMIT = 600.0
"""Seconds after which a program that does not listen is killed."""


class NotListeningError(Exception):
    """A program ended instead of listening on a port."""


def free_port() -> int:
    """Return a port that nothing listened on a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


@contextlib.contextmanager
def listen(command: Callable[[int], Sequence[str]], sign: bytes) -> Iterator[int]:
    """Run a program that listens on a port, for the time of a `with` block; the value is the port.

    Its stderr has `sign` in it once it listens. Another port is tried if somebody else took one in the meantime;
    raises NotListeningError if the program ends for another reason.
    """
    for _ in range(_TRIES):
        port = free_port()
        process = subprocess.Popen(command(port), stderr=subprocess.PIPE, start_new_session=True)
        assert process.stderr
        try:
            limit = threading.Timer(_START_LIMIT, process.kill)
            limit.daemon = True
            limit.start()
            lines = _read_up_to(process, sign)
            limit.cancel()
            if sign in lines:
                yield port
                return
            process.stderr.close()
            if b"in use" not in lines:
                raise NotListeningError(lines.decode(errors="replace"))
        finally:
            with contextlib.suppress(ProcessLookupError):  # it has ended, and its children too
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    raise NotListeningError(f"{_TRIES} ports were taken")


def _read_up_to(process: subprocess.Popen[bytes], sign: bytes) -> bytes:
    """Return the lines up to one that has `sign` in it, or all; what follows is read and forgotten."""
    assert process.stderr
    lines = b""
    for line in process.stderr:
        lines += line
        if sign in line:
            threading.Thread(target=_forget, args=(process.stderr,), daemon=True).start()
            break
    return lines


def _forget(stream: IO[bytes]) -> None:
    with stream:
        for _ in stream:
            pass
