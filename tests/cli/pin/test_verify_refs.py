"""`pinner verify`: what became of the refs that pins were taken from, each on a repository in which it happened."""

import pytest

from tests.support.cloud import Cloud
from tests.support.findings import codes, told, verify
from tests.support.prepared import Prepared

BASIC = "release: 2025.1\nopenstack: [keystone, nova]\n"
NOVA = "https://opendev.org/openstack/puppet-nova"


@pytest.fixture
def locked(cloud: Cloud, prepared: Prepared) -> Cloud:
    return prepared(cloud, lock_basic)


def lock_basic(cloud: Cloud) -> None:
    cloud.manifest("production", BASIC)
    assert cloud.run("lock").code == 0


def pinned(cloud: Cloud, module: str = "nova") -> str:
    return str(cloud.lock("production")["modules"][module]["commit"])


def test_a_branch_that_was_force_pushed(locked: Cloud) -> None:
    nova = locked.upstream("nova")
    nova.commit("stable/2025.1", version="26.0.1")
    locked.run("update")
    for number in range(3):
        nova.commit("other", version="26.0.0", start="refs/tags/26.0.0" if number == 0 else None)
    nova.move("refs/heads/stable/2025.1", nova.id("refs/heads/other"))
    result = verify(locked)
    assert (result.code, told(result)) == (
        1,
        [
            (
                "error",
                "branch-rewritten",
                "nova",
                (
                    f"module 'nova': 'stable/2025.1' of {NOVA} was rewritten: it no longer contains the pinned commit "
                    f"{pinned(locked)} (commits gone: 2, new: 3)"
                ),
                "compare the two before you accept it with 'pinner update -m nova'",
            )
        ],
    )
    assert locked.run("update").code == 0
    assert told(verify(locked)) == []


def test_a_branch_that_went_back_lacks_the_pinned_commit(cloud: Cloud) -> None:
    nova = cloud.upstream("nova")
    cloud.manifest("production", f'modules:\n  nova: {{git: "{nova.path}", branch: stable/2025.1}}\n')
    assert cloud.run("lock").code == 0
    nova.move("refs/heads/stable/2025.1", nova.id("refs/tags/26.0.0"))
    assert "(commits gone: 1, new: 0)" in told(verify(cloud))[0][3]


def test_a_day_of_a_branch_is_checked_against_the_whole_branch(cloud: Cloud) -> None:
    keystone = cloud.upstream("keystone")
    then = keystone.id("refs/heads/stable/2025.1")
    keystone.commit("stable/2025.1", version="26.0.1")
    day = keystone.git("show", "--no-patch", "--date=format-local:%Y-%m-%d", "--format=%cd", then)
    cloud.manifest("production", f"release: 2025.1\nmodules:\n  keystone: {{as_of: {day}}}\n")
    cloud.run("lock")
    assert (pinned(cloud, "keystone"), told(verify(cloud))) == (then, [])
    keystone.move("refs/heads/stable/2025.1", keystone.id("refs/tags/26.0.0"))
    assert ("older-than-locked", "keystone") in codes(verify(cloud))


def test_a_release_that_became_unmaintained_is_found_there(locked: Cloud) -> None:
    nova = locked.upstream("nova")
    nova.move("refs/heads/unmaintained/2025.1", nova.id("refs/heads/stable/2025.1"))
    nova.commit("unmaintained/2025.1", version="26.0.1")
    nova.delete("refs/heads/stable/2025.1")
    result = verify(locked)
    assert (result.code, told(result)) == (
        0,
        [
            (
                "warning",
                "status-changed",
                "nova",
                (
                    f"module 'nova': release 2025.1 moved in {NOVA}, from 'stable/2025.1' to "
                    "'unmaintained/2025.1' (unmaintained)"
                ),
                "'pinner update -m nova' records the change",
            )
        ],
    )
    locked.run("update", "-m", "nova")
    assert locked.lock("production")["modules"]["nova"]["status"] == "unmaintained"
    assert told(verify(locked)) == []


def test_a_release_that_ended_is_found_at_its_tag(locked: Cloud) -> None:
    nova = locked.upstream("nova")
    nova.tag("2025.1-eol", "refs/heads/stable/2025.1")
    nova.delete("refs/heads/stable/2025.1")
    result = verify(locked)
    assert [row[3] for row in told(result)] == [
        f"module 'nova': release 2025.1 moved in {NOVA}, from 'stable/2025.1' to '2025.1-eol' (end of life)"
    ]


