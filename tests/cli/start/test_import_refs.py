"""`pinner import`: which homes and which refs the names of a source mean."""

from collections import Counter

import pytest

from tests.support.cloud import Cloud
from tests.support.importing import BOTH, FORK, KEYSTONE, NOVA, imported, manifest
from tests.support.unharmed import unharmed


@pytest.fixture
def fork(cloud: Cloud) -> Cloud:
    """The cloud, with a private fork of horizon."""
    cloud.upstream("horizon", owner="private").commit("acme/2025.1", version="26.0.0")
    return cloud


def test_a_ref_is_what_the_repository_has_of_that_name(cloud: Cloud) -> None:
    upstream = cloud.upstream("nova")
    upstream.tag("production", "refs/heads/master")
    upstream.commit("1.0", version="26.0.0")
    assert imported(cloud, NOVA.format(ref="production") + KEYSTONE.format(ref="24.0.0")).code == 0
    assert "nova: {tag: production}" in manifest(cloud)
    assert imported(cloud, NOVA.format(ref="1.0"), "--force").code == 0
    assert 'nova: {branch: "1.0"}\n' in manifest(cloud)


def test_offline_a_ref_is_told_by_its_form(cloud: Cloud) -> None:
    done = imported(cloud, NOVA.format(ref="v1.0") + KEYSTONE.format(ref="production"), "--offline")
    assert manifest(cloud) == "modules:\n  keystone: {branch: production}\n  nova: {tag: v1.0}\n"
    source = cloud.root / "source/Puppetfile"
    assert done.err.splitlines()[1:] == [
        f"{source}:2:1: module 'keystone': 'production' is assumed to be a branch"
    ]


def test_of_a_branch_and_a_tag_of_one_name_r10k_takes_the_tag(cloud: Cloud) -> None:
    upstream = cloud.upstream("nova")
    upstream.tag("both", "refs/heads/master")
    upstream.commit("both", version="26.0.0")
    done = imported(cloud, NOVA.format(ref="both"))
    assert "nova: {tag: both}" in manifest(cloud)
    assert "a branch and a tag have the name 'both': r10k uses the tag" in done.err


@pytest.mark.parametrize(("option", "is_told"), [("branch", True), ("tag", False)])
def test_of_a_branch_and_a_tag_of_one_name_it_is_the_one_that_is_meant(
    cloud: Cloud, option: str, *, is_told: bool
) -> None:
    upstream = cloud.upstream("nova")
    upstream.tag("both", "refs/heads/master")
    upstream.commit("both", version="26.0.0")
    done = imported(cloud, NOVA.format(ref="both").replace(":ref", f":{option}"))
    assert f"nova: {{{option}: both}}" in manifest(cloud)
    assert ("a branch and a tag have the name 'both': r10k uses the tag" in done.err) is is_told


def test_a_short_commit_is_expanded(cloud: Cloud) -> None:
    commit = cloud.upstream("nova").id("refs/heads/stable/2025.1")
    assert imported(cloud, NOVA.format(ref=commit[:10])).code == 0
    assert f"nova: {{commit: {commit}}}" in manifest(cloud)


def test_so_is_the_shortest_that_git_takes_and_none_of_several(cloud: Cloud) -> None:
    upstream = cloud.upstream("nova")
    rows = [f"commit refs/heads/b{number}\ncommitter a <> {number} +0000\ndata 0\n" for number in range(600)]
    upstream.git("fast-import", "--quiet", given="".join(rows))
    commits = sorted(upstream.git("for-each-ref", "--format=%(objectname)", "refs/heads/b*").split())
    count = Counter(commit[:4] for commit in commits)
    alone = next(commit for commit in commits if count[commit[:4]] == 1 and not commit[:4].isdigit())
    imported(cloud, NOVA.format(ref=alone[:4]))
    assert f"nova: {{commit: {alone}}}" in manifest(cloud)
    several = next(start for start in count if count[start] > 1)
    done = imported(cloud, NOVA.format(ref=several), "--force")
    assert (done.code, f"'{several}' is the start of several commit ids in" in done.err) == (2, True)


