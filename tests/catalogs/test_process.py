"""Catalogs are those of Puppet's own command, reduced, and a node that fails or misbehaves affects no other."""

import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from pinner.catalogs.process import compile_nodes, find_ruby
from pinner.model.catalogs import Catalog, Compiled, Failure, Resource
from pinner.model.errors import UnknownError
from tests.support.processes import processes_mentioning, wait_until
from tests.support.toy_estate import (
    FILES,
    compile_by_puppet,
    compile_whole,
    make_compiler,
    make_node,
    same_catalogs,
    write_environment,
)

LOCAL = {
    "manifests/site.pp": "node default { include \"role::${facts['purpose']}\" }\n",
    "hiera.yaml": "version: 5\nhierarchy: [{name: all, path: common.yaml}]\n",  # its command has no eyaml here
    "data/common.yaml": f"{FILES['data/common.yaml']}nova::sealed: open\n",
}


@pytest.fixture(scope="session")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The environment `production`."""
    return write_environment(tmp_path_factory.mktemp("toy"))


@pytest.fixture(scope="session")
def compiled(toy: Path) -> Mapping[str, Compiled]:
    """Three nodes, one of which cannot be compiled, in one run with exported resources."""
    exported = [
        {
            "certname": other,
            "type": "Notify",
            "title": title,
            "tags": tags,
            "parameters": {"message": "hello"},
        }
        for other, title, tags in (
            ("other.example.org", "for the audit", ["audit"]),
            ("other.example.org", "for others", ["others"]),
            ("api1.example.org", "my own", ["audit"]),
        )
    ]
    nodes = [
        make_node("lost.example.org", "lost"),
        make_node("api1.example.org"),
        make_node("idle1.example.org", "idle"),
        make_node("api2.example.org"),
    ]
    compiler = make_compiler(toy, jobs=2, exported=exported)
    return {one.node: one for one in compile_nodes(compiler, nodes)}


def resources_of(compiled: Compiled) -> dict[tuple[str, str], Resource]:
    assert isinstance(compiled.result, Catalog), compiled.result
    return {(one.type, one.title): one for one in compiled.result.resources}


def test_catalogs_are_those_of_puppets_own_command(tmp_path: Path) -> None:
    path = write_environment(tmp_path / "environments", changes=LOCAL)
    node = make_node("api1.example.org", purpose="api", clientcert="api1.example.org")
    ours = compile_whole(make_compiler(path, is_whole=True), [node])
    theirs = compile_by_puppet(path, "production", node, tmp_path / "puppet")
    assert same_catalogs(ours[node.name]["catalog"], theirs) == []
    assert len(theirs["resources"]) > 15


def test_files_that_puppet_loads_are_known_to_ruby_as_in_puppets_own_command(tmp_path: Path) -> None:
    """A type may `require` another one by its path, which must not load it a second time."""
    kind = "modules/nova/lib/puppet/type/nova_config.rb"
    function = (
        "Puppet::Functions.create_function(:'nova::loads') do\n"
        "  def loads\n"
        "    file = File.expand_path('../../../type/nova_config.rb', __FILE__)\n"
        "    [require(file), $nova_config_loads, $LOADED_FEATURES.count(file)].inspect\n"
        "  end\n"
        "end\n"
    )
    changes = {
        kind: f"$nova_config_loads = ($nova_config_loads || 0) + 1\n{FILES[kind]}",
        "modules/nova/lib/puppet/functions/nova/loads.rb": function,
        "manifests/site.pp": "nova_config { 'a/b': value => 1 }\nnotify { 'loads': message => nova::loads() }\n",
        "hiera.yaml": LOCAL["hiera.yaml"],
    }
    path = write_environment(tmp_path / "environments", changes=changes)
    nodes = [
        make_node(f"api{number}.example.org", clientcert=f"api{number}.example.org") for number in (1, 2)
    ]
    ours = compile_whole(make_compiler(path, is_whole=True), nodes)
    for node in nodes:
        theirs = compile_by_puppet(path, "production", node, tmp_path / "puppet")
        assert same_catalogs(ours[node.name]["catalog"], theirs) == []


def test_a_node_that_is_compiled_twice_takes_what_the_parent_compiled(tmp_path: Path) -> None:
    function = (
        "Puppet::Functions.create_function(:'nova::ids') { def ids; [Process.ppid, Process.pid]; end }\n"
    )
    changes = {
        "modules/nova/lib/puppet/functions/nova/ids.rb": function,
        "site/role/manifests/idle.pp": 'class role::idle { nova::ids().each |$one| { notify { "id ${one}": } } }\n',
    }
    path = write_environment(tmp_path, changes=changes)
    first, other = (make_node(f"idle{number}.example.org", "idle") for number in (1, 2))
    compiled = compile_nodes(make_compiler(path), [first, first, other, other])
    ids = [{title for _, title in resources_of(one) if title.startswith("id ")} for one in compiled]
    assert [len(one & ids[0]) for one in ids] == [2, 1, 1, 1]
    assert (
        ids[0] & ids[1] == ids[0] & ids[2] == ids[0] & ids[3]
    )  # the parent of the first, and itself the second
    assert len(ids[0] | ids[1] | ids[2] | ids[3]) == 5


def test_reduced_catalogs_hold_what_an_agent_would_do(compiled: Mapping[str, Compiled]) -> None:
    resources = resources_of(compiled["api1.example.org"])
    package = resources["Package", "nova-common"]
    assert (package.name, package.kind, package.path, package.line) == (
        "python3-nova",
        "native",
        "modules/nova/manifests/init.pp",
        2,
    )
    assert resources["Nova::Setting", "debug"].kind == "define"
    assert resources["Nova_config", "DEFAULT/debug"].parameters["value"] == "<SERVICE DEFAULT>"
    assert resources["Class", "Nova"].parameters == {}
    assert resources["File", "/etc/nova.conf"].parameters["content"] == "[api]\nport = 8774\nhost = api1\n"
    assert resources["Notify", "later"].parameters["message"] == {"__deferred__": ["sprintf", ["%s", 8774]]}
    assert resources["Nova_config", "api/sealed"].parameters["value"] == "ENC[PKCS7,MIIBeQYJ]"
    assert ("Notify", "virtual") not in resources
    # sha256sum of "one <sha256sum of the file>" and of the directory itself, "."
    assert len(str(resources["File", "/etc/nova.d"].parameters["source (content)"])) == 64


def test_secrets_are_digests_that_are_equal_where_the_secrets_are(compiled: Mapping[str, Compiled]) -> None:
    resources = resources_of(compiled["api1.example.org"])
    connection = resources["Nova_config", "database/connection"].parameters["value"]
    password = resources["Nova_config", "api/password"].parameters["value"]
    assert isinstance(connection, dict)
    assert connection.keys() == {"__secret__"}
    result = compiled["api1.example.org"].result
    other = compiled["api2.example.org"].result
    assert isinstance(result, Catalog)
    assert isinstance(other, Catalog)
    assert password == {"__secret__": result.secrets["hunter2hunter2"]}
    assert other.secrets == result.secrets


def test_exported_resources_are_collected_by_query_and_not_from_the_node_itself(
    compiled: Mapping[str, Compiled],
) -> None:
    notices = {title for kind, title in resources_of(compiled["api1.example.org"]) if kind == "Notify"}
    assert "for the audit" in notices
    assert not notices & {"for others", "my own"}


def test_a_failure_has_its_place_and_leaves_the_other_nodes_alone(compiled: Mapping[str, Compiled]) -> None:
    failure = compiled["lost.example.org"].result
    assert isinstance(failure, Failure)
    assert failure.notice.path == "manifests/site.pp"
    assert failure.notice.line == 1
    assert "role::lost" in failure.notice.message
    assert all(
        isinstance(one.result, Catalog) for name, one in compiled.items() if not name.startswith("lost")
    )


def test_warnings_are_those_of_every_node(compiled: Mapping[str, Compiled]) -> None:
    """Puppet gives some of them once in a process only."""
    for name in ("api1.example.org", "api2.example.org"):
        assert [one.message.rpartition(": ")[2] for one in compiled[name].warnings] == ["nova is loud"]


def test_environments_do_not_share_native_types(compiled: Mapping[str, Compiled], tmp_path: Path) -> None:
    """Ruby keeps the first class of a name: `mode` would be unknown in a process that has loaded the other type."""
    kind = "modules/nova/lib/puppet/type/nova_config.rb"
    changed = {
        kind: FILES[kind].replace("newproperty(:value)", "newproperty(:value)\nnewparam(:mode)"),
        "site/role/manifests/api.pp": "class role::api { nova_config { 'a/b': value => 1, mode => 'x' } }\n",
    }
    path = write_environment(tmp_path, changes=changed)
    assert "mode" not in resources_of(compiled["api1.example.org"])["Nova_config", "api/url"].parameters
    node = make_node("api1.example.org")
    (result,) = compile_nodes(make_compiler(path), [node])
    assert resources_of(result)["Nova_config", "a/b"].parameters["mode"] == "x"


def test_strict_settings_are_puppets_own(tmp_path: Path) -> None:
    changes = {"site/role/manifests/idle.pp": 'class role::idle { notify { "a${nothing}": } }\n'}
    path = write_environment(tmp_path, changes=changes)
    node = make_node("idle1.example.org", "idle")
    strict = {"strict": "error", "strict_variables": "true"}
    (lenient,) = compile_nodes(
        make_compiler(path, settings={"strict": "warning", "strict_variables": "false"}), [node]
    )
    (refused,) = compile_nodes(make_compiler(path, settings=strict), [node])
    assert isinstance(lenient.result, Catalog)
    assert isinstance(refused.result, Failure)
    assert "nothing" in refused.result.notice.message


def test_nodes_that_do_not_fit_into_a_pipe_are_sent_while_others_are_answered(toy: Path) -> None:
    nodes = [make_node(f"idle{number}.example.org", "idle", filler="x" * 100_000) for number in range(8)]
    found = {one.node: one.result for one in compile_nodes(make_compiler(toy), nodes)}
    assert found.keys() == {node.name for node in nodes}
    assert all(isinstance(result, Catalog) for result in found.values())


def test_what_cannot_start_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UnknownError, match="there is no Ruby at '/nothing'"):
        find_ruby("/nothing")
    with pytest.raises(UnknownError, match="there is no environment production"):
        list(compile_nodes(make_compiler(tmp_path), [make_node("a.example.org")]))
    compiler = make_compiler(tmp_path)
    missing = type(compiler)(tmp_path, "production", "key", str(tmp_path / "ruby"))
    with pytest.raises(UnknownError, match="cannot be started"):
        list(compile_nodes(missing, [make_node("a.example.org")]))


def test_answers_that_only_hostile_code_writes_cost_their_own_nodes(tmp_path: Path) -> None:
    ruby = tmp_path / "ruby"
    ruby.write_text(
        f"#!{sys.executable}\n"
        "import os, sys, time\n"
        "sys.stdin.readline()\n"
        'row = b\'["Notify","x",null,{},null,1,"native"]\'.replace(b\'"\', b\'\\\\"\')\n'
        "rows = [b'0 {}', b'0 null', b'0 {\"error\": \"x\"}', b'1' * 5000 + b' {}', b'9 {}', b'1 ' + b'[' * 100_000,\n"
        "        b'2 null', b'3 {\"resources\": [\"%s\"], \"secrets\": {}}' % row, b'']\n"
        "with os.fdopen(int(sys.argv[-1]), 'wb') as answers:\n"
        "    answers.write(b'\\n'.join(rows))\n"
        "time.sleep(60)\n"
    )
    ruby.chmod(0o755)
    compiler = type(make_compiler(tmp_path))(tmp_path, "production", "key", str(ruby))
    nodes = [make_node(f"{name}.example.org") for name in ("deep", "null", "right")]
    found = {one.node.partition(".")[0]: one.result for one in compile_nodes(compiler, nodes)}
    for name in ("deep", "null"):
        failure = found[name]
        assert isinstance(failure, Failure)
        assert failure.notice.message.endswith(": its answer is not JSON")
    assert isinstance(found["right"], Catalog)


def test_a_node_that_starts_ever_more_processes_is_ended_with_all_of_them(tmp_path: Path) -> None:
    mark = f"bomb-{tmp_path.name}"
    function = (
        "Puppet::Functions.create_function(:'nova::bomb') { def bomb; $0 = '" + mark + "';"
        " loop { fork { sleep 600 } }; end }\n"
    )
    changes = {
        "modules/nova/lib/puppet/functions/nova/bomb.rb": function,
        "site/role/manifests/bomb.pp": "class role::bomb { nova::bomb() }\n",
    }
    path = write_environment(tmp_path, changes=changes)
    nodes = [make_node("bomb1.example.org", "bomb"), make_node("idle1.example.org", "idle")]
    found = {one.node: one.result for one in compile_nodes(make_compiler(path, timeout=120), nodes)}
    failure = found["bomb1.example.org"]
    assert isinstance(failure, Failure)
    assert "started more than 256 processes" in failure.notice.message
    assert isinstance(found["idle1.example.org"], Catalog)
    wait_until(lambda: not processes_mentioning(mark))
