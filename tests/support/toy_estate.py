"""A small Puppet environment with modules of its own, and its nodes: compiled by pinner and by Puppet's own command."""

import json
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pinner.catalogs.process import Compiler, find_ruby, raw_answers
from pinner.model.catalogs import Node
from tests.support.oracles import find_tool

KEY = "key of the tests"

FILES = {
    "environment.conf": "modulepath = site:modules\nmanifest = manifests\n",
    "manifests/site.pp": "node default { include \"role::${trusted['extensions']['pp_role']}\" }\n",
    "hiera.yaml": (
        "version: 5\n"
        "hierarchy:\n"
        '  - {name: node, path: "node/%{trusted.certname}.yaml"}\n'
        "  - {name: sealed, path: sealed.eyaml, lookup_key: eyaml_lookup_key, options: {pkcs7_private_key: /none}}\n"
        "  - {name: all, path: common.yaml}\n"
    ),
    "data/common.yaml": (
        "nova::password: hunter2hunter2\nnova::port: 8774\nnova::settings: {debug: '<SERVICE DEFAULT>', workers: 4}\n"
    ),
    "data/sealed.eyaml": "nova::sealed: 'ENC[PKCS7,MIIBeQYJ]'\n",
    "site/role/manifests/api.pp": "class role::api { include nova\n  include nova::audit }\n",
    "site/role/manifests/idle.pp": "class role::idle { notify { 'nothing to do': } }\n",
    "modules/nova/metadata.json": (
        '{"name": "openstack-nova", "version": "1.0.0", "author": "a", "license": "Apache-2.0", "summary": "",'
        ' "source": "https://example.org/nova", "dependencies": []}'
    ),
    "modules/nova/manifests/init.pp": (
        "class nova (String $password, Integer $port, Hash $settings, String $sealed, Boolean $is_loud = true) {\n"
        "  package { 'nova-common': ensure => installed, name => 'python3-nova' }\n"
        "  -> file { '/etc/nova.conf':\n"
        "    content => epp('nova/nova.conf.epp', { 'port' => $port, 'host' => $facts['networking']['hostname'] }),\n"
        "    mode    => '0640',\n"
        "  }\n"
        "  ~> service { 'nova-api': ensure => running }\n"
        "  file { '/etc/nova.d': ensure => directory, source => 'puppet:///modules/nova/d', recurse => true }\n"
        "  $settings.each |$name, $value| { nova::setting { $name: value => $value } }\n"
        "  nova_config {\n"
        "    'database/connection': value => \"mysql://nova:${password}@db\", secret => true;\n"
        "    'api/password':        value => Sensitive($password);\n"
        "    'api/url':             value => \"http://nova:${password}@${facts['networking']['ip']}\";\n"
        "    'api/sealed':          value => $sealed;\n"
        "  }\n"
        "  notify { 'later': message => Deferred('sprintf', ['%s', $port]) }\n"
        "  notify { 'binary': message => Binary('gIGC') }\n"
        "  @notify { 'virtual': }\n"
        "  @@notify { \"exported by ${trusted['certname']}\": }\n"
        "  if $is_loud { warning('nova is loud') }\n"
        "}\n"
    ),
    "modules/nova/manifests/setting.pp": (
        'define nova::setting ($value) {\n  nova_config { "DEFAULT/${name}": value => $value }\n}\n'
    ),
    "modules/nova/manifests/audit.pp": "class nova::audit { Notify <<| tag == 'audit' |>> }\n",
    "modules/nova/manifests/broken.pp": "class nova::broken {\n  fail(\"no ${facts['none']} here\")\n}\n",
    "modules/nova/templates/nova.conf.epp": (
        "<%- |$port, $host| -%>\n[api]\nport = <%= $port %>\nhost = <%= $host %>\n"
    ),
    "modules/nova/files/d/one": "1\n",
    "modules/nova/lib/puppet/type/nova_config.rb": (
        "Puppet::Type.newtype(:nova_config) do\n"
        "  ensurable\n"
        "  newparam(:name, namevar: true)\n"
        "  newproperty(:value)\n"
        "  newparam(:secret, boolean: true) { newvalues(:true, :false); defaultto(false) }\n"
        "end\n"
    ),
}
"""Path to content. The class role::api has what catalogs can hold: defines, native types, files, secrets, order."""


