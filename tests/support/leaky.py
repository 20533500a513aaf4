"""A module with Ruby code of every kind, all of which says the version it is of; two environments on two versions."""

from collections.abc import Mapping
from pathlib import Path

from tests.support.cloud import Cloud
from tests.support.deploying import check_out

ENVIRONMENTS = ("cloud_2024_1", "cloud_2025_1")
_VERSIONS = {"2024.1": "24", "2025.1": "26"}
# Puppet takes a module without these for no module.
_NEEDED = {
    "author": "openstack",
    "license": "Apache-2.0",
    "source": "https://example.org",
    "summary": "leaky",
}
_CREATE = "Puppet::Functions.create_function(:'nova::{name}') do\n  def {name}\n    {code}\n  end\nend\n"


def _files(version: str) -> Mapping[str, str]:
    says = f"'{version}'"
    return {
        "lib/puppet/type/leaky.rb": (
            "Puppet::Type.newtype(:leaky) do\n  newparam(:name, namevar: true)\n"
            f"  newparam(:of_{version})\nend\n"
        ),
        "lib/puppet/provider/leaky/ruby.rb": (
            f"Puppet::Type.type(:leaky).provide(:ruby) do\n  def self.version\n    {says}\n  end\nend\n"
        ),
        "lib/puppet/functions/nova/modern.rb": _CREATE.format(name="modern", code=says),
        "lib/puppet/parser/functions/legacy.rb": (
            f"module Puppet::Parser::Functions\n  newfunction(:legacy, type: :rvalue) {{ |_| {says} }}\nend\n"
        ),
        "lib/puppet/datatypes/dated.rb": (
            "Puppet::DataTypes.create_type('Dated') do\n"
            f'  interface "attributes => {{ version => {{ type => String, value => {says} }} }}"\nend\n'
        ),
        "types/version.pp": f"type Nova::Version = Enum[{says}]\n",
        "lib/puppet_x/nova/helper.rb": (
            f"module PuppetX; module NovaHelper; def self.version; {says}; end; end; end\n"
        ),
        "lib/puppet/util/nova_util.rb": (
            f"module Puppet::Util::NovaUtil; def self.version; {says}; end; end\n"
        ),
        "lib/puppet/functions/nova/helped.rb": (
            "require_relative '../../../puppet_x/nova/helper'\n"
            + _CREATE.format(name="helped", code="PuppetX::NovaHelper.version")
        ),
        "lib/puppet/functions/nova/on_the_path.rb": (
            "$LOAD_PATH.push(File.expand_path('../../..', __dir__))\nrequire 'puppet/util/nova_util'\n"
            + _CREATE.format(name="on_the_path", code="Puppet::Util::NovaUtil.version")
        ),
        "lib/puppet/functions/nova/provided.rb": _CREATE.format(
            name="provided", code="Puppet::Type.type(:leaky).provider(:ruby).version"
        ),
    }


def deploy_leaky(cloud: Cloud) -> Path:
    """Lock both environments, deploy them, and return the directory of environments."""
    for release, version in _VERSIONS.items():
        cloud.upstream("nova").commit(
            f"stable/{release}", version=f"{version}.0.0", files={**_files(version)}, metadata=_NEEDED
        )
        manifest = f'release: "{release}"\nopenstack: [nova]\nfindings: {{ignore: [end-of-life]}}\n'
        cloud.manifest(f"cloud_{release.replace('.', '_')}", manifest)
    result = cloud.run("lock")
    assert result.code == 0, result
    for environment in ENVIRONMENTS:
        check_out(cloud, environment, cloud.root / "server")
    return cloud.root / "server"


def write_site(server: Path, code: str) -> None:
    """Write what each environment compiles; `%v` in it becomes the version of the environment's own code."""
    for environment, version in zip(ENVIRONMENTS, _VERSIONS.values(), strict=True):
        site = server / environment / "manifests" / "site.pp"
        site.parent.mkdir(exist_ok=True)
        site.write_text(code.replace("%v", version))
