"""What running commands costs: wall time, CPU time with that of all their children, and the largest process."""

import os
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_KIB = 1024
_LAST_LINES = 8


class FailedError(Exception):
    """A command of the benchmark failed, so that its cost means nothing."""


@dataclass(frozen=True, slots=True)
class Cost:
    """`wall` and `cpu` in seconds; `peak` is the resident memory of the largest single process, in bytes."""

    wall: float
    cpu: float
    peak: int

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(self.wall + other.wall, self.cpu + other.cpu, max(self.peak, other.peak))


@dataclass(frozen=True, slots=True)
class Command:
    """What to run, where and with which environment variables; its words are kept in the file `log`."""

    words: tuple[str, ...]
    cwd: Path
    variables: Mapping[str, str]
    log: Path

    def start(self) -> subprocess.Popen[bytes]:
        """Start it; nothing is read from its output, so that it never waits for us."""
        with self.log.open("wb") as log:
            return subprocess.Popen(
                self.words, cwd=self.cwd, env=self.variables, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )


def measure(*commands: Command) -> Cost:
    """Run commands one after another."""
    return _sum(measure_together([command]) for command in commands)


def measure_together(commands: Sequence[Command]) -> Cost:
    """Run commands side by side; the wall time is that of the last to end. Raises FailedError if one fails."""
    started = time.monotonic()
    processes = [(command, command.start()) for command in commands]
    usages = [_wait(command, process) for command, process in processes]
    wall = time.monotonic() - started
    return Cost(wall, sum(usage.cpu for usage in usages), max(usage.peak for usage in usages))


def _wait(command: Command, process: "subprocess.Popen[bytes]") -> Cost:
    """Wait as getrusage wants it: the usage of this child and of the children it waited for, and of no other."""
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        words = "\n".join(command.log.read_text(errors="replace").splitlines()[-_LAST_LINES:])
        raise FailedError(f"'{' '.join(command.words)}' ended with {process.returncode}:\n{words}")
    return Cost(0.0, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * _KIB)


def _sum(costs: Iterable[Cost]) -> Cost:
    total = Cost(0.0, 0.0, 0)
    for cost in costs:
        total += cost
    return total
