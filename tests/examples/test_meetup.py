"""The meetup's twenty deployments: each manifest says what its row of the table says, and names what exists."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from pinner.model.lock import SelectorKind, Series
from pinner.model.manifest import Manifest, Override
from pinner.openstack.catalogue import ModuleEntry, find_module, find_series, modules_in, ref_candidates
from pinner.openstack.facts import ThirdParty
from pinner.project.files import Project
from pinner.project.manifest.read import read_manifests

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "meetup-2014"
READ = read_manifests(Project(EXAMPLE))
MANIFESTS = {manifest.environment: manifest for manifest in READ.manifests}

UBUNTU = {"Ubuntu": ("12.04",)}
BOTH_UBUNTUS = {"Ubuntu": ("12.04", "14.04")}
MODULES = "the puppet-openstack modules"
BUILDER = "puppet_openstack_builder"


@dataclass(frozen=True)
class Row:
    """One row of the table: who, on what, composed of what, and the releases by the environment's prefix."""

    who: str
    prefix: str
    releases: str
    platforms: Mapping[str, tuple[str, ...]]
    composed: str = MODULES


ROWS = [
    Row("Aptira", "aptira", "havana", {"CentOS": ("6",)}, BUILDER),
    Row("Catalyst", "catalyst", "havana", UBUNTU),
    Row("CERN", "cern", "havana", {"Scientific": ()}),
    Row("Cisco", "cisco", "grizzly havana icehouse", BOTH_UBUNTUS, BUILDER),
    Row("Comcast", "comcast", "essex grizzly havana", {"Ubuntu": ()}),
    Row("Cybera", "cybera", "grizzly havana", {"Ubuntu": ()}),
    Row("despegar.com / decolar.com", "despegar", "folsom", {"Ubuntu": ("12.10",)}, "custom modules"),
    Row(
        "eNovance",
        "enovance",
        "grizzly havana icehouse",
        {**BOTH_UBUNTUS, "Debian": ("7",), "RedHat": ("6.5",)},
        "puppet-openstack",
    ),
    Row("GoDaddy", "godaddy", "havana", {"CentOS": ("6",)}),
    Row("iWeb", "iweb", "havana", UBUNTU, f"{MODULES}; Icehouse for Swift only"),
    Row(
        "Mirantis (Fuel)",
        "mirantis",
        "folsom grizzly havana icehouse",
        {**UBUNTU, "CentOS": ("6.3", "6.4", "6.5")},
        f"{MODULES}, modified",
    ),
    Row("MIT CSAIL", "mit_csail", "havana", UBUNTU),
    Row("Nimag / Camptocamp", "nimag_camptocamp", "havana", UBUNTU, BUILDER),
    Row("Oracle", "oracle", "grizzly", {"Solaris": ("11.2",)}),
    Row("Pixelpark AG", "pixelpark", "icehouse", {"Fedora": ("20",)}, f"{MODULES} except Ceph"),
    Row("Red Hat (packstack)", "redhat", "grizzly havana icehouse", {"RedHat": ()}),
    Row("SCEA", "scea", "essex", UBUNTU),
    Row("Sina", "sina", "essex folsom", UBUNTU),
    Row("Time Warner Cable", "twc", "havana", UBUNTU),
    Row("Time Warner Cable", "twc", "icehouse", {"Ubuntu": ("14.04",)}),
    Row(
        "UnitedStack",
        "unitedstack",
        "folsom grizzly havana icehouse",
        {"CentOS": ("6.4", "6.5")},
        f"{MODULES} and custom modules",
    ),
]
CASES = [
    pytest.param(row, release, id=f"{row.prefix}_{release}")
    for row in ROWS
    for release in row.releases.split()
]


def series_of(manifest: Manifest) -> Series:
    found = find_series(str(manifest.release))
    assert found
    return found


def catalogue_names(manifest: Manifest) -> set[str]:
    """Return the OpenStack modules that the environment has from its release."""
    listed = {str(name) for name in manifest.openstack}
    if manifest.openstack_all:
        listed = {entry.name for entry in modules_in(series_of(manifest))}
    left_out = {name for name, override in manifest.modules.items() if override.is_left_out}
    return listed - left_out


def module_names(manifest: Manifest) -> set[str]:
    declared = {name for name, override in manifest.modules.items() if not override.is_left_out}
    return catalogue_names(manifest) | declared


def test_there_are_37_manifests_and_no_problem_in_any() -> None:
    assert READ.problems == ()
    assert len(MANIFESTS) == 37
    assert set(MANIFESTS) == {f"{row.prefix}_{release}" for row in ROWS for release in row.releases.split()}


