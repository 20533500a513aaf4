"""A signal ends pinner, and with it every process that it started; no temporary file is left."""

import contextlib
import os
import pty
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.cloud import NO_CONFIG, Cloud
from tests.support.processes import long_sleep, processes_mentioning, wait_until
from tests.support.unharmed import BASIC, contents

UNMEASURED = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
# The test run itself may have been started under nohup, or in the background.
DEFAULTS = "import os, signal, sys\nfor n in (1, 2, 3, 15): signal.signal(n, signal.SIG_DFL)\n"
ALL = pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT])
WORDS = {
    signal.SIGINT: "interrupted\n",
    signal.SIGTERM: "terminated\n",
    signal.SIGHUP: "hung up\n",
    signal.SIGQUIT: "quit\n",
}


@pytest.fixture
def silent(cloud: Cloud) -> Iterator[str]:
    """The URL of a server that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}/mine/module.git"
        cloud.manifest("slow", f"modules:\n  module: {{git: '{url}', branch: main}}\n")
        yield url


@contextlib.contextmanager
def pinner(
    cloud: Cloud, *arguments: str, before: str = DEFAULTS, **variables: str
) -> Iterator["subprocess.Popen[str]"]:
    """Run pinner in the project, after some lines of Python that set what it inherits."""
    scratch = cloud.root / "scratch"
    scratch.mkdir(exist_ok=True)
    words = [
        sys.executable,
        "-c",
        f"{before}os.execv(sys.argv[1], sys.argv[1:])",
        sys.executable,
        "-m",
        "pinner",
    ]
    with subprocess.Popen(
        [*words, *arguments],
        cwd=cloud.project,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**UNMEASURED, **NO_CONFIG, "TMPDIR": str(scratch), "PYTHONPATH": str(Path.cwd()), **variables},
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def is_talking(url: str) -> bool:
    return any(_name(process).startswith("git-remote") for process in _of(url))


def _name(process: int) -> str:
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it has ended since it was found
        return Path(f"/proc/{process}/comm").read_text()
    return ""


def _of(url: str) -> list[int]:
    return [process for process in processes_mentioning(url) if process != os.getpid()]


@ALL
def test_of_a_lock_that_waits_for_a_server_nothing_is_left(cloud: Cloud, silent: str, number: int) -> None:
    before = contents(cloud.project)
    with pinner(cloud, "lock", "slow") as process:
        wait_until(lambda: is_talking(silent))
        process.send_signal(number)
        err = process.communicate(timeout=300)[1]
    assert (process.returncode, err.lstrip("\n")) == (128 + number, WORDS[signal.Signals(number)])
    wait_until(lambda: not _of(silent))
    assert contents(cloud.project) == before


@ALL
def test_the_command_of_bisect_and_its_directory_go_with_it(cloud: Cloud, number: int) -> None:
    for name, release in (("good", "2024.1"), ("bad", "2025.1")):
        cloud.manifest(
            name, f"release: {release}\nopenstack: [nova]\nfindings: {{ignore: [dependency-missing]}}\n"
        )
    assert cloud.run("lock").code == 0
    started = cloud.root / "started"
    with long_sleep() as sleep:
        script = f"{sleep} & touch {started}; {sleep}"
        with pinner(cloud, "bisect", "good", "bad", "--deploy", "--", "sh", "-c", script) as process:
            wait_until(started.exists)
            process.send_signal(number)
            process.send_signal(signal.SIGHUP)  # a second one, while it cleans up
            process.communicate(timeout=300)
        # the kernel delivers the lowest number first
        assert process.returncode in {128 + number, 128 + signal.SIGHUP}
        wait_until(lambda: processes_mentioning(sleep.rpartition(" ")[2]) == ())
    assert list((cloud.root / "scratch").iterdir()) == []


REPORTING = """
from pinner.git.process import children

def report(watcher, line, *, to=children._report):
    to(watcher, line)
    with open({reported!r}, "a") as file:
        print(line, file=file, flush=True)

