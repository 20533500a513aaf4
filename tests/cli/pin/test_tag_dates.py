"""`as_of` with `version`: a tag counts from the day it was made; one without a date counts from its commit's, and says so."""

import pytest

from tests.support.cloud import DAY, START, WHO, Cloud
from tests.support.findings import codes, told

STARTED = "2023-11-14"  # the day of START in UTC


def release(cloud: Cloud, version: str, *, days: int) -> str:
    """Commit a release now and tag it `days` after START."""
    nova = cloud.upstream("nova")
    commit = nova.commit("master", version=version)
    when = START + days * DAY
    text = f"tag v{version}\nfrom {commit}\ntagger {WHO} {when} +0000\ndata 8\nRelease\n"
    nova.git("fast-import", "--quiet", "--force", given=text)
    return commit


def ask(cloud: Cloud, day: str) -> None:
    cloud.manifest("production", f'modules:\n  nova: {{version: ">= 90.0.0", as_of: {day}}}\n')


def locked(cloud: Cloud) -> str:
    return str(cloud.lock("production")["modules"]["nova"]["ref"])


@pytest.mark.parametrize(("day", "tag"), [("2025-01-17", "v90.0.0"), ("2025-01-18", "v90.1.0")])
def test_a_release_counts_from_the_day_it_was_tagged(cloud: Cloud, day: str, tag: str) -> None:
    release(cloud, "90.0.0", days=60)
    release(cloud, "90.1.0", days=431)  # 2025-01-18, more than a year after its commit
    ask(cloud, day)
    result = cloud.run("lock", "--format", "json")
    assert (result.code, codes(result), locked(cloud)) == (0, [], f"refs/tags/{tag}")


def test_a_light_tag_counts_from_its_commit_and_that_is_reported(cloud: Cloud) -> None:
    release(cloud, "90.0.0", days=60)
    nova = cloud.upstream("nova")
    nova.commit("master", version="90.1.0")
    nova.tag("v90.1.0", "refs/heads/master", is_annotated=False)
    ask(cloud, "2024-06-01")
    result = cloud.run("lock", "--format", "json")
    git = "https://opendev.org/openstack/puppet-nova"
    ((level, code, _, message, hint),) = told(result)
    assert (level, code) == ("info", "tag-undated")
    assert message == (
        f"module 'nova': tag 'v90.1.0' of {git} is a lightweight tag, without a date of its own: that it existed on "
        "2024-06-01 was decided by the date of its commit"
    )
    assert hint == "it may have been made later; 'tag: NAME' takes one tag whatever its date"
    assert (result.code, locked(cloud)) == (0, "refs/tags/v90.1.0")
    assert codes(cloud.run("verify", "--format", "json")) == [("tag-undated", "nova")]


def test_a_light_tag_on_a_later_commit_decides_nothing(cloud: Cloud) -> None:
    release(cloud, "90.0.0", days=20)
    nova = cloud.upstream("nova")
    nova.days = 400
    nova.commit("master", version="90.1.0")
    nova.tag("v90.1.0", "refs/heads/master", is_annotated=False)
    ask(cloud, "2024-06-01")
    result = cloud.run("lock", "--format", "json")
    assert (result.code, codes(result), locked(cloud)) == (0, [], "refs/tags/v90.0.0")


def test_a_day_before_all_tags_is_reported_with_the_day(cloud: Cloud) -> None:
    release(cloud, "90.0.0", days=60)
    ask(cloud, STARTED)
    result = cloud.run("lock", "--format", "json")
    ((_, code, _, message, hint),) = told(result)
    assert (result.code, code) == (2, "ref-missing")
    assert message.startswith(
        f"module 'nova': no release tag in the range '>= 90.0.0' had been made yet on {STARTED}"
    )
    assert hint == "take a later day; the newest of these tags is 'v90.0.0'"
