"""Moves between real releases: upstreams with the names, refs and versions that the catalogue knows."""

from typing import Any

import pytest

from tests.support.catalogue_upstreams import build_openstack
from tests.support.cloud import Cloud

MOVES = {"rocky": "stein", "2023.2": "2024.1", "grizzly": "kilo"}


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Cloud:
    """A project with an environment of all modules for each release to move from, locked."""
    cloud = Cloud(tmp_path_factory.mktemp("releases"))
    build_openstack(cloud.root / "upstreams")
    rows = [
        f'  "https://{host}/": "{cloud.root}/upstreams/{host}/"\n' for host in ("opendev.org", "github.com")
    ]
    (cloud.project / "pinner.yaml").write_text(f"rewrite:\n{''.join(rows)}cache: {cloud.root / 'cache'}\n")
    for release in MOVES:
        name = f"from_{release.replace('.', '_')}"
        cloud.manifest(name, f"release: {release}\nopenstack: all\n")
    result = cloud.run("lock")
    assert result.code == 0, result.out
    return cloud


def move(cloud: Cloud, release: str, *options: str) -> Any:
    name = f"from_{release.replace('.', '_')}"
    return cloud.run("upgrade", name, "--to", MOVES[release], "--offline", "--format", "json", *options).json


def steps(found: Any, kind: str) -> list[str]:
    return [step["module"] for step in found["plan"] if step["kind"] == kind]


def test_stein_brings_placement(everything: Cloud) -> None:
    found = move(everything, "rocky")
    assert steps(found, "module-added") == ["placement"]
    assert steps(found, "module-removed") == []
    text = everything.run("upgrade", "from_rocky", "--to", "stein", "--offline").out
    version = next(one for one in found["modules"] if one["name"] == "placement")["to"]["version"]
    assert f"  'placement' comes: {version} (stein-eol)\n" in text


def test_2024_1_is_without_those_that_ended(everything: Cloud) -> None:
    found = move(everything, "2023.2")
    assert steps(found, "module-removed") == ["ec2api", "murano", "qdr", "sahara"]
    texts = [step["text"] for step in found["plan"] if step["kind"] == "module-removed"]
    assert "'murano' goes: module 'murano' ended with 2023.2, it is not in 2024.1" in texts


def test_quantum_becomes_neutron_on_the_way_to_kilo(everything: Cloud) -> None:
    found = move(everything, "grizzly", "--through")
    assert steps(found, "module-renamed") == ["neutron"]
    assert [leg["release"]["to"] for leg in found["legs"]] == ["havana", "icehouse", "juno", "kilo"]
    assert [steps(leg, "module-renamed") for leg in found["legs"]] == [["neutron"], [], [], []]
    straight = move(everything, "grizzly")
    assert straight["to"]["lock_id"] == found["to"]["lock_id"] == found["legs"][-1]["to"]["lock_id"]