children._report = report
"""


def test_a_killed_pinner_leaves_no_git_either(cloud: Cloud, silent: str) -> None:
    """A kill between the start of a git and the report of it to the watcher would leave that git behind."""
    reported, site = cloud.root / "reported", cloud.root / "site"
    site.mkdir()
    reported.touch()
    site.joinpath("sitecustomize.py").write_text(REPORTING.format(reported=str(reported)))

    def is_known() -> bool:
        sessions = {os.getsid(one) for one in _of(silent) if _name(one).startswith("git-remote")}
        return bool(sessions) and all(f"+ {one}\n" in reported.read_text() for one in sessions)

    with pinner(cloud, "lock", "slow", PYTHONPATH=f"{site}:{Path.cwd()}") as process:
        wait_until(is_known)
        process.kill()
    wait_until(lambda: not _of(silent))


def test_under_nohup_a_hang_up_is_ignored(cloud: Cloud) -> None:
    cloud.manifest("production", BASIC)
    waiting, go = cloud.root / "waiting", cloud.root / "go"
    git = cloud.root / "bin/git"  # whoever clones waits until it may go on
    git.parent.mkdir()
    git.write_text(
        f'#!/bin/sh\ncase "$*" in *clone*) touch {waiting}; until test -e {go}; do sleep 0.05; done;; esac\n'
        f'exec {shutil.which("git")} "$@"\n'
    )
    git.chmod(0o755)
    path = f"{git.parent}:{os.environ['PATH']}"
    ignoring = f"{DEFAULTS}signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
    with pinner(cloud, "lock", "production", before=ignoring, PATH=path) as process:
        wait_until(waiting.exists)
        process.send_signal(signal.SIGHUP)
        go.touch()
        process.communicate(timeout=300)
    assert process.returncode == 0
    assert cloud.lock_path("production").exists()


def test_a_parent_that_ignores_its_children_changes_nothing(cloud: Cloud) -> None:
    cloud.manifest(
        "production", "modules:\n  nova: {git: 'https://opendev.org/openstack/puppet-none', branch: x}\n"
    )
    with pinner(
        cloud, "lock", before=f"{DEFAULTS}signal.signal(signal.SIGCHLD, signal.SIG_IGN)\n"
    ) as process:
        out = process.communicate(timeout=300)[0]
    assert (process.returncode, "does not exist" in out or "no git repository" in out) == (3, True), out


def test_a_terminal_that_is_closed_ends_it_quietly(cloud: Cloud, silent: str) -> None:
    ours, theirs = pty.openpty()
    lines = (
        f"{DEFAULTS}import fcntl, termios\nos.setsid()\nfcntl.ioctl(0, termios.TIOCSCTTY, 0)\n"
        "from pinner.cli.main import run\nsys.argv[1:] = ['lock', 'slow']\n"
        f"code = run()\nopen({str(cloud.root / 'code')!r}, 'w').write(str(code))\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", lines],
        cwd=cloud.project,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**UNMEASURED, **NO_CONFIG, "TERM": "xterm-256color", "PYTHONPATH": str(Path.cwd())},
    )
    os.close(theirs)
    with process:
        wait_until(lambda: is_talking(silent))
        os.close(ours)
        process.wait(timeout=300)
    wait_until(lambda: not _of(silent))
    assert (cloud.root / "code").read_text() == "129"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT])
@pytest.mark.parametrize("delay", [0.1, 0.2, 0.35])
def test_a_signal_that_comes_early_or_late_leaves_no_traceback(
    cloud: Cloud, number: int, delay: float
) -> None:
    with pinner(cloud, "id") as process:
        time.sleep(delay)
        process.send_signal(number)
        err = process.communicate(timeout=300)[1]
    assert "Traceback" not in err
    # Before pinner has begun, by pinner, or too late: `id` without a manifest is wrong input.
    assert process.returncode in {-number, 128 + number, 2}
