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
    assert f"  'placement' is added: {version} (stein-eol)\n" in text


def test_2024_1_is_without_those_that_ended(everything: Cloud) -> None:
    found = move(everything, "2023.2")
    assert steps(found, "module-removed") == ["ec2api", "murano", "qdr", "sahara"]
    texts = [step["text"] for step in found["plan"] if step["kind"] == "module-removed"]
    assert "'murano' is dropped: module 'murano' ended with 2023.2, it is not in 2024.1" in texts


def test_quantum_becomes_neutron_on_the_way_to_kilo(everything: Cloud) -> None:
    found = move(everything, "grizzly", "--through")
    assert steps(found, "module-renamed") == ["neutron"]
    assert [leg["release"]["to"] for leg in found["legs"]] == ["havana", "icehouse", "juno", "kilo"]
    assert [steps(leg, "module-renamed") for leg in found["legs"]] == [["neutron"], [], [], []]
    straight = move(everything, "grizzly")
    assert straight["to"]["lock_id"] == found["to"]["lock_id"] == found["legs"][-1]["to"]["lock_id"]


def ended(cloud: Cloud) -> None:
    for module in ("nova", "keystone"):
        upstream = cloud.upstream(module)
        upstream.tag("zed-eom", upstream.commit("z", version="21.0.1"))
        upstream.commit("unmaintained/2023.1", version="22.0.0")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("  nova: {tag: zed-eom, reason: x}\n", "  nova: {release: 2023.1, reason: x}\n"),
        ("  nova:\n    tag: 'zed-eom'   # its last\n", "  nova:\n    release: '2023.1'   # its last\n"),
        ("  nova: {release: zed}\n", "  nova: {release: 2023.1}\n"),
    ],
)
def test_a_module_at_the_end_of_the_environments_release_moves_with_it(
    cloud: Cloud, before: str, after: str
) -> None:
    ended(cloud)
    head = "release: zed\nopenstack: [keystone]\nmodules:\n"
    path = cloud.manifest("live", head + before)
    assert cloud.run("lock").code == 0
    result = cloud.run("upgrade", "live", "--to", "2023.1", "--write", "--format", "json")
    step = next(one for one in result.json["plan"] if one["kind"] == "manifest-selector")
    assert (step["module"], step["new"], step["line"]) == (
        "nova",
        "release: 2023.1",
        4 + before.count("\n  "),
    )
    assert path.read_text() == head.replace("zed", "2023.1") + after
    assert cloud.run("lock").code == 0
    assert cloud.lock("live")["modules"]["nova"]["ref"] == "refs/heads/unmaintained/2023.1"


def test_a_module_at_another_tag_or_release_stays(cloud: Cloud) -> None:
    ended(cloud)
    nova, keystone = cloud.upstream("nova"), cloud.upstream("keystone")
    nova.tag("yoga-eom", nova.commit("y", version="20.0.0"))
    keystone.tag("21.0.1", "refs/tags/zed-eom")
    head = "release: zed\nmodules:\n  nova: {tag: yoga-eom}\n  keystone: {tag: 21.0.1}\n"
    path = cloud.manifest("live", head)
    assert cloud.run("lock").code == 0
    plan = cloud.run("upgrade", "live", "--to", "2023.1", "--write", "--format", "json").json["plan"]
    assert [one["module"] for one in plan if one["kind"] == "module-stays"] == ["nova", "keystone"]
    assert path.read_text() == head.replace("release: zed", "release: 2023.1")


def test_an_environment_of_tags_without_a_release_is_told_which_to_name(cloud: Cloud) -> None:
    ended(cloud)
    cloud.manifest("live", "modules:\n  nova: {tag: zed-eom}\n  keystone: {tag: zed-eom}\n")
    assert cloud.run("lock").code == 0
    result = cloud.run("upgrade", "live", "--to", "2023.1")
    assert (result.code, "2 modules are at tags of zed: add 'release: zed'" in result.err) == (2, True)
