"""A real Puppet Server serves an environment that `pinner deploy` switches while nodes ask for catalogs and files."""

import contextlib
import hashlib
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.support.cloud import Cloud
from tests.support.control import make_control
from tests.support.processes import wait_until
from tests.support.puppet_agent import Agent
from tests.support.puppet_server import PuppetServer, RefusedError, run_puppet_server
from tests.support.repositories import isolate_git
from tests.support.serving import FACTS

pytestmark = pytest.mark.e2e

RELEASES = {"2024.1": "24.0.0", "2025.1": "26.0.0"}
ENVIRONMENT = "production"
COMPLETE = {
    "author": "openstack",
    "summary": "A module",
    "license": "Apache-2.0",
    "source": "https://opendev.org/openstack/puppet-nova",
}
SITE = """\
notify {{ 'site {release}': }}
notify {{ "data ${{lookup('release')}}": }}
include nova
include keystone
file {{ '{target}': source => 'puppet:///modules/nova/release' }}
"""


@dataclass(frozen=True)
class Estate:
    """A project whose environment has two states, each with its lock, site code and data, and a server of it."""

    cloud: Cloud
    server: PuppetServer
    commits: dict[str, str]
    target: Path

    @property
    def directory(self) -> Path:
        return self.server.tree.environments

    def deploy(self, release: str, *arguments: str) -> str:
        """Deploy one of the states, and return the id of its version."""
        for suffix in ("yaml", "lock"):
            kept = self.cloud.root / f"{release}.{suffix}"
            shutil.copy(kept, self.cloud.project / f"environments/{ENVIRONMENT}.{suffix}")
        make_branch(self.cloud, self.commits[release])
        self.pinner(*arguments)
        return Path(os.readlink(self.directory / ENVIRONMENT)).name  # noqa: PTH115 - the target itself

    def pinner(self, *arguments: str) -> None:
        url = f"https://localhost:{self.server.tree.port}"
        words = ["deploy", "--to", str(self.directory), "--flush", url, "--ssldir", str(self.server.tree.ssl)]
        result = self.cloud.run(*words, *arguments)
        assert result.code == 0, result.err

    def catalog(self) -> Any:
        return self.server.catalog("node.example.org", ENVIRONMENT, FACTS, is_static=True)


def make_branch(cloud: Cloud, commit: str) -> None:
    path = cloud.root / "control.git"
    subprocess.run(["git", f"--git-dir={path}", "update-ref", "refs/heads/production", commit], check=True)


@pytest.fixture(scope="module")
def estate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Estate]:
    root = tmp_path_factory.mktemp("switching")
    with pytest.MonkeyPatch.context() as patch:
        isolate_git(patch)
        cloud = Cloud(root / "project")
        target = root / "file"
        commits = _fill(cloud, target)
        directory = root / "environments"
        first = cloud.run("deploy", "--to", str(directory))
        assert first.code == 0, first.err
        with run_puppet_server(root / "server", versioned=directory) as server:
            server.wait_until_ready()
            yield Estate(cloud, server, commits, target)


def _fill(cloud: Cloud, target: Path) -> dict[str, str]:
    """Make the upstreams, the control repository and both states; return release to commit of the latter."""
    control = make_control(cloud)
    commits = {}
    for release, version in RELEASES.items():
        for module in ("nova", "keystone"):
            files = {
                "manifests/init.pp": f"class {module} {{ notify {{ '{module} {release}': }} include {module}::late }}\n",
                "manifests/late.pp": f"class {module}::late {{ notify {{ '{module}::late {release}': }} }}\n",
                "files/release": f"the file of {release}\n",
                "lib/puppet/type/nova_thing.rb": f"Puppet::Type.newtype(:{module}_thing) do\n  newparam(:name)\nend\n",
            }
            cloud.upstream(module).commit(
                f"stable/{release}", version=version, files=files, metadata=COMPLETE
            )
        site = SITE.format(release=release, target=target)
        own = {
            "manifests/site.pp": site,
            "data/common.yaml": f"release: '{release}'\n",
            "hiera.yaml": "version: 5\nhierarchy:\n  - {name: common, path: common.yaml}\n",
        }
        commits[release] = control.repository.commit(own, branch=ENVIRONMENT)
        cloud.manifest(ENVIRONMENT, f"release: {release}\nopenstack: [nova, keystone]\n")
        assert cloud.run("update").code == 0
        for suffix in ("yaml", "lock"):
            kept = cloud.project / f"environments/{ENVIRONMENT}.{suffix}"
            shutil.copy(kept, cloud.root / f"{release}.{suffix}")
    return commits


