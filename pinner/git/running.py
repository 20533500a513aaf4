"""The git processes of one run, so that all of them end together when the run is given up."""

import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

from pinner.words.problems import Problem, UnknownError


class CancelledError(UnknownError):
    """The run was given up (Ctrl-C) while a call was running or waiting."""


@dataclass(slots=True)
class Running:
    """The sessions (process groups) of all git calls that run now."""

    _sessions: set[int] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _cancelled: threading.Event = field(default_factory=threading.Event)

    def cancel(self) -> None:
        """End every process that runs; one that starts later ends at once."""
        with self._lock:
            self._cancelled.set()
            for session in self._sessions:
                end_session(session)

    def pause(self, seconds: float) -> None:
        """Wait; raises CancelledError as soon as the run is given up."""
        if self._cancelled.wait(seconds):
            raise CancelledError(Problem("given up before git had answered"))

    @contextlib.contextmanager
    def watch(self, session: int) -> Iterator[None]:
        """Keep a session in the list for the time of a `with` block; raises CancelledError if it was ended."""
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


def end_session(session: int) -> None:
    """End the leader of a session and all its children."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(session, signal.SIGKILL)
