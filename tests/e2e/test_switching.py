"""A real Puppet Server serves an environment that `pinner deploy` switches while nodes ask for catalogs and files."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle, islice
from pathlib import Path

import pytest

from tests.support.oracles import find_tool
from tests.support.processes import wait_until
from tests.support.puppet_agent import Agent
from tests.support.puppet_server import RefusedError, run_puppet_server
from tests.support.repositories import isolate_git
from tests.support.switching import (
    ENVIRONMENT,
    FILE,
    RELEASES,
    ByR10k,
    Estate,
    Nodes,
    TwoReleases,
    apply,
    ask,
    content_of,
    release_of,
)

pytestmark = pytest.mark.e2e

SWITCHES = int(os.environ.get("PINNER_TEST_SWITCHES", "6"))
DRAIN = "20"  # seconds: longer than a compilation on a busy machine


@pytest.fixture(scope="module")
def code(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TwoReleases]:
    with pytest.MonkeyPatch.context() as patch:
        isolate_git(patch)
        yield TwoReleases.make(tmp_path_factory.mktemp("switching"))


@pytest.fixture(scope="module")
def estate(code: TwoReleases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Estate]:
    with run_estate(code, tmp_path_factory.mktemp("server")) as found:
        yield found


@contextmanager
def run_estate(code: TwoReleases, root: Path) -> Iterator[Estate]:
    directory = root / "environments"
    first = code.cloud.run("deploy", "--to", str(directory))
    assert first.code == 0, first.err
    with run_puppet_server(root / "server", versioned=directory) as server:
        server.wait_until_ready()
        yield Estate(code, server)


def releases(count: int) -> Iterator[str]:
    """Return that many releases, each another one than the one before."""
    return islice(cycle(RELEASES), count)


def test_while_environments_are_switched_every_catalog_and_file_is_of_one_version(
    estate: Estate, tmp_path: Path
) -> None:
    ids = {release: estate.deploy(release) for release in RELEASES}
    agent = Agent("applying.example.org", tmp_path, estate.server.tree)
    nodes = Nodes(
        (
            lambda: ask(estate, estate.server),
            lambda: ask(estate, estate.server),
            lambda: apply(agent, estate.code.target),
        )
    )

    def see(release: str) -> None:
        seen = len(nodes.answers)
        wait_until(lambda: nodes.answers[seen:].count(("static", release, ids[release])) > 1)

    with nodes.running():
        for release in releases(SWITCHES):
            estate.deploy(release, "--drain", DRAIN)
            see(release)
        for release in releases(2):
            estate.pinner("--rollback", ENVIRONMENT, "--drain", DRAIN)
            see(release)
    sys.stdout.write(
        f"\npinner deploy: {SWITCHES + 2} switches, {len(nodes.answers)} catalogs and runs of agents, "
        f"{len(nodes.mixtures)} mixtures, {len(nodes.refusals)} refused\n"
    )
    assert nodes.mixtures == []
    assert nodes.failures == []
    expected = {("static", *row) for row in ids.items()}
    applied = {row for row in nodes.answers if row[0] == "applied"}
    assert set(nodes.answers) - applied == expected
    assert applied
    assert nodes.refusals
    assert all("500" in refusal for refusal in nodes.refusals)


def test_an_environment_that_r10k_deploys_is_whole_again_after_a_flush(
    code: TwoReleases, tmp_path: Path
) -> None:
    """In between, catalogs may be mixtures: `pytest -s` shows their number, which depends on the machine."""
    find_tool("r10k", "r10k")
    with run_puppet_server(tmp_path / "server") as server:
        server.wait_until_ready()
        by_r10k = ByR10k.make(code, server, tmp_path / "r10k")

        def whole() -> tuple[str]:
            return (release_of(by_r10k.catalog()),)

        nodes = Nodes((whole, whole))
        with nodes.running():
            for release in releases(SWITCHES):
                by_r10k.deploy(release)
                assert whole() == (release,)
    sys.stdout.write(
        f"\nr10k: {SWITCHES} deploys, {len(nodes.answers)} whole catalogs, {len(nodes.mixtures)} mixtures, "
        f"{len(nodes.refusals)} refused\n"
    )
    assert nodes.failures == []
    assert {release for (release,) in nodes.answers} <= set(RELEASES)


def test_a_node_that_changes_the_server_between_two_phases_is_given_its_files(
    code: TwoReleases, estate: Estate, tmp_path: Path
) -> None:
    with run_estate(code, tmp_path) as other:
        both = (estate, other)
        ids = {release: [one.deploy(release) for one in both] for release in RELEASES}
        assert all(len(set(some)) == 1 for some in ids.values())
        nodes = Nodes((lambda: ask(estate, other.server), lambda: ask(other, estate.server)))
        with nodes.running():
            for release in releases(2):
                code.select(release)
                for one in both:
                    one.pinner("--prepare")
                for one in both:
                    one.pinner("--switch", "--drain", DRAIN)
                seen = len(nodes.answers)
                wait_until(lambda seen=seen: len(nodes.answers) > seen + 4)  # type: ignore[misc]  # bound now
        assert nodes.mixtures == []
        assert nodes.failures == []
        assert set(nodes.answers) == {("static", release, some[0]) for release, some in ids.items()}
        assert all(refusal.startswith("POST /puppet/v3/catalog/") for refusal in nodes.refusals)


def test_old_ids_are_served_after_a_switch_and_unknown_ones_are_refused(estate: Estate) -> None:
    old = estate.deploy("2024.1")
    assert estate.catalog()["code_id"] == old
    new = estate.deploy("2025.1")
    assert estate.catalog()["code_id"] == new
    assert estate.server.static_content(ENVIRONMENT, old, FILE) == content_of("2024.1")
    assert estate.server.static_content(ENVIRONMENT, new, FILE) == content_of("2025.1")
    for unknown in ("pin-000000000000-000000000000", "x", f"{old}0"):
        with pytest.raises(RefusedError):
            estate.server.static_content(ENVIRONMENT, unknown, FILE)
    assert estate.catalog()["version"] == new.rpartition("-")[0]


def test_an_agent_with_a_cached_catalog_gets_the_files_of_its_version(estate: Estate, tmp_path: Path) -> None:
    agent, target = Agent("cached.example.org", tmp_path, estate.server.tree), estate.code.target
    estate.deploy("2024.1")
    agent.run(ENVIRONMENT)
    assert target.read_text() == content_of("2024.1")
    estate.deploy("2025.1")
    target.unlink()
    agent.run(ENVIRONMENT, "--use_cached_catalog")
    assert target.read_text() == content_of("2024.1")
    agent.run(ENVIRONMENT)
    assert target.read_text() == content_of("2025.1")
