import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pinner.git.process.children import CancelledError, FixedDeadline, ProcessGroup, ProcessIO, forget, start
from pinner.git.process.command import (
    GitTimeoutError,
    TooMuchOutputError,
    allowed_transports,
    in_repository,
    run,
)
from tests.support.processes import long_sleep, processes_mentioning, wait_until
from tests.support.repositories import Zoo, make_repository, run_git


def alias(script: str) -> list[str]:
    """Let git run a shell script, so that it has a child of its own."""
    return ["-c", f"alias.try=!{script}", "try"]


def test_status_and_both_outputs() -> None:
    output = run(alias("echo out; echo err >&2; exit 3"), timeout=300)
    assert (output.status, output.out, output.err) == (3, b"out\n", "err\n")


def test_input_larger_than_a_pipe_holds(zoo: Zoo) -> None:
    given = b"x" * 3_000_000
    output = run([in_repository(zoo.repository.path), "hash-object", "--stdin"], timeout=300, stdin=given)
    assert len(output.out.strip()) == 40
    assert run(alias("cat"), timeout=300, stdin=given).out == given


def test_a_command_that_ends_before_it_has_read_everything() -> None:
    output = run(alias("exit 4"), timeout=300, stdin=b"x" * 3_000_000)
    assert output.status == 4


def test_without_input_git_reads_nothing() -> None:
    assert run(alias("cat"), timeout=300).out == b""


@pytest.fixture
def nap() -> Iterator[str]:
    with long_sleep() as command:
        yield command


def are_running(nap: str) -> bool:
    return processes_mentioning(nap.rpartition(" ")[2]) != ()


def test_time_ends_git_and_its_children(nap: str) -> None:
    with pytest.raises(GitTimeoutError, match=r"^git try did not end within 0\.3 s$"):
        run(alias(f"{nap} & {nap}"), timeout=0.3)
    wait_until(lambda: not are_running(nap))


def test_a_git_that_closed_its_outputs_but_stays_is_ended_too(nap: str) -> None:
    with pytest.raises(GitTimeoutError):
        run(alias(f"exec >&- 2>&-; {nap}"), timeout=0.5)
    wait_until(lambda: not are_running(nap))


@pytest.mark.parametrize(
    ("background", "status"),
    [
        ("{nap} <&- >&-", 0),
        ("{nap} 2>&-", 0),
        ("{nap}", 3),
        ("sh -c 'trap : PIPE; while :; do echo noise >&2; sleep 0.05; done' {nap}", 3),
    ],
    ids=["stderr", "stdin-and-stdout", "all", "it-goes-on-writing"],
)
def test_a_process_in_the_background_that_keeps_pipes_open_is_not_waited_for(
    background: str, status: int, nap: str
) -> None:
    script = (
        f"f() {{ {background.format(nap=nap)} & echo answer; head -c 200000 /dev/zero;"
        f" echo reason >&2; exit {status}; }}; f"
    )
    output = run(alias(script), timeout=300, stdin=b"x" * 3_000_000)
    assert (output.status, output.out[:7], len(output.out)) == (status, b"answer\n", 200_007)
    assert "reason\n" in output.err
    assert are_running(nap)


def test_what_a_child_writes_right_after_a_failed_git_is_still_read() -> None:
    script = "f() { (sleep 0.2; echo reason >&2) & exit 128; }; f"
    process = start(["git", *alias(script)], environment=os.environ)
    with process:
        out, err = ProcessIO(process, b"", limit=1000, grace=300).communicate(FixedDeadline(300))
    forget(process)
    assert (process.returncode, out, err) == (128, b"", "reason\n")


def test_what_a_process_left_in_its_pipes_is_read_however_late_that_is() -> None:
    process = start(["sh", "-c", "head -c 60000 /dev/zero; echo last >&2"], environment=os.environ)
    process.wait()
    with process:
        out, err = ProcessIO(process, b"", limit=100_000).communicate(FixedDeadline(300))
    forget(process)
    assert (len(out), err) == (60_000, "last\n")


def test_too_much_output_ends_it() -> None:
    with pytest.raises(TooMuchOutputError, match=r"^the output of git try exceeded 1000 bytes$"):
        run(alias("yes"), timeout=300, limit=1000)


def test_of_endless_complaints_the_last_ones_are_kept() -> None:
    output = run(alias("yes complaint | head -c 1000000 >&2; echo last >&2; exit 1"), timeout=300)
    assert len(output.err) == 64 * 1024
    assert output.err.endswith("last\n")


def test_cancelling_ends_what_runs_and_what_would_start(nap: str) -> None:
    running = ProcessGroup()

    def cancel() -> None:
        wait_until(lambda: are_running(nap))
        running.cancel()

    with ThreadPoolExecutor() as pool:
        cancelled = pool.submit(cancel)
        with pytest.raises(CancelledError, match=r"^cancelled before git ended$"):
            run(alias(nap), timeout=300, running=running)
        cancelled.result()
    with pytest.raises(CancelledError):
        run(alias(nap), timeout=300, running=running)
    wait_until(lambda: not are_running(nap))