def write_files(directory: Path, files: Mapping[str, str]) -> Path:
    """Write the files below the directory, and return it."""
    for name, content in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return directory


def write_environment(
    environmentpath: Path, name: str = "production", changes: Mapping[str, str] | None = None
) -> Path:
    """Write the environment with some files added or replaced, and return the directory of environments."""
    write_files(environmentpath / name, {**FILES, **(changes or {})})
    return environmentpath


def trusted_of(name: str, role: str) -> dict[str, Any]:
    """Return $trusted of a node whose certificate has this role."""
    host, _, domain = name.partition(".")
    return {
        "authenticated": "remote",
        "certname": name,
        "hostname": host,
        "domain": domain,
        "extensions": {"pp_role": role},
        "external": {},
    }


def make_node(name: str, role: str = "api", **facts: Any) -> Node:
    """Return a node with a few facts and a role."""
    host, _, domain = name.partition(".")
    networking = {"hostname": host, "domain": domain, "fqdn": name, "ip": "192.0.2.10"}
    known = {"networking": networking, "os": {"family": "Debian", "name": "Debian"}, **facts}
    return Node(name, known, trusted_of(name, role), role)


def make_compiler(environmentpath: Path, environment: str = "production", **options: Any) -> Compiler:
    """Return the compiler of an environment; skips without Ruby and Puppet, or fails under CI."""
    find_tool("ruby", "ruby")
    find_tool("puppet", "puppet-agent")
    return Compiler(environmentpath, environment, KEY, find_ruby(), **options)


def compile_whole(compiler: Compiler, nodes: Sequence[Node]) -> dict[str, Any]:
    """Return node name to what compile.rb returned."""
    return {node.name: answer for node, answer in raw_answers(compiler, nodes)}


_FACTS_TO_YAML = (
    "require 'puppet'; require 'json'; name, facts = JSON.parse($stdin.read);"
    "print Puppet::Node::Facts.new(name, facts).to_yaml"
)


def compile_by_puppet(environmentpath: Path, environment: str, node: Node, scratch: Path) -> Any:
    """Return the catalog that `puppet catalog compile` makes, in a process of its own.

    It has no option for trusted facts: they are in the node's facts there, as the local compiler takes them.
    """
    facts = scratch / "var/yaml/facts" / f"{node.name}.yaml"
    facts.parent.mkdir(parents=True, exist_ok=True)
    given = json.dumps([node.name, {**node.facts}])
    made = subprocess.run(
        ["ruby", "-e", _FACTS_TO_YAML], input=given, capture_output=True, text=True, check=True
    )
    facts.write_text(made.stdout)
    settings = {
        "environmentpath": environmentpath,
        "environment": environment,
        "confdir": scratch / "conf",
        "vardir": scratch / "var",
        "codedir": scratch / "code",
        "basemodulepath": scratch / "none",
        "facts_terminus": "yaml",
        "node_terminus": "plain",
    }
    words = [word for name, value in settings.items() for word in (f"--{name}", str(value))]
    command = ["puppet", "catalog", "compile", node.name, *words, "--render-as", "json"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode:
        raise AssertionError(f"'puppet catalog compile' failed: {result.stdout}{result.stderr}")
    return json.loads(result.stdout[result.stdout.index('{"') :])


def same_catalogs(ours: Any, theirs: Any) -> list[str]:
    """Return in what two catalogs differ: resources, their parameters, edges; empty if they are the same."""
    one, two = (
        {(r["type"], r["title"]): r.get("parameters") for r in c["resources"]} for c in (ours, theirs)
    )
    differ = [
        f"{key}: {one.get(key)} {two.get(key)}"
        for key in sorted({*one} | {*two})
        if one.get(key) != two.get(key)
    ]
    edges = [sorted((e["source"], e["target"]) for e in c["edges"]) for c in (ours, theirs)]
    return differ if edges[0] == edges[1] else [*differ, "edges"]
