"""A machine that runs out of files, processes, threads, memory or disk: reported as that, with exit code 3."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.cli.conftest import add_upstreams
from tests.support.cloud import NO_CONFIG, Cloud
from tests.support.disks import small_disk
from tests.support.shell import shell
from tests.support.unharmed import BASIC

# All of pinner and its facts are loaded first, once: another user may not read the files of this environment. Each limit has a fork of
# its own, whose exit code and output are one element of the list that is printed.
AS_NOBODY = """
import importlib, json, os, pkgutil, resource, sys, tempfile
import concurrent.futures.thread, encodings.idna, traceback
import pinner
for module in pkgutil.walk_packages(pinner.__path__, "pinner."):
    if not module.name.endswith("__main__"): importlib.import_module(module.name)
from pinner.cli.main import run
from pinner.openstack.facts import packaged_facts
packaged_facts()
ended = []
for most in json.loads(sys.argv.pop(1)):
    with tempfile.TemporaryFile("w+") as output:
        if (child := os.fork()) == 0:
            os.dup2(output.fileno(), 1)
            os.dup2(output.fileno(), 2)
            resource.setrlimit(resource.RLIMIT_NPROC, (most, most))
            os.setgroups([]); os.setgid(54321); os.setuid(54321)
            code = run()
            sys.stdout.flush()
            os._exit(code)
        _, status = os.waitpid(child, 0)
        output.seek(0)
        ended.append([os.waitstatus_to_exitcode(status), output.read()])
