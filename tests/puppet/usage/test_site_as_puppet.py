"""Site code that Puppet refuses to compile has an error finding, and only that."""

import json
from collections.abc import Iterator
from pathlib import Path
from shutil import copytree

import pytest

from pinner.model.errors import Location
from pinner.model.findings import Level
from pinner.model.operator_data import DataFile, Datum
from pinner.puppet.code.read import read_manifest
from pinner.puppet.usage.codebase import make_codebase
from pinner.puppet.usage.judge import Context, judge
from pinner.puppet.usage.site import read_site_file
from pinner.workspace.operator_data import OperatorData
from tests.support.data import value_of
from tests.support.module_files import read_module
from tests.support.oracles import RubyOracle, run_oracle

MODULE = {
    "manifests/init.pp": "class oven ( String[1] $password, $user = 'oven' ) { }\n",
    "manifests/door.pp": "class oven::door ( $lock ) { }\n",
    "manifests/shelf.pp": "define oven::shelf ( $height, Integer $width = 1 ) { }\n",
    "manifests/hook.pp": (
        "define oven::hook ( Enum[left, right] $side, Struct[{size => Integer, Optional[colour] => String}] $form = { size => 1 } ) { }\n"
    ),
    "types/heat.pp": "type Oven::Heat = Integer[0, 300]\n",
    "functions/warm.pp": "function oven::warm($a, $b = 1, *$more) >> Integer { 1 }\n",
    "functions/cool.pp": "function oven::cool($a) >> Integer { 1 }\n",
    "lib/puppet/functions/oven_mask.rb": (
        "Puppet::Functions.create_function(:oven_mask) do\n  dispatch(:mask) { param 'Integer', :length }\n"
        "  def mask(length) 1 end\nend\n"
    ),
    "lib/puppet/parser/functions/oven_old.rb": (
        "module Puppet::Parser::Functions\n  newfunction(:oven_old, :type => :rvalue, :arity => -2) do |args|\n    1\n  end\nend\n"
    ),
    "lib/puppet/type/oven_light.rb": (
        "Puppet::Type.newtype(:oven_light) do\n  ensurable\n  newparam(:name, :namevar => true)\n"
        "  newproperty(:colour)\nend\n"
    ),
}
DATA = {"oven::door::lock": "shut", "shelves": {"a": {"height": 1}}}
CODE = [
    # classes
    "include oven::door",
    "include oven",
    "class { 'oven': password => 'x' }",
    "class { 'oven': user => 'x' }",
    "class { 'oven': passwort => 'x', password => 'x' }",
    "class { 'oven': * => { 'password' => 'x' } }",
    "class { 'oven': * => { 'user' => 'x' } }",
    "create_resources('class', { 'oven' => { 'password' => 'x' } })",
    "create_resources('class', { 'oven' => { 'user' => 'x' } })",
    "class { ['oven', 'oven::door']: password => 'x' }",
    "$p = 'x' class { 'oven': password => $p }",
    "$p = '' class { 'oven': password => $p }",
    "$names = ['oven::door'] include $names",
    "$names = ['oven::window'] include $names",
    "contain oven::window",
    "$held = { 'it' => 'oven::window' } contain $held['it']",
    "$held = { 'it' => ['oven::door'] } require $held['it']",
    "['oven::door', 'oven::window'].each |$held| { include $held }",
    "['oven::door'].each |$held| { include $held }",
    "{ 'oven::window' => 1 }.each |$held, $other| { contain $held }",
    "{ 'oven::door' => 'oven::window' }.each |$held, $other| { contain $held }",
    "class { 'oven': password => undef }",
    "class { 'oven::door': lock => undef }",
    "class profile::a inherits oven { } include profile::a",
    "class profile::a inherits oven::door { } include profile::a",
    "class profile::a ($x) { } class { 'profile::a': x => 1 }",
    "class profile::a ($x) { } include profile::a",
    # defined types
    "oven::shelf { 'a': height => 1 }",
    "oven::shelf { 'a': width => 1 }",
    "oven::shelf { 'a': height => 1, width => 'wide' }",
    "oven::shelf { default: height => 1; 'a': width => 2; 'b': }",
    "oven::shelf { 'a': height => 1; 'b': }",
    "Oven::Shelf { height => 1 } oven::shelf { 'a': }",
    "Oven::Shelf { heigth => 1 } oven::shelf { 'a': height => 1 }",
    "oven::shelf { 'a': } Oven::Shelf <| title == 'a' |> { height => 1 }",
    "oven::shelf { 'a': height => 1 } Oven::Shelf['a'] -> notify { 'x': }",
    "oven::shelf { 'a': height => 1 } Oven::Shelf <| |> { depth => 1 }",
    "create_resources('oven::shelf', { 'a' => { 'height' => 1 } })",
    "create_resources(oven::shelf, { 'a' => { } }, { 'height' => 1 })",
    "create_resources('oven::shelf', { 'a' => { } }, { 'width' => 1 })",
    "create_resources('oven::shelf', { 'a' => { 'depth' => 1, 'height' => 1 } })",
    "$all = { 'a' => { 'height' => 1, 'tag' => 'x' } } create_resources('oven::shelf', $all)",
    "create_resources('oven::rack', {})",
    "create_resources('oven::rack', lookup('racks', Hash, 'deep', {}))",
    "create_resources('oven::rack', lookup('racks', { 'default_value' => {} }))",
    "create_resources('oven::rack', lookup('racks', Hash, 'first', { 'a' => {} }))",
    "create_resources('oven::rack', lookup('shelves', Hash, 'first', {}))",
    "$racks = lookup('racks', Hash, 'first', {}) create_resources(oven::rack, $racks)",
    "$shelves = lookup('shelves', Hash, 'first', {}) create_resources(oven::rack, $shelves)",
    "class profile::a ($racks = {}) { create_resources('oven::rack', $racks) } include profile::a",
    "class profile::a ($racks = {}) { create_resources('oven::rack', $racks) } class { 'profile::a': racks => { 'a' => {} } }",
    "class profile::a ($racks = { 'a' => {} }) { create_resources('oven::rack', $racks) } include profile::a",
    "lookup('racks', Hash, 'first', {}).each |$title, $rest| { oven::rack { $title: * => $rest } }",
    "lookup('shelves', Hash, 'first', {}).each |$title, $rest| { oven::rack { $title: * => $rest } }",
    "lookup('racks', Hash, 'first', {}).each |$title, $rest| { oven::shelf { $title: width => 2 } }",
    "lookup('shelves', Hash, 'first', {}).each |$title, $rest| { oven::shelf { $title: width => 2 } }",
    "create_resources('@oven::shelf', { 'a' => { 'depth' => 1, 'height' => 1 } }) Oven::Shelf <| |>",
    "create_resources('@@oven::shelf', { 'a' => { 'height' => 1 } })",
    "$rest = { 'height' => 1 } oven::shelf { 'a': * => $rest + { 'width' => 2 } }",
    "$rest = { 'height' => 1 } oven::shelf { 'a': * => $rest + { 'depth' => 2 } }",
    "$rest = { 'width' => 1 } oven::shelf { 'a': * => $rest.filter |$one, $held| { $held != undef }, height => 1 }",
    "oven::hook { 'a': side => left }",
    "oven::hook { 'a': side => 'middle' }",
    "oven::hook { 'a': side => 'left', form => { 'size' => 1, 'colour' => 2 } }",
    "oven::hook { 'a': side => 'left', form => { 'size' => 1, 'color' => 'red' } }",
    "['a', 'b'].each |$n| { oven::shelf { $n: height => 1 } }",
    "['a', 'b'].each |$n| { oven::shelf { $n: } }",
    "oven::rack { 'a': }",
    "oven::shelf { 'a': height => 1, before => Notify['x'], } notify { 'x': }",
    "@oven::shelf { 'a': height => 1 }",
    # native types
    "oven_light { 'a': ensure => present, colour => 'red', noop => true }",
    "oven_light { 'a': color => 'red' }",
    "create_resources('oven_light', { 'a' => { 'ensure' => 'present', 'color' => 'red' } })",
    "Oven_light { colour => 'red' } oven_light { 'a': }",
    "oven_light { 'a': } Oven_light <| |> { colour => 'red' }",
    # functions
    "$x = oven_mask(24)",
    "$x = oven_mask(24, 2)",
    "$x = 24.oven_mask",
    "$x = oven_mask()",
    "$x = oven::warm(1)",
    "$x = oven::warm(1, 2, 3, 4)",
    "$x = oven::warm()",
    "$x = oven::warm(*[1, 2])",
    "$x = oven::cool(1, 2)",
    "$x = oven_old(1, 2, 3)",
    "$x = oven_old()",
    "$x = oven::hot(1)",
    'notify { "a ${oven::cool(1, 2)}": }',
    "$x = [1].map |$n| { oven_mask($n) }",
    "if defined(Class['oven::window']) { notify { 'x': } }",
    "if defined(Oven::Rack['a']) { notify { 'x': } }",
    "if defined(Oven::Rack) { notify { 'x': } }",
    "if defined('oven::rack') { notify { 'x': } }",
    # data types
    "$x = Type[Oven::Shelf]",
    "$x = 5 =~ Oven::Heat",
    "class profile::a (Oven::Heat $x = 1) { } include profile::a",
    "class profile::a (Optional[Oven::Cold] $x = 1) { } include profile::a",
    "$x = Oven::Heat ? { default => 1 }",
]


