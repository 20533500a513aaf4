"""`pinner demo`: a small working project with upstreams of its own, so that every command can be tried offline."""

from dataclasses import dataclass
from pathlib import Path

from pinner.git.seeding import plant
from pinner.operations.demo_upstreams import NEW, OLD, upstreams
from pinner.project.atomic import write_atomically
from pinner.words.problems import InputError, Problem

UPSTREAMS = "upstreams"
ENVIRONMENTS = ("production", "staging")

_SETTINGS = """\
# The demo's own upstreams stand in for the real ones, so nothing here needs a network.
rewrite:
  "https://opendev.org/openstack/": "./upstreams/openstack/"
  "https://github.com/puppetlabs/": "./upstreams/puppetlabs/"
cache: .cache
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
    """A project that was just made; `directory` is absolute."""

    directory: Path


def make_demo(directory: Path) -> Demo:
    """Make the demo's project and upstreams in `directory`; raises InputError if something is in it already."""
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        what = "is not empty" if directory.is_dir() else "is no directory"
        raise InputError(Problem(f"{directory} {what}", hint="name a new directory: pinner demo DIR"))
    root = directory.resolve()
    for name, seeds in upstreams().items():
        path = root / UPSTREAMS / f"{name}.git"
        path.parent.mkdir(parents=True, exist_ok=True)
        plant(path, seeds)
    for name, text in _project_files().items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(file, text.encode(), shown=str(directory / name))
    return Demo(root)


def _project_files() -> dict[str, str]:
    production, staging = ENVIRONMENTS
    return {
        "pinner.yaml": _SETTINGS,
        "data/common.yaml": _HIERA,
        "environments/_base.yaml": _BASE,
        f"environments/{production}.yaml": _MANIFEST % {"description": "The live cloud", "release": OLD},
        f"environments/{staging}.yaml": _MANIFEST
        % {"description": "Where the upgrade is tried", "release": NEW},
    }
