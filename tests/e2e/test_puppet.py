"""Puppet itself runs a deployed environment: each has its own modules, and the lock id as its configuration version."""

import shutil
from pathlib import Path

import pytest

from tests.support.chain import Chain

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def environmentpath(chain: Chain, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The two releases that are furthest from each other, as r10k puts them side by side."""
    directory = tmp_path_factory.mktemp("environments")
    for release in (chain.releases[0], chain.releases[-1]):
        environment = directory / release.environment
        shutil.copytree(chain.generated(release.environment), environment)
        chain.puppet_server.run("r10k", "puppetfile", "install", cwd=environment)
    return directory


def test_config_version_is_the_lock_id(chain: Chain, environmentpath: Path) -> None:
    for path in environmentpath.iterdir():
        assert chain.puppet_server.run(path / "bin" / "config_version") == f"{chain.lock_id(path.name)}\n"


def test_puppet_applies_each_environment_with_its_own_modules_and_lock_id(
    chain: Chain, environmentpath: Path
) -> None:
    for release in (chain.releases[0], chain.releases[-1]):
        said = chain.puppet_server.run(
            *("puppet", "apply", "--noop", "--verbose", "--color=false"),
            *("--environmentpath", environmentpath, "--environment", release.environment),
            *("--execute", "notice(\"keystone is ${load_module_metadata('keystone')['version']}\")"),
        )
        version = chain.lock(release.environment)["modules"]["keystone"]["version"]
        assert f"keystone is {version}\n" in said
        assert f"Applying configuration version '{chain.lock_id(release.environment)}'" in said
