"""The phase of a series follows from its dates and the gate's ref, whatever the facts' status was; supported steps."""

from datetime import date

import pytest

from pinner.model.catalogue import SeriesRow
from pinner.model.lock import SeriesStatus
from pinner.openstack.catalogue import all_series, find_series, next_supported, phase_on, supported_path
from pinner.openstack.facts import facts, use_facts
from tests.openstack.test_series import series

ROWS = {row.id: row for row in facts().series}
NEW = SeriesRow("2030.1", "omega", "future", "2030-04-03", None, is_slurp=True)


@pytest.mark.parametrize(
    ("row", "day", "phase"),
    [
        (ROWS["2026.2"], "2026-08-21", SeriesStatus.DEVELOPMENT),
        (ROWS["2026.2"], "2026-09-29", SeriesStatus.DEVELOPMENT),
        (ROWS["2026.2"], "2026-09-30", SeriesStatus.MAINTAINED),
        (ROWS["2027.1"], "2026-09-30", SeriesStatus.FUTURE),
        (ROWS["2027.1"], "2026-10-01", SeriesStatus.DEVELOPMENT),
        (ROWS["2027.1"], "2027-03-24", SeriesStatus.MAINTAINED),
        (ROWS["2025.1"], "2026-10-01", SeriesStatus.MAINTAINED),
        (ROWS["2025.1"], "2026-10-02", SeriesStatus.UNMAINTAINED),
        (ROWS["2025.2"], "2027-04-27", SeriesStatus.MAINTAINED),
        (ROWS["2025.2"], "2027-04-28", SeriesStatus.END_OF_LIFE),
        (ROWS["havana"], "2026-08-21", SeriesStatus.END_OF_LIFE),
        (NEW, "2031-10-02", SeriesStatus.MAINTAINED),
        (NEW, "2031-10-03", SeriesStatus.UNMAINTAINED),  # 18 months: no end is planned in facts that are old
    ],
)
def test_a_series_is_in_the_phase_that_its_dates_give(row: SeriesRow, day: str, phase: SeriesStatus) -> None:
    assert phase_on(date.fromisoformat(day), row) is phase


@pytest.mark.parametrize(
    ("ref", "phase"),
    [
        ("refs/heads/stable/2025.1", SeriesStatus.MAINTAINED),
        ("refs/heads/unmaintained/2025.1", SeriesStatus.UNMAINTAINED),
        ("refs/tags/2025.1-eol", SeriesStatus.END_OF_LIFE),
        (None, SeriesStatus.MAINTAINED),
    ],
)
def test_a_ref_that_exists_proves_a_later_phase(ref: str | None, phase: SeriesStatus) -> None:
    assert phase_on(date(2026, 8, 21), ROWS["2025.1"], ref) is phase


def test_the_present_day_decides_which_release_is_the_newest() -> None:
    assert [one for one in all_series() if one.is_released][-1] == series("2026.1")
    use_facts(today=date(2026, 9, 30))
    assert [one for one in all_series() if one.is_released][-1] == series("2026.2")


def test_a_planned_end_is_the_end() -> None:
    assert series("2025.2").eol == "2027-04-28"
    assert series("2025.1").eol is None


def test_from_2023_1_on_each_years_first_release_is_slurp() -> None:
    ids = [row.id for row in facts().series if row.is_slurp]
    assert ids == ["2023.1", "2024.1", "2025.1", "2026.1", "2027.1"]


@pytest.mark.parametrize(
    ("start", "steps"),
    [
        ("zed", ["2023.1"]),
        ("2023.1", ["2023.2", "2024.1"]),
        ("2023.2", ["2024.1"]),
        ("2025.1", ["2025.2", "2026.1"]),
        ("2027.1", []),
    ],
)
def test_a_step_leads_to_the_next_release_or_from_slurp_to_slurp(start: str, steps: list[str]) -> None:
    assert [step.id for step in next_supported(series(start))] == steps


@pytest.mark.parametrize(
    ("start", "end", "path"),
    [
        ("2023.2", "2025.1", "2024.1 2025.1"),
        ("2023.1", "2025.1", "2024.1 2025.1"),
        ("2023.1", "2023.2", "2023.2"),
        ("2024.1", "2025.2", "2025.1 2025.2"),
        ("2024.1", "2024.2", "2024.2"),
        ("xena", "2024.2", "yoga zed 2023.1 2024.1 2024.2"),
    ],
)
def test_the_path_is_the_shortest_in_supported_steps(start: str, end: str, path: str) -> None:
    assert " ".join(step.id for step in supported_path(series(start), series(end))) == path


def test_a_code_name_finds_the_series_of_its_id() -> None:
    found = find_series("gazpacho")
    assert found
    assert found.is_slurp