def release_of(catalog: Any) -> str:
    """Return the only release that a catalog is of; fails if it is a mixture."""
    notes = [one["title"].split() for one in catalog["resources"] if one["type"] == "Notify"]
    assert sorted(what for what, _ in notes) == sorted(
        ["site", "data", "nova", "nova::late", "keystone", "keystone::late"]
    )
    releases = {release for _, release in notes}
    checksums = {
        f"{{sha256}}{hashlib.sha256(content_of(name).encode()).hexdigest()}": name for name in RELEASES
    }
    releases |= {checksums[one["checksum"]["value"]] for one in catalog.get("metadata", {}).values()}
    assert len(releases) == 1, f"a mixture: {notes}, {catalog.get('metadata')}"
    return str(releases.pop())


def content_of(release: str) -> str:
    return f"the file of {release}\n"


@dataclass
class Nodes:
    """Nodes that ask for catalogs, and for the file of each, all the time.

    `static` are the catalogs with checksums, as release and code id; `others` those without; `refusals` are what
    the server answered instead.
    """

    estate: Estate
    static: list[tuple[str, str]] = field(default_factory=list)
    others: list[tuple[str, str]] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    is_over: threading.Event = field(default_factory=threading.Event)

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        threads = [threading.Thread(target=self._run) for _ in range(2)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self.is_over.set()
            for thread in threads:
                thread.join()

    def _run(self) -> None:
        while not self.is_over.is_set():
            try:
                self._ask()
            except RefusedError as error:
                self.refusals.append(str(error))
                self.is_over.wait(0.5)
            except (AssertionError, OSError, KeyError, ValueError) as error:
                self.failures.append(f"{type(error).__name__}: {error}")

    def _ask(self) -> None:
        catalog = self.estate.catalog()
        release, code_id = release_of(catalog), catalog["code_id"]
        if not catalog.get("metadata"):
            self.others.append((release, code_id))
            return
        content = self.estate.server.static_content(ENVIRONMENT, code_id, "modules/nova/files/release")
        assert content == content_of(release), f"{content!r} for {release}"
        self.static.append((release, code_id))


def test_after_a_drain_no_catalog_is_a_mixture_and_each_has_the_checksums_of_its_files(
    estate: Estate,
) -> None:
    ids = {release: estate.deploy(release) for release in RELEASES}
    nodes = Nodes(estate)
    with nodes.running():
        for release in RELEASES:
            estate.deploy(release, "--drain", "30")
            seen = len(nodes.static)
            wait_until(lambda seen=seen: len(nodes.static) > seen + 2)  # type: ignore[misc]  # bound now
    assert nodes.failures == []
    assert nodes.others == []
    assert set(nodes.static) == set(ids.items())
    assert nodes.refusals
    assert {refusal.partition(": ")[2][:3] for refusal in nodes.refusals} == {"500"}


def test_old_ids_are_served_after_a_switch_and_unknown_ones_are_refused(estate: Estate) -> None:
    old = estate.deploy("2024.1")
    assert estate.catalog()["code_id"] == old
    new = estate.deploy("2025.1")
    assert estate.catalog()["code_id"] == new
    path = "modules/nova/files/release"
    assert estate.server.static_content(ENVIRONMENT, old, path) == "the file of 2024.1\n"
    assert estate.server.static_content(ENVIRONMENT, new, path) == "the file of 2025.1\n"
    for unknown in ("pin-000000000000-000000000000", "x", f"{old}0"):
        with pytest.raises(RefusedError):
            estate.server.static_content(ENVIRONMENT, unknown, path)
    assert estate.catalog()["version"] == new.rpartition("-")[0]


def test_an_agent_with_a_cached_catalog_gets_the_files_of_its_version(estate: Estate, tmp_path: Path) -> None:
    agent = Agent("cached.example.org", tmp_path, estate.server.tree)
    estate.deploy("2024.1")
    agent.run(ENVIRONMENT)
    assert estate.target.read_text() == "the file of 2024.1\n"
    estate.deploy("2025.1")
    estate.target.unlink()
    agent.run(ENVIRONMENT, "--use_cached_catalog")
    assert estate.target.read_text() == "the file of 2024.1\n"
    agent.run(ENVIRONMENT)
    assert estate.target.read_text() == "the file of 2025.1\n"