def test_a_lock_without_changes_keeps_the_pin_and_tells_that_the_release_moved_on(locked: Cloud) -> None:
    nova = locked.upstream("nova")
    nova.tag("2025.1-eol", "refs/heads/stable/2025.1")
    nova.delete("refs/heads/stable/2025.1")
    before = locked.lock_path("production").read_bytes()
    result = locked.run("lock", "--format", "json")
    assert (result.code, codes(result)) == (0, [("status-changed", "nova")])
    assert locked.lock_path("production").read_bytes() == before


def test_an_end_of_life_tag_without_the_pinned_commit(locked: Cloud) -> None:
    nova = locked.upstream("nova")
    nova.tag("2025.1-eol", "refs/tags/26.0.0")
    nova.delete("refs/heads/stable/2025.1")
    result = verify(locked)
    assert (result.code, codes(result)) == (1, [("branch-rewritten", "nova"), ("status-changed", "nova")])
    assert told(result)[0][3].startswith(
        f"module 'nova': '2025.1-eol' of {NOVA} was rewritten: it no longer contains the pinned commit "
    )


def test_a_maintained_branch_that_came_back_is_the_first_choice(locked: Cloud) -> None:
    nova = locked.upstream("nova")
    nova.move("refs/heads/unmaintained/2025.1", nova.id("refs/heads/stable/2025.1"))
    nova.delete("refs/heads/stable/2025.1")
    locked.run("update")
    nova.move("refs/heads/stable/2025.1", nova.id("refs/heads/unmaintained/2025.1"))
    assert [row[3].partition(" from ")[2] for row in told(verify(locked))] == [
        "'unmaintained/2025.1' to 'stable/2025.1' (maintained)"
    ]


def test_a_branch_that_went_away_is_told_with_where_its_commits_live(cloud: Cloud) -> None:
    cloud.manifest("production", "modules:\n  nova: {branch: stable/2025.1}\n")
    cloud.run("lock")
    nova = cloud.upstream("nova")
    tip = nova.id("refs/heads/stable/2025.1")
    for branch in ("feature/a", "feature/b", "unmaintained/2025.1"):
        nova.move(f"refs/heads/{branch}", tip)
    nova.tag("2025.1-eol", tip)
    nova.delete("refs/heads/stable/2025.1")
    result = verify(cloud)
    assert (result.code, [row for row in told(result) if row[1] != "dependency-missing"]) == (
        1,
        [
            (
                "error",
                "branch-gone",
                "nova",
                (
                    f"module 'nova': branch 'stable/2025.1' of {NOVA} is gone; its commits are still in "
                    "'unmaintained/2025.1', '2025.1-eol', 'feature/a' and 1 more"
                ),
                f"write 'branch: unmaintained/2025.1', or keep the pinned commit with 'commit: {tip}'",
            )
        ],
    )


def test_a_branch_that_went_away_and_left_only_a_tag(cloud: Cloud) -> None:
    cloud.manifest("production", "modules:\n  keystone: {branch: stable/2025.1}\n")
    cloud.run("lock")
    keystone = cloud.upstream("keystone")
    tip = keystone.tag("2025.1-eol", "refs/heads/stable/2025.1")
    keystone.delete("refs/heads/stable/2025.1")
    assert told(verify(cloud))[0][4] == (
        f"write 'tag: 2025.1-eol', or keep the pinned commit with 'commit: {tip}'"
    )


def test_a_branch_that_went_away_with_all_its_commits(locked: Cloud) -> None:
    locked.upstream("nova").delete("refs/heads/stable/2025.1")
    commit = pinned(locked)
    assert told(verify(locked)) == [
        (
            "error",
            "branch-gone",
            "nova",
            (
                f"module 'nova': branch 'stable/2025.1' of {NOVA} is gone, and no branch and no tag has the pinned "
                f"commit {commit}"
            ),
            f"pin it with 'commit: {commit}' as long as the server has it, or use another branch",
        )
    ]