def test_git_may_not_prompt_and_contacts_no_remote() -> None:
    said = run(alias("env"), timeout=300).out.decode().splitlines()
    for line in (
        "GIT_TERMINAL_PROMPT=0",
        "SSH_ASKPASS=",
        "SSH_ASKPASS_REQUIRE=never",
        "GIT_ALLOW_PROTOCOL=",
        "GIT_NO_LAZY_FETCH=1",
        "GIT_NO_REPLACE_OBJECTS=1",
        "LC_ALL=C",
    ):
        assert line in said


@pytest.mark.parametrize(
    "name", ["GIT_OBJECT_DIRECTORY", "GIT_INDEX_FILE", "GIT_NAMESPACE", "GIT_COMMON_DIR"]
)
def test_variables_of_another_repository_do_not_reach_git(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "/elsewhere")
    monkeypatch.setenv("GIT_COMMITTER_NAME", "stays")
    said = run(alias("env"), timeout=300).out.decode()
    assert "/elsewhere" not in said
    assert "GIT_COMMITTER_NAME=stays" in said
    assert os.environ[name] == "/elsewhere"


def test_configuration_handed_down_by_variables_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("COUNT", "1"), ("KEY_0", "http.extraHeader"), ("VALUE_0", "X-CI: yes")):
        monkeypatch.setenv(f"GIT_CONFIG_{name}", value)
    assert run(["config", "http.extraHeader"], timeout=300).out == b"X-CI: yes\n"


def test_a_call_that_may_contact_remotes_speaks_the_usual_transports_alone() -> None:
    assert allowed_transports({}) == {"GIT_ALLOW_PROTOCOL": "file:git:http:https:ssh"}


def test_a_narrower_list_of_transports_is_kept() -> None:
    assert allowed_transports({"GIT_ALLOW_PROTOCOL": "ext:https"}) == {"GIT_ALLOW_PROTOCOL": "https"}


def test_a_call_that_reads_starts_no_transport(zoo: Zoo) -> None:
    output = run(["ls-remote", zoo.repository.url], timeout=300)
    assert (output.status, output.err) == (128, "fatal: transport 'file' not allowed\n")


def test_git_refuses_ext_even_if_the_user_allows_it(tmp_path: Path) -> None:
    words = ["-c", "protocol.ext.allow=always", "ls-remote", f"ext::touch {tmp_path / 'made'}"]
    output = run(words, timeout=300, variables=allowed_transports({"GIT_ALLOW_PROTOCOL": "ext:file"}))
    assert output.status != 0
    assert output.err == "fatal: transport 'ext' not allowed\n"
    assert not (tmp_path / "made").exists()


def test_a_call_that_names_no_repository_finds_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run_git("init", "--quiet", "--bare", str(tmp_path))
    run_git("config", "--file", str(tmp_path / "config"), "pinner.test", "found")
    monkeypatch.chdir(tmp_path)
    assert run(["config", "pinner.test"], timeout=300).status == 1
    assert run(["rev-parse", "--git-dir"], timeout=300).status == 128
    assert run([in_repository(tmp_path), "config", "pinner.test"], timeout=300).out == b"found\n"


def test_what_looks_like_an_option_after_the_verb_names_no_repository(zoo: Zoo) -> None:
    words = ["rev-parse", "--git-dir", "--end-of-options", in_repository(zoo.repository.path)]
    assert run(words, timeout=300).status == 128


def test_hooks_and_monitors_that_a_repository_names_do_not_run(tmp_path: Path) -> None:
    work, marker = tmp_path / "work", tmp_path / "marker"
    run_git("init", "--quiet", str(work))
    script = work / "script"
    script.write_text(f"#!/bin/sh\ntouch {marker}\n")
    script.chmod(0o755)
    for name in ("reference-transaction", "post-index-change"):
        hook = work / ".git" / "hooks" / name
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(script.read_text())
        hook.chmod(0o755)
    run_git("-C", str(work), "config", "core.fsmonitor", str(script))
    place = [in_repository(work / ".git"), f"--work-tree={work}"]
    assert run([*place, "add", "script"], timeout=300).status == 0
    assert run([*place, "status", "--porcelain"], timeout=300).out == b"A  script\n"
    blob = run([*place, "hash-object", "-w", str(script)], timeout=300).out.decode().strip()
    assert run([*place, "update-ref", "refs/tags/x", blob], timeout=300).status == 0
    assert not marker.exists()


def test_grafts_and_replacements_do_not_change_history(tmp_path: Path) -> None:
    repository = make_repository(tmp_path / "r.git")
    first = repository.commit({"a": "1"}, day="2024-01-01")
    second = repository.commit({"a": "2"}, day="2024-01-02")
    third = repository.commit({"a": "3"}, day="2024-01-03")
    (repository.path / "info").mkdir(exist_ok=True)
    (repository.path / "info" / "grafts").write_text(f"{third} {first}\n")
    repository.git("replace", second, repository.commit({"b": "x"}, branch="other", parents=()))
    output = run([in_repository(repository.path), "rev-list", third], timeout=300)
    assert output.out.decode().split() == [third, second, first]
    assert output.err == ""
