"""`pinner compile` on a real project: locked modules, a control repository, facts in files."""

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.admin_api import serve_admin_api
from tests.support.cloud import Cloud, Result
from tests.support.control import copy_cloud
from tests.support.oracles import find_tool
from tests.support.toy_estate import FILES, write_files

CONTROL = {name: text for name, text in FILES.items() if not name.startswith("modules/")} | {
    "environment.conf": "modulepath = site:$basemodulepath\nconfig_version = /bin/false\n",
    "site/role/manifests/cronic.pp": "class role::cronic { cron { 'a': command => 'true' } }\n",
    "site/role/manifests/lost.pp": "class role::lost { include elsewhere }\n",
}
NOVA = {
    name.removeprefix("modules/nova/"): text
    for name, text in FILES.items()
    if name.startswith("modules/nova/")
}


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Cloud:
    """A project whose environment `production` has the module nova, and a control repository beside it."""
    find_tool("puppet", "puppet-agent")
    cloud = Cloud(tmp_path_factory.mktemp("cloud"))
    cloud.upstream("nova").commit("stable/2025.1", files=NOVA)
    cloud.project.joinpath("environments/production.yaml").write_text("release: 2025.1\nopenstack: [nova]\n")
    assert cloud.run("lock").code == 0
    write_files(cloud.root / "control", CONTROL)
    for name, role in (("api1", "api"), ("api2", "api"), ("idle1", "idle"), ("lost1", "lost")):
        facts = {
            "os": {"name": "Debian", "family": "Debian", "release": {"major": "12"}},
            "networking": {"hostname": name, "fqdn": f"{name}.example.org", "ip": "192.0.2.7"},
            "trusted": {"certname": f"{name}.example.org", "extensions": {"pp_role": role}},
        }
        write_files(cloud.root / "facts", {f"{name}.example.org.json": json.dumps(facts)})
    return cloud


def compile_nodes(cloud: Cloud, *more: str) -> Result:
    arguments = ("--control", str(cloud.root / "control"), "--sandbox", "none", "--format", "json")
    return cloud.run("compile", "production", *arguments, *more)


@pytest.fixture(scope="module")
def compiled(cloud: Cloud) -> Result:
    return compile_nodes(cloud, "--nodes", str(cloud.root / "facts"), "--sample", "1")


def test_nodes_that_cannot_be_compiled_are_an_answer_with_its_cause(compiled: Result) -> None:
    assert compiled.code == 1, compiled.err
    (environment,) = compiled.json["environments"]
    assert environment["nodes"] == {"compiled": 2, "failed": 1, "left_out": 1}
    (failure,) = environment["failures"]
    assert failure["nodes"] == ["lost1.example.org"]
    assert failure["message"] == "Could not find class ::elsewhere"
    assert (failure["path"], failure["line"], failure["module"]) == ("site/role/manifests/lost.pp", 1, "role")
    assert failure["hint"] == "the lock has no module 'elsewhere': add it to the manifest's modules"


def test_warnings_are_counted(compiled: Result) -> None:
    (environment,) = compiled.json["environments"]
    (warning,) = environment["warnings"]
    assert warning["message"] == "nova is loud"
    assert warning["nodes"] == 1


def test_classes_are_compiled_on_systems_with_packaged_facts(cloud: Cloud) -> None:
    result = compile_nodes(cloud, "--class", "role::[ci]*", "--os", "debian-13,centos-9")
    (environment,) = result.json["environments"]
    assert environment["nodes"] == {"compiled": 2, "failed": 2, "left_out": 0}
    (failure,) = environment["failures"]
    assert failure["nodes"] == ["role::cronic on centos-9", "role::cronic on debian-13"]
    assert failure["hint"] == "the lock has no module 'cron_core': add it to the manifest's modules"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "give --nodes DIR, or --class GLOB with --os LIST"),
        (("--class", "role::none"), "--class: no class is named 'role::none'"),
        (("--class", "role::idle", "--os", "plan9"), "--os: no facts of 'plan9'"),
    ],
)
def test_wrong_usage_is_refused(cloud: Cloud, arguments: tuple[str, ...], words: str) -> None:
    result = compile_nodes(cloud, *arguments)
    assert result.code == 2
    assert words in result.err


KEYS = ("source", "author", "version", "license", "dependencies")
"""Puppet does not find the class of a module without one of these keys, and finds it with all of them."""