def test_the_id_of_an_annotated_tag_means_its_commit(cloud: Cloud) -> None:
    upstream = cloud.upstream("nova")
    tag, commit = upstream.git("rev-parse", "refs/tags/26.0.0"), upstream.id("refs/tags/26.0.0")
    assert tag != commit
    done = imported(cloud, NOVA.format(ref=tag))
    assert f"nova: {{commit: {commit}}}" in manifest(cloud)
    assert f"module 'nova': {tag} is the id of an annotated tag, which names {commit}" in done.err


def test_a_short_commit_that_is_nowhere_is_told(cloud: Cloud) -> None:
    done = imported(cloud, NOVA.format(ref="abcdef1234"))
    assert done.code == 2
    assert (
        "there is no branch, tag or commit 'abcdef1234' in https://opendev.org/openstack/puppet-nova"
        in done.err
    )


def test_a_short_commit_cannot_be_known_offline(cloud: Cloud) -> None:
    done = imported(cloud, NOVA.format(ref="abcdef1234"), "--offline")
    source = cloud.root / "source/Puppetfile"
    assert (done.code, done.err) == (
        3,
        (
            f"{source}:1:1: module 'nova': 'abcdef1234' may be a shortened commit id, but its repository could not be read\n"
            "  hint: name one in the source, or omit the module with --partial\n"
            "nothing was imported\n  hint: use '--partial' to import the rest\n"
        ),
    )


def test_without_a_ref_it_is_the_repositorys_default_branch(cloud: Cloud) -> None:
    done = imported(cloud, "mod 'nova', :git => 'https://github.com/openstack/puppet-nova'\n")
    assert manifest(cloud) == "modules:\n  nova: {branch: master}    # follows the branch\n"
    assert "module 'nova': it names no ref: 'master' is the repository's own branch" in done.err


def test_without_a_ref_and_without_an_answer_nothing_is_guessed(cloud: Cloud) -> None:
    with unharmed(cloud.project):
        done = imported(cloud, BOTH + "mod 'x', :git => 'https://github.com/acme/x'\n")
    assert done.code == 3
    assert (
        "module 'x': it names no ref, and its repository could not be read for its default branch" in done.err
    )


def test_where_an_answer_alone_would_not_do_the_input_is_wrong(cloud: Cloud) -> None:
    unasked = "mod 'x', :git => 'https://github.com/acme/x'\n"
    assert (
        imported(cloud, f"{unasked}mod 'y', :git => 'https://github.com/acme/y', :ref => 'a b'\n").code == 2
    )
    assert imported(cloud, f"{unasked}mod ENV['y'], :git => 'https://github.com/acme/y'\n").code == 2


def test_a_branch_that_is_gone_is_told_and_the_release_goes_on(cloud: Cloud) -> None:
    for name in ("nova", "keystone"):
        upstream = cloud.upstream(name)
        upstream.tag("2025.1-eol", "refs/heads/stable/2025.1")
        upstream.delete("refs/heads/stable/2025.1")
    done = imported(cloud, BOTH)
    source = cloud.root / "source/Puppetfile"
    told = "the branch 'stable/2025.1' no longer exists in 2 repositories: 'release:' in a manifest finds its successor"
    assert f"{source}:1:1: {told}" in done.err.splitlines()
    assert cloud.run("lock").code == 0
    assert cloud.lock("x")["modules"]["nova"]["ref"] == "refs/tags/2025.1-eol"


def test_homes_that_moved_are_told_by_owner(cloud: Cloud) -> None:
    text = BOTH + "mod 'kmod', :git => 'git://github.com/camptocamp/puppet-kmod.git', :tag => 'v1'\n"
    done = imported(cloud, text + "mod 'x', :git => 'https://github.com/acme/x', :tag => 'v1'\n", "--offline")
    source = cloud.root / "source/Puppetfile"
    assert done.err.splitlines() == [
        f"{source}:1:1: 2 modules are now fetched from https://opendev.org/openstack/ instead of https://github.com/openstack/",
        f"{source}:3:1: a module is now fetched from https://github.com/voxpupuli/ instead of git://github.com/camptocamp/",
    ]
    assert "  kmod: {tag: v1}\n" in manifest(cloud)


