"""`pinner preview` on a real project: two commits of a module, compiled by Puppet, compared and grouped."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from pinner.catalogs.sandbox import Sandbox
from pinner.cli.output import Format, render
from pinner.cli.workspace import open_workspace
from pinner.comparing.compile import CompileOptions
from pinner.comparing.preview import preview
from pinner.project.foreign.node_facts import read_nodes
from pinner.workspace.locks import read_lock_ref
from tests.comparing.test_compile import CONTROL, NOVA
from tests.support.cloud import Cloud
from tests.support.oracles import find_tool
from tests.support.toy_estate import write_files

INIT = NOVA["manifests/init.pp"]
SECRETS = {
    "marked": "Sensitive!one",
    "flagged": "flagged-two",
    "named": "password=three",
    "url": "p@ss/word four",
    "buried": "buried five!",
    "moved": "moved-six-six",
    "old_only": "old-seven-seven",
    "array": "array-eight",
    "hash": "hash-nine-nine",
    "title": "title-ten-ten",
    "failing": "failing-eleven",
    "warned": "warned-twelve",
}
"""Twelve secrets, each in a place of its own."""
BEFORE = INIT.replace(
    "  @notify { 'virtual': }\n",
    "  @notify { 'virtual': }\n"
    "  nova_config {\n"
    "    'DEFAULT/workers2':  value => '<SERVICE DEFAULT>';\n"
    "    'DEFAULT/gone':      value => '<SERVICE DEFAULT>';\n"
    "    'DEFAULT/my_ip':     value => $facts['networking']['ip'];\n"
    "    'libvirt/scheme':    value => 'ssh';\n"
    "    'one/marked':        value => Sensitive('Sensitive!one');\n"
    "    'two/flagged':       value => 'flagged-two', secret => true;\n"
    "    'four/url':          value => 'x';\n"
    "    'six/moved':         value => Sensitive('moved-six-six');\n"
    "    'seven/old':         value => 'old-seven-seven';\n"
    "    'seven/marked':      value => Sensitive('old-seven-seven');\n"
    "  }\n"
    "  class { 'nova::db': password => 'password=three', transport_url => 'p@ss/word four', token => 'buried five!',\n"
    "    secret => 'failing-eleven', passphrase => 'warned-twelve' }\n"
    "  notify { 'random': message => fqdn_rand(1000, 'a') }\n"
    "  notify { 'time': message => inline_template('<%= Process.clock_gettime(Process::CLOCK_MONOTONIC, :nanosecond) %>') }\n",
)
AFTER = (
    BEFORE.replace("ensure => running", "ensure => stopped")
    .replace(
        "'DEFAULT/gone':      value => '<SERVICE DEFAULT>';", "'DEFAULT/fresh': value => '<SERVICE DEFAULT>';"
    )
    .replace("$facts['networking']['ip'];", "\"${facts['networking']['ip']}:80\";")
    .replace("value => 'ssh'", "value => 'tcp'")
    .replace("Sensitive('Sensitive!one')", "'Sensitive!one'")
    .replace("'flagged-two', secret => true", "'flagged-two', secret => false")
    .replace("value => 'x'", "value => 'http://p%40ss%2Fword%20four@host'")
    .replace("'seven/old':         value => 'old-seven-seven'", "'seven/old': value => 'new'")
    .replace("value => Sensitive('moved-six-six')", "value => 'none'")
    .replace("  notify { 'random'", "  notify { 'was moved-six-six': }\n  notify { 'random'")
    .replace("name => 'python3-nova'", "name => 'python3-nova', provider => 'apt'")
    .replace("{ 'nova-common'", "{ 'nova'")
    .replace("Package['nova-common']", "Package['nova']")
)
DB = (
    "class nova::db ($password, $transport_url, $token, $secret, $passphrase) {\n"
    "  file { '/etc/db': content => @(\"END\")\n"
    "    version: 1\n"
    "    password: ${password}\n"
    '    nested: {token: "${token}"}\n'
    "    | END\n"
    "  }\n"
    "  notify { 'many': message => [Sensitive('array-eight'), { 'a' => Sensitive('hash-nine-nine') }] }\n"
    "  $x = Sensitive('title-ten-ten')\n"
    "  nova_config { 'ten/value': value => $x }\n"
    "}\n"
)
DB_AFTER = (
    DB.replace("version: 1", "version: 2")
    .replace("'array-eight'", "'array-eight-changed'")
    .replace("{ 'ten/value': value => $x }", '{ "ten/title-ten-ten": value => $x }')
    .replace(
        "  $x =",
        '  warning("careful with ${passphrase}")\n  if $facts[\'fails\'] { fail("bad ${secret}") }\n  $x =',
    )
)


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Cloud:
    """A project with the environments `production` and `staging`, whose locks have another commit of nova."""
    find_tool("puppet", "puppet-agent")
    cloud = Cloud(tmp_path_factory.mktemp("cloud"))
    nova = cloud.upstream("nova")
    old = {**NOVA, "manifests/init.pp": BEFORE, "manifests/db.pp": DB, "lib/facter/nova.rb": "# 1\n"}
    new = {
        **old,
        "manifests/init.pp": AFTER,
        "manifests/db.pp": DB_AFTER,
        "lib/facter/nova.rb": "# 2\n",
        "metadata.json": NOVA["metadata.json"].replace("1.0.0", "2.0.0"),
    }
    nova.tag("1.0.0", nova.commit("master", files=old))
    nova.tag("2.0.0", nova.commit("master", files=new))
    for name, tag in (("production", "1.0.0"), ("staging", "2.0.0")):
        manifest = "modules:\n  nova: {git: 'https://opendev.org/openstack/puppet-nova', tag: " + tag + "}\n"
        cloud.project.joinpath(f"environments/{name}.yaml").write_text(manifest)
    assert cloud.run("lock").code == 0
    control = CONTROL | {"site/role/manifests/api.pp": "class role::api { include nova }\n"}
    write_files(cloud.root / "control", control)
    for number in range(1, 5):
        write_facts(cloud.root / "facts", f"api{number}.example.org", "api", f"192.0.2.{number}")
    write_facts(cloud.root / "facts", "broken1.example.org", "api", "192.0.2.9", fails=True)
    write_facts(cloud.root / "facts", "idle1.example.org", "idle", "192.0.2.8")
    write_facts(cloud.root / "facts", "lost1.example.org", "lost", "192.0.2.7")
    return cloud


def write_facts(directory: Path, name: str, role: str, ip: str, **more: Any) -> None:
    facts = {
        "os": {"name": "Debian", "family": "Debian", "release": {"major": "12"}},
        "networking": {"hostname": name.partition(".")[0], "fqdn": name, "ip": ip},
        "trusted": {"certname": name, "extensions": {"pp_role": role}},
        **more,
    }
    write_files(directory, {f"{name}.json": json.dumps(facts)})


@pytest.fixture(scope="module")
def reports(cloud: Cloud) -> dict[str, str]:
    """The report in each format, from one run."""
    workspace = open_workspace(str(cloud.project))
    old, new = (read_lock_ref(name, workspace) for name in ("production", "staging"))
    options = CompileOptions(control=cloud.root / "control", sandbox=Sandbox.NONE)
    nodes = read_nodes(cloud.root / "facts").nodes
    result = preview(old, new, workspace, nodes, (options, options))
    formats = (Format.JSON, Format.TEXT, Format.MARKDOWN)
    return {name.value: "\n".join(render("preview", result, name)) for name in formats}


@pytest.fixture(scope="module")
def found(reports: dict[str, str]) -> Any:
    return json.loads(reports["json"])


def changes_of(found: Any, effect: str) -> dict[str, tuple[Any, Any]]:
    return {
        f"{one['change']} {one['type']}[{one['title']}] {one['parameter']}": (one["old"], one["new"])
        for one in found["changes"]
        if one["effect"] == effect
    }


def test_changes_are_those_on_which_agents_act(found: Any) -> None:
    acts = changes_of(found, "acts")
    assert acts["changed Service[nova-api] ensure"] == ("running", "stopped")
    assert acts["changed Nova_config[libvirt/scheme] value"] == ("ssh", "tcp")
    assert acts["changed Nova_config[DEFAULT/my_ip] value"] == ("{ip}", "{ip}:80")
    assert not any("Package" in one for one in acts)  # another title and provider of one package


def test_settings_that_stay_unset_are_apart(found: Any) -> None:
    assert set(changes_of(found, "unset")) == {
        "added Nova_config[DEFAULT/fresh] None",
        "removed Nova_config[DEFAULT/gone] None",
    }


def test_equal_changes_are_one_with_all_its_nodes(found: Any) -> None:
    (change,) = (one for one in found["changes"] if one["title"] == "DEFAULT/my_ip")
    (group,) = (one for one in found["groups"] if change["id"] in one["changes"])
    assert group["nodes"] == [f"api{number}.example.org" for number in range(1, 5)]
    assert (change["module"], change["path"]) == ("nova", "modules/nova/manifests/init.pp")
    lines = AFTER.splitlines()
    assert "DEFAULT/my_ip" in "".join(lines[change["line"] - 3 : change["line"] + 3])


def test_values_that_differ_each_time_are_no_changes(found: Any) -> None:
    assert found["unstable"] == ["Notify[time]::message"]
    assert not [one for one in found["changes"] if one["title"] in {"time", "random"}]


def test_failures_have_their_side(found: Any) -> None:
    sides = {one["nodes"][0]: one["side"] for one in found["failures"]}
    assert sides == {"broken1.example.org": "after", "lost1.example.org": "both"}
    assert found["nodes"] == {"compiled": 5, "failed": 2, "left_out": 0}


def test_what_catalogs_do_not_show_is_named(found: Any) -> None:
    assert found["not_seen"] == [{"module": "nova", "paths": ["lib/facter/nova.rb"]}]
    assert found["modules"] == [{"name": "nova", "move": "1.0.0 -> 2.0.0"}]


def test_a_changed_secret_is_seen_and_not_shown(found: Any) -> None:
    (change,) = (one for one in found["changes"] if one["title"] == "many")
    assert change["secret"]
    assert change["old"] != change["new"]


@pytest.mark.parametrize("name", ["json", "text", "markdown"])
@pytest.mark.parametrize("place", SECRETS)
def test_no_format_shows_a_secret(reports: dict[str, str], name: str, place: str) -> None:
    secret, shown = SECRETS[place], reports[name]
    assert "libvirt/scheme" in shown
    for form in (
        secret,
        secret.replace("/", "%2F").replace("@", "%40").replace(" ", "%20"),
        json.dumps(secret),
    ):
        assert form not in shown


def test_text_shows_each_change_once(reports: dict[str, str]) -> None:
    lines = reports["text"].splitlines()
    assert lines[0].startswith("production (pin-")
    assert lines[0].endswith(": 5 nodes, 11 changes in 1 group, 2 cannot be compiled")
    assert "4 nodes (api[1-4].example.org)" in lines
    (line,) = (one for one in lines if "libvirt/scheme" in one)
    assert line.startswith(
        "  ~ Nova_config[libvirt/scheme] value: ssh -> tcp  modules/nova/manifests/init.pp:"
    )
    assert "  1 setting no longer kept unset (--all)" in lines


def test_the_command_ends_with_1_for_what_was_asked(cloud: Cloud) -> None:
    arguments = (
        "--nodes",
        str(cloud.root / "facts"),
        "--control",
        str(cloud.root / "control"),
        "--sandbox",
        "none",
    )
    words = ("preview", "production", "staging", *arguments, "--exit-code")
    result = cloud.run(*words, "--only", "api1*", "--ignore", "N*", "--ignore", "File[*", "--format", "json")
    assert result.code == 1, result.err
    titles = {one["title"] for one in result.json["changes"] if one["effect"] == "acts"}
    assert titles == {"nova-api"}
    assert result.json["nodes"] == {"compiled": 1, "failed": 0, "left_out": 6}
    assert cloud.run(*words, "--only", "idle*").code == 0


def test_a_file_without_facts_makes_the_answer_incomplete(cloud: Cloud, tmp_path: Path) -> None:
    shutil.copy(cloud.root / "facts/idle1.example.org.json", tmp_path)
    (tmp_path / "x.json").write_text("{}")
    words = ("--nodes", str(tmp_path), "--control", str(cloud.root / "control"), "--sandbox", "none")
    result = cloud.run("preview", "production", "staging", *words, "--format", "json")
    assert (result.code, result.json["nodes"]["compiled"]) == (3, 1), result.err
    assert result.json["problems"] == ["no facts of a node: they lack the fact 'os'"]
    assert "x.json: no facts of a node" in result.err


def test_both_targets_or_none_are_refused(cloud: Cloud) -> None:
    facts = str(cloud.root / "facts")
    for words in (("production",), ("production", "staging", "--to", "2025.1")):
        result = cloud.run("preview", *words, "--nodes", facts)
        assert (result.code, "give B, or --to RELEASE" in result.err) == (2, True)
