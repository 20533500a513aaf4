"""Tags that moved: the locks in the project's git history are a log of what each tag meant."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.support.cloud import NO_CONFIG, Cloud
from tests.support.findings import codes, told, verify
from tests.support.project_history import commit, git

TAGGED = "modules:\n  keystone: {tag: 26.0.0}\n"
URL = "https://opendev.org/openstack/puppet-keystone"


def move(cloud: Cloud) -> tuple[str, str]:
    """Move the tag 26.0.0 of keystone and return the commit it named and the one it names now."""
    keystone = cloud.upstream("keystone")
    before = keystone.id("refs/tags/26.0.0")
    return before, keystone.tag("26.0.0", "refs/heads/stable/2025.1")


def pinned(cloud: Cloud, environment: str = "production") -> str:
    return str(cloud.lock(environment)["modules"]["keystone"]["commit"])


@pytest.fixture
def tagged(cloud: Cloud) -> Cloud:
    """A project in git whose lock holds keystone at a tag, committed."""
    git(cloud, "init", "--quiet", "--initial-branch=main")
    cloud.manifest("production", TAGGED)
    assert cloud.run("lock").code == 0
    commit(cloud, "lock")
    return cloud


@pytest.fixture
def forgotten(tagged: Cloud) -> Cloud:
    """The same after the pin was dropped, the tag moved, and the manifest took it up again."""
    tagged.manifest("production", "modules:\n  keystone: {branch: stable/2025.1}\n")
    tagged.run("lock")
    commit(tagged, "follow the branch")
    move(tagged)
    tagged.manifest("production", TAGGED)
    return tagged


def test_a_tag_that_moved_since_it_was_pinned(cloud: Cloud) -> None:
    cloud.manifest("production", TAGGED)
    cloud.run("lock")
    before, after = move(cloud)
    expected = [
        (
            "error",
            "tag-moved",
            "keystone",
            f"module 'keystone': tag '26.0.0' of {URL} moved: pinned is {before}, it now names {after}",
            (
                "find out who moved it and why, then accept it with 'pinner update -m keystone --accept-moved "
                f"keystone'; or keep the pinned commit with 'commit: {before}'"
            ),
        )
    ]
    result = verify(cloud)
    assert (result.code, told(result)) == (1, expected)
    result = cloud.run("lock", "--format", "json")
    assert (result.code, told(result), pinned(cloud)) == (1, expected, before)


def test_update_does_not_take_a_moved_tag_over_by_itself(cloud: Cloud) -> None:
    cloud.manifest("production", TAGGED)
    cloud.run("lock")
    before, after = move(cloud)
    result = cloud.run("update", "--format", "json")
    assert (result.code, told(result), pinned(cloud)) == (
        1,
        [
            (
                "error",
                "tag-moved",
                "keystone",
                (
                    f"module 'keystone': tag '26.0.0' of {URL} moved: in an earlier lock of this project it names {before}, it "
                    f"now names {after}"
                ),
                (
                    "find out who moved it and why, then accept it with 'pinner update -m keystone --accept-moved "
                    f"keystone'; or go back with 'commit: {before}'"
                ),
            )
        ],
        before,
    )


@pytest.mark.parametrize("command", [("lock",), ("update",), ("update", "-m", "keystone")])
def test_accepting_takes_the_tag_over_and_writes_that_into_the_lock(
    tagged: Cloud, command: tuple[str, ...]
) -> None:
    before, after = move(tagged)
    result = tagged.run(*command, "--accept-moved", "keystone")
    assert (result.code, pinned(tagged)) == (0, after)
    assert tagged.lock("production")["modules"]["keystone"]["moved_from"] == [before]
    assert (verify(tagged).code, tagged.run("lock", "--check").code) == (0, 0)
    commit(tagged, "accept")
    written = tagged.lock_path("production").read_bytes()
    assert [tagged.run(*again).code for again in (("lock",), ("update",), ("verify",))] == [0, 0, 0]
    assert tagged.lock_path("production").read_bytes() == written


def test_accepting_on_verify_is_for_that_run(tagged: Cloud) -> None:
    move(tagged)
    assert codes(verify(tagged, "--accept-moved", "keystone")) == []
    assert codes(verify(tagged)) == [("tag-moved", "keystone")]


def test_accepting_moves_nothing_but_tags(cloud: Cloud) -> None:
    cloud.manifest("production", "modules:\n  keystone: {branch: stable/2025.1}\n")
    cloud.run("lock")
    before = pinned(cloud)
    cloud.upstream("keystone").commit("stable/2025.1", version="26.0.1")
    assert (cloud.run("lock", "--accept-moved", "keystone").code, pinned(cloud)) == (0, before)


def test_accepting_a_module_that_is_not_there_is_wrong_input(tagged: Cloud) -> None:
    for command in ("lock", "update", "verify"):
        result = tagged.run(command, "--accept-moved", "keystnoe")
        assert (result.code, result.err) == (
            2,
            "no environment has a module 'keystnoe'\n  hint: did you mean 'keystone'?\n",
        )


def test_a_second_move_is_told_again(tagged: Cloud) -> None:
    _, second = move(tagged)
    tagged.run("lock", "--accept-moved", "keystone")
    keystone = tagged.upstream("keystone")
    third = keystone.commit("stable/2025.1", version="26.0.1")
    keystone.tag("26.0.0", third)
    assert f"pinned is {second}, it now names {third}" in told(verify(tagged))[0][3]


def test_a_tag_that_meant_something_else_in_any_earlier_lock(forgotten: Cloud) -> None:
    before = forgotten.upstream("keystone").id("refs/tags/24.0.0")
    result = forgotten.run("lock", "--format", "json")
    assert (result.code, codes(result)) == (1, [("tag-moved", "keystone")])
    assert "in an earlier lock of this project it names " in told(result)[0][3]
    assert before not in told(result)[0][3]
    assert forgotten.run("lock", "--accept-moved", "keystone").code == 0
    assert codes(verify(forgotten)) == []


def test_verify_knows_it_too_when_a_lock_was_written_without_the_history(forgotten: Cloud) -> None:
    aside = forgotten.root / "aside"
    (forgotten.project / ".git").rename(aside)
    assert forgotten.run("lock").code == 0
    assert codes(verify(forgotten)) == []
    aside.rename(forgotten.project / ".git")
    commit(forgotten, "a lock of a machine without the history")
    assert codes(verify(forgotten)) == [("tag-moved", "keystone")]


def test_another_environment_remembers(tagged: Cloud) -> None:
    before, after = move(tagged)
    tagged.manifest("staging", TAGGED)
    result = tagged.run("lock", "staging", "--format", "json")
    assert codes(result, "staging") == [("tag-moved", "keystone")]
    tagged.run("lock", "staging", "--accept-moved", "keystone")
    assert (pinned(tagged), pinned(tagged, "staging")) == (before, after)
    result = verify(tagged)
    assert (codes(result), codes(result, "staging")) == ([("tag-moved", "keystone")], [])


def test_a_lock_on_disk_counts_before_it_is_committed(cloud: Cloud) -> None:
    cloud.manifest("production", TAGGED)
    cloud.run("lock")
    move(cloud)
    cloud.manifest("staging", TAGGED)
    result = cloud.run("lock", "--format", "json")
    assert codes(result, "staging") == [("tag-moved", "keystone")]


def test_the_tag_of_a_version_range(tagged: Cloud) -> None:
    tagged.manifest("production", 'modules:\n  keystone: {version: ">= 26.0.0"}\n')
    tagged.run("lock")
    before, after = move(tagged)
    assert [row[:4] for row in told(verify(tagged))] == [
        (
            "error",
            "tag-moved",
            "keystone",
            f"module 'keystone': tag '26.0.0' of {URL} moved: pinned is {before}, it now names {after}",
        )
    ]


def test_the_tag_of_a_release_that_ended(cloud: Cloud) -> None:
    keystone = cloud.upstream("keystone")
    keystone.tag("2024.1-eol", "refs/heads/stable/2024.1")
    keystone.delete("refs/heads/stable/2024.1")
    cloud.manifest(
        "production", "release: 2024.1\nopenstack: [keystone]\nfindings: {ignore: [end-of-life]}\n"
    )
    cloud.run("lock")
    keystone.tag("2024.1-eol", "refs/tags/24.0.0")
    assert codes(verify(cloud)) == [("tag-moved", "keystone")]


def test_a_day_of_a_release_that_ended_is_no_meaning_of_its_tag(cloud: Cloud) -> None:
    keystone = cloud.upstream("keystone")
    then = keystone.id("refs/heads/stable/2024.1")
    keystone.commit("stable/2024.1", version="24.0.1")
    keystone.tag("2024.1-eol", "refs/heads/stable/2024.1")
    keystone.delete("refs/heads/stable/2024.1")
    day = keystone.git("show", "--no-patch", "--date=format-local:%Y-%m-%d", "--format=%cd", then)
    head = "release: 2024.1\nfindings: {ignore: [end-of-life]}\n"
    cloud.manifest("production", f"{head}modules:\n  keystone: {{as_of: {day}}}\n")
    cloud.manifest("staging", f"{head}openstack: [keystone]\n")
    cloud.run("lock")
    assert pinned(cloud) == then
    result = verify(cloud)
    assert (codes(result), codes(result, "staging")) == ([], [])


def test_one_repository_under_two_of_its_addresses(cloud: Cloud) -> None:
    old = "https://github.com/openstack/puppet-keystone"
    git(cloud, "init", "--quiet")
    cloud.manifest("production", f'modules:\n  keystone: {{git: "{old}", tag: 26.0.0}}\n')
    cloud.run("lock")
    commit(cloud, "from the old address")
    move(cloud)
    cloud.manifest("production", TAGGED)
    assert codes(cloud.run("lock", "--format", "json")) == [("tag-moved", "keystone")]


def test_a_fork_has_tags_of_its_own(cloud: Cloud) -> None:
    git(cloud, "init", "--quiet")
    cloud.manifest("production", TAGGED)
    cloud.run("lock")
    commit(cloud, "upstream's")
    fork = cloud.upstream("keystone", owner="private")
    fork.commit("main", version="26.0.0")
    fork.tag("26.0.0", "refs/heads/main")
    cloud.manifest(
        "production", 'modules:\n  keystone: {git: "https://git.example.net/puppet-keystone", tag: 26.0.0}\n'
    )
    assert codes(cloud.run("lock", "--format", "json")) == []


def test_locks_that_cannot_be_read_any_more_say_nothing(tagged: Cloud) -> None:
    whole = tagged.lock_path("production").read_text()
    for text in ("<<<<<<< HEAD\n", '{"pinner_lock": 99}', "", whole):
        tagged.lock_path("production").write_text(text)
        commit(tagged, "odd")
    assert codes(verify(tagged)) == []


def test_a_shallow_clone_says_that_its_log_is_short(tagged: Cloud, tmp_path: Path) -> None:
    commit_twice = tagged.lock_path("production").read_text()
    tagged.lock_path("production").write_text(commit_twice + "\n")
    commit(tagged, "a blank line")
    origin = tmp_path / "origin"
    tagged.project.rename(origin)
    subprocess.run(
        ["git", "clone", "--quiet", "--depth=1", origin.as_uri(), str(tagged.project)],
        check=True,
        env={**os.environ, **NO_CONFIG},
    )
    result = verify(tagged)
    assert (result.code, told(result)) == (
        0,
        [
            (
                "info",
                "history-incomplete",
                None,
                "this clone of the project is shallow: tags are compared only with the locks that can be read",
                "fetch the whole history (in CI: 'fetch-depth: 0'), or see what 'git log' reports here",
            )
        ],
    )


def test_a_history_that_git_cannot_read_is_told_and_stops_nothing(tagged: Cloud) -> None:
    (tagged.project / ".git" / "config").write_text("[core\n")
    result = verify(tagged)
    assert (result.code, codes(result)) == (0, [("history-incomplete", None)])
    assert told(result)[0][3].startswith("git cannot read the project's history: bad config line 1")


def test_a_gap_in_the_history_is_told_once(tagged: Cloud) -> None:
    for name in ("another", "staging"):
        tagged.manifest(name, TAGGED)
    tagged.run("lock")
    (tagged.project / ".git" / "config").write_text("[core\n")
    result = verify(tagged)
    told_by = {name: codes(result, name) for name in ("another", "production", "staging")}
    assert told_by == {"another": [("history-incomplete", None)], "production": [], "staging": []}


def test_without_tags_the_history_does_not_matter(tagged: Cloud) -> None:
    tagged.manifest("production", "modules:\n  keystone: {branch: stable/2025.1}\n")
    (tagged.project / ".git" / "config").write_text("[core\n")
    assert codes(tagged.run("lock", "--format", "json")) == []
