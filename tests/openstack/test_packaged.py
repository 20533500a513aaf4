"""The packaged facts keep the invariants that the code relies on."""

import re
from collections import Counter

import pytest

from pinner.model.lock import BRANCH, TAG
from pinner.openstack.facts import Repository, facts

SERIES = [row.id for row in facts().series]
REPOSITORIES = facts().repositories
DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def test_there_are_35_series_from_austin_to_indri() -> None:
    assert (len(SERIES), SERIES[0], SERIES[-1]) == (35, "austin", "2027.1")


def test_series_ids_and_names_tell_one_series() -> None:
    names = [name for row in facts().series for name in {row.id, row.name}]
    assert len(names) == len(set(names))


def test_series_are_in_the_order_of_their_days() -> None:
    days = [row.released for row in facts().series]
    assert all(day and DAY.fullmatch(day) for day in days)
    assert days == sorted(days, key=str)


def test_a_series_ended_after_it_began() -> None:
    assert all(str(row.released) < row.eol for row in facts().series if row.eol)


def test_the_42_deliverables_and_the_two_composition_layers_are_there() -> None:
    homes = Counter(repository.git.rpartition("/")[0] for repository in REPOSITORIES)
    assert homes == {
        "https://opendev.org/openstack": 42,
        "https://github.com/stackforge": 1,
        "https://github.com/puppetlabs": 1,
    }


@pytest.mark.parametrize("repository", REPOSITORIES, ids=lambda repository: repository.name)
def test_a_repository_names_its_series_once_and_in_order(repository: Repository) -> None:
    positions = [SERIES.index(carried.series) for carried in repository.carried]
    assert positions == sorted(set(positions))
    assert repository.ended in {None, repository.carried[-1].series if repository.carried else None}


@pytest.mark.parametrize("repository", REPOSITORIES, ids=lambda repository: repository.name)
def test_a_carried_module_is_one_the_repository_has_been(repository: Repository) -> None:
    for carried in repository.carried:
        assert carried.forge_name in repository.forge_names
        assert re.fullmatch(r"[a-z0-9]+/[a-z][a-z0-9_]*", carried.forge_name)
        assert carried.ref or carried.version


@pytest.mark.parametrize("repository", REPOSITORIES, ids=lambda repository: repository.name)
def test_a_carrying_ref_is_a_whole_name_that_tells_its_series(repository: Repository) -> None:
    for carried in repository.carried:
        if carried.ref is None:
            continue
        assert carried.ref.startswith((BRANCH, TAG))
        tells_series = re.search(rf"\b{re.escape(carried.series)}\b", carried.ref) is not None
        is_version = carried.ref == f"{TAG}{carried.version}"
        assert tells_series or is_version or repository.name == "puppetlabs-openstack"


@pytest.mark.parametrize("series", SERIES)
def test_no_two_repositories_carry_one_module_in_a_series(series: str) -> None:
    names = Counter(row.name for each in REPOSITORIES for row in each.carried if row.series == series)
    assert [name for name, count in names.items() if count > 1] == []


def test_only_repositories_with_their_own_calendar_do_not_follow() -> None:
    own = {repository.name for repository in REPOSITORIES if not repository.follows_releases}
    assert own == {"puppet-ceph", "puppet-pacemaker", "puppet-tripleo", "puppetlabs-openstack"}


def test_twenty_modules_of_2026_1_are_known_from_deliverables_only() -> None:
    rows = [row for each in REPOSITORIES for row in each.carried if row.series == "2026.1"]
    assert len([row for row in rows if row.ref is None]) == 20
    assert len([row for row in rows if row.ref == "refs/heads/stable/2026.1"]) == 10


def test_third_party_modules_are_sorted_and_have_homes_and_owners() -> None:
    names = [module.name for module in facts().third_party]
    assert names == sorted(set(names))
    for module in facts().third_party:
        assert all(home.startswith("https://github.com/") for home in module.homes)
        assert all(name.partition("/")[2] == module.name for name in module.forge_names)
        assert module.homes
        assert module.forge_names


def test_every_integration_pin_is_of_a_known_module_at_a_known_home() -> None:
    homes = {(module.name, home) for module in facts().third_party for home in module.homes}
    pins = [pin for pins in facts().integration.values() for pin in pins]
    assert {(pin.name, pin.git) for pin in pins} <= homes
    assert all(pin.ref is None or re.fullmatch(r"[0-9a-f]{40}|v?\d+(\.\d+)+", pin.ref) for pin in pins)


def test_integration_pins_every_series_from_kilo_to_2026_1() -> None:
    assert list(facts().integration) == SERIES[SERIES.index("kilo") : SERIES.index("2026.1") + 1]
