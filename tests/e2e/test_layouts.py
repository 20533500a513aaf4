"""Every layout, deployed by the r10k and g10k that people run: the locked trees, generated types, and each its lock id.

The modules are small and the upstreams lie on disk, so that the tools are all that takes time. What is deployed is then
damaged in a copy, one way at a time, and `verify --deployed` must say which.
"""

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.cloud import Cloud, Result
from tests.support.control import introduce, keep_history, lock_two, move_nova
from tests.support.oracles import find_tool
from tests.support.repositories import isolate_git, make_repository
from tests.support.sites import Site
from tests.support.trees import files_in, tree_of

pytestmark = pytest.mark.e2e

ENVIRONMENTS = ("production", "staging")
# `exec-alone` is the layout `exec` without a control repository
R10K = ("branches", "one-branch", "exec", "exec-alone")
EVERY = (*R10K, "puppetfiles", "g10k")
BOOKKEEPING = frozenset({".git", ".latest_commit"})
# Without all of these in its metadata, 'puppet generate types' passes a module over.
COMPLETE = {
    "author": "openstack",
    "summary": "A module",
    "license": "Apache-2.0",
    "source": "https://opendev.org/openstack/puppet-nova",
}
TYPE = "Puppet::Type.newtype(:nova_thing) do\n  newparam(:name, namevar: true)\n{}end\n"


@pytest.fixture(scope="module", autouse=True)
def _surroundings() -> Iterator[None]:
    """Let pinner, also where r10k starts it, be found and have a git of its own."""
    with pytest.MonkeyPatch.context() as patch:
        isolate_git(patch)
        introduce(patch)
        patch.setenv("PATH", f"{Path(sys.executable).parent}:{os.environ['PATH']}")
        yield


@dataclass(frozen=True)
class Deployment:
    """A project, deployed in one way to `environments` by the machine `site`, with the r10k.yaml `config`."""

    cloud: Cloud
    site: Site
    control: Path
    environments: Path
    config: Path

    @property
    def settings(self) -> str:
        """Return the text of what r10k or g10k is configured with, nothing where it is not."""
        return self.config.read_text() if self.config.exists() else ""

    def pinner(self, *arguments: str | Path) -> str:
        result = self.cloud.run(*map(str, arguments))
        assert result.code == 0, result.err
        return result.out

    def lock_id(self, environment: str) -> str:
        return self.pinner("id", environment).split()[1]

    def r10k(self, *arguments: str, config: Path | None = None) -> None:
        command = ("r10k", "deploy", "environment", "--modules", "--config", config or self.config)
        self.site.run(*command, *arguments)

    def config_version(self, environment: str) -> str:
        return self.site.run(self.environments / environment / "bin" / "config_version").strip()

    def modules(self, environment: str) -> dict[str, object]:
        """Return module to what lies in its directory."""
        directory = self.environments / environment / "modules"
        return {path.name: files_in(path, without=BOOKKEEPING) for path in sorted(directory.iterdir())}

    def locked(self, environment: str) -> dict[str, object]:
        """Return module to what git has in the locked commit."""
        pins = self.cloud.lock(environment)["modules"]
        paths = {name: self.cloud.upstream(name).path for name in pins}
        return {name: tree_of(paths[name], pin["commit"]) for name, pin in sorted(pins.items())}

    def verify(self, directory: Path, *arguments: str) -> Result:
        return self.cloud.run("verify", "--deployed", str(directory), *arguments)


