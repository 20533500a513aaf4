"""`pinner preview` and `pinner compile` on a cluster: the report is that of this machine, and is kept in the cache."""

import json
from pathlib import Path

from tests.support.cloud import Cloud
from tests.support.clusters import dask_processes, write_ruby
from tests.support.toy_estate import write_files


def write_project(root: Path) -> Cloud:
    """A project with two environments, whose locks have another commit of nova, and the facts of three nodes."""
    cloud = Cloud(root)
    nova = cloud.upstream("nova")
    for tag in ("1.0.0", "2.0.0"):
        nova.tag(tag, nova.commit("master", version=tag, files={"manifests/init.pp": f"# {tag}\n"}))
    for name, tag in (("production", "1.0.0"), ("staging", "2.0.0")):
        cloud.manifest(
            name, f"modules:\n  nova: {{git: 'https://opendev.org/openstack/puppet-nova', tag: {tag}}}\n"
        )
    assert cloud.run("lock").code == 0
    for name, more in (("a1", {}), ("a2", {}), ("b1", {"fails": True})):
        facts = {"os": {"family": "Debian"}, "networking": {"fqdn": f"{name}.example.org"}, **more}
        write_files(root / "facts", {f"{name}.example.org.json": json.dumps(facts)})
    write_files(root / "control", {"manifests/site.pp": "include nova\n"})
    write_files(root, {"key": "0" * 64})
    return cloud


def test_the_report_is_that_of_this_machine(tmp_path: Path) -> None:
    cloud = write_project(tmp_path)
    both = (
        "--control",
        str(tmp_path / "control"),
        "--ruby",
        str(write_ruby(tmp_path / "ruby")),
        "--sandbox",
        "none",
    )
    words = (
        "production",
        "staging",
        "--nodes",
        str(tmp_path / "facts"),
        *both,
        "--format",
        "json",
    )
    key = ("--key", str(tmp_path / "key"))
    here = cloud.run("preview", *words, *key, "--no-cache")
    alone = cloud.run("compile", *words, "--no-cache")
    with dask_processes(tmp_path / "dask", workers=1) as processes:
        on_cluster = ("--scheduler", processes.address)
        there = cloud.run("preview", "-v", *words, *key, *on_cluster)
        again = cloud.run("preview", "-v", *words, *key, *on_cluster)
        compiled = cloud.run("compile", *words, *on_cluster)
    assert (here.code, there.code, again.code) == (1, 1, 1), there.err
    assert there.out == again.out == here.out
    assert len(here.json["changes"]) == 1
    assert "hunter2" not in there.out
    assert "compiled before" not in there.err
    assert again.err == "6 of 6 catalogs compiled before with the same inputs\n"
    assert (compiled.code, compiled.out) == (1, alone.out)
    assert [one["nodes"]["failed"] for one in compiled.json["environments"]] == [1, 1]


def test_a_server_and_a_cluster_are_not_used_together(tmp_path: Path) -> None:
    words = ("--scheduler", "local", "--server", "https://puppet.example.org")
    result = Cloud(tmp_path).run("preview", "production", "staging", "--nodes", str(tmp_path), *words)
    assert (result.code, result.out, result.err) == (2, "", "give --server or --scheduler, not both\n")
