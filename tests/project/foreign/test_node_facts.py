"""Facts are read from what Facter, Puppet, PuppetDB and a Puppet Server write, and nothing else is taken for facts."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from pinner.model.catalogs import Node
from pinner.model.errors import InputError
from pinner.project.foreign.node_facts import choose_nodes, kind_of, parse_nodes, read_nodes
from tests.support.oracles import find_tool

OS = {"name": "Debian", "family": "Debian", "release": {"full": "12.8", "major": "12"}}
FACTS: dict[str, Any] = {
    "os": OS,
    "networking": {"fqdn": "a1.example.org", "mtu": 1500},
    "texts": ["on", "0123", "1.10", "~", "2024-01-01", "12:30", "a: b", "é", "", " x", "1e3", "0x1F"],
    "nothing": None,
    "yes": True,
    "load": 0.25,
}
EXTENSIONS = {"pp_role": "compute"}


def nodes_of(value: Any, path: str = "facts/a1.example.org.json") -> dict[str, Node]:
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return {node.name: node for node in parse_nodes(data, path)}


@pytest.mark.parametrize(
    "value",
    [
        FACTS,
        {"name": "a1.example.org", "values": FACTS, "timestamp": "2026-01-01"},
        {"certname": "a1.example.org", "environment": "production", "values": FACTS},
        [{"certname": "a1.example.org", "facts": FACTS}],
        [{"certname": "a1.example.org", "name": name, "value": value} for name, value in FACTS.items()],
    ],
    ids=["facter", "puppet", "export", "inventory", "facts"],
)
def test_facts_are_the_same_in_every_json_format(value: Any) -> None:
    (node,) = nodes_of(value).values()
    assert (node.name, dict(node.facts)) == ("a1.example.org", FACTS)
    assert node.trusted == {
        "authenticated": "remote",
        "certname": "a1.example.org",
        "hostname": "a1",
        "domain": "example.org",
        "extensions": {},
        "external": {},
    }


def test_facts_of_a_servers_cache_are_what_puppet_wrote() -> None:
    script = (
        "require 'puppet'; require 'json'; facts = JSON.parse($stdin.read); facts['again'] = facts['os'];"
        "print Puppet::Node::Facts.new('a1.example.org', facts).to_yaml"
    )
    find_tool("puppet", "puppet-agent")
    written = subprocess.run(
        [find_tool("ruby", "ruby"), "-e", script],
        input=json.dumps(FACTS),
        capture_output=True,
        text=True,
        check=True,
    )
    (node,) = nodes_of(written.stdout.encode(), "yaml/facts/a1.example.org.yaml").values()
    assert dict(node.facts) == {**FACTS, "again": OS}  # an alias in YAML


def test_trusted_facts_come_from_the_inventory_or_from_the_fact() -> None:
    trusted = {"certname": "a1.example.org", "extensions": EXTENSIONS}
    (one,) = nodes_of([{"certname": "a1.example.org", "facts": FACTS, "trusted": trusted}]).values()
    (other,) = nodes_of({**FACTS, "trusted": trusted}).values()
    assert one.trusted["extensions"] == other.trusted["extensions"] == EXTENSIONS
    assert "trusted" not in other.facts
    assert one.kind == kind_of(one) == "compute/Debian/12"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"[1]", "a row has no certname"),
        (b"7", "it is not an object"),
        (b"{", "it cannot be read"),
        (b"{}", "they lack the fact 'os'"),
        (b"[" * 100_000, "it cannot be read"),
        (
            json.dumps([{"certname": "../x", "facts": FACTS}]).encode(),
            "'../x' is not the name of a certificate",
        ),
        (json.dumps([{"certname": "a"}]).encode(), "a row has neither facts nor the name of a fact"),
    ],
)
def test_what_is_not_facts_is_refused(data: bytes, words: str) -> None:
    with pytest.raises(InputError, match="no facts of a node") as refused:
        nodes_of(data)
    assert words in str(refused.value)


def test_aliases_cannot_make_facts_grow() -> None:
    lines = [
        "--- !ruby/object:Puppet::Node::Facts",
        "name: a",
        "values:",
        "  os: &a0 [x, x, x, x, x, x, x, x, x, x]",
    ]
    lines += [f"  k{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    with pytest.raises(InputError, match="more than 200000 values"):
        nodes_of("\n".join(lines).encode(), "a.yaml")


def test_a_yaml_file_makes_no_objects(tmp_path: Path) -> None:
    text = f"--- !!python/object/apply:os.system ['touch {tmp_path}/made']\n"
    with pytest.raises(InputError, match="it cannot be read"):
        nodes_of(text.encode(), "a.yaml")
    assert not list(tmp_path.iterdir())


def test_two_files_of_one_node_are_a_problem(tmp_path: Path) -> None:
    tmp_path.joinpath("one.json").write_text(json.dumps({"name": "a1.example.org", "values": FACTS}))
    tmp_path.joinpath("a1.example.org.json").write_text(json.dumps(FACTS))
    (problem,) = read_nodes(tmp_path).problems
    assert problem.message == f"the facts of a1.example.org are in {tmp_path}/a1.example.org.json, too"


def test_nodes_are_chosen_by_name_and_by_kind(tmp_path: Path) -> None:
    for name in ("compute1", "compute2", "compute10", "db1"):
        tmp_path.joinpath(f"{name}.example.org.json").write_text(json.dumps(FACTS))
    nodes = read_nodes(tmp_path).nodes
    assert [one.name for one in choose_nodes(nodes, sample=1)] == ["compute1.example.org", "db1.example.org"]
    assert [one.name for one in choose_nodes(nodes, only=("db*",))] == ["db1.example.org"]
    assert len(choose_nodes(nodes, only=("compute*",), sample=2)) == 2
