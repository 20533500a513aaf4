"""From locks to a server that serves them: project, control repository, r10k, and one Puppet Server, set up below a root.

Each release that Debian's suites have is an environment. What is the operator's own, and no business of pinner, is one
site.pp a branch: it declares keystone, and a native resource as the environment's own modules understand it.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.support.chain import start_project
from tests.support.debian_modules import DebianModule
from tests.support.debian_upstreams import Release, commit_modules
from tests.support.merge_request import commit
from tests.support.oracles import give_up
from tests.support.puppet_server import PuppetServer, run_puppet_server
from tests.support.repositories import Repository, make_repository, run_git
from tests.support.sites import Site

ENOUGH = 3
# keystone and what it depends on; and one that has grown, should the oldest suite be gone
SERVED = {"keystone", "openstacklib", "oslo", "apache", "concat", "inifile", "mysql", "postgresql", "stdlib"}
DATABASE = "mysql+pymysql://keystone:secret@127.0.0.1/keystone"
# native types whose newer versions have a parameter more; the first is new in Zed, the other one in 2024.2
GROWN = {"keystone_user": ("keystone", "description"), "postgresql_psql": ("postgresql", "instance")}
NODE = "asked.example.org"
FACTS = json.loads((Path(__file__).parent / "node_facts.json").read_text())
# inifile 2.2.1 uses what Puppet has not loaded by then
WRAPPER = '#!/bin/sh\nRUBYOPT="-rpuppet -rpuppet/parameter/boolean" exec puppet "$@"\n'


@dataclass(frozen=True, slots=True)
class Serving:
    """One operator with a project, and one server with what r10k deploys to it from the control repository."""

    modules: Mapping[str, tuple[DebianModule, ...]]
    releases: tuple[Release, ...]
    upstreams: Path
    operator: Site
    project: Path
    control: Repository
    deployer: Site
    server: PuppetServer

    def pinner(self, *arguments: str | Path) -> str:
        """Run pinner in the project."""
        return self.operator.pinner(*arguments, cwd=self.project)

    def lock_ids(self) -> Mapping[str, str]:
        """Return environment to what `pinner id` says."""
        told = json.loads(self.pinner("id", "--format", "json"))
        return {row["name"]: row["lock_id"] for row in told["environments"]}

    def publish(self) -> None:
        """Commit the project, and bring what it says to the control repository: a branch an environment."""
        commit(self.project, "Locks")
        self.pinner("publish", "--author", "Operator <operator@example.org>")

    def branches(self) -> Mapping[str, str]:
        """Return environment to the commit at which its branch of the control repository is."""
        return {
            release.environment: self.control.git("rev-parse", release.environment)
            for release in self.releases
        }

    def deploy(self, *environments: str, generate_types: bool = True) -> None:
        """Let r10k deploy the environments, all if none is named, as the r10k.yaml says that pinner prints."""
        printed = self.pinner("generate", "--r10k-yaml", "--environmentpath", self.server.tree.environments)
        settings = yaml.safe_load(printed)
        wrapper = self.deployer.write("puppet", WRAPPER)
        wrapper.chmod(0o755)
        settings["cachedir"] = str(self.deployer.root / "cache")
        here = {"puppet_path": str(wrapper), "puppet_conf": str(self.server.tree.puppet_conf)}
        settings["deploy"] |= here if generate_types else {**here, "generate_types": False}
        config = self.deployer.write("r10k.yaml", yaml.safe_dump(settings))
        words = ["deploy", "environment", *environments, "--modules", "--config", str(config)]
        self.deployer.run("r10k", *words)

    def catalog(self, environment: str) -> Any:
        """Return the catalog of a node with fixed facts; raises RefusedError with the compiler's words."""
        return self.server.catalog(NODE, environment, FACTS)

    def catalogs(self, *, flushed: Iterable[str] = ()) -> Mapping[str, Any]:
        """Return environment to catalog, after a flush of some, asked for there and back: no order may matter."""
        for environment in flushed:
            self.server.flush(environment)
        names = [release.environment for release in self.releases]
        first = {name: self.catalog(name) for name in names}
        again = {name: self.catalog(name) for name in reversed(names)}
        assert {name: catalog["version"] for name, catalog in again.items()} == {
            name: catalog["version"] for name, catalog in first.items()
        }
        return again

    def add_parameter_upstream(self, release: Release, name: str) -> None:
        """Commit another parameter of class keystone to a release's branch, as one does upstream."""
        path = "manifests/init.pp"
        text = (self.module(release, "keystone").path / path).read_text()
        changed = text.replace("class keystone(", f"class keystone(\n  ${name} = 'yes',")
        upstream = Repository(self.upstreams / "opendev.org" / "openstack" / "puppet-keystone.git")
        upstream.commit({path: changed}, branch=f"stable/{release.series}")

    def module(self, release: Release, name: str) -> DebianModule:
        """Return a module as the release has it."""
        return next(module for module in self.modules[release.suite] if module.name == name)

    def uses(self, release: Release, grown: str) -> bool:
        """Tell whether a release's native type has the parameter that only newer ones have."""
        name, parameter = GROWN[grown]
        path = self.module(release, name).path / "lib" / "puppet" / "type" / f"{grown}.rb"
        return f"(:{parameter}" in path.read_text()

    @property
    def grown(self) -> str:
        """A native type that has grown between the oldest release here and the newest."""
        oldest, newest = self.releases[0], self.releases[-1]
        found = [name for name in GROWN if self.uses(newest, name) and not self.uses(oldest, name)]
        if not found:
            give_up(f"none of {', '.join(GROWN)} has grown between {oldest.suite} and {newest.suite}")
        return found[0]


