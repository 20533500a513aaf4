"""A small project deployed in one of the ways that a layout allows, by the r10k or g10k of this machine."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.support.cloud import Cloud
from tests.support.control import lock_two
from tests.support.repositories import make_repository
from tests.support.sites import Site
from tests.support.trees import files_in, tree_of

ENVIRONMENTS = ("production", "staging")
BY_R10K = ("branches", "one-branch", "exec", "exec-alone")
WAYS = (*BY_R10K, "puppetfiles", "g10k", "deploy")
"""The layouts, `exec` also without a control repository, `branches` also by g10k, and pinner alone."""

BOOKKEEPING = frozenset({".git", ".latest_commit"})
# Without all of these in its metadata, 'puppet generate types' passes a module over.
COMPLETE = {
    "author": "openstack",
    "summary": "A module",
    "license": "Apache-2.0",
    "source": "https://opendev.org/openstack/puppet-nova",
}
TYPE = "Puppet::Type.newtype(:nova_thing) do\n  newparam(:name, namevar: true)\n{}end\n"


@dataclass(frozen=True)
class Deployment:
    """A project below `root`, and a machine that deploys its environments."""

    way: str
    cloud: Cloud
    site: Site

    @property
    def environments(self) -> Path:
        return self.site.root / "code" / "environments"

    @property
    def config(self) -> Path:
        """Return the path of r10k.yaml, or of what g10k is configured with."""
        return self.site.root / "r10k.yaml"

    @property
    def control(self) -> Path:
        return self.cloud.root / "control.git"

    def pinner(self, *arguments: str | Path) -> str:
        result = self.cloud.run(*map(str, arguments))
        assert result.code == 0, result.err
        return result.out

    def lock_id(self, environment: str) -> str:
        return self.pinner("id", environment).split()[1]

    def config_version(self, environment: str) -> str:
        return self.site.run(self.environments / environment / "bin" / "config_version").strip()

    def modules(self, environment: str) -> dict[str, object]:
        """Return module to what lies in its directory."""
        directory = self.environments / environment / "modules"
        return {path.name: files_in(path, without=self._passed_over) for path in sorted(directory.iterdir())}

    def locked(self, environment: str) -> dict[str, object]:
        """Return module to what git has in the locked commit."""
        pins = sorted(self.cloud.lock(environment)["modules"].items())
        return {name: dict(self._files(name, pin["commit"])) for name, pin in pins}

    def deploy(self) -> None:
        """Bring the environments to what the locks say now."""
        if self.way == "puppetfiles":
            self._install_folders()
        elif self.way == "deploy":
            self.pinner("deploy", "--to", self.environments)
        elif self.way == "g10k":
            self.pinner("publish")
            self.site.run("g10k", "-quiet", "-config", self.config)
        else:
            if self.way != "exec-alone":
                self.pinner("publish")
            if self.way == "one-branch":
                self._update_clone()
            self.r10k(self.config)

    def r10k(self, config: Path) -> None:
        self.site.run("r10k", "deploy", "environment", "--modules", "--config", config)

    def configure(self) -> None:
        """Write what r10k and g10k read: as pinner prints it, but with places that tests may write to."""
        if self.way == "g10k":
            source = f"    remote: 'file://{self.control}'\n    basedir: '{self.environments}'\n"
            self.config.write_text(f":cachedir: '{self.site.root}/g10k'\nsources:\n  control:\n{source}")
        elif self.way not in {"puppetfiles", "deploy"}:
            self.pinner("generate")
            text = self.pinner("generate", "--r10k-yaml", "--environmentpath", self.environments)
            text = text.replace("/etc/puppetlabs/r10k/control", str(self._clone))
            self.config.write_text(text.replace("/var/cache/r10k", str(self.site.root / "r10k")))

    def run_puppet(self, environment: str) -> Path:
        """Apply a catalog with nova's class and type, and return the report."""
        text = "include nova\nnova_thing { 'x': colour => 'red', noop => true }\n"
        manifest = self.site.write("site.pp", text)
        places = ("--confdir", self.site.root / "puppet", "--vardir", self.site.root / "var")
        where = ("--environmentpath", self.environments, "--environment", environment)
        self.site.run("puppet", "apply", *places, *where, "--reports=store", manifest)
        (report,) = (self.site.root / "var" / "reports").glob("*/*.yaml")
        return report

    def copy(self, directory: Path) -> Path:
        """Copy the environments to a directory that may be changed, and return it."""
        shutil.copytree(self.environments, directory, symlinks=self.way != "deploy")
        if self.way == "deploy":
            shutil.rmtree(directory / ".pinner")  # its links led to the original
            for path in directory.rglob("*"):
                path.chmod(path.stat().st_mode | 0o200)
        return directory

    @property
    def _clone(self) -> Path:
        return self.site.root / "clone"

    @property
    def _passed_over(self) -> frozenset[str]:
        """Return what is not compared: `r10k puppetfile install` deletes `spec` from r10k 4 on."""
        return BOOKKEEPING | {"spec"} if self.way == "puppetfiles" else BOOKKEEPING

    def _files(self, module: str, commit: str) -> Iterator[tuple[str, object]]:
        for path, entry in tree_of(self.cloud.upstream(module).path, commit).items():
            if path.partition("/")[0] not in self._passed_over:
                yield path, entry

    def _update_clone(self) -> None:
        if self._clone.exists():
            self.site.run("git", "-C", self._clone, "pull", "--quiet", "--ff-only")
        else:
            self.site.run("git", "clone", "--quiet", "--branch", "production", self.control, self._clone)

    def _install_folders(self) -> None:
        """Deploy folders as the r10k.yaml for them says."""
        self.pinner("generate", "-o", self.environments)
        for name in ENVIRONMENTS:
            self.site.run("r10k", "puppetfile", "install", cwd=self.environments / name)
            where = ("--environmentpath", self.environments, "--confdir", self.site.root / "puppet")
            self.site.run("puppet", "generate", "types", "--environment", name, *where)


def make_deployment(way: str, root: Path) -> Deployment:
    """Return a project with two environments on two releases of keystone and nova, deployed.

    nova's native type has a parameter more in the newer one, which is staging's.
    """
    cloud = Cloud(root)
    _fill_upstreams(cloud)
    made = Deployment(way, cloud, Site(root / "server"))
    make_repository(made.control)
    layout = {"exec-alone": "exec", "g10k": "branches", "deploy": "puppetfiles"}.get(way, way)
    url = "" if way in {"exec-alone", "puppetfiles", "deploy"} else f"control_repo: {made.control}\n"
    cloud.write_settings(f"layout: {layout}\n{url}")
    lock_two(cloud)
    made.environments.mkdir(parents=True)
    made.site.redirect({"https://opendev.org/": f"{root}/upstreams/"})
    made.configure()
    made.deploy()
    return made


def _fill_upstreams(cloud: Cloud) -> None:
    for release, version, more in (("2024.1", "24.0.0", ""), ("2025.1", "26.0.0", "  newparam(:colour)\n")):
        files = {
            "lib/puppet/type/nova_thing.rb": TYPE.format(more),
            "manifests/params.pp": "class nova::params {}\n",
            "manifests/init.pp": f"class nova {{\n  notify {{ 'nova {version}': }}\n}}\n",
            "spec/spec_helper.rb": "# for developers\n",
        }
        cloud.upstream("nova").commit(f"stable/{release}", version=version, files=files, metadata=COMPLETE)
        cloud.upstream("keystone").commit(f"stable/{release}", version=version, metadata=COMPLETE)
