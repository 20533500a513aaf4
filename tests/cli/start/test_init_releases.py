"""`pinner init` for every release: what it writes locks as it stands, on upstreams with their real metadata."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from pinner.adopting.init import USUAL
from pinner.model.lock import Series
from pinner.openstack.catalogue import find_module, integration_pins, modules_in
from tests.support.cloud import Cloud
from tests.support.contradictions import SERIES, environment, lock
from tests.support.real_upstreams import read_facts

Findings = Mapping[str, list[Mapping[str, Any]]]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory, real_settings: str) -> Findings:
    cloud = Cloud(tmp_path_factory.mktemp("init"))
    (cloud.project / "pinner.yaml").write_text(real_settings)
    for series in SERIES:
        assert cloud.run("init", "--release", series.id, environment("init", series)).code == 0
    found: Findings = lock(cloud.project)
    return found


def unknown_to_the_facts(series: Series) -> set[str]:
    """Return the modules whose ref of that release, or whose commit that the gate pins, the facts don't have."""
    refs = {url: set(rows) for url, rows in read_facts().items()}
    own = {
        name
        for name in USUAL
        if (entry := find_module(name, series))
        and getattr(entry, "seen_ref", None) not in refs.get(entry.git, ())
    }
    third_party = {
        pin.name
        for pin in integration_pins(series)
        if pin.ref and f"refs/tags/{pin.ref}" not in refs.get(pin.git, ())
    }
    return own | third_party


@pytest.mark.parametrize("series", SERIES, ids=str)
def test_what_init_writes_for_a_release_locks_as_it_stands(told: Findings, series: Series) -> None:
    errors = [finding for finding in told[environment("init", series)] if finding["level"] == "error"]
    assert {finding["code"] for finding in errors} <= {"ref-missing"}
    assert {finding["module"] for finding in errors} <= unknown_to_the_facts(series)


def test_without_a_release_it_is_the_newest_that_the_catalogue_has_seen_whole(cloud: Cloud) -> None:
    assert cloud.run("init", "first").code == 0
    whole = [
        series.id
        for series in SERIES
        if {entry.name for entry in modules_in(series) if entry.seen_ref}.issuperset(USUAL)
    ]
    text = Path(cloud.project / "environments/first.yaml").read_text()
    assert f"\nrelease: {whole[-1]}\n" in text
