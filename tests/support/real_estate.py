"""A control repository and nodes for OpenStack's real modules, small enough to compile in seconds."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.support.toy_estate import trusted_of, write_files

FACTS = json.loads(Path(__file__).with_name("node_facts.json").read_text())
ROLES = ("identity", "compute", "network")
CONTROL = {
    "environment.conf": "modulepath = site\n",
    "manifests/site.pp": "node default { include \"role::${facts['purpose']}\" }\n",
    "hiera.yaml": "version: 5\nhierarchy: [{name: all, path: common.yaml}]\n",
    "site/role/manifests/identity.pp": (
        "class role::identity {\n"
        "  include keystone::db\n"
        "  include keystone::logging\n"
        "  class { 'keystone': manage_service => false }\n"
        "  keystone_config { 'probe/host': value => $facts['networking']['fqdn'] }\n"
        "}\n"
    ),
    "site/role/manifests/compute.pp": (
        "class role::compute {\n"
        "  include nova\n"
        "  include nova::logging\n"
        "  include nova::compute\n"
        "  include nova::compute::libvirt\n"
        "  include nova::network::neutron\n"
        "}\n"
    ),
    "site/role/manifests/network.pp": (
        "class role::network {\n"
        "  include neutron\n"
        "  include neutron::logging\n"
        "  include neutron::agents::dhcp\n"
        "  include neutron::agents::metadata\n"
        "}\n"
    ),
    "data/common.yaml": (
        "keystone::db::database_connection: mysql+pymysql://keystone:keystone-db-pass@192.0.2.5/keystone\n"
        "nova::default_transport_url: rabbit://nova:nova-rabbit-pass@192.0.2.6:5672//\n"
        "nova::network::neutron::password: nova-neutron-pass\n"
        "neutron::default_transport_url: rabbit://neutron:neutron-rabbit-pass@192.0.2.6:5672//\n"
        "neutron::agents::metadata::shared_secret: metadata-shared-secret\n"
    ),
}
SECRETS = (
    "keystone-db-pass",
    "nova-rabbit-pass",
    "nova-neutron-pass",
    "neutron-rabbit-pass",
    "metadata-shared-secret",
)


def write_estate(directory: Path, nodes: Mapping[str, int]) -> tuple[Path, Path]:
    """Write the control repository and the facts of so many nodes of each role, and return both directories."""
    write_files(directory / "control", CONTROL)
    for role, number in nodes.items():
        for index in range(1, number + 1):
            name = f"{role}{index:03}.example.org"
            write_files(directory / "facts", {f"{name}.json": json.dumps(facts_of(name, role, index))})
    return directory / "control", directory / "facts"


def facts_of(name: str, role: str, index: int) -> dict[str, Any]:
    """Return the facts of a node on Debian."""
    host = name.partition(".")[0]
    ip = f"192.0.2.{index % 200 + 10}"
    networking = {
        **FACTS["networking"],
        "fqdn": name,
        "hostname": host,
        "ip": ip,
        "interfaces": {"eth0": {"ip": ip}},
    }
    own = {"fqdn": name, "hostname": host, "ipaddress": ip, "clientcert": name, "networking": networking}
    return {**FACTS, **own, "purpose": role, "trusted": trusted_of(name, role)}
