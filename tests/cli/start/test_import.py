"""`pinner import` on Puppetfiles: what is written, what is told, and that nothing is lost or overwritten."""

from pathlib import Path

import pytest

from tests.support.cloud import Cloud
from tests.support.importing import BOTH, FORK, KEYSTONE, NOVA, imported, manifest, puppetfile
from tests.support.unharmed import unharmed


@pytest.fixture
def fork(cloud: Cloud) -> Cloud:
    """The cloud, with a private fork of horizon."""
    cloud.upstream("horizon", owner="private").commit("acme/2025.1", version="26.0.0")
    return cloud


def test_what_follows_the_release_is_a_list_and_what_differs_an_override(fork: Cloud) -> None:
    text = BOTH + FORK + "mod 'puppetlabs/ntp', '9.1.0'\n"
    done = imported(fork, text)
    assert (done.code, done.out) == (
        0,
        "wrote environments/x.yaml\nnext: review what was written, then run 'pinner lock x'\n",
    )
    assert manifest(fork) == (
        "release: 2025.1\n\nopenstack:\n  - keystone\n  - nova\n\nmodules:\n"
        '  horizon: {git: "https://git.example.net/puppet-horizon.git", branch: acme/2025.1}\n'
        "\n  # third-party modules\n"
        "  ntp: {forge: puppetlabs/ntp, version: 9.1.0}\n"
    )
    assert fork.run("lock").code == 0


def test_a_module_of_another_release_names_it(cloud: Cloud) -> None:
    cloud.upstream("glance").commit("stable/2025.1", version="26.0.0")
    text = BOTH.replace("stable/2025.1", "stable/2024.1", 1) + (
        "mod 'glance', :git => 'git://github.com/stackforge/puppet-glance', :ref => 'stable/2025.1'\n"
    )
    assert imported(cloud, text).code == 0
    assert (
        manifest(cloud)
        == "release: 2025.1\n\nopenstack:\n  - glance\n  - keystone\n\nmodules:\n  nova: {release: 2024.1}\n"
    )


def test_the_release_is_known_by_the_tags_versions(cloud: Cloud) -> None:
    assert imported(cloud, NOVA.format(ref="26.0.0") + KEYSTONE.format(ref="26.0.0")).code == 0
    assert (
        manifest(cloud) == "release: 2025.1\n\nmodules:\n  keystone: {tag: 26.0.0}\n  nova: {tag: 26.0.0}\n"
    )


def test_partial_imports_the_rest_and_says_in_the_manifest_what_is_missing(cloud: Cloud) -> None:
    text = BOTH + "if ENV['X']\nmod 'glance', :git => 'https://h/x', :ref => 'v1'\nend\n"
    with unharmed(cloud.project):
        refused = imported(cloud, text)
    assert refused.code == 2
    done = imported(cloud, text, "--partial")
    assert done.code == 0
    source = cloud.root / "source/Puppetfile"
    told = f"{source}:3:4: module 'glance': the environment variable 'X' is not known"
    assert told in done.err
    assert manifest(cloud).endswith(f"\n# Omitted, because it could not be imported:\n#   {told}\n")


def test_nothing_is_overwritten_without_force(cloud: Cloud) -> None:
    cloud.manifest("x", "release: 2024.1\nopenstack: [nova]\n")
    with unharmed(cloud.project):
        done = imported(cloud, BOTH)
    assert (done.code, done.err.splitlines()[-2:]) == (
        2,
        [
            "environments/x.yaml: this file already exists",
            "  hint: use '--force' to overwrite it, or '--as' for another name",
        ],
    )
    assert imported(cloud, BOTH, "--force").code == 0
    assert "release: 2025.1" in manifest(cloud)


def test_a_dry_run_prints_and_writes_nothing(cloud: Cloud) -> None:
    with unharmed(cloud.project):
        done = imported(cloud, BOTH, "--dry-run")
    assert done.code == 0
    source = cloud.root / "source/Puppetfile"
    assert done.out == (
        f"# environments/x.yaml\n# Imported from {source}.\nrelease: 2025.1\n\nopenstack:\n  - keystone\n  - nova\n"
    )


def test_a_moduledir_outside_the_environment_is_told(cloud: Cloud) -> None:
    done = imported(cloud, "moduledir '/usr/share/modules'\n" + BOTH)
    assert (
        "the moduledir '/usr/share/modules' is not a directory inside an environment: it becomes 'modules'"
        in done.err
    )
    assert imported(cloud, "moduledir 'site'\n" + BOTH, "--force").code == 0
    assert "moduledir: site\n" in manifest(cloud)


def test_an_install_path_outside_the_environment_is_a_problem(fork: Cloud) -> None:
    done = imported(fork, FORK.rstrip() + ", :install_path => '../other'\n")
    assert done.code == 2
    assert "module 'horizon': '../other' is not a valid path" in done.err


def test_where_nothing_can_be_imported_it_is_told_why(cloud: Cloud) -> None:
    refused = imported(cloud, "mod 'acme/facts', '>= 1.0'\n", "--partial", "--offline")
    source = cloud.root / "source/Puppetfile"
    assert (refused.code, refused.err) == (
        2,
        (
            f"{source}:1:1: module 'facts': a range cannot be pinned\n"
            "  hint: give an exact version, or omit the module with --partial\n"
            "no module to import was found\n"
        ),
    )


def test_a_dry_run_tells_what_would_be_in_the_way(cloud: Cloud) -> None:
    imported(cloud, BOTH)
    told = "environments/x.yaml: this file already exists\n  hint: use '--force' to overwrite it, or '--as' for another name\n"
    for options, is_told in (((), True), (("--force",), False)):
        done = imported(cloud, BOTH, "--dry-run", *options)
        assert (done.code, told in done.err) == (0, is_told)
        assert done.out.startswith("# environments/x.yaml\n")


def test_a_link_in_the_place_of_a_manifest_is_not_followed(cloud: Cloud) -> None:
    (cloud.project / "environments/x.yaml").symlink_to(cloud.root / "elsewhere")
    done = imported(cloud, BOTH, "--force")
    assert (done.code, (cloud.root / "elsewhere").exists()) == (2, False)
    assert "environments/x.yaml: this is a link that leads out of the project" in done.err


def test_a_module_of_the_forge_has_no_install_path(cloud: Cloud) -> None:
    done = imported(
        cloud, "mod 'acme/facts', :type => 'forge', :version => '1.0.0', :install_path => 'site'\n"
    )
    assert done.code == 2
    told = "module 'facts': not all tools read an install_path for a module of the Forge"
    assert told in done.err


def test_an_install_path_is_kept(fork: Cloud) -> None:
    assert imported(fork, FORK.rstrip() + ", :install_path => 'site'\n").code == 0
    assert "branch: acme/2025.1, install_path: site}" in manifest(fork)


def test_a_project_is_started_where_there_is_none(cloud: Cloud, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    source = puppetfile(cloud, BOTH)
    done = cloud.run("-C", str(tmp_path / "empty"), "import", source, "--as", "x", "--offline")
    assert done.code == 0
    assert (tmp_path / "empty/environments/x.yaml").is_file()
