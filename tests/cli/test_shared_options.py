"""Options that every command takes: -o, -q, -v and --color."""

import re
from pathlib import Path

import click
import pytest

from pinner.cli.root import COMMANDS
from pinner.cli.root import pinner as root
from tests.support.cloud import Cloud
from tests.support.prepared import Prepared
from tests.support.terminal import on_terminal
from tests.support.unharmed import lock_basic

RED = "\x1b[1;31m"
BROKEN = "release: 2025.1\nmodules:\n  nova: {tag: 99.0.0}\n"


@pytest.fixture
def locked(cloud: Cloud, prepared: Prepared) -> Cloud:
    return prepared(cloud, lock_basic)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_takes_the_shared_options(name: str) -> None:
    command = root.get_command(click.Context(root), name)
    assert command is not None
    flags = [flag for param in command.params for flag in param.opts]
    assert {"-o", "-q", "-v", "--color"} <= set(flags)
    assert len(flags) == len(set(flags))


def test_help_has_the_shared_options_in_one_section(locked: Cloud) -> None:
    own, _, shared = locked.run("diff", "--help").out.partition("Common options:\n")
    assert ("--exit-code" in own, "--cache" in own, "--color" in own) == (True, False, False)
    assert all(flag in shared for flag in ("--cache", "--format", "-o, --output", "--color", "-h, --help"))


def test_o_writes_what_stdout_would_have_had(locked: Cloud) -> None:
    printed = locked.run("status", "--offline", "--format", "html").out
    done = locked.run("status", "--offline", "--format", "html", "-o", "status.html")
    assert (done.code, done.out) == (0, "")
    assert (locked.project / "status.html").read_text() == printed


def test_o_keeps_yesterdays_file_if_the_command_fails(locked: Cloud) -> None:
    page = locked.project / "page.html"
    page.write_text("yesterday's")
    locked.manifest("production", BROKEN)
    failed = locked.run("lock", "--format", "json", "-o", str(page))
    assert (failed.code, failed.out, page.read_text()) == (2, "", "yesterday's")
    assert failed.err.endswith(f"{page}: unchanged, because the command ended with exit code 2\n")
    assert sorted(path.name for path in locked.project.iterdir() if "draft" in path.name) == []


def test_o_keeps_yesterdays_file_if_the_input_is_wrong(locked: Cloud) -> None:
    page = locked.project / "page.json"
    page.write_text("yesterday's")
    locked.manifest("production", "nonsense: 1\n")
    assert locked.run("lock", "--check", "--format", "json", "-o", str(page)).code == 2
    assert page.read_text() == "yesterday's"


def test_o_replaces_the_file_if_the_answer_is_no(locked: Cloud) -> None:
    locked.manifest("production", "release: 2024.1\nopenstack: [nova]\n")
    printed = locked.run("lock", "--check", "--format", "json").out
    done = locked.run("lock", "--check", "--format", "json", "-o", "found.json")
    assert (done.code, (locked.project / "found.json").read_text()) == (1, printed)


def test_o_into_a_missing_directory_makes_it(locked: Cloud) -> None:
    assert locked.run("id", "-o", "new/ids.txt").code == 0
    assert (locked.project / "new/ids.txt").read_text().startswith("production  pin-")


def test_q_prints_nothing_if_all_is_well(locked: Cloud) -> None:
    loud = locked.run("lock", "--offline")
    quiet = locked.run("lock", "--offline", "-q")
    assert loud.out != ""
    assert (quiet.code, quiet.out, quiet.err) == (0, "", "")


def test_q_keeps_findings_errors_and_results(locked: Cloud) -> None:
    assert locked.run("id", "-q").out == locked.run("id").out
    locked.manifest("production", BROKEN)
    shown = locked.run("lock", "-q")
    assert (shown.code, "no tag '99.0.0'" in shown.out, "checked" in shown.err) == (2, True, False)


def test_v_names_each_repository(locked: Cloud) -> None:
    err = locked.run("update", "-v").err
    lines = [line for line in err.splitlines() if line.startswith("checked ") and "/" in line]
    assert len(lines) == len({line.split()[-1] for line in lines})
    assert {line.rpartition("/")[2] for line in lines} >= {"puppet-keystone", "puppet-nova"}


def test_q_and_v_exclude_each_other(locked: Cloud) -> None:
    shown = locked.run("id", "-q", "-v")
    assert (shown.code, "-q and -v exclude each other" in shown.err) == (2, True)


def test_json_is_answered_with_the_option_that_exists(locked: Cloud) -> None:
    shown = locked.run("status", "--json").err.replace("'", "")  # click 8.5 puts options into quotes
    assert shown.endswith("Did you mean --format json?\n")


def test_color_always_colours_a_pipe_and_never_a_terminal_not(locked: Cloud, scripts: Path) -> None:
    locked.manifest("production", BROKEN)
    assert RED not in locked.run("lock").out
    assert RED in locked.run("lock", "--color", "always").out
    assert RED in on_terminal(scripts, "lock", cwd=locked.project).out
    assert RED in on_terminal(scripts, "lock", "--color", "always", cwd=locked.project, NO_COLOR="1").out
    assert "\x1b[1;3" not in on_terminal(scripts, "lock", "-q", "--color", "never", cwd=locked.project).out
    assert "\x1b[1;3" not in on_terminal(scripts, "lock", "-q", cwd=locked.project, NO_COLOR="1").out


def test_no_other_format_than_text_is_coloured(locked: Cloud) -> None:
    assert locked.run("status", "--offline", "--format", "json", "--color", "always").out == (
        locked.run("status", "--offline", "--format", "json").out
    )


@pytest.mark.parametrize("columns", ["40", "80"])
def test_lines_are_wrapped_between_words_and_no_word_is_lost(
    locked: Cloud, columns: str, scripts: Path
) -> None:
    locked.manifest("production", BROKEN)
    plain = locked.run("lock", "-q").out
    shown = on_terminal(scripts, "lock", "-q", cwd=locked.project, COLUMNS=columns, NO_COLOR="1").out
    rows = [line for line in shown.splitlines() if not re.match(r" *\d* \|", line)]  # the excerpt
    words = [line.split() for line in rows]
    assert [word for line in words for word in line] == plain.split()
    assert all(len(line) <= int(columns) for line in shown.splitlines() if len(line.split()) > 1)


def test_a_path_that_is_no_file_is_refused(locked: Cloud, tmp_path: Path) -> None:
    (tmp_path / "directory").mkdir()
    shown = locked.run("id", "-o", str(tmp_path / "directory"))
    assert (shown.code, "this is not a regular file" in shown.err) == (2, True)
