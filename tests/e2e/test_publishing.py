"""`pinner publish` under faults: whatever breaks, and whenever, all branches have moved or none; the next run mends."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.cloud import Cloud, Result
from tests.support.control import Control, introduce, lock_two, make_control, move_nova, surroundings
from tests.support.cutting import cut
from tests.support.processes import processes_mentioning, wait_until
from tests.support.repositories import isolate_git, make_repository
from tests.support.servers import serve_daemon, serve_http
from tests.support.ssh import serve_ssh

pytestmark = pytest.mark.e2e

CUTS = 12
MOMENTS = 5


@dataclass(frozen=True)
class Scene:
    """A project whose two environments are about to move from `old` to what is expected on the branches, `trees`."""

    cloud: Cloud
    control: Control
    old: Mapping[str, str]
    trees: Mapping[str, Mapping[str, tuple[str, str]]]

    def rewind(self) -> None:
        """Put all branches back where they were."""
        wait_until(lambda: processes_mentioning(str(self.control.path)) == ())
        for name, commit in self.old.items():
            self.control.repository.branch(name, commit)

    def has_moved(self) -> bool:
        """Tell whether all branches have moved, one commit each; fails where only some have."""
        wait_until(lambda: processes_mentioning(str(self.control.path)) == ())
        tips = self.control.tips()
        if tips == self.old:
            return False
        assert tips.keys() == self.old.keys()
        assert not set(tips.values()) & set(self.old.values()), "half an update"
        assert [self.control.parents(name) for name in tips] == [[self.old[name]] for name in tips]
        assert {name: self.control.tree(name) for name in tips} == self.trees
        return True

    def publish(self, url: str | None = None, *, retries: int = 0) -> Result:
        return self.cloud.run(
            "publish", f"--control-repo={url or self.control.path}", f"--retries={retries}", "--timeout=300"
        )

    def start(self, *, path: str | None = None) -> "subprocess.Popen[bytes]":
        """Start a publication as a process of its own, with `path` as PATH."""
        unmeasured = {name: value for name, value in surroundings().items() if not name.startswith("COV")}
        return subprocess.Popen(
            [sys.executable, "-m", "pinner", "publish"],
            cwd=self.cloud.project,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**unmeasured, "PATH": path or os.environ["PATH"]},
        )


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with pytest.MonkeyPatch.context() as monkeypatch:
        isolate_git(monkeypatch)
        introduce(monkeypatch)
        cloud = Cloud(tmp_path_factory.mktemp("publishing"))
        for module in ("keystone", "nova"):
            for release, version in (("2024.1", "24.0.0"), ("2025.1", "26.0.0")):
                cloud.upstream(module).commit(f"stable/{release}", version=version)
        control = make_control(lock_two(cloud))
        control.repository.git("config", "http.receivepack", "true")
        assert cloud.run("publish").code == 0
        move_nova(cloud, "2024.1", "2025.1")
        old = control.tips()
        assert cloud.run("publish").code == 0
        yield Scene(cloud, control, old, {name: control.tree(name) for name in old})


def test_the_connection_cut_after_any_number_of_bytes(scene: Scene) -> None:
    with serve_http(scene.cloud.root) as server:
        port = int(server.url.rpartition(":")[2])
        length = bytes_of_a_publication(scene, port)
        outcomes = set()
        # the last 100 bytes are of the server's answer, when all has been done
        for after in (*range(0, length, length // CUTS), length - 100):
            scene.rewind()
            with cut(port, after=min(after, length - 100)) as (front, broken):
                result = scene.publish(f"http://127.0.0.1:{front}/control.git")
            has_moved = scene.has_moved()
            if not broken.is_broken:  # this run took some bytes less than the one that was measured
                assert (result.code, has_moved) == (0, True)
                outcomes.add(has_moved)
                continue
            assert result.code == 3, result
            assert not (has_moved and "nothing was published" in result.err), result.err
            outcomes.add(has_moved)
            assert scene.publish().code == 0
            assert scene.has_moved()
    assert outcomes == {False, True}


def test_a_connection_that_comes_back_is_used_again(scene: Scene) -> None:
    with serve_http(scene.cloud.root) as server:
        port = int(server.url.rpartition(":")[2])
        length = bytes_of_a_publication(scene, port)
        for after in (0, length // 3, length * 2 // 3, length - 100):
            scene.rewind()
            with cut(port, after=after, mends=True) as (front, broken):
                result = scene.publish(f"http://127.0.0.1:{front}/control.git", retries=2)
            assert broken.is_broken
            assert (result.code, result.err) == (0, "")
            assert "\npublished 2 of 2 branches to " in result.out
            assert scene.has_moved()


def bytes_of_a_publication(scene: Scene, port: int) -> int:
    """Return how many bytes pass in both directions when nothing is cut."""
    scene.rewind()
    with cut(port) as (front, line):
        assert scene.publish(f"http://127.0.0.1:{front}/control.git").code == 0
    return line.passed


def killing_git(directory: Path, *, at: int = 0) -> str:
    """Return a PATH whose git kills the process that starts it for the `at`-th time, and then does its work."""
    directory.mkdir(parents=True)
    (directory / "git").write_text(
        # a directory is made once, also by calls at the same time
        f"#!/bin/sh\nn=1\nuntil mkdir {directory}/$n 2>/dev/null; do n=$((n + 1)); done\n"
        f"test $n = {at} && kill -9 $PPID\n"
        f'exec {shutil.which("git")} "$@"\n'
    )
    (directory / "git").chmod(0o755)
    return f"{directory}:{os.environ['PATH']}"


def test_killed_when_it_calls_git_for_the_nth_time(scene: Scene, tmp_path: Path) -> None:
    scene.rewind()
    with scene.start(path=killing_git(tmp_path / "whole")) as process:
        assert process.wait() == 0
    last = sum(path.is_dir() for path in (tmp_path / "whole").iterdir())
    outcomes = {}
    for call in (*range(1, last - 1, 3), last - 1, last):
        scene.rewind()
        with scene.start(path=killing_git(tmp_path / str(call), at=call)) as process:
            assert process.wait() == -signal.SIGKILL
        outcomes[call] = scene.has_moved()
        assert scene.publish().code == 0
        assert scene.has_moved()
    # the last call is the push: it ends with pinner, unless the server has got everything by then
    assert not any(has_moved for call, has_moved in outcomes.items() if call != last)


def test_killed_at_any_moment(scene: Scene) -> None:
    scene.rewind()
    began = time.monotonic()
    with scene.start() as process:
        process.wait()
    lasted = time.monotonic() - began
    for moment in range(MOMENTS):
        scene.rewind()
        with scene.start() as process:
            time.sleep(lasted * (0.4 + 0.6 * moment / MOMENTS))
            process.kill()
        scene.has_moved()
        assert scene.publish().code == 0
        assert scene.has_moved()


def test_killed_while_the_server_judges_the_push(scene: Scene) -> None:
    scene.rewind()
    waiting, go = scene.cloud.root / "waiting", scene.cloud.root / "go"
    scene.control.hook("pre-receive", f"touch {waiting}; while ! test -e {go}; do sleep 0.05; done")
    try:
        with scene.start() as process:
            wait_until(waiting.exists)
            assert scene.control.tips() == scene.old
            process.kill()
        go.touch()
        scene.has_moved()  # git ends with pinner: all branches have moved, or none
        assert scene.publish().code == 0
        assert scene.has_moved()
        assert "published 0 of 2 branches" in scene.publish().out
    finally:
        go.touch()
        scene.control.unhook()


def test_two_publications_at_once(scene: Scene) -> None:
    scene.rewind()
    with scene.start() as one, scene.start() as two:
        assert (one.wait(), two.wait()) == (0, 0)
    assert scene.has_moved()


def test_over_git_and_ssh(scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scene.control.repository.git("config", "daemon.receivepack", "true")
    with serve_daemon(scene.cloud.root) as daemon, serve_ssh(tmp_path / "ssh") as ssh:
        monkeypatch.setenv("GIT_SSH_COMMAND", ssh.command)
        for url in (f"{daemon}/control.git", f"ssh://127.0.0.1:{ssh.port}{scene.control.path}"):
            scene.rewind()
            result = scene.publish(url)
            assert (result.code, result.err) == (0, "")
            assert scene.has_moved()


def test_a_long_history_costs_no_more_than_a_short_one(scene: Scene) -> None:
    """Only what a publication needs is fetched, whatever lies behind the tips."""
    sent = []
    for length in (1, 3000):
        control = Control(make_repository(scene.cloud.root / f"long{length}.git"))
        commits = "".join(
            f"commit refs/heads/production\ncommitter A <a@example.org> {1_700_000_000 + number} +0000\ndata 1\nx\n"
            f"M 100644 inline data/common.yaml\ndata 40\n{number:040}\n"
            for number in range(length)
        )
        control.repository.git("fast-import", "--quiet", given=commits.encode())
        control.repository.git("config", "http.receivepack", "true")
        with serve_http(scene.cloud.root) as server:
            assert scene.publish(f"{server.url}/long{length}.git").code == 0
            sent.append(sum(request.sent for request in server.traffic.requests))
    assert sent[1] < sent[0] + 1000
