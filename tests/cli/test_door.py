"""Every way a command can end becomes a message and an exit code."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

from pinner.cli.root import COMMANDS, run_command
from pinner.cli.root import pinner as root
from pinner.model.errors import InputError, Location, Problem, UnknownError
from tests.support.cloud import Cloud


def ending_with(error: BaseException) -> click.Command:
    def end() -> None:
        raise error

    return click.Command("end", callback=end)


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (
            InputError(Problem("wrong", Location("a.yaml", 3, 4), "mend it")),
            2,
            "a.yaml:3:4: wrong\n  hint: mend it\n",
        ),
        (UnknownError(Problem("the server is dead")), 3, "the server is dead\n"),
        (OSError(errno.ENOSPC, "No space left on device", "x.lock"), 3, "x.lock: No space left on device\n"),
        (
            MemoryError(),
            3,
            "not enough memory\n  hint: free some memory or raise the limit (ulimit -v), or use fewer --jobs\n",
        ),
        (KeyboardInterrupt(), 130, "interrupted\n"),
        (click.ClickException("no such thing"), 2, "Error: no such thing\n"),
    ],
)
def test_an_error_ends_with_its_message_and_code(
    error: BaseException, code: int, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command([], ending_with(error)) == code
    assert capsys.readouterr().err.strip("\n") == message.strip("\n")


def test_a_bug_shows_its_traceback_and_asks_to_be_reported(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command([], ending_with(ZeroDivisionError("by zero"))) == 4
    shown = capsys.readouterr().err
    assert "Traceback" in shown
    assert shown.endswith(
        "ZeroDivisionError: by zero\n"
        "this is a bug in pinner: please report it with the lines above and what you ran\n"
    )


def pinner(
    *arguments: str, cwd: Path, scripts: Path | None = None, **variables: str
) -> "subprocess.CompletedProcess[str]":
    """Run pinner in a process of its own, from `scripts` if they are given, where how it starts is not the point."""
    command = [str(scripts / "pinner")] if scripts else [sys.executable, "-m", "pinner"]
    return subprocess.run(
        [*command, *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **variables},
    )


def test_version_and_help_need_no_project(tmp_path: Path) -> None:
    assert pinner("--version", cwd=tmp_path).stdout.startswith("pinner ")
    shown = pinner("--help", cwd=tmp_path)
    assert (shown.returncode, "Exit codes:" in shown.stdout) == (0, True)


def test_a_mistyped_command_is_told_with_what_was_meant(tmp_path: Path, scripts: Path) -> None:
    told = pinner("lokc", cwd=tmp_path, scripts=scripts).stderr
    assert told.endswith("Error: No such command 'lokc'. Did you mean 'lock'?\n")
    assert pinner("frobnicate", cwd=tmp_path, scripts=scripts).stderr.endswith(
        "Error: No such command 'frobnicate'.\n"
    )


def test_the_list_of_commands_is_in_groups_and_says_each_in_a_whole_sentence(
    tmp_path: Path, scripts: Path
) -> None:
    listed = (
        pinner("--help", cwd=tmp_path, scripts=scripts, COLUMNS="80")
        .stdout.partition("\nStart:\n")[2]
        .splitlines()
    )
    assert [line for line in listed if line.endswith(":")] == ["Pin:", "Inspect:", "Change:", "Deploy:"]
    rows = [line for line in listed if line.startswith("  ")]
    assert [row.split()[0] for row in rows] == [name for name in COMMANDS if name != "r10k-environments"]
    assert [row for row in rows if not row.endswith(".") or row.endswith("...")] == []


@pytest.mark.parametrize(
    "arguments", [["lokc"], ["lock", "--nope"], ["diff", "one"], ["lock", "--jobs", "many"]]
)
def test_wrong_usage_ends_with_2(tmp_path: Path, arguments: list[str], scripts: Path) -> None:
    assert pinner(*arguments, cwd=tmp_path, scripts=scripts).returncode == 2


def test_outside_of_a_project_a_command_says_how_to_start_one(tmp_path: Path, scripts: Path) -> None:
    shown = pinner("lock", cwd=tmp_path, scripts=scripts)
    assert (shown.returncode, "run 'pinner init' to start a project here" in shown.stderr) == (2, True)


def test_every_command_has_help_with_an_example(tmp_path: Path, scripts: Path) -> None:
    for command in COMMANDS:
        shown = pinner(command, "--help", cwd=tmp_path, scripts=scripts)
        assert (shown.returncode, "Example:\n    pinner " in shown.stdout) == (0, True), command


def test_a_closed_pipe_is_no_error_of_ours(cloud: Cloud) -> None:
    cloud.manifest(
        "production", "release: 2025.1\nopenstack: [nova]\nfindings: {ignore: [dependency-missing]}\n"
    )
    cloud.run("lock")
    shell = f"{sys.executable} -m pinner diff production production --format json | true"
    done = subprocess.run(
        ["bash", "-c", shell], cwd=cloud.project, capture_output=True, text=True, check=False
    )
    assert done.stderr == ""


def test_a_project_is_found_from_below_and_by_option(cloud: Cloud, scripts: Path) -> None:
    cloud.manifest(
        "production", "release: 2025.1\nopenstack: [nova]\nfindings: {ignore: [dependency-missing]}\n"
    )
    assert pinner("lock", cwd=cloud.project / "environments", scripts=scripts).returncode == 0
    assert pinner("-C", str(cloud.project), "id", cwd=cloud.root, scripts=scripts).stdout.startswith(
        "production  pin-"
    )


def test_a_git_dir_of_a_hook_does_not_leak_in(cloud: Cloud) -> None:
    cloud.manifest(
        "production", "release: 2025.1\nopenstack: [nova]\nfindings: {ignore: [dependency-missing]}\n"
    )
    shown = pinner(
        "lock", cwd=cloud.project, GIT_DIR="/nowhere/.git", GIT_INDEX_FILE="index", GIT_WORK_TREE="/"
    )
    assert shown.returncode == 0, shown.stderr


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_of_commands_says_what_each_says_of_itself(name: str) -> None:
    command = root.get_command(click.Context(root), name)
    assert command is not None
    assert COMMANDS[name][1] == command.get_short_help_str(limit=200)


def test_help_of_a_command_and_its_other_name(tmp_path: Path, scripts: Path) -> None:
    assert (
        pinner("help", cwd=tmp_path, scripts=scripts).stdout
        == pinner("--help", cwd=tmp_path, scripts=scripts).stdout
    )
    assert (
        pinner("help", "lock", cwd=tmp_path, scripts=scripts).stdout
        == pinner("lock", "--help", cwd=tmp_path, scripts=scripts).stdout
    )
    assert (
        pinner("check", "--help", cwd=tmp_path, scripts=scripts).stdout
        == pinner("audit", "--help", cwd=tmp_path, scripts=scripts).stdout
    )
    assert "Did you mean 'lock'?" in pinner("help", "lokc", cwd=tmp_path, scripts=scripts).stderr
