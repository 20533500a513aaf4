"""Catalogs of real modules are Puppet's own, previews find what they differ in, hostile modules cost one node only."""

import json
import socket
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from pinner.catalogs.process import compile_nodes
from pinner.catalogs.sandbox import Sandbox, wrapper_of
from pinner.cli.workspace import open_workspace
from pinner.comparing.compile import CompileOptions, prepare
from pinner.model.catalogs import Catalog, Compiled, Failure
from pinner.project.foreign.node_facts import read_nodes
from pinner.workspace.locks import read_lock_ref
from tests.support.chain import Chain
from tests.support.debian_upstreams import Release
from tests.support.oracles import find_tool
from tests.support.real_estate import SECRETS, write_estate
from tests.support.toy_estate import (
    compile_by_puppet,
    compile_whole,
    make_compiler,
    make_node,
    same_catalogs,
    write_environment,
)

pytestmark = pytest.mark.e2e


def sandbox(kind: Sandbox, path: Path, scratch: Path) -> tuple[str, ...]:
    """Return the words of a sandbox that may read the environments; a missing one is CI's fault."""
    for tool, package in (("bwrap", "bubblewrap"), ("unshare", "util-linux")):
        if kind.value == tool:
            find_tool(tool, package)
    return wrapper_of(kind, [path], scratch)


@dataclass(frozen=True, slots=True)
class Estate:
    """Two releases of the chain, a control repository, and nodes."""

    chain: Chain
    releases: tuple[Release, Release]
    control: Path
    facts: Path

    def run(self, command: str, *arguments: str | Path, expect: int | None = 0) -> str:
        """Run `pinner compile` or `preview` in the sandbox."""
        both = ("--nodes", self.facts, "--control", self.control, "--sandbox", "bwrap")
        return self.chain.operator.pinner(command, *arguments, *both, cwd=self.chain.project, expect=expect)


@pytest.fixture(scope="module")
def estate(chain: Chain, tmp_path_factory: pytest.TempPathFactory) -> Estate:
    """The nodes of three roles, and the releases of bookworm (Zed) and of the suite after it."""
    find_tool("bwrap", "bubblewrap")
    suites = [release.suite for release in chain.releases]
    start = suites.index("bookworm") if "bookworm" in suites[:-1] else 0
    control, facts = write_estate(
        tmp_path_factory.mktemp("estate"), {"identity": 3, "compute": 5, "network": 2}
    )
    return Estate(chain, (chain.releases[start], chain.releases[start + 1]), control, facts)


@pytest.fixture(scope="module")
def previewed(estate: Estate) -> Any:
    """The preview of the move from one release to the other."""
    names = [release.environment for release in estate.releases]
    return json.loads(estate.run("preview", *names, "--format", "json"))


@pytest.fixture(scope="module")
def whole(
    estate: Estate, tmp_path_factory: pytest.TempPathFactory
) -> Mapping[tuple[int, str], tuple[Any, Any]]:
    """Side and node to the whole catalog as compile.rb returns it, and as Puppet's own command compiles it."""
    workspace = open_workspace(str(estate.chain.project))
    found = {}
    nodes = [one for one in read_nodes(estate.facts).nodes if one.name.endswith("001.example.org")]
    for side, release in enumerate(estate.releases):
        lock = read_lock_ref(release.environment, workspace).lock
        with prepare(lock, workspace, CompileOptions(estate.control, Sandbox.NONE)) as ready:
            answers = compile_whole(replace(ready.compiler, is_whole=True), nodes)
            for node in nodes:
                scratch = tmp_path_factory.mktemp("puppet")
                theirs = compile_by_puppet(ready.tree.environmentpath, lock.environment, node, scratch)
                found[side, node.name] = (answers[node.name]["catalog"], theirs)
    return found


def test_catalogs_of_real_modules_are_those_of_puppets_own_command(
    whole: Mapping[tuple[int, str], tuple[Any, Any]],
) -> None:
    assert len(whole) == 6
    for ours, theirs in whole.values():
        assert len(theirs["resources"]) > 80
        assert same_catalogs(ours, theirs) == []


