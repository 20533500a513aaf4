"""What native types and functions accept, in the shapes found in real modules, and as Puppet itself accepts it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pinner.model.module_api import Arity, Definition, Parameter, Unreadable
from pinner.puppet.code.read import read_file
from pinner.puppet.usage.values import refused
from tests.support.data import value_of
from tests.support.oracles import RubyOracle, run_oracle

TYPE = """\
require 'puppet/parameter/boolean'
Puppet::Type.newtype(:oven_door) do
  @doc = 'newparam(:in_prose)'
  ensurable do
    defaultvalues
    newvalue(:locked) { provider.lock }
    aliasvalue(:shut, :present)
  end
  newparam(:name, :namevar => true) do
    newvalues(/\\S+/)
  end
  newproperty(:shared) do
    newvalues(/(t|T)rue/, /(f|F)alse/)
    munge { |v| v.to_s.capitalize }
  end
  newproperty(:is_public, :boolean => true) do
    newvalues(:true, :false)
    defaultto true
  end
  newparam(:kind) do
    desc "With a `newvalues` in prose"
    newvalues('steel', "glass", :wood,
              :'wood-light', %r{^x{2,3}/y}i)
  end
  newproperty(:hinges, :array_matching => :all) do
    newvalues(:left, :right)
  end
  newproperty(:mtu) { newvalues(/^\\d+$/) }
  newproperty(:options) do
    validate do |value|
      if value.is_a?(Hash)
        return true
      else
        raise ArgumentError, "Requires a Hash, not a #{value.class}"
      end
    end
  end
  newparam(:order) do
    validate do |val|
      raise Puppet::ParseError, 'not a string or integer.' unless val.is_a?(String) || val.is_a?(Integer)
      raise Puppet::ParseError, 'no colon' if val.to_s =~ /:/
    end
  end
  newparam(:hosts) do
    validate { |v| raise ArgumentError, 'must be an array' unless v.is_a?(Array) }
  end
  newparam(:own) do
    newvalues(:a)
    validate { |v| true }
  end
  newparam(:force, boolean: true, parent: Puppet::Parameter::Boolean)
  newparam(:computed) do
    newvalues(*[:a, :b].map { |one| one })
  end
  [:height, :width].each do |size|
    newproperty(size) do
      newvalues(/\\d/)
    end
  end
  validate do
    raise('mtu is required.') if self[:ensure] == :present && self[:mtu].nil?
    raise ArgumentError, 'kind must be set' unless self[:kind]
    fail('is_public') if self[:is_public].nil?
  end