print(json.dumps(ended))
"""


# What measures coverage in child processes runs out of memory and files as well, and prints a traceback of its own.
UNMEASURED = 'unset "${!COVERAGE_@}"'


@pytest.fixture
def project(cloud: Cloud) -> Cloud:
    cloud.manifest("production", BASIC)
    return cloud


@pytest.mark.parametrize("limit", [8, 10, 12])
def test_too_few_open_files(project: Cloud, limit: int) -> None:
    result = shell(f"{UNMEASURED}; ulimit -n {limit}; pinner lock", cwd=project.project, **NO_CONFIG)
    assert (result.code, "Traceback" in result.err) == (3, False), result
    assert "too many open files" in (result.out + result.err).lower()
    assert "ulimit -" in result.out + result.err
    assert not project.lock_path("production").exists()
    assert project.run("lock").code == 0


@pytest.mark.parametrize("kilobytes", [60_000, 80_000, 100_000, 150_000])
def test_too_little_memory(project: Cloud, kilobytes: int) -> None:
    result = shell(f"{UNMEASURED}; ulimit -v {kilobytes}; pinner lock", cwd=project.project, **NO_CONFIG)
    assert (result.code in {0, 3}, "Traceback" in result.err) == (True, False), result
    if result.code == 3:
        assert "ulimit -" in result.out + result.err
    assert project.run("lock").code == 0


def _without_coverage() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
@pytest.mark.parametrize(("command", "limits"), [("lock", [1, 2, 3, 5]), ("lock --check", [0, 2])])
def test_too_few_processes_and_threads(command: str, limits: list[int]) -> None:
    with TemporaryDirectory() as made:  # pytest's own is closed to other users
        project = add_upstreams(Cloud(Path(made)))
        project.manifest("production", BASIC)
        if command == "lock --check":  # it reads earlier locks from the project's history
            assert project.run("lock").code == 0
            project.manifest("production", f"{BASIC}# the same\n")
            who = ("-c", "user.name=T", "-c", "user.email=t@example.org")
            for arguments in (
                ("init", "--quiet"),
                ("add", "--all"),
                (*who, "commit", "--quiet", "-m", "lock"),
            ):
                subprocess.run(["git", *arguments], cwd=project.project, check=True)
        for path in [project.root, *project.root.rglob("*")]:
            os.chown(path, 54321, 54321)
        done = subprocess.run(
            [sys.executable, "-c", AS_NOBODY, json.dumps(limits), *command.split()],
            cwd=project.project,
            capture_output=True,
            text=True,
            check=True,
            # without the measuring of coverage, which cannot write its file as another user and prints a traceback
            env={**_without_coverage(), **NO_CONFIG, "HOME": made, "PYTHONPATH": str(Path.cwd())},
        )
    ended = json.loads(done.stdout)
    assert len(ended) == len(limits)
    for limit, (code, output) in zip(limits, ended, strict=True):
        assert (code, "Traceback" in output) == (3, False), (limit, output)
        assert "use fewer --jobs" in output, (limit, output)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda _path: None, "git is not installed"),
        (lambda path: path.write_text("#!/bin/sh\n"), "git cannot be run: Permission denied"),
    ],
    ids=["missing", "not-executable"],
)
def test_a_git_that_cannot_be_run(project: Cloud, scripts: Path, make: object, message: str) -> None:
    place = project.root / "bin"
    place.mkdir()
    assert callable(make)
    make(place / "git")
    result = shell(
        "PATH=$ONLY; pinner lock", cwd=project.project, pinner=str(scripts / "pinner"), ONLY=str(place)
    )
    assert (result.code, result.err.startswith(message)) == (3, True), result


@pytest.mark.parametrize(
    ("printed", "message"),
    [
        ("git version 2.30.2", "git 2.30 is too old"),
        ("git version 1.8.3.1", "git 1.8 is too old"),
        (
            "Welcome to git!",
            "`git` on PATH is not git, or a wrapper that prints more: `git version` printed 'Welcome to git!'",
        ),
        ("", "`git` on PATH is not git, or a wrapper that prints more: `git version` printed ''"),
    ],
)
def test_a_git_that_is_none_or_too_old(project: Cloud, scripts: Path, printed: str, message: str) -> None:
    _wrap_git(project, f'echo "{printed}"; case "$*" in *version) exit 0;; esac')
    result = shell(
        "PATH=$FIRST:$PATH; pinner lock",
        cwd=project.project,
        pinner=str(scripts / "pinner"),
        FIRST=str(project.root / "bin"),
        **NO_CONFIG,
    )
    assert (result.code, message in result.err, "hint: install git >= 2.31" in result.err) == (
        3,
        True,
        True,
    ), result
    assert not project.lock_path("production").exists()


def test_what_a_wrapper_of_git_prints_to_stderr_changes_nothing(project: Cloud, scripts: Path) -> None:
    _wrap_git(
        project,
        "trap 'echo error: this wrapper is deprecated >&2' EXIT; echo 'fatal: no licence' >&2",
        run="",
    )
    for command in ("lock", "lock --check", "verify", "update", "status"):
        line = f"PATH=$FIRST:$PATH; pinner {command}"
        first = str(project.root / "bin")
        result = shell(line, cwd=project.project, pinner=str(scripts / "pinner"), FIRST=first, **NO_CONFIG)
        assert (result.code, "damaged" in result.err) == (0, False), result


def _wrap_git(project: Cloud, line: str, *, run: str = "exec ") -> None:
    wrapper = project.root / "bin" / "git"
    wrapper.parent.mkdir()
    wrapper.write_text(f'#!/bin/sh\n{line}\n{run}{shutil.which("git")} "$@"\n')
    wrapper.chmod(0o755)


def test_no_room_for_temporary_files(project: Cloud) -> None:
    project.manifest("good", BASIC)
    project.manifest("bad", BASIC.replace("2025.1", "2024.1"))
    assert project.run("lock").code == 0
    with small_disk(project.root / "small", size="4k") as disk:
        line = "pinner bisect good bad --deploy -- true"
        result = shell(line, cwd=project.project, TMPDIR=str(disk), **NO_CONFIG)
        assert (result.code, "TMPDIR" in result.err) == (3, True), result
        assert list(disk.iterdir()) == []
