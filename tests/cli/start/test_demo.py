"""`pinner demo`: the newcomer's first minute, offline and the same everywhere."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.cloud import Cloud
from tests.support.oracles import find_tool

SCRIPTS = Path(sys.executable).parent


def test_the_demo_ends_with_locks_a_verdict_and_puppetfiles(cloud: Cloud, tmp_path: Path) -> None:
    result = cloud.run("demo", str(tmp_path / "demo"))
    assert result.code == 0, result.err
    assert "locked 2 environments: 0 errors, 0 warnings" in result.out
    assert "Not ready for staging: 2 edits required, 1 key without effect, 1 deprecated" in result.out
    assert "mod 'keystone'," in (tmp_path / "demo/puppetfiles/production/Puppetfile").read_text()
    assert sorted(path.name for path in (tmp_path / "demo/environments").glob("*.lock")) == [
        "production.lock",
        "staging.lock",
    ]


@pytest.mark.parametrize("surroundings", ["/usr/bin:/bin", f"{SCRIPTS}:/usr/bin:/bin"])
def test_it_fits_on_a_screen_and_ends_with_two_commands_that_can_be_pasted(
    tmp_path: Path, surroundings: str
) -> None:
    printed = run_demo(tmp_path, surroundings)
    assert len(printed) <= 25
    assert max(map(len, [line for line in printed if "PATH=" not in line])) <= 80
    *_, start, first, second = printed
    lines = ["set -e", start, f"{first} | tail -n 1", second, "test -s dashboard.html"]
    done = subprocess.run(
        ["bash"],
        input="\n".join(lines),
        cwd=tmp_path,
        env=os.environ | {"PATH": surroundings},
        check=True,
        capture_output=True,
        text=True,
    )
    verdict = "Not ready for staging: 2 edits required, 1 key without effect, 1 deprecated"
    assert verdict in done.stdout.splitlines()


def test_each_shown_command_prints_in_a_shell_what_is_shown(tmp_path: Path) -> None:
    printed = run_demo(tmp_path, os.environ["PATH"])
    printed.remove("checked 6 repositories")  # on stderr
    shown = "\n".join(printed).split("\n\n")[1:-1]
    assert [text[:8] for text in shown] == ["$ pinner", "$ pinner", "$ pinner"]
    subprocess.run(
        ["git", "rm", "-rq", "environments/*.lock", "puppetfiles"], cwd=tmp_path / "pinner-demo", check=True
    )
    for text in shown:
        command, _, output = text.partition("\n")
        done = subprocess.run(
            ["bash", "-c", command.removeprefix("$ ")],
            cwd=tmp_path / "pinner-demo",
            env=os.environ | {"PATH": f"{SCRIPTS}:{os.environ['PATH']}"},
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert done.stdout == f"{output}\n"


def test_its_output_can_go_to_a_file(cloud: Cloud, tmp_path: Path) -> None:
    shown = cloud.run("demo", str(tmp_path / "demo")).out
    shutil.rmtree(tmp_path / "demo")
    shutil.rmtree(tmp_path / "demo.cache")
    result = cloud.run("demo", str(tmp_path / "demo"), "-o", str(tmp_path / "printed"))
    assert (result.code, result.out) == (0, "")
    assert (tmp_path / "printed").read_text() == shown


def run_demo(directory: Path, path: str) -> list[str]:
    """Return the lines of `pinner demo` as a terminal shows them, stderr too; with this PATH."""
    done = subprocess.run(
        [SCRIPTS / "pinner", "demo"],
        cwd=directory,
        env=os.environ | {"PATH": path},
        check=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return done.stdout.splitlines()


def test_two_demos_are_the_same_to_the_byte(cloud: Cloud, tmp_path: Path) -> None:
    for name in ("one", "two"):
        assert cloud.run("demo", str(tmp_path / name)).code == 0
    one, two = (
        {path.name: path.read_bytes() for path in (tmp_path / name / "environments").iterdir()}
        for name in ("one", "two")
    )
    assert one == two


def test_its_upstreams_still_work_after_everything_is_committed(cloud: Cloud, tmp_path: Path) -> None:
    demo = tmp_path / "demo"
    assert cloud.run("demo", str(demo)).code == 0
    status = subprocess.run(
        ["git", "status", "--porcelain"], cwd=demo, check=True, capture_output=True, text=True
    )
    assert status.stdout == ""
    result = cloud.run("-C", str(demo), "verify")
    assert result.code == 0, result.err


def test_it_has_a_history_that_is_the_same_everywhere(
    cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def history(name: str) -> list[str]:
        assert cloud.run("demo", str(tmp_path / name / "demo")).code == 0
        command = ["git", "log", "--format=%H %an %s", "main"]
        return subprocess.run(
            command, cwd=tmp_path / name / "demo", check=True, capture_output=True, text=True
        ).stdout.splitlines()

    first = history("first")
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    assert history("second") == first
    assert [line.split(" ", 1)[1] for line in first] == [
        "pinner demo Lock both environments",
        "pinner demo Add two environments",
    ]
    assert (
        cloud.run("-C", str(tmp_path / "first" / "demo"), "diff", "production@HEAD", "production").code == 0
    )


def test_no_hook_runs_and_no_other_repository_is_used(
    cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hooks = tmp_path / "template" / "hooks"
    hooks.mkdir(parents=True)
    for name in ("pre-commit", "post-commit", "reference-transaction"):
        (hooks / name).write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
        (hooks / name).chmod(0o755)
    configuration = tmp_path / "gitconfig"
    configuration.write_text(f"[init]\n\ttemplateDir = {tmp_path}/template\n[core]\n\thooksPath = {hooks}\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(configuration))
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    result = cloud.run("demo", str(tmp_path / "demo"))
    assert result.code == 0, result.err
    assert (tmp_path / "demo" / ".git" / "HEAD").exists()
    assert not (tmp_path / "ran").exists()
    assert not (tmp_path / "elsewhere").exists()


def test_it_can_be_made_inside_a_checkout(
    cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    subprocess.run(["git", "init", "--quiet", str(tmp_path / "checkout")], check=True)
    result = cloud.run("demo", str(tmp_path / "checkout/demo"))
    assert result.code == 0, result.err
    assert (tmp_path / "home/.cache/pinner-demo").is_dir()


def test_r10k_accepts_its_puppetfiles(cloud: Cloud, tmp_path: Path) -> None:
    r10k = find_tool("r10k", "r10k")
    cloud.run("demo", str(tmp_path / "demo"))
    for environment in ("production", "staging"):
        path = tmp_path / "demo/puppetfiles" / environment / "Puppetfile"
        subprocess.run(
            [r10k, "puppetfile", "check", "--puppetfile", str(path)], check=True, capture_output=True
        )


def test_a_directory_with_something_in_it_is_left_alone(cloud: Cloud, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/file").write_text("precious")
    result = cloud.run("demo", str(tmp_path / "mine"))
    assert (result.code, result.err) == (
        2,
        f"{tmp_path / 'mine'} is not empty\n  hint: name a new directory: pinner demo DIR\n",
    )
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["file"]


def test_a_file_is_no_directory_for_it(cloud: Cloud, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("precious")
    result = cloud.run("demo", str(tmp_path / "mine"))
    assert (result.code, result.err.splitlines()[0]) == (2, f"{tmp_path / 'mine'} is not a directory")


@pytest.mark.parametrize("command", [("lock",), ("verify",), ("status",)])
def test_the_demo_project_works_on(cloud: Cloud, tmp_path: Path, command: tuple[str, ...]) -> None:
    cloud.run("demo", str(tmp_path / "demo"))
    shutil.rmtree(tmp_path / "demo.cache")
    assert cloud.run("-C", str(tmp_path / "demo"), *command).code == 0
