"""r10k and g10k deploy what pinner generates: byte for byte the trees of the locked commits."""

import json
import shutil
from pathlib import Path

import pytest

from tests.support.chain import Chain, assert_deployed
from tests.support.repositories import make_repository, run_git

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def control_repo(chain: Chain, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A control repo with one branch an environment that holds exactly the generated files."""
    repository = make_repository(tmp_path_factory.mktemp("control") / "control.git")
    for release in chain.releases:
        given = ["--git-dir", str(repository.path), "--work-tree", str(chain.generated(release.environment))]
        run_git(*given, "read-tree", "--empty")
        run_git(*given, "add", "--all", ".")
        tree = run_git(*given, "write-tree")
        commit = run_git(
            *("-c", "user.name=T", "-c", "user.email=t@example.org"),
            *(*given, "commit-tree", "-m", "What pinner generated", tree),
        )
        repository.branch(release.environment, commit)
    return repository.path


def test_r10k_finds_no_fault_in_the_puppetfiles(chain: Chain) -> None:
    for release in chain.releases:
        puppetfile = chain.generated(release.environment) / "Puppetfile"
        chain.puppet_server.run("r10k", "puppetfile", "check", "--puppetfile", puppetfile)


def test_r10k_installs_the_locked_trees(chain: Chain, tmp_path: Path) -> None:
    release = chain.releases[0]
    config = tmp_path / "r10k.yaml"
    config.write_text(f"cachedir: '{tmp_path}/cache'\n")
    chain.puppet_server.run(
        *("r10k", "puppetfile", "install", "--config", config, "--moduledir", tmp_path / "modules"),
        *("--puppetfile", chain.generated(release.environment) / "Puppetfile"),
    )
    assert_deployed(chain.lock(release.environment), tmp_path / "modules", chain.upstreams)


def test_g10k_installs_the_locked_trees(chain: Chain, tmp_path: Path) -> None:
    release = chain.releases[-1]
    shutil.copy(chain.generated(release.environment) / "Puppetfile", tmp_path)
    command = ("g10k", "-quiet", "-puppetfile", "-cachedir", tmp_path / "cache", "-moduledir", "modules")
    chain.puppet_server.run(*command, cwd=tmp_path)
    assert_deployed(chain.lock(release.environment), tmp_path / "modules", chain.upstreams)


def test_r10k_deploys_every_environment_of_the_control_repo(
    chain: Chain, control_repo: Path, tmp_path: Path
) -> None:
    config = tmp_path / "r10k.yaml"
    config.write_text(
        f"cachedir: '{tmp_path}/cache'\n"
        "deploy: {exclude_spec: false}\n"
        f"sources: {{control: {{remote: 'file://{control_repo}', basedir: '{tmp_path}/environments'}}}}\n"
    )
    chain.puppet_server.run("r10k", "deploy", "environment", "--modules", "--config", config)
    assert_environments_deployed(chain, tmp_path / "environments")
    # nothing changed: with pins, `--incremental` need not look at any module
    chain.puppet_server.run("r10k", "deploy", "environment", "--modules", "--incremental", "--config", config)
    assert_environments_deployed(chain, tmp_path / "environments")


def test_g10k_deploys_every_environment_of_the_control_repo(
    chain: Chain, control_repo: Path, tmp_path: Path
) -> None:
    config = tmp_path / "g10k.yaml"
    config.write_text(
        f":cachedir: '{tmp_path}/cache'\n"
        f"sources:\n  control:\n    remote: 'file://{control_repo}'\n    basedir: '{tmp_path}/environments'\n"
    )
    chain.puppet_server.run("g10k", "-quiet", "-config", config)
    assert_environments_deployed(chain, tmp_path / "environments")


def assert_environments_deployed(chain: Chain, directory: Path) -> None:
    assert sorted(path.name for path in directory.iterdir()) == sorted(
        release.environment for release in chain.releases
    )
    for release in chain.releases:
        environment = directory / release.environment
        assert_deployed(chain.lock(release.environment), environment / "modules", chain.upstreams)
        for generated in chain.generated(release.environment).rglob("*"):
            if generated.is_file():
                deployed = environment / generated.relative_to(chain.generated(release.environment))
                assert deployed.read_bytes() == generated.read_bytes()


def test_a_manifest_may_name_the_servers_itself(chain: Chain, tmp_path: Path) -> None:
    """Without `rewrite`, and without any git configuration: the Puppetfile then fetches from where the pins came."""
    release = chain.releases[0]
    environments = tmp_path / "project" / "environments"
    environments.mkdir(parents=True)
    urls = {
        "nova": f"{chain.http.url}/opendev.org/openstack/puppet-nova",
        "keystone": f"{chain.daemon}/opendev.org/openstack/puppet-keystone",
    }
    rows = "".join(
        f'  {name}: {{git: "{url}", branch: stable/{release.series}}}\n' for name, url in urls.items()
    )
    (environments / "direct.yaml").write_text(f"modules:\n{rows}")
    project = tmp_path / "project"
    chain.operator.pinner("lock", "--cache", tmp_path / "cache", cwd=project)
    chain.operator.pinner("generate", "-o", tmp_path, cwd=project)
    lock = json.loads((environments / "direct.lock").read_text())
    for tool in (
        ("r10k", "puppetfile", "install", "--moduledir", "r10k_modules"),
        ("g10k", "-quiet", "-puppetfile", "-cachedir", tmp_path / "g10k", "-moduledir", "g10k_modules"),
    ):
        chain.operator.run(*tool, cwd=tmp_path / "direct")
    for deployed in ("r10k_modules", "g10k_modules"):
        there = {**lock, "modules": {name: under_its_host(pin) for name, pin in lock["modules"].items()}}
        assert_deployed(there, tmp_path / "direct" / deployed, chain.upstreams)


def under_its_host(pin: dict[str, str]) -> dict[str, str]:
    """Return the pin with the URL whose repository lies below `upstreams`: without the server's own address."""
    return {**pin, "git": f"https://{pin['git'].partition('://')[2].partition('/')[2]}"}
