"""Starts pinner's child processes, limits their time and output, and ends all of them when pinner ends.

Each process leads its own session, so that it can be killed together with its children (`git-remote-https`,
`ssh`, `index-pack`). A signal that ends pinner kills them at once. If pinner itself is killed (by SIGKILL or
the out-of-memory killer), a small shell kills them: it reads the session ids from a pipe and reaches the end
of the pipe when pinner is gone.

PR_SET_PDEATHSIG would do less: it affects only the direct child, exists only on Linux, and must be set
between fork and exec, where a program with threads must not run its own code.

A first clone over a slow line may take far longer than any sensible timeout, so a transfer is measured by the
bytes received. Three limits keep a server that never stops sending from blocking a run: a lowest speed, a
longest time and a largest size.

A call is complete when the process ends, not when its outputs are closed: a background process that it started
(an ssh proxy command, a shared connection) may keep them open for hours. By then, everything that the process
itself wrote is in the pipes, and one read of each empties them.
"""

import atexit
import contextlib
import os
import resource
import selectors
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import FrameType
from typing import IO, Protocol

from pinner.model.errors import COULD_NOT_FIND_OUT, PinnerError, Problem, UnknownError, exhausted

ENDING = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM)
"""The signals that end pinner; it cleans up first."""

MOST_MEMORY = 900 * 1024 * 1024
"""Bytes that one git process may allocate."""

# Each line is `+ SESSION` or `- SESSION`; `read` fails once pinner has ended.
_WATCHER = """
running=' '
while read -r change session; do
  case $change in
    +) running="$running$session " ;;
    -) running="${running%% $session *} ${running#* $session }" ;;
  esac
done
for session in $running; do kill -s KILL -- "-$session"; done
"""
_PAUSE = 0.05


class ExhaustedError(PinnerError):
    """The system lacks a resource that a new process needs.

    It ends the command: unlike an UnknownError, it is no answer about one repository or module.
    """

    exit_code = COULD_NOT_FIND_OUT


class EndedBySignalError(BaseException):
    """SIGHUP, SIGQUIT or SIGTERM was received: pinner stops and cleans up, as after Ctrl-C."""


@dataclass(slots=True)
class _State:
    """The running sessions, the signal that ends this run, and pinner's end of the watcher's pipe.

    `has_left` is True once the main thread has begun to clean up.
    """

    sessions: set[int] = field(default_factory=set)
    received: int | None = None
    is_starting: bool = False
    has_left: bool = False
    watcher: int | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)


_state = _State()


def start(
    command: Sequence[str],
    *,
    environment: Mapping[str, str],
    stdin: int = subprocess.DEVNULL,
    stdout: int = subprocess.PIPE,
    stderr: int | None = subprocess.PIPE,
    cwd: Path | None = None,
    keep_open: tuple[int, ...] = (),
) -> subprocess.Popen[bytes]:
    """Start a process and return it; call `forget` once it has ended.

    It inherits the file descriptors `keep_open`. Raises ExhaustedError if the system lacks a resource for it,
    and OSError if the program does not exist or cannot be run.
    """
    with _uninterrupted():
        watcher = _watcher()
        try:
            process = subprocess.Popen(  # noqa: S603 - an argument list, never a shell
                command,
                stdin=stdin,
                stdout=stdout,
                stderr=stderr,
                cwd=cwd,
                env=environment,
                start_new_session=True,
                pass_fds=keep_open,
            )
        except OSError as error:
            if problem := exhausted(error):
                message = f"{command[0]} cannot be started: {problem.message}"
                raise ExhaustedError(replace(problem, message=message)) from error
            raise
        _state.sessions.add(process.pid)
        _report(watcher, f"+ {process.pid}")
    if _state.received is not None:
        end_session(process.pid)
    return process


def limit_memory(process: subprocess.Popen[bytes]) -> None:
    """Limit a process, and each child it starts from now on, to MOST_MEMORY bytes; on Linux only.

    RLIMIT_DATA counts allocated memory but not the packs that git maps, which may be larger.
    """
    if not hasattr(resource, "prlimit"):
        return
    with contextlib.suppress(OSError, ValueError):  # it has ended already
        soft, hard = resource.prlimit(process.pid, resource.RLIMIT_DATA)
        if soft == resource.RLIM_INFINITY or soft > MOST_MEMORY:
            resource.prlimit(process.pid, resource.RLIMIT_DATA, (MOST_MEMORY, hard))


def forget(process: subprocess.Popen[bytes]) -> None:
    """Remove a process that has ended from the list of running sessions."""
    _state.sessions.discard(process.pid)
    _report(_watcher(), f"- {process.pid}")