def test_a_password_in_a_url_is_never_taken_over(fork: Cloud) -> None:
    done = imported(fork, FORK.replace("https://", "https://jane:secret@"))
    assert done.code == 0
    assert "secret" not in manifest(fork) + done.out + done.err
    assert "jane" not in manifest(fork)
    assert "the user and password in its URL are removed" in done.err


def test_a_user_in_a_url_of_ssh_stays_and_is_no_move(fork: Cloud) -> None:
    url = "ssh://git@git.example.net/puppet-horizon.git"
    done = imported(fork, BOTH + FORK.replace("https://git.example.net/puppet-horizon.git", url), "--offline")
    assert f'git: "{url}"' in manifest(fork)
    assert "ssh://" not in done.err


@pytest.mark.parametrize(
    "url",
    [
        "ssh://jane:secret@git.example.net/puppet-horizon.git",
        "jane:secret@git.example.net:puppet-horizon.git",
        "https://jane:secret/@git.example.net/puppet-horizon.git",
        "https://www.github.com/acme/puppet-horizon?token=secret/x",
    ],
)
def test_a_password_where_none_may_be_is_not_shown_either(fork: Cloud, url: str) -> None:
    text = BOTH + FORK.replace("https://git.example.net/puppet-horizon.git", url)
    done = imported(fork, text, "--partial")
    assert (done.code, "horizon" in manifest(fork).partition("# Omitted")[0]) == (0, False)
    assert "module 'horizon': " in done.err
    assert "secret" not in manifest(fork) + done.out + done.err


def test_an_archive_of_github_is_its_repositorys_tag(cloud: Cloud) -> None:
    text = "mod 'puppetlabs/apt', '{}', :github_tarball => 'puppetlabs/puppetlabs-apt'\n"
    assert imported(cloud, text.format("1.8.0"), "--offline").code == 0
    assert manifest(cloud) == "modules:\n  apt: {version: 1.8.0}\n"
    done = imported(cloud, text.format("master"), "--offline", "--force")
    assert (done.code, "'master' is not a valid version range" in done.err) == (2, True)


def test_a_range_of_the_forge_becomes_the_newest_release_tag_of_a_known_module(cloud: Cloud) -> None:
    done = imported(cloud, "mod 'puppetlabs/stdlib', '>= 9.0.0 < 10.0.0'\n", "--offline")
    assert manifest(cloud) == 'modules:\n  stdlib: {version: ">= 9.0.0 < 10.0.0"}\n'
    assert (
        "from the Forge becomes the newest release tag of https://github.com/puppetlabs/puppetlabs-stdlib"
        in done.err
    )
    refused = imported(cloud, "mod 'acme/other', '>= 1.0'\n", "--offline")
    assert (refused.code, refused.err.splitlines()[0].partition(" ")[2]) == (
        2,
        "module 'other': a range cannot be pinned",
    )


def test_repositories_that_gave_no_answer_are_told(cloud: Cloud) -> None:
    text = "".join(f"mod 'x{n}', :git => 'https://github.com/acme/x{n}', :ref => 'v1.0'\n" for n in range(5))
    done = imported(cloud, text)
    assert done.code == 0
    assert done.err.splitlines()[1:] == [
        "no answer from https://github.com/acme/x0, https://github.com/acme/x1, https://github.com/acme/x2 and 2 more",
        "  hint: the kinds of their refs were guessed from their names",
    ]
    assert '  x0: {git: "https://github.com/acme/x0", tag: v1.0}\n' in manifest(cloud)


def test_of_what_is_no_range_nothing_but_that_is_told(cloud: Cloud) -> None:
    refused = imported(cloud, BOTH + r'mod "puppetlabs/stdlib", "\e[31m9\n"')
    assert refused.code == 2
    assert [line.partition(" ")[2] for line in refused.err.splitlines() if "stdlib" in line] == [
        r"module 'stdlib': '\x1b[31m9\n' is not a valid version range"
    ]


def test_a_range_over_two_lines_is_told_in_one(cloud: Cloud) -> None:
    done = imported(cloud, BOTH + "mod 'puppetlabs/stdlib', '>= 9.0.0\n < 10.0.0'\n", "--offline")
    assert ":3:1: module 'stdlib': >= 9.0.0 < 10.0.0 from the Forge becomes" in done.err
