"""`upgrade` goes in the steps that OpenStack supports: to the next release, or from one SLURP release to the next."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from pinner.model.catalogue import SeriesRow
from pinner.openstack.facts import facts_text, packaged_facts, use_facts
from tests.support.cloud import Cloud

RELEASES = {
    "2023.1": "22.0.0",
    "2023.2": "23.0.0",
    "2024.1": "24.1.0",
    "2024.2": "25.0.0",
    "2025.1": "26.1.0",
}


@pytest.fixture(autouse=True)
def packaged_facts_afterwards() -> Iterator[None]:
    yield
    use_facts()


@pytest.fixture
def releases(cloud: Cloud) -> Cloud:
    """Nova has all releases of RELEASES."""
    for release, version in RELEASES.items():
        cloud.upstream("nova").commit(f"stable/{release}", version=version, start="refs/heads/master")
    return cloud


def locked(cloud: Cloud, release: str) -> None:
    cloud.manifest("production", f"release: {release}\nopenstack: [nova]\n")
    assert cloud.run("lock").code == 0


@pytest.mark.parametrize(
    ("start", "options", "way"),
    [
        ("2023.2", ("--to", "2025.1"), [("2023.2", "2024.1"), ("2024.1", "2025.1")]),
        ("2023.1", ("--to", "2025.1"), [("2023.1", "2024.1"), ("2024.1", "2025.1")]),
        ("2023.1", ("--to", "2024.2"), [("2023.1", "2024.1"), ("2024.1", "2024.2")]),
        ("2024.1", ("--to", "2025.1"), []),
        ("2023.2", ("--to", "2024.1"), []),
        ("2024.1", ("--to", "2025.1", "--through"), [("2024.1", "2024.2"), ("2024.2", "2025.1")]),
        (
            "2023.2",
            ("--to", "2025.1", "--through"),
            [("2023.2", "2024.1"), ("2024.1", "2024.2"), ("2024.2", "2025.1")],
        ),
    ],
)
def test_a_move_takes_the_supported_steps(
    releases: Cloud, start: str, options: tuple[str, ...], way: list[tuple[str, str]]
) -> None:
    locked(releases, start)
    result = releases.run("upgrade", "production", *options, "--format", "json")
    assert result.code == 0, result.err
    legs = [(leg["release"]["from"], leg["release"]["to"]) for leg in result.json.get("legs", ())]
    assert legs == way


def test_the_way_is_shown_if_the_target_is_further_than_one_step(releases: Cloud) -> None:
    locked(releases, "2023.2")
    far = releases.run("upgrade", "production", "--to", "epoxy")
    assert (
        "OpenStack supports no upgrade from 2023.2 to 2025.1 in one step; planned: 2023.2 -> 2024.1 -> 2025.1"
        in far.err
    )
    assert "supports no upgrade" not in releases.run("upgrade", "production", "--to", "2024.1").err


@pytest.mark.parametrize(("start", "target"), [("2023.2", "2024.1"), ("2024.1", "2025.1")])
def test_without_a_target_the_next_supported_release_is_planned(
    releases: Cloud, start: str, target: str
) -> None:
    locked(releases, start)
    result = releases.run("upgrade", "production", "--format", "json")
    assert (result.code, result.json["release"]) == (0, {"from": start, "to": target})
    assert (
        f"no --to: planned the step to {target}, the next release that OpenStack supports an upgrade to"
        in result.err
    )


def test_a_release_that_is_only_planned_is_not_proposed(releases: Cloud) -> None:
    facts = packaged_facts()
    rows = [row for row in facts.series if row.id <= "2025.1" or row.id.isalpha()]
    rows.append(SeriesRow("2025.2", "flamingo", "development", "2199-10-01", None))
    known = {row.id for row in rows}
    trimmed = replace(
        facts,
        series=tuple(rows),
        repositories=tuple(
            replace(
                one,
                carried=tuple(row for row in one.carried if row.series <= "2025.1" or row.series.isalpha()),
                ended=None,
            )
            for one in facts.repositories
        ),
        gate_refs={key: ref for key, ref in facts.gate_refs.items() if key in known},
        integration={key: pins for key, pins in facts.integration.items() if key in known},
        misfits={key: pairs for key, pairs in facts.misfits.items() if key in known},
    )
    releases.project.joinpath("pinner.catalogue.json").write_text(facts_text(trimmed))
    locked(releases, "2025.1")
    result = releases.run("upgrade", "production")
    assert result.code == 2
    assert "environment 'production' is on 2025.1, the newest release" in result.err
    assert (
        "hint: 2025.2 is planned for 2199-10-01: '--to 2025.2'; 'pinner catalogue update' reads what is new"
        in result.err
    )


def test_without_a_release_nothing_can_be_proposed(releases: Cloud) -> None:
    releases.manifest("production", "modules:\n  nova: {branch: stable/2025.1}\n")
    releases.run("lock")
    result = releases.run("upgrade", "production")
    assert result.code == 2
    assert "environment 'production' has no 'release' to upgrade from" in result.err


@pytest.mark.parametrize("write", [("--write",), ("--write-hiera", "--hiera", "data")])
def test_a_move_of_several_steps_is_not_written_at_once(releases: Cloud, write: tuple[str, ...]) -> None:
    locked(releases, "2023.2")
    (releases.project / "data").mkdir()
    (releases.project / "data/common.yaml").write_text("nova::x: 1\n")
    manifest = releases.project / "environments/production.yaml"
    before = manifest.read_text()
    result = releases.run("upgrade", "production", "--to", "2025.1", *write)
    assert (result.code, result.out, manifest.read_text()) == (2, "", before)
    assert result.err == (
        "environments/production.yaml:1:10: 2025.1 is 2 upgrades away (2023.2 -> 2024.1 -> 2025.1), and --write is for one: "
        "nothing was written\n"
        "  hint: run 'pinner upgrade production --to 2024.1 --write', deploy that release, and go on from there; "
        "'--through --write' writes the last release at once, for an environment that is installed anew\n"
    )


def test_each_step_can_be_written_and_all_of_them_with_through(releases: Cloud) -> None:
    locked(releases, "2023.2")
    manifest = releases.project / "environments/production.yaml"
    for step in ("2024.1", "2025.1"):
        assert releases.run("upgrade", "production", "--to", step, "--write").code == 0
        assert manifest.read_text().splitlines()[0] == f"release: {step}"
        assert releases.run("lock").code == 0
    locked(releases, "2023.2")
    assert releases.run("upgrade", "production", "--to", "2025.1", "--through", "--write").code == 0
    assert manifest.read_text().splitlines()[0] == "release: 2025.1"
