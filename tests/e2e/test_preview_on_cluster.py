"""A preview by Puppet is the same on this machine and on a cluster whose worker is killed in the middle."""

from pathlib import Path

import pytest

from tests.comparing.test_compile import CONTROL, NOVA
from tests.comparing.test_preview import AFTER, BEFORE, DB, DB_AFTER, SECRETS, write_facts
from tests.support.cloud import Cloud
from tests.support.clusters import dask_processes
from tests.support.oracles import find_tool
from tests.support.toy_estate import write_files

pytestmark = pytest.mark.e2e

KILL = """
mkdir {mark} 2>/dev/null || exit 0
kill -KILL $(ps -o ppid= -p $(ps -o ppid= -p $PPID))
"""
"""The process of a node is a child of the compiler, and that one of a worker."""


@pytest.fixture
def cloud(tmp_path: Path) -> Cloud:
    """Two environments with another commit of nova, and nodes, one of which kills its worker if `mark` is not there."""
    for tool, package in (("puppet", "puppet-agent"), ("ps", "procps")):
        find_tool(tool, package)
    cloud = Cloud(tmp_path)
    nova = cloud.upstream("nova")
    old = {**NOVA, "manifests/init.pp": BEFORE, "manifests/db.pp": DB}
    new = {**old, "manifests/init.pp": AFTER, "manifests/db.pp": DB_AFTER}
    for name, tag, files in (("production", "1.0.0", old), ("staging", "2.0.0", new)):
        nova.tag(tag, nova.commit("master", files=files))
        source = "https://opendev.org/openstack/puppet-nova"
        cloud.manifest(name, f"modules:\n  nova: {{git: '{source}', tag: {tag}}}\n")
    assert cloud.run("lock").code == 0
    write_files(tmp_path, {"key": "0" * 64, "kill.sh": KILL.format(mark=tmp_path / "mark")})
    killing = f"if $trusted['certname'] =~ /api3/ {{ $killed = generate('/bin/sh', '{tmp_path}/kill.sh') }}\n"
    site = {
        "manifests/site.pp": killing + CONTROL["manifests/site.pp"],
        "site/role/manifests/api.pp": "class role::api { include nova }\n",
    }
    write_files(tmp_path / "control", CONTROL | site)
    for number in range(1, 5):
        write_facts(tmp_path / "facts", f"api{number}.example.org", "api", f"192.0.2.{number}")
    write_facts(tmp_path / "facts", "broken1.example.org", "api", "192.0.2.9", fails=True)
    write_facts(tmp_path / "facts", "lost1.example.org", "lost", "192.0.2.8")
    return cloud


def test_the_report_is_that_of_this_machine_although_a_worker_is_killed(cloud: Cloud, tmp_path: Path) -> None:
    both = ("--nodes", str(tmp_path / "facts"), "--control", str(tmp_path / "control"), "--sandbox", "none")
    words = (*("production", "staging"), *both, *("--format", "json", "--no-cache"))
    key = ("--key", str(tmp_path / "key"))
    with dask_processes(tmp_path / "dask", workers=2) as processes:
        cluster = cloud.run("preview", *words, *key, "--scheduler", processes.address)
    assert (tmp_path / "mark").is_dir(), "no worker was killed"
    here = cloud.run("preview", *words, *key)
    assert (here.code, cluster.code) == (1, 1), cluster.err
    assert cluster.out == here.out
    assert here.json["groups"]
    for secret in SECRETS.values():
        assert secret not in cluster.out
