"""Facts for compiling: those of packaged systems, and the legacy facts that Facter no longer prints by itself."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from fnmatch import fnmatchcase
from functools import cache
from importlib.resources import files
from typing import Any, Final

from pinner.model.catalogs import Json, Node
from pinner.model.errors import InputError, Problem

_PATHS: Final[Mapping[str, str]] = {
    "architecture": "os.architecture",
    "augeasversion": "augeas.version",
    "bios_vendor": "dmi.bios.vendor",
    "domain": "networking.domain",
    "fqdn": "networking.fqdn",
    "gid": "identity.group",
    "hardwareisa": "processors.isa",
    "hardwaremodel": "os.hardware",
    "hostname": "networking.hostname",
    "id": "identity.user",
    "ipaddress": "networking.ip",
    "ipaddress6": "networking.ip6",
    "lsbdistcodename": "os.distro.codename",
    "lsbdistdescription": "os.distro.description",
    "lsbdistid": "os.distro.id",
    "lsbdistrelease": "os.distro.release.full",
    "lsbmajdistrelease": "os.distro.release.major",
    "lsbminordistrelease": "os.distro.release.minor",
    "macaddress": "networking.mac",
    "manufacturer": "dmi.manufacturer",
    "memorysize": "memory.system.total",
    "netmask": "networking.netmask",
    "network": "networking.network",
    "operatingsystem": "os.name",
    "operatingsystemmajrelease": "os.release.major",
    "operatingsystemrelease": "os.release.full",
    "osfamily": "os.family",
    "physicalprocessorcount": "processors.physicalcount",
    "processorcount": "processors.count",
    "productname": "dmi.product.name",
    "rubyplatform": "ruby.platform",
    "rubysitedir": "ruby.sitedir",
    "rubyversion": "ruby.version",
    "selinux": "os.selinux.enabled",
    "selinux_config_mode": "os.selinux.config_mode",
    "selinux_current_mode": "os.selinux.current_mode",
    "serialnumber": "dmi.product.serial_number",
    "swapsize": "memory.swap.total",
    "system32": "os.windows.system32",
    "uptime": "system_uptime.uptime",
    "uptime_days": "system_uptime.days",
    "uptime_hours": "system_uptime.hours",
    "uptime_seconds": "system_uptime.seconds",
    "uuid": "dmi.product.uuid",
}
"""Legacy fact to the structured one with its value (https://www.puppet.com/docs/puppet/latest/core_facts.html)."""
_OF_INTERFACE: Final = {
    "ipaddress": "ip",
    "ipaddress6": "ip6",
    "macaddress": "mac",
    "mtu": "mtu",
    "netmask": "netmask",
    "network": "network",
}
_MIB: Final = 1024 * 1024


def with_legacy_facts(node: Node) -> Node:
    """Return the node with the legacy facts that it lacks, unless its agent is Puppet 8, which does not send them."""
    version = str(node.facts.get("puppetversion") or "")
    if version.partition(".")[0].isdigit() and int(version.partition(".")[0]) >= 8:  # noqa: PLR2004 - Puppet 8 stopped sending them
        return node
    return replace(node, facts={**dict(_legacy(node.facts)), **node.facts})


def without_legacy_facts(node: Node) -> Node:
    """Return the node without legacy facts, as an agent of Puppet 8 sends its facts."""
    legacy = {*_PATHS, *dict(_legacy(node.facts))}
    return replace(node, facts={name: value for name, value in node.facts.items() if name not in legacy})


def _legacy(facts: Mapping[str, Json]) -> Iterator[tuple[str, Json]]:
    for name, path in _PATHS.items():
        value = _dig(facts, path)
        if value is not None:
            yield name, value
    if isinstance(size := _dig(facts, "memory.system.total_bytes"), int):
        yield "memorysize_mb", size / _MIB
    interfaces = _dig(facts, "networking.interfaces")
    if isinstance(interfaces, dict):
        names = {name: "".join(c if c.isalnum() or c == "_" else "_" for c in name) for name in interfaces}
        yield "interfaces", ",".join(names.values())
        for name, values in interfaces.items():
            for prefix, key in _OF_INTERFACE.items():
                if isinstance(values, dict) and values.get(key) is not None:
                    yield f"{prefix}_{names[name]}", values[key]
    disks = facts.get("disks")
    if isinstance(disks, dict):
        yield "blockdevices", ",".join(disks)


def _dig(facts: Mapping[str, Json], path: str) -> Json:
    found: Any = facts
    for part in path.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    return found if isinstance(found, bool | int | float | str | list | dict) else None


@cache
def system_facts() -> Mapping[str, Mapping[str, Json]]:
    """Return the name of each packaged system (`ubuntu-24.04`) and its facts; see tools/write_system_facts.py."""
    text = files("pinner.catalogs").joinpath("data/systems.json").read_text(encoding="utf-8")
    facts: Mapping[str, Mapping[str, Json]] = json.loads(text)
    return facts


def choose_systems(names: Iterable[str]) -> tuple[str, ...]:
    """Return the packaged systems named, or all without a name; raises InputError for one that does not exist."""
    names = tuple(names)
    known = tuple(system_facts())
    if unknown := [name for name in names if name not in known]:
        problems = [
            Problem(f"--os: no facts of {name!r}", hint=f"there are {', '.join(known)}") for name in unknown
        ]
        raise InputError(problems)
    return names or known


def choose_classes(patterns: Iterable[str], classes: Iterable[str]) -> tuple[str, ...]:
    """Return the classes that the patterns match; raises InputError for a pattern without a class."""
    patterns, known = tuple(patterns), tuple(classes)
    for pattern in patterns:
        if not any(fnmatchcase(name, pattern) for name in known):
            hint = "classes are searched for in the locked modules and in the module path of --control"
            raise InputError(Problem(f"--class: no class is named {pattern!r}", hint=hint))
    return tuple(name for name in known if any(fnmatchcase(name, pattern) for pattern in patterns))


def made_up_node(class_name: str, system: str, *, has_legacy_facts: bool = True) -> Node:
    """Return a machine with a class and an operating system; its role is the last part of the class's name."""
    role = class_name.rpartition("::")[2]
    name = f"{class_name.replace('::', '-').replace('_', '-')}.{system.replace('.', '-')}.example.org"
    facts = dict(system_facts()[system])
    networking = facts["networking"]
    if isinstance(networking, dict):
        host, _, domain = name.partition(".")
        facts["networking"] = {**networking, "fqdn": name, "hostname": host, "domain": domain}
    if not has_legacy_facts:
        facts["puppetversion"] = "8.10.0"
    trusted: dict[str, Json] = {
        "authenticated": "remote",
        "certname": name,
        "hostname": name.partition(".")[0],
        "domain": name.partition(".")[2],
        "extensions": {"pp_role": role},
        "external": {},
    }
    node = Node(name, facts, trusted, class_name, classes={class_name: {}})
    return with_legacy_facts(node)
