"""A second verify reads no object again: what follows from a commit's id is remembered for ever.

Whether a commit that no ref names is in its repository is looked up each time, by one `cat-file` for each repository:
what is remembered of a commit is no proof of that.
"""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.cloud import Cloud
from tests.support.findings import codes, verify

Trace = Callable[[str], list[str]]
REPOSITORIES = 2  # of the pins in `varied`


@pytest.fixture
def trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Trace:
    """Return a function that starts a trace of all git processes, and gives the commands of the one before."""
    monkeypatch.setenv("GIT_TRACE2_EVENT_NESTING", "1")

    def start(name: str) -> list[str]:
        directory = tmp_path / "traces" / name
        directory.mkdir(parents=True)
        monkeypatch.setenv("GIT_TRACE2_EVENT", str(directory))
        before = sorted(path for path in directory.parent.iterdir() if path != directory)
        return _commands(before[-1]) if before else []

    return start


def _commands(directory: Path) -> list[str]:
    events = (json.loads(line) for path in directory.iterdir() for line in path.read_text().splitlines())
    # what git starts for itself (to look over what it fetched) has its parent's id before a slash
    return sorted(
        event["name"] for event in events if event["event"] == "cmd_name" and "/" not in event["sid"]
    )


@pytest.fixture
def varied(cloud: Cloud) -> Cloud:
    """Pins at a tip, behind a branch, at a tag, at a commit that nothing reaches, and on a rewritten branch."""
    nova, keystone = cloud.upstream("nova"), cloud.upstream("keystone")
    nova.git("config", "uploadpack.allowAnySHA1InWant", "true")
    change = nova.commit("change", version="26.0.0", start="refs/heads/stable/2025.1")
    nova.delete("refs/heads/change")
    old = keystone.id("refs/tags/24.0.0")
    cloud.manifest("tip", "release: 2025.1\nopenstack: [keystone]\n")
    cloud.manifest("behind", "release: 2024.1\nopenstack: [keystone, nova]\n")
    cloud.manifest("rewritten", "release: 2025.1\nopenstack: [nova]\ndependencies: {ignore: [keystone]}\n")
    cloud.manifest(
        "unmerged", f"modules:\n  nova: {{commit: {change}}}\ndependencies: {{ignore: [keystone]}}\n"
    )
    cloud.manifest("merged", f"modules:\n  keystone: {{commit: {old}}}\n")
    cloud.manifest("tagged", "modules:\n  keystone: {tag: 26.0.0}\n")
    assert cloud.run("lock").code == 0
    keystone.commit("stable/2024.1", version="24.0.1")
    nova.move("refs/heads/stable/2025.1", nova.commit("other", version="26.0.0", start="refs/tags/26.0.0"))
    return cloud


def test_a_second_verify_reads_nothing_again(varied: Cloud, trace: Trace) -> None:
    trace("1-first")
    first = verify(varied)
    found = trace("2-second")
    second = verify(varied)
    again = trace("3-over")
    assert "cat-file" in found
    assert again.count("cat-file") <= REPOSITORIES
    assert set(again) & {"ls-tree", "rev-list", "for-each-ref", "log", "merge-base"} == set()
    assert (second.code, second.out) == (first.code, first.out)
    assert codes(second, "rewritten") == [("branch-rewritten", "nova")]
    assert codes(second, "unmerged") == [("commit-unmerged", "nova")]


def test_a_second_lock_reads_nothing_again_either(varied: Cloud, trace: Trace) -> None:
    varied.run("lock")
    trace("1-lock")
    varied.run("lock")
    again = trace("2-over")
    assert again.count("cat-file") <= REPOSITORIES
    assert set(again) & {"ls-tree", "rev-list", "for-each-ref", "log"} == set()


def test_a_commit_upstream_is_looked_at_and_the_rest_is_not(varied: Cloud, trace: Trace) -> None:
    verify(varied)
    varied.upstream("keystone").commit("stable/2024.1", version="24.0.2")
    trace("1-verify")
    verify(varied)
    # the fetch looks at what kind of objects the new refs name, and each repository is searched for commits that no ref
    # names; then one pin is compared with one branch
    assert trace("2-over") == [*["cat-file"] * 3, "fetch", "fetch", "pack-refs", "rev-list"]
