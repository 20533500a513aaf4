"""Deployments that are killed, run out of room, meet each other or a hostile directory: whole environments, always."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.cli.deploy.test_deploy import NO_TYPES, deploy, locked, served, target
from tests.support.cloud import Cloud
from tests.support.control import lock_two, move_nova
from tests.support.disks import fill, make_read_only, small_disk
from tests.support.faults import count_changes, run_with_fault
from tests.support.prepared import Prepared
from tests.support.trees import files_in

BOTH = ("production", "staging")
Contents = Mapping[str, Mapping[str, tuple[str, str]]]


@pytest.fixture
def moved(cloud: Cloud, prepared: Prepared) -> tuple[Cloud, dict[str, Contents], dict[str, Contents]]:
    """A project that is deployed and whose locks have moved since; what each environment served, and is to serve."""
    prepared(cloud, lock_two)
    assert deploy(cloud).code == 0
    old = {name: served(cloud, name) for name in BOTH}
    move_nova(cloud, "2024.1", "2025.1")
    new = {name: locked(cloud, name) for name in BOTH}
    assert all(old[name] != new[name] for name in BOTH)
    return cloud, old, new


@pytest.fixture
def restore_directory(moved: tuple[Cloud, object, object]) -> Callable[[], None]:
    """Return a function that puts the deployment directory back to how it was."""
    cloud = moved[0]
    kept = target(cloud).with_name("kept")
    shutil.copytree(target(cloud), kept, symlinks=True)

    def restore() -> None:
        for folder, _, _ in os.walk(target(cloud)):
            Path(folder).chmod(0o755)
        shutil.rmtree(target(cloud))
        shutil.copytree(kept, target(cloud), symlinks=True)

    return restore


def arguments(cloud: Cloud) -> tuple[str, ...]:
    return ("deploy", "--to", str(target(cloud)), NO_TYPES, "--offline")


def assert_repaired(cloud: Cloud, new: Mapping[str, Contents]) -> None:
    again = cloud.run(*arguments(cloud))
    assert again.code == 0, again.err
    assert {name: served(cloud, name) for name in BOTH} == new
    assert cloud.run(*arguments(cloud), "--check").code == 0
    assert not list(target(cloud).rglob(".new-*"))
    assert cloud.run("verify", "--deployed", str(target(cloud))).code == 0


@pytest.mark.parametrize("kind", ["kill", "full"])
def test_a_fault_at_any_change_leaves_whole_environments(
    moved: tuple[Cloud, dict[str, Contents], dict[str, Contents]],
    restore_directory: Callable[[], None],
    scripts: Path,
    kind: str,
) -> None:
    cloud, old, new = moved
    total = count_changes(scripts, target(cloud), *arguments(cloud), cwd=cloud.project)
    assert total > 30
    seen = set()
    for number in sorted(
        {1, 2, total, total - 1, total - 2, total - 4, *range(5, total, max(1, total // 8))}
    ):
        restore_directory()
        done = run_with_fault(scripts, kind, number, target(cloud), *arguments(cloud), cwd=cloud.project)
        states = tuple("new" if served(cloud, name) == new[name] else "old" for name in BOTH)
        assert all(served(cloud, name) in (old[name], new[name]) for name in BOTH), number
        if kind == "kill":
            assert done.returncode == -signal.SIGKILL, (number, done.stderr)
        elif done.returncode == 0:  # what failed was not needed, such as removing something that is gone
            assert states == ("new", "new"), number
        else:
            assert done.returncode == 3, (number, done.stderr)
            assert "No space left on device" in done.stderr
        seen.add(states)
        assert_repaired(cloud, new)
    assert ("old", "old") in seen
    assert ("old", "new") not in seen


def test_two_at_once_wait_for_each_other(
    moved: tuple[Cloud, dict[str, Contents], dict[str, Contents]],
) -> None:
    cloud, _, new = moved
    program = "import sys; from pinner.cli.main import run; sys.exit(run(sys.argv[1:]))"
    words = [sys.executable, "-c", program, *arguments(cloud)]
    running = [
        subprocess.Popen(words, cwd=cloud.project, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(3)
    ]
    printed = [process.communicate()[0].decode() for process in running]
    assert [process.returncode for process in running] == [0, 0, 0]
    assert sum(text.count(", switched") for text in printed) == 2
    assert_repaired(cloud, new)


def test_a_disk_without_room(cloud: Cloud, prepared: Prepared, tmp_path: Path) -> None:
    prepared(cloud, lock_two)
    with small_disk(tmp_path / "disk", size="1m") as disk:
        place = ["deploy", "--to", str(disk / "environments"), NO_TYPES]
        assert cloud.run(*place).code == 0
        before = {name: os.readlink(disk / "environments" / name) for name in BOTH}  # noqa: PTH115 - the text of the link itself
        move_nova(cloud, "2025.1")
        ballast = fill(disk)
        result = cloud.run(*place)
        assert result.code == 3
        assert "No space left on device" in result.err
        assert before == {name: os.readlink(disk / "environments" / name) for name in BOTH}  # noqa: PTH115 - the text of the link itself
        ballast.unlink()
        assert cloud.run(*place).code == 0
        modules = disk / "environments/staging/modules"
        assert {path.name: files_in(path) for path in modules.iterdir()} == locked(cloud, "staging")
        move_nova(cloud, "2024.1")
        make_read_only(disk)
        result = cloud.run(*place)
        assert result.code == 3
        assert "Read-only file system" in result.err
        assert cloud.run(*place, "--dry-run").code == 0


def _own_by_another(place: Path) -> None:
    os.chown(place, 65534, 65534)


def _open_to_all(place: Path) -> None:
    place.chmod(0o777)


@pytest.mark.parametrize(
    "inner", ["", ".pinner", ".pinner/trees", ".pinner/versions", ".pinner/versions/staging"]
)
@pytest.mark.parametrize(
    ("change", "words"),
    [(_own_by_another, "belongs to another user"), (_open_to_all, "can be written by every user")],
)
def test_a_directory_that_others_can_write_is_refused(
    moved: tuple[Cloud, dict[str, Contents], dict[str, Contents]],
    inner: str,
    change: Callable[[Path], None],
    words: str,
) -> None:
    cloud, old, _ = moved
    if os.geteuid() != 0 and change is _own_by_another:
        pytest.skip("only root can give files away")
    change(target(cloud) / inner)
    result = cloud.run(*arguments(cloud))
    assert result.code == 2
    assert f"this directory {words}" in result.err
    assert {name: served(cloud, name) for name in BOTH} == old


@pytest.mark.parametrize("is_new", [True, False])
def test_a_directory_that_every_user_can_replace_is_refused(
    moved: tuple[Cloud, dict[str, Contents], dict[str, Contents]], *, is_new: bool
) -> None:
    cloud, *_ = moved
    above = cloud.root / "shared"
    above.mkdir()
    place = above / "served"
    words = ("deploy", "--to", str(place), NO_TYPES, "--offline")
    assert is_new or cloud.run(*words).code == 0
    above.chmod(0o777)
    result = cloud.run(*words)
    assert result.code == 2
    assert f"this directory can be replaced by every user, as {above} has the mode 777" in result.err
    assert place.exists() != is_new
    above.chmod(0o1777)
    assert cloud.run(*words).code == 0


@pytest.mark.parametrize(
    "inner", [".pinner", ".pinner/trees", ".pinner/versions", ".pinner/versions/staging"]
)
def test_links_planted_instead_of_directories_are_not_followed(
    moved: tuple[Cloud, dict[str, Contents], dict[str, Contents]], inner: str
) -> None:
    cloud, _, _ = moved
    elsewhere = cloud.root / "elsewhere"
    (target(cloud) / inner).rename(elsewhere)
    (target(cloud) / inner).symlink_to(elsewhere)
    before = sorted(elsewhere.rglob("*"))
    result = cloud.run(*arguments(cloud))
    assert result.code == 2
    assert "this directory is a symbolic link" in result.err
    assert sorted(elsewhere.rglob("*")) == before


@pytest.mark.parametrize("name", ["lock", "switches"])
def test_links_planted_instead_of_files_are_not_written_through(
    moved: tuple[Cloud, dict[str, Contents], dict[str, Contents]], name: str
) -> None:
    cloud, _, _ = moved
    victim = cloud.root / "victim"
    victim.write_text("mine\n")
    (target(cloud) / ".pinner" / name).unlink()
    (target(cloud) / ".pinner" / name).symlink_to(victim)
    result = cloud.run(*arguments(cloud))
    assert result.code in {2, 3}
    assert victim.read_text() == "mine\n"


def test_links_of_environments_that_lead_elsewhere_are_not_written_through(
    moved: tuple[Cloud, dict[str, Contents], dict[str, Contents]],
) -> None:
    cloud, _, new = moved
    elsewhere = cloud.root / "elsewhere"
    elsewhere.mkdir()
    (target(cloud) / "staging").unlink()
    (target(cloud) / "staging").symlink_to(elsewhere)
    result = cloud.run(*arguments(cloud))
    assert result.code == 2
    assert "this is a link to another place, so pinner did not deploy it" in result.err
    assert cloud.run(*arguments(cloud), "--adopt").code == 0
    assert list(elsewhere.iterdir()) == []
    assert served(cloud, "staging") == new["staging"]


def test_a_record_that_was_altered_is_written_again(cloud: Cloud, prepared: Prepared) -> None:
    prepared(cloud, lock_two)
    assert deploy(cloud).code == 0
    (record,) = (target(cloud) / ".pinner/versions/staging").glob("*.json")
    text = record.read_text()
    for damaged in ("", "{}", text.replace('"modules"', '"modulez"', 1), text[:-20]):
        record.write_text(damaged)
        assert deploy(cloud, "--check").code == 1
        assert deploy(cloud).code == 0
        assert deploy(cloud, "--check").code == 0


def _stand_in(directory: Path, lines: str) -> None:
    """Put a program in the place of restorecon, which needs a system with SELinux."""
    directory.mkdir(exist_ok=True)
    program = directory / "restorecon"
    program.write_text(f"#!/bin/sh\n{lines}\n")
    program.chmod(0o755)


def test_the_contexts_of_what_is_new_are_restored_before_the_switch(
    cloud: Cloud, prepared: Prepared, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    prepared(cloud, lock_two)
    log, link = tmp_path / "log", target(cloud) / "production"
    monkeypatch.setenv("PATH", f"{tmp_path / 'sbin'}:{os.environ['PATH']}")
    _stand_in(tmp_path / "sbin", "echo broken >&2; exit 1")
    result = deploy(cloud, "production")
    assert result.code == 3
    assert "restorecon failed: broken" in result.err
    assert not link.is_symlink()
    _stand_in(tmp_path / "sbin", f'test ! -L {link} && echo "$@" > {log}')
    assert deploy(cloud, "production").code == 0
    option, *paths = log.read_text().split()
    trees = {str(path.resolve()) for path in (link / "modules").iterdir()}
    assert (option, set(paths)) == ("-R", {*trees, str(link.resolve())})
    _stand_in(tmp_path / "sbin", "exit 1")
    assert deploy(cloud, "production").code == 0, "nothing is new"
