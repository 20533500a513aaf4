import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinner.openstack.catalogue import (
    canonical_module,
    canonical_url,
    find_series,
    git_home,
    integration_pins,
    third_party,
)
from pinner.openstack.facts import ExternalPin, facts


@pytest.mark.parametrize(
    ("names", "canonical"),
    [
        (["puppetlabs-nova", "puppetlabs/nova", "stackforge/nova", "openstack/nova"], "openstack/nova"),
        (["camptocamp-kmod", "puppet/kmod"], "puppet/kmod"),
        (["puppetlabs/rabbitmq", "puppet-rabbitmq"], "puppet/rabbitmq"),
        (["cprice404/inifile", "puppetlabs/inifile"], "puppetlabs/inifile"),
        (["stackforge/aodh", "openstack-aodh"], "openstack/aodh"),
    ],
)
def test_a_module_is_one_over_its_owners(names: list[str], canonical: str) -> None:
    assert {canonical_module(name) for name in names} == {canonical}


@pytest.mark.parametrize("name", ["acme/foo", "acme/nova", "duriton/sysctl", "puppet", ""])
def test_an_unknown_owner_is_somebody_else(name: str) -> None:
    assert canonical_module(name) == name


def test_quantum_and_neutron_stay_two_names() -> None:
    assert (
        canonical_module("puppet-quantum") == canonical_module("stackforge/quantum") == "puppetlabs/quantum"
    )
    assert canonical_module("puppetlabs/neutron") == "openstack/neutron"


@given(st.sampled_from([name for each in facts().repositories for name in each.forge_names]))
def test_a_canonical_name_is_its_own(name: str) -> None:
    assert canonical_module(canonical_module(name)) == canonical_module(name)


def test_only_a_module_of_the_same_name_is_ever_meant() -> None:
    names = [name for each in facts().repositories for name in each.forge_names]
    names += [name for each in facts().third_party for name in each.forge_names]
    assert [name for name in names if canonical_module(name).split("/")[1] != name.split("/")[1]] == []


@pytest.mark.parametrize(
    "url",
    [
        "https://opendev.org/openstack/puppet-nova",
        "https://opendev.org/openstack/puppet-nova.git",
        "https://github.com/openstack/puppet-nova/",
        "git://github.com/stackforge/puppet-nova",
        "git://github.com/stackforge/puppet-nova.git",
        "git@github.com:stackforge/puppet-nova.git",
        "https://git.openstack.org/cgit/openstack/puppet-nova/",
        "https://git.openstack.org/openstack/puppet-nova",
        "ssh://someone@review.opendev.org:29418/openstack/puppet-nova",
        "http://GitHub.com/OpenStack/puppet-nova",
    ],
)
def test_a_dead_home_leads_to_the_living_one(url: str) -> None:
    assert canonical_url(url) == "https://opendev.org/openstack/puppet-nova"


@pytest.mark.parametrize(
    ("url", "now"),
    [
        ("https://github.com/camptocamp/puppet-kmod", "https://github.com/voxpupuli/puppet-kmod"),
        ("https://github.com/camptocamp/puppet-systemd", "https://github.com/voxpupuli/puppet-systemd"),
        ("https://github.com/puppetlabs/puppetlabs-rabbitmq", "https://github.com/voxpupuli/puppet-rabbitmq"),
        (
            "https://github.com/puppetlabs/puppetlabs-openstack",
            "https://github.com/puppetlabs/puppetlabs-openstack",
        ),
        ("https://github.com/stackforge/puppet-openstack", "https://github.com/stackforge/puppet-openstack"),
    ],
)
def test_other_modules_are_led_to_their_homes(url: str, now: str) -> None:
    assert canonical_url(url) == now


@pytest.mark.parametrize(
    "url",
    [
        "",
        "https://opendev.org/openstack/puppet-nvoa",
        "https://git.example.net/openstack/puppet-nova",
        "https://github.com/acme/puppet-nova",
        "https://opendev.org/openstack/puppet-nova\n",
        "https://opendev.org/openstack/puppet-nova/tree/master",
        "ssh://git@git.example.net/puppet-sunfire",
        "ext::sh -c opendev.org/openstack/puppet-nova",
        "file:///srv/openstack/puppet-nova",
        "a" * 100_000,
        "https://" + "a." * 50_000,
        "https://" + "a@" * 50_000,
    ],
)
def test_other_urls_are_left_to_their_owners(url: str) -> None:
    assert canonical_url(url) is None


def test_a_renamed_repository_is_found_under_its_old_name() -> None:
    url = canonical_url("git://github.com/stackforge/puppet-quantum")
    assert url == canonical_url("https://opendev.org/openstack/puppet-quantum.git")
    assert url == "https://opendev.org/openstack/puppet-neutron"


def test_every_canonical_url_is_its_own() -> None:
    urls = [each.git for each in facts().repositories] + [each.git for each in facts().third_party]
    assert [canonical_url(url) for url in urls] == urls


def test_third_party_modules_tell_their_homes_newest_first() -> None:
    rabbitmq = third_party("rabbitmq")
    assert rabbitmq
    assert rabbitmq.git == "https://github.com/voxpupuli/puppet-rabbitmq"
    assert rabbitmq.homes[1:] == ("https://github.com/puppetlabs/puppetlabs-rabbitmq",)
    assert rabbitmq.forge_names == ("puppet/rabbitmq", "puppetlabs/rabbitmq")


def test_an_openstack_module_is_not_third_party() -> None:
    assert third_party("nova") is None


@pytest.mark.parametrize(
    ("release", "pin"),
    [
        ("2025.1", ExternalPin("stdlib", "https://github.com/puppetlabs/puppetlabs-stdlib", "v9.7.0")),
        (
            "2025.1",
            ExternalPin(
                "redis",
                "https://github.com/voxpupuli/puppet-redis",
                "27a95724b0a9597bbd9a314a96ff47da7eaaac18",
            ),
        ),
        ("yoga", ExternalPin("kmod", "https://github.com/camptocamp/puppet-kmod", "v3.1.1")),
    ],
)
def test_integration_pins_are_told_as_upstream_writes_them(release: str, pin: ExternalPin) -> None:
    series = find_series(release)
    assert series
    assert pin in integration_pins(series)


def test_there_was_no_integration_before_kilo() -> None:
    series = find_series("havana")
    assert series
    assert integration_pins(series) == ()


@pytest.mark.parametrize(
    ("name", "home"),
    [
        ("puppetlabs-lvm", "https://github.com/puppetlabs/puppetlabs-lvm"),
        ("puppet/zabbix", "https://github.com/voxpupuli/puppet-zabbix"),
        ("theforeman/tftp", "https://github.com/theforeman/puppet-tftp"),
        ("Saz-locales", "https://github.com/saz/puppet-locales"),
        ("markt/galera", "https://github.com/markt-de/puppet-galera"),
        # What the catalogue knows of a module takes precedence.
        ("puppetlabs/nova", "https://opendev.org/openstack/puppet-nova"),
        ("puppetlabs/rabbitmq", "https://github.com/voxpupuli/puppet-rabbitmq"),
        ("acme/oven", None),
    ],
)
def test_homes_of_modules_from_the_forge(name: str, home: str | None) -> None:
    assert git_home(name) == home
