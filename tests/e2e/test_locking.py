"""Locks of real modules: what Debian's suites carry is what the locks say."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.chain import BASE, Chain
from tests.support.debian_modules import DebianModule
from tests.support.oracles import RubyOracle, run_oracle

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def semantic_puppet() -> Iterator[RubyOracle]:
    yield from run_oracle("semantic_puppet.rb", "ruby-semantic-puppet")


def test_each_environment_is_locked_at_its_release(chain: Chain) -> None:
    for release in chain.releases:
        pins = chain.lock(release.environment)["modules"]
        packaged = {module.name: module for module in chain.modules[release.suite]}
        assert set(pins) == {*release.openstack, *release.third_party}
        for name, pin in pins.items():
            assert (pin["name"], pin["version"]) == (f"{packaged[name].owner}-{name}", packaged[name].version)
        refs = {pins[name]["ref"] for name in release.openstack}
        assert refs == {f"refs/heads/stable/{release.series}"}


def test_all_environments_together_contact_each_repository_once(chain: Chain) -> None:
    repositories = {name for release in chain.releases for name in release.openstack}
    advertised = [request.repository for request in chain.traffic.requests if request.method == "GET"]
    assert sorted(advertised) == [f"opendev.org/openstack/puppet-{name}" for name in sorted(repositories)]
    assert chain.traffic.connections == len(repositories)


def test_a_second_lock_changes_no_byte_and_check_agrees(chain: Chain) -> None:
    before = {path.name: path.read_bytes() for path in (chain.project / "environments").iterdir()}
    chain.operator.pinner("lock", cwd=chain.project)
    chain.operator.pinner("lock", "--check", cwd=chain.project)
    chain.operator.pinner("generate", "--check", cwd=chain.project)
    assert {path.name: path.read_bytes() for path in (chain.project / "environments").iterdir()} == before


def test_every_environment_verifies(chain: Chain) -> None:
    told = json.loads(chain.operator.pinner("verify", "--format", "json", cwd=chain.project))
    assert [environment["name"] for environment in told["environments"]] == sorted(
        release.environment for release in chain.releases
    )
    codes = {finding["code"] for environment in told["environments"] for finding in environment["findings"]}
    # Real modules of several releases do hold other types and helpers under the same names.
    assert codes == {"isolation-types", "isolation-helpers"}
    assert len(told["environments"]) == len(chain.releases)


def test_a_diff_of_two_releases_shows_every_module_that_moved(chain: Chain) -> None:
    older, newer = chain.releases[:2]
    told = json.loads(
        chain.operator.pinner(
            "diff", older.environment, newer.environment, "--format", "json", cwd=chain.project
        )
    )
    moved = {row["name"] for row in told["modules"] if row["change"] == "moved"}
    before, after = (chain.lock(release.environment)["modules"] for release in (older, newer))
    assert moved == {
        name for name in before if name in after and before[name]["commit"] != after[name]["commit"]
    }
    assert set(older.openstack) & set(newer.openstack) <= moved


def test_the_sets_that_do_not_hold_together_are_those_that_puppet_names(
    chain: Chain, semantic_puppet: RubyOracle, tmp_path: Path
) -> None:
    """Debian's metadata contradicts itself here and there; without `ignore` such an environment gets no lock."""
    project = copy_project(chain, tmp_path)
    told = json.loads(chain.operator.pinner("lock", "--format", "json", cwd=project, expect=None))
    for environment, release in zip(
        told["environments"], sorted(chain.releases, key=lambda release: release.environment), strict=True
    ):
        found = {
            (finding["module"], re.findall(r"requires \S+/(\w+)", finding["message"])[0])
            for finding in environment["findings"]
            if finding["code"] == "dependency-unsatisfied"
        }
        assert found == set(contradictions(chain.modules[release.suite], semantic_puppet)), release.suite
        assert (project / "environments" / f"{release.environment}.lock").exists() == (not found)


def copy_project(chain: Chain, directory: Path) -> Path:
    """Copy the project's manifests, with a base that silences no contradiction."""
    environments = directory / "environments"
    environments.mkdir()
    for path in (chain.project / "environments").glob("*.yaml"):
        environments.joinpath(path.name).write_text(path.read_text())
    environments.joinpath("_debian.yaml").write_text(BASE.replace("dependency-unsatisfied, ", ""))
    settings = (chain.project / "pinner.yaml").read_text()
    directory.joinpath("pinner.yaml").write_text(
        settings.replace("../cache", str(chain.project.parent / "cache"))
    )
    return directory


def contradictions(
    modules: tuple[DebianModule, ...], semantic_puppet: RubyOracle
) -> Iterator[tuple[str, str]]:
    """Yield module and dependency where Puppet's own implementation says that the version is not in the range."""
    versions = {module.name: module.version for module in modules}
    for module in modules:
        for row in json.loads((module.path / "metadata.json").read_text()).get("dependencies", []):
            name = row["name"].replace("-", "/", 1).rpartition("/")[2]
            wanted = row.get("version_requirement", ">= 0.0.0")
            if name in versions and semantic_puppet.ask({"range": wanted, "versions": [versions[name]]}) == [
                False
            ]:
                yield module.name, name
