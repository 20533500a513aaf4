"""A small module of three classes on two releases: everything that an upgrade can do to its users."""

from tests.support.cloud import Cloud

OLD = {
    "manifests/init.pp": """# == Class: nova
#
# [*debug*]
#   (optional) Verbose.
#
# [*rpc_backend*]
#   (optional) The backend.
#
# [*auth_host*]
#   (optional) DEPRECATED. Use auth_url instead.
#
class nova(
  $debug = false,
  $rpc_backend = 'rabbit',
  $auth_host = undef,
  $auth_url = undef,
  Integer $workers = 4,
) { nova_config { 'DEFAULT/auth_url': value => pick($auth_host, $auth_url) } }
""",
    "manifests/api.pp": "class nova::api(\n  $port = 8774,\n  $enabled = true,\n  $secret = undef,\n) { }\n",
    "manifests/cert.pp": "class nova::cert($x = 1) { }\n",
    "manifests/old-name.pp": "class nova::old-name(\n  $alpha_one = 'a',\n  $beta_two = 'b',\n) { }\n",
    "manifests/flavors.pp": "class nova::flavors($flavors = {}) {\n  create_resources('nova::flavor', $flavors)\n}\n",
    "manifests/flavor.pp": "define nova::flavor($ram = 1, $disk = 2) { }\n",
    "releasenotes/notes/first-0123456789abcdef.yaml": "features:\n  - The first note.\n",
}

NEW = {
    "manifests/init.pp": """# == Class: nova
#
# [*debug*]
#   (optional) Verbose.
#
# DEPRECATED PARAMETERS
#
# [*workers*]
#   (optional) Use nova::api::workers instead.
#
class nova(
  $debug = false,
  $auth_url = undef,
  Integer $workers = 4,
) { }
""",
    "manifests/api.pp": (
        "class nova::api(\n  $cell,\n  Nova::Port $port = 8774,\n  Boolean $enabled = true,\n  String $secret = '',\n"
        "  $workers = 1,\n) { nova_config { 'api/workers': value => pick($nova::workers, $workers) } }\n"
    ),
    "manifests/old_name.pp": "class nova::old_name(\n  $alpha_one = 'a',\n  $beta_two = 'b',\n) { }\n",
    "manifests/flavors.pp": "class nova::flavors($flavors = {}) {\n  create_resources('nova::flavor', $flavors)\n}\n",
    "manifests/flavor.pp": "define nova::flavor($ram = 1) { }\n",
    "manifests/broken.pp": "class nova::broken($x = 'never closed) { }\n",
    "types/port.pp": "type Nova::Port = Integer[0, 65535]\n",
    "releasenotes/notes/first-0123456789abcdef.yaml": "features:\n  - The first note.\n",
    "releasenotes/notes/hole-1123456789abcdef.yaml": "security:\n  - A hole is closed.\nupgrade:\n  - |\n    ``nova::cert`` was removed.\n",
    "releasenotes/notes/bad-2123456789abcdef.yaml": "upgrade: [\n",
}

DATA = {
    "hiera.yaml": "version: 5\nhierarchy:\n  - {name: common, path: common.yaml}\n",
    "data/common.yaml": """nova::debug: true
nova::rpc_backend: zmq
nova::auth_host: 10.0.0.1
nova::workers: 8
nova::api::port: 70000
nova::api::enabled: "yes"
nova::api::secret: ENC[PKCS7,MIIB]
nova::cert::x: 2
nova::old-name::alpha_one: z
nova::flavors::flavors:
  small:
    ram: 1
    disk: 20
classes:
  - nova::cert
lookup_options:
  nova::rpc_backend:
    merge: first
""",
}

SITE = """class profile::nova {
  class { 'nova::cert':
    x => 1,
  }
  include nova::api
}
"""


def make_nova(cloud: Cloud) -> None:
    """Give nova this code on both releases, with commits that say what they close."""
    nova = cloud.upstream("nova")
    nova.commit("stable/2024.1", version="24.0.0", files=OLD)
    message = "Remove what is old\n\nCloses-Bug: #1234567\nChange-Id: I" + "0123456789" * 4
    nova.commit("stable/2025.1", version="26.0.0", files=NEW, message=message)
    nova.commit(
        "stable/2025.1", version="26.0.0", files=NEW, message="Close a hole\n\nSecurityImpact CVE-2026-12345"
    )


def make_environments(cloud: Cloud) -> None:
    """Lock an environment on each release."""
    for name, release in (("old", "2024.1"), ("new", "2025.1")):
        cloud.manifest(name, f"release: {release}\nopenstack: [nova, keystone]\n")
    assert cloud.run("lock").code == 0


def write_data(cloud: Cloud) -> None:
    """Put hiera data and site code beside the project."""
    for path, text in {
        **{f"hiera/{path}": text for path, text in DATA.items()},
        "site/nova.pp": SITE,
    }.items():
        target = cloud.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