@pytest.mark.parametrize(
    ("ref", "now"),
    [("heads/unmaintained/2024.1", "branch: unmaintained/2024.1"), ("tags/2024.1-eol", "tag: 2024.1-eol")],
)
def test_a_new_pin_of_a_branch_that_went_away_is_told_where_the_release_went(
    cloud: Cloud, ref: str, now: str
) -> None:
    keystone = cloud.upstream("keystone")
    keystone.move(f"refs/{ref}", keystone.id("refs/heads/stable/2024.1"))
    keystone.delete("refs/heads/stable/2024.1")
    cloud.manifest("production", "modules:\n  keystone: {branch: stable/2024.1}\n")
    result = cloud.run("lock", "--format", "json")
    assert (result.code, told(result)[0][3:]) == (
        2,
        (
            "module 'keystone': no branch 'stable/2024.1' in https://opendev.org/openstack/puppet-keystone",
            f"the release has another ref now: write 'release: 2024.1', which follows it, or '{now}'",
        ),
    )


def test_a_wanted_tag_that_was_deleted(cloud: Cloud) -> None:
    cloud.manifest("production", "modules:\n  keystone: {tag: 26.0.0}\n")
    cloud.run("lock")
    cloud.upstream("keystone").delete("refs/tags/26.0.0")
    mirror = cloud.upstream("keystone").path.with_suffix("")
    assert told(verify(cloud)) == [
        (
            "error",
            "ref-missing",
            "keystone",
            f"module 'keystone': tag '26.0.0', which is locked, is not in the mirror {mirror}, which may be behind",
            "there is '24.0.0'",
        )
    ]


def test_a_tag_that_was_the_newest_of_a_range_and_was_deleted(cloud: Cloud) -> None:
    cloud.manifest("production", 'modules:\n  keystone: {version: ">= 24.0.0"}\n')
    cloud.run("lock")
    cloud.upstream("keystone").delete("refs/tags/26.0.0")
    mirror = cloud.upstream("keystone").path.with_suffix("")
    assert told(verify(cloud)) == [
        (
            "error",
            "ref-missing",
            "keystone",
            f"module 'keystone': tag '26.0.0' is not in the mirror {mirror}; >= 24.0.0 means '24.0.0' there",
            "'pinner update -m keystone --allow-older keystone' pins that",
        )
    ]


def test_a_commit_under_review_that_was_fetched_by_its_id(cloud: Cloud) -> None:
    nova = cloud.upstream("nova")
    nova.git("config", "uploadpack.allowAnySHA1InWant", "true")
    change = nova.commit("change", version="26.0.0", start="refs/heads/stable/2025.1")
    nova.git("update-ref", "refs/changes/34/91234/2", change)
    nova.delete("refs/heads/change")
    cloud.manifest("production", f"modules:\n  nova: {{commit: {change}}}\n")
    result = cloud.run("lock", "--format", "json")
    expected = [
        (
            "warning",
            "commit-unmerged",
            "nova",
            (
                f"module 'nova': no branch and no tag of {NOVA} contains {change}: it is a change under review, or its "
                "branch was rewritten"
            ),
            "give it an 'until' date, and return to a branch or tag once it is merged",
        )
    ]
    assert (result.code, told(result)) == (0, expected)
    assert told(verify(cloud)) == expected
    nova.move("refs/heads/stable/2025.1", change)
    assert told(verify(cloud)) == []


def test_a_commit_behind_a_branch_is_merged(cloud: Cloud) -> None:
    old = cloud.upstream("keystone").id("refs/tags/24.0.0")
    cloud.manifest("production", f"modules:\n  keystone: {{commit: {old}}}\n")
    assert cloud.run("lock").code == 0
    assert told(verify(cloud)) == []


def test_a_commit_that_the_server_dropped(locked: Cloud) -> None:
    path = locked.lock_path("production")
    path.write_text(path.read_text().replace(pinned(locked), "0123456789" * 4))
    mirror = locked.upstream("nova").path.with_suffix("")
    result = verify(locked)
    assert (result.code, told(result)) == (
        1,
        [
            (
                "error",
                "commit-unreachable",
                "nova",
                (
                    "module 'nova': the pinned commit 0123456789012345678901234567890123456789 is not in the mirror "
                    f"{mirror}, which may be behind"
                ),
                (
                    f"bring the mirror {mirror} up to date; 'pinner update -m nova --allow-older nova' goes back to its "
                    "commit"
                ),
            )
        ],
    )


