"""`--prepare`, `--switch` and `bundle --oci` that are killed or run out of room: whole environments and images, always."""

import os
import shutil
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.cli.deploy.test_deploy import NO_TYPES, deploy, locked, served, target
from tests.support.cloud import Cloud
from tests.support.control import lock_two, move_nova
from tests.support.disks import fill, make_read_only, small_disk
from tests.support.faults import count_changes, run_with_fault
from tests.support.prepared import Prepared
from tests.support.unharmed import contents

BOTH = ("production", "staging")
PHASES = ("--prepare", "--switch")
Contents = Mapping[str, Mapping[str, tuple[str, str]]]


@dataclass(frozen=True)
class Moved:
    """A project that is deployed, and whose locks have moved since: what was served, and what is to be."""

    cloud: Cloud
    old: Mapping[str, Contents]
    new: Mapping[str, Contents]

    @property
    def served(self) -> Mapping[str, Contents]:
        return {name: served(self.cloud, name) for name in BOTH}

    def arguments(self, phase: str) -> tuple[str, ...]:
        return ("deploy", "--to", str(target(self.cloud)), NO_TYPES, "--offline", phase)

    def is_verified(self) -> bool:
        result = self.cloud.run("verify", "--deployed", str(target(self.cloud)))
        assert result.code in {0, 1}, result.err
        return result.code == 0

    def assert_both_phases_work(self) -> None:
        """Run both phases; what is then served is what is locked, and is not after a file was changed by hand."""
        for phase in PHASES:
            result = self.cloud.run(*self.arguments(phase))
            assert result.code == 0, result.err
        assert self.served == self.new
        assert not list(target(self.cloud).rglob(".new-*"))
        assert self.is_verified()
        module = (target(self.cloud) / "staging/modules/nova").resolve()
        (module / "metadata.json").chmod(0o644)
        (module / "metadata.json").write_text("{}\n")
        assert not self.is_verified()


@pytest.fixture
def moved(cloud: Cloud, prepared: Prepared) -> Moved:
    prepared(cloud, lock_two)
    assert deploy(cloud).code == 0
    old = {name: served(cloud, name) for name in BOTH}
    move_nova(cloud, "2024.1", "2025.1")
    new = {name: locked(cloud, name) for name in BOTH}
    assert all(old[name] != new[name] for name in BOTH)
    return Moved(cloud, old, new)


def keep(directory: Path) -> Callable[[], None]:
    """Return a function that puts a directory back to how it is now."""
    kept = directory.with_name(f"kept-{directory.name}")
    shutil.copytree(directory, kept, symlinks=True)

    def restore() -> None:
        for folder, _, _ in os.walk(directory):
            Path(folder).chmod(0o755)
        shutil.rmtree(directory)
        shutil.copytree(kept, directory, symlinks=True)

    return restore


