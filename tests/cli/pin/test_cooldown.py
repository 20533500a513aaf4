"""`cooldown`: update waits until commits and tags are some days old, but not with security fixes of the release notes."""

from collections.abc import Mapping

import pytest

from tests.support.cloud import DAY, START, Cloud
from tests.support.today import NOON

BRANCH = "stable/2025.1"
SECURITY = {"releasenotes/notes/a.yaml": "---\nsecurity:\n  - Fixes CVE-2024-1234.\n"}


def commit_days_ago(
    cloud: Cloud,
    days: int,
    *,
    module: str = "nova",
    version: str = "26.0.1",
    files: Mapping[str, str] | None = None,
) -> str:
    """Add a commit whose committer's date is about that many days ago, and return its id."""
    upstream = cloud.upstream(module)
    upstream.days = (int(NOON.timestamp()) - days * DAY - START) // DAY - 1
    return upstream.commit(BRANCH, version=version, files=files)


def pinned(cloud: Cloud, module: str = "nova") -> str:
    commit = cloud.lock("production")["modules"][module]["commit"]
    assert isinstance(commit, str)
    return commit


@pytest.fixture
def cooling(cloud: Cloud) -> Cloud:
    """production, locked at commits of 30 days ago."""
    for module in ("keystone", "nova"):
        commit_days_ago(cloud, 30, module=module, version="26.0.0")
    cloud.manifest("production", "release: 2025.1\nopenstack: [keystone, nova]\ncooldown: 7\n")
    assert cloud.run("lock").code == 0
    return cloud


def test_update_takes_the_newest_commit_that_is_old_enough(cooling: Cloud) -> None:
    old = commit_days_ago(cooling, 10)
    young = commit_days_ago(cooling, 2)
    shown = cooling.run("update")
    assert (shown.code, pinned(cooling)) == (0, old)
    note = f"module 'nova': {young[:12]} ({BRANCH}) waits for the cooldown of 7 days: the pin moves to {old[:12]} [cooldown]"
    assert note in shown.out


def test_a_pin_stays_while_all_that_is_newer_is_young(cooling: Cloud) -> None:
    before = pinned(cooling)
    commit_days_ago(cooling, 3)
    shown = cooling.run("update", "-m", "nova")
    assert (shown.code, pinned(cooling)) == (0, before)
    assert "the pin stays [cooldown]" in shown.out
    assert cooling.run("lock", "--check").code == 0


def test_what_is_locked_already_never_goes_back(cloud: Cloud) -> None:
    young = commit_days_ago(cloud, 1)
    cloud.manifest("production", "release: 2025.1\nopenstack: [nova]\ncooldown: 7\n")
    cloud.run("lock")
    assert pinned(cloud) == young
    commit_days_ago(cloud, 0)
    cloud.run("update")
    assert pinned(cloud) == young


def test_a_module_has_a_cooldown_of_its_own(cooling: Cloud) -> None:
    cooling.manifest(
        "production",
        "release: 2025.1\nopenstack: [keystone]\nmodules: {nova: {cooldown: 0}}\ncooldown: 7\n",
    )
    before = pinned(cooling, "keystone")
    young = {module: commit_days_ago(cooling, 2, module=module) for module in ("keystone", "nova")}
    cooling.run("update")
    assert (pinned(cooling), pinned(cooling, "keystone")) == (young["nova"], before)


def test_a_security_fix_that_the_release_notes_name_does_not_wait(cooling: Cloud) -> None:
    young = commit_days_ago(cooling, 1, files=SECURITY)
    shown = cooling.run("update")
    assert pinned(cooling) == young
    assert "its release notes name a security fix" in shown.out


def test_a_security_note_that_the_pin_has_already_lifts_nothing(cooling: Cloud) -> None:
    old = commit_days_ago(cooling, 9, files=SECURITY)
    cooling.run("update")
    assert pinned(cooling) == old
    commit_days_ago(cooling, 1, files=SECURITY)
    cooling.run("update")
    assert pinned(cooling) == old


def test_a_tag_counts_from_the_day_of_the_tagger(cloud: Cloud) -> None:
    nova = cloud.upstream("nova")
    commit_days_ago(cloud, 40, version="26.0.1")
    nova.tag("26.0.1", f"refs/heads/{BRANCH}", is_annotated=False)
    cloud.manifest("production", "modules: {nova: {version: '>= 26.0.1 < 27.0.0', cooldown: 7}}\n")
    assert cloud.run("lock").code == 0
    before = pinned(cloud)
    commit_days_ago(cloud, 30, version="26.0.2")
    nova.tag("26.0.2", f"refs/heads/{BRANCH}")  # tagged now
    cloud.run("update")
    assert pinned(cloud) == before
    commit = commit_days_ago(cloud, 20, version="26.0.3")
    nova.tag("26.0.3", f"refs/heads/{BRANCH}", is_annotated=False)
    cloud.run("update")
    assert pinned(cloud) == commit


def test_a_dry_run_is_kept_from_the_same_commits(cooling: Cloud) -> None:
    commit_days_ago(cooling, 2)
    assert cooling.run("update", "--dry-run", "--exit-code").code == 0


@pytest.mark.parametrize("value", ["-1", "1.5", "soon", "366"])
def test_a_wrong_number_is_refused_with_its_place(cloud: Cloud, value: str) -> None:
    cloud.manifest("production", f"release: 2025.1\nopenstack: [nova]\ncooldown: {value}\n")
    shown = cloud.run("lock")
    assert (shown.code, "production.yaml:3:11: cooldown: must be a whole number of days" in shown.err) == (
        2,
        True,
    )