@pytest.fixture(scope="module")
def lax(cloud: Cloud, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Any]:
    """Node to its failure: a module for each key, without that one, and `whole`."""
    files: dict[str, str] = {}
    for name in (*KEYS, "whole"):
        metadata = json.loads(NOVA["metadata.json"]) | {"name": f"site-{name}"}
        metadata.pop(name, None)
        files |= {
            f"site/{name}/metadata.json": json.dumps(metadata),
            f"site/{name}/manifests/init.pp": f"class {name} {{ notify {{ '{name}': }} }}\n",
            f"site/role/manifests/with_{name}.pp": f"class role::with_{name} {{ include {name} }}\n",
        }
    control = write_files(tmp_path_factory.mktemp("lax"), CONTROL | files)
    words = ("--class", "role::with_*", "--os", "debian-13", "--sandbox", "none", "--format", "json")
    result = cloud.run("compile", "production", "--control", str(control), *words)
    (environment,) = result.json["environments"]
    assert environment["nodes"] == {"compiled": 1, "failed": len(KEYS), "left_out": 0}
    return {node: failure for failure in environment["failures"] for node in failure["nodes"]}


@pytest.mark.parametrize("key", KEYS)
def test_a_module_that_puppet_ignores_is_the_cause(lax: Mapping[str, Any], key: str) -> None:
    failure = lax[f"role::with_{key} on debian-13"]
    assert failure["message"] == f"Could not find class ::{key}"
    assert (
        failure["hint"]
        == f"Puppet ignores the module '{key}', because its metadata.json has no '{key}': add it there"
    )


def test_a_module_that_puppet_finds_is_compiled(lax: Mapping[str, Any]) -> None:
    assert set(lax) == {f"role::with_{key} on debian-13" for key in KEYS}


def test_a_directory_without_facts_is_refused(cloud: Cloud, tmp_path: Path) -> None:
    tmp_path.joinpath("notes.txt").write_text("no facts")
    result = compile_nodes(cloud, "--nodes", str(tmp_path))
    assert (result.code, "has no facts" in result.err) == (2, True)


def test_files_without_facts_do_not_keep_other_nodes_from_being_compiled(
    cloud: Cloud, tmp_path: Path
) -> None:
    good = (cloud.root / "facts/idle1.example.org.json").read_text()
    files = {
        "idle1.example.org.json": good,
        "twice/idle1.example.org.json": good,
        "x.json": "{}",
        "y.yaml": "[",
    }
    write_files(tmp_path, files)
    result = compile_nodes(cloud, "--nodes", str(tmp_path))
    (environment,) = result.json["environments"]
    assert (result.code, environment["nodes"]["compiled"]) == (3, 1)
    assert len(environment["problems"]) == 3
    for words in ("they lack the fact 'os'", "it cannot be read", "the facts of idle1.example.org are in"):
        assert words in result.err
    (tmp_path / "idle1.example.org.json").unlink()
    (tmp_path / "twice/idle1.example.org.json").unlink()
    nothing = compile_nodes(cloud, "--nodes", str(tmp_path))
    assert (nothing.code, nothing.out) == (2, "")


def test_a_classifier_assigns_classes_and_variables(cloud: Cloud, tmp_path: Path) -> None:
    """The site manifest includes the role that a variable of the classifier names."""
    enc = write_files(
        tmp_path, {"enc": "#!/bin/sh\nprintf 'classes: {role::idle: }\\nparameters: {asked: %s}\\n' \"$2\"\n"}
    )
    enc.joinpath("enc").chmod(0o755)
    control = CONTROL | {
        "manifests/site.pp": "notify { \"asked ${asked}\": }\nif $asked =~ /^lost/ { fail('lost') }\n"
    }
    write_files(tmp_path / "control", control)
    words = (
        "compile",
        "production",
        "--nodes",
        str(cloud.root / "facts"),
        "--control",
        str(tmp_path / "control"),
    )
    command = ("--enc", f"{enc}/enc -v", "--sandbox", "none", "--format", "json")
    (environment,) = cloud.run(*words, *command).json["environments"]
    assert environment["nodes"] == {"compiled": 3, "failed": 1, "left_out": 0}
    assert [one["nodes"] for one in environment["failures"]] == [["lost1.example.org"]]


@pytest.mark.parametrize(
    ("command", "code", "words"),
    [
        ("/nothing", 2, "--enc: there is no program '/nothing'"),
        ("false", 3, "false api1.example.org ended with exit code 1"),
        ("echo a: [", 2, "not YAML"),
        ("echo", 2, "not a map of classes and parameters"),
    ],
)
def test_a_classifier_that_fails_ends_the_command(cloud: Cloud, command: str, code: int, words: str) -> None:
    result = compile_nodes(cloud, "--nodes", str(cloud.root / "facts"), "--only", "api1*", "--enc", command)
    assert (result.code, words in result.err) == (code, True), result.err


