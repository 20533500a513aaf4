"""`pinner verify`: the modules of a set against each other, each finding on repositories in which it happened."""

import pytest

from tests.support.cloud import Cloud, Result, Upstream
from tests.support.findings import codes, told, verify
from tests.support.third_party import gate

BASIC = "release: 2025.1\nopenstack: [keystone, nova]\n"
KEYSTONE = {"openstack/keystone": ">=26.0.0 <27.0.0"}


def third_party(cloud: Cloud, name: str, version: str, needs: dict[str, str] | None = None) -> Upstream:
    upstream = cloud.upstream(name, owner="puppetlabs", repository=f"puppetlabs-{name}")
    upstream.commit("main", version=version, name=f"puppetlabs-{name}", needs=needs)
    upstream.tag(f"v{version}", "refs/heads/main")
    return upstream


def nova_needs(cloud: Cloud, needs: dict[str, str]) -> None:
    cloud.upstream("nova").commit("stable/2025.1", version="26.0.0", needs=needs)


def lock(cloud: Cloud, more: str = "") -> list[tuple[str, str, str | None, str, str | None]]:
    cloud.manifest("production", BASIC + more)
    return told(cloud.run("lock", "--format", "json"))


def test_an_unsatisfied_dependency(cloud: Cloud) -> None:
    nova_needs(cloud, {"openstack/keystone": ">= 27.0.0 < 28.0.0"})
    assert lock(cloud) == [
        (
            "error",
            "dependency-unsatisfied",
            "nova",
            "module 'nova': requires openstack/keystone >= 27.0.0 < 28.0.0, but 'keystone' is pinned at 26.0.0 (nova 26.0.0 -> keystone)",
            (
                "pin another version of 'keystone' or 'nova', or, if upstream's range is wrong, override it: "
                'dependencies: {override: {nova: {keystone: "26.x"}}}'
            ),
        )
    ]
    assert not cloud.lock_path("production").exists()


def test_the_hint_can_be_pasted(cloud: Cloud) -> None:
    nova_needs(cloud, {"openstack/keystone": ">= 27.0.0 < 28.0.0"})
    hint = lock(cloud)[0][4]
    assert hint is not None
    assert codes(_locked(cloud, hint.partition("override it: ")[2])) == [("dependency-overridden", "nova")]


def _locked(cloud: Cloud, more: str) -> Result:
    cloud.manifest("production", f"{BASIC}{more}\n")
    return cloud.run("lock", "--format", "json")


def test_an_override_that_is_needed_is_told(cloud: Cloud) -> None:
    nova_needs(cloud, {"openstack/keystone": ">= 27.0.0"})
    assert lock(cloud, 'dependencies: {override: {nova: {keystone: ">= 26.0.0"}}}\n') == [
        (
            "info",
            "dependency-overridden",
            "nova",
            "module 'nova': requires openstack/keystone >= 27.0.0; 'keystone' is pinned at 26.0.0, which the manifest's override >= 26.0.0 allows",
            None,
        )
    ]


def test_an_override_that_changes_nothing_is_not_told(cloud: Cloud) -> None:
    assert lock(cloud, 'dependencies: {override: {nova: {keystone: ">= 26.0.0"}}}\n') == []


def test_an_override_that_is_not_satisfied(cloud: Cloud) -> None:
    found = lock(cloud, "dependencies: {override: {nova: {openstack/keystone: 27.x}}}\n")
    assert [row[3:] for row in found] == [
        (
            "module 'nova': requires openstack/keystone 27.x, by the manifest's override, but 'keystone' is pinned at 26.0.0 (nova 26.0.0 -> keystone)",
            "correct the override at environments/production.yaml:3:54, or remove it: the module itself requires >=26.0.0 <27.0.0",
        )
    ]


def test_a_missing_dependency(cloud: Cloud) -> None:
    nova_needs(cloud, {**KEYSTONE, "puppetlabs/stdlib": ">= 9.0.0"})
    assert lock(cloud) == [
        (
            "warning",
            "dependency-missing",
            "nova",
            "module 'nova': requires puppetlabs/stdlib >= 9.0.0, which is not in the environment (nova 26.0.0 -> stdlib)",
            "add 'stdlib' under 'modules' with a version or tag, or to 'dependencies: ignore'",
        )
    ]


def test_a_missing_module_of_openstack_belongs_under_openstack(cloud: Cloud) -> None:
    cloud.manifest("production", "release: 2025.1\nopenstack: [nova]\n")
    (found,) = told(cloud.run("lock", "--format", "json"))
    assert found[1:] == (
        "dependency-missing",
        "nova",
        "module 'nova': requires openstack/keystone >=26.0.0 <27.0.0, which is not in the environment (nova 26.0.0 -> keystone)",
        "add 'keystone' under 'openstack', or to 'dependencies: ignore'",
    )


def test_without_a_release_it_belongs_under_modules_with_its_own(cloud: Cloud) -> None:
    cloud.manifest("production", "modules: {nova: {tag: 26.0.0}}\n")
    (found,) = told(cloud.run("lock", "--format", "json"))
    assert found[4] == "add 'keystone' under 'modules' with a release or tag, or to 'dependencies: ignore'"
    cloud.manifest("production", "modules: {nova: {tag: 26.0.0}, keystone: {release: 2025.1}}\n")
    assert told(cloud.run("lock", "--format", "json")) == []