def test_a_preview_finds_what_an_independent_comparison_finds(
    previewed: Any, whole: Mapping[tuple[int, str], tuple[Any, Any]]
) -> None:
    """Resources and parameters are compared as plain JSON here, of the catalogs of Puppet's own command."""
    by_id = {one["id"]: one for one in previewed["changes"]}
    for name in sorted({name for _, name in whole}):
        sides = [resources_of_whole(whole[side, name][1]) for side in (0, 1)]
        appeared, went = sides[1].keys() - sides[0].keys(), sides[0].keys() - sides[1].keys()
        groups = [group for group in previewed["groups"] if name in group["nodes"]]
        changes = [
            by_id[one] for group in groups for one in group["changes"] if by_id[one]["type"] != "Class"
        ]
        added = {(one["type"], one["title"]) for one in changes if one["change"] == "added"}
        removed = {(one["type"], one["title"]) for one in changes if one["change"] == "removed"}
        assert (added, removed) == (appeared, went)
        changed = {
            (*key, parameter)
            for key in sides[0].keys() & sides[1].keys()
            for parameter in sides[0][key].keys() | sides[1][key].keys()
            if sides[0][key].get(parameter) != sides[1][key].get(parameter)
        }
        rows = [one for one in changes if one["change"] == "changed"]
        found = {(one["type"], one["title"], one["parameter"]) for one in rows}
        # one release marks a value as a secret that the other does not
        marked = {(one["type"], one["title"], one["parameter"]) for one in rows if one["secret"]}
        assert found - marked - changed == set()
        # installed and present; ways to leave a setting alone; what a title that is a name says already
        explained = {"ensure", "ensure_absent_val", "name", "path"}
        assert {one for one in changed - found if one[2] not in explained} == set()
        assert len(found) + len(added) > 5


