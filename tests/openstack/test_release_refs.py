import pytest

from pinner.model.lock import Series, Status
from pinner.openstack.catalogue import RefCandidate, find_series, ref_candidates


def series(text: str) -> Series:
    found = find_series(text)
    assert found
    return found


PLAIN = (
    RefCandidate("refs/heads/stable/2025.1", Status.MAINTAINED),
    RefCandidate("refs/heads/unmaintained/2025.1", Status.UNMAINTAINED),
    RefCandidate("refs/tags/2025.1-eol", Status.END_OF_LIFE),
    RefCandidate("refs/tags/2025.1-eom", Status.UNMAINTAINED),
    RefCandidate("refs/tags/2025.1-em", Status.UNMAINTAINED),
)


@pytest.mark.parametrize(
    "repository",
    [
        "puppet-nova",
        "https://opendev.org/openstack/puppet-nova",
        "https://git.example.net/puppet-nova",
        "ssh://git@git.example.net/puppet-sunfire",
    ],
)
def test_a_release_is_looked_up_in_one_order_everywhere(repository: str) -> None:
    assert ref_candidates(repository, series("epoxy")) == PLAIN


@pytest.mark.parametrize("repository", ["puppet-ceph", "https://opendev.org/openstack/puppet-pacemaker"])
def test_a_repository_without_openstack_releases_has_no_candidates(repository: str) -> None:
    assert ref_candidates(repository, series("2025.1")) == ()


@pytest.mark.parametrize(
    ("repository", "release", "last"),
    [
        ("puppet-openstack", "essex", "refs/heads/essex"),
        ("https://github.com/stackforge/puppet-openstack.git", "folsom", "refs/heads/folsom"),
        ("puppet-openstack", "grizzly", "refs/tags/grizzly-em"),
        ("puppet-congress", "stein", "refs/tags/14.4.0"),
        ("puppetlabs-openstack", "icehouse", "refs/tags/4.2.0"),
    ],
)
def test_what_only_the_catalogue_knows_comes_last(repository: str, release: str, last: str) -> None:
    candidates = ref_candidates(repository, series(release))
    assert candidates[0].ref == f"refs/heads/stable/{release}"
    assert candidates[-1].ref == last


def test_an_odd_ref_has_the_status_of_its_series() -> None:
    assert ref_candidates("puppet-openstack", series("essex"))[-1].status is Status.END_OF_LIFE
