"""Forks that no longer exist: upstream takes their place if it has every commit that is named."""

from tests.support.cloud import Cloud
from tests.support.importing import imported, manifest

FORK = "mod 'nova', :git => 'https://git.example.net/puppet-nova.git', :ref => '{ref}'\n"


def test_a_dead_fork_is_left_for_upstream_which_has_its_commits(cloud: Cloud) -> None:
    commit = cloud.upstream("nova").id("refs/heads/stable/2025.1")
    done = imported(cloud, FORK.format(ref=commit))
    assert done.code == 0
    assert (
        "module 'nova': https://git.example.net/puppet-nova.git does not exist; "
        "its commits are in https://opendev.org/openstack/puppet-nova, which is used instead"
    ) in done.err
    assert "no answer from" not in done.err
    assert f"nova: {{commit: {commit}}}" in manifest(cloud)
    assert cloud.run("lock").code == 0


def test_a_short_commit_is_enough(cloud: Cloud) -> None:
    commit = cloud.upstream("nova").id("refs/heads/stable/2025.1")
    assert imported(cloud, FORK.format(ref=commit[:9])).code == 0
    assert f"nova: {{commit: {commit}}}" in manifest(cloud)


def test_a_commit_that_upstream_lacks_leaves_the_fork_as_it_is(cloud: Cloud) -> None:
    missing = "0123456789abcdef0123456789abcdef01234567"
    done = imported(cloud, FORK.format(ref=missing))
    assert "which is used instead" not in done.err
    assert "https://git.example.net/puppet-nova.git" in manifest(cloud)


def test_a_tag_or_branch_of_a_dead_fork_may_be_another_than_upstreams(cloud: Cloud) -> None:
    done = imported(cloud, FORK.format(ref="26.0.0"))
    assert "which is used instead" not in done.err
    assert "https://git.example.net/puppet-nova.git" in manifest(cloud)


def test_a_fork_that_exists_is_kept(cloud: Cloud) -> None:
    fork = cloud.upstream("nova", owner="private")
    fork.commit("main", version="26.0.0")
    done = imported(cloud, FORK.format(ref=fork.id("refs/heads/main")))
    assert "which is used instead" not in done.err
    assert "https://git.example.net/puppet-nova.git" in manifest(cloud)


def test_the_branch_of_a_release_to_come_is_not_reported_as_gone(cloud: Cloud) -> None:
    text = "mod 'nova', :git => 'https://github.com/openstack/puppet-nova', :ref => 'stable/{}'\n"
    to_come = imported(cloud, text.format("2026.1"))
    assert (
        "the branch 'stable/2026.1' does not exist yet in a repository: the release can be locked once it does"
        in to_come.err
    )
    past = imported(cloud, text.format("2023.1"), "--force")
    assert "the branch 'stable/2023.1' no longer exists in a repository" in past.err
