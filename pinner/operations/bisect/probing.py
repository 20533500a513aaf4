"""One probe: a directory with the Puppetfile (and the modules) of a set of pins, and a command that judges it."""

import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from pinner.git.checkout import check_out
from pinner.git.mirror import Mirror
from pinner.operations.bisect.halving import Verdict
from pinner.operations.cached import hold_commits
from pinner.operations.templates import BUILT_IN, render
from pinner.operations.workspace import Workspace
from pinner.words.pins import GitPin, Lock
from pinner.words.problems import InputError, Problem, UnknownError

SKIP = 125
FIRST_ABORT = 128


@dataclass(frozen=True, slots=True)
class Run:
    """One run of the command: its number from 1, what was tried, and what it said."""

    number: int
    tried: str
    verdict: Verdict


@dataclass(slots=True)
class Prober:
    """Judges locks by running `command`, none of them twice; `on_run` is told of each run."""

    command: tuple[str, ...]
    workspace: Workspace
    is_deployed: bool
    on_run: Callable[[Run], None]
    runs: list[Run] = field(default_factory=list)
    known: dict[str, Verdict] = field(default_factory=dict)

    def judge(self, lock: Lock, tried: str) -> Verdict:
        """Return what the command says of `lock`; raises UnknownError where it gives up (status 128 or more)."""
        key = f"{lock.lock_id} {lock.moduledir}"
        if key not in self.known:
            number = len(self.runs) + 1
            self.known[key] = verdict = _verdict(self._run(lock, number), number, tried)
            self.runs.append(Run(number, tried, verdict))
            self.on_run(self.runs[-1])
        return self.known[key]

    def _run(self, lock: Lock, number: int) -> int:
        with TemporaryDirectory(prefix="pinner-bisect-", ignore_cleanup_errors=True) as made:
            directory = Path(made).resolve() / "probe"
            directory.mkdir()
            puppetfile = directory / "Puppetfile"
            puppetfile.write_text(render(lock, BUILT_IN, self.workspace), encoding="utf-8")
            variables = {
                "PINNER_PUPPETFILE": str(puppetfile),
                "PINNER_ENVIRONMENT": lock.environment,
                "PINNER_PROBE": str(number),
            }
            if self.is_deployed:
                deploy(lock, directory, self.workspace)
                variables["PINNER_MODULES"] = str(directory / lock.moduledir)
            return _status(self.command, directory, variables)


def find_command(words: tuple[str, ...]) -> tuple[str, ...]:
    """Return the command with its program as an absolute path; raises InputError where there is none to run."""
    found = shutil.which(words[0])
    if found is None:
        hint = "write it as you would type it in a shell, or 'sh -c …' for a line of shell"
        raise InputError(Problem(f"there is no command {words[0]!r} that can be run", hint=hint))
    return (os.path.abspath(found), *words[1:])  # noqa: PTH100 - resolve() would follow a link that names an applet


def deploy(lock: Lock, directory: Path, workspace: Workspace) -> None:
    """Write every git module of `lock` below `directory` where r10k would; modules from the Forge are left out.

    Raises UnknownError where a commit can't be had.
    """
    pins = [pin for pin in lock.pins.values() if isinstance(pin, GitPin)]
    commits: dict[str, set[str]] = {}
    for pin in pins:
        commits.setdefault(pin.git, set()).add(pin.commit)
    holdings = hold_commits(commits, workspace)
    mirrors = [(pin, holdings[pin.git].with_commits(pin.commit)) for pin in pins]
    lacking = [pin for pin, mirror in mirrors if mirror is None]
    if lacking:
        raise UnknownError(
            Problem(f"module '{pin.module}': commit {pin.commit} of {pin.git} could not be had", hint=_FETCH)
            for pin in lacking
        )
    (directory / lock.moduledir).mkdir(parents=True, exist_ok=True)
    scratch = directory.parent / "git"
    with ThreadPoolExecutor(max_workers=workspace.settings.jobs) as pool:
        list(pool.map(lambda row: _write(*row, directory=directory, scratch=scratch), mirrors))


_FETCH = "run without --offline, and look whether the repository still has that commit"


def _write(pin: GitPin, mirror: Mirror | None, *, directory: Path, scratch: Path) -> None:
    if mirror:
        check_out(mirror, pin.commit, directory / pin.install_path / pin.module, scratch=scratch / pin.module)


def _status(command: tuple[str, ...], directory: Path, variables: Mapping[str, str]) -> int:
    """Return the status of the command; its stdout goes to stderr, for pinner's own is for the result.

    It leads a session of its own, so that Ctrl-C ends it with all that it started.
    """
    inherited = {name: value for name, value in os.environ.items() if name != "PINNER_MODULES"}
    try:
        process = subprocess.Popen(  # noqa: S603 - to run it is what the user asks for; there is no shell
            command,
            cwd=directory,
            env={**inherited, **variables},
            stdin=subprocess.DEVNULL,
            stdout=2,
            start_new_session=True,
        )
    except OSError as error:
        raise InputError(Problem(f"{command[0]} cannot be run: {error.strerror}")) from error
    with process:
        try:
            return process.wait()
        finally:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)


def _verdict(status: int, number: int, tried: str) -> Verdict:
    """Read a status as `git bisect run` does."""
    if status == 0:
        return Verdict.GOOD
    if status == SKIP:
        return Verdict.SKIP
    if 0 < status < FIRST_ABORT:
        return Verdict.BAD
    ended = f"was killed by signal {-status}" if status < 0 else f"gave up with status {status}"
    hint = "0 means good, 125 can't tell, any other status below 128 bad"
    raise UnknownError(Problem(f"the command {ended} in run {number} ({tried})", hint=hint))
