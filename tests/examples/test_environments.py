"""The environments a reader learns from: they read without a problem and show each thing once."""

from pathlib import Path

import pytest

from pinner.model.lock import Externals, SelectorKind
from pinner.model.manifest import Manifest
from pinner.openstack.catalogue import ModuleEntry, find_module, find_series, ref_candidates
from pinner.project.files import Project
from pinner.project.manifest.read import read_manifests

READ = read_manifests(Project(Path(__file__).resolve().parents[2]))
MANIFESTS = {manifest.environment: manifest for manifest in READ.manifests}


def test_all_read_without_a_problem() -> None:
    assert READ.problems == ()
    assert {name: str(manifest.release) for name, manifest in MANIFESTS.items()} == {
        "production": "2025.1",
        "region_two": "2024.1",
        "staging": "2025.2",
    }


@pytest.mark.parametrize("manifest", MANIFESTS.values(), ids=lambda manifest: manifest.environment)
def test_every_module_of_the_base_was_seen_in_the_release(manifest: Manifest) -> None:
    series = find_series(str(manifest.release))
    assert series
    for name in manifest.openstack:
        entry = find_module(str(name), series)
        assert isinstance(entry, ModuleEntry), name
        assert entry.seen_ref in {candidate.ref for candidate in ref_candidates(entry.git, series)}


@pytest.mark.parametrize("manifest", MANIFESTS.values(), ids=lambda manifest: manifest.environment)
def test_what_the_base_says_of_dependencies_reaches_every_environment(manifest: Manifest) -> None:
    assert manifest.externals is Externals.INTEGRATION
    assert {"rabbitmq", "rsync"} <= set(manifest.overridden_dependencies)


def test_each_kind_of_override_is_shown() -> None:
    overrides = [override for manifest in MANIFESTS.values() for override in manifest.modules.values()]
    assert {override.selector for override in overrides} >= {
        SelectorKind.TAG,
        SelectorKind.VERSION,
        SelectorKind.BRANCH,
    }
    assert any(override.as_of for override in overrides)
    assert any(override.git and override.reason and override.until for override in overrides)
    assert any(override.is_left_out for override in overrides)
    assert "ceph" in MANIFESTS["region_two"].modules


def test_no_private_host_is_needed() -> None:
    urls = [
        str(each.git) for manifest in MANIFESTS.values() for each in manifest.modules.values() if each.git
    ]
    assert urls == ["https://github.com/openstack/puppet-horizon"]
