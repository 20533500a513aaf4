"""A file of facts is untrusted, so every value is checked; the packaged facts keep the invariants that the code relies on."""

import json
import re
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from pinner.model.lock import BRANCH, TAG
from pinner.openstack.facts import FactsError, Repository, facts, facts_text, read_facts

TEXT = facts_text(facts())


def test_a_file_reads_back_as_the_same_facts() -> None:
    assert read_facts(TEXT.encode()) == facts()


def changed(change: Callable[[Any], object]) -> bytes:
    raw = json.loads(TEXT)
    change(raw)
    return json.dumps(raw).encode()


def set_at(*keys: str | int, to: object) -> Callable[[Any], object]:
    def change(raw: Any) -> None:
        for key in keys[:-1]:
            raw = raw[key]
        raw[keys[-1]] = to

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (set_at("pinner_catalogue", to=2), "'pinner_catalogue' must be 1; it was written by a newer pinner"),
        (set_at("pinner_catalogue", to=True), "'pinner_catalogue' must be 1"),
        (set_at("collected", to="yesterday"), "collected: 'yesterday' is not a valid date"),
        (lambda raw: raw.pop("misfits"), "the file: the key 'misfits' is missing"),
        (set_at("series", to={}), "series: a list is required"),
        (set_at("series", 3, to=["diablo"]), "series[3]: a list of 8 values is required"),
        (set_at("series", 3, 2, to="fine"), "series[3]: 'fine' is not a valid status"),
        (set_at("series", 3, 5, to="yes"), "series[3]: true or false is required"),
        (set_at("series", 3, 0, to="essex"), "series: 'essex' is missing, or a name is repeated"),
        (
            set_at("repositories", 0, "git", to="https://user:secret@git.example.net/x"),
            "repositories[0].git: 'https://***@git.example.net/x'",
        ),
        (set_at("repositories", 0, "git", to="ext::sh -c true"), "repositories[0].git: 'ext::sh -c true'"),
        (set_at("repositories", 0, "forge", to=[]), "repositories[0].forge: at least one name is required"),
        (
            set_at("repositories", 0, "carried", 0, 2, to="refs/heads/../x"),
            "repositories[0].carried[0]: 'refs/heads/../x' is not a valid full ref name",
        ),
        (
            set_at("repositories", 0, "carried", 0, 0, to="never"),
            "repositories: the series of puppet-aodh are unknown",
        ),
        (
            set_at("integration", "2025.1", 0, 0, to="-x"),
            "integration.2025.1[0]: '-x' is not a valid module name",
        ),
        (
            set_at("integration", "2025.1", 0, 2, to="--upload"),
            "integration.2025.1[0]: '--upload' is not a valid tag",
        ),
        (set_at("misfits", "never", to=[]), "misfits: 'never' is not a series of this file"),
        (
            set_at("misfits", "2025.1", 0, to=["a", "b", "1.x"]),
            "misfits.2025.1[0]: a list of 4 values is required",
        ),
        (
            set_at("misfits", "2025.1", 0, to=["a", "b", "1.x", "2.0.0", ["-c"]]),
            "misfits.2025.1[0][4][0]: '-c' is not a valid module name",
        ),
        (set_at("gate_refs", "2025.1", to=7), "gate_refs.2025.1: a text is required"),
    ],
)
def test_a_bad_value_is_reported_with_its_place(change: Callable[[Any], object], message: str) -> None:
    with pytest.raises(FactsError) as caught:
        read_facts(changed(change))
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b"[" * 100_000, b"[]", b"null"])
def test_what_is_not_a_map_of_json_is_refused(content: bytes) -> None:
    with pytest.raises(FactsError):
        read_facts(content)


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
