"""Talking with one process through its pipes: bounded in time and in bytes. Knows nothing of git."""

import os
import selectors
import subprocess
import time
from typing import IO

_CHUNK = 64 * 1024
_STDERR_KEPT = 64 * 1024


class OutputTooLargeError(Exception):
    """The process said more than its caller is ready to hold."""


class Conversation:
    """Feeds a process its input and collects what it says, until it has closed both its outputs."""

    def __init__(self, process: subprocess.Popen[bytes], given: bytes, *, limit: int) -> None:
        self._given = memoryview(given)
        self._limit = limit
        self._out = bytearray()
        self._err = bytearray()
        self._selector = selectors.DefaultSelector()
        if process.stdin:
            os.set_blocking(process.stdin.fileno(), False)
            self._selector.register(process.stdin, selectors.EVENT_WRITE, self._write)
        for stream, read in ((process.stdout, self._read_out), (process.stderr, self._read_err)):
            if stream:
                self._selector.register(stream, selectors.EVENT_READ, read)

    def hold(self, deadline: float) -> tuple[bytes, str]:
        """Return all of stdout and the end of stderr.

        `deadline` is a time of `time.monotonic()`; raises TimeoutError after it, OutputTooLargeError when stdout
        passes the limit. The process is left as it is then.
        """
        with self._selector:
            while self._selector.get_map():
                remaining = deadline - time.monotonic()
                events = self._selector.select(remaining) if remaining > 0 else []
                if not events:
                    raise TimeoutError
                for key, _ in events:
                    key.data(key.fileobj)
        return bytes(self._out), self._err.decode(errors="replace")

    def _write(self, stream: IO[bytes]) -> None:
        try:
            written = os.write(stream.fileno(), self._given[:_CHUNK])
        except BrokenPipeError:  # it has heard enough; its exit status will tell why
            written = len(self._given)
        self._given = self._given[written:]
        if not self._given:
            self._close(stream)

    def _read_out(self, stream: IO[bytes]) -> None:
        self._out += self._read(stream)
        if len(self._out) > self._limit:
            raise OutputTooLargeError

    def _read_err(self, stream: IO[bytes]) -> None:
        self._err += self._read(stream)
        del self._err[:-_STDERR_KEPT]

    def _read(self, stream: IO[bytes]) -> bytes:
        chunk = os.read(stream.fileno(), _CHUNK)
        if not chunk:
            self._close(stream)
        return chunk

    def _close(self, stream: IO[bytes]) -> None:
        self._selector.unregister(stream)
        stream.close()