@pytest.fixture(scope="module", params=EVERY)
def deployment(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    """Two environments on two releases of keystone and nova, whose native type has a parameter more in the newer one."""
    for tool, package in (("r10k", "r10k"), ("g10k", "g10k"), ("puppet", "puppet-agent")):
        find_tool(tool, package)
    way = str(request.param)
    root = tmp_path_factory.mktemp(way)
    cloud = Cloud(root)
    fill_upstreams(cloud)
    control = make_repository(root / "control.git").path
    layout = {"exec-alone": "exec", "g10k": "branches"}.get(way, way)
    url = "" if way in {"exec-alone", "puppetfiles"} else f"control_repo: {control}\n"
    cloud.write_settings(f"layout: {layout}\n{url}")
    lock_two(cloud)
    site = Site(root / "server")
    site.redirect({"https://opendev.org/": f"{root}/upstreams/"})
    made = Deployment(cloud, site, control, root / "code" / "environments", root / "r10k.yaml")
    made.environments.mkdir(parents=True)
    _deploy(made, way)
    return made


def fill_upstreams(cloud: Cloud) -> None:
    for release, version, more in (("2024.1", "24.0.0", ""), ("2025.1", "26.0.0", "  newparam(:colour)\n")):
        files = {
            "lib/puppet/type/nova_thing.rb": TYPE.format(more),
            "manifests/params.pp": "class nova::params {}\n",
            "manifests/init.pp": f"class nova {{\n  notify {{ 'nova {version}': }}\n}}\n",
            "spec/spec_helper.rb": "# for developers\n",
        }
        cloud.upstream("nova").commit(f"stable/{release}", version=version, files=files, metadata=COMPLETE)
        cloud.upstream("keystone").commit(f"stable/{release}", version=version, metadata=COMPLETE)


def _deploy(made: Deployment, way: str) -> None:
    if way == "puppetfiles":
        _install_folders(made)
    elif way == "g10k":
        made.pinner("publish")
        text = f"  control:\n    remote: 'file://{made.control}'\n    basedir: '{made.environments}'\n"
        made.config.write_text(f":cachedir: '{made.site.root}/g10k'\nsources:\n{text}")
        made.site.run("g10k", "-quiet", "-config", made.config)
    else:
        if way != "exec-alone":
            made.pinner("publish")
        made.pinner("generate")
        _configure(made)
        made.r10k()


def _install_folders(made: Deployment) -> None:
    """Deploy folders as the r10k.yaml for them says."""
    made.pinner("generate", "-o", made.environments)
    for name in ENVIRONMENTS:
        made.site.run("r10k", "puppetfile", "install", cwd=made.environments / name)
        where = ("--environmentpath", made.environments, "--confdir", made.site.root / "puppet")
        made.site.run("puppet", "generate", "types", "--environment", name, *where)


def _configure(made: Deployment) -> None:
    """Write the r10k.yaml as pinner prints it, but with places that tests may write to."""
    clone = made.site.root / "clone"
    text = made.pinner("generate", "--r10k-yaml", "--environmentpath", made.environments)
    text = text.replace("/var/cache/r10k", str(made.site.root / "r10k"))
    made.config.write_text(text.replace("/etc/puppetlabs/r10k/control", str(clone)))
    if "yamldir" in text:
        made.site.run("git", "clone", "--quiet", "--branch", "production", made.control, clone)


def test_the_modules_are_the_trees_of_the_locked_commits(deployment: Deployment) -> None:
    assert sorted(path.name for path in deployment.environments.iterdir()) == list(ENVIRONMENTS)
    for name in ENVIRONMENTS:
        assert deployment.modules(name) == deployment.locked(name)


def test_config_version_is_each_environments_own_lock_id(deployment: Deployment) -> None:
    for name in ENVIRONMENTS:
        assert deployment.config_version(name) == deployment.lock_id(name)


def test_types_are_generated_for_each_environment_except_by_g10k(deployment: Deployment) -> None:
    generated = [deployment.environments / name / ".resource_types/nova_thing.pp" for name in ENVIRONMENTS]
    if "basedir" in deployment.settings and "generate_types" not in deployment.settings:
        assert not any(path.exists() for path in generated)
    else:
        assert ["'colour'" in path.read_text() for path in generated] == [False, True]


def test_what_was_deployed_verifies(deployment: Deployment) -> None:
    result = deployment.verify(deployment.environments)
    assert (result.code, result.out.splitlines()[-1]) == (0, "compared 2 environments: 0 errors, 0 warnings")


def edit(modules: Path) -> None:
    with (modules / "nova/manifests/init.pp").open("a") as file:
        file.write("# changed by hand\n")


def add(modules: Path) -> None:
    (modules / "nova/manifests/extra.pp").write_text("class nova::extra {}\n")


def remove(modules: Path) -> None:
    (modules / "nova/manifests/init.pp").unlink()


def put_back(modules: Path) -> None:
    """Put the other environment's nova in the place of this one."""
    shutil.rmtree(modules / "nova")
    shutil.copytree(modules.parents[1] / "production/modules/nova", modules / "nova", symlinks=True)


def add_module(modules: Path) -> None:
    (modules / "stray/manifests").mkdir(parents=True)
    (modules / "stray/manifests/init.pp").write_text("class stray {}\n")


OTHER = (
    "module 'nova': it is at 24.0.0 (stable/2024.1, {other}), 1 commit ahead of and 1 commit behind the locked 26.0.0 "
    "({wanted}) [deployed-other-commit]"
)


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (edit, "module 'nova': 'manifests/init.pp' was changed [deployed-changed]"),
        (add, "module 'nova': 'manifests/extra.pp' is not in the commit [deployed-extra-file]"),
        (remove, "module 'nova': 'manifests/init.pp' is missing [deployed-missing-file]"),
        (put_back, OTHER),
        (
            add_module,
            "module 'stray': it is among the modules, and not in the lock [deployed-unknown-module]",
        ),
    ],
)
def test_damage_is_told_for_what_it_is(
    deployment: Deployment, damage: Callable[[Path], None], words: str, tmp_path: Path
) -> None:
    copy = tmp_path / "environments"
    shutil.copytree(deployment.environments, copy, symlinks=True)
    damage(copy / "staging/modules")
    result = deployment.verify(copy)
    pins = [deployment.cloud.lock(name)["modules"]["nova"]["commit"][:12] for name in ENVIRONMENTS]
    told = [line for line in result.out.splitlines() if ": error: " in line]
    assert result.code == 1
    assert [line.partition(": error: ")[2] for line in told] == [words.format(other=pins[0], wanted=pins[1])]


