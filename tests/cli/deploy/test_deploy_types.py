"""`pinner deploy` generates types: the code of modules that Puppet runs for it reaches nothing of this machine."""

import socket
from pathlib import Path

import pytest

from tests.cli.deploy.test_deploy import target
from tests.support.cloud import Cloud, Result
from tests.support.oracles import find_tool

METADATA = {"author": "openstack", "license": "Apache-2.0", "source": "https://example.org", "summary": "x"}
TYPE = """
def reach
  yield
rescue StandardError
  'refused'
end

reach { File.write('%(victim)s', 'x') } # in a sandbox, perhaps in memory
found = [
  reach { TCPSocket.new('127.0.0.1', %(port)d) && 'reached' },
  reach { File.read('%(secret)s') },
  ENV.fetch('PINNER_TEST_SECRET', 'unset'),
]
Puppet::Type.newtype(:nova_thing) do
  @doc = "found: #{found.join(', ')}."
  newparam(:name, namevar: true)
end
"""


def deploy_types(cloud: Cloud, *arguments: str) -> Result:
    find_tool("puppet", "puppet-agent")
    return cloud.run("deploy", "--to", str(target(cloud)), "--generate-types", *arguments)


def generated(cloud: Cloud) -> str:
    return (target(cloud) / "production/.resource_types/nova_thing.pp").read_text()


def lock_type(cloud: Cloud, code: str) -> None:
    """Lock a module with a native type of that code."""
    files = {"lib/puppet/type/nova_thing.rb": code, "manifests/init.pp": "class nova { }\n"}
    cloud.upstream("nova").commit("stable/2025.1", version="26.1.0", files=files, metadata=METADATA)
    cloud.manifest("production", 'release: "2025.1"\nopenstack: [nova]\n')
    result = cloud.run("lock")
    assert result.code == 0, result.err


@pytest.mark.parametrize(
    ("sandbox", "found"),
    [
        ("bwrap", "refused, refused, unset"),
        ("none", "reached, kept, unset"),
    ],
)
def test_a_module_reaches_nothing_of_this_machine(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, sandbox: str, found: str
) -> None:
    if sandbox == "bwrap":
        find_tool("bwrap", "bubblewrap")
    monkeypatch.setenv("PINNER_TEST_SECRET", "set")
    victim, secret = tmp_path / "victim", tmp_path / "secret"
    secret.write_text("kept")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        lock_type(cloud, TYPE % {"victim": victim, "port": port, "secret": secret})
        result = deploy_types(cloud, "--sandbox", sandbox)
    assert result.code == 0, result.err
    assert f"found: {found}." in generated(cloud)
    assert victim.exists() == (sandbox == "none")
    assert deploy_types(cloud, "--check").code == 0


def test_a_module_cannot_change_the_version_that_is_written(cloud: Cloud) -> None:
    find_tool("bwrap", "bubblewrap")
    lock_type(
        cloud,
        "Dir.glob(File.join(File.dirname(Puppet[:environmentpath]), '**', 'environment.conf')).each do |path|\n"
        "  File.write(path, 'x')\nrescue SystemCallError\n  nil\nend\n"
        "Puppet::Type.newtype(:nova_thing) { newparam(:name, namevar: true) }\n",
    )
    result = deploy_types(cloud, "--sandbox", "bwrap")
    assert result.code == 0, result.err
    assert "modulepath" in (target(cloud) / "production/environment.conf").read_text()


def test_what_a_module_leaves_beside_generated_types_is_not_served(cloud: Cloud, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("kept")
    lock_type(
        cloud,
        f"types = Dir.glob(File.join(Puppet[:environmentpath], '*', '.resource_types')).first\n"
        f"File.symlink('{secret}', File.join(types, 'link.pp'))\n"
        "Puppet::Type.newtype(:nova_thing) { newparam(:name, namevar: true) }\n",
    )
    result = deploy_types(cloud)
    assert result.code == 2, result.err
    assert ".resource_types/link.pp' differs" in result.err
    assert not (target(cloud) / "production").exists()
