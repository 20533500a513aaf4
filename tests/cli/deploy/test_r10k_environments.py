"""`pinner r10k-environments`: what r10k's exec source reads, with a control repository and without one."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.cloud import Cloud
from tests.support.control import lock_two, move_nova
from tests.support.prepared import Prepared
from tests.support.repositories import run_git
from tests.support.trees import files_in, tree_of

REPOSITORY = "ssh://git@git.example.net/puppet/control"
PINNER = Path(sys.executable).with_name("pinner")


@pytest.fixture
def locked(cloud: Cloud, prepared: Prepared) -> Cloud:
    """The environments production and staging, locked."""
    return prepared(cloud, lock_two)


def environments(cloud: Cloud, *arguments: str, before: tuple[str, ...] = ()) -> dict[str, dict[str, str]]:
    result = cloud.run(*before, "r10k-environments", *arguments)
    assert result.code == 0, result.err
    told: dict[str, dict[str, str]] = result.json
    return told


def run_program(program: Path, directory: Path) -> dict[str, dict[str, str]]:
    """Run the program as r10k does, in some directory, and return what it printed."""
    variables = {**os.environ, "PINNER": str(PINNER)}
    done = subprocess.run([program], env=variables, cwd=directory, capture_output=True, check=True)
    told: dict[str, dict[str, str]] = json.loads(done.stdout)
    return told


def test_with_a_control_repository_its_one_branch_is_named(locked: Cloud) -> None:
    assert environments(locked, "--control-repo", REPOSITORY)["staging"] == {
        "type": "git",
        "remote": REPOSITORY,
        "ref": "production",
        "puppetfile_name": "Puppetfile.staging",
    }


def test_without_one_each_environment_is_a_commit_with_exactly_the_generated_files(locked: Cloud) -> None:
    locked.run("generate")
    told = environments(locked)
    assert list(told) == ["production", "staging"]
    for name, source in told.items():
        assert tree_of(Path(source["remote"]), source["ref"]) == files_in(
            locked.project / "puppetfiles" / name
        )


def test_the_same_locks_are_the_same_commits(locked: Cloud) -> None:
    assert environments(locked) == environments(locked)


def test_only_what_moved_has_a_new_commit_and_the_old_one_can_still_be_fetched(locked: Cloud) -> None:
    before = environments(locked)
    move_nova(locked, "2025.1")
    after = environments(locked)
    assert after["production"] == before["production"]
    old, new = before["staging"]["ref"], after["staging"]["ref"]
    assert run_git("--git-dir", after["staging"]["remote"], "rev-list", "--reverse", new).split() == [
        old,
        new,
    ]


def test_what_a_killed_run_left_is_no_hindrance(locked: Cloud) -> None:
    before = environments(locked)
    where = ("--git-dir", before["staging"]["remote"])
    run_git(*where, "update-ref", "refs/pinner/made/staging", before["production"]["ref"])
    move_nova(locked, "2025.1")
    environments(locked)
    assert run_git(*where, "for-each-ref", "refs/pinner") == ""


def test_the_users_own_hooks_are_not_run(locked: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    hooks = locked.root / "hooks"
    hooks.mkdir()
    (hooks / "reference-transaction").write_text("#!/bin/sh\nexit 1\n")
    (hooks / "reference-transaction").chmod(0o755)
    for name, value in (("COUNT", "1"), ("KEY_0", "core.hooksPath"), ("VALUE_0", str(hooks))):
        monkeypatch.setenv(f"GIT_CONFIG_{name}", value)
    assert environments(locked).keys() == {"production", "staging"}


def test_without_a_lock_nothing_is_printed_that_r10k_would_remove_an_environment_for(locked: Cloud) -> None:
    locked.lock_path("staging").unlink()
    for arguments in ([], ["--control-repo", REPOSITORY]):
        result = locked.run("r10k-environments", *arguments)
        assert (result.code, result.out) == (2, "")
        assert result.err == "environment 'staging' has no lock\n  hint: run 'pinner lock staging'\n"


def test_a_project_without_environments_is_no_empty_list(cloud: Cloud) -> None:
    result = cloud.run("r10k-environments")
    assert (result.code, result.out) == (2, "")


def test_a_cache_that_cannot_be_made_is_told(locked: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    blocked = locked.root / "file"
    blocked.write_text("")
    monkeypatch.setenv("PINNER_CACHE", str(blocked))
    result = locked.run("r10k-environments")
    assert (result.code, result.out) == (3, "")
    assert result.err == (
        f"cannot make {blocked}/control: Not a directory\n  hint: set PINNER_CACHE to a directory you may write\n"
    )


def test_a_repository_that_git_cannot_use_is_told(locked: Cloud) -> None:
    path = Path(environments(locked)["staging"]["remote"])
    (path / "HEAD").unlink()
    (path / "objects").rename(path / "o")
    (path / "objects").write_text("")
    result = locked.run("r10k-environments")
    assert (result.code, result.out) == (3, "")
    assert result.err.startswith("git cannot store the branches for r10k: ")


@pytest.mark.parametrize("directory", ["control", "../elsewhere", "a 'b'/c"])
def test_the_program_that_r10k_runs_takes_no_arguments_and_runs_anywhere(
    locked: Cloud, directory: str, tmp_path: Path
) -> None:
    result = locked.run("generate", "--layout", "exec", "-o", directory)
    assert (result.code, result.out) == (0, f"wrote {directory}/r10k-environments\n")
    assert run_program(locked.project / directory / "r10k-environments", tmp_path) == environments(locked)
    assert locked.run("generate", "--layout", "exec", "-o", directory, "--check").code == 0


def test_the_program_is_led_nowhere_else_by_a_shells_cdpath(
    locked: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert locked.run("generate", "--layout", "exec").code == 0
    (tmp_path / "other/control").mkdir(parents=True)
    monkeypatch.setenv("CDPATH", str(tmp_path / "other"))
    assert run_program(Path("control/r10k-environments"), locked.project) == environments(locked)


def test_a_project_in_a_directory_whose_name_is_no_text(locked: Cloud, tmp_path: Path) -> None:
    odd = os.fsdecode(b"%s/caf\xe9" % os.fsencode(tmp_path))
    shutil.copytree(locked.project, odd)
    result = locked.run("-C", odd, "generate", "--layout", "exec", "-o", str(tmp_path / "programs"))
    assert result.code == 0, result.err
    told = run_program(tmp_path / "programs/r10k-environments", tmp_path)
    assert told == environments(locked, before=("-C", odd))
    assert told.keys() == {"production", "staging"}


def test_with_a_control_repository_generate_writes_its_branch_beside_the_program(locked: Cloud) -> None:
    assert locked.run("generate", "--layout", "exec", "--control-repo", REPOSITORY).code == 0
    assert sorted(path.name for path in (locked.project / "control").iterdir()) == [
        *("Puppetfile.production", "Puppetfile.staging", "bin", "environment.conf", "lock_ids"),
        "r10k-environments",
    ]
