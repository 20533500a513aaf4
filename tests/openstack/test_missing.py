import pytest

from pinner.openstack.catalogue import explain_missing, find_series


def taken_from(module: str, release: str) -> str:
    return f"leave it out, or take it from another release under 'modules': {module}: {{release: {release}}}"


UNDER_MODULES = "list it under 'modules' with a tag, branch or commit"
NO_HINT = "give its URL: 'git' under 'modules', or 'modules' in pinner.yaml"


@pytest.mark.parametrize(
    ("name", "release", "message", "hint"),
    [
        ("neutron", "grizzly", "module 'neutron' is called 'quantum' in grizzly", "write 'quantum'"),
        ("quantum", "havana", "module 'quantum' is called 'neutron' in havana", "write 'neutron'"),
        ("havana", "icehouse", "module 'havana' is called 'openstack' in icehouse", "write 'openstack'"),
        (
            "placement",
            "rocky",
            "module 'placement' exists from stein on, not in rocky",
            taken_from("placement", "stein"),
        ),
        (
            "murano",
            "epoxy",
            "module 'murano' ended with 2023.2, it is not in 2025.1",
            taken_from("murano", "2023.2"),
        ),
        (
            "vitrage",
            "2026.2",
            "module 'vitrage' ended with 2026.1, it is not in 2026.2",
            taken_from("vitrage", "2026.1"),
        ),
        (
            "openstack",
            "kilo",
            "module 'openstack' ended with juno, it is not in kilo",
            taken_from("openstack", "juno"),
        ),
        (
            "tempest",
            "icehouse",
            "module 'tempest' has no icehouse; it exists in havana and juno",
            taken_from("tempest", "havana"),
        ),
        (
            "gnocchi",
            "kilo",
            "module 'gnocchi' exists from liberty on, not in kilo",
            taken_from("gnocchi", "liberty"),
        ),
        ("ceph", "2025.1", "module 'ceph' does not follow OpenStack's releases", UNDER_MODULES),
        (
            "stdlib",
            "2025.1",
            "module 'stdlib' is a third-party module and follows no OpenStack release",
            "list it under 'modules' with a version, tag, branch or commit",
        ),
        ("nvoa", "2025.1", "no module 'nvoa' in the catalogue", "similar names: 'nova'"),
        ("quantun", "grizzly", "no module 'quantun' in the catalogue", "similar names: 'quantum'"),
        ("pacemker", "grizzly", "no module 'pacemker' in the catalogue", "similar names: 'pacemaker'"),
        (
            "puppet-nova",
            "2025.1",
            "no module 'puppet-nova' in the catalogue",
            "write 'nova', the name of its directory",
        ),
        (
            "openstack/nova",
            "zed",
            "no module 'openstack/nova' in the catalogue",
            "write 'nova', the name of its directory",
        ),
        ("sunfire", "2025.1", "no module 'sunfire' in the catalogue", NO_HINT),
    ],
)
def test_a_missing_module_is_explained(name: str, release: str, message: str, hint: str) -> None:
    assert explain_missing(name, find_series(release)) == (message, hint)


def test_without_a_release_all_names_ever_are_near() -> None:
    assert explain_missing("quantun", None) == (
        "no module 'quantun' in the catalogue",
        "similar names: 'quantum'",
    )


def test_nothing_is_near_a_name_of_a_megabyte() -> None:
    assert explain_missing("x" * 1_000_000, find_series("zed"))[1] == NO_HINT