def end_session(session: int) -> None:
    """Kill the leader of a session and all its children."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(session, signal.SIGKILL)


def catch_signals() -> None:
    """Make the signals in ENDING kill all child processes first; an ignored signal (nohup) stays ignored."""
    for number in ENDING:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _end)
    # If the parent ignores SIGCHLD, pinner inherits that, and children's exit statuses would be lost.
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    with contextlib.suppress(RuntimeError):  # no room for a thread
        threading.Thread(target=_listen, args=(reading,), daemon=True).start()


def ignore_signals() -> None:
    """Ignore the signals in ENDING from now on, so that they do not interrupt the cleanup."""
    for each in ENDING:
        signal.signal(each, signal.SIG_IGN)


def received_signal() -> int | None:
    """Return the number of the signal that ends this run, or None if none was received."""
    return _state.received


def _listen(pipe: int) -> None:
    """Kill all processes as soon as a signal arrives, and wake the main thread until it has handled it.

    Python records a signal and runs its handler later, in the main thread. A signal that arrives just before
    the main thread begins to wait for another thread is only recorded and does not interrupt the wait.
    """
    number = os.read(pipe, 1)[0]
    _state.received = number
    _end_sessions()
    while not _state.has_left:
        signal.pthread_kill(threading.main_thread().ident or 0, number)
        time.sleep(_PAUSE)


def _end(number: int, _frame: FrameType | None) -> None:
    _state.received = number
    if not _state.is_starting:
        _leave(number)


def _leave(number: int) -> None:
    """Begin to clean up, once; a later signal (a second Ctrl-C, a shell's SIGHUP) must not interrupt it."""
    if _state.has_left:
        return
    _state.has_left = True
    ignore_signals()
    _end_sessions()
    raise KeyboardInterrupt if number == signal.SIGINT else EndedBySignalError


def _end_sessions() -> None:
    for session in tuple(_state.sessions):
        end_session(session)


@contextlib.contextmanager
def _uninterrupted() -> Iterator[None]:
    """Defer signals until the block has ended: a process that was just started must be on the list first."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread handles signals
        return
    _state.is_starting = True
    try:
        yield
    finally:
        _state.is_starting = False
        if _state.received is not None:
            _leave(_state.received)


def _report(watcher: int, line: str) -> None:
    with contextlib.suppress(OSError):  # without a watcher, processes are left behind only after SIGKILL
        os.write(watcher, f"{line}\n".encode())


def _watcher() -> int:
    with _state.lock:
        if _state.watcher is None:
            _state.watcher = _start_watcher()
        return _state.watcher


def _start_watcher() -> int:
    """Start the shell that outlives pinner; return pinner's end of its pipe, or -1 if it cannot start."""
    try:
        watcher = subprocess.Popen(  # noqa: S603 - constant arguments
            ["/bin/sh", "-c", _WATCHER],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            env={},
            start_new_session=True,
        )
    except OSError:
        return -1
    assert watcher.stdin  # noqa: S101 - for mypy: stdin is a pipe
    atexit.register(watcher.communicate)
    os.set_blocking(watcher.stdin.fileno(), False)
    return watcher.stdin.fileno()


class CancelledError(UnknownError):
    """The run was cancelled (Ctrl-C) while a call was running or waiting."""


@dataclass(slots=True)
class ProcessGroup:
    """The sessions (process groups) of all running git calls."""

    _sessions: set[int] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _cancelled: threading.Event = field(default_factory=threading.Event)

    def cancel(self) -> None:
        """Kill every running process; a process that starts later is killed at once."""
        with self._lock:
            self._cancelled.set()
            for session in self._sessions:
                end_session(session)

    def pause(self, seconds: float) -> None:
        """Wait; raises CancelledError as soon as the run is cancelled."""
        if self._cancelled.wait(seconds):
            raise CancelledError(Problem("cancelled before git ended"))

    @contextlib.contextmanager
    def watch(self, session: int) -> Iterator[None]:
        """Keep a session listed during a `with` block; raises CancelledError if the run was cancelled."""
        with self._lock:
            self._sessions.add(session)
            if self._cancelled.is_set():
                end_session(session)
        try:
            yield
        finally:
            with self._lock:
                self._sessions.discard(session)
        self.pause(0)


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
            # Read the data left in the pipes, however long that takes. If the process has failed, its children
            # have `grace` seconds to add to them.
            if self._process.stdin and not self._process.stdin.closed:
                self._close(self._process.stdin)
            end = time.monotonic() + (self._grace if self._process.returncode else 0)
            self._transfer(0)
            while self._selector.get_map() and (left := end - time.monotonic()) > 0:
                self._transfer(left)
        return bytes(self._out), self._err.decode(errors="replace")

    def _transfer(self, timeout: float) -> bool:
        """Read and write what is ready within `timeout` seconds; return whether anything was."""
        events = self._selector.select(timeout)
        for key, _ in events:
            key.data(key.fileobj)
        return bool(events)

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
