"""One real Puppet Server serves several OpenStack releases: each agent gets its own version's catalog, and no other."""

import json
import re
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.support.debian_modules import DebianModule
from tests.support.puppet_agent import Agent
from tests.support.puppet_server import RefusedError
from tests.support.repositories import run_git
from tests.support.serving import FACTS, GROWN, NODE, Serving, run_serving, write_toy

pytestmark = pytest.mark.e2e

ADDED = "a_parameter_that_came_later"


@dataclass(frozen=True)
class Run:
    """One run of an agent: what it said, and the report of it that the server has."""

    said: str
    report: Path


@dataclass(frozen=True)
class Move:
    """One environment moved: lock ids, branches and catalogs before; deployed and not flushed; after the flush."""

    environment: str
    ids: Mapping[str, str]
    branches: Mapping[str, str]
    before: Mapping[str, Any]
    unflushed: Any
    after: Mapping[str, Any]


@pytest.fixture(scope="module")
def serving(
    modules: Mapping[str, tuple[DebianModule, ...]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Serving]:
    with run_serving(tmp_path_factory.mktemp("serving"), modules) as serving:
        yield serving


@pytest.fixture(scope="module")
def leaked(serving: Serving) -> tuple[Any, str]:
    """The oldest environment's catalog and then the newest's refusal, from one Ruby without generated types."""
    oldest, newest = serving.releases[0].environment, serving.releases[-1].environment
    serving.deploy(generate_types=False)
    serving.server.wait_until_ready()
    first = serving.catalog(oldest)
    with pytest.raises(RefusedError) as refused:
        serving.catalog(newest)
    return first, str(refused.value)


@pytest.fixture(scope="module")
def catalogs(serving: Serving, leaked: tuple[Any, str]) -> Mapping[str, Any]:
    """Each environment's catalog, from the same Ruby: all that happened is a deployment with types, and a flush."""
    assert leaked
    serving.deploy()
    return serving.catalogs(flushed=environments(serving))


@pytest.fixture(scope="module")
def runs(
    serving: Serving, catalogs: Mapping[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> Mapping[str, Run]:
    """An agent's run in each environment, all at a time."""
    assert catalogs
    root = tmp_path_factory.mktemp("nodes")

    def run(environment: str) -> Run:
        agent = Agent(f"{environment.replace('_', '-')}.example.org", root, serving.server.tree)
        # a native type of keystone asks a keystone, also under --noop
        said = agent.run(environment, "--noop", "--skip_tags", serving.grown)
        return Run(said, agent.newest_report())

    with ThreadPoolExecutor() as pool:
        names = environments(serving)
        return dict(zip(names, pool.map(run, names), strict=True))


@pytest.fixture(scope="module")
def moved(serving: Serving, runs: Mapping[str, Run]) -> Move:
    """Upstream's branch of the second release gets a commit, and the way to the server is gone again for it alone."""
    assert runs
    ids, branches, before = serving.lock_ids(), serving.branches(), serving.catalogs()
    release = serving.releases[1]
    serving.add_parameter_upstream(release, ADDED)
    serving.pinner("update", release.environment)
    serving.publish()
    serving.deploy(release.environment)
    unflushed = serving.catalog(release.environment)
    after = serving.catalogs(flushed=(release.environment,))
    return Move(release.environment, ids, branches, before, unflushed, after)


def environments(serving: Serving) -> tuple[str, ...]:
    return tuple(release.environment for release in serving.releases)


def resource(catalog: Any, kind: str, title: str) -> Mapping[str, Any]:
    """Return a resource's parameters."""
    found = [row for row in catalog["resources"] if (row["type"], row["title"]) == (kind, title)]
    assert len(found) == 1
    return dict(found[0].get("parameters", {}))


def compiled(catalog: Any) -> Any:
    """Return what two compilations of the same code have in common."""
    return catalog["version"], catalog["resources"], catalog["edges"]


def test_without_generated_types_the_oldest_type_is_everybodys(
    serving: Serving, leaked: tuple[Any, str]
) -> None:
    _first, refusal = leaked
    grown = serving.grown
    assert f"no parameter named '{GROWN[grown][1]}'" in refusal
    assert f"on {grown.capitalize()}[leak]" in refusal


def test_verify_names_the_module_whose_types_leak(serving: Serving) -> None:
    told = json.loads(serving.pinner("verify", "--isolation", "--format", "json"))
    leaking = {
        finding["module"]
        for environment in told["environments"]
        for finding in environment["findings"]
        if finding["code"] == "isolation-types"
    }
    assert GROWN[serving.grown][0] in leaking


def test_with_generated_types_each_environment_has_its_own(
    serving: Serving, catalogs: Mapping[str, Any]
) -> None:
    kind, parameter = serving.grown.capitalize(), GROWN[serving.grown][1]
    for release in serving.releases:
        own = resource(catalogs[release.environment], kind, "leak")
        assert (parameter in own) == serving.uses(release, serving.grown), release
    assert parameter in resource(catalogs[serving.releases[-1].environment], kind, "leak")


def test_one_process_serves_every_release_with_its_own_catalog(
    serving: Serving, catalogs: Mapping[str, Any]
) -> None:
    assert len(catalogs) >= 3
    ids = serving.lock_ids()
    told = {name: (catalog["environment"], catalog["version"]) for name, catalog in catalogs.items()}
    assert told == {name: (name, ids[name]) for name in environments(serving)}
    assert len(set(ids.values())) == len(ids)


def test_what_diff_calls_added_is_in_the_newer_catalog_alone(
    serving: Serving, catalogs: Mapping[str, Any]
) -> None:
    for older, newer in pairwise(environments(serving)):
        told = json.loads(serving.pinner("diff", older, newer, "-m", "keystone", "--format", "json"))
        added = {
            row["parameter"]
            for module in told["modules"]
            for row in module["api"]
            if (row["kind"], row["definition"]) == ("parameter-added", "keystone")
        }
        before, after = (set(resource(catalogs[name], "Class", "Keystone")) for name in (older, newer))
        assert added & after, newer
        assert not added & before, older


def test_real_agents_apply_their_own_catalog_under_its_lock_id(
    serving: Serving, runs: Mapping[str, Run]
) -> None:
    ids = serving.lock_ids()
    said = {
        name: re.findall(r"Applying configuration version '(.*)'", run.said) for name, run in runs.items()
    }
    assert said == {name: [ids[name]] for name in environments(serving)}


def test_a_report_that_the_server_stored_names_its_lock(serving: Serving, runs: Mapping[str, Run]) -> None:
    ids = serving.lock_ids()
    for name, run in runs.items():
        said = serving.pinner("id", "--from-report", run.report)
        assert said == f"{name}: {ids[name]} is its current lock\n"


def test_what_is_deployed_is_what_the_locks_say(serving: Serving, catalogs: Mapping[str, Any]) -> None:
    assert catalogs
    assert "0 errors" in serving.pinner("verify", "--deployed", serving.server.tree.environments)


def test_an_environment_that_moves_moves_alone(serving: Serving, moved: Move) -> None:
    others = moved.ids.keys() - {moved.environment}
    branches = serving.branches()
    assert {name for name in branches if branches[name] != moved.branches[name]} == {moved.environment}
    assert {name: compiled(moved.after[name]) for name in others} == {
        name: compiled(moved.before[name]) for name in others
    }
    assert moved.before[moved.environment]["version"] == moved.ids[moved.environment]
    assert ADDED not in resource(moved.before[moved.environment], "Class", "Keystone")


def test_it_has_its_new_code_under_its_new_lock_id(serving: Serving, moved: Move) -> None:
    ids = serving.lock_ids()
    assert {name for name, lock_id in ids.items() if moved.ids[name] != lock_id} == {moved.environment}
    catalog = moved.after[moved.environment]
    assert catalog["version"] == ids[moved.environment]
    assert resource(catalog, "Class", "Keystone")[ADDED] == "yes"


def test_a_report_of_before_names_the_commit_that_has_its_lock(
    serving: Serving, runs: Mapping[str, Run], moved: Move
) -> None:
    before = run_git("-C", str(serving.project), "rev-parse", "HEAD~1")
    said = serving.pinner("id", "--from-report", runs[moved.environment].report)
    then, now = moved.ids[moved.environment], serving.lock_ids()[moved.environment]
    assert said.startswith(f"{moved.environment}: {then} is its lock from commit {before[:12]} of ")
    assert said.endswith(f" UTC; the current lock is {now}\n")


def test_until_the_flush_the_server_keeps_old_code_and_old_lock_id_together(moved: Move) -> None:
    assert compiled(moved.unflushed) == compiled(moved.before[moved.environment])


def test_until_the_flush_a_class_that_was_not_read_yet_is_new_under_the_old_version(serving: Serving) -> None:
    """Why nothing may come between a deployment and the flush."""
    environment = serving.server.tree.environments / "toy"
    serving.server.wait_until_ready()

    def ask(*, more: bool) -> tuple[str, list[str]]:
        catalog = serving.server.catalog(NODE, "toy", {**FACTS, "more": more})
        return catalog["version"], [row["title"] for row in catalog["resources"] if row["type"] == "Notify"]

    write_toy(environment, "old")
    assert ask(more=False) == ("old", ["a old"])
    write_toy(environment, "new")
    assert ask(more=False) == ("old", ["a old"])
    assert ask(more=True) == ("old", ["a old", "b new"])
    serving.server.flush("toy")
    assert ask(more=True) == ("new", ["a new", "b new"])