@pytest.mark.parametrize("deployment", ["branches"], indirect=True)
def test_generated_types_outlive_a_purge_of_the_whole_environment(deployment: Deployment) -> None:
    stray = deployment.environments / "staging" / "stray.txt"
    stray.write_text("")
    text = deployment.settings.replace("    - 'deployment'\n", "    - 'deployment'\n    - 'environment'\n")
    config = deployment.config.with_name("purging.yaml")
    config.write_text(text.replace("generate_types: true", "generate_types: false"))
    deployment.r10k(config=config)
    assert not stray.exists()
    assert (deployment.environments / "staging/.resource_types/nova_thing.pp").exists()


@pytest.mark.parametrize("deployment", ["one-branch"], indirect=True)
def test_one_environment_moves_alone_and_reports_from_before_are_still_known(deployment: Deployment) -> None:
    keep_history(deployment.cloud, "Lock")
    report, old = run_puppet(deployment, "staging"), deployment.lock_id("staging")
    known = deployment.pinner("id", "--from-report", report)
    assert known == f"staging: {old} is its lock as it is now\n"
    production = deployment.config_version("production"), deployment.modules("production")
    move_nova(deployment.cloud, "2025.1")
    keep_history(deployment.cloud, "Move nova")
    deployment.pinner("publish")
    deployment.site.run("git", "-C", deployment.site.root / "clone", "pull", "--quiet", "--ff-only")
    deployment.r10k()
    assert (deployment.config_version("production"), deployment.modules("production")) == production
    assert deployment.config_version("staging") == deployment.lock_id("staging") != old
    assert deployment.modules("staging") == deployment.locked("staging")
    assert deployment.verify(deployment.environments).code == 0
    assert f"staging: {old} is its lock as commit" in deployment.pinner("id", "--from-report", report)


def run_puppet(deployment: Deployment, environment: str) -> Path:
    """Apply a catalog that includes the deployed nova, and return the report."""
    root = deployment.site.root
    manifest = deployment.site.write(
        "site.pp", "include nova\nnova_thing { 'x': colour => 'red', noop => true }\n"
    )
    places = (
        "--confdir",
        root / "puppet",
        "--vardir",
        root / "var",
        "--environmentpath",
        deployment.environments,
    )
    shown = deployment.site.run(
        "puppet", "apply", *places, "--environment", environment, "--reports=store", manifest
    )
    assert "nova 26.0.0" in shown
    (report,) = (root / "var" / "reports").glob("*/*.yaml")
    return report
