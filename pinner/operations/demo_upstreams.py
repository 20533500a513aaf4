"""The demo's upstreams: five small modules over two releases, and their gate, made up but shaped like the real ones.

Dates are fixed, so that the demo has the same commit ids, lock ids and diff on every machine.
"""

import json
from collections.abc import Iterator, Mapping
from textwrap import dedent

from pinner.git.seeding import Seed

OLD, NEW = "2024.1", "2025.1"
_START = 1_712_100_000
_DAY = 86_400

_KEYSTONE_OLD = """\
    # == Class: keystone
    #
    # Installs and configures the identity service.
    #
    # === Parameters
    #
    # [*package_ensure*]
    #   (Optional) Ensure state of the package.
    #   Defaults to 'present'.
    #
    # [*max_token_size*]
    #   (Optional) Largest token that is accepted.
    #   Defaults to 8192.
    #
    # DEPRECATED PARAMETERS
    #
    # [*catalog_type*]
    #   (Optional) Type of the service catalogue. Use catalog_driver instead.
    #   Defaults to undef.
    #
    class keystone (
      $package_ensure = 'present',
      $max_token_size = 8192,
      # DEPRECATED PARAMETERS
      $catalog_type   = undef,
    ) {
      if $catalog_type != undef {
        warning('The catalog_type parameter is deprecated. Use catalog_driver instead.')
      }
    }
"""

_KEYSTONE_NEW = """\
    # == Class: keystone
    #
    # Installs and configures the identity service.
    #
    # === Parameters
    #
    # [*package_ensure*]
    #   (Optional) Ensure state of the package.
    #   Defaults to 'present'.
    #
    # [*max_token_size*]
    #   (Optional) Largest token that is accepted.
    #   Defaults to 255.
    #
    # [*catalog_driver*]
    #   (Optional) Driver of the service catalogue.
    #   Defaults to 'sql'.
    #
    class keystone (
      Stdlib::Ensure::Package $package_ensure = 'present',
      Integer[1]              $max_token_size = 255,
      String[1]               $catalog_driver = 'sql',
    ) {
    }
"""

_NOVA_OLD = """\
    # == Class: nova::compute
    #
    # === Parameters
    #
    # [*enabled*]
    #   (Optional) Whether the service runs.
    #   Defaults to true.
    #
    # [*vnc_enabled*]
    #   (Optional) Whether consoles are offered over VNC.
    #   Defaults to true.
    #
    class nova::compute (
      $enabled     = true,
      $vnc_enabled = true,
    ) {
    }
"""

_NOVA_NEW = """\
    # == Class: nova::compute
    #
    # === Parameters
    #
    # [*enabled*]
    #   (Optional) Whether the service runs.
    #   Defaults to true.
    #
    # [*instance_uuid_file*]
    #   (Required) Where the host's identity is kept.
    #
    # DEPRECATED PARAMETERS
    #
    # [*vnc_enabled*]
    #   (Optional) Whether consoles are offered over VNC.
    #   Defaults to undef.
    #
    class nova::compute (
      Stdlib::Absolutepath $instance_uuid_file,
      Boolean              $enabled = true,
      # DEPRECATED PARAMETERS
      $vnc_enabled                  = undef,
    ) {
      if $vnc_enabled != undef {
        warning('The vnc_enabled parameter is deprecated and will be removed. Use nova::vncproxy instead.')
      }
    }
"""

_NOTE = """\
    ---
    upgrade:
      - |
        The ``nova::compute::instance_uuid_file`` parameter is required now.
    deprecations:
      - |
        The ``nova::compute::vnc_enabled`` parameter has been deprecated.
"""

_GLANCE = """\
    # == Class: glance
    #
    # === Parameters
    #
    # [*package_ensure*]
    #   (Optional) Ensure state of the package.
    #   Defaults to 'present'.
    #
    class glance (
      $package_ensure = 'present',
    ) {
    }
"""


def upstreams() -> Mapping[str, tuple[Seed, ...]]:
    """Return the path of each repository below the upstreams' directory, with its commits."""
    return {
        "openstack/puppet-glance": tuple(_openstack("glance", _GLANCE, _GLANCE, [])),
        "openstack/puppet-keystone": tuple(
            _openstack("keystone", _KEYSTONE_OLD, _KEYSTONE_NEW, ["Remove deprecated catalog_type"])
        ),
        "openstack/puppet-nova": tuple(
            _openstack("nova", _NOVA_OLD, _NOVA_NEW, ["Deprecate vnc_enabled", "Require instance_uuid_file"])
        ),
        "openstack/puppet-openstack-integration": tuple(_integration()),
        "openstack/puppet-openstacklib": tuple(_openstack("openstacklib", "", "", [])),
        "puppetlabs/puppetlabs-stdlib": tuple(_stdlib()),
    }


