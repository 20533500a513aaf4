"""Effective defaults are the values that Puppet gives the parameters on each platform."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from pinner.model.module_api import (
    ApiChange,
    ApiChangeKind,
    Definition,
    EffectiveDefault,
    ModuleApi,
    Severity,
    Unreadable,
)
from pinner.project.operator.values import read_yaml
from pinner.puppet.code.compare import compare_apis
from pinner.puppet.code.defaults import ModuleSources, needed_paths, with_effective_defaults
from pinner.puppet.code.read import read_file
from pinner.puppet.hiera.hierarchy import Hierarchy, ModuleData, parse_hierarchy
from pinner.puppet.platforms import PLATFORMS, Platform
from tests.support.oracles import RubyOracle, run_oracle

Files = Mapping[str, str]
HIERA = """
version: 5
defaults: {datadir: data, data_hash: yaml_data}
hierarchy:
  - {name: release, path: 'os/%{facts.os.name}-%{facts.os.release.major}.yaml'}
  - {name: family, path: 'family/%{facts.os.family}.yaml'}
  - {name: legacy, paths: ['old/%{::operatingsystem}.yaml', 'old/none.yaml']}
  - {name: common, path: common.yaml}
default_hierarchy:
  - {name: last, datadir: data/fallback, path: 'common.yaml'}
"""
DEBIAN, REDHAT, UBUNTU = Platform("Debian", "12"), Platform("RedHat", "9"), Platform("Ubuntu", "24.04")
MODULE: Files = {
    "hiera.yaml": HIERA,
    "data/common.yaml": r"""
lookup_options:
  queue::secret: {convert_to: Sensitive}
  queue::plugins: {merge: unique}
  queue::limits: {merge: deep}
  '^queue::num.*': {convert_to: Integer}
queue::tls: true
queue::secret: s3cret
queue::plugins: [a, b]
queue::limits: {soft: {files: 1}, hard: 2}
queue::number: '15'
queue::path: '/etc/%{facts.os.family}/%{module_name}'
queue::again: "%{alias('queue::limits')}"
queue::worded: "x-%{lookup('queue::path')}-%{literal('%')}{y}"
queue::nothing: ~
queue::unset: ~
""",
    "data/family/RedHat.yaml": "queue::plugins: [b, c]\nqueue::limits: {soft: {files: 9}}\nqueue::port: 99\n",
    "data/os/Ubuntu-24.04.yaml": "queue::tls: false\n",
    "data/old/Debian.yaml": "queue::legacy: yes\n",
    "data/fallback/common.yaml": "queue::tls: 7\nqueue::last: 8\n",
    "manifests/params.pp": """
class queue::params inherits queue::globals {
  $port = 5672
  $hash = { 'a' => [1, undef], 'b' => "x${base}" }
  case $facts['os']['family'] {
    'RedHat': { $package = 'queue-server' }
    'Debian': { $package = $facts['os']['name'] ? { 'Ubuntu' => 'uqueue', default => "dqueue" } }
    default: { fail("unsupported ${facts['os']['family']}") }
  }
  if versioncmp($facts['os']['release']['major'], '10') < 0 { $modern = false } else { $modern = true }
  $service = downcase("${package}-SERVICE")
}
""",
    "manifests/globals.pp": "class queue::globals($version = '3.1') { $base = '/base' }",
    "manifests/init.pp": """
