"""Every layout, deployed by the r10k and g10k that people run: the locked trees, generated types, and each its lock id.

The modules are small and the upstreams lie on disk, so that the tools are all that takes time. What is deployed is then
damaged in a copy, one way at a time, and `verify --deployed` must say which.
"""

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.control import introduce, keep_history, move_nova
from tests.support.deployments import BY_R10K, ENVIRONMENTS, WAYS, Deployment, make_deployment
from tests.support.oracles import find_tool
from tests.support.repositories import isolate_git

pytestmark = pytest.mark.e2e

OTHER = (
    "module 'nova': it is at 24.0.0 (stable/2024.1, {other}), 1 commit ahead of and 1 commit behind the locked 26.0.0 "
    "({wanted}) [deployed-other-commit]"
)


@pytest.fixture(scope="module", autouse=True)
def _surroundings() -> Iterator[None]:
    """Let pinner, also where r10k starts it, be found and have a git of its own."""
    with pytest.MonkeyPatch.context() as patch:
        isolate_git(patch)
        introduce(patch)
        patch.setenv("PATH", f"{Path(sys.executable).parent}:{os.environ['PATH']}")
        yield


@pytest.fixture(scope="module", params=WAYS)
def deployment(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    for tool, package in (("r10k", "r10k"), ("g10k", "g10k"), ("puppet", "puppet-agent")):
        find_tool(tool, package)
    return make_deployment(request.param, tmp_path_factory.mktemp(request.param))


def test_the_modules_are_the_trees_of_the_locked_commits(deployment: Deployment) -> None:
    there = {path.name for path in deployment.environments.iterdir()}
    assert there - {".pinner"} == set(ENVIRONMENTS)
    for name in ENVIRONMENTS:
        assert deployment.modules(name) == deployment.locked(name)


def test_config_version_is_each_environments_own_lock_id(deployment: Deployment) -> None:
    for name in ENVIRONMENTS:
        assert deployment.config_version(name) == deployment.lock_id(name)


def test_types_are_generated_for_each_environment_except_by_g10k(deployment: Deployment) -> None:
    generated = [deployment.environments / name / ".resource_types/nova_thing.pp" for name in ENVIRONMENTS]
    if deployment.way == "g10k":
        assert not any(path.exists() for path in generated)
    else:
        assert ["'colour'" in path.read_text() for path in generated] == [False, True]


def test_what_was_deployed_verifies(deployment: Deployment) -> None:
    told = deployment.pinner("verify", "--deployed", deployment.environments)
    assert told.splitlines()[-1] == "compared 2 environments: 0 errors, 0 warnings"


def edit(modules: Path) -> None:
    with (modules / "nova/manifests/init.pp").open("a") as file:
        file.write("# changed by hand\n")


def add(modules: Path) -> None:
    (modules / "nova/manifests/extra.pp").write_text("class nova::extra {}\n")


def remove(modules: Path) -> None:
    (modules / "nova/manifests/init.pp").unlink()


def exchange(modules: Path) -> None:
    """Put the other environment's nova in the place of this one."""
    shutil.rmtree(modules / "nova")
    shutil.copytree(modules.parents[1] / "production/modules/nova", modules / "nova", symlinks=True)


def add_module(modules: Path) -> None:
    (modules / "stray/manifests").mkdir(parents=True)
    (modules / "stray/manifests/init.pp").write_text("class stray {}\n")


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (edit, "module 'nova': 'manifests/init.pp' was changed [deployed-changed]"),
        (add, "module 'nova': 'manifests/extra.pp' is not in the commit [deployed-extra-file]"),
        (remove, "module 'nova': 'manifests/init.pp' is missing [deployed-missing-file]"),
        (exchange, OTHER),
        (
            add_module,
            "module 'stray': it is among the modules, and not in the lock [deployed-unknown-module]",
        ),
    ],
    ids=["edited", "added", "removed", "other-commit", "unknown-module"],
)
def test_damage_is_told_for_what_it_is(
    deployment: Deployment, damage: Callable[[Path], None], words: str, tmp_path: Path
) -> None:
    copy = deployment.copy(tmp_path / "environments")
    damage(copy / "staging/modules")
    result = deployment.cloud.run("verify", "--deployed", str(copy))
    pins = [deployment.cloud.lock(name)["modules"]["nova"]["commit"][:12] for name in ENVIRONMENTS]
    told = [line for line in result.out.splitlines() if ": error: " in line]
    assert result.code == 1
    assert [line.partition(": error: ")[2] for line in told] == [words.format(other=pins[0], wanted=pins[1])]


def test_generated_types_outlive_a_purge_of_the_whole_environment(deployment: Deployment) -> None:
    if deployment.way not in BY_R10K:
        pytest.skip("only 'r10k deploy' purges environments")
    stray = deployment.environments / "staging" / "stray.txt"
    stray.write_text("")
    text = deployment.config.read_text().replace("generate_types: true", "generate_types: false")
    config = deployment.config.with_name("purging.yaml")
    config.write_text(text.replace("    - 'deployment'\n", "    - 'deployment'\n    - 'environment'\n"))
    deployment.r10k(config)
    assert not stray.exists()
    assert (deployment.environments / "staging/.resource_types/nova_thing.pp").exists()


def test_one_environment_moves_alone_and_reports_from_before_are_still_known(deployment: Deployment) -> None:
    keep_history(deployment.cloud, "Lock")
    report, old = deployment.run_puppet("staging"), deployment.lock_id("staging")
    known = deployment.pinner("id", "--from-report", report)
    assert known == f"staging: {old} is its current lock\n"
    production = deployment.config_version("production"), deployment.modules("production")
    move_nova(deployment.cloud, "2025.1")
    keep_history(deployment.cloud, "Move nova")
    deployment.deploy()
    assert (deployment.config_version("production"), deployment.modules("production")) == production
    assert deployment.config_version("staging") == deployment.lock_id("staging") != old
    assert deployment.modules("staging") == deployment.locked("staging")
    deployment.pinner("verify", "--deployed", deployment.environments)
    assert f"staging: {old} is its lock from commit" in deployment.pinner("id", "--from-report", report)
