"""Roles and profiles that the control repository holds itself: in every layout, r10k and g10k deploy them, Puppet compiles them."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.control import Control, introduce
from tests.support.deployments import ENVIRONMENTS, Deployment, make_deployment
from tests.support.oracles import find_tool
from tests.support.repositories import Repository, isolate_git

pytestmark = pytest.mark.e2e

PROFILE = {
    "site-modules/profile/manifests/base.pp": "class profile::base {\n  include nova\n  notify { 'profile': }\n}\n",
    "site-modules/profile/lib/puppet/functions/profile/name.rb": (
        "Puppet::Functions.create_function(:'profile::name') do\n  def name\n    'called'\n  end\nend\n"
    ),
}


@pytest.fixture(scope="module", autouse=True)
def _surroundings() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        isolate_git(patch)
        introduce(patch)
        patch.setenv("PATH", f"{Path(sys.executable).parent}:{os.environ['PATH']}")
        yield


def put_into_control(deployment: Deployment, environment: str) -> None:
    """Put the profiles where the layout has an environment's own files."""
    if deployment.way == "puppetfiles":  # a checkout of the control repository, which holds pinner's files
        for path, text in PROFILE.items():
            deployment.site.write(str(deployment.environments / environment / path), text)
        return
    control = Control(Repository(deployment.control))
    branch = environment if deployment.way in {"branches", "g10k"} else "production"
    control.repository.commit(dict(PROFILE), branch=branch)


def compile_profile(deployment: Deployment, environment: str) -> str:
    manifest = deployment.site.write("profile.pp", "include profile::base\nnotify { profile::name(): }\n")
    root = deployment.site.root
    places = ("--confdir", root / "puppet", "--vardir", root / "var")
    where = ("--environmentpath", deployment.environments, "--environment", environment)
    return deployment.site.run("puppet", "apply", "--noop", *places, *where, manifest)


@pytest.mark.parametrize("way", ["branches", "one-branch", "exec", "puppetfiles", "g10k"])
def test_the_modules_of_the_control_repository_stay_on_the_module_path(way: str, tmp_path: Path) -> None:
    for tool, package in (("r10k", "r10k"), ("g10k", "g10k"), ("puppet", "puppet-agent")):
        find_tool(tool, package)
    deployment = make_deployment(way, tmp_path)
    for name in ENVIRONMENTS:
        path = deployment.cloud.project / "environments" / f"{name}.yaml"
        path.write_text(f"{path.read_text()}modulepath: [site-modules]\n")
        put_into_control(deployment, name)
    deployment.deploy()
    for name in ENVIRONMENTS:
        conf = (deployment.environments / name / "environment.conf").read_text()
        assert "modulepath = site-modules:modules:$basemodulepath\n" in conf
        out = compile_profile(deployment, name)
        assert all(f"Notify[{title}]" in out for title in ("profile", "called"))
    assert "0 errors, 0 warnings" in deployment.pinner("verify", "--deployed", deployment.environments)
