"""Addresses of web pages: as the hosts have them, and none for what might be anything else."""

from collections.abc import Iterator

import pytest

from pinner.report.links import bug_address, review_address, use_links, vulnerability_address, web_pages

OLD, NEW = "a" * 40, "b" * 40
CHANGE = f"I{OLD}"


@pytest.mark.parametrize(
    ("git", "commit", "comparison", "file"),
    [
        (
            "https://opendev.org/openstack/puppet-nova",
            f"https://opendev.org/openstack/puppet-nova/commit/{NEW}",
            f"https://opendev.org/openstack/puppet-nova/compare/{OLD}...{NEW}",
            f"https://opendev.org/openstack/puppet-nova/src/commit/{NEW}/a%20b.yaml",
        ),
        (
            "https://github.com/puppetlabs/puppetlabs-stdlib.git",
            f"https://github.com/puppetlabs/puppetlabs-stdlib/commit/{NEW}",
            f"https://github.com/puppetlabs/puppetlabs-stdlib/compare/{OLD}...{NEW}",
            f"https://github.com/puppetlabs/puppetlabs-stdlib/blob/{NEW}/a%20b.yaml",
        ),
        (
            "ssh://git@gitlab.example.net:2222/cloud/puppet/sunfire.git",
            f"https://gitlab.example.net/cloud/puppet/sunfire/-/commit/{NEW}",
            f"https://gitlab.example.net/cloud/puppet/sunfire/-/compare/{OLD}...{NEW}",
            f"https://gitlab.example.net/cloud/puppet/sunfire/-/blob/{NEW}/a%20b.yaml",
        ),
    ],
)
def test_pages_of_a_repository(git: str, commit: str, comparison: str, file: str) -> None:
    pages = web_pages(git)
    assert pages
    assert pages.commit(NEW) == commit
    assert pages.comparison(OLD, NEW) == comparison
    assert pages.file(NEW, "a b.yaml") == file
    assert pages.commit("main") is pages.comparison(OLD, "x") is pages.file("x", "y") is None


@pytest.mark.parametrize(
    "git",
    [
        "https://git.example.net/puppet-nova",
        "/srv/git/puppet-nova",
        "file:///github.com/x/y",
        "javascript://github.com/x/y",
        "https://github.com/x/../y",
        'https://github.com/x/y"onclick=',
        "https://github.com:pass@evil.example/x",
        "https://github/x/y",
    ],
)
def test_a_host_without_known_pages_has_no_address(git: str) -> None:
    assert web_pages(git) is None


def test_bugs_and_vulnerabilities() -> None:
    assert bug_address("1234567") == bug_address("#1234567") == "https://bugs.launchpad.net/bugs/1234567"
    assert bug_address("rhbz#2050000") == "https://bugzilla.redhat.com/show_bug.cgi?id=2050000"
    assert bug_address("javascript:1") is bug_address("") is None
    assert vulnerability_address("CVE-2024-32498") == "https://www.cve.org/CVERecord?id=CVE-2024-32498"
    assert vulnerability_address("OSSA-2024-001") == "https://security.openstack.org/ossa/OSSA-2024-001.html"
    assert vulnerability_address("GHSA-1") is None


def test_reviews_are_those_of_openstack_only() -> None:
    address = f"https://review.opendev.org/q/{CHANGE}"
    assert review_address("https://opendev.org/openstack/puppet-nova", CHANGE) == address
    assert review_address("https://github.com/openstack/puppet-nova", CHANGE) == address
    assert review_address("https://github.com/acme/puppet-nova", CHANGE) is None
    assert review_address("https://opendev.org/openstack/puppet-nova", "I1234") is None
    assert review_address("https://opendev.org/openstack/puppet-nova", None) is None


@pytest.fixture
def own_pages() -> Iterator[None]:
    use_links(
        {
            "https://git.example.net/": {
                "commit": "https://git.example.net/cgit/{repository}/commit/?id={commit}"
            },
            "https://git.example.net/cloud/": {
                "commit": "https://cloud.example.net/{commit}",
                "compare": "https://cloud.example.net/{repository}?from={old}&to={new}",
                "review": "https://review.example.net/q/{change}",
                "bug": "http://bugs.example.net:8080/{bug}",
            },
        }
    )
    yield
    use_links({})


@pytest.mark.usefixtures("own_pages")
def test_pages_of_the_settings_with_the_longest_beginning() -> None:
    (site, cloud) = (
        web_pages("https://git.example.net/puppet/sunfire.git"),
        web_pages("https://git.example.net/cloud/nova"),
    )
    assert site
    assert cloud
    assert site.commit(NEW) == f"https://git.example.net/cgit/puppet/sunfire/commit/?id={NEW}"
    assert site.comparison(OLD, NEW) is site.file(NEW, "x") is site.commit("{repository}") is None
    assert cloud.commit(NEW) == f"https://cloud.example.net/{NEW}"
    assert cloud.comparison(OLD, NEW) == f"https://cloud.example.net/nova?from={OLD}&to={NEW}"


@pytest.mark.usefixtures("own_pages")
def test_reviews_and_bugs_of_the_settings_are_those_of_their_repositories_alone() -> None:
    git = "https://git.example.net/cloud/nova"
    assert review_address(git, CHANGE) == f"https://review.example.net/q/{CHANGE}"
    assert bug_address("#77", git) == "http://bugs.example.net:8080/77"
    assert bug_address("77", "https://git.example.net/x") == "https://bugs.launchpad.net/bugs/77"
    assert bug_address("rhbz#77", git) == "https://bugzilla.redhat.com/show_bug.cgi?id=77"
    assert review_address("https://git.example.net/x", CHANGE) is None


@pytest.mark.usefixtures("own_pages")
@pytest.mark.parametrize("rest", ["../x", 'x"onclick=', "x y", "x{commit}", "x<script>", ""])
def test_a_repository_that_could_be_anything_else_has_no_address(rest: str) -> None:
    assert web_pages(f"https://git.example.net/{rest}") is None