class queue (
  $tls,
  Sensitive $secret,
  $plugins,
  $limits,
  $number,
  $path,
  $again,
  $worded,
  $nothing    = 'something',
  $legacy     = 'modern',
  $port       = $queue::params::port,
  $unqualified = $base,
  $package    = $::queue::params::package,
  $service    = $queue::params::service,
  $modern     = $queue::params::modern,
  $version    = $queue::globals::version,
  $config     = "${queue::globals::base}/etc/${queue::params::port}",
  $hash       = $queue::params::hash,
  $last,
  Optional[String] $unset,
  $literal    = 5,
  $chained    = $port,
  $joined     = "${literal}/${path}/${unqualified}",
  $picked     = $unset ? { undef => $literal, default => $unset },
  $chosen     = $literal ? { 5 => $joined, default => 'x' },
  $origin     = "own-${literal}",
  $follows    = $origin,
) inherits queue::params {
}
""",
}


def api_of(files: Files) -> ModuleApi:
    definitions: list[Definition] = []
    for path, text in files.items():
        found = read_file(path, text.encode()) if path.endswith(".pp") else ()
        assert not isinstance(found, Unreadable)
        definitions += found
    return ModuleApi(tuple(definitions))


def sources_of(files: Files, module: str = "queue") -> ModuleSources:
    hierarchy = parse_hierarchy(
        read_yaml(files.get("hiera.yaml", "version: 5").encode(), "hiera.yaml", is_raw=True).root,
        "hiera.yaml",
    )
    assert isinstance(hierarchy, Hierarchy)
    contents = {
        path: read_yaml(text.encode(), path).root for path, text in files.items() if path.startswith("data/")
    }
    texts = {path: files[path] for path in needed_paths(api_of(files))}
    return ModuleSources(texts, ModuleData(module, hierarchy, contents))  # type: ignore[arg-type]  # all are hashes


def completed(files: Files, *platforms: Platform) -> ModuleApi:
    return with_effective_defaults(api_of(files), sources_of(files), platforms or PLATFORMS)


def effective(files: Files, platform: Platform) -> dict[str, str | None]:
    """Return parameter to effective default of the class `queue`; where it is not computed, its source text."""
    (found,) = (one for one in completed(files, platform).definitions if one.name == "queue")
    return {one.name: one.effective[0].value if one.effective else one.default for one in found.parameters}


@pytest.fixture(scope="module")
def compiler() -> Iterator[RubyOracle]:
    yield from run_oracle("puppet_compiler.rb", "puppet-agent")


def with_witness(files: Files) -> Files:
    """Return the module with a notify for each parameter of its class, in the form of Puppet's own literals."""
    names = [each.name for one in api_of(files).definitions if one.name == "queue" for each in one.parameters]
    quoted = "{Undef => '%p', Any => '%#p'}"
    lines = "".join(f'notify {{ "{name}=${{String({name_of(name)}, {quoted})}}": }}\n' for name in names)
    init = files["manifests/init.pp"].rstrip()
    return {**files, "manifests/init.pp": f"{init.removesuffix('}')}{lines}}}\n"}


def name_of(name: str) -> str:
    return f"unwrap(${name})" if name == "secret" else f"${name}"


