import pytest

from pinner.openstack.catalogue import current_home

NOVA = "https://opendev.org/openstack/puppet-nova"


@pytest.mark.parametrize(
    ("old", "now"),
    [
        ("git://github.com/stackforge/puppet-nova.git", NOVA),
        ("https://github.com/stackforge/puppet-nova", NOVA),
        ("http://github.com/openstack/puppet-nova.git", NOVA),
        ("git@github.com:openstack/puppet-nova.git", NOVA),
        ("https://git.openstack.org/openstack/puppet-nova", NOVA),
        ("https://review.openstack.org/p/openstack/puppet-nova", NOVA),
        ("git://github.com/camptocamp/puppet-kmod.git", "https://github.com/voxpupuli/puppet-kmod"),
        ("git://github.com/acme/puppet-x.git", "https://github.com/acme/puppet-x.git"),
        ("http://www.github.com/acme/puppet-x", "https://github.com/acme/puppet-x"),
        ("git://git.openstack.org/openstack/puppet-unknown", "https://opendev.org/openstack/puppet-unknown"),
        (
            "https://git.openstack.org/cgit/openstack/puppet-unknown",
            "https://opendev.org/openstack/puppet-unknown",
        ),
        (
            "https://review.fuel-infra.org/p/puppet-modules/openstack-cinder.git",
            "https://github.com/fuel-infra/openstack-cinder",
        ),
        (
            "https://review.fuel-infra.org/puppet-modules/puppet-monit",
            "https://github.com/fuel-infra/puppet-monit",
        ),
        ("https://jane@github.com/acme/puppet-x", "https://github.com/acme/puppet-x"),
        ("https://jane:secret@git.example.net/puppet-x", "https://git.example.net/puppet-x"),
    ],
)
def test_what_moved_is_fetched_from_where_it_is_now(old: str, now: str) -> None:
    assert current_home(old) == now


@pytest.mark.parametrize(
    "url",
    [
        "https://github.com/fuel-infra/puppet-nova.git",
        "git@github.com:acme/puppet-x.git",
        "ssh://git@git.example.net/puppet-x",
        "git://git.example.net/puppet-x",
        "http://git.example.net/puppet-x",
        "https://git.example.net:8443/puppet-x",
        "/srv/git/puppet-x",
        "no url",
    ],
)
def test_everything_else_stays_as_it_is(url: str) -> None:
    assert current_home(url) == url