def test_facts_come_from_puppetdb(cloud: Cloud, tmp_path: Path) -> None:
    facts = json.loads((cloud.root / "facts/idle1.example.org.json").read_text())
    trusted = facts.pop("trusted")
    rows = [{"certname": "idle1.example.org", "facts": facts, "trusted": trusted}]
    with serve_admin_api(tmp_path) as api:
        api.pages.append((200, json.dumps(rows).encode()))
        result = compile_nodes(cloud, "--puppetdb", api.url, "--ssldir", str(api.ssldir))
        assert (result.code, result.json["environments"][0]["nodes"]["compiled"]) == (0, 1), result.err
        rows.append({"certname": "/", "facts": facts})
        api.pages.append((200, json.dumps(rows).encode()))
        bad = compile_nodes(cloud, "--puppetdb", api.url, "--ssldir", str(api.ssldir))
        assert (bad.code, "'/' is not the name of a certificate" in bad.err) == (3, True), bad.err
        assert bad.json["environments"][0]["nodes"]["compiled"] == 1
        api.pages.append((200, b"[]"))
        empty = compile_nodes(cloud, "--puppetdb", api.url, "--ssldir", str(api.ssldir))
        assert (empty.code, "there are no nodes" in empty.err) == (2, True), empty.err
    plain = compile_nodes(cloud, "--puppetdb", "http://localhost:8080")
    assert (plain.code, "'http://localhost:8080' is not the URL of a PuppetDB" in plain.err) == (2, True)
    both = compile_nodes(cloud, "--puppetdb", api.url, "--nodes", str(cloud.root / "facts"))
    assert (both.code, "give --nodes DIR or --puppetdb URL" in both.err) == (2, True)


def test_bisect_finds_the_commit_that_broke_a_node(tmp_path: Path) -> None:
    find_tool("puppet", "puppet-agent")
    cloud = Cloud(tmp_path / "cloud")
    nova, other = cloud.upstream("nova"), cloud.upstream("other")
    old = {"metadata.json": NOVA["metadata.json"], "manifests/init.pp": "class nova { notify { 'nova': } }\n"}
    nova.tag("1.0.0", nova.commit("master", files=old))
    nova.commit("master", files={**old, "README.md": "harmless"})
    breaking = nova.commit("master", files={**old, "manifests/init.pp": "class nova { include gone }\n"})
    nova.tag(
        "2.0.0", nova.commit("master", files={**old, "manifests/init.pp": "class nova { include gone\n}\n"})
    )
    name = NOVA["metadata.json"].replace("nova", "other")
    files = {"metadata.json": name, "manifests/init.pp": "class other { }\n"}
    other.tag("1.0.0", other.commit("master", files=files))
    other.tag("2.0.0", other.commit("master", files={**files, "README.md": "new"}))
    for environment, tag in (("good", "1.0.0"), ("bad", "2.0.0")):
        rows = [
            f"  {one}: {{git: 'https://opendev.org/openstack/puppet-{one}', tag: {tag}}}\n"
            for one in ("nova", "other")
        ]
        cloud.project.joinpath(f"environments/{environment}.yaml").write_text(f"modules:\n{''.join(rows)}")
    assert cloud.run("lock").code == 0
    program = f"{sys.executable} -m pinner -C {cloud.project}"
    command = f"{program} compile $PINNER_MODULES/ --class nova --os debian-13 --sandbox none"
    result = cloud.run(
        "bisect", "good", "bad", "--deploy", "--trust", "--format", "json", "--", "sh", "-c", command
    )
    assert result.code == 0, result.err
    assert breaking in result.out


class Counted:
    """A node whose site code adds a line to a file each time that it is compiled."""

    def __init__(self, cloud: Cloud, root: Path, lines: Path | None = None) -> None:
        self.cloud, self.control, self.facts = cloud, root / "control", root / "facts"
        self.lines = lines or root / "lines"
        manifest = "$done = generate('/bin/sh', '-c', \"echo >> ${facts['lines']}\")\nwarning('compiled')\ninclude role::idle\n"
        write_files(self.control, CONTROL | {"manifests/site.pp": manifest})
        self.write_facts()

    def write_facts(self, **more: object) -> None:
        facts = {"lines": str(self.lines), "os": {"name": "Debian", "family": "Debian"}, **more}
        write_files(self.facts, {"a1.example.org.json": json.dumps(facts)})

    def compile(self, *more: str) -> tuple[bool, Result]:
        """Return whether the node was compiled, and how the command ended."""
        before = self.lines.stat().st_size if self.lines.exists() else 0
        words = (
            "--nodes",
            str(self.facts),
            "--control",
            str(self.control),
            "--sandbox",
            "none",
            "--format",
            "json",
        )
        result = self.cloud.run("compile", "production", *words, *more)
        after = self.lines.stat().st_size if self.lines.exists() else 0
        return after > before, result


