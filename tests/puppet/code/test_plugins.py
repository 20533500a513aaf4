"""Ruby files of modules: what each is by its path, and what it loads by its text."""

import pytest

from pinner.puppet.code.ruby import Plugin, PluginKind, Requirement, plugin_of, requirements


@pytest.mark.parametrize(
    ("path", "kind", "name"),
    [
        ("lib/puppet/type/nova_config.rb", PluginKind.TYPE, "nova_config"),
        ("lib/puppet/type/nova_config/part.rb", PluginKind.HELPER, "puppet/type/nova_config/part"),
        ("lib/puppet/provider/nova_config/ini.rb", PluginKind.PROVIDER, "nova_config/ini"),
        ("lib/puppet/provider/nova.rb", PluginKind.PROVIDER, "nova"),
        ("lib/puppet/functions/nova/url.rb", PluginKind.FUNCTION, "nova::url"),
        ("lib/puppet/parser/functions/url.rb", PluginKind.FUNCTION, "url"),
        ("lib/puppet/datatypes/target.rb", PluginKind.FUNCTION, "target"),
        ("lib/puppet_x/nova/helper.rb", PluginKind.HELPER, "puppet_x/nova/helper"),
        ("lib/puppet/util/ini_file.rb", PluginKind.HELPER, "puppet/util/ini_file"),
    ],
)
def test_what_a_file_is(path: str, kind: PluginKind, name: str) -> None:
    assert plugin_of(path) == Plugin(kind, name, path)


@pytest.mark.parametrize("path", ["lib/puppet/reports/irc.rb", "lib/hiera/backend/x_backend.rb"])
def test_what_the_server_loads_by_itself(path: str) -> None:
    plugin = plugin_of(path)
    assert plugin is not None
    assert (plugin.kind, plugin.is_global) == (PluginKind.HELPER, True)


@pytest.mark.parametrize(
    "path",
    ["lib/facter/release.rb", "spec/lib/x.rb", "lib/puppet/type/README.md", "manifests/init.pp", "lib/x"],
)
def test_what_no_server_loads(path: str) -> None:
    assert plugin_of(path) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "require 'puppet_x/stdlib/toml_dumper'\n",
            [Requirement("puppet_x/stdlib/toml_dumper", is_relative=False)],
        ),
        ('  require "json"', [Requirement("json", is_relative=False)]),
        ("require_relative '../../../puppet_x/toml.rb'", [Requirement("puppet_x/toml", is_relative=True)]),
        (
            "require File.expand_path('../util/ini_file', __FILE__)",
            [Requirement("util/ini_file", is_relative=True)],
        ),
        (
            "require File.join(File.dirname(__FILE__), '..', '..', 'puppet/provider/openstack')",
            [Requirement("puppet/provider/openstack", is_relative=True)],
        ),
        ("autoload :Thing, 'acme/thing'", [Requirement("acme/thing", is_relative=False)]),
        ("# require 'nothing'\nraise 'x is required'\nrequire name\nrequire ''\n", []),
    ],
)
def test_what_text_loads(text: str, expected: list[Requirement]) -> None:
    assert list(requirements(text)) == expected


def test_what_may_load_a_file() -> None:
    toml = plugin_of("lib/puppet_x/stdlib/toml_dumper.rb")
    assert toml is not None
    assert list(toml.meant_by()) == [
        Requirement("puppet_x/stdlib/toml_dumper", is_relative=False),
        Requirement("puppet_x/stdlib/toml_dumper", is_relative=True),
        Requirement("stdlib/toml_dumper", is_relative=True),
        Requirement("toml_dumper", is_relative=True),
    ]
