"""What a change of native types, functions and data types does to the site code that uses them."""

from pinner.model.comparison import Effect
from pinner.puppet.code.compare import compare_apis
from pinner.puppet.usage.codebase import Declared, make_codebase
from pinner.puppet.usage.effects import CodeChange, effects_on
from pinner.puppet.usage.site import read_site_file
from tests.support.module_files import read_module

OLD = {
    "lib/puppet/type/cinder_type.rb": """Puppet::Type.newtype(:cinder_type) do
  ensurable
  newparam(:name, :namevar => true)
  newproperty(:properties, :array_matching => :all)
  newproperty(:access, :array_matching => :all)
  newproperty(:is_public) do
    newvalues(:true, :false, :maybe)
  end
  newparam(:os_password)
end
""",
    "lib/puppet/type/keystone_puppet_config.rb": (
        "Puppet::Type.newtype(:keystone_puppet_config) do\n  newparam(:name)\n  newproperty(:value)\nend\n"
    ),
    "lib/puppet/parser/functions/convert_to_json_string.rb": (
        "module Puppet::Parser::Functions\n  newfunction(:convert_to_json_string, :type => :rvalue) do |value|\n  end\nend\n"
    ),
    "lib/puppet/functions/size.rb": "Puppet::Functions.create_function(:size) do\n  def size(x)\n  end\nend\n",
    "lib/puppet/functions/port.rb": "Puppet::Functions.create_function(:port) do\n  def port(x, y = 1)\n  end\nend\n",
    "types/old.pp": "type Cinder::Old = Integer\n",
    "manifests/thing.pp": "define cinder::thing ($a = 1) { }\n",
}
NEW = {
    "lib/puppet/type/cinder_type.rb": """Puppet::Type.newtype(:cinder_type) do
  ensurable
  newparam(:name, :namevar => true)
  newproperty(:properties) do
    validate do |value|
      raise ArgumentError, 'Requires a Hash' unless value.is_a?(Hash)
    end
  end
  newproperty(:access)
  newproperty(:is_public) do
    newvalues(:true, :false)
  end
end
""",
    "lib/puppet/functions/port.rb": "Puppet::Functions.create_function(:port) do\n  def port(x, y)\n  end\nend\n",
    "manifests/thing.pp": "define cinder::thing ($a) { }\n",
}
CODE = """class profile::x (Cinder::Old $x = 1) {
  keystone_puppet_config { 'DEFAULT/x': value => 1 }
  $json = convert_to_json_string($x)
  $size = size($x)
  $port = port(1)
  $same = port(1, 2)
  cinder_type { 'a':
    properties  => ['a=b'],
    access      => ['x', 'y'],
    is_public   => 'maybe',
    os_password => 'x',
    ensure      => present,
  }
  cinder_type { 'b': properties => { 'a' => 'b' }, is_public => true }
  cinder::thing { 'c': }
  cinder::thing { 'd': a => 1 }
  Keystone_puppet_config['DEFAULT/x'] -> notify { 'y': }
}
"""


def test_every_place_that_a_change_touches_is_named_with_its_module() -> None:
    old, new = (read_module({path: text.encode() for path, text in files.items()}) for files in (OLD, NEW))
    before, after = make_codebase({"cinder": old}), make_codebase({"cinder": new})
    site = read_site_file("x.pp", CODE)
    change = CodeChange(
        before,
        after,
        compare_apis(old, new),
        declared=Declared(site.declarations, site.supplied, is_partial=False),
    )
    uses = [one for one in site.uses if one.owner]
    found = list(effects_on(uses, change))
    assert [(one.place.line, one.key, one.effect) for one in found] == [
        (1, "cinder::old", Effect.BREAKS),
        (2, "keystone_puppet_config", Effect.BREAKS),
        (3, "convert_to_json_string", Effect.BREAKS),
        (5, "port", Effect.BREAKS),
        (8, "cinder_type::properties", Effect.BREAKS),
        (9, "cinder_type::access", Effect.TYPE),
        (10, "cinder_type::is_public", Effect.BREAKS),
        (11, "cinder_type::os_password", Effect.BREAKS),
        (17, "keystone_puppet_config", Effect.BREAKS),
        (15, "cinder::thing::a", Effect.BREAKS),
    ]
    hints = {one.key: one.hint for one in found}
    assert hints["port"] == "it takes 2 arguments now"
    assert hints["cinder_type::properties"] == "it takes Hash now"
    assert hints["cinder_type::is_public"] == "it takes true or false now"
