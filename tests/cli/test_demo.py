"""`pinner demo`: the newcomer's first minute, offline and the same everywhere."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.cloud import Cloud
from tests.support.oracles import find_tool


def test_the_demo_ends_with_a_lock_a_diff_and_puppetfiles(cloud: Cloud, tmp_path: Path) -> None:
    result = cloud.run("demo", str(tmp_path / "demo"))
    assert result.code == 0, result.err
    assert "locked 2 environments: 0 errors, 0 warnings" in result.out
    assert "nova: moved up 24.0.0" in result.out
    assert "mod 'keystone'," in result.out
    assert sorted(path.name for path in (tmp_path / "demo/environments").glob("*.lock")) == [
        "production.lock",
        "staging.lock",
    ]


def test_two_demos_are_the_same_to_the_byte(cloud: Cloud, tmp_path: Path) -> None:
    for name in ("one", "two"):
        assert cloud.run("demo", str(tmp_path / name)).code == 0
    one, two = (
        {path.name: path.read_bytes() for path in (tmp_path / name / "environments").iterdir()}
        for name in ("one", "two")
    )
    assert one == two


def test_r10k_accepts_its_puppetfiles(cloud: Cloud, tmp_path: Path) -> None:
    r10k = find_tool("r10k", "r10k")
    cloud.run("demo", str(tmp_path / "demo"))
    for environment in ("production", "staging"):
        path = tmp_path / "demo/puppetfiles" / environment / "Puppetfile"
        subprocess.run(
            [r10k, "puppetfile", "check", "--puppetfile", str(path)], check=True, capture_output=True
        )


def test_a_directory_with_something_in_it_is_left_alone(cloud: Cloud, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/file").write_text("precious")
    result = cloud.run("demo", str(tmp_path / "mine"))
    assert (result.code, result.err) == (
        2,
        f"{tmp_path / 'mine'} is not empty\n  hint: name a new directory: pinner demo DIR\n",
    )
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["file"]


def test_a_file_is_no_directory_for_it(cloud: Cloud, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("precious")
    result = cloud.run("demo", str(tmp_path / "mine"))
    assert (result.code, result.err.splitlines()[0]) == (2, f"{tmp_path / 'mine'} is no directory")


@pytest.mark.parametrize("command", [("lock",), ("verify",), ("status",)])
def test_the_demo_project_works_on(cloud: Cloud, tmp_path: Path, command: tuple[str, ...]) -> None:
    cloud.run("demo", str(tmp_path / "demo"))
    shutil.rmtree(tmp_path / "demo/.cache")
    assert cloud.run("-C", str(tmp_path / "demo"), *command).code == 0
