"""Every release with `externals: newest`: it has a solution, or the finding names what upstream's own metadata contradicts.

Upstreams are built from the facts in tests/data; what is found stands in tests/data/newest_sets.txt.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from pinner.model.lock import Series
from pinner.puppet.versions import parse_range, parse_version
from tests.support.contradictions import SERIES, lock
from tests.support.newest_sets import (
    GOLDEN,
    MENDED,
    brought_in,
    environment,
    read_lock,
    render,
    write_project,
)
from tests.support.real_upstreams import RELEASES, Row, read_facts

Findings = Mapping[str, list[Mapping[str, Any]]]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_project(tmp_path_factory.mktemp("newest"))


@pytest.fixture(scope="module")
def told(project: Path) -> Findings:
    found: Findings = lock(project)
    return found


def names(series: Series) -> Iterator[str]:
    yield environment(series)
    if series.id in MENDED:
        yield environment(series, "mended")


def test_the_sets_and_the_collisions_are_those_of_the_golden_file(project: Path, told: Findings) -> None:
    assert render(project, told) == GOLDEN.read_text(encoding="utf-8")


@pytest.mark.parametrize("series", SERIES, ids=str)
def test_it_has_a_solution_or_a_collision_and_then_one_with_the_overrides_it_names(
    project: Path, told: Findings, series: Series
) -> None:
    conflicts = {
        name: [finding for finding in told[name] if finding["code"] == "dependency-conflict"]
        for name in names(series)
    }
    solved = [name for name in names(series) if brought_in(project, name)]
    assert [name for name, found in conflicts.items() if not found] == solved
    assert solved == [environment(series, "mended" if series.id in MENDED else "newest")]


@pytest.mark.parametrize("series", SERIES, ids=str)
def test_what_is_found_satisfies_everybody(told: Findings, series: Series) -> None:
    codes = {finding["code"] for name in names(series) for finding in told[name]}
    assert not codes & {"dependency-unsatisfied", "dependency-contradiction", "not-a-module", "name-mismatch"}


@pytest.mark.parametrize("series", SERIES, ids=str)
def test_no_module_could_be_newer_while_all_others_stay(
    project: Path, told: Findings, series: Series
) -> None:
    assert told
    name = environment(series)
    modules = read_lock(project, name)
    for module, pin in brought_in(project, name).items():
        others = {other: row for other, row in modules.items() if other != module}
        for row in newer(pin["git"], pin["version"]):
            assert not fits(module, row, others), f"{module} {row.version}"


def newer(git: str, version: str) -> Iterator[Row]:
    """Yield the releases of a module above a version whose metadata is that module's."""
    for facts in released():
        for row in facts.get(git, {}).values():
            found, least = parse_version(row.version or ""), parse_version(version)
            if found and least and found > least:
                yield row


@cache
def released() -> tuple[Mapping[str, Mapping[str, Row]], ...]:
    return read_facts(), read_facts(RELEASES)


def fits(module: str, row: Row, others: Mapping[str, Any]) -> bool:
    """Tell whether a release meets what all others ask of it, and they what it asks of them."""
    asked = [
        wanted
        for other in others.values()
        for name, wanted in other.get("dependencies", {}).items()
        if name.replace("-", "/").rpartition("/")[2] == module
    ]
    asks = [
        (others[short]["version"], wanted or "")
        for name, wanted in row.dependencies
        if (short := name.replace("-", "/").rpartition("/")[2]) in others
    ]
    pairs = [*((row.version or "", wanted) for wanted in asked), *asks]
    return all(_is_in(version, wanted) for version, wanted in pairs)


def _is_in(version: str, wanted: str) -> bool:
    found, wanted_range = parse_version(version), parse_range(wanted)
    return found is not None and (wanted_range.is_unreadable or wanted_range.matches(found))
