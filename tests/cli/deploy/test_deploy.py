"""`pinner deploy`: what a server would read, compared with git."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from pinner.git.objects.tree_store import TreeStore
from tests.cli.conftest import add_upstreams
from tests.support.cloud import Cloud, Result
from tests.support.control import lock_two, make_control, move_nova
from tests.support.prepared import Prepared
from tests.support.repositories import run_git
from tests.support.trees import files_in, tree_of
from tests.support.users import ordinary_user

pytestmark = pytest.mark.usefixtures("_known_committer")
NO_TYPES = "--no-generate-types"


def deploy(cloud: Cloud, *arguments: str) -> Result:
    return cloud.run("deploy", "--to", str(target(cloud)), NO_TYPES, *arguments)


def target(cloud: Cloud) -> Path:
    return cloud.root / "environments"


def served(cloud: Cloud, environment: str) -> Mapping[str, Mapping[str, tuple[str, str]]]:
    """Return each module with the files that a server reads, by links."""
    modules = target(cloud) / environment / "modules"
    return {path.name: files_in(path) for path in sorted(modules.iterdir())}


def locked(cloud: Cloud, environment: str) -> Mapping[str, Mapping[str, tuple[str, str]]]:
    """Return the same as git has it at the locked commits."""
    pins: Mapping[str, Any] = cloud.lock(environment)["modules"]
    return {name: tree_of(cloud.upstream(name).path, pin["commit"]) for name, pin in sorted(pins.items())}


@pytest.mark.parametrize("link", ["symlink", "hard", "copy"])
def test_a_server_reads_what_git_has_at_the_locked_commits(
    cloud: Cloud, prepared: Prepared, link: str
) -> None:
    prepared(cloud, lock_two)
    result = deploy(cloud, "--link", link)
    assert result.code == 0, result.err
    for environment in ("production", "staging"):
        assert served(cloud, environment) == locked(cloud, environment)
    assert deploy(cloud, "--link", link, "--check").code == 0


def test_an_environment_is_an_absolute_link_to_a_directory_whose_name_is_its_code_id(
    cloud: Cloud, prepared: Prepared
) -> None:
    prepared(cloud, lock_two)
    assert deploy(cloud).code == 0
    lock_id = cloud.run("id", "production").out.split()[1]
    version = Path(os.readlink(target(cloud) / "production"))  # noqa: PTH115 - the target itself
    assert version.parent == target(cloud) / ".pinner" / "versions" / "production"
    assert version.name.startswith(f"{lock_id}-")
    config_version = subprocess.run([version / "bin" / "config_version"], capture_output=True, check=True)
    assert config_version.stdout.decode().strip() == lock_id
    assert "modulepath = modules:$basemodulepath" in (version / "environment.conf").read_text()


def test_the_same_inputs_have_the_same_version_on_every_machine(cloud: Cloud, prepared: Prepared) -> None:
    prepared(cloud, lock_two)
    first = deploy(cloud, "--format", "json").json
    other = cloud.run(
        "deploy", "--to", str(cloud.root / "other"), NO_TYPES, "--link", "copy", "--format", "json"
    )
    assert [one["version"] for one in first["environments"]] == [
        one["version"] for one in other.json["environments"]
    ]


def test_only_what_moved_is_switched_and_trees_are_shared(cloud: Cloud, prepared: Prepared) -> None:
    prepared(cloud, lock_two)
    assert deploy(cloud).code == 0
    before = {name: os.readlink(target(cloud) / name) for name in ("production", "staging")}  # noqa: PTH115 - the text of the link itself
    store = TreeStore(target(cloud) / ".pinner/trees")
    trees = set(store.list())
    move_nova(cloud, "2025.1")
    dry = deploy(cloud, "--dry-run")
    assert dry.code == 0
    assert "production: pin-" in dry.out
    assert "compared 2 environments with" in dry.out
    assert dry.out.splitlines()[-1].endswith("1 up to date, 1 to be switched")
    assert before == {name: os.readlink(target(cloud) / name) for name in before}  # noqa: PTH115 - the text of the link itself
    assert deploy(cloud, "--check").code == 1
    result = deploy(cloud, "--format", "json").json
    assert [(one["name"], one["switched"], one["trees_added"]) for one in result["environments"]] == [
        ("production", False, 0),
        ("staging", True, 1),
    ]
    assert [change["name"] for change in result["environments"][1]["modules"]] == ["nova"]
    assert os.readlink(target(cloud) / "production") == before["production"]  # noqa: PTH115 - the text of the link itself
    assert served(cloud, "staging") == locked(cloud, "staging")
    assert len(set(store.list()) - trees) == 1
    again = deploy(cloud)
    assert again.out.splitlines()[-1] == f"deployed 2 environments to {target(cloud)}: 2 up to date"


def test_site_code_and_data_come_from_the_control_repository(cloud: Cloud) -> None:
    control = make_control(cloud)
    lock_two(cloud)
    own = {
        "manifests/site.pp": "include nova\n",
        "data/common.yaml": "a: 1\n",
        "bin/other": "#!/bin/sh\n",
        "modules/vendored/manifests/init.pp": "class vendored {}\n",
        "site/profile/files/x": "x\n",
    }
    for branch in ("production", "staging"):
        control.repository.commit({**own, "data/branch.yaml": f"b: {branch}\n"}, branch=branch)
    assert cloud.run("publish").code == 0
    assert deploy(cloud).code == 0
    place = target(cloud) / "staging"
    for path, text in {**own, "data/branch.yaml": "b: staging\n"}.items():
        assert (place / path).read_text() == text
    assert (place / "modules/nova/metadata.json").is_file()
    assert (place / "bin/config_version").stat().st_mode & 0o111
    before = os.readlink(place)  # noqa: PTH115 - the text of the link itself
    control.repository.commit({"data/common.yaml": "a: 2\n"}, branch="staging")
    result = deploy(cloud, "--format", "json").json
    assert [one["switched"] for one in result["environments"]] == [False, True]
    assert result["environments"][1]["from"] == result["environments"][1]["lock_id"]
    assert (place / "data/common.yaml").read_text() == "a: 2\n"
    assert (Path(before) / "data/common.yaml").read_text() == "a: 1\n"


def test_one_branch_serves_all_environments_in_the_other_layouts(cloud: Cloud) -> None:
    control = make_control(cloud, layout="one-branch")
    lock_two(cloud)
    control.repository.commit({"manifests/site.pp": "include nova\n"}, branch="production")
    assert cloud.run("publish").code == 0
    assert deploy(cloud).code == 0
    for environment in ("production", "staging"):
        place = target(cloud) / environment
        assert (place / "manifests/site.pp").read_text() == "include nova\n"
        printed = subprocess.run([place / "bin/config_version"], capture_output=True, check=True).stdout
        assert printed.decode().strip() == cloud.run("id", environment).out.split()[1]


def test_a_configuration_of_the_control_repository_is_kept_and_reported(cloud: Cloud) -> None:
    control = make_control(cloud)
    lock_two(cloud)
    for branch in ("production", "staging"):
        control.repository.commit({"environment.conf": "modulepath = site\n"}, branch=branch)
    result = deploy(cloud, "production")
    assert (target(cloud) / "production/environment.conf").read_text() == "modulepath = site\n"
    assert "'environment.conf' of the control repository is deployed instead of a generated one" in result.out
    assert "its modulepath lacks 'modules'" in result.out


def test_a_branch_that_the_control_repository_lacks(cloud: Cloud) -> None:
    control = make_control(cloud)
    lock_two(cloud)
    control.repository.commit({"manifests/site.pp": ""}, branch="production")
    result = deploy(cloud)
    assert result.code == 2
    assert "the control repository has no branch 'staging'" in result.err
    assert not target(cloud).exists()


def test_another_git_repository_is_at_its_install_path(cloud: Cloud) -> None:
    data = cloud.upstream("hiera", owner="private", repository="hieradata")
    data.commit("main", files={"nodes/a.yaml": "a: 1\n"})
    cloud.manifest(
        "production",
        "release: 2024.1\nopenstack: [nova]\nmodules:\n  hieradata:\n"
        '    {git: "https://git.example.net/hieradata", branch: main, install_path: hiera, module: false}\n',
    )
    assert cloud.run("lock").code == 0
    assert deploy(cloud).code == 0
    assert (target(cloud) / "production/hiera/hieradata/nodes/a.yaml").read_text() == "a: 1\n"


def test_an_environment_with_a_module_that_git_does_not_have_is_refused_and_none_is_switched(
    cloud: Cloud,
    prepared: Prepared,
) -> None:
    prepared(cloud, lock_two)
    cloud.manifest(
        "third",
        "release: 2024.1\nopenstack: [nova]\nmodules:\n  facts: {forge: acme/facts, version: 1.2.3}\n",
    )
    assert cloud.run("lock").code == 0
    result = deploy(cloud)
    assert result.code == 2
    assert (
        "environment 'third': module 'facts' comes from the Forge, and the catalogue has no repository"
        in result.err
    )
    assert "deploy this environment with r10k ('pinner generate'), or pin the module by its git" in result.err
    assert not target(cloud).exists()


def test_a_commit_that_nobody_has_any_more_switches_nothing(cloud: Cloud, prepared: Prepared) -> None:
    prepared(cloud, lock_two)
    assert deploy(cloud).code == 0
    before = {name: os.readlink(target(cloud) / name) for name in ("production", "staging")}  # noqa: PTH115 - the text of the link itself
    move_nova(cloud, "2024.1", "2025.1")
    nova = cloud.upstream("nova")
    lost = cloud.lock("staging")["modules"]["nova"]["commit"]
    run_git("--git-dir", str(nova.path), "update-ref", "refs/heads/stable/2025.1", f"{lost}^")
    run_git("--git-dir", str(nova.path), "reflog", "expire", "--all", "--expire=now")
    run_git("--git-dir", str(nova.path), "gc", "--quiet", "--prune=now")
    result = cloud.run("deploy", "--to", str(target(cloud)), NO_TYPES, "--cache", str(cloud.root / "empty"))
    assert result.code == 3
    assert f"module 'nova': commit {lost} of" in result.err
    assert before == {name: os.readlink(target(cloud) / name) for name in before}  # noqa: PTH115 - the text of the link itself


def test_a_lock_that_is_stale_is_not_deployed(cloud: Cloud, prepared: Prepared) -> None:
    prepared(cloud, lock_two)
    cloud.manifest("staging", "release: 2024.1\nopenstack: [nova]\n")
    result = deploy(cloud)
    assert result.code == 2
    assert not target(cloud).exists()


@pytest.mark.parametrize("link", ["symlink", "hard", "copy"])
@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("modules/nova/manifests/init.pp", "class evil {}\n"),
        ("modules/nova/lib/new.rb", ""),
        ("environment.conf", "modulepath = /tmp\n"),
        ("manifests/new.pp", "notify { 'x': }\n"),
    ],
)
def test_what_was_edited_by_hand_is_found_and_repaired(
    cloud: Cloud, prepared: Prepared, link: str, path: str, text: str
) -> None:
    prepared(cloud, lock_two)
    assert deploy(cloud, "--link", link).code == 0
    edited = target(cloud) / "production" / path
    for folder in reversed(edited.parents):
        if folder.exists() and folder.is_relative_to(cloud.root):
            folder.chmod(0o755)
    edited.parent.mkdir(exist_ok=True)
    if edited.exists():
        edited.chmod(0o644)
    edited.write_text(text)
    check = deploy(cloud, "--link", link, "--check")
    assert check.code == 1
    assert "production: pin-" in check.out
    repaired = deploy(cloud, "--link", link)
    assert repaired.code == 0, repaired.err
    assert ", repaired: " in repaired.out
    assert served(cloud, "production") == locked(cloud, "production")
    assert deploy(cloud, "--link", link, "--check").code == 0


def test_what_pinner_did_not_deploy_is_replaced_only_on_request(cloud: Cloud, prepared: Prepared) -> None:
    prepared(cloud, lock_two)
    there = target(cloud) / "production"
    there.mkdir(parents=True)
    (there / "Puppetfile").write_text("mod 'x'\n")
    refused = deploy(cloud)
    assert refused.code == 2
    assert f"{there}: this is not a link, so pinner did not deploy it" in refused.err
    assert (there / "Puppetfile").is_file()
    assert not (target(cloud) / "staging").exists()
    assert deploy(cloud, "--adopt").code == 0
    assert served(cloud, "production") == locked(cloud, "production")
    (kept,) = (target(cloud) / ".pinner").glob("replaced-production-*")
    assert (kept / "Puppetfile").read_text() == "mod 'x'\n"
    assert deploy(cloud).code == 0
    assert kept.is_dir()


def test_a_path_that_puppet_cannot_use_is_refused(cloud: Cloud, prepared: Prepared) -> None:
    prepared(cloud, lock_two)
    result = cloud.run("deploy", "--to", str(cloud.root / "a+b"), NO_TYPES)
    assert result.code == 2
    assert "Puppet puts the path of a versioned environment into a regular expression" in result.err


def test_offline_a_deployment_needs_the_cache_only(cloud: Cloud, prepared: Prepared) -> None:
    prepared(cloud, lock_two)
    (cloud.root / "upstreams").rename(cloud.root / "gone")
    result = deploy(cloud, "--offline")
    assert result.code == 0, result.err


def test_a_user_who_is_not_root_deploys_repairs_and_cleans() -> None:
    with TemporaryDirectory() as made:  # pytest's own is closed to other users
        cloud = lock_two(add_upstreams(Cloud(Path(made))))
        old = {name: cloud.lock_path(name).read_text() for name in ("production", "staging")}
        move_nova(cloud, "2024.1", "2025.1")
        new = {name: cloud.lock_path(name).read_text() for name in old}
        elsewhere = cloud.run("deploy", "--to", str(cloud.root / "elsewhere"), NO_TYPES)
        assert elsewhere.code == 0  # it loads all of pinner, which that user may not be able to read
        if os.geteuid() == 0:
            for path in [cloud.root, *cloud.root.rglob("*")]:
                os.chown(path, 65534, 65534)
        with ordinary_user():
            first = _deploy_locks(cloud, old)
            version = (target(cloud) / "production").resolve()
            for directory in (version, version / "modules"):
                directory.chmod(0o755)
            (version / "modules" / "nova").unlink()
            results = (
                first,
                deploy(cloud),
                _deploy_locks(cloud, new),
                cloud.run("deploy", "--to", str(target(cloud)), "--clean", "--keep", "0", "--min-age", "0"),
            )
        assert [result.code for result in results] == [0, 0, 0, 0], results
        for name in new:
            assert served(cloud, name) == locked(cloud, name)
        assert [path for path in version.parent.iterdir() if path.is_dir()] == [
            (target(cloud) / "production").resolve()
        ]


def _deploy_locks(cloud: Cloud, locks: Mapping[str, str]) -> Result:
    for name, text in locks.items():
        cloud.lock_path(name).write_text(text)
    return deploy(cloud)