@pytest.mark.parametrize(("key", "name"), [("branch", "deadbeef"), ("tag", "20140513")])
def test_a_ref_named_like_a_commit(cloud: Cloud, key: str, name: str) -> None:
    keystone = cloud.upstream("keystone")
    if key == "branch":
        keystone.move(f"refs/heads/{name}", keystone.id("refs/tags/26.0.0"))
    else:
        keystone.tag(name, "refs/tags/26.0.0")
    cloud.manifest("production", f'modules:\n  keystone: {{{key}: "{name}"}}\n')
    assert told(cloud.run("lock", "--format", "json")) == [
        (
            "warning",
            "ref-like-commit",
            "keystone",
            (
                f"module 'keystone': {key} '{name}' has a name like a commit id: r10k and git read 5 to 40 hex "
                "digits as a commit first"
            ),
            (
                "rename it in https://opendev.org/openstack/puppet-keystone; pinner's Puppetfiles name the "
                "commit and are safe"
            ),
        )
    ]


def test_four_hex_digits_are_no_commit_to_r10k(cloud: Cloud) -> None:
    keystone = cloud.upstream("keystone")
    keystone.move("refs/heads/beef", keystone.id("refs/tags/26.0.0"))
    cloud.manifest("production", "modules:\n  keystone: {branch: beef}\n")
    assert told(cloud.run("lock", "--format", "json")) == []


def test_a_branch_and_a_tag_of_one_name(cloud: Cloud) -> None:
    keystone = cloud.upstream("keystone")
    keystone.move("refs/heads/twice", keystone.id("refs/tags/26.0.0"))
    keystone.tag("twice", "refs/tags/24.0.0")
    cloud.manifest("production", "modules:\n  keystone: {branch: twice}\n")
    cloud.manifest("staging", "modules:\n  keystone: {tag: twice}\n")
    result = cloud.run("lock", "--format", "json")
    url = "https://opendev.org/openstack/puppet-keystone"
    assert result.code == 0
    assert [told(result, name)[0][:4] for name in ("production", "staging")] == [
        (
            "info",
            "ref-ambiguous",
            "keystone",
            f"module 'keystone': {url} has a {other} 'twice' as well: the {kind} is pinned, other tools may use the other one",
        )
        for kind, other in (("branch", "tag"), ("tag", "branch"))
    ]


def test_a_manifest_that_changed_is_stale_and_nothing_else(locked: Cloud) -> None:
    locked.manifest("production", "release: 2024.1\nopenstack: [keystone, nova]\n")
    assert codes(verify(locked)) == [("lock-stale", "keystone"), ("lock-stale", "nova")]


def test_a_changed_want_that_is_not_there_is_told(locked: Cloud) -> None:
    locked.manifest("production", BASIC + "modules:\n  nova: {branch: nothing}\n")
    assert codes(verify(locked)) == [("lock-stale", "nova"), ("ref-missing", "nova")]


def test_a_changed_url_compares_nothing_with_the_old_one(locked: Cloud) -> None:
    locked.upstream("nova", owner="private").commit("stable/2025.1", version="26.0.0")
    fork = "https://git.example.net/puppet-nova"
    locked.manifest("production", BASIC + f'modules:\n  nova: {{git: "{fork}"}}\n')
    assert codes(verify(locked)) == [("lock-stale", "nova")]


def test_a_commit_that_another_repository_has_is_still_absent_from_this_one(cloud: Cloud) -> None:
    first = cloud.upstream("first", owner="private", repository="first")
    second = cloud.upstream("second", owner="private", repository="second")
    first.commit("main", version="1.0.0", name="acme-net")
    base = first.id("refs/heads/main")
    for name in ("one", "two"):
        repository = "{git: 'https://git.example.net/" + ("first" if name == "one" else "second")
        cloud.manifest(name, f"modules:\n  net: {repository}', branch: main}}\n")
    old = first.commit("main", version="1.1.0", name="acme-net")
    assert cloud.run("lock", "one").code == 0
    tip = first.commit("other", version="1.2.0", name="acme-net", start=base)
    first.move("refs/heads/main", tip)
    second.git("fetch", "--quiet", str(first.path), "refs/heads/other:refs/heads/main")
    assert codes(verify(cloud, "one"), "one") == [("branch-rewritten", "net")]
    assert cloud.run("lock", "two").code == 0
    lock = cloud.lock_path("two")
    lock.write_text(lock.read_text().replace(tip, old).replace("1.2.0", "1.1.0"))
    assert ("commit-unreachable", "net") in codes(verify(cloud, "two"), "two")
