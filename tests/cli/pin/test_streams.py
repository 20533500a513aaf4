"""What pinner's streams may be: closed, full, a pipe that somebody left, of an encoding that lacks letters."""

import pytest

from tests.support.cloud import Cloud
from tests.support.shell import shell


@pytest.fixture
def locked(cloud: Cloud) -> Cloud:
    cloud.manifest("production", "release: 2024.1\nopenstack: [keystone]\n")
    cloud.manifest("staging", "release: 2025.1\nopenstack: [keystone]\n")
    cloud.upstream("keystone").commit("stable/2025.1", version="26.0.0", message="Le café → ouvert")
    assert cloud.run("lock").code == 0
    return cloud


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", "<&- >&- 2>&-"])
def test_a_stream_that_is_closed_takes_what_comes_and_the_work_is_done(cloud: Cloud, closed: str) -> None:
    cloud.manifest("production", "release: 2025.1\nopenstack: [keystone]\n")
    result = shell(f"pinner lock {closed}", cwd=cloud.project)
    assert result.code == 0, result.err
    assert list(cloud.lock("production")["modules"]) == ["keystone"]


def test_a_version_asked_for_with_no_stdout_is_no_error(cloud: Cloud) -> None:
    assert shell("pinner --version >&-", cwd=cloud.project).code == 0


@pytest.mark.parametrize("command", ["diff production staging", "--version", "status"])
def test_a_full_disk_under_stdout_is_told_in_one_line(locked: Cloud, command: str) -> None:
    result = shell(f"pinner {command} > /dev/full", cwd=locked.project)
    told = result.err.replace("checked 1 repository\n", "")
    assert (result.code, told) == (3, "standard output: No space left on device\n")


@pytest.mark.parametrize("stderr", ["2> /dev/full", "2> >(true)"])
@pytest.mark.parametrize(
    ("command", "code"), [("lock", 0), ("lock nope", 2), ("lock --nope", 2), ("update", 0)]
)
def test_what_cannot_be_told_changes_no_answer(locked: Cloud, command: str, code: int, stderr: str) -> None:
    result = shell(f"pinner {command} {stderr}", cwd=locked.project)
    assert result.code == code


@pytest.mark.parametrize("command", ["diff production staging -v", "--help", "id --format json"])
def test_a_reader_that_goes_away_is_no_error(locked: Cloud, command: str) -> None:
    result = shell(f"pinner {command} | true", cwd=locked.project)
    assert (result.code, result.err) == (0, "")


def test_letters_that_stdout_cannot_say_are_spelled(locked: Cloud) -> None:
    result = shell("pinner diff production staging", cwd=locked.project, PYTHONIOENCODING="ascii")
    assert result.code == 0, result.err
    assert "Le caf\\xe9 \\u2192 ouvert\n" in result.out


def test_json_is_json_whatever_stdout_can_say(locked: Cloud) -> None:
    command = "pinner diff production staging --format json"
    result = shell(command, cwd=locked.project, PYTHONIOENCODING="ascii")
    (module,) = result.json["modules"]
    assert module["commits"][0]["subject"] == "Le café → ouvert"


def test_all_that_was_asked_is_told_once_whenever_it_was_found_to_be_needed(cloud: Cloud) -> None:
    cloud.upstream("keystone").commit(
        "stable/2025.1", version="26.0.0", needs={"puppetlabs/stdlib": ">= 9.0.0"}
    )
    stdlib = cloud.upstream("stdlib", owner="puppetlabs", repository="puppetlabs-stdlib")
    stdlib.tag("v9.6.0", stdlib.commit("main", version="9.6.0", name="puppetlabs-stdlib"))
    cloud.manifest(
        "production", "release: 2025.1\nopenstack: [keystone]\ndependencies: {externals: newest}\n"
    )
    result = cloud.run("lock")
    assert (result.code, result.err) == (0, "checked 2 repositories\n")


def test_a_pipe_and_no_color_get_no_escape_sequences(locked: Cloud) -> None:
    for command in ("pinner status", "pinner diff production staging", "pinner lock --help"):
        result = shell(command, cwd=locked.project, NO_COLOR="1", TERM="xterm-256color")
        assert (result.code, "\x1b" in result.out + result.err) == (0, False)
