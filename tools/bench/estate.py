"""A cloud as operators have it: controllers with two hundred classes each, networks, and many compute nodes.

Its code is written for this benchmark, and compiles with the modules of real_code in both releases.
"""

import json
from collections.abc import Mapping
from pathlib import Path

from tests.support.real_estate import facts_of
from tests.support.toy_estate import write_files

ROLES = ("controller", "compute", "network")
_SERVICES = ("cinder", "glance", "heat", "keystone", "neutron", "nova", "placement")
_CLASSES: Mapping[str, str] = {
    "controller": (
        "mysql::server rabbitmq apache"
        " keystone keystone::db keystone::db::mysql keystone::logging keystone::cache keystone::bootstrap"
        " keystone::wsgi::apache"
        " glance glance::db::mysql glance::api glance::api::db glance::api::authtoken glance::api::logging"
        " glance::keystone::auth"
        " placement placement::db placement::db::mysql placement::logging placement::keystone::authtoken"
        " placement::keystone::auth placement::api placement::wsgi::apache"
        " nova nova::db nova::db::mysql nova::db::mysql_api nova::logging nova::cache nova::placement"
        " nova::network::neutron nova::keystone::service_user nova::keystone::authtoken nova::keystone::auth"
        " nova::api nova::metadata nova::wsgi::apache_api nova::wsgi::apache_metadata nova::conductor"
        " nova::scheduler nova::scheduler::filter nova::vncproxy nova::cell_v2::simple_setup"
        ""
        " neutron neutron::db neutron::db::mysql neutron::logging neutron::keystone::authtoken"
        " neutron::keystone::auth neutron::server neutron::server::notifications"
        " neutron::server::notifications::nova neutron::server::placement neutron::quota neutron::plugins::ml2"
        " cinder cinder::db cinder::db::mysql cinder::logging cinder::glance cinder::nova"
        " cinder::keystone::service_user cinder::keystone::authtoken cinder::keystone::auth cinder::api"
        " cinder::wsgi::apache cinder::scheduler cinder::quota"
        " heat heat::db heat::db::mysql heat::logging heat::cache heat::keystone::authtoken"
        " heat::keystone::auth heat::keystone::domain heat::trustee heat::api heat::wsgi::apache_api heat::api_cfn"
        " heat::wsgi::apache_api_cfn heat::engine"
    ),
    "compute": (
        "nova nova::db nova::logging nova::cache nova::placement nova::network::neutron"
        " nova::keystone::service_user nova::compute nova::compute::libvirt nova::compute::rbd"
        " nova::migration::libvirt neutron neutron::logging neutron::agents::ml2::ovs"
        " ceilometer ceilometer::logging ceilometer::agent::service_credentials ceilometer::agent::polling"
    ),
    "network": (
        "neutron neutron::logging neutron::agents::ml2::ovs neutron::agents::dhcp neutron::agents::l3"
        " neutron::agents::metadata"
    ),
}
_URL = "http://192.0.2.5:5000"
_DATA = """\
mysql::server::root_password: root-secret
rabbitmq::manage_repos: false
apache::default_vhost: false
keystone::service_name: httpd
keystone::cache::enabled: true
keystone::cache::memcache_servers: ['192.0.2.11:11211']
keystone::bootstrap::password: admin-secret
glance::api::enabled_backends: ['images:file']
glance::api::default_backend: images
placement::api::api_service_name: httpd
nova::my_ip: "%{facts.networking.ip}"
nova::db::api_database_connection: mysql+pymysql://nova_api:db-nova@192.0.2.5/nova_api
nova::db::mysql_api::password: db-nova
nova::cache::enabled: true
nova::cache::memcache_servers: ['192.0.2.11:11211']
nova::placement::password: svc-placement
nova::network::neutron::password: svc-neutron
nova::api::service_name: httpd
nova::metadata::neutron_metadata_proxy_shared_secret: metadata-secret
nova::compute::vncproxy_host: 192.0.2.5
nova::compute::vncserver_proxyclient_address: "%{facts.networking.ip}"
nova::compute::libvirt::images_type: rbd
nova::compute::rbd::libvirt_rbd_user: nova
nova::compute::rbd::libvirt_rbd_secret_uuid: 457eb676-33da-42ec-9a8c-9293d545c337
nova::compute::rbd::libvirt_rbd_secret_key: cmJkLXNlY3JldA==
nova::migration::libvirt::transport: tcp
nova::migration::libvirt::auth: none
nova::migration::libvirt::listen_address: "%{facts.networking.ip}"
neutron::core_plugin: ml2
neutron::bind_host: "%{facts.networking.ip}"
neutron::server::notifications::nova::password: svc-nova
neutron::server::placement::password: svc-placement
neutron::plugins::ml2::type_drivers: [vxlan, vlan, flat]
neutron::plugins::ml2::tenant_network_types: [vxlan]
neutron::plugins::ml2::mechanism_drivers: [openvswitch]
neutron::agents::ml2::ovs::local_ip: "%{facts.networking.ip}"
neutron::agents::ml2::ovs::tunnel_types: [vxlan]
neutron::agents::metadata::shared_secret: metadata-secret
neutron::agents::metadata::metadata_host: 192.0.2.5
cinder::nova::password: svc-nova
cinder::api::service_name: httpd
heat::cache::enabled: true
heat::keystone::domain::domain_password: svc-heat-domain
heat::trustee::password: svc-heat
heat::api::service_name: httpd
heat::api_cfn::service_name: httpd
heat::engine::auth_encryption_key: 0123456789abcdef0123456789abcdef
vswitch::ovs::package_name: openvswitch-switch
vswitch::ovs::service_name: openvswitch-switch
ceilometer::telemetry_secret: telemetry-secret
ceilometer::default_transport_url: rabbit://openstack:rabbit-secret@192.0.2.11:5672//
ceilometer::agent::service_credentials::password: svc-ceilometer
ceilometer::agent::polling::central_namespace: false
ceilometer::agent::polling::ipmi_namespace: false
"""
_FACTS = {"clientversion": "7.23.0", "os_workers_heat_engine": 4, "mysql_server_id": 1}
_BASE = """\
class role::base {
  file { '/etc/motd': content => "${facts['networking']['fqdn']} (${facts['networking']['ip']})\\n" }
  file { '/etc/minute': content => String(fqdn_rand(60, 'report')) }
  range(1, 20).each |$number| {
    file_line { "sysctl ${number}": path => '/etc/sysctl.d/50-cloud.conf', line => "vm.setting${number} = 1" }
  }
}
"""