@pytest.fixture(scope="module")
def environments(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the module, which includes its class."""
    found = tmp_path_factory.mktemp("environments")
    module = found / "testing" / "modules" / "queue"
    for path, text in with_witness(MODULE).items():
        (module / path).parent.mkdir(parents=True, exist_ok=True)
        (module / path).write_text(text)
    (found / "testing" / "manifests").mkdir()
    (found / "testing" / "manifests" / "site.pp").write_text("include queue\n")
    return found


@pytest.mark.parametrize("platform", [DEBIAN, REDHAT, UBUNTU], ids=str)
def test_puppet_compiles_the_same_values(
    platform: Platform, compiler: RubyOracle, environments: Path
) -> None:
    question = {"environmentpath": str(environments), "environment": "testing"}
    answer = compiler.ask({**question, "facts": dict(platform.facts)})
    assert "error" not in answer
    printed = dict(line.split("=", 1) for line in answer["said"])
    ours = effective(MODULE, platform)
    assert {name: plain(text) for name, text in ours.items()} == {name: plain(printed[name]) for name in ours}


def plain(text: str | None) -> Any:
    """Return a literal as JSON reads it: Puppet's own rendering differs in quotes and blanks."""
    assert text is not None
    text = text.removeprefix("Sensitive(").removesuffix(")") if text.startswith("Sensitive(") else text
    text = text.replace("undef", "null").replace("'", '"').replace("=>", ":")
    return json.loads(text)


def test_a_default_is_computed_from_earlier_parameters_only() -> None:
    files = {
        "manifests/params.pp": "class queue::params { $port = 1 }",
        "manifests/init.pp": """class queue(
          $early = $late, $port = 2, $other = $port, $late = 3, $needed, $uses = $needed, $fact = $facts['x'], $of = $fact,
        ) inherits queue::params { }""",
    }
    assert effective(files, DEBIAN) == {
        "early": "$late",
        "port": "2",
        "other": "2",
        "late": "3",
        "needed": None,
        "uses": "$needed",
        "fact": "$facts['x']",
        "of": "$fact",
    }


def test_the_change_of_a_parameter_is_that_of_what_follows_it() -> None:
    def module(port: int) -> Files:
        code = f'$port = {port}, $url = "http://localhost:${{port}}/v3", $same = $url ? {{ undef => 1, default => 2 }}'
        return {"manifests/init.pp": f"class queue({code}) {{ }}\ndefine queue::item({code}) {{ }}"}

    assert changes(module(1), module(1)) == []
    found = [(one.definition, one.parameter, one.old, one.new) for one in changes(module(1), module(2))]
    assert found == [
        ("queue", "port", "1", "2"),
        ("queue", "url", "'http://localhost:1/v3'", "'http://localhost:2/v3'"),
        ("queue::item", "port", "1", "2"),
        ("queue::item", "url", "'http://localhost:1/v3'", "'http://localhost:2/v3'"),
    ]


def test_the_values_of_a_platform() -> None:
    values = effective(MODULE, UBUNTU)
    assert values["tls"] == "false"
    assert values["package"] == "'uqueue'"
    assert (values["last"], values["literal"], values["unset"]) == ("8", "5", "undef")
    assert values["secret"] == "Sensitive('s3cret')"  # noqa: S105 -- a made-up value


def test_defaults_name_their_platforms_and_their_source() -> None:
    (found,) = (one for one in completed(MODULE).definitions if one.name == "queue")
    by_name = {one.name: one.effective for one in found.parameters}
    assert by_name["package"] == (
        EffectiveDefault("'queue-server'", ("CentOS 9", "RedHat 9"), "manifests/params.pp"),
        EffectiveDefault("'dqueue'", ("Debian 12", "Debian 13"), "manifests/params.pp"),
        EffectiveDefault("'uqueue'", ("Ubuntu 22.04", "Ubuntu 24.04"), "manifests/params.pp"),
    )
    assert by_name["port"][0] == EffectiveDefault("99", ("CentOS 9", "RedHat 9"), "data/family/RedHat.yaml:3")
    assert by_name["literal"] == ()


def changes(old: Files, new: Files) -> list[ApiChange]:
    return [one for one in compare_apis(completed(old), completed(new)) if one.parameter]


def test_a_default_that_only_moved_is_no_change() -> None:
    moved = {
        "data/common.yaml": "queue::port: 5672\nqueue::level: warn\n",
        "manifests/init.pp": "class queue(Integer $port, String $level) { }",
    }
    before = {
        "manifests/params.pp": "class queue::params { $port = 5672 }",
        "manifests/init.pp": (
            "class queue(Integer $port = $queue::params::port, String $level = 'warn') inherits queue::params { }"
        ),
    }
    assert changes(before, moved) == []
    assert changes(moved, before) == []


def test_another_value_behind_the_same_name_is_a_change() -> None:
    def module(port: int) -> Files:
        return {
            "manifests/params.pp": f"class queue::params {{ $port = {port} }}",
            "manifests/init.pp": "class queue($port = $queue::params::port) inherits queue::params { }",
        }

    (found,) = changes(module(1), module(2))
    assert (found.kind, found.severity, found.parameter) == ("default-changed", Severity.BEHAVIOUR, "port")
    assert (found.old, found.new, found.hint) == ("1", "2", "from manifests/params.pp")


def test_a_change_on_one_platform_names_it() -> None:
    def module(path: str) -> Files:
        cases = f"'RedHat': {{ $path = '/r' }} default: {{ $path = '{path}' }}"
        return {
            "manifests/params.pp": f"class queue::params {{ case $::osfamily {{ {cases} }} }}",
            "manifests/init.pp": "class queue($path = $queue::params::path) inherits queue::params { }",
        }

    (found,) = changes(module("/a"), module("/b"))
    assert found.old == "'/r' on CentOS and RedHat, '/a' on Debian and Ubuntu"
    assert found.new == "'/r' on CentOS and RedHat, '/b' on Debian and Ubuntu"
    assert found.hint == "on Debian and Ubuntu, from manifests/params.pp"


def test_a_value_that_one_platform_lacks_is_required_there() -> None:
    before = {"manifests/init.pp": "class queue($port = 1) { }"}
    after = {
        "hiera.yaml": HIERA,
        "data/family/Debian.yaml": "queue::port: 1\n",
        "manifests/init.pp": "class queue($port) { }",
    }
    (found,) = changes(before, after)
    assert (found.kind, found.severity) == ("parameter-required", Severity.BREAKS)
    assert found.hint is not None
    assert "on CentOS and RedHat" in found.hint


def test_a_new_parameter_with_a_value_in_the_data_is_not_required() -> None:
    before = {"manifests/init.pp": "class queue() { }"}
    after = {"data/common.yaml": "queue::port: 1\n", "manifests/init.pp": "class queue($port) { }"}
    (found,) = changes(before, after)
    assert (found.change, found.new) == (ApiChangeKind.PARAMETER_ADDED, "1")


@pytest.mark.parametrize(
    "level",
    [
        "{name: other, data_hash: queue::data}",
        "{name: other, lookup_key: queue::find}",
        "{name: node, path: 'nodes/%{facts.networking.fqdn}.yaml'}",
    ],
)
def test_data_that_is_not_known_is_not_taken_for_missing(level: str) -> None:
    before = {"manifests/init.pp": "class queue($port = 1) { }"}
    after = {
        "hiera.yaml": f"version: 5\nhierarchy: [{level}]\n",
        "data/nodes/a.yaml": "queue::port: 1\n",
        "manifests/init.pp": "class queue($port) { }",
    }
    (found,) = changes(before, after)
    assert (found.kind, found.severity) == ("default-changed", Severity.BEHAVIOUR)
    assert found.hint is not None
    assert found.hint.startswith("its value is not known: it depends on ")


def test_a_platform_that_the_module_refuses_is_left_out() -> None:
    def module(port: int) -> Files:
        body = f"if $facts['os']['family'] == 'RedHat' {{ fail('no') }} $port = {port}"
        return {
            "manifests/params.pp": f"class queue::params {{ {body} }}",
            "manifests/init.pp": "class queue($port = $queue::params::port) inherits queue::params { }",
        }

    assert changes(module(1), module(1)) == []
    (found,) = changes(module(1), module(2))
    assert (found.old, found.new) == ("1", "2")


@pytest.mark.parametrize(
    "params",
    ["class queue::params { $port = generate('/bin/x') }", "class queue::params {", "class other { }"],
)
def test_what_cannot_be_computed_is_compared_as_text(params: str) -> None:
    def module(default: str) -> Files:
        return {"manifests/init.pp": f"class queue($port = {default}) inherits queue::params {{ }}"}

    api = api_of(module("$queue::params::port"))
    texts = {"manifests/params.pp": params}
    same = with_effective_defaults(api, ModuleSources(texts), PLATFORMS)
    assert compare_apis(same, same) == ()
    other = api_of(module("$queue::params::other"))
    (found,) = compare_apis(same, with_effective_defaults(other, ModuleSources(texts), PLATFORMS))
    assert (found.old, found.new) == ("$queue::params::port", "$queue::params::other")


def test_the_variables_of_a_class_that_is_not_inherited_are_not_known() -> None:
    def module(port: int) -> Files:
        return {
            "manifests/params.pp": f"class queue::params {{ $port = {port} }}",
            "manifests/init.pp": "class queue($port = $queue::params::port) { include queue::params }",
            "manifests/item.pp": "define queue::item($port = $queue::params::port) { }",
        }

    (found,) = changes(module(1), module(2))
    assert (found.definition, found.old, found.new) == ("queue::item", "1", "2")


def test_a_default_that_moves_to_another_variable_of_such_a_class_may_be_the_same_value() -> None:
    def module(name: str) -> Files:
        return {"manifests/repo.pp": f"class queue::repo($key = $queue::{name}) {{ }}"}

    (found,) = changes(module("gpg_key"), module("repo_gpg_key"))
    assert (found.old, found.new) == ("$queue::gpg_key", "$queue::repo_gpg_key")
    assert found.hint == "its value is not known: it depends on another class"
    assert changes(module("gpg_key"), module("gpg_key")) == []


def test_classes_that_inherit_each_other_end() -> None:
    files = {
        "manifests/a.pp": "class queue::a inherits queue::b { $x = $queue::b::y }",
        "manifests/b.pp": "class queue::b inherits queue::a { $y = $queue::a::x }",
        "manifests/init.pp": "class queue($port = $queue::a::x) inherits queue::a { }",
    }
    (found,) = (one for one in completed(files).definitions if one.name == "queue")
    assert found.parameters[0].effective == ()
