"""pinner killed at any moment, started twice at once, run by a hook of the project's own git, in odd directories."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.cloud import NO_CONFIG, Cloud
from tests.support.processes import processes_mentioning, wait_until
from tests.support.shell import PINNER, shell
from tests.support.unharmed import BASIC, contents, lock_basic

ROUNDS = 6
# A killed process would leave half a file of coverage data behind.
UNMEASURED = {name: value for name, value in os.environ.items() if not name.startswith("COV")}


def start(cloud: Cloud, *arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "pinner", *arguments],
        cwd=cloud.project,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**UNMEASURED, **NO_CONFIG},
    )


@pytest.fixture
def undisturbed(cloud: Cloud) -> Iterator[dict[Path, bytes]]:
    """What the project holds after a lock that nobody disturbed; then the lock and the cache are taken away."""
    cloud.manifest("production", BASIC)
    cloud.manifest("staging", "release: 2024.1\nopenstack: [keystone, nova]\n")
    assert cloud.run("lock").code == 0
    yield forget(cloud)
    wait_until(lambda: processes_mentioning(str(cloud.root / "cache")) == ())


def forget(cloud: Cloud) -> dict[Path, bytes]:
    files = contents(cloud.project)
    for environment in ("production", "staging"):
        cloud.lock_path(environment).unlink(missing_ok=True)
    (cloud.root / "cache").rename(cloud.root / f"cache-{len(list(cloud.root.glob('cache-*')))}")
    return files


def test_kill_9_at_any_moment_of_a_lock_then_a_second_run(
    cloud: Cloud, undisturbed: dict[Path, bytes]
) -> None:
    began = time.monotonic()
    with start(cloud, "lock") as whole:
        whole.communicate()
    lasted = time.monotonic() - began
    assert contents(cloud.project) == undisturbed
    for moment in range(ROUNDS):
        forget(cloud)
        with start(cloud, "lock") as killed:
            time.sleep(lasted * moment / ROUNDS)
            killed.kill()
        left = contents(cloud.project)
        drafts = {path for path in left if path.name.endswith(".draft")}
        assert {path: left[path] for path in left.keys() - drafts}.items() <= undisturbed.items()
        assert cloud.run("lock").code == 0
        assert contents(cloud.project) == undisturbed


def test_kill_9_of_an_update_leaves_the_old_lock_or_the_new_one(cloud: Cloud) -> None:
    lock_basic(cloud)
    for moment in range(ROUNDS):
        old = cloud.lock_path("production").read_bytes()
        new = cloud.upstream("nova").commit("stable/2025.1", version="26.0.0")
        with start(cloud, "update") as killed:
            time.sleep(0.1 * moment)
            killed.kill()
        left = cloud.lock_path("production").read_bytes()
        assert left == old or cloud.lock("production")["modules"]["nova"]["commit"] == new
        assert cloud.run("update").code == 0
        assert cloud.lock("production")["modules"]["nova"]["commit"] == new


def test_several_locks_at_once_all_succeed_with_the_same_locks(
    cloud: Cloud, undisturbed: dict[Path, bytes]
) -> None:
    crowd = [start(cloud, "lock") for _ in range(3)]
    ended = [(process.communicate(), process.returncode) for process in crowd]
    assert [code for _, code in ended] == [0, 0, 0], ended
    assert contents(cloud.project) == undisturbed


@pytest.mark.parametrize(
    ("number", "code", "words"),
    [(signal.SIGINT, 130, "\ninterrupted\n"), (signal.SIGTERM, 143, "terminated\n")],
)
def test_ctrl_c_and_sigterm_change_nothing_and_leave_no_git_behind(
    cloud: Cloud, undisturbed: dict[Path, bytes], number: int, code: int, words: str
) -> None:
    del undisturbed  # its end looks for git processes that were left
    before = contents(cloud.project)
    slow = cloud.root / "bin/git"  # takes its time wherever it would ask a remote
    slow.parent.mkdir()
    real = shutil.which("git")
    slow.write_text(
        f'#!/bin/sh\ncase "$*" in *clone*) touch "$0.started"; exec sleep 3600;; esac\nexec {real} "$@"\n'
    )
    slow.chmod(0o755)
    with subprocess.Popen(
        [sys.executable, "-m", "pinner", "lock"],
        cwd=cloud.project,
        stderr=subprocess.PIPE,
        text=True,
        env={**UNMEASURED, **NO_CONFIG, "PATH": f"{slow.parent}:{os.environ['PATH']}"},
    ) as process:
        wait_until(slow.with_name("git.started").exists)
        process.send_signal(number)
        told = process.communicate()[1]
    assert (process.returncode, told) == (code, words)
    assert contents(cloud.project) == before


def test_a_hook_of_the_projects_own_git(cloud: Cloud) -> None:
    lock_basic(cloud)
    who = "-c user.name=Me -c user.email=me@example.org"
    hook = cloud.project / ".git/hooks/pre-commit"
    assert (
        shell(f"git init -q && git add . && git {who} commit -qm one", cwd=cloud.project, **NO_CONFIG).code
        == 0
    )
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(
        f"#!/bin/sh\nset -e\n{PINNER} lock\n{PINNER} diff production@HEAD production --exit-code\n"
    )
    hook.chmod(0o755)
    fresh = shell(f"git {who} commit --allow-empty -m two", cwd=cloud.project, **NO_CONFIG)
    assert (fresh.code, "0 added, 0 removed, 0 moved, 2 same\n" in fresh.out + fresh.err) == (0, True), fresh
    cloud.manifest("production", "release: 2024.1\nopenstack: [keystone, nova]\n")
    stopped = shell(f"git {who} commit -am three", cwd=cloud.project, **NO_CONFIG)
    assert (stopped.code, "0 added, 0 removed, 2 moved, 0 same\n" in stopped.out + stopped.err) == (
        1,
        True,
    ), stopped


@pytest.mark.parametrize("name", ["ein Projekt mit Ümläuten", 'it\'s $HOME `x` "y"', "-C", "日本語"])
def test_a_project_in_a_directory_of_any_name(cloud: Cloud, name: str) -> None:
    cloud.project.rename(cloud.root / name)
    cloud.project = cloud.root / name
    lock_basic(cloud)
    for command in (
        ("generate",),
        ("generate", "--check"),
        ("diff", "production", "environments/production.lock"),
    ):
        result = cloud.run(*command)
        assert (result.code, result.err) == (0, "")