def _openstack(name: str, old: str, new: str, subjects: list[str]) -> Iterator[Seed]:
    """Yield a module's history: one line of development, and a stable branch where each release was made."""
    before, after = _files(name, "24.0.0", OLD, old), _files(name, "26.0.0", NEW, new)
    if name == "nova":
        after["releasenotes/notes/instance-uuid-file-0123456789abcdef.yaml"] = dedent(_NOTE)
    yield Seed("master", f"Release {name} 24.0.0", _START, before, tag="24.0.0")
    yield Seed(f"stable/{OLD}", f"Update .gitreview for stable/{OLD}", _START + _DAY, before, parent="master")
    for days, subject in enumerate(subjects, start=100):
        yield Seed("master", subject, _START + days * _DAY, after)
    yield Seed("master", f"Release {name} 26.0.0", _START + 360 * _DAY, after, tag="26.0.0")
    yield Seed(
        f"stable/{NEW}", f"Update .gitreview for stable/{NEW}", _START + 361 * _DAY, after, parent="master"
    )


def _files(name: str, version: str, release: str, code: str) -> dict[str, str]:
    lower, upper = version, f"{int(version.split('.', maxsplit=1)[0]) + 1}.0.0"
    needs = {"puppetlabs/stdlib": ">=9.0.0 <10.0.0"}
    if name != "openstacklib":
        needs["openstack/openstacklib"] = f">={lower} <{upper}"
    if name in {"nova", "glance"}:
        needs["openstack/keystone"] = f">={lower} <{upper}"
    manifest = "nova::compute" if name == "nova" else name
    path = "manifests/compute.pp" if name == "nova" else "manifests/init.pp"
    return {
        ".gitreview": f"[gerrit]\nproject=openstack/puppet-{name}.git\ndefaultbranch=stable/{release}\n",
        "metadata.json": _metadata(f"openstack-{name}", version, needs),
        path: dedent(code) or f"class {manifest} {{\n}}\n",
    }


def _integration() -> Iterator[Seed]:
    """Yield what upstream's gate runs beside OpenStack's own modules, a branch for each release."""
    for days, release, tag in ((0, OLD, "v9.6.0"), (360, NEW, "v9.7.0")):
        rows = (
            "mod 'stdlib',",
            "  :git => 'https://github.com/puppetlabs/puppetlabs-stdlib',",
            f"  :ref => '{tag}'",
        )
        files = {"Puppetfile": "\n".join(rows) + "\n"}
        yield Seed(f"stable/{release}", f"Use stdlib {tag}", _START + days * _DAY, files)


def _stdlib() -> Iterator[Seed]:
    for days, version in ((0, "9.6.0"), (300, "9.7.0")):
        files = {
            "metadata.json": _metadata("puppetlabs-stdlib", version, {}),
            "types/absolutepath.pp": "type Stdlib::Absolutepath = Variant[Stdlib::Windowspath, Stdlib::Unixpath]\n",
            "types/ensure/package.pp": "type Stdlib::Ensure::Package = String[1]\n",
            "types/unixpath.pp": "type Stdlib::Unixpath = Pattern[/\\A\\/([^\\n\\/\\0]+\\/*)*\\z/]\n",
            "types/windowspath.pp": "type Stdlib::Windowspath = Pattern[/\\A(([a-zA-Z]:[\\\\\\/])|([\\\\\\/][\\\\\\/]))/]\n",
        }
        yield Seed("main", f"Release {version}", _START + days * _DAY, files, tag=f"v{version}")


def _metadata(name: str, version: str, needs: Mapping[str, str]) -> str:
    rows = [{"name": other, "version_requirement": wanted} for other, wanted in sorted(needs.items())]
    platforms = [{"operatingsystem": "Ubuntu", "operatingsystemrelease": ["22.04", "24.04"]}]
    puppet = [{"name": "puppet", "version_requirement": ">= 7.9.0 < 9.0.0"}]
    document = {
        "name": name,
        "version": version,
        "author": name.partition("-")[0],
        "license": "Apache-2.0",
        "dependencies": rows,
        "requirements": puppet,
        "operatingsystem_support": platforms,
    }
    return json.dumps(document, indent=2) + "\n"
