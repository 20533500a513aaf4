"""`pinner upgrade` where upstream's gate runs pairs that metadata forbids: the overrides come along, on real metadata."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.support.cloud import Cloud

INTEGRATION = "dependencies:\n  externals: integration    # as the gate\n"


@pytest.fixture
def real(tmp_path: Path, real_settings: str) -> Cloud:
    """A project on upstreams that say what they really say."""
    cloud = Cloud(tmp_path)
    (cloud.project / "pinner.yaml").write_text(real_settings)
    return cloud


def errors(cloud: Cloud, name: str) -> list[Mapping[str, Any]]:
    rows = cloud.run("lock", "--format", "json", name).json["environments"]
    return [finding for row in rows for finding in row["findings"] if finding["level"] == "error"]


def overrides(document: Mapping[str, Any]) -> list[tuple[str, str | None, str]]:
    steps = [step for step in document["plan"] if step["kind"] == "manifest-override"]
    return [(step["module"], step["old"], step["new"]) for step in steps]


def test_the_manifest_of_init_goes_up_by_write_and_locks(real: Cloud) -> None:
    assert real.run("init", "live", "--release", "2023.1").code == 0
    path = real.project / "environments" / "live.yaml"
    assert errors(real, "live") == []
    before = path.read_text().replace("release: 2023.1\n", "release: 2023.2\n").splitlines()
    result = real.run("upgrade", "live", "--to", "2023.2", "--write")
    assert result.code == 0
    assert (
        "  environments/live.yaml: upstream's gate runs 'keystone' with 'apache' 11.1.0 for 2023.2, "
        "but its metadata requires >=5.5.0 <11.0.0\n"
        '    add dependencies: {override: {keystone: {apache: ">= 5.5.0 < 12.0.0"}}}\n'
    ) in result.out
    assert (
        "upstream's gate runs 'memcached' with 'firewall' 7.0.2 for 2023.2, but the override here allows >= 0.1.0 < 5.0.0\n"
        "    >= 0.1.0 < 5.0.0 -> >= 0.1.0 < 8.0.0\n"
    ) in result.out
    after = path.read_text().splitlines()
    memcached = '    memcached: {firewall: ">= 0.1.0 < 8.0.0", stdlib: ">= 4.13.1 < 10.0.0", systemd: ">= 2.10.0 < 7.0.0"}'
    assert [line for line in before if line not in after] == ['    memcached: {firewall: ">= 0.1.0 < 5.0.0"}']
    assert [line for line in after if line not in before] == [
        memcached,
        '    horizon: {apache: ">= 5.0.0 < 12.0.0"}',
        '    keystone: {apache: ">= 5.5.0 < 12.0.0"}',
        '    openstacklib: {apache: ">= 5.0.0 < 12.0.0", mysql: ">= 6.0.0 < 16.0.0"}',
        '    postgresql: {systemd: ">= 4.0.1 < 7.0.0"}',
        '    rabbitmq: {archive: ">= 2.0.0 < 8.0.0", stdlib: ">= 4.25.0 < 10.0.0", systemd: ">= 2.10.0 < 7.0.0"}',
    ]
    assert errors(real, "live") == []


def test_what_a_base_gives_is_widened_in_the_environments_own_file(real: Cloud) -> None:
    given = (
        "  override:\n    memcached: {saz/firewall: '>= 0.1.0 < 5.0.0'}\n"
        "    corosync: {stdlib: '>= 1'}\n    rsync: {concat: '>= 1'}\n"
    )
    base = real.manifest("_base", f"release: 2023.1\n{INTEGRATION}{given}")
    before = base.read_text()
    path = real.manifest("live", "extends: _base\nopenstack: [horizon, openstacklib]   # few\n")
    assert errors(real, "live") == []
    result = real.run("upgrade", "live", "--to", "2023.2", "--write")
    assert result.code == 0
    assert "environments/_base.yaml:5:31: upstream's gate runs 'memcached' with 'firewall'" in result.out
    assert base.read_text() == before
    lines = path.read_text().splitlines()
    assert lines[:5] == [
        "extends: _base",
        "release: 2023.2",
        "openstack: [horizon, openstacklib]   # few",
        "dependencies:",
        "  override:",
    ]
    assert '    horizon: {apache: ">= 5.0.0 < 12.0.0"}' in lines
    assert any(line.startswith('    memcached: {saz/firewall: ">= 0.1.0 < 8.0.0", ') for line in lines)
    assert errors(real, "live") == []


@pytest.mark.parametrize(("tag", "more"), [("v11.1.0", ""), ("v12.1.0", INTEGRATION)])
def test_without_the_gate_or_its_very_version_nothing_is_planned(real: Cloud, tag: str, more: str) -> None:
    apache = f"{{git: 'https://github.com/puppetlabs/puppetlabs-apache', tag: {tag}}}"
    text = f"release: 2023.1\nopenstack: [keystone]\n{more}"
    real.manifest("live", text)
    real.run("lock")
    assert real.lock("live")
    real.manifest("live", f"{text}modules:\n  apache: {apache}\n")
    result = real.run("upgrade", "live", "--to", "2023.2", "--format", "json")
    assert result.code == 1
    told = {(row["code"], row["module"]) for row in result.json["findings"]}
    assert ("dependency-unsatisfied", "keystone") in told
    assert "keystone" not in {module for module, _, _ in overrides(result.json)}


def test_release_by_release_each_leg_has_its_own_and_the_last_is_what_is_written(real: Cloud) -> None:
    path = real.manifest("live", f"release: zed\nopenstack: [horizon]\n{INTEGRATION}")
    assert errors(real, "live") == []
    result = real.run("upgrade", "live", "--to", "2023.2", "--through", "--write", "--format", "json")
    first, second = ([module for module, _, _ in overrides(leg)] for leg in result.json["legs"])
    assert result.code == 0
    assert "memcached" in first
    assert "horizon" in second
    assert {module for module, _, _ in overrides(result.json)} == {"horizon", "memcached"}
    assert path.read_text() == (
        f"release: 2023.2\nopenstack: [horizon]\n{INTEGRATION}"
        '  override:\n    horizon: {apache: ">= 5.0.0 < 12.0.0"}\n'
        '    memcached: {firewall: ">= 0.1.0 < 8.0.0", stdlib: ">= 4.13.1 < 10.0.0", systemd: ">= 2.10.0 < 7.0.0"}\n'
    )
    assert errors(real, "live") == []


def test_an_override_that_only_an_older_release_needed_is_widened(real: Cloud) -> None:
    assert real.run("init", "live", "--release", "train").code == 0
    path = real.project / "environments" / "live.yaml"
    assert errors(real, "live") == []
    assert '    oslo: {stdlib: ">= 5.0.0 < 7.0.0"}\n' in path.read_text()
    result = real.run("upgrade", "live", "--to", "xena", "--through", "--write")
    assert result.code == 0
    assert (
        "runs 'oslo' with 'stdlib' 8.0.0 for xena, but the override here allows >= 5.0.0 < 7.0.0"
        in result.out
    )
    assert '    oslo: {stdlib: ">= 5.0.0 < 9.0.0"}\n' in path.read_text()
    assert errors(real, "live") == []


def test_an_override_that_never_let_the_gate_in_is_somebodys_own_and_stays(real: Cloud) -> None:
    text = f"release: %s\nopenstack: [oslo]\n{INTEGRATION}  override: {{oslo: {{stdlib: 6.5.0}}}}\n"
    real.manifest("live", text % "victoria")
    assert errors(real, "live") == []
    result = real.run("upgrade", "live", "--to", "xena", "--format", "json")
    told = {(row["code"], row["module"]) for row in result.json["findings"]}
    assert (result.code, overrides(result.json)) == (1, [])
    assert ("dependency-unsatisfied", "oslo") in told
