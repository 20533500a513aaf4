"""All manifests of real modules have the syntax tree of Puppet's own parser."""

from pathlib import Path

import pytest

from pinner.model.errors import InputError
from pinner.puppet.language.parser import parse_code
from tests.support import debian_modules
from tests.support.oracles import RubyOracle
from tests.support.puppet_language import row_of_puppet, rows

pytestmark = pytest.mark.e2e

NAMES = frozenset(
    (
        *("cinder", "glance", "horizon", "keystone", "neutron", "nova", "openstacklib", "oslo", "swift"),
        *("vswitch", "apache", "mysql", "postgresql", "rabbitmq", "stdlib", "memcached"),
    )
)
SUITES = ("bullseye", "trixie")
ENOUGH = 1000


def same_tree(path: Path, puppet: RubyOracle) -> bool:
    answer = puppet.ask({"path": str(path)})
    try:
        found = rows(parse_code(path.read_text()))
    except InputError:
        return "error" in answer
    return "error" in answer or found == row_of_puppet(answer)


def test_every_manifest_has_puppets_tree(puppet_language: RubyOracle) -> None:
    kept = debian_modules.download_kept()
    modules = [module for suite in SUITES for module in kept.get(suite, ()) if module.name in NAMES]
    manifests = [path for module in modules for path in sorted(module.path.rglob("*.pp"))]
    assert len(manifests) > ENOUGH
    assert [str(path) for path in manifests if not same_tree(path, puppet_language)] == []
