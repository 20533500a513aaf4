"""`pinner import`: which files are a source, and what several environments share."""

from pathlib import Path

import pytest

from tests.support.cloud import Cloud
from tests.support.importing import BOTH, FORK, NOVA, imported, manifest, puppetfile


@pytest.fixture
def fork(cloud: Cloud) -> Cloud:
    """The cloud, with a private fork of horizon."""
    cloud.upstream("horizon", owner="private").commit("acme/2025.1", version="26.0.0")
    return cloud


def test_several_environments_share_a_base(fork: Cloud) -> None:
    for name, version in (("prod-eu", "9.0.0"), ("prod-us", "9.0.0"), ("2025.1", "9.1.0")):
        puppetfile(fork, BOTH + FORK + f"mod 'puppetlabs/ntp', '{version}'\n", f"many/{name}/Puppetfile")
    done = fork.run("import", str(fork.root / "many"))
    assert done.code == 0, done.err
    assert [line for line in done.err.splitlines() if "becomes" in line] == [
        "the environment '2025.1' becomes 'cloud_2025_1', which Puppet allows",
        "the environment 'prod-eu' becomes 'prod_eu', which Puppet allows",
        "the environment 'prod-us' becomes 'prod_us', which Puppet allows",
    ]
    assert manifest(fork, "_base") == (
        "release: 2025.1\n\nopenstack:\n  - keystone\n  - nova\n\nmodules:\n"
        '  horizon: {git: "https://git.example.net/puppet-horizon.git", branch: acme/2025.1}\n'
    )
    assert (
        manifest(fork, "prod_eu")
        == "extends: _base\n\nmodules:\n  ntp: {forge: puppetlabs/ntp, version: 9.0.0}\n"
    )
    assert fork.run("lock").code == 0
    again = fork.run("import", str(fork.root / "many"), "--force")
    assert again.out.splitlines()[0] == "wrote environments/_base.yaml"


def test_a_base_shares_what_differs_in_the_ref_alone(cloud: Cloud) -> None:
    for name, ref in (("a", "24.0.0"), ("b", "24.0.0"), ("c", "26.0.0")):
        puppetfile(cloud, NOVA.format(ref=ref), f"many/Puppetfile.{name}")
    assert cloud.run("import", str(cloud.root / "many")).code == 0
    assert manifest(cloud, "_base") == "modules:\n  nova: {tag: 24.0.0}\n"
    assert manifest(cloud, "c") == "extends: _base\nrelease: 2025.1\n\nmodules:\n  nova: {tag: 26.0.0}\n"


def test_a_base_that_others_extend_is_left_alone(cloud: Cloud) -> None:
    cloud.manifest("_base", "release: 2024.1\n")
    cloud.manifest("old", "extends: _base\nopenstack: [nova]\n")
    for name in ("a", "b"):
        puppetfile(cloud, BOTH, f"many/Puppetfile.{name}")
    done = cloud.run("import", str(cloud.root / "many"), "--force")
    assert done.out.splitlines()[0] == "wrote environments/_base_2.yaml"


def test_a_directory_without_a_puppetfile_is_told(cloud: Cloud) -> None:
    (cloud.root / "empty").mkdir()
    done = cloud.run("import", str(cloud.root / "empty"), "--kind", "puppetfile")
    assert (done.code, done.err) == (2, f"{cloud.root / 'empty'}: this directory has no Puppetfile\n")
    done = cloud.run("import", str(cloud.root / "empty"), "--kind", "fuel")
    assert (done.code, done.err) == (
        2,
        f"{cloud.root / 'empty'}: this directory has no deployment/Puppetfile\n",
    )


def test_one_module_twice_in_fuels_two_files_is_told(cloud: Cloud) -> None:
    first = puppetfile(cloud, BOTH, "fuel/deployment/Puppetfile")
    second = puppetfile(cloud, BOTH, "fuel/deployment/puppet/openstack_tasks/Puppetfile")
    done = cloud.run("import", str(cloud.root / "fuel"))
    assert done.code == 2
    assert f"{second}:1:1: module 'nova' is already declared at {first}:1:1" in done.err


def test_lists_beside_a_puppetfile_are_compared_with_it(cloud: Cloud) -> None:
    puppetfile(cloud, BOTH)
    (cloud.root / "source/openstack_modules.txt").write_text("nova\nkeystone\nglance\n")
    (cloud.root / "source/external_modules.txt").write_text("# comment\nrcritten/puppet-nssdb,v1\n")
    done = cloud.run("import", str(cloud.root / "source"))
    lists = cloud.root / "source"
    assert done.code == 0
    assert done.err.splitlines()[-2:] == [
        f"{lists}/openstack_modules.txt:3: module 'glance' is listed here, but is not in the Puppetfile",
        f"{lists}/external_modules.txt:2: module 'nssdb' is listed here, but is not in the Puppetfile",
    ]
    assert (cloud.project / "environments/source.yaml").exists()


