"""Native types, providers, functions and facts, in every form of the calls that modules were seen to use."""

import pytest

from pinner.model.module_api import AttributeRule, Definition, DefinitionKind, Parameter, Unreadable
from pinner.puppet.code.read import read_file


def read(path: str, *lines: str) -> tuple[Definition, ...]:
    found = read_file(path, "\n".join([*lines, ""]).encode())
    assert not isinstance(found, Unreadable)
    return found


def test_a_native_type_has_its_parameters_and_properties_in_order() -> None:
    (found,) = read(
        "lib/puppet/type/nova_config.rb",
        "# newparam(:commented)",
        "Puppet::Type.newtype(:nova_config) do",
        "  ensurable",
        "  newparam(:name, :namevar => true) do",
        "    newvalues(/\\S+/)",
        "  end",
        "  newproperty(:value, :array_matching => :all) do",
        "  end",
        "  newparam 'secret', boolean: true",
        '  newproperty( :"ensure_absent_val" )',
        "  autorequire(:anchor) { ['nova::config::end'] }",
        "end",
    )
    rules = (
        AttributeRule(is_property=True, words=("present", "absent")),
        AttributeRule(is_namevar=True, patterns=(r"\S+",)),
        AttributeRule(is_property=True, takes_list=True),
        AttributeRule(),
        AttributeRule(is_property=True),
    )
    places = (("ensure", 3), ("name", 4), ("value", 7), ("secret", 9), ("ensure_absent_val", 10))
    assert found == Definition(
        DefinitionKind.TYPE,
        "nova_config",
        "lib/puppet/type/nova_config.rb",
        2,
        parameters=tuple(
            Parameter(name, line, rule=rule) for (name, line), rule in zip(places, rules, strict=True)
        ),
    )


def test_a_type_of_the_resource_api_has_its_attributes() -> None:
    (found,) = read(
        "lib/puppet/type/firewallchain.rb",
        "Puppet::ResourceApi.register_type(",
        "  name: 'firewallchain',",
        "  attributes: {",
        "    ensure: {",
        "      type: 'Enum[present, absent]',",
        "      more: { x: { } }",
        "    },",
        "    :name => {",
        "      behaviour: :namevar,",
        "    }",
        "  },",
        ")",
    )
    assert (found.name, found.line) == ("firewallchain", 2)
    assert found.parameters == (Parameter("ensure", 4), Parameter("name", 8))


def test_properties_made_in_a_loop_over_names_are_read() -> None:
    (found,) = read(
        "lib/puppet/type/ring_account_device.rb",
        "Puppet::Type.newtype(:ring_account_device) do",
        "  ['id', 'partitions', 'balance'].each do |param|",
        "    newproperty(param) do",
        "    end",
        "  end",
        "end",
    )
    assert [parameter.name for parameter in found.parameters] == ["id", "partitions", "balance"]


def test_two_types_of_one_file_keep_their_own_parameters() -> None:
    one, two = read(
        "lib/puppet/type/both.rb",
        *("Puppet::Type.newtype(:one) do", "  newparam(:a)", "end"),
        *("Puppet::Type.newtype(:two) do", "  newparam(:b)", "end"),
    )
    assert [(one.name, one.parameters[0].name), (two.name, two.parameters[0].name)] == [
        ("one", "a"),
        ("two", "b"),
    ]


@pytest.mark.parametrize(
    "lines",
    [
        ("Puppet::Type.type(:nova_config).provide(",),
        ("Puppet::Type.type('nova_config').provide :ini_setting, :parent => X do",),
        ("  Puppet::Type.type(:nova_config).provide(:ini_setting) do",),
    ],
)
def test_a_provider_is_named_with_its_type(lines: tuple[str, ...]) -> None:
    found = read(
        "lib/puppet/provider/nova_config/ini_setting.rb", *lines, "  :ini_setting,", "  :parent => X"
    )
    assert [(one.kind, one.name, one.line) for one in found] == [
        (DefinitionKind.PROVIDER, "nova_config/ini_setting", 1)
    ]


def test_a_file_of_helpers_among_providers_defines_nothing() -> None:
    assert (
        read("lib/puppet/provider/openstack/auth.rb", "module Puppet::Provider::Openstack::Auth", "end") == ()
    )


@pytest.mark.parametrize(
    ("path", "lines"),
    [
        (
            "lib/puppet/parser/functions/x.rb",
            (
                "module Puppet::Parser::Functions",
                "  newfunction(:x, :type => :rvalue) do",
            ),
        ),
        (
            "lib/puppet/parser/functions/x.rb",
            (
                "",
                "Puppet::Parser::Functions.newfunction(:x,",
            ),
        ),
        ("lib/puppet/parser/functions/x.rb", ("", "  newfunction(", "    :x, type: :rvalue")),
        ("lib/puppet/functions/x.rb", ("", "Puppet::Functions.create_function(:x) do")),
        ("lib/puppet/functions/x.rb", ("", "Puppet::Functions.create_function('x', InternalFunction) do")),
    ],
)
def test_functions_of_both_apis(path: str, lines: tuple[str, ...]) -> None:
    (found,) = read(path, *lines)
    assert (found.kind, found.name) == (DefinitionKind.FUNCTION, "x")


def test_a_function_of_a_module_has_a_qualified_name() -> None:
    (found,) = read("lib/puppet/functions/nova/y.rb", "Puppet::Functions.create_function(:'nova::y') do")
    assert found.name == "nova::y"


def test_each_fact_is_named_once() -> None:
    found = read(
        "lib/facter/os.rb",
        *("Facter.add('os_workers') do", "end", "Facter.add(:os_workers) do", "end", "# Facter.add(:none)"),
        *('Facter.add("libvirt_uuid") do', "end", "Facter.add(name) do", "end"),
    )
    assert [(one.kind, one.name, one.line) for one in found] == [
        (DefinitionKind.FACT, "os_workers", 1),
        (DefinitionKind.FACT, "libvirt_uuid", 6),
    ]


@pytest.mark.parametrize(
    ("path", "call"),
    [
        ("lib/puppet/type/x.rb", "newtype"),
        ("lib/puppet/functions/x.rb", "newfunction or create_function"),
    ],
)
def test_code_that_defines_nothing_where_it_should_is_told(path: str, call: str) -> None:
    reason = f"the file contains code, but no {call} with a literal name was found"
    assert read_file(path, b"# x\nPuppet::Type.newtype(name)\n") == Unreadable(path, reason)
    assert read_file(path, b"# only a comment\n") == ()
