"""`pinner import puppet_openstack_builder:RELEASE`: what its program meant, imported, locked and generated."""

from pathlib import Path

import pytest

from pinner.openstack.catalogue import presets
from tests.support.adopting import adopt, generated
from tests.support.cloud import Cloud
from tests.support.imported import Row, Upstreams, build_upstreams

NAME = "puppet_openstack_builder"


@pytest.fixture
def site(tmp_path: Path) -> Cloud:
    """A project without environments and without upstreams."""
    return Cloud(tmp_path)


def build(site: Cloud, release: str) -> Upstreams:
    (preset,) = (preset for preset in presets() if preset.release == release)
    rows = [Row(module.name, module.git, module.ref or "master") for module in preset.modules]
    return build_upstreams(site, [row for row in rows if "-" not in row.name], series=release)


def manifest(site: Cloud, release: str) -> str:
    return (site.project / "environments" / f"{release}.yaml").read_text()


@pytest.mark.parametrize("release", ["grizzly", "icehouse"])
def test_the_same_modules_come_out(site: Cloud, release: str) -> None:
    upstreams = build(site, release)
    adopt(site, f"{NAME}:{release}")
    assert generated(site, release) == upstreams.expected
    assert len(upstreams.expected) == 47
    assert f"release: {release}\n" in manifest(site, release)


def test_forks_stay_forks_and_dead_hosts_are_led_to_where_the_module_lives(site: Cloud) -> None:
    build(site, "havana")
    assert site.run("import", f"{NAME}:havana").code == 0
    text = manifest(site, "havana")
    assert '  apt: {git: "https://github.com/CiscoSystems/puppet-apt", branch: havana}' in text
    assert "  - neutron\n" in text
    assert "git://" not in text
    assert "stackforge" not in text


def test_what_floats_is_pointed_out(site: Cloud) -> None:
    build(site, "havana")
    result = site.run("import", "--dry-run", f"{NAME}:havana")
    floating = [line for line in result.out.splitlines() if "follows the branch" in line]
    names = {line.partition(":")[0].strip() for line in floating}
    assert {"ceilometer", "vswitch", "stdlib", "mysql", "rabbitmq", "scenario_node_terminus"} <= names
    assert f"{NAME}:havana: module 'stdlib': 'master' is a development branch, not a release" in result.err


def test_what_puppet_takes_no_more_is_named(site: Cloud) -> None:
    build(site, "havana")
    result = site.run("import", f"{NAME}:havana")
    assert result.code == 0
    assert result.err.count("is omitted: ") == 4


def test_a_release_that_there_is_none_of(site: Cloud) -> None:
    result = site.run("import", f"{NAME}:juno")
    assert (result.code, result.out) == (2, "")
    assert "has no release 'juno'\n  hint: it has grizzly, havana, icehouse\n" in result.err
