"""The `demo` command: create a demo project and its upstream repositories.

Dates are fixed, so that commit ids, lock ids and the diff are the same on every machine.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

from pinner.git.control.repository import DemoCommit, commit_files, init_project, make_upstream
from pinner.git.process.local_repositories import checkout_of
from pinner.model.errors import InputError, Problem
from pinner.project.files import Root, resolve

OLD, NEW = "2024.1", "2025.1"
_START = 1_712_100_000
_DAY = 86_400
_NOW = _START + 400 * _DAY
_AUTHOR = ("pinner demo", "demo@example.org")

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
      keystone_config { 'catalog/driver': value => $catalog_type }
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
      keystone_config { 'catalog/driver': value => $catalog_driver }
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


def demo_upstreams() -> Mapping[str, tuple[DemoCommit, ...]]:
    """Return the commits of each upstream repository, by its path below the upstreams' directory."""
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


def _openstack(name: str, old: str, new: str, subjects: list[str]) -> Iterator[DemoCommit]:
    """Yield a module's history: one line of development, and a stable branch at each release."""
    before, after = _files(name, "24.0.0", OLD, old), _files(name, "26.0.0", NEW, new)
    if name == "nova":
        after["releasenotes/notes/instance-uuid-file-0123456789abcdef.yaml"] = dedent(_NOTE)
    yield DemoCommit("master", f"Release {name} 24.0.0", _START, before, tag="24.0.0")
    yield DemoCommit(
        f"stable/{OLD}", f"Update .gitreview for stable/{OLD}", _START + _DAY, before, parent="master"
    )
    for days, subject in enumerate(subjects, start=100):
        yield DemoCommit("master", subject, _START + days * _DAY, after)
    yield DemoCommit("master", f"Release {name} 26.0.0", _START + 360 * _DAY, after, tag="26.0.0")
    yield DemoCommit(
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


def _integration() -> Iterator[DemoCommit]:
    """Yield the third-party modules that upstream's gate runs, with one branch per release."""
    for days, release, tag in ((0, OLD, "v9.6.0"), (360, NEW, "v9.7.0")):
        rows = (
            "mod 'stdlib',",
            "  :git => 'https://github.com/puppetlabs/puppetlabs-stdlib',",
            f"  :ref => '{tag}'",
        )
        files = {"Puppetfile": "\n".join(rows) + "\n"}
        yield DemoCommit(f"stable/{release}", f"Use stdlib {tag}", _START + days * _DAY, files)


def _stdlib() -> Iterator[DemoCommit]:
    for days, version in ((0, "9.6.0"), (300, "9.7.0")):
        files = {
            "metadata.json": _metadata("puppetlabs-stdlib", version, {}),
            "types/absolutepath.pp": "type Stdlib::Absolutepath = Variant[Stdlib::Windowspath, Stdlib::Unixpath]\n",
            "types/ensure/package.pp": "type Stdlib::Ensure::Package = String[1]\n",
            "types/unixpath.pp": "type Stdlib::Unixpath = Pattern[/\\A\\/([^\\n\\/\\0]+\\/*)*\\z/]\n",
            "types/windowspath.pp": "type Stdlib::Windowspath = Pattern[/\\A(([a-zA-Z]:[\\\\\\/])|([\\\\\\/][\\\\\\/]))/]\n",
        }
        yield DemoCommit("main", f"Release {version}", _START + days * _DAY, files, tag=f"v{version}")


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


UPSTREAMS = "upstreams"
ENVIRONMENTS = ("production", "staging")

_SETTINGS = """\
# The demo's own upstreams replace the real ones, so nothing here needs a network.
rewrite:
  "https://opendev.org/openstack/": "./upstreams/openstack/"
  "https://github.com/puppetlabs/": "./upstreams/puppetlabs/"
cache: %(cache)s    # a cache of the demo's own; pinner.yaml may name none inside of the project
"""

_BASE = """\
# What all clouds of this demo have in common.
owners: [cloud@example.org]
platforms: {Ubuntu: ["24.04"]}
puppet: 8.10.0
openstack: [glance, keystone, nova, openstacklib]
dependencies:
  externals: integration    # third-party modules as upstream's gate runs them
"""

_MANIFEST = """\
description: %(description)s
extends: _base
release: %(release)s
"""


_HIERA = """\
# What this operator has set; it was written for the live cloud.
keystone::catalog_type: sql
keystone::max_tokn_size: 512
nova::compute::enabled: "yes"
nova::compute::vnc_enabled: true
"""


@dataclass(frozen=True, slots=True)
class Demo:
    """A project that was just created; `directory` is absolute."""

    directory: Path


def make_demo(directory: Path) -> Demo:
    """Create the demo's project and upstreams in `directory`; raises InputError unless it is new or empty."""
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        what = "is not empty" if directory.is_dir() else "is not a directory"
        raise InputError(Problem(f"{directory} {what}", hint="name a new directory: pinner demo DIR"))
    root = resolve(directory)
    for name, commits in demo_upstreams().items():
        path = root / UPSTREAMS / f"{name}.git"
        path.parent.mkdir(parents=True, exist_ok=True)
        make_upstream(path, commits)
    # The cache, for the demo alone, is beside the demo, or in the home directory if that place is in a checkout.
    beside = root.with_name(f"{root.name}.cache")
    is_in_checkout = beside.is_relative_to(checkout_of(root))
    production, staging = ENVIRONMENTS
    files = {
        ".gitignore": f"/{UPSTREAMS}/\n",  # pinner refuses remotes whose files git tracks
        "pinner.yaml": _SETTINGS
        % {"cache": json.dumps("~/.cache/pinner-demo" if is_in_checkout else f"../{beside.name}")},
        "data/common.yaml": _HIERA,
        "environments/_base.yaml": _BASE,
        f"environments/{production}.yaml": _MANIFEST % {"description": "The live cloud", "release": OLD},
        f"environments/{staging}.yaml": _MANIFEST
        % {"description": "Where the upgrade is tried", "release": NEW},
    }
    for name, text in files.items():
        Root(root, str(directory)).write(root / name, text.encode(), shown=str(directory / name))
    init_project(root)
    commit_files(root, (root / name for name in files), "Add two environments", author=_AUTHOR, when=_NOW)
    return Demo(root)


def commit_locks(demo: Demo) -> None:
    """Commit the locks and Puppetfiles of the demo, as a user would."""
    made = (*demo.directory.glob("environments/*.lock"), *demo.directory.glob("puppetfiles/*/*"))
    commit_files(demo.directory, made, "Lock both environments", author=_AUTHOR, when=_NOW + _DAY)