@contextmanager
def run_serving(root: Path, downloaded: Mapping[str, tuple[DebianModule, ...]]) -> Iterator[Serving]:
    """Set everything up to a published control repository; the server starts meanwhile, and runs for the `with` block."""
    modules = {
        suite: tuple(module for module in packaged if module.name in SERVED)
        for suite, packaged in downloaded.items()
    }
    with run_puppet_server(root / "server") as server:
        upstreams = root / "upstreams"
        releases = commit_modules(upstreams, modules)
        if len(releases) < ENOUGH:
            give_up(f"Debian has {len(releases)} OpenStack releases that the catalogue knows, not {ENOUGH}")
        operator, deployer = Site(root / "operator"), Site(root / "deployer")
        fetch_from = {
            f"https://{host}/": f"file://{upstreams}/{host}/" for host in ("opendev.org", "github.com")
        }
        deployer.redirect(fetch_from)
        project = start_project(operator, releases, fetch_from)
        control = make_repository(root / "control.git")
        with (project / "pinner.yaml").open("a") as settings:
            settings.write(f"layout: branches\ncontrol_repo: {control.url}\n")
        serving = Serving(modules, releases, upstreams, operator, project, control, deployer, server)
        for release in releases:
            control.commit(
                {"manifests/site.pp": _site_manifest(serving, release)}, branch=release.environment
            )
        run_git("init", "--quiet", str(project))
        serving.pinner("lock")
        serving.publish()
        yield serving


def _site_manifest(serving: Serving, release: Release) -> str:
    """Return what the operator of this release writes: what classes and types take has changed over the years."""
    keystone = serving.module(release, "keystone").path / "manifests" / "init.pp"
    is_old = "$database_connection" in keystone.read_text()
    connection = f"database_connection => '{DATABASE}'"
    rows = [] if is_old else [f"class {{ 'keystone::db': {connection} }}"]
    rows.append(f"class {{ 'keystone': manage_service => false{f', {connection}' if is_old else ''} }}")
    grown = serving.grown
    value = f"{{ {GROWN[grown][1]} => 'new' }}" if serving.uses(release, grown) else "{}"
    rows.append(f"$own = {value}\n{grown} {{ 'leak': * => $own }}")
    return "\n".join(rows) + "\n"


def write_toy(environment: Path, version: str) -> None:
    """Write an environment of two classes; a node has the second only by its fact `more`."""
    files = {
        "environment.conf": "config_version = bin/config_version\n",
        "bin/config_version": f"#!/bin/sh\necho {version}\n",
        "manifests/site.pp": "include a\nif $facts['more'] { include b }\n",
        **{
            f"modules/{x}/manifests/init.pp": f"class {x} {{ notify {{ '{x} {version}': }} }}\n" for x in "ab"
        },
    }
    for path, text in files.items():
        (environment / path).parent.mkdir(parents=True, exist_ok=True)
        (environment / path).write_text(text)
    (environment / "bin" / "config_version").chmod(0o755)
