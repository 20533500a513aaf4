from pathlib import Path

import pytest

from pinner.adopting.sources import is_preset, read_preset
from pinner.model.errors import InputError, Location
from pinner.model.manifest import FoundModule, RefKind


def modules(source: str) -> dict[str, FoundModule]:
    (environment,) = read_preset(Path(source)).environments
    return {module.name: module for module in environment.modules}


def test_a_release_is_one_environment_that_says_which_it_is() -> None:
    (environment,) = read_preset(Path("puppet_openstack_builder:havana")).environments
    assert (environment.name, environment.release, len(environment.modules)) == ("havana", "havana", 47)


def test_without_a_release_all_three_are_meant() -> None:
    found = read_preset(Path("puppet_openstack_builder"))
    assert [environment.name for environment in found.environments] == ["grizzly", "havana", "icehouse"]


def test_a_module_is_as_the_puppetfile_had_it() -> None:
    place = Location("puppet_openstack_builder:grizzly")
    found = modules("puppet_openstack_builder:grizzly")
    git = "git://github.com/stackforge/puppet-quantum"
    assert found["quantum"] == FoundModule(
        "quantum", place, git=git, kind=RefKind.BRANCH, ref="stable/grizzly"
    )
    assert {found[name].kind for name in ("postgresql", "puppet", "vcsrepo")} == {RefKind.TAG}
    assert (found["mysql"].kind, found["mysql"].ref) == (RefKind.BRANCH, "0.x")
    node = found["scenario_node_terminus"]
    assert (node.kind, node.ref) == (RefKind.BRANCH, "master")


def test_what_puppet_takes_no_more_is_left_out_and_told() -> None:
    found = read_preset(Path("puppet_openstack_builder:icehouse"))
    told = [note.message.partition(":")[0] for note in found.notes]
    names = [
        "ripienaar/ruby-puppetdb",
        "ripienaar/catalog-diff",
        "CiscoSystems/apt-cacher-ng",
        "CiscoSystems/openstack-ha",
    ]
    assert told == [f"module '{name}' is omitted" for name in names]
    assert found.problems == ()


def test_a_release_that_it_never_had() -> None:
    with pytest.raises(InputError) as error:
        read_preset(Path("puppet_openstack_builder:juno"))
    assert str(error.value) == (
        "puppet_openstack_builder:juno: puppet_openstack_builder has no release 'juno'\n"
        "  hint: it has grizzly, havana, icehouse"
    )


def test_a_clone_of_that_name_is_no_preset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert is_preset(Path("puppet_openstack_builder"))
    (tmp_path / "puppet_openstack_builder").mkdir()
    assert not is_preset(Path("puppet_openstack_builder"))
    assert is_preset(Path("puppet_openstack_builder:havana"))
    assert not is_preset(Path("havana"))
