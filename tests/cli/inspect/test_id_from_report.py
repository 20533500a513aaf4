"""`pinner id --from-report`: which lock an agent's catalog came from, now or in the project's git history."""

import json
from pathlib import Path

import pytest

from tests.support.cloud import Cloud
from tests.support.prepared import Prepared
from tests.support.repositories import run_git

WHEN = "2024-01-01T00:00:00+00:00"
ZERO = "pin-000000000000"


def report(cloud: Cloud, version: str, environment: str = "production", *, more: str = "") -> str:
    """Write a report as Puppet stores it, and return its path."""
    path = cloud.root / "report.yaml"
    path.write_text(
        "--- !ruby/object:Puppet::Transaction::Report\n"
        "host: node1.example.net\n"
        "time: '2026-11-23T05:06:23.567742030+00:00'\n"
        f"configuration_version: {version}\n"
        "transaction_uuid: 14d5f5c9-722e-4d9d-9e23-8426a25129ea\n"
        "report_format: 12\n"
        f"environment: {environment}\n"
        "logs:\n"
        "- !ruby/object:Puppet::Util::Log\n"
        "  level: !ruby/sym notice\n"
        "  tags: &1 !ruby/object:Puppet::Util::TagSet\n"
        "    hash:\n      notice: true\n"
        "- *1\n"
        "resource_statuses:\n"
        "  configuration_version: not this one\n" + more
    )
    return str(path)


def commit(cloud: Cloud, message: str) -> str:
    """Commit the project as it is, and return the commit's id."""
    where = ("-C", str(cloud.project), "-c", "user.name=T", "-c", "user.email=t@example.org")
    run_git(*where, "add", "--all")
    run_git(*where, "commit", "--quiet", "--message", message)
    return run_git(*where, "rev-parse", "HEAD").strip()


def lock_id(cloud: Cloud, environment: str = "production") -> str:
    return cloud.run("id", environment).out.split()[1]


def lock_in_git(cloud: Cloud) -> None:
    run_git("init", "--quiet", "--initial-branch=main", str(cloud.project))
    cloud.manifest("production", "release: 2025.1\nopenstack: [keystone, nova]\n")
    cloud.manifest("staging", "release: 2024.1\nopenstack: [keystone, nova]\n")
    assert cloud.run("lock").code == 0


@pytest.fixture
def locked(cloud: Cloud, prepared: Prepared) -> Cloud:
    """Two environments, in git."""
    return prepared(cloud, lock_in_git)


@pytest.fixture
def moved(locked: Cloud) -> tuple[Cloud, str, str]:
    """The project after production moved, the commit that held its first lock, and the id of that lock."""
    commit_id, old = commit(locked, "lock"), lock_id(locked)
    locked.upstream("nova").commit("stable/2025.1", version="26.0.1")
    assert locked.run("update", "production").code == 0
    commit(locked, "update")
    return locked, commit_id, old


def test_the_lock_as_it_is_now(locked: Cloud) -> None:
    current = lock_id(locked)
    result = locked.run("id", "--from-report", report(locked, current))
    assert (result.code, result.out) == (0, f"production: {current} is its current lock\n")


def test_a_lock_of_the_history_with_its_commit_and_day(moved: tuple[Cloud, str, str]) -> None:
    cloud, commit_id, old = moved
    result = cloud.run("id", "--from-report", report(cloud, old))
    where = f"commit {commit_id[:12]} of 2024-01-01 00:00 UTC"
    expected = f"production: {old} is its lock from {where}; the current lock is {lock_id(cloud)}\n"
    assert (result.code, result.out) == (0, expected)
    told = cloud.run("id", "--format", "json", "--from-report", report(cloud, old)).json
    assert told["locks"] == [{"environment": "production", "commit": commit_id, "committed_at": WHEN}]
    assert (told["current"], told["gap"]) == (lock_id(cloud), None)


def test_of_several_commits_with_that_lock_the_newest_counts(moved: tuple[Cloud, str, str]) -> None:
    cloud, first, old = moved
    run_git("-C", str(cloud.project), "checkout", "--quiet", first, "--", "environments")
    again = commit(cloud, "back")
    assert cloud.run("update", "production").code == 0
    commit(cloud, "and forth")
    assert f"from commit {again[:12]} of" in cloud.run("id", "--from-report", report(cloud, old)).out


def test_an_environment_that_the_project_no_longer_has(moved: tuple[Cloud, str, str]) -> None:
    cloud, commit_id, old = moved
    cloud.manifest("production", "").unlink()
    cloud.lock_path("production").unlink()
    commit(cloud, "gone")
    result = cloud.run("id", "--from-report", report(cloud, old))
    assert (
        f"its lock from commit {commit_id[:12]} of 2024-01-01 00:00 UTC; there is no lock now" in result.out
    )