def resources_of_whole(catalog: Any) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the resources by type and name: two titles may name one package. Classes only hold others."""
    found = {}
    for one in (resource for resource in catalog["resources"] if resource["type"] != "Class"):
        parameters = one.get("parameters", {})
        name = parameters.get("path" if one["type"] in {"File", "Concat_file"} else "name")
        # a list of one means the same as its element
        plain = {key: v[0] if isinstance(v, list) and len(v) == 1 else v for key, v in parameters.items()}
        is_absent = one["type"].endswith("_config") and plain.get("ensure") == "absent"
        if is_absent or ("value" in plain and plain["value"] == plain.get("ensure_absent_val")):
            plain["value"] = "<SERVICE DEFAULT>"  # other ways to leave a setting alone
        found[one["type"], name or one["title"]] = plain
    return found


def test_nodes_of_one_role_have_their_changes_in_common(previewed: Any) -> None:
    assert previewed["nodes"] == {"compiled": 10, "failed": 0, "left_out": 0}
    sizes = sorted(len(group["nodes"]) for group in previewed["groups"])
    assert len(sizes) < 8
    assert {2, 3, 5} <= set(sizes)


def test_secrets_of_real_modules_are_in_no_report(estate: Estate, previewed: Any) -> None:
    names = [release.environment for release in estate.releases]
    for shown in (json.dumps(previewed), estate.run("preview", *names, "--all", "--sample", "1")):
        assert "nova" in shown
        assert [secret for secret in SECRETS if secret in shown] == []


def test_classes_of_real_modules_compile_on_packaged_systems(estate: Estate) -> None:
    name = estate.releases[0].environment
    words = ("compile", name, "--class", "keystone", "--class", "nova", "--class", "neutron")
    both = ("--control", estate.control, "--sandbox", "bwrap", "--format", "json")
    shown = estate.chain.operator.pinner(*words, *both, cwd=estate.chain.project, expect=None)
    (environment,) = json.loads(shown)["environments"]
    total = environment["nodes"]["compiled"] + environment["nodes"]["failed"]
    assert (total, environment["nodes"]["failed"]) == (18, 0), environment["failures"]


EVIL = {
    "spin": "loop {}",
    "leave": "exit!(0)",
    "stop": "exit",
    "memory": "kept = []; loop { kept << ('x' * 10_000_000) }",
    "speak": '$stdout.puts "1 {}"; STDOUT.puts "2 {}"; $stderr.puts "x" * 300_000; system("echo 3"); nil',
    "bomb": "loop { fork { sleep 600 } }",
    "linger": "fork { sleep 3600 }; nil",
    "kill": "Process.kill(:KILL, Process.ppid); sleep 60",
    "nest": "ObjectSpace.each_object(IO) { |io| io.write('[' * 200_000 + 10.chr) unless io.closed? rescue nil }; nil",
    "forge": 'ObjectSpace.each_object(IO) { |io| io.write(%({"resources": 1}\\n)) unless io.closed? rescue nil }; nil',
}


@pytest.fixture(scope="session", params=[Sandbox.BWRAP, Sandbox.UNSHARE, Sandbox.NONE])
def hostile(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Mapping[str, Compiled]:
    """One node for each way to misbehave, between nodes that do not, in each sandbox."""
    files = {"site/role/manifests/fine.pp": "class role::fine { notify { 'fine': } }\n"}
    for name, body in EVIL.items():
        function = f"Puppet::Functions.create_function(:'evil::{name}') {{ def {name}; {body}; end }}\n"
        files[f"modules/evil/lib/puppet/functions/evil/{name}.rb"] = function
        files[f"site/role/manifests/{name}.pp"] = (
            f"class role::{name} {{ evil::{name}() notify {{ 'done': }} }}\n"
        )
    path = write_environment(tmp_path_factory.mktemp("hostile"), changes=files)
    nodes = [make_node(f"{name}.example.org", name) for name in EVIL]
    nodes += [make_node(f"fine{number}.example.org", "fine") for number in range(4)]
    wrapper = sandbox(request.param, path, tmp_path_factory.mktemp("accounts"))
    compiler = make_compiler(path, jobs=3, timeout=20, memory=400 * 1024**2, wrapper=wrapper)
    return {one.node.partition(".")[0]: one for one in compile_nodes(compiler, nodes)}


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("spin", "was ended by SIG"),  # KILL or XCPU
        ("leave", "ended with status 0"),
        ("stop", "exit"),
        ("memory", ""),
        ("kill", "the compiler ended while it compiled this node"),
        ("forge", "cannot be read"),
        ("nest", "its answer is not JSON"),
        ("bomb", "started more than 256 processes"),
    ],
)
def test_a_hostile_node_fails_alone(hostile: Mapping[str, Compiled], name: str, words: str) -> None:
    failure = hostile[name].result
    assert isinstance(failure, Failure)
    if name == "spin":
        assert "did not end within 20 seconds" in failure.notice.message or words in failure.notice.message
    else:
        assert words in failure.notice.message


@pytest.mark.parametrize("name", ["fine0", "fine1", "fine2", "fine3", "speak", "linger"])
def test_nodes_beside_hostile_ones_are_compiled(hostile: Mapping[str, Compiled], name: str) -> None:
    assert isinstance(hostile[name].result, Catalog), hostile[name].result


PROBE = """
class role::probe {
  $reached = generate('/bin/bash', '-c', "(exec 3<>/dev/tcp/127.0.0.1/${facts['port']}) 2>/dev/null && echo -n reached || echo -n cut off")
  $wrote = generate('/bin/sh', '-c', "touch ${facts['target']} 2>/dev/null && echo -n wrote || echo -n refused")
  $secret = generate('/bin/sh', '-c', 'echo -n ${PINNER_TEST_SECRET:-none}')
  notify { 'found': message => [$reached, $wrote, $secret] }
}
"""


@pytest.mark.parametrize(
    ("kind", "found"),
    [
        (Sandbox.BWRAP, ["cut off", "refused", "none"]),
        (Sandbox.UNSHARE, ["cut off", "wrote", "none"]),
        (Sandbox.NONE, ["reached", "wrote", "none"]),
    ],
)
def test_a_sandbox_takes_away_network_and_writing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: Sandbox, found: list[str]
) -> None:
    monkeypatch.setenv("PINNER_TEST_SECRET", "open")
    path = write_environment(tmp_path / "environments", changes={"site/role/manifests/probe.pp": PROBE})
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    with socket.create_server(("127.0.0.1", 0)) as server:
        facts = {"port": server.getsockname()[1], "target": f"{path}/production/modules/new"}
        node = make_node("probe.example.org", "probe", **facts)
        (result,) = compile_nodes(make_compiler(path, wrapper=sandbox(kind, path, scratch)), [node])
    assert isinstance(result.result, Catalog), result.result
    (notice,) = (one for one in result.result.resources if one.type == "Notify")
    assert notice.parameters["message"] == found
