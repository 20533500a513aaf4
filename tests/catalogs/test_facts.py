"""Facts that pinner brings are those of machines, and legacy facts are Facter's own names for structured ones."""

import json
import subprocess

import pytest

from pinner.catalogs.facts import (
    choose_classes,
    choose_systems,
    made_up_node,
    system_facts,
    with_legacy_facts,
    without_legacy_facts,
)
from pinner.model.catalogs import Json, Node
from pinner.model.errors import InputError
from tests.support.oracles import find_tool
from tools.write_system_facts import SYSTEMS, core_facts, module_facts

VOLATILE = {"memoryfree", "memoryfree_mb", "swapfree", "swapfree_mb", "uptime", "uptime_seconds"}


def test_the_packaged_facts_are_those_that_the_script_writes() -> None:
    assert system_facts() == {name: {**core_facts(name), **module_facts(name)} for name in SYSTEMS}


def test_legacy_facts_have_the_values_that_facter_gives_them() -> None:
    """Of this machine: Facter prints them only if it is asked for."""
    facter = find_tool("facter", "facter")
    done = subprocess.run([facter, "--json", "--show-legacy"], capture_output=True, text=True, check=False)
    legacy = json.loads(done.stdout)
    done = subprocess.run([facter, "--json"], capture_output=True, text=True, check=False)
    derived = with_legacy_facts(Node("a", json.loads(done.stdout), {})).facts
    both = derived.keys() & legacy.keys() - json.loads(done.stdout).keys() - VOLATILE
    assert {name: derived[name] for name in both} == {name: legacy[name] for name in both}
    assert {"osfamily", "operatingsystem", "fqdn", "hostname", "processorcount"} <= both


def test_an_agent_of_puppet_8_sends_no_legacy_facts() -> None:
    system: Json = {"family": "Debian"}
    facts: dict[str, Json] = {"os": system, "puppetversion": "8.10.0"}
    assert "osfamily" not in with_legacy_facts(Node("a", facts, {})).facts
    assert with_legacy_facts(Node("a", {"os": system}, {})).facts["osfamily"] == "Debian"


def test_leaving_out_legacy_facts_keeps_the_others() -> None:
    node = made_up_node("role::compute", "debian-13")
    assert node.facts["osfamily"] == "Debian"
    less = without_legacy_facts(node)
    assert "osfamily" not in less.facts
    assert less.facts["os"] == node.facts["os"]
    assert less.facts["os_service_default"] == "<SERVICE DEFAULT>"


def test_a_made_up_node_has_the_class_and_its_role() -> None:
    node = made_up_node("role::compute", "centos-9")
    assert node.classes == {"role::compute": {}}
    assert node.trusted["extensions"] == {"pp_role": "compute"}
    assert node.facts["fqdn"] == node.name == "role-compute.centos-9.example.org"


def test_unknown_systems_and_classes_are_refused() -> None:
    assert choose_systems(()) == tuple(sorted(SYSTEMS))
    with pytest.raises(InputError, match="--os: no facts of 'plan9'"):
        choose_systems(["plan9"])
    assert choose_classes(["role::*"], ["role::a", "profile::b", "role::c"]) == ("role::a", "role::c")
    with pytest.raises(InputError, match="no class is named"):
        choose_classes(["x"], ["role::a"])
