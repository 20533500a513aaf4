"""A command loads what it uses, and nothing else."""

import json
import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from pinner.cli.output import WRITERS
from tests.support.cloud import Cloud
from tests.support.unharmed import lock_basic

LOADED = """
import json, sys
from pinner.cli.main import run
code = run(sys.argv[1:])
print(json.dumps([code, sorted(sys.modules)]))
"""
EXECUTED = """
import inspect, json, os, sys, threading
import pinner
files, package = set(), os.path.dirname(pinner.__file__)
def is_imported(frame):
    while frame and not (frame.f_code.co_name == "<module>" and frame.f_code.co_filename.startswith(package)):
        frame = frame.f_back
    return frame is not None
def note(frame, event, _):
    code = frame.f_code
    if event == "call" and code.co_flags & inspect.CO_OPTIMIZED and code.co_filename.startswith(package):
        if code.co_filename not in files and not is_imported(frame):
            files.add(code.co_filename)
threading.setprofile(note)
sys.setprofile(note)
from pinner.cli.main import run
code = run(sys.argv[1:])
sys.setprofile(None)
print(json.dumps([code, sorted(os.path.relpath(file, package) for file in files)]))
"""
"""Notes each file of the package of which a function is called, beside those that an import calls."""
SLOW = {"concurrent.futures", "email", "git", "importlib.metadata", "jinja2", "resolvelib", "rich", "sqlite3"}


def modules_after(*words: str, cwd: Path, script: str = LOADED) -> set[str]:
    """Return the modules that a command has loaded; without coverage, which loads some of its own in children."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    ended = subprocess.run(
        [sys.executable, "-c", script, *words],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    code, names = json.loads(ended.stdout.splitlines()[-1])
    assert code == 0, ended.stdout + ended.stderr
    return set(names)


def own(names: set[str]) -> list[str]:
    return sorted(name for name in names if name.partition(".")[0] == "pinner")


@pytest.fixture
def locked(cloud: Cloud) -> Cloud:
    return lock_basic(cloud)


def test_id_loads_neither_git_nor_what_only_other_commands_use(locked: Cloud) -> None:
    names = modules_after("id", cwd=locked.project)
    assert not names & {*SLOW, "yaml"}
    assert len(own(names)) <= 30, own(names)
    assert not [name for name in own(names) if name.startswith(("pinner.git.mirrors", "pinner.locking"))]


def test_the_list_of_commands_loads_no_command(tmp_path: Path) -> None:
    names = modules_after("--help", cwd=tmp_path)
    assert not names & {*SLOW, "yaml"}
    assert len(own(names)) <= 20, own(names)


def test_checking_a_lock_loads_no_slow_library_and_no_reader_of_puppet_code(locked: Cloud) -> None:
    names = modules_after("lock", "--check", cwd=locked.project)
    assert not names & {"git", "jinja2", "rich"}
    assert not [
        name for name in own(names) if name.startswith(("pinner.puppet.code", "pinner.puppet.language"))
    ]


def test_locking_one_module_runs_through_few_files(cloud: Cloud) -> None:
    """Whoever follows a lock has these files to read."""
    cloud.manifest("production", "release: 2025.1\nopenstack: [keystone]\n")
    files = modules_after("lock", cwd=cloud.project, script=EXECUTED)
    assert "locking/lock.py" in files
    assert len(files) <= 45, sorted(files)


@pytest.mark.parametrize("result", WRITERS)
def test_each_result_has_a_function_for_each_of_its_formats(result: str) -> None:
    for place in WRITERS[result].values():
        module, _, function = place.partition(":")
        assert callable(getattr(import_module(module), function))