@pytest.fixture(scope="module")
def compiler() -> Iterator[RubyOracle]:
    yield from run_oracle("puppet_compiler.rb", "puppet-agent")


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("environments") / "testing"
    files = {
        **{f"modules/oven/{path}": text for path, text in MODULE.items()},
        "hiera.yaml": "version: 5\nhierarchy: [{name: all, path: common.yaml}]\n",
        "data/common.yaml": json.dumps(DATA),
        "environment.conf": "environment_timeout = 0\n",
    }
    for path, text in files.items():
        (found / path).parent.mkdir(parents=True, exist_ok=True)
        (found / path).write_text(text)
    return found


def errors(code: str) -> list[str]:
    codebase = make_codebase(
        {"oven": read_module({path: text.encode() for path, text in MODULE.items()})},
        read_manifest("site.pp", code),
    )
    site = read_site_file("site.pp", code)
    assert site.refusal is None
    keys = (Datum(key, value_of(value), Location("common.yaml", 1)) for key, value in DATA.items())
    given = OperatorData((DataFile("common.yaml", tuple(keys)),), (site,))
    found = judge(given.uses(codebase), Context(codebase, declared=given.declared(codebase)))
    return [f"{one.code}: {one.message}" for one in found if one.level is Level.ERROR]


@pytest.mark.parametrize("index", range(len(CODE)), ids=CODE)
def test_puppet_agrees(index: int, compiler: RubyOracle, environment: Path) -> None:
    code = CODE[index]
    name = f"t{index}"
    copy = environment.parent / name
    copytree(environment, copy)
    (copy / "manifests").mkdir()
    (copy / "manifests" / "site.pp").write_text(code)
    answer = compiler.ask({"environmentpath": str(environment.parent), "environment": name, "facts": None})
    assert bool(errors(code)) == ("error" in answer), (errors(code), answer)
