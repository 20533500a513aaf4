"""What upstream's own metadata contradicts: for every release the exact list, no more and no less.

Upstreams are built from the facts in tests/data/upstream_metadata.json; the lists stand in tests/data/contradictions.txt
with the reason for each.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from pinner.model.lock import Series
from pinner.openstack.catalogue import gate_misfits
from tests.support.contradictions import (
    GOLDEN,
    IGNORED,
    SERIES,
    dependencies_of,
    environment,
    lock,
    render,
    write_mended,
    write_project,
)

Findings = Mapping[str, list[Mapping[str, Any]]]

# The facts lack refs of 2026.1, so some that the catalogue expects are not there.
BESIDE_DEPENDENCIES = {"end-of-life", "not-in-release", "gate-unread"}
UNSATISFIED = "dependency-unsatisfied"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, real_settings: str) -> Path:
    return write_project(tmp_path_factory.mktemp("contradictions") / "project", real_settings)


@pytest.fixture(scope="module")
def told(project: Path) -> Findings:
    found: Findings = lock(project)
    return found


@pytest.fixture(scope="module")
def mended(project: Path, told: Findings) -> Findings:
    """What is found after the manifest overrides every range that is not satisfied."""
    pairs = {
        series: [(*row.pair, _pinned(row.text)) for row in rows if row.code == UNSATISFIED]
        for series in SERIES
        if (rows := dependencies_of(told[environment("gate", series)]))
    }
    write_mended(project, pairs)
    found: Findings = lock(project, *(environment("mended", series) for series in pairs))
    return found


def _pinned(text: str) -> str:
    """Return the range of the major version that is pinned: `... is pinned at 9.0.0` gives 9.x."""
    return f"{text.rpartition(' is pinned at ')[2].partition('.')[0]}.x"


def test_the_lists_are_those_of_the_golden_file(told: Findings) -> None:
    assert render(told) == GOLDEN.read_text(encoding="utf-8")


def test_nothing_else_is_found(told: Findings) -> None:
    codes = {finding["code"] for findings in told.values() for finding in findings}
    assert {code for code in codes if not code.startswith("dependency-")} <= BESIDE_DEPENDENCIES


@pytest.mark.parametrize("series", SERIES, ids=str)
def test_openstacks_own_modules_contradict_each_other_at_stein_and_train_only(
    told: Findings, series: Series
) -> None:
    rows = dependencies_of(told[environment("declared", series)])
    found = [(row.code, row.module, row.text) for row in rows if row.code != "dependency-missing"]
    text = "requires puppet/rabbitmq >=2.0.2 <6.0.0, but aodh, barbican, ceilometer and 18 more require >=8.4.0 <9.0.0: no version is in both ranges"
    expected = [("dependency-contradiction", "openstacklib", text)]
    assert found == (expected if series.id in {"stein", "train"} else [])


@pytest.mark.parametrize("series", SERIES, ids=str)
def test_an_override_of_each_silences_exactly_those(told: Findings, mended: Findings, series: Series) -> None:
    gate = dependencies_of(told[environment("gate", series)])
    after = dependencies_of(mended.get(environment("mended", series), []))
    assert {row.code for row in after} <= {"dependency-overridden", "dependency-missing"}
    overridden = [row.pair for row in after if row.code == "dependency-overridden"]
    assert overridden == [row.pair for row in gate if row.code == UNSATISFIED]
    missing = [row for row in gate if row.code == "dependency-missing"]
    assert [row for row in after if row.code == "dependency-missing"] == missing


@pytest.mark.parametrize(("before", "after"), [("declared", "bare"), ("gate", "without")])
@pytest.mark.parametrize("series", SERIES, ids=str)
def test_ignoring_a_dependency_silences_exactly_what_is_found_about_it(
    told: Findings, series: Series, before: str, after: str
) -> None:
    rows = dependencies_of(told[environment(before, series)])
    assert dependencies_of(told[environment(after, series)]) == [
        row for row in rows if row.pair[1] != IGNORED
    ]


@pytest.mark.parametrize("series", SERIES, ids=str)
def test_the_catalogue_knows_what_the_gate_runs_against_its_metadata(told: Findings, series: Series) -> None:
    rows = dependencies_of(told[environment("gate", series)])
    found = {row.pair for row in rows if row.code == UNSATISFIED}
    known = {(misfit.module, misfit.dependency) for misfit in gate_misfits(series)}
    assert found <= known
