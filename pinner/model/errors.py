"""Define problems, the error classes and their exit codes.

A problem has three parts: where, what, and how to fix it. An error gathers all problems of one stage, in
input order, and its class determines the exit code (0 and 1 are answers, not errors).
"""

import errno
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import ClassVar, Final

NO: Final = 1
WRONG_INPUT: Final = 2
COULD_NOT_FIND_OUT: Final = 3
BUG: Final = 4
CLOSED_PIPE: Final = 141
"""A shell's status for a program that was ended by a closed pipe, as in `pinner status | head -1`."""
BY_SIGNAL: Final = 128
"""The base of a shell's status for a program ended by a signal, to which the signal's number is added.

129 is SIGHUP, 130 SIGINT, 131 SIGQUIT, 143 SIGTERM.
"""


@dataclass(frozen=True, slots=True, order=True)
class Location:
    """A path as the user would type it, and a 1-based line and column if they are known."""

    path: str
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        return ":".join(str(part) for part in (self.path, self.line, self.column) if part is not None)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: `message` describes it, `hint` is how to fix it, `place` where it is."""

    message: str
    place: Location | None = None
    hint: str | None = None

    def __str__(self) -> str:
        where = f"{self.place}: " if self.place else ""
        hint = f"\n  hint: {self.hint}" if self.hint else ""
        return f"{where}{self.message}{hint}"


def with_hints_once(problems: Iterable[Problem]) -> Iterator[Problem]:
    """Yield the problems, each hint only with the first problem that has it, to keep long lists readable."""
    given: set[str | None] = set()
    for problem in problems:
        yield replace(problem, hint=None) if problem.hint in given else problem
        given.add(problem.hint)


class PinnerError(Exception):
    """The base class of all exceptions that pinner raises on purpose; `problems` is never empty."""

    exit_code: ClassVar[int] = BUG

    def __init__(self, problems: Problem | Iterable[Problem]) -> None:
        self.problems = (problems,) if isinstance(problems, Problem) else tuple(problems)
        super().__init__("\n".join(map(str, with_hints_once(self.problems))))


class InputError(PinnerError):
    """The input is wrong: usage, a manifest, a lock, a template, a ref that does not exist."""

    exit_code = WRONG_INPUT


class UnknownError(PinnerError):
    """The question could not be answered: a remote is unreachable, git failed, the disk is full."""

    exit_code = COULD_NOT_FIND_OUT


_FEWER = "raise the limit ({limit}), or use fewer --jobs"
_MEMORY = ("not enough memory", "free some memory or raise the limit (ulimit -v), or use fewer --jobs")
_PROCESSES = ("too many processes or threads", _FEWER.format(limit="ulimit -u; ulimit -v for their memory"))
# Messages of glibc's and musl's dynamic loaders (dl-load.c, dynlink.c).
_NO_ROOM_FOR_LIBRARY = re.compile(
    "failed to map segment|cannot map zero-fill|cannot allocate|out of memory", re.IGNORECASE
)
_BY_NUMBER = {
    errno.EMFILE: ("too many open files", _FEWER.format(limit="ulimit -n")),
    errno.ENFILE: ("too many open files on this machine", "use fewer --jobs, or raise fs.file-max"),
    errno.EAGAIN: _PROCESSES,
    errno.ENOMEM: _MEMORY,
}


def exhausted(error: BaseException) -> Problem | None:
    """Return a problem that names the exhausted resource if that is the error's cause, else None.

    Python raises RuntimeError("can't start new thread") if the system refuses a thread, MemoryError if memory
    is exhausted, and ImportError if too little memory is left to load a library.
    """
    words = None
    if isinstance(error, MemoryError):
        words = _MEMORY
    elif isinstance(error, RuntimeError) and "can't start new thread" in str(error):
        words = _PROCESSES
    elif isinstance(error, ImportError) and _NO_ROOM_FOR_LIBRARY.search(str(error)):
        words = _MEMORY
    elif isinstance(error, OSError):
        words = _BY_NUMBER.get(error.errno or 0)
    return words and Problem(words[0], hint=words[1])