def change_data(counted: Counted) -> None:
    counted.control.joinpath("data/common.yaml").write_text("new: 1\n")


def change_profile(counted: Counted) -> None:
    counted.control.joinpath("site/role/manifests/idle.pp").write_text("class role::idle { }\n")


def change_fact(counted: Counted) -> None:
    counted.write_facts(purpose="new")


def change_memory(counted: Counted) -> None:
    counted.write_facts(memory={"system": {"total_bytes": 2, "used_bytes": 1}})


def leave_everything(counted: Counted) -> None:
    """Change nothing."""


def change_uptime(counted: Counted) -> None:
    counted.write_facts(uptime_seconds=77, load_averages={"1m": 0.5})


def damage_the_cache(counted: Counted) -> None:
    (path,) = counted.cloud.root.rglob("memory.sqlite")
    content = path.read_bytes()
    assert b"compiled" in content
    path.write_bytes(content[:100] + content[100:].replace(b"compiled", b"c0mpiled"))


@dataclass(frozen=True)
class First:
    """What compiling a counted node for the first time printed, and the project afterwards, to be copied."""

    cloud: Cloud
    lines: Path
    result: Result

    def copy(self, root: Path) -> Counted:
        """Return the same node in a copy of the project; the file that it adds lines to is a fact, and stays."""
        return Counted(copy_cloud(self.cloud, root / "cloud"), root, self.lines)


@pytest.fixture(scope="module")
def first(cloud: Cloud, tmp_path_factory: pytest.TempPathFactory) -> First:
    root = tmp_path_factory.mktemp("first")
    counted = Counted(copy_cloud(cloud, root / "cloud"), root)
    was_compiled, result = counted.compile("-v")
    assert (was_compiled, result.code) == (True, 0), result.err
    assert [one["message"] for one in result.json["environments"][0]["warnings"]] == ["compiled"]
    return First(counted.cloud, counted.lines, result)


@pytest.mark.parametrize(
    ("change", "arguments", "is_compiled"),
    [
        (leave_everything, (), False),
        (change_uptime, (), False),
        (change_data, (), True),
        (change_profile, (), True),
        (change_fact, (), True),
        (change_memory, (), True),
        (damage_the_cache, (), True),
        (leave_everything, ("--no-cache",), True),
        (leave_everything, ("--strict",), True),
    ],
)
def test_a_node_is_compiled_again_if_its_inputs_changed(
    first: First,
    tmp_path: Path,
    change: Callable[[Counted], None],
    arguments: tuple[str, ...],
    *,
    is_compiled: bool,
) -> None:
    counted = first.copy(tmp_path)
    change(counted)
    was_compiled, second = counted.compile(*arguments)
    assert (was_compiled, second.out) == (is_compiled, first.result.out), second.err


def test_a_node_that_fails_or_code_from_elsewhere_is_compiled_each_time(cloud: Cloud, tmp_path: Path) -> None:
    counted = Counted(cloud, tmp_path)
    write_files(tmp_path / "elsewhere", {"manifests/init.pp": "class elsewhere { }\n"})
    counted.control.joinpath("site/elsewhere").symlink_to(tmp_path / "elsewhere")
    assert [counted.compile()[0] for _ in range(2)] == [True, True]
    counted.control.joinpath("site/elsewhere").unlink()
    path = counted.control / "manifests/site.pp"
    path.write_text(f"{path.read_text()}fail('no')\n")
    assert [counted.compile()[0] for _ in range(2)] == [True, True]


def test_a_secret_in_a_warning_is_not_stored(cloud: Cloud, tmp_path: Path) -> None:
    counted = Counted(cloud, tmp_path)
    path = counted.control / "manifests/site.pp"
    more = "notify { 'a': message => Sensitive('correct horse') }\nwarning('it is correct horse')\n"
    path.write_text(path.read_text() + more)
    assert [counted.compile()[0] for _ in range(2)] == [True, True]
    (cache,) = cloud.root.rglob("memory.sqlite")
    assert b"correct horse" not in cache.read_bytes()


def test_verbose_counts_the_nodes_that_were_not_compiled_again(first: First, tmp_path: Path) -> None:
    words = "production: 1 node compiled before with the same inputs"
    assert words not in first.result.err
    assert words in first.copy(tmp_path).compile("-v")[1].err
