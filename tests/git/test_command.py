import os
import threading
from pathlib import Path

import pytest

from pinner.git.command import GitTimeoutError, TooMuchOutputError, run
from pinner.git.running import CancelledError, Running
from tests.support.processes import processes_mentioning, wait_until
from tests.support.repositories import Zoo


def alias(script: str) -> list[str]:
    """Let git run a shell script, so that it has a child of its own."""
    return ["-c", f"alias.try=!{script}", "try"]


def test_status_and_both_outputs() -> None:
    output = run(alias("echo out; echo err >&2; exit 3"), timeout=20)
    assert (output.status, output.out, output.err) == (3, b"out\n", "err\n")


def test_input_larger_than_a_pipe_holds(zoo: Zoo) -> None:
    given = b"x" * 3_000_000
    output = run(["--git-dir", str(zoo.repository.path), "hash-object", "--stdin"], timeout=20, given=given)
    assert len(output.out.strip()) == 40
    assert run(alias("cat"), timeout=20, given=given).out == given


def test_a_command_that_ends_before_it_has_read_everything() -> None:
    output = run(alias("exit 4"), timeout=20, given=b"x" * 3_000_000)
    assert output.status == 4


def test_without_input_git_reads_nothing() -> None:
    assert run(alias("cat"), timeout=20).out == b""


def test_time_ends_git_and_its_children() -> None:
    with pytest.raises(GitTimeoutError, match=r"^git try did not end in time$"):
        run(alias("sleep 61.25 & sleep 61.25"), timeout=0.3)
    wait_until(lambda: processes_mentioning("61.25") == ())


def test_a_git_that_closed_its_outputs_but_stays_is_ended_too() -> None:
    with pytest.raises(GitTimeoutError):
        run(alias("exec >&- 2>&-; sleep 62.25"), timeout=0.5)
    wait_until(lambda: processes_mentioning("62.25") == ())


def test_too_much_output_ends_it() -> None:
    with pytest.raises(TooMuchOutputError, match=r"^git try said more than 1000 bytes$"):
        run(alias("yes"), timeout=20, limit=1000)


def test_of_endless_complaints_the_last_ones_are_kept() -> None:
    output = run(alias("yes complaint | head -c 1000000 >&2; echo last >&2; exit 1"), timeout=20)
    assert len(output.err) == 64 * 1024
    assert output.err.endswith("last\n")


def test_cancelling_ends_what_runs_and_what_would_start() -> None:
    running = Running()
    timer = threading.Timer(0.3, running.cancel)
    timer.start()
    with pytest.raises(CancelledError, match=r"^given up before git had answered$"):
        run(alias("sleep 63.25"), timeout=60, running=running)
    timer.join()
    with pytest.raises(CancelledError):
        run(alias("sleep 64.25"), timeout=60, running=running)
    assert processes_mentioning("sleep\x0064.25") == ()


def test_git_may_not_ask_and_may_only_speak_what_is_allowed() -> None:
    said = run(alias("env"), timeout=20).out.decode().splitlines()
    for line in (
        "GIT_TERMINAL_PROMPT=0",
        "SSH_ASKPASS=",
        "SSH_ASKPASS_REQUIRE=never",
        "GIT_ALLOW_PROTOCOL=file:git:http:https:ssh",
        "LC_ALL=C",
    ):
        assert line in said


@pytest.mark.parametrize(
    "name", ["GIT_OBJECT_DIRECTORY", "GIT_INDEX_FILE", "GIT_NAMESPACE", "GIT_COMMON_DIR"]
)
def test_variables_of_another_repository_do_not_reach_git(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "/elsewhere")
    monkeypatch.setenv("GIT_COMMITTER_NAME", "stays")
    said = run(alias("env"), timeout=20).out.decode()
    assert "/elsewhere" not in said
    assert "GIT_COMMITTER_NAME=stays" in said
    assert os.environ[name] == "/elsewhere"


def test_configuration_handed_down_by_variables_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("COUNT", "1"), ("KEY_0", "http.extraHeader"), ("VALUE_0", "X-CI: yes")):
        monkeypatch.setenv(f"GIT_CONFIG_{name}", value)
    assert run(["config", "http.extraHeader"], timeout=20).out == b"X-CI: yes\n"


def test_a_narrower_list_of_transports_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_ALLOW_PROTOCOL", "ext:https")
    said = run(alias("env"), timeout=20).out.decode().splitlines()
    assert "GIT_ALLOW_PROTOCOL=https" in said


def test_git_refuses_ext_even_if_the_user_allows_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_ALLOW_PROTOCOL", "ext:file")
    output = run(
        ["-c", "protocol.ext.allow=always", "ls-remote", f"ext::touch {tmp_path / 'made'}"], timeout=20
    )
    assert output.status != 0
    assert output.err == "fatal: transport 'ext' not allowed\n"
    assert not (tmp_path / "made").exists()
