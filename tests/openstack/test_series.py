import pytest

from pinner.model.lock import Series, SeriesStatus
from pinner.openstack.catalogue import all_series, find_series, known_series, nearest_series


def series(text: str) -> Series:
    found = find_series(text)
    assert found
    return found


def test_manifests_may_name_series_from_essex_on() -> None:
    assert all_series()[0] == series("essex")
    assert len(all_series()) == 31
    assert known_series()[4:] == all_series()


def test_an_id_and_a_code_name_are_one_series() -> None:
    assert series("2025.1") == series("epoxy")
    assert series("epoxy").branch_name == "2025.1"


def test_up_to_zed_branches_are_called_by_code_name() -> None:
    assert series("zed").branch_name == "zed"


def test_a_series_tells_its_days_and_status() -> None:
    assert series("havana") == Series(
        id="havana",
        name="havana",
        status=SeriesStatus.END_OF_LIFE,
        released="2013-10-17",
        eol="2014-09-30",
        position=7,
    )


@pytest.mark.parametrize("text", ["", "diablo", "Epoxy", " zed", "2025.10", "2025", "master", "stable/zed"])
def test_other_texts_name_no_series(text: str) -> None:
    assert find_series(text) is None


def test_series_are_ordered_by_age_and_not_by_name() -> None:
    assert series("zed") < series("2023.1") < series("2026.1")
    assert series("2023.1") > series("zed")
    assert max(all_series()) == series("indri")


def test_the_newest_released_is_no_series_in_development() -> None:
    assert [one for one in all_series() if one.is_released][-1] == series("2026.1")
    assert not series("2026.2").is_released


@pytest.mark.parametrize(
    ("text", "near"),
    [
        ("hvana", ("havana",)),
        ("Epoxy", ("epoxy",)),
        ("diablo", ("essex",)),
        ("qqqqqq", ()),
        ("2025.1" * 1000, ()),
    ],
)
def test_a_mistaken_series_is_answered_with_near_ones(text: str, near: tuple[str, ...]) -> None:
    assert nearest_series(text) == near


def test_a_mistaken_number_is_answered_with_its_neighbours() -> None:
    assert nearest_series("2025.3")[:2] == ("2025.2", "2025.1")


def test_a_series_reads_as_its_id() -> None:
    assert f"{series('epoxy')}" == "2025.1"
