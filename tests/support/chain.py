"""The chain on real Puppet code, set up: Debian's modules as repositories, two servers, locks and Puppetfiles."""

import copy
import json
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.debian_modules import DebianModule
from tests.support.debian_upstreams import Release, commit_modules
from tests.support.oracles import give_up
from tests.support.servers import HttpGitServer, Traffic, serve_daemon, serve_http
from tests.support.sites import Site
from tests.support.trees import files_in, tree_of

ENOUGH = 2
BASE = """\
# What the environments share. Debian ships third-party modules newer than the metadata of others allows.
findings:
  ignore: [dependency-unsatisfied, dependency-contradiction, dependency-missing, end-of-life]
"""
# What r10k and g10k leave in a module's directory for themselves.
BOOKKEEPING = frozenset({".git", ".latest_commit"})


@dataclass(frozen=True, slots=True)
class Chain:
    """Everything from upstreams to Puppetfiles. `traffic` is what locking all environments together cost over HTTP.

    `operator` runs pinner on `project`; `puppet_server` deploys, and its git configuration leads the canonical URLs
    to the servers on loopback: OpenStack's modules come by smart HTTP, the others from `git daemon`.
    """

    modules: Mapping[str, tuple[DebianModule, ...]]
    releases: tuple[Release, ...]
    upstreams: Path
    http: HttpGitServer
    daemon: str
    operator: Site
    puppet_server: Site
    project: Path
    traffic: Traffic

    def lock(self, environment: str) -> Any:
        """Return an environment's lock."""
        return json.loads((self.project / "environments" / f"{environment}.lock").read_text())

    def generated(self, environment: str) -> Path:
        """Return the directory of an environment's generated files."""
        return self.project / "puppetfiles" / environment

    def lock_id(self, environment: str) -> str:
        """Return what `pinner id` says."""
        told = json.loads(self.operator.pinner("id", environment, "--format", "json", cwd=self.project))
        return str(told["environments"][0]["lock_id"])


@contextmanager
def run_chain(root: Path, modules: Mapping[str, tuple[DebianModule, ...]]) -> Iterator[Chain]:
    """Set everything up below `root`; the servers run for the time of a `with` block."""
    releases = commit_modules(root / "upstreams", modules)
    if len(releases) < ENOUGH:
        give_up(
            f"Debian has {len(releases)} OpenStack release(s) that the catalogue knows, and two are needed"
        )
    with serve_http(root / "upstreams") as http, serve_daemon(root / "upstreams") as daemon:
        operator, puppet_server = Site(root / "operator"), Site(root / "puppet_server")
        fetch_from = {
            "https://opendev.org/": f"{http.url}/opendev.org/",
            "https://github.com/": f"{daemon}/github.com/",
        }
        puppet_server.redirect(fetch_from)
        project = start_project(operator, releases, fetch_from)
        http.traffic.forget()
        operator.pinner("lock", cwd=project)
        traffic = copy.deepcopy(http.traffic)
        operator.pinner("generate", cwd=project)
        yield Chain(
            modules, releases, root / "upstreams", http, daemon, operator, puppet_server, project, traffic
        )


def start_project(operator: Site, releases: tuple[Release, ...], fetch_from: Mapping[str, str]) -> Path:
    """Start a project as its README says: `init` for each environment, then a look at what it wrote."""
    project = operator.root / "project"
    project.mkdir(parents=True)
    for release in releases:
        listed = [word for name in release.openstack for word in ("--module", name)]
        operator.pinner("init", "--release", release.series, *listed, release.environment, cwd=project)
        _complete(project / "environments" / f"{release.environment}.yaml", release)
    operator.write("project/environments/_debian.yaml", BASE)
    rewrite = "".join(f'  "{here}": "{there}"\n' for here, there in fetch_from.items())
    operator.write("project/pinner.yaml", f"rewrite:\n{rewrite}cache: ../cache\n")
    return project


def _complete(manifest: Path, release: Release) -> None:
    """Add the third-party modules to a manifest, at exactly the versions that the suite has."""
    versions = "".join(
        f'  {name}: {{version: "{version}"}}\n' for name, version in release.third_party.items()
    )
    text = manifest.read_text().replace("externals: integration", "externals: declared")
    manifest.write_text(f"extends: _debian\n{text}\nmodules:\n{versions}")


def assert_deployed(
    lock: Any, moduledir: Path, upstreams: Path, *, without: Collection[str] = BOOKKEEPING
) -> None:
    """Assert that a moduledir holds the modules of a lock, byte for byte the trees of the locked commits."""
    pins: Mapping[str, Mapping[str, str]] = lock["modules"]
    assert sorted(path.name for path in moduledir.iterdir()) == sorted(pins)
    for name, pin in pins.items():
        repository = upstreams / f"{pin['git'].partition('://')[2]}.git"
        expected = tree_of(repository, pin["commit"])
        assert "metadata.json" in expected, name
        assert files_in(moduledir / name, without=without) == expected, name
