import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinner.model.lock import ForgePin, GitPin, Selector, SelectorKind
from pinner.model.text import check_git_url
from pinner.report.ci.cyclonedx import absolute, location, package_url
from tests.support.bills import check_purl

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def pin(git: str) -> GitPin:
    return GitPin("nova", git, COMMIT, None, Selector(SelectorKind.COMMIT, COMMIT), "modules")


@pytest.mark.parametrize(
    ("git", "purl"),
    [
        (
            "https://github.com/puppetlabs/puppetlabs-stdlib",
            f"pkg:github/puppetlabs/puppetlabs-stdlib@{COMMIT}",
        ),
        ("https://github.com/CiscoSystems/Puppet-Nova.git", f"pkg:github/ciscosystems/puppet-nova@{COMMIT}"),
        ("git@github.com:acme/puppet-nova.git", f"pkg:github/acme/puppet-nova@{COMMIT}"),
        ("https://bitbucket.org/acme/nova/", f"pkg:bitbucket/acme/nova@{COMMIT}"),
        (
            "https://opendev.org/openstack/puppet-nova",
            f"pkg:generic/puppet-nova@{COMMIT}?vcs_url=git%2Bhttps://opendev.org/openstack/puppet-nova%40{COMMIT}",
        ),
        (
            "git@git.example.net:nova.git",
            f"pkg:generic/nova@{COMMIT}?vcs_url=git%2Bssh://git%40git.example.net/nova.git%40{COMMIT}",
        ),
        (
            "/srv/git/nova%20x.git",
            f"pkg:generic/nova%20x@{COMMIT}?vcs_url=git%2Bfile:///srv/git/nova%2520x.git%40{COMMIT}",
        ),
    ],
)
def test_the_package_url_of_a_repository(git: str, purl: str) -> None:
    assert package_url(pin(git)) == purl
    assert check_purl(purl).version == COMMIT


def test_a_module_of_the_forge() -> None:
    forge = ForgePin("facts", "acme/facts", "1.2.3-rc1+build.7", "modules")
    purl = check_purl(package_url(forge))
    assert (purl.type, purl.namespace, purl.name, purl.version) == (
        "puppet",
        "acme",
        "facts",
        "1.2.3-rc1+build.7",
    )


@given(
    st.from_regex(r"(https|ssh|git|file)://[a-z0-9.]{1,9}(/[A-Za-z0-9._~:@%+=-]{1,9}){1,4}/?", fullmatch=True)
)
def test_every_url_that_a_lock_may_hold_has_one(git: str) -> None:
    if check_git_url(git) is None:
        purl = check_purl(package_url(pin(git)))
        assert purl.version == COMMIT
        if purl.type == "generic":
            assert isinstance(purl.qualifiers, dict)
            assert purl.qualifiers["vcs_url"] == location(pin(git))


def test_a_url_with_a_scheme_stays_as_it_is() -> None:
    assert absolute("https://git.example.net/a@b:c") == "https://git.example.net/a@b:c"