def some_of(total: int) -> list[int]:
    """Return the first, the last and some other changes of a command."""
    return sorted({1, 2, total - 1, total, *range(3, total, max(1, total // 5))})


def assert_ended(kind: str, code: int, err: str) -> None:
    """Assert that a fault ended a command, or that the command did without what failed."""
    if kind == "kill":
        assert code == -signal.SIGKILL, err
    elif code != 0:
        assert code == 3, err
        assert "No space left on device" in err


@pytest.mark.parametrize("kind", ["kill", "full"])
@pytest.mark.parametrize("phase", PHASES)
def test_a_fault_in_a_phase_leaves_whole_environments(
    moved: Moved, scripts: Path, phase: str, kind: str
) -> None:
    if phase == "--switch":
        assert moved.cloud.run(*moved.arguments("--prepare")).code == 0
    restore = keep(target(moved.cloud))
    words = moved.arguments(phase)
    total = count_changes(scripts, target(moved.cloud), *words, cwd=moved.cloud.project)
    assert total > 5
    seen = set()
    for number in some_of(total):
        restore()
        done = run_with_fault(scripts, kind, number, target(moved.cloud), *words, cwd=moved.cloud.project)
        assert_ended(kind, done.returncode, done.stderr)
        now = moved.served
        assert all(now[name] in (moved.old[name], moved.new[name]) for name in BOTH), number
        seen.add(tuple("new" if now[name] == moved.new[name] else "old" for name in BOTH))
        moved.assert_both_phases_work()
    assert ("old", "old") in seen
    assert ("old", "new") not in seen
    if phase == "--prepare":
        assert seen == {("old", "old")}


@pytest.mark.parametrize("phase", PHASES)
def test_a_phase_on_a_disk_without_room_or_that_cannot_be_written(
    cloud: Cloud, prepared: Prepared, tmp_path: Path, phase: str
) -> None:
    prepared(cloud, lock_two)
    with small_disk(tmp_path / "disk", size="1m") as disk:
        words = ["deploy", "--to", str(disk / "environments"), NO_TYPES]
        assert cloud.run(*words).code == 0
        move_nova(cloud, "2024.1", "2025.1")
        if phase == "--switch":
            assert cloud.run(*words, "--prepare").code == 0
        before = {name: (disk / "environments" / name).readlink() for name in BOTH}
        ballast = fill(disk)
        result = cloud.run(*words, phase)
        if phase == "--prepare":
            assert result.code == 3
            assert "No space left on device" in result.err
        else:  # a link may still have room
            assert result.code in {0, 3}
        ballast.unlink()
        if result.code == 3:
            assert {name: (disk / "environments" / name).readlink() for name in BOTH} == before
        for one in ("--prepare", "--switch"):
            assert cloud.run(*words, one).code == 0
        assert cloud.run("verify", "--deployed", str(disk / "environments")).code == 0
        move_nova(cloud, "2024.1")
        assert cloud.run(*words, "--prepare").code == 0
        make_read_only(disk)
        result = cloud.run(*words, phase)
        assert result.code == 3
        assert "Read-only file system" in result.err


def staging_of(cloud: Cloud, image: Path) -> Contents:
    """Return what an image deploys."""
    words = ["deploy", "--to", str(target(cloud)), NO_TYPES, "--from-bundle", str(image)]
    result = cloud.run(*words)
    assert result.code == 0, result.err
    return served(cloud, "staging")


@pytest.mark.parametrize("kind", ["kill", "full"])
def test_a_fault_leaves_the_image_that_was_there(moved: Moved, scripts: Path, kind: str) -> None:
    cloud, image = moved.cloud, moved.cloud.root / "images" / "image"
    image.parent.mkdir()
    words = ("bundle", "staging", "--oci", "--offline", "-o", str(image))
    assert cloud.run(*words).code == 0
    before = staging_of(cloud, image)
    cloud.upstream("nova").commit("stable/2025.1", version="26.2.0")
    assert cloud.run("update").code == 0
    after = locked(cloud, "staging")
    assert before != after
    assert cloud.run(*words[:-1], str(cloud.root / "other")).code == 0  # its trees are then in the cache
    restore = keep(image.parent)
    total = count_changes(scripts, image.parent, *words, cwd=cloud.project)
    seen = set()
    for number in some_of(total):
        restore()
        done = run_with_fault(scripts, kind, number, image.parent, *words, cwd=cloud.project)
        assert_ended(kind, done.returncode, done.stderr)
        found = staging_of(cloud, image)
        assert found in (before, after)
        seen.add(found == after)
        again = cloud.run(*words)
        assert again.code == 0, again.err
        assert staging_of(cloud, image) == after
        assert os.listdir(image.parent) == ["image"]  # noqa: PTH208 - names, not paths
    assert False in seen


def test_an_image_on_a_disk_without_room_or_that_cannot_be_written(moved: Moved, tmp_path: Path) -> None:
    cloud = moved.cloud
    with small_disk(tmp_path / "disk", size="1m") as disk:
        words = ("bundle", "staging", "--oci", "-o", str(disk / "image"))
        assert cloud.run(*words).code == 0
        before = contents(disk)
        cloud.upstream("nova").commit("stable/2025.1", version="26.2.0")
        assert cloud.run("update").code == 0
        ballast = fill(disk)
        result = cloud.run(*words)
        assert result.code == 3
        assert "No space left on device" in result.err
        ballast.unlink()
        assert contents(disk) == before
        make_read_only(disk)
        result = cloud.run(*words)
        assert result.code == 3
        assert "Read-only file system" in result.err