def test_there_were_twenty_companies() -> None:
    assert len({row.who for row in ROWS}) == 20


@pytest.mark.parametrize(("row", "release"), CASES)
def test_a_manifest_says_what_its_row_says(row: Row, release: str) -> None:
    manifest = MANIFESTS[f"{row.prefix}_{release}"]
    assert str(manifest.release) == release
    assert manifest.platforms == row.platforms
    assert manifest.description
    assert manifest.description.startswith(f"{row.who}: OpenStack {release.capitalize()} on ")
    assert manifest.description.endswith(f", composed of {row.composed}")


@pytest.mark.parametrize(("row", "release"), CASES)
def test_the_composition_layer_is_in_where_the_row_says_so(row: Row, release: str) -> None:
    manifest = MANIFESTS[f"{row.prefix}_{release}"]
    has_upstream_layer = row.composed in {BUILDER, "puppet-openstack"}
    is_builder_without_branch = row.composed == BUILDER and release == "icehouse"
    assert ("openstack" in module_names(manifest)) == (has_upstream_layer and not is_builder_without_branch)


@pytest.mark.parametrize(("row", "release"), CASES)
def test_only_custom_modules_come_from_a_private_host(row: Row, release: str) -> None:
    manifest = MANIFESTS[f"{row.prefix}_{release}"]
    private = {name for name, override in manifest.modules.items() if "git.example.net" in str(override.git)}
    custom = {"despegar": {"despegar"}, "unitedstack": {"sunfire"}}
    assert private == custom.get(row.prefix, set())


def test_iweb_runs_icehouses_swift_and_lets_it_have_havanas_keystone() -> None:
    manifest = MANIFESTS["iweb_havana"]
    swift = manifest.modules["swift"]
    assert (swift.selector, str(swift.value)) == (SelectorKind.RELEASE, "icehouse")
    assert str(manifest.overridden_dependencies["swift"]["keystone"]) == ">= 3.0.0 < 5.0.0"


def test_pixelpark_leaves_ceph_out() -> None:
    assert MANIFESTS["pixelpark_icehouse"].modules["ceph"].is_left_out


@pytest.mark.parametrize("release", ["folsom", "grizzly", "havana", "icehouse"])
def test_unitedstack_puts_sunfire_in_the_place_of_puppet_openstack(release: str) -> None:
    sunfire = MANIFESTS[f"unitedstack_{release}"].modules["sunfire"]
    assert str(sunfire.git) == "ssh://git@git.example.net/puppet-sunfire"
    assert (sunfire.selector, str(sunfire.value)) == (SelectorKind.BRANCH, "production")


@pytest.mark.parametrize("release", ["grizzly", "havana", "icehouse"])
def test_the_builder_pins_by_tag_what_its_puppetfile_pinned_by_tag(release: str) -> None:
    modules = MANIFESTS[f"cisco_{release}"].modules
    tags = {name: str(each.value) for name, each in modules.items() if each.selector is SelectorKind.TAG}
    assert tags == {"firewall": "0.4.0", "postgresql": "2.5.0", "vcsrepo": "0.1.2"}


@pytest.mark.parametrize("manifest", MANIFESTS.values(), ids=lambda manifest: manifest.environment)
def test_every_release_module_was_seen_at_a_candidate_ref(manifest: Manifest) -> None:
    series = series_of(manifest)
    assert catalogue_names(manifest)
    for name in catalogue_names(manifest):
        assert_seen(name, series)
    for name, override in manifest.modules.items():
        if override.selector is SelectorKind.RELEASE:
            release = find_series(str(override.value))
            assert release
            assert_seen(name, release)


def assert_seen(name: str, series: Series) -> None:
    entry = find_module(name, series)
    assert isinstance(entry, ModuleEntry), f"{name} is not in {series}"
    assert entry.seen_ref in {candidate.ref for candidate in ref_candidates(entry.git, series)}


@pytest.mark.parametrize("manifest", MANIFESTS.values(), ids=lambda manifest: manifest.environment)
def test_every_other_module_is_third_party_or_says_where_it_lives(manifest: Manifest) -> None:
    for name, override in manifest.modules.items():
        if not override.is_left_out and override.selector is not SelectorKind.RELEASE:
            assert has_home(name, override), name


def has_home(name: str, override: Override) -> bool:
    return override.git is not None or isinstance(find_module(name, None), ThirdParty)