@pytest.mark.parametrize("name", ["stdlib", "puppetlabs/stdlib", "puppetlabs-stdlib"])
def test_ignoring_a_dependency_silences_that_one(cloud: Cloud, name: str) -> None:
    nova_needs(cloud, {**KEYSTONE, "puppetlabs/stdlib": ">= 9.0.0", "puppetlabs/inifile": ""})
    found = lock(cloud, f"dependencies: {{ignore: [{name}]}}\n")
    assert [row[3] for row in found] == [
        "module 'nova': requires puppetlabs/inifile, which is not in the environment (nova 26.0.0 -> inifile)"
    ]


def test_a_module_under_an_earlier_owner_is_the_same(cloud: Cloud) -> None:
    nova_needs(cloud, {"stackforge/keystone": ">=26.0.0 <27.0.0", "puppetlabs-keystone": "26.x"})
    assert lock(cloud) == []


def test_a_fork_under_an_owner_of_its_own_counts(cloud: Cloud) -> None:
    fork = cloud.upstream("keystone", owner="private")
    fork.commit("stable/2025.1", version="26.0.9", name="acme-keystone")
    found = lock(cloud, 'modules:\n  keystone: {git: "https://git.example.net/puppet-keystone"}\n')
    assert found == []


def test_a_module_from_the_forge_counts(cloud: Cloud) -> None:
    nova_needs(cloud, {"puppetlabs/stdlib": ">= 9.0.0"})
    assert lock(cloud, "modules:\n  stdlib: {forge: puppetlabs/stdlib, version: 9.1.0}\n") == []
    found = lock(cloud, "modules:\n  stdlib: {forge: puppetlabs/stdlib, version: 8.0.0}\n")
    assert [row[1] for row in found] == ["dependency-unsatisfied"]


def test_a_commit_without_a_version_cannot_be_compared(cloud: Cloud) -> None:
    keystone = cloud.upstream("keystone")
    keystone.commit("stable/2025.1", files={"metadata.json": '{"name": "openstack-keystone"}\n'})
    assert [row[1:4] for row in lock(cloud) if row[1] != "metadata-flawed"] == [
        (
            "dependency-unreadable",
            "nova",
            "module 'nova': requires openstack/keystone >=26.0.0 <27.0.0; the pinned version is unknown: they cannot be compared",
        )
    ]


@pytest.mark.parametrize(
    ("written", "flaw"),
    [
        (">=26.0.0 <27.0.0 ", "it ends with a blank"),
        (">=25.0.0 >=26.0.0 <27.0.0", "it has two lower bounds: the higher one applies"),
    ],
)
def test_a_misspelt_range_is_read_as_it_was_meant(cloud: Cloud, written: str, flaw: str) -> None:
    nova_needs(cloud, {"openstack/keystone": written})
    assert lock(cloud) == [
        (
            "warning",
            "range-flawed",
            "nova",
            f"module 'nova': requires openstack/keystone {written.rstrip()}: {flaw}",
            "only upstream can fix this; until then, set the intended range under 'dependencies: override'",
        )
    ]


def test_a_circle(cloud: Cloud) -> None:
    cloud.upstream("keystone").commit("stable/2025.1", version="26.0.0", needs={"openstack/nova": ""})
    assert lock(cloud) == [
        (
            "warning",
            "dependency-cycle",
            "keystone",
            "module 'keystone': depends on itself: keystone -> nova -> keystone",
            "if one of these is wrong, put it under 'dependencies: ignore'",
        )
    ]


def test_who_wants_what_is_shown_from_a_module_that_the_manifest_names(cloud: Cloud) -> None:
    nova_needs(cloud, {**KEYSTONE, "puppetlabs/apache": ">= 5.0.0"})
    third_party(cloud, "apache", "12.3.1", needs={"puppetlabs/concat": "< 2.0.0"})
    third_party(cloud, "concat", "9.1.0", needs={"puppetlabs/unheard": ""})
    gate(cloud, apache="v12.3.1", concat="v9.1.0")
    found = lock(cloud, "dependencies: {externals: integration}\n")
    assert [(row[1], row[3].rpartition(" (")[2]) for row in found] == [
        ("dependency-unsatisfied", "nova 26.0.0 -> apache 12.3.1 -> concat)"),
        ("dependency-missing", "nova 26.0.0 -> apache 12.3.1 -> concat 9.1.0 -> unheard)"),
    ]


def test_findings_of_one_module_can_be_silenced_alone(cloud: Cloud) -> None:
    cloud.upstream("keystone").commit(
        "stable/2025.1", version="26.0.0", needs={"puppetlabs/stdlib": ">= 9.0.0"}
    )
    nova_needs(cloud, {**KEYSTONE, "puppetlabs/stdlib": ">= 9.0.0"})
    lock(cloud)
    assert codes(verify(cloud)) == [("dependency-missing", "keystone"), ("dependency-missing", "nova")]
    assert codes(verify(cloud, "--ignore", "dependency-missing:nova")) == [("dependency-missing", "keystone")]
    assert codes(verify(cloud, "--ignore", "dependency-missing")) == []
    cloud.manifest("production", BASIC + 'findings: {ignore: ["dependency-missing:keystone"]}\n')
    assert codes(verify(cloud)) == [("dependency-missing", "nova")]
    assert verify(cloud, "--strict").code == 1
