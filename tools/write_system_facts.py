"""Write the facts of six operating systems that `pinner compile --class` compiles on: python -m tools.write_system_facts.

They are those that Facter 4 reports on a machine of the kind that runs OpenStack, with the facts of the modules that
OpenStack's deployments use (https://www.puppet.com/docs/puppet/latest/core_facts.html, and lib/facter of the modules).
Values that belong to one machine are from the ranges for documentation (RFC 5737, RFC 7042).
"""

import json
from pathlib import Path
from typing import Any

TARGET = Path(__file__).parent.parent / "pinner" / "catalogs" / "data" / "systems.json"

# name, family, full release, code name, kernel, Python
SYSTEMS: dict[str, tuple[str, str, str, str, str, str]] = {
    "ubuntu-22.04": ("Ubuntu", "Debian", "22.04", "jammy", "5.15.0-119-generic", "3.10"),
    "ubuntu-24.04": ("Ubuntu", "Debian", "24.04", "noble", "6.8.0-41-generic", "3.12"),
    "debian-12": ("Debian", "Debian", "12.8", "bookworm", "6.1.0-28-amd64", "3.11"),
    "debian-13": ("Debian", "Debian", "13.2", "trixie", "6.12.57+deb13-amd64", "3.13"),
    "centos-9": ("CentOS", "RedHat", "9", "Stream", "5.14.0-580.el9.x86_64", "3.9"),
    "redhat-9": ("RedHat", "RedHat", "9.5", "Plow", "5.14.0-503.11.1.el9_5.x86_64", "3.9"),
}
CORES = 16
MEMORY = 128 * 1024**3


def release_of(name: str, full: str) -> dict[str, str]:
    """Return os.release: Ubuntu's major release has both numbers, CentOS Stream has one."""
    major, _, minor = full.partition(".")
    if name == "Ubuntu":
        return {"full": full, "major": full}
    return {"full": full, "major": major, **({"minor": minor} if minor else {})}


def core_facts(system: str) -> dict[str, Any]:
    """Return the facts of Facter itself."""
    name, family, full, codename, kernel, _ = SYSTEMS[system]
    release = release_of(name, full)
    is_debian = family == "Debian"
    selinux = (
        {"enabled": False}
        if is_debian
        else {
            "enabled": True,
            "enforced": True,
            "current_mode": "enforcing",
            "config_mode": "enforcing",
            "config_policy": "targeted",
            "policy_version": "33",
        }
    )
    bindings = [{"address": "192.0.2.10", "netmask": "255.255.255.0", "network": "192.0.2.0"}]
    interface = {
        "bindings": bindings,
        "ip": "192.0.2.10",
        "mac": "00:00:5e:00:53:01",
        "mtu": 1500,
        "netmask": "255.255.255.0",
        "network": "192.0.2.0",
    }
    loopback = {"ip": "127.0.0.1", "mtu": 65536, "netmask": "255.0.0.0", "network": "127.0.0.0"}
    return {
        "disks": {
            one: {"model": "SSD", "size_bytes": 960197124096, "type": "ssd"} for one in ("sda", "sdb", "sdc")
        },
        "dmi": {
            "manufacturer": "Example",
            "product": {
                "name": "Server",
                "uuid": "00000000-0000-4000-8000-000000000001",
                "serial_number": "1",
            },
        },
        "facterversion": "4.8.0",
        "fips_enabled": False,
        "identity": {"gid": 0, "group": "root", "privileged": True, "uid": 0, "user": "root"},
        "is_virtual": False,
        "kernel": "Linux",
        "kernelmajversion": ".".join(kernel.split(".")[:2]),
        "kernelrelease": kernel,
        "kernelversion": kernel.partition("-")[0].partition("+")[0],
        "memory": {
            "swap": {"total": "8.00 GiB", "total_bytes": 8 * 1024**3},
            "system": {"total": "128.00 GiB", "total_bytes": MEMORY},
        },
        "mountpoints": {"/": {"device": "/dev/sda2", "filesystem": "ext4" if is_debian else "xfs"}},
        "networking": {
            "domain": "example.org",
            "fqdn": "node.example.org",
            "hostname": "node",
            "interfaces": {"eno1": interface, "lo": loopback},
            "ip": "192.0.2.10",
            "ip6": "2001:db8::10",
            "mac": "00:00:5e:00:53:01",
            "mtu": 1500,
            "netmask": "255.255.255.0",
            "network": "192.0.2.0",
            "primary": "eno1",
        },
        "os": {
            "architecture": "amd64" if is_debian else "x86_64",
            "distro": {
                "codename": codename,
                "description": f"{name} {full}",
                "id": name if name != "RedHat" else "RedHatEnterprise",
                "release": release,
            },
            "family": family,
            "hardware": "x86_64",
            "name": name,
            "release": release,
            "selinux": selinux,
        },
        "path": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "processors": {
            "cores": CORES // 2,
            "count": CORES,
            "isa": "x86_64",
            "models": ["Example"] * CORES,
            "physicalcount": 1,
            "threads": 2,
        },
        "puppetversion": "7.34.0",
        "ruby": {"platform": "x86_64-linux-gnu", "version": "3.1.2", "sitedir": "/usr/local/lib/site_ruby"},
        "system_uptime": {"days": 30, "hours": 720, "seconds": 2592000, "uptime": "30 days"},
        "timezone": "UTC",
        "virtual": "physical",
    }


def module_facts(system: str) -> dict[str, Any]:
    """Return the facts that modules define: stdlib, apache, apt, mysql, openstacklib, rabbitmq, systemd, vswitch."""
    name, family, _, _, _, python = SYSTEMS[system]
    is_debian = family == "Debian"
    workers = max(min(CORES // 4, 8), 2)
    projects = (
        "",
        "_cinder",
        "_glance",
        "_heat",
        "_ironic",
        "_keystone",
        "_magnum",
        "_neutron",
        "_nova",
        "_octavia",
    )
    return {
        **{f"os_workers{project}": workers for project in projects},
        "os_workers_small": max(min(CORES // 4, 4), 1),
        "os_package_type": "ubuntu" if name == "Ubuntu" else "debian" if is_debian else "rpm",
        "os_service_default": "<SERVICE DEFAULT>",
        "apache_version": "2.4.62",
        "apt_has_updates": False,
        "apt_reboot_required": False,
        "apt_update_last_success": 1735689600,
        "erl_ssl_path": "/usr/lib/erlang/lib/ssl-11.1.4/ebin",
        "is_pe": False,
        "libvirt_uuid": None,
        "mysql_version": "10.11.11",
        "mysqld_version": "mysqld  Ver 10.11.11-MariaDB for debian-linux-gnu on x86_64",
        "ovs_version": "3.3.0",
        "ovs_uuid": "00000000-0000-4000-8000-000000000002",
        "package_provider": "apt" if is_debian else "dnf",
        "puppet_environmentpath": "/etc/puppetlabs/code/environments",
        "puppet_vardir": "/opt/puppetlabs/puppet/cache",
        "python3_version": python,
        "python_version": python,
        "rabbitmq_version": "3.12.1",
        "root_home": "/root",
        "service_provider": "systemd",
        "swift_device_uuids": {},
        "systemd": True,
        "systemd_internal_services": {},
        "systemd_version": "252" if "9" in system else "255",
        "yum_package_provider": "dnf",
    }


def main() -> None:
    """Write the file."""
    facts = {system: {**core_facts(system), **module_facts(system)} for system in SYSTEMS}
    TARGET.write_text(json.dumps(facts, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