end
"""
VALUES = [
    *(("ensure", one) for one in ("present", "absent", "locked", "shut", "open", True)),
    *(("shared", one) for one in ("True", "false", True, "yes", 1)),
    *(("is_public", one) for one in (True, "false", "True", "yes")),
    *(("kind", one) for one in ("steel", "glass", "wood", "wood-light", "XX/y", "x/y", "iron")),
    *(("hinges", one) for one in ("left", ["left", "right"], ["left", "top"], "top")),
    *(("mtu", one) for one in (1500, "1500", "big", "")),
    *(("options", one) for one in ({"a": 1}, ["a=1"], "a", [{"a": 1}])),
    *(("order", one) for one in ("01", 1, ["01"], {"a": 1})),
    *(("hosts", one) for one in (["a"], "a", {"a": 1})),
    *(("own", one) for one in ("a", "b")),
    *(("computed", one) for one in ("a", "b")),
    *(("height", one) for one in (5, "high")),
]


def read(path: str, text: str) -> Definition:
    found = read_file(path, text.encode())
    assert not isinstance(found, Unreadable)
    (one,) = found
    return one


@pytest.fixture(scope="module")
def oracle() -> Iterator[RubyOracle]:
    yield from run_oracle("puppet_plugins.rb", "puppet-agent")


@pytest.fixture(scope="module")
def door() -> dict[str, Parameter]:
    return {one.name: one for one in read("lib/puppet/type/oven_door.rb", TYPE).parameters}


def is_refused(parameter: Parameter, plain: object) -> bool:
    assert parameter.rule
    return refused(value_of(plain), parameter.rule) is not None


def test_puppet_has_the_same_attributes(
    oracle: RubyOracle, door: dict[str, Parameter], tmp_path: Path
) -> None:
    (tmp_path / "oven_door.rb").write_text(TYPE)
    question = {"kind": "type", "file": str(tmp_path / "oven_door.rb"), "name": "oven_door"}
    answer = oracle.ask(question)
    assert set(answer) == set(door)
    assert {name: (one["property"], one["namevar"], one["all"]) for name, one in answer.items()} == {
        name: (one.rule.is_property, one.rule.is_namevar, one.rule.takes_list)
        for name, one in door.items()
        if one.rule
    }
    for attribute, value in VALUES:
        takes = oracle.ask({"name": "oven_door", "attribute": attribute, "value": value})
        if attribute == "computed" or value == "":
            assert not is_refused(door[attribute], value)  # which Puppet alone can decide
        else:
            assert (attribute, value, takes) == (attribute, value, not is_refused(door[attribute], value))


def test_what_a_type_needs_is_in_its_validate_block(door: dict[str, Parameter]) -> None:
    needed = {name: one.rule.needed for name, one in door.items() if one.rule and one.rule.needed}
    assert needed == {"mtu": "present", "kind": "always"}  # is_public has a default


def test_a_parent_that_takes_truth_values(door: dict[str, Parameter]) -> None:
    assert [is_refused(door["force"], one) for one in (True, "yes", "no", "maybe")] == [
        False,
        False,
        False,
        True,
    ]


@pytest.mark.parametrize(
    "line",
    [
        "newparam(name, options)",
        "extend Some::Helpers",
        "self.class_eval { more }",
        "[:a].each { |x| newparam x }",
    ],
)
def test_a_type_whose_attributes_are_not_all_written_out_is_open(line: str) -> None:
    text = f"Puppet::Type.newtype(:oven_door) do\n  newparam(:name)\n  {line}\nend\n"
    assert read("lib/puppet/type/oven_door.rb", text).is_open


FUNCTIONS = {
    "one": "dispatch(:one) { param 'Integer', :length }\ndef one(length) 1 end",
    "two": "dispatch :two do\n  param 'Any', :a\n  optional_param 'Any', :b\nend\ndef two(*x) 1 end",
    "three": "dispatch :three do\n  required_param 'Any', :a\n  repeated_param 'Any', :b\n  optional_block_param\nend\n"
    "def three(*x) 1 end",
    "four": "dispatch :a do\n  param 'Any', :a\nend\ndispatch :b do\n  required_repeated_param 'Any', :b\nend\n"
    "def a(*x) 1 end\ndef b(*x) 1 end",
    "five": "def five(a, b = 1, *c)\n  1\nend",
    "six": "def six\n  1\nend",
    "scope::seven": "dispatch :seven do\n  scope_param\n  param 'Any', :a\nend\ndef seven(*x) 1 end",
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_puppet_counts_the_same_arguments(name: str, oracle: RubyOracle, tmp_path: Path) -> None:
    base = ", Puppet::Functions::InternalFunction" if "scope_param" in FUNCTIONS[name] else ""
    body = "\n".join(f"  {line}" for line in FUNCTIONS[name].splitlines())
    text = f"Puppet::Functions.create_function(:'{name}'{base}) do\n{body}\nend\n"
    (tmp_path / "x.rb").write_text(text)
    answer = oracle.ask({"kind": "function", "file": str(tmp_path / "x.rb"), "name": name})
    found = read(f"lib/puppet/functions/{name}.rb", text).arities
    assert [[one.least, -1 if one.most is None else one.most] for one in found] == answer


@pytest.mark.parametrize(
    ("options", "check", "expected"),
    [
        (", :arity => 2", "", (Arity(2, 2),)),
        (", :type => :rvalue, :arity => -2", "", (Arity(1, None),)),
        ("", "raise(Puppet::ParseError, 'x') if args.size != 2", (Arity(2, 2),)),
        ("", "raise Puppet::ParseError, 'x' unless args.length == 1", (Arity(1, 1),)),
        ("", "if args.size < 1\n      raise 'x'\n    end\n    raise 'y' if args.size > 3", (Arity(1, 3),)),
        ("", "if args[0]\n      raise 'x' if args.size != 2\n    end", ()),
        ("", "", ()),
    ],
)
def test_functions_of_the_old_api(options: str, check: str, expected: tuple[Arity, ...]) -> None:
    text = f"module Puppet::Parser::Functions\n  newfunction(:old{options}) do |args|\n    {check}\n    1\n  end\nend\n"
    assert read("lib/puppet/parser/functions/old.rb", text).arities == expected


def test_a_function_that_dispatches_by_itself_is_not_counted() -> None:
    text = (
        "Puppet::Functions.create_function(:legacy) do\n  dispatch :legacy do\n    param 'Any', :scope\n    param 'Any', :a\n"
        "  end\n  def call(scope, *args)\n    super\n  end\nend\n"
    )
    assert read("lib/puppet/functions/legacy.rb", text).arities == ()


DEPRECATED = """\
Puppet::Type.newtype(:oven_timer) do
  @doc = 'Sets a timer. A deprecated clock is not used.'
  newparam(:name, :namevar => true) do
    desc 'The name.'
  end
  newproperty(:project) do
    desc 'Not deprecated, other than client.'
  end
  newparam(:client) do
    desc 'Whose timer it is.(DEPRECATED)'
  end
  newproperty(:seconds) do
    desc <<-EOT
      This property is deprecated and will be removed in 9.0,
      use duration instead.
    EOT
  end
  newproperty(:duration, :array_matching => :all) do
    validate do |value|
      warning('A duration given as text is deprecated.') if value.is_a?(String)
    end
  end
  newparam(:bell)
  newparam(:tone)
  newparam(:section) do
    desc "Deprecated: the section. To set user.email, give it as a whole."
  end
  newparam(:user)
  newparam(:level)
  validate do
    unless self[:bell].nil?
      Puppet.deprecation_warning("The bell parameter is deprecated. Use tone.")
    end
    warning('level is deprecated') if self[:level]
    if self[:tone] == 'shrill'
      warning('The tone parameter is deprecated')
    end
  end
end
Puppet::Type.newtype(:oven_clock) do
  newparam(:name) do
    desc 'Setting to manage in clock.ini (DEPRECATED)'
  end
  newproperty(:value)
end
"""


def test_deprecated_types_and_attributes() -> None:
    found = read_file("lib/puppet/type/oven_timer.rb", DEPRECATED.encode())
    assert not isinstance(found, Unreadable)
    timer, clock = found
    assert (timer.deprecated, clock.deprecated, [one.deprecated for one in clock.parameters]) == (
        False,
        True,
        [False, False],
    )
    assert {one.name: (one.replacement, one.removal) for one in timer.parameters if one.deprecated} == {
        "client": (None, None),
        "seconds": ("duration", "9.0"),
        "bell": ("tone", None),
        "section": (None, None),
        "level": (None, None),
    }
    assert [one.line for one in timer.parameters[2].evidence] == [10]
