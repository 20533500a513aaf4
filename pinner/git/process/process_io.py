"""Writes the input of a git call, collects its output, and limits its time: a fixed one, or as long as data keep arriving.

A first clone over a slow line may take far longer than any sensible timeout, so a transfer is measured by the
bytes received. Three limits keep a server that never stops sending from blocking a run: a lowest speed, a
longest time and a largest size.

A call is complete when the process ends, not when its outputs are closed: a background process that it started
(an ssh proxy command, a shared connection) may keep them open for hours. By then, everything that the process
itself wrote is in the pipes, and one read of each empties them.
"""

import os
import selectors
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import IO, Protocol

LOWEST_SPEED = 1000
"""Bytes per second, on average over `timeout`, below which a transfer counts as stalled."""
LONGEST = 60
"""The longest time of a transfer, as a multiple of `timeout`."""
LARGEST = 4 * 1024**3
"""The largest size of one transfer, in bytes."""

_LONGEST_WAIT = 1.0
_PAUSES = 10  # measurements per `timeout`


class OverdueError(Exception):
    """A call has exceeded its time; the text is a message without its subject (`did not end within 30 s`)."""


class EndlessError(OverdueError):
    """Data still arrive, but the transfer has exceeded the longest time or the largest size."""


class Deadline(Protocol):
    """When a call must end."""

    def remaining(self) -> float:
        """Return the seconds (above 0) until the next check; raises OverdueError when the call must end."""
        ...


@dataclass(slots=True)
class FixedDeadline:
    """A limit of `seconds` for the whole call, counted from the creation of this object."""

    seconds: float
    clock: Callable[[], float] = time.monotonic
    _start: float = field(init=False)

    def __post_init__(self) -> None:
        self._start = self.clock()

    def remaining(self) -> float:
        """Return the remaining seconds; raises OverdueError if there are none."""
        left = self._start + self.seconds - self.clock()
        if left <= 0:
            raise OverdueError(f"did not end within {self.seconds:g} s")
        return left


@dataclass(slots=True)
class TransferDeadline:
    """A limit of `timeout` seconds since data last arrived at LOWEST_SPEED or faster.

    `received` returns the number of bytes received so far.
    """

    timeout: float
    received: Callable[[], int]
    largest: int = LARGEST
    clock: Callable[[], float] = time.monotonic
    _start: float = field(init=False)
    _first: int | None = None
    _seen: int = 0
    _seen_at: float = 0.0
    _next: float = 0.0

    def __post_init__(self) -> None:
        self._start = self.clock()

    def remaining(self) -> float:
        """Return the seconds until the next measurement; raises OverdueError when the transfer must end."""
        now = self.clock()
        if now >= self._next:
            self._measure(now)
            self._next = now + min(_LONGEST_WAIT, self.timeout / _PAUSES)
        return self._next - now

    def _measure(self, now: float) -> None:
        size = self.received()
        if self._first is None:
            self._first, self._seen, self._seen_at = size, size, self._start
        arrived, waited = size - self._seen, now - self._seen_at
        if arrived > 0 and arrived >= LOWEST_SPEED * waited:
            self._seen, self._seen_at = size, now
        elif waited >= self.timeout:
            data = f"only {arrived} bytes" if arrived > 0 else "no data"
            raise OverdueError(f"received {data} for {self.timeout:g} s")
        if now - self._start >= LONGEST * self.timeout:
            raise EndlessError(f"did not end within {LONGEST * self.timeout:g} s, {LONGEST} times `timeout`")
        if size - self._first > self.largest:
            raise EndlessError(f"received more than {self.largest} bytes")


_CHUNK = 1024 * 1024  # as much as a pipe holds: 16 pages of up to 64 KiB (pipe(7))
_STDERR_KEPT = 64 * 1024
_FIRST_PAUSE, _LONGEST_PAUSE = 0.0005, 0.05  # seconds between two checks whether the process has ended
_REASON_GRACE = 0.5
"""Seconds to wait for the children of a failed process to write the reason to stderr."""


@dataclass(frozen=True, slots=True)
class Output:
    """The result of a git call: exit status (negative: killed by that signal), stdout, the end of stderr."""

    status: int
    out: bytes
    err: str


class OutputTooLargeError(Exception):
    """The process wrote more than its caller accepts."""


class ProcessIO:
    """Writes the input of a process and collects its outputs until it has ended."""

    def __init__(
        self, process: subprocess.Popen[bytes], stdin: bytes, *, limit: int, grace: float = _REASON_GRACE
    ) -> None:
        self._process = process
        self._grace = grace
        self._left = memoryview(stdin)
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

    def communicate(self, deadline: Deadline) -> tuple[bytes, str]:
        """Return all of stdout and the end of stderr as soon as the process has ended.

        Raises OverdueError when the deadline has passed and OutputTooLargeError when stdout exceeds the
        limit; the process is then still running.
        """
        with self._selector:
            pause = _FIRST_PAUSE
            while self._process.poll() is None:
                has_data = self._transfer(min(pause, deadline.remaining()))
                pause = _FIRST_PAUSE if has_data else min(2 * pause, _LONGEST_PAUSE)
            self._drain()
        return bytes(self._out), self._err.decode(errors="replace")

    def _transfer(self, timeout: float) -> bool:
        """Read and write what is ready within `timeout` seconds; return whether anything was."""
        events = self._selector.select(timeout)
        for key, _ in events:
            key.data(key.fileobj)
        return bool(events)

    def _drain(self) -> None:
        """Read the data left in the pipes of a process that has ended, however long that takes.

        If it has failed, its children have `grace` seconds to add to them.
        """
        if self._process.stdin and not self._process.stdin.closed:
            self._close(self._process.stdin)
        end = time.monotonic() + (self._grace if self._process.returncode else 0)
        self._transfer(0)
        while self._selector.get_map() and (left := end - time.monotonic()) > 0:
            self._transfer(left)

    def _write(self, stream: IO[bytes]) -> None:
        try:
            written = os.write(stream.fileno(), self._left[:_CHUNK])
        except BrokenPipeError:  # the process reads no more input; its exit status shows why
            written = len(self._left)
        self._left = self._left[written:]
        if not self._left:
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