def test_the_lock_of_another_environment(locked: Cloud) -> None:
    current = lock_id(locked)
    result = locked.run("id", "--from-report", report(locked, current, "staging"))
    assert (result.code, result.out) == (0, f"staging: {current} is the current lock of production\n")


def test_an_id_that_no_lock_has(locked: Cloud) -> None:
    commit(locked, "lock")
    result = locked.run("id", "--from-report", report(locked, ZERO))
    assert (result.code, result.out) == (
        1,
        f"production: {ZERO} is not a lock of this project, now or in its git history\n",
    )


def test_a_lock_that_cannot_be_read_is_passed_over(moved: tuple[Cloud, str, str]) -> None:
    cloud, commit_id, old = moved
    path = cloud.lock_path("production")
    good = path.read_text()
    path.write_text(f"<<<<<<< ours\n{good}")
    commit(cloud, "half merged")
    path.write_text(good)
    assert f"from commit {commit_id[:12]} of" in cloud.run("id", "--from-report", report(cloud, old)).out


def test_what_could_not_be_looked_through_is_told(cloud: Cloud) -> None:
    cloud.manifest("production", "release: 2025.1\nopenstack: [nova]\n")
    cloud.run("lock")
    result = cloud.run("id", "--from-report", report(cloud, ZERO))
    assert (result.code, result.out) == (
        1,
        f"production: {ZERO} is not a lock of this project, as far as could be searched: the project is not in a git repository\n",
    )


@pytest.mark.parametrize("version", ["1764000000", "'main@0123abc'"])
def test_a_version_of_somebody_else_is_no_lock(locked: Cloud, version: str) -> None:
    result = locked.run("id", "--from-report", report(locked, version))
    assert (result.code, f"{version.strip(chr(39))} is not a lock of this project" in result.out) == (1, True)


@pytest.mark.parametrize("version", ["", "~", "''"])
def test_a_run_without_a_catalog(locked: Cloud, version: str) -> None:
    result = locked.run("id", "--from-report", report(locked, version))
    assert (result.code, result.out) == (
        1,
        "production: no configuration version: no catalog was compiled, or none is configured\n",
    )


def test_reports_and_catalogs_in_json(locked: Cloud) -> None:
    current = lock_id(locked)
    path = locked.root / "x.json"
    catalog = {"name": "node1", "version": current, "environment": "production", "resources": []}
    for document in (
        {"host": "node1", "configuration_version": current, "environment": "production", "report_format": 12},
        catalog,
        {"catalog": catalog},
        {"document_type": "Catalog", "data": catalog},
    ):
        path.write_text(json.dumps(document))
        assert (
            locked.run("id", "--from-report", str(path)).out == f"production: {current} is its current lock\n"
        )
    path.write_text(f"\x1b[mNotice: Compiled catalog for node1\x1b[0m\n{json.dumps(catalog)}")
    assert locked.run("id", "--from-report", str(path)).code == 0


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"a: 1\n",
        b"- 1\n",
        b"- configuration_version: x\n",
        b"x\n",
        b"{}",
        b"{",
        b"[{}]",
        b'{"version": 1}',
        b"a: [",
        b"\xff\xfe\x00",
        b"a:\n  configuration_version: x\n",
        b"{" * 100_000,
        b"{[" * 50_000,
        b"[" * 20_000,
    ],
)
def test_a_file_that_is_no_report_is_wrong_input(locked: Cloud, content: bytes) -> None:
    path = locked.root / "x"
    path.write_bytes(content)
    result = locked.run("id", "--from-report", str(path))
    assert (result.code, result.err.splitlines()[0]) == (2, f"{path}: this is not a Puppet report or catalog")


def test_what_stands_behind_the_fields_is_not_even_read(locked: Cloud) -> None:
    current = lock_id(locked)
    path = report(locked, current, more="}}} no YAML any more {{{\n")
    assert locked.run("id", "--from-report", path).code == 0


def test_nothing_in_a_report_is_obeyed_by_a_terminal(locked: Cloud) -> None:
    result = locked.run("id", "--from-report", report(locked, '"\\e[31mred"', '"\\e]0;title\\a"'))
    assert (result.code, "\x1b" in result.out) == (1, False)


def test_a_report_cannot_add_a_line_of_its_own(locked: Cloud) -> None:
    path = report(locked, r'"x\nproduction: pin-1 is its lock"', r'"a\nb"')
    [line] = locked.run("id", "--from-report", path).out.splitlines()
    assert line.startswith("a b: x production: pin-1 is its lock is not a lock of this project, ")


def test_a_report_names_its_own_environment(locked: Cloud, tmp_path: Path) -> None:
    result = locked.run("id", "production", "--from-report", report(locked, ZERO))
    assert (result.code, result.err) == (
        2,
        "--from-report takes no environment: the report contains it\n",
    )
    assert locked.run("id", "--from-report", str(tmp_path / "nothing")).code == 2