def write_cloud(directory: Path, nodes: Mapping[str, int]) -> tuple[Path, Path]:
    """Write the control repository and the facts of so many nodes of each role, and return both directories."""
    files = {
        "environment.conf": "modulepath = site\n",
        "manifests/site.pp": "node default { include \"role::${facts['purpose']}\" }\n",
        "hiera.yaml": "version: 5\nhierarchy: [{name: all, path: common.yaml}]\n",
        "data/common.yaml": _DATA + "".join(map(_data_of, _SERVICES)),
        "site/role/manifests/base.pp": _BASE,
    }
    for role, classes in _CLASSES.items():
        lines = "".join(f"  include {name}\n" for name in ("role::base", *classes.split()))
        files[f"site/role/manifests/{role}.pp"] = f"class role::{role} {{\n{lines}}}\n"
    write_files(directory / "control", files)
    for role, number in nodes.items():
        for index in range(1, number + 1):
            name = f"{role}{index:03}.example.org"
            facts = {**facts_of(name, role, index), **_FACTS}
            write_files(directory / "facts", {f"{name}.json": json.dumps(facts)})
    return directory / "control", directory / "facts"


def _data_of(service: str) -> str:
    database = f"mysql+pymysql://{service}:db-{service}@192.0.2.5/{service}"
    connection = "glance::api::db" if service == "glance" else f"{service}::db"
    return (
        f"{connection}::database_connection: {database}\n"
        f"{service}::db::mysql::password: db-{service}\n"
        f"{service}::default_transport_url: rabbit://openstack:rabbit-secret@192.0.2.11:5672//\n"
        f"{service}::keystone::auth::password: svc-{service}\n"
        f"{'glance::api' if service == 'glance' else service + '::keystone'}::authtoken::password: svc-{service}\n"
        f"{'glance::api' if service == 'glance' else service + '::keystone'}::authtoken::auth_url: {_URL}\n"
        f"{service}::keystone::service_user::password: svc-{service}\n"
    )
