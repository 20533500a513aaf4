"""`pinner bisect`: the module and the commit that broke it, in few runs of a real command on real histories."""

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.support.cloud import Cloud, Result
from tests.support.processes import long_sleep, processes_mentioning, wait_until

MODULES = ("cinder", "glance", "heat", "neutron", "nova")


@pytest.fixture(autouse=True)
def _temporary_directories(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Probes lie in a directory that a test can look into."""
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))


@pytest.fixture(scope="module")
def moved(tmp_path_factory: pytest.TempPathFactory) -> Cloud:
    """`good` and `bad` have five modules; nova's history between them has 16 commits, each with its number in a file."""
    cloud = Cloud(tmp_path_factory.mktemp("moved"))
    for module in MODULES:
        upstream = cloud.upstream(module)
        upstream.commit("line", version="24.0.0", files={"number": "0\n"})
        upstream.tag("first", "refs/heads/line")
        for number in range(1, 17 if module == "nova" else 3):
            message = f"Nova's change {number}"
            upstream.commit("line", version="24.0.0", files={"number": f"{number}\n"}, message=message)
    pin(cloud, "good", dict.fromkeys(MODULES, "{tag: first}"))
    pin(cloud, "bad", dict.fromkeys(MODULES, "{branch: line}"))
    return cloud


def pin(cloud: Cloud, environment: str, modules: dict[str, str]) -> None:
    rows = "".join(f"  {name}: {wanted}\n" for name, wanted in modules.items())
    cloud.manifest(environment, f"modules:\n{rows}")
    result = cloud.run("lock", environment)
    assert result.code == 0, result.err + result.out


def bisect(cloud: Cloud, script: str, *options: str, sides: tuple[str, str] = ("good", "bad")) -> Result:
    """Bisect with a line of shell, in which `number MODULE` prints what the deployed module's file says."""
    text = f"number() {{ cat $PINNER_MODULES/$1/number; }}\n{script}"
    result = cloud.run("bisect", *sides, "--deploy", *options, "--", "sh", "-c", text)
    assert list(Path(tempfile.gettempdir()).iterdir()) == []
    return result


def test_the_commit_in_the_middle_of_sixteen_is_found(moved: Cloud) -> None:
    wanted = moved.upstream("nova").id("refs/heads/line~5")
    result = bisect(moved, "test $(number nova) -lt 11")
    old, new = (moved.lock(side)["modules"]["nova"]["commit"][:12] for side in ("good", "bad"))
    assert (result.code, result.out.splitlines()) == (
        0,
        [
            "nova broke it",
            f"  nova: 24.0.0 (first, {old}) -> 24.0.0 (line, {new})",
            f"  commit {wanted}",
            "    2023-11-26 Nova's change 11",
            "10 runs",
        ],
    )
    assert result.err.splitlines()[:3] == [
        "run 1: good: good",
        "run 2: bad: bad",
        "run 3: good with 2 modules of bad: cinder, glance: good",
    ]


@pytest.mark.parametrize("first", [1, 16])
def test_the_first_and_the_last_commit_are_found_in_as_many_runs_as_promised(
    moved: Cloud, first: int
) -> None:
    planned = moved.run("bisect", "good", "bad", "--dry-run", "--format", "json", "--", "true").json["runs"]
    found = bisect(moved, f"test $(number nova) -lt {first}", "--format", "json").json
    assert [commit["subject"] for commit in found["commits"]] == [f"Nova's change {first}"]
    assert len(found["runs"]) <= planned == 2 + 3 + 1 + 4


@pytest.mark.parametrize("module", ["cinder", "heat"])
def test_the_first_module_and_one_between_are_found(moved: Cloud, module: str) -> None:
    found = bisect(moved, f"test $(number {module}) -lt 2", "--format", "json").json
    assert ([row["name"] for row in found["modules"]], found["found"], found["proved"]) == (
        [module],
        True,
        True,
    )
    assert found["together_with"] == []


def test_two_modules_that_only_break_it_together(moved: Cloud) -> None:
    script = "test $(number glance) -lt 2 || test $(number nova) -lt 7"
    result = bisect(moved, script)
    assert result.code == 0
    assert "nova broke it" in result.out
    assert "  only together with glance\n" in result.out
    assert "Nova's change 7\n" in result.out


def test_skipped_commits_are_gone_round(moved: Cloud) -> None:
    script = "n=$(number nova); test $n = 8 && exit 125; test $n -lt 11"
    result = bisect(moved, script)
    assert (result.code, "Nova's change 11\n" in result.out, ": skip\n" in result.err) == (0, True, True)


def test_what_skipped_runs_leave_open_is_told(moved: Cloud) -> None:
    script = "n=$(number nova); test $n -gt 6 && test $n -lt 9 && exit 125; test $n -lt 8"
    result = bisect(moved, script)
    assert result.code == 3
    assert "one of 3 commits; the runs between them were skipped:" in result.out
    for number in (7, 8, 9):
        assert f"Nova's change {number}\n" in result.out


def test_modules_that_skipped_runs_keep_together(moved: Cloud) -> None:
    """Whatever lies between no change and all of them can't be told."""
    script = (
        "test $(number cinder) -eq 0 -a $(number nova) -eq 0 && exit 0\n"
        "test $(number cinder) -eq 2 -a $(number nova) -eq 16 && exit 1\nexit 125"
    )
    result = bisect(moved, script)
    assert (result.code, result.out.splitlines()[0]) == (
        3,
        "one of 5 modules broke it; the runs between them were skipped:",
    )


def test_a_proof_that_was_skipped_is_told(moved: Cloud) -> None:
    script = (
        "test $(number nova) -eq 0 && exit 0\n"
        "test $(number cinder) -eq 0 && exit 125\ntest $(number nova) -lt 5"
    )
    result = bisect(moved, script)
    assert (result.code, "Nova's change 5\n" in result.out) == (0, True)
    assert "  perhaps only together with cinder, glance, heat, neutron\n" in result.out


def test_a_status_of_128_or_more_gives_up(moved: Cloud) -> None:
    result = bisect(moved, "test $(number cinder) -eq 0 || exit 130")
    assert (result.code, result.out) == (3, "")
    assert "the command gave up with status 130 in run 2 (bad)" in result.err


def test_a_command_that_a_signal_kills_gives_up(moved: Cloud) -> None:
    result = bisect(moved, "kill -TERM $$")
    assert (result.code, "was killed by signal 15 in run 1 (good)" in result.err) == (3, True)


@pytest.mark.parametrize(("script", "said"), [("false", "good is not good"), ("true", "bad is not bad")])
def test_an_end_that_is_not_what_it_is_called_is_the_answer_no(moved: Cloud, script: str, said: str) -> None:
    result = bisect(moved, script)
    assert (result.code, said in result.out) == (1, True)
    trusted = bisect(moved, script, "--trust")
    assert (trusted.code, said in trusted.out) == (1, True)


def test_trust_saves_a_run(moved: Cloud) -> None:
    runs = [
        len(bisect(moved, "test $(number glance) -lt 2", "--format", "json", *more).json["runs"])
        for more in ((), ("--trust",))
    ]
    assert runs[1] == runs[0] - 2 + 1


def test_no_set_is_run_twice(moved: Cloud) -> None:
    log = moved.root / "log"
    bisect(moved, f"md5sum < Puppetfile >> {log}; test $(number nova) -lt 3")
    tried = log.read_text().splitlines()
    assert len(tried) == len(set(tried)) == 10


def test_what_a_probe_gets(moved: Cloud) -> None:
    log = moved.root / "given"
    bisect(
        moved,
        f'echo "$PINNER_PROBE $PINNER_ENVIRONMENT $PWD $PINNER_PUPPETFILE $PINNER_MODULES" >> {log}; false',
    )
    number, environment, directory, puppetfile, modules = log.read_text().split()
    assert (number, environment) == ("1", "bad")
    assert (puppetfile, modules) == (f"{directory}/Puppetfile", f"{directory}/modules")


def test_without_deploy_there_is_a_puppetfile_only(moved: Cloud) -> None:
    script = 'test "$(ls)" = Puppetfile -a -z "$PINNER_MODULES" || exit 200; ! grep -q "# line" Puppetfile'
    result = moved.run("bisect", "good", "bad", "--", "sh", "-c", script)
    assert (result.code, "cinder broke it" in result.out) == (0, True)


def test_an_added_and_a_removed_module(cloud: Cloud) -> None:
    pin(cloud, "good", {"keystone": "{tag: 24.0.0}"})
    pin(cloud, "bad", {"nova": "{tag: 24.0.0}", "keystone": "{tag: 24.0.0}"})
    added = bisect(cloud, "test ! -e modules/nova")
    assert (added.code, added.out.splitlines()[0]) == (0, "nova broke it")
    assert "the module was added, so there is no commit to look for" in added.out
    removed = bisect(cloud, "test -e modules/nova", sides=("bad", "good"))
    assert (removed.code, "the module was removed" in removed.out) == (0, True)


def test_a_module_from_the_forge(cloud: Cloud) -> None:
    for side, version in (("good", "9.0.0"), ("bad", "9.1.0")):
        pin(
            cloud,
            side,
            {"keystone": "{tag: 24.0.0}", "stdlib": f"{{forge: puppetlabs/stdlib, version: {version}}}"},
        )
    result = bisect(cloud, "grep -q 9.0.0 Puppetfile && test -d modules/keystone && test ! -e modules/stdlib")
    assert (result.code, "the module comes from the Forge, which has no commits" in result.out) == (0, True)


def test_a_fix_that_the_other_branch_lacks(moved: Cloud) -> None:
    """Where it was broken when the branches parted, the commit is looked for that mended the good one."""
    nova = moved.upstream("nova")
    for number in range(20, 25):
        nova.commit(
            "fixed",
            version="24.0.0",
            start="refs/tags/first" if number == 20 else None,
            files={"number": f"{number}\n"},
            message=f"Fix {number}",
        )
    pin(moved, "fixed", {"nova": "{branch: fixed}"})
    pin(moved, "broken", {"nova": "{branch: line}"})
    result = bisect(moved, "test $(number nova) -ge 22", sides=("fixed", "broken"))
    wanted = nova.id("refs/heads/fixed~2")
    assert result.code == 0
    assert f"  commit {wanted} (broken lacks this commit, which fixed it)\n" in result.out
    assert "Fix 22\n" in result.out


def test_branches_that_fork(moved: Cloud) -> None:
    nova = moved.upstream("nova")
    nova.commit("forked", version="24.0.0", start="refs/tags/first", files={"number": "1\n"})
    pin(moved, "fork", {"nova": "{branch: forked}"})
    pin(moved, "line", {"nova": "{branch: line}"})
    result = bisect(moved, "test $(number nova) -lt 4", sides=("fork", "line"))
    assert (result.code, "Nova's change 4\n" in result.out) == (0, True)


def test_two_sides_of_one_code_are_wrong_input(moved: Cloud) -> None:
    result = bisect(moved, "true", sides=("good", "good"))
    assert (result.code, "good and good run the same code" in result.err) == (2, True)


def test_a_command_that_is_none_is_wrong_input_before_anything_runs(moved: Cloud) -> None:
    result = moved.run("bisect", "good", "bad", "--", "./no-such-check")
    assert (result.code, "no executable command './no-such-check' was found" in result.err) == (2, True)


def test_a_command_is_found_from_where_the_user_is(moved: Cloud) -> None:
    check = moved.project / "check.sh"
    check.write_text('#!/bin/sh\ntest $(cat "$PINNER_MODULES/heat/number") -lt 1\n')
    check.chmod(0o755)
    result = moved.run("bisect", "good", "bad", "--deploy", "--", "./check.sh")
    assert (result.code, "heat broke it" in result.out) == (0, True)


def test_a_dry_run_counts_and_runs_nothing(moved: Cloud) -> None:
    result = moved.run("bisect", "good", "bad", "--dry-run", "--", "touch", str(moved.root / "ran"))
    assert result.out.splitlines() == [
        "at most 10 runs; more if the command skips runs or several modules break it together",
        "  2 to check both ends",
        "  3 to find one of 5 changed modules",
        "  1 to check that it breaks without any other change",
        "  4 to find its commit (most in nova)",
    ]
    assert not (moved.root / "ran").exists()


def test_an_interrupt_leaves_nothing_behind(moved: Cloud) -> None:
    started, left = moved.root / "started", moved.root / "left"
    words = [sys.executable, "-c", "import sys; from pinner.cli.main import run; sys.exit(run())", "bisect"]
    with long_sleep() as sleep:
        script = f"({sleep}; touch {left}) & touch {started}; wait"
        with subprocess.Popen(
            [*words, "good", "bad", "--", "sh", "-c", script],
            cwd=moved.project,
            env={**os.environ, "TMPDIR": tempfile.gettempdir(), "PYTHONPATH": str(Path.cwd())},
            stderr=subprocess.PIPE,
        ) as process:
            wait_until(started.exists)
            process.send_signal(signal.SIGINT)
            process.communicate()
        assert process.returncode == 128 + signal.SIGINT
        assert list(Path(tempfile.gettempdir()).iterdir()) == []
        wait_until(lambda: processes_mentioning(sleep.rpartition(" ")[2]) == ())
    assert not left.exists()


def test_where_two_branches_part_may_be_what_cannot_be_told(moved: Cloud) -> None:
    moved.upstream("nova").commit(
        "parted", version="24.0.0", start="refs/tags/first", files={"number": "99\n"}
    )
    pin(moved, "parted", {"nova": "{branch: parted}"})
    pin(moved, "whole", {"nova": "{branch: line}"})
    script = "n=$(number nova); test $n = 0 && exit 125; test $n = 99"
    result = bisect(moved, script, sides=("parted", "whole"))
    assert (result.code, "where the two part, was skipped" in result.out) == (3, True)


def test_a_module_that_only_its_place_breaks(moved: Cloud) -> None:
    pin(moved, "placed", {"nova": "{tag: first, install_path: site}"})
    pin(moved, "here", {"nova": "{tag: first}"})
    result = bisect(moved, "test -e modules/nova", sides=("here", "placed"))
    assert (result.code, "the module has the same commit at another place" in result.out) == (0, True)
    pin(moved, "placed", {"nova": "{branch: line, install_path: site}"})
    result = bisect(moved, "test -e modules/nova", sides=("here", "placed"))
    assert (result.code, "no commit broke it: its new place did (install_path)" in result.out) == (0, True)


def test_a_fork_has_no_commits_between(moved: Cloud) -> None:
    fork = moved.upstream("nova", owner="private")
    fork.commit("main", version="24.0.0", files={"number": "50\n"})
    pin(moved, "private", {"nova": '{git: "https://git.example.net/puppet-nova", branch: main}'})
    pin(moved, "public", {"nova": "{tag: first}"})
    result = bisect(moved, "test $(number nova) -lt 50", sides=("public", "private"))
    assert (result.code, "the module comes from another repository" in result.out) == (0, True)


def test_a_line_that_was_begun_anew_shares_no_history(moved: Cloud) -> None:
    heat = moved.upstream("heat")
    heat.commit("anew", version="24.0.0", files={"number": "70\n"})
    pin(moved, "anew", {"heat": "{branch: anew}"})
    pin(moved, "before", {"heat": "{tag: first}"})
    result = bisect(moved, "test $(number heat) -lt 70", sides=("before", "anew"))
    assert (result.code, "no history that has both commits could be had" in result.out) == (3, True)


def test_modules_that_mend_each_other(moved: Cloud) -> None:
    """Glance's change is bad by itself too, but not with cinder's: then no commit can be blamed."""
    script = (
        "test $(number nova) -gt 0 && test $(number glance) -gt 0 && exit 1\n"
        "test $(number cinder) -gt 0 || test $(number glance) -eq 0"
    )
    result = bisect(moved, script)
    assert (result.code, "is not good without it" in result.out) == (3, True)


def test_a_commit_that_cannot_be_had_is_told(moved: Cloud, tmp_path: Path) -> None:
    result = bisect(moved, "true", "--offline", "--cache", str(tmp_path / "empty"))
    assert (result.code, "could not be had" in result.err) == (3, True)


def test_a_file_that_is_no_program_is_wrong_input(moved: Cloud, tmp_path: Path) -> None:
    check = tmp_path / "check"
    check.write_bytes(b"\x7fELF")
    check.chmod(0o755)
    result = moved.run("bisect", "good", "bad", "--", str(check))
    assert (result.code, "check cannot be run: Exec format error" in result.err) == (2, True)
