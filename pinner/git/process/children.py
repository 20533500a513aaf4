"""Starts pinner's child processes, and ends all of them when pinner ends.

Each process leads its own session, so that it can be killed together with its children (`git-remote-https`,
`ssh`, `index-pack`). A signal that ends pinner kills them at once. If pinner itself is killed (by SIGKILL or
the out-of-memory killer), a small shell kills them: it reads the session ids from a pipe and reaches the end
of the pipe when pinner is gone.

PR_SET_PDEATHSIG would do less: it affects only the direct child, exists only on Linux, and must be set
between fork and exec, where a program with threads must not run its own code.
"""

import atexit
import contextlib
import os
import resource
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import FrameType

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