def test_what_is_not_there_is_told(cloud: Cloud) -> None:
    done = cloud.run("import", "../nothing")
    assert done.code == 2
    assert done.err.splitlines() == [
        "../nothing: there is no such file or directory",
        "  hint: name a file, a directory, or a control repository by its URL",
    ]


def test_what_is_no_source_is_told_with_all_that_is_one(cloud: Cloud) -> None:
    (cloud.root / "other.txt").write_text("text")
    done = cloud.run("import", "../other.txt")
    assert done.code == 2
    assert done.err.splitlines()[:3] == [
        "../other.txt: pinner cannot import this",
        "  hint: use '--kind' if it is one of these:",
        "    puppetfile         a Puppetfile, or a directory of them",
    ]
    assert all(len(line) < 110 for line in done.err.splitlines())


def test_a_file_of_any_name_is_read_when_its_kind_is_given(cloud: Cloud) -> None:
    source = puppetfile(cloud, BOTH, "other.txt")
    assert cloud.run("import", source, "--kind", "puppetfile", "--as", "x").code == 0


def test_one_name_does_for_one_environment_only(cloud: Cloud) -> None:
    for name in ("a", "b"):
        puppetfile(cloud, BOTH, f"many/Puppetfile.{name}")
    done = cloud.run("import", str(cloud.root / "many"), "--as", "x")
    assert (done.code, done.err.splitlines()[0]) == (2, "'--as x' names one environment, and there are 2")


def test_two_names_that_become_one_are_told(cloud: Cloud) -> None:
    for name in ("prod-eu", "prod_eu"):
        puppetfile(cloud, BOTH, f"many/Puppetfile.{name}")
    done = cloud.run("import", str(cloud.root / "many"))
    assert (done.code, done.err.splitlines()[0]) == (
        2,
        "the environments 'prod-eu' and 'prod_eu' would both be 'prod_eu'",
    )


@pytest.mark.parametrize("text", ["", "forge 'https://forge.puppet.com'\n", "# mod 'x', '1.0.0'\n"])
def test_a_file_without_modules_makes_no_manifest(cloud: Cloud, text: str) -> None:
    done = imported(cloud, text)
    assert (done.code, done.err.splitlines()[0]) == (2, "no module to import was found")


@pytest.mark.parametrize(
    ("conf", "expected"),
    [
        ("modulepath = site-modules:modules:$basemodulepath\n", "modulepath: [site-modules, modules]\n"),
        ("modulepath = modules:./site/\nmanifest = manifests\n", None),
        ("# modulepath = site-modules\n", None),
        ("modulepath = modules:vendor/own:/etc/puppet/modules\n", "modulepath: [modules, vendor/own]\n"),
        ("modulepath = modules:$basemodulepath\n", None),
    ],
)
def test_the_module_path_of_a_control_repository_is_kept(
    cloud: Cloud, conf: str, expected: str | None
) -> None:
    control = cloud.upstream("control", owner="private/ops", repository="control")
    files = {
        "Puppetfile": "mod 'keystone', :git => 'https://opendev.org/openstack/puppet-keystone', :ref => 'stable/2025.1'\n",
        "environment.conf": conf,
        "site-modules/profile/manifests/base.pp": "class profile::base {\n}\n",
        "vendor/own/role/manifests/a.pp": "class role::a {\n}\n",
    }
    control.commit("production", files=files)
    assert cloud.run("import", "https://git.example.net/ops/control", "--as", "production").code == 0
    text = (cloud.project / "environments/production.yaml").read_text()
    assert ("modulepath" in text, expected is None or expected in text) == (expected is not None, True)
    assert cloud.run("lock", "production").code == 0


def test_the_module_path_beside_a_puppetfile_is_kept(cloud: Cloud) -> None:
    path = Path(puppetfile(cloud, BOTH))
    (path.parent / "environment.conf").write_text("modulepath = site:modules:gone:$basemodulepath\n")
    for name in ("site", "modules"):
        (path.parent / name).mkdir()
    assert cloud.run("import", str(path), "--as", "production").code == 0
    text = (cloud.project / "environments/production.yaml").read_text()
    assert "modulepath: [site, modules]\n" in text
