"""Modules whose commits are made to do harm: names that git refuses, trees without end, files of a gigabyte."""

import json
import subprocess
import sys

import pytest

from tests.support.cloud import Cloud
from tests.support.findings import codes
from tests.support.hostile_trees import FILE, FOLDER, HostileRepository

PRODUCTION = (
    "modules:\n  nova: {git: 'https://opendev.org/openstack/puppet-nova', branch: stable/2025.1}\n"
    "findings: {ignore: [dependency-missing]}\n"
)


@pytest.fixture
def hostile(cloud: Cloud) -> HostileRepository:
    """The upstream of nova, of which `production` has a lock already."""
    cloud.manifest("production", PRODUCTION)
    assert cloud.run("lock").code == 0
    return HostileRepository(cloud.upstream("nova").path)


def spoil(cloud: Cloud, hostile: HostileRepository, name: bytes, of: str, mode: str = FOLDER) -> str:
    """Commit to the branch a tree that has one entry more."""
    upstream = cloud.upstream("nova")
    metadata = upstream.git("rev-parse", "refs/heads/stable/2025.1:metadata.json")
    rows = sorted([(mode, name, of), (FILE, b"metadata.json", metadata)], key=lambda row: row[1])
    parent = upstream.id("refs/heads/stable/2025.1")
    return hostile.commit(hostile.tree(rows), ref="refs/heads/stable/2025.1", parent=parent)


def bomb(hostile: HostileRepository) -> str:
    tree, mode = hostile.blob(b"class nova::x { }\n"), FILE
    for _ in range(9):
        tree, mode = hostile.tree([(mode, b"d%d" % number, tree) for number in range(10)]), FOLDER
    return tree


@pytest.mark.parametrize("name", [b"..", b".GIT", b"git~1"])
def test_a_commit_that_git_would_not_check_out_is_not_locked(
    cloud: Cloud, hostile: HostileRepository, name: bytes
) -> None:
    before = cloud.lock_path("production").read_bytes()
    inner = hostile.tree([(FILE, b"config", hostile.blob(b"[core]\n"))])
    commit = spoil(cloud, hostile, b"manifests", hostile.tree([(FOLDER, name, inner)]))
    result = cloud.run("update", "--format", "json")
    assert (result.code, codes(result)) == (1, [("unsafe-tree", "nova")])
    assert cloud.lock_path("production").read_bytes() == before
    assert f"commit {commit} of https://opendev.org/openstack/puppet-nova" in result.out


def test_verify_reports_one_that_an_older_pinner_locked(cloud: Cloud, hostile: HostileRepository) -> None:
    commit = spoil(cloud, hostile, b"manifests", hostile.tree([(FOLDER, b"..", bomb(hostile))]))
    lock = cloud.lock_path("production")
    data = json.loads(lock.read_text())
    data["modules"]["nova"]["commit"] = commit
    lock.write_text(json.dumps(data))
    result = cloud.run("verify", "--format", "json")
    assert (result.code, ("unsafe-tree", "nova") in codes(result)) == (1, True)


def test_a_locked_tree_without_end_ends_every_command(
    cloud: Cloud, hostile: HostileRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud.manifest("staging", PRODUCTION.replace("[dependency-missing]", "[dependency-missing, unsafe-tree]"))
    commit = spoil(cloud, hostile, b"manifests", bomb(hostile))
    assert cloud.run("lock", "staging").code == 0
    assert cloud.lock("staging")["modules"]["nova"]["commit"] == commit
    monkeypatch.setenv("TMPDIR", str(cloud.root))
    for command in (
        ("diff", "production", "staging"),
        ("diff", "production", "staging", "--details"),
        ("bisect", "production", "staging", "--deploy", "--", "true"),
        ("api", "nova", commit),
        ("audit", "staging", "--hiera", "data"),
    ):
        (cloud.project / "data").mkdir(exist_ok=True)
        (cloud.project / "data/common.yaml").write_text("nova::enabled: true\n")
        result = cloud.run(*command)
        assert result.code <= 3, (command, result)
        if result.code == 3:
            assert commit in result.err, (command, result)
            assert "puppet-nova" in result.err, (command, result)


def test_a_metadata_file_larger_than_git_holds_in_memory_is_not_read(
    cloud: Cloud, hostile: HostileRepository
) -> None:
    sparse = cloud.root / "sparse"
    with sparse.open("wb") as file:
        file.truncate(HUGE)
    plain = ["-c", "core.bigFileThreshold=1m", "-c", "core.compression=1"]
    huge = cloud.upstream("nova").git(*plain, "hash-object", "-w", str(sparse))
    hostile.commit(hostile.tree([(FILE, b"metadata.json", huge)]), ref="refs/heads/huge")
    cloud.manifest("production", PRODUCTION.replace("stable/2025.1", "huge"))
    measured = subprocess.run(
        [sys.executable, "-c", MEASURED, "lock", "--format", "json"],
        cwd=cloud.project,
        capture_output=True,
        text=True,
        check=False,
    )
    kilobytes, code = measured.stderr.split()[-2:]
    assert (int(kilobytes) * 1024 < HUGE, code) == (True, "0"), measured
    assert "metadata.json is larger than 4 MiB and was not read" in measured.stdout


HUGE = 600 * 1024 * 1024  # above git's core.bigFileThreshold of 512 MiB
MEASURED = """
import resource, sys
from pinner.cli.main import run
code = run(sys.argv[1:])
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, code, file=sys.stderr)
"""
