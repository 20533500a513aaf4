import pytest

from pinner.model.lock import Series
from pinner.openstack.catalogue import (
    ModuleEntry,
    all_series,
    find_module,
    find_series,
    modules_in,
    newest_listed,
    ref_candidates,
)
from pinner.openstack.facts import ThirdParty

RELEASED = [series for series in all_series() if not newest_listed() < series]


def series(text: str) -> Series:
    found = find_series(text)
    assert found
    return found


def entry(name: str, release: str) -> ModuleEntry:
    found = find_module(name, series(release))
    assert isinstance(found, ModuleEntry)
    return found


@pytest.mark.parametrize(
    ("release", "names"),
    [
        ("essex", "glance horizon keystone nova openstack swift"),
        ("grizzly", "ceilometer cinder glance horizon keystone nova openstack quantum swift tempest"),
        ("icehouse", "ceilometer cinder glance heat horizon keystone neutron nova swift"),
        (
            "kilo",
            """ceilometer cinder designate glance heat horizon ironic keystone manila neutron nova
            openstack_extras openstacklib sahara swift tempest trove vswitch""",
        ),
    ],
)
def test_all_means_what_follows_and_exists(release: str, names: str) -> None:
    assert [entry.name for entry in modules_in(series(release))] == names.split()


@pytest.mark.parametrize("release", RELEASED, ids=str)
def test_modules_of_a_series_are_sorted_and_of_one_name(release: Series) -> None:
    names = [entry.name for entry in modules_in(release)]
    assert names == sorted(set(names))
    assert all(find_module(entry.name, release) == entry for entry in modules_in(release))


@pytest.mark.parametrize("release", RELEASED, ids=str)
def test_a_ref_that_was_seen_is_the_first_candidate_that_exists(release: Series) -> None:
    for module in modules_in(release):
        refs = [candidate.ref for candidate in ref_candidates(module.repository, release)]
        assert module.seen_ref is None or module.seen_ref in refs


@pytest.mark.parametrize("release", RELEASED[:-1], ids=str)
def test_few_modules_of_older_series_are_known_from_deliverables_only(release: Series) -> None:
    assert {entry.name for entry in modules_in(release) if entry.seen_ref is None} <= {
        "ovn",
        "rally",
        "senlin",
        "tacker",
    }


def test_the_quantum_of_grizzly_is_in_neutrons_repository() -> None:
    assert entry("quantum", "grizzly") == ModuleEntry(
        name="quantum",
        repository="puppet-neutron",
        git="https://opendev.org/openstack/puppet-neutron",
        forge_name="puppetlabs/quantum",
        series=series("grizzly"),
        follows_releases=True,
        seen_ref="refs/tags/grizzly-eol",
        version="2.2.0",
        ended=None,
    )


@pytest.mark.parametrize(
    ("name", "release"), [("neutron", "grizzly"), ("quantum", "havana"), ("placement", "rocky")]
)
def test_a_name_is_that_of_its_series(name: str, release: str) -> None:
    assert find_module(name, series(release)) is None


def test_an_entry_tells_the_last_version_of_its_series() -> None:
    assert (entry("nova", "2025.1").version, entry("nova", "2025.1").seen_ref) == (
        "26.0.0",
        "refs/heads/stable/2025.1",
    )


@pytest.mark.parametrize(
    ("name", "ended"), [("murano", "2023.2"), ("rally", "2023.1"), ("congress", "ussuri")]
)
def test_an_ended_repository_says_so_in_all_its_series(name: str, ended: str) -> None:
    assert entry(name, "stein").ended == series(ended)
    assert entry(name, "stein").ended is not None


def test_a_living_repository_is_not_retired() -> None:
    assert entry("nova", "havana").ended is None


@pytest.mark.parametrize("name", ["ceph", "pacemaker"])
def test_a_module_with_its_own_calendar_is_found_but_not_among_all(name: str) -> None:
    found = entry(name, "2025.1")
    assert (found.follows_releases, found.series, found.seen_ref) == (False, None, None)
    assert name not in {each.name for each in modules_in(series("2025.1"))}


def test_tripleo_is_found_at_its_refs_but_not_among_all() -> None:
    assert entry("tripleo", "zed").seen_ref == "refs/heads/stable/zed"
    assert "tripleo" not in {each.name for each in modules_in(series("zed"))}


def test_the_composition_layer_moved_between_repositories() -> None:
    assert entry("openstack", "havana").git == "https://github.com/stackforge/puppet-openstack"
    assert entry("openstack", "icehouse").git == "https://github.com/puppetlabs/puppetlabs-openstack"


def test_third_party_modules_are_found_in_any_series() -> None:
    found = find_module("stdlib", series("2025.1"))
    assert isinstance(found, ThirdParty)
    assert find_module("stdlib", None) is found


@pytest.mark.parametrize(
    ("name", "release"), [("nova", "2026.1"), ("quantum", "grizzly"), ("murano", "2023.2")]
)
def test_without_a_series_the_newest_one_of_that_name_is_meant(name: str, release: str) -> None:
    assert find_module(name, None) == entry(name, release)


def test_nothing_is_found_for_an_unknown_name() -> None:
    assert find_module("nvoa", None) is None


def test_a_series_younger_than_the_facts_has_what_has_not_ended() -> None:
    names = {each.name for each in modules_in(series("2026.2"))}
    assert {each.name for each in modules_in(series("2026.1"))} - names == {"vitrage"}
    assert entry("nova", "2026.2").seen_ref is None
